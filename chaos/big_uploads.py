"""Four very large files at once: what the API needs of memory for them, and how fast they come in."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from chaos.backends import running_backend
from chaos.experiment import SQLITE, Options, Outcome
from chaos.load import expect_same_processes, main_pids, probing
from tests.support.memory import memory_peaks
from tests.support.product import Server, ended, running_server

UPLOADS = 4
MB = 1_000_000
LARGE_BYTES, SMALL_BYTES = 4_000 * MB, 64 * MB
SHORT_RUN_SECONDS = 60
SPARE_BYTES = 1_000 * MB
MOST_RSS_MB = 250
ANSWER_SECONDS = 300
"""After the last byte the API still waits for the disk."""

BLOCK_BYTES = 1_000_000
SCRATCH = ("data", "seaweed")


@dataclass(frozen=True)
class _Sent:
    """How one upload was answered, and when its first byte left and its answer came (`time.monotonic`)."""

    status: int
    body: str
    began: float
    ended: float


def run(options: Options) -> Outcome:
    """Upload four files of 4 GB at once, of 64 MB in a run of less than a minute, and cancel their jobs."""
    outcome = Outcome()
    size = SMALL_BYTES if options.seconds < SHORT_RUN_SECONDS else LARGE_BYTES
    needed, free = UPLOADS * size + SPARE_BYTES, shutil.disk_usage(options.folder).free
    outcome.figures |= {"uploads": UPLOADS, "MB each": size // MB}
    if free < needed:
        outcome.violations.append(
            f"not run: it needs {needed // MB:,} MB in {options.folder}, and {free // MB:,} MB are free"
        )
        return outcome
    try:
        with (
            running_backend(options) as backend,
            running_server(options.folder / "data", backend.environment) as server,
            server.client() as client,
        ):
            _measure(server, client, size, outcome)
    finally:
        # What was uploaded is of no use to anybody, and larger than most disks have room for twice.
        for name in SCRATCH:
            shutil.rmtree(options.folder / name, ignore_errors=True)
    outcome.figures["store"] = "local folder" if options.backend == SQLITE else "S3"
    return outcome


def _measure(server: Server, client: httpx.Client, size: int, outcome: Outcome) -> None:
    pids = main_pids(server)
    cancelling: list[str] = []
    with memory_peaks(lambda: {name: [pid] for name, pid in pids.items()}) as peaks, probing(client) as probes:
        idle = peaks["api"]
        sent = _upload_all(client, size, cancelling)
    for job_id in cancelling:
        ended(client, job_id)
    expect_same_processes(server, pids, outcome)
    _judge_sent(sent, size, outcome)
    outcome.figures |= {
        **probes.figures(),
        "API before, MB": round(idle, 1),
        "API at most, MB": round(peaks["api"], 1),
        "API grew by, MB": round(peaks["api"] - idle, 1),
        "worker at most, MB": round(peaks["worker"], 1),
    }
    outcome.expect(
        peaks["api"] <= MOST_RSS_MB, f"the API took {peaks['api']:.0f} MB for {UPLOADS} uploads, above {MOST_RSS_MB} MB"
    )


def _judge_sent(sent: list[_Sent], size: int, outcome: Outcome) -> None:
    for one in sent:
        outcome.expect(one.status == 202, f"an upload was answered {one.status}: {one.body[:300]}")
    whole = max(one.ended for one in sent) - min(one.began for one in sent)
    outcome.figures |= {"uploaded in s": round(whole, 1), "MB/s together": round(len(sent) * size / MB / whole, 1)}


def _upload_all(client: httpx.Client, size: int, cancelling: list[str]) -> list[_Sent]:
    """Upload at once; each job is cancelled as soon as it is promised, or two cores would parse for an hour."""
    together = threading.Barrier(UPLOADS)

    def one(number: int) -> _Sent:
        together.wait()
        sent = _upload(client, number, size)
        if sent.status == 202:
            job_id = json.loads(sent.body)["id"]
            client.post(f"/jobs/{job_id}/cancel").raise_for_status()
            cancelling.append(job_id)
        return sent

    with ThreadPoolExecutor(UPLOADS) as pool:
        return list(pool.map(one, range(UPLOADS)))


def _upload(client: httpx.Client, number: int, size: int) -> _Sent:
    """Send a file that is made while it is sent, by the leanest client there is."""
    address = urlsplit(str(client.base_url))
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=ANSWER_SECONDS)
    headers = {"Authorization": client.headers["Authorization"], "Content-Length": str(size)}
    began = time.monotonic()
    try:
        connection.request("POST", f"/api/v2/imports?filename=big-{number}.csv", _csv(number, size), headers)
        answer = connection.getresponse()
        return _Sent(answer.status, answer.read().decode(), began, time.monotonic())
    except (OSError, http.client.HTTPException) as error:
        return _Sent(0, f"{type(error).__name__}: {error}", began, time.monotonic())
    finally:
        connection.close()


def _csv(number: int, size: int) -> Iterator[bytes]:
    """Yield a CSV file of exactly `size` bytes. Its rows carry the number, so that no two uploads are the same."""
    yield (head := b"upload,row,name,amount,day\n")
    rows = b"".join(b"%d,%05d,name %d,%d.%02d,2024-01-%02d\n" % (number, n, n % 97, n % 1000, n % 100, n % 28 + 1)
                    for n in range(30_000))  # fmt: skip
    block = rows[: rows.rindex(b"\n", 0, BLOCK_BYTES) + 1]
    left = size - len(head)
    while left >= len(block):
        yield block
        left -= len(block)
    # The last row is cut wherever the size says; a cell of text takes that.
    yield block[:left]
