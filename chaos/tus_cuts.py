"""tus-js-client uploads over a line that breaks all the time: each file comes out byte for byte, as one dataset."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx

from chaos.arena import Arena, running_arena
from chaos.experiment import CannotRunHere, Options, Outcome
from chaos.proxy import CLEAN, Kind, Mode, running_proxy
from chaos.uploaders import File, make_file
from uibuild import find_node

WEB = Path(__file__).resolve().parents[1] / "web"
LEAST_ROWS, MOST_ROWS = 10_000, 60_000
"""0.3 to 2 MB, each in some dozens of connections."""

CUT_AFTER_BYTES = 600_000
CHUNK_BYTES = (256 * 1024, 1024 * 1024, None)
"""What one PATCH may carry; None is the whole file, which is the default of the client."""

MOST_WAITING = 4
PATIENCE_SECONDS = 120

CLIENT = """
import { createReadStream, readFileSync } from 'node:fs'
import { Upload } from 'tus-js-client'
const { endpoint, headers, path, filename, chunkSize } = JSON.parse(readFileSync(0, 'utf8'))
const breaks = {}, answers = {}
const told = (error) => {
  const status = error.originalResponse?.getStatus()
  const [counted, what] = status ? [answers, status] : [breaks, error.originalRequest.getMethod()]
  counted[what] = (counted[what] ?? 0) + 1
  return !status || status >= 500 || [409, 423].includes(status)
}
const end = (error) => console.log(JSON.stringify({ error, url: upload.url, breaks, answers }))
const upload = new Upload(createReadStream(path), {
  endpoint, headers, metadata: { filename }, chunkSize: chunkSize ?? Infinity,
  retryDelays: Array(1000).fill(20), onShouldRetry: told, onSuccess: () => end(null), onError: (e) => end(e.message),
})
upload.start()
"""
"""Retries what the client retries by itself, only sooner, and counts why. The key keeps a repeated beginning one."""


def run(options: Options) -> Outcome:
    """Upload one file after another for `options.seconds`, each through connections that are cut at random bytes."""
    outcome, random = Outcome(), options.random("cuts")
    files, breaks = 0, dict.fromkeys(("POST", "HEAD", "PATCH"), 0)
    with running_arena(options) as arena:
        target = urlsplit(arena.product.url)
        with running_proxy("127.0.0.1", target.port or 80, options.random("proxy")) as proxy:
            proxy.mode = Mode(Kind.CUT, cut_after_bytes=CUT_AFTER_BYTES, cut_early=True)
            end = time.monotonic() + options.seconds
            while time.monotonic() < end:
                arena.wait_for_room(MOST_WAITING)
                file = make_file(random, LEAST_ROWS, MOST_ROWS)
                for method, count in _upload(arena, proxy.url, file, random, outcome).items():
                    breaks[method] += count
                files += 1
            proxy.mode = CLEAN
            outcome.figures |= {"files": files, "connections cut": proxy.cuts}
        outcome.figures |= {f"{method} cut": count for method, count in breaks.items()}
        outcome.expect(breaks["PATCH"] > 0, "no upload was cut, so nothing was shown")
        arena.judge(outcome)
    return outcome


def _upload(arena: Arena, url: str, file: File, random: Random, outcome: Outcome) -> dict[str, int]:
    """Send one file, and return how many requests of each method got no answer."""
    facts = {"key": file.key, "user": "ada", "sha256": file.sha256, "rows": file.rows}
    arena.ledger.record("sent", **facts)
    path = arena.options.folder / file.name
    path.write_bytes(file.content)
    said = _run_client(next(iter(arena.clients.values())), url, file, path, random.choice(CHUNK_BYTES))
    path.unlink()
    arena.ledger.record("client ended", key=file.key, **said)
    outcome.expect(not said["error"], f"tus-js-client gave {file.name} up: {said['error']}")
    failures = sorted(status for status in said["answers"] if int(status) >= 500)
    outcome.expect(not failures, f"tus-js-client was answered {', '.join(failures)}")
    if not said["error"]:
        job = said["url"].rpartition("/")[2].replace("-", "")
        arena.ledger.record("acknowledged", job=job, **facts)
    return dict(said["breaks"])


def _run_client(client: httpx.Client, url: str, file: File, path: Path, chunk_size: int | None) -> dict[str, Any]:
    """Have the client upload the file; return `error`, `url`, and what it counted."""
    node = find_node()
    if node is None:
        raise CannotRunHere("there is no Node to run tus-js-client")
    asked = {
        "endpoint": f"{url}/api/v2/uploads",
        "headers": {"Authorization": client.headers["Authorization"], "Idempotency-Key": file.key},
        "path": str(path), "filename": file.name, "chunkSize": chunk_size,
    }  # fmt: skip
    done = subprocess.run(
        [node[0], "--input-type=module", "-e", CLIENT], cwd=WEB, input=json.dumps(asked), text=True,
        capture_output=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"tus-js-client ended with {done.returncode}: {done.stderr[-2000:]}")
    said: dict[str, Any] = json.loads(done.stdout)
    return said
