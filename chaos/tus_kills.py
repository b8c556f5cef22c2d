"""The API is killed in the middle of resumable uploads: each file comes out byte for byte, and no offset goes back."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from random import Random

import httpx

from chaos.arena import Arena, running_arena
from chaos.experiment import Options, Outcome
from chaos.uploaders import File, make_file
from tests.support.product import until

SPOKEN = {"Tus-Resumable": "1.0.0"}
LEAST_ROWS, MOST_ROWS = 20_000, 120_000
"""0.7 to 4 MB: several blocks of the server's."""

PIECE_BYTES = 64 * 1024
MOST_KILLS = 3
"""Of one file. There is one kill at least, or the file proves nothing."""


def run(options: Options) -> Outcome:
    """Upload one file after another for `options.seconds`, and kill the API at random bytes of each."""
    outcome, random = Outcome(), options.random("kills")
    files = kills = 0
    with running_arena(options) as arena:
        client = next(iter(arena.clients.values()))
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            file = make_file(random, LEAST_ROWS, MOST_ROWS)
            kills += _Upload(arena, client, file, random, outcome).send()
            files += 1
        outcome.figures |= {"files": files, "kills in PATCH": kills}
        arena.judge(outcome)
    return outcome


class _Upload:
    """One file on its way. `acknowledged` is how far the server has said that it is durable."""

    def __init__(self, arena: Arena, client: httpx.Client, file: File, random: Random, outcome: Outcome) -> None:
        self._arena = arena
        self._client = client
        self._file = file
        self._random = random
        self._outcome = outcome
        self._acknowledged = 0
        self._kills = 0

    def send(self) -> int:
        """Send the file through all kills, and return how many there were."""
        facts = {"key": self._file.key, "user": "ada", "sha256": self._file.sha256, "rows": self._file.rows}
        self._arena.ledger.record("sent", **facts)
        address = self._begin()
        size, planned = len(self._file.content), self._random.randint(1, MOST_KILLS)
        while self._acknowledged < size:
            kill_at = self._random.randrange(self._acknowledged, size) if self._kills < planned else None
            # A server that dies may have taken the last byte, and may still have answered.
            with contextlib.suppress(httpx.TransportError):
                self._patch(address, kill_at)
            self._look(address)
        job = address.rpartition("/")[2].replace("-", "")
        self._arena.ledger.record("acknowledged", job=job, **facts)
        return self._kills

    def _begin(self) -> str:
        name = base64.b64encode(self._file.name.encode()).decode()
        headers = {**SPOKEN, "Upload-Length": str(len(self._file.content)), "Upload-Metadata": f"filename {name}"}
        answer = self._client.post("/uploads", headers=headers).raise_for_status()
        return f"/uploads/{answer.headers['Headway-Job']}"

    def _patch(self, address: str, kill_at: int | None) -> None:
        headers = {
            **SPOKEN, "Upload-Offset": str(self._acknowledged), "Content-Type": "application/offset+octet-stream",
        }  # fmt: skip
        pieces = _pieces(self._file.content, self._acknowledged, kill_at, self._kill)
        self._client.patch(address, headers=headers, content=pieces)

    def _kill(self) -> None:
        for pid in self._arena.product.pids("api"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self._arena.ledger.record("killed", what="api", pid=pid)
                self._kills += 1

    def _look(self, address: str) -> None:
        def stands() -> str | None:
            with contextlib.suppress(httpx.TransportError):
                answer = self._client.head(address, headers=SPOKEN)
                return answer.headers.get("Upload-Offset") if answer.is_success else None
            return None

        offset = int(until(stands, 90))
        self._outcome.expect(
            offset >= self._acknowledged,
            f"an upload that stood at {self._acknowledged:,} stands at {offset:,} after the API was killed",
        )
        self._acknowledged = offset


def _pieces(content: bytes, start: int, kill_at: int | None, kill: Callable[[], None]) -> Iterator[bytes]:
    """Yield the content from `start` on, and kill once `kill_at` has been sent."""
    for place in range(start, len(content), PIECE_BYTES):
        if kill_at is not None and place <= kill_at < place + PIECE_BYTES:
            yield content[place:kill_at]
            kill()
            yield content[kill_at : place + PIECE_BYTES]
        else:
            yield content[place : place + PIECE_BYTES]
