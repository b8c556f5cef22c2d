"""The API is killed in the middle of resumable uploads: each file comes out byte for byte, and no offset goes back."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import httpx

from chaos.arena import Arena, running_arena
from chaos.experiment import POSTGRES_S3, Options, Outcome
from chaos.uploaders import File, make_file
from tests.support.product import until

SPOKEN = {"Tus-Resumable": "1.0.0"}
LEAST_ROWS, MOST_ROWS = 30_000, 120_000
"""1 to 4 MB: several blocks of the server's."""

LARGE_ROWS = 400_000
"""13 MB: more than one piece of an object in S3. One file of those that are uploaded together is so large there."""

PIECE_BYTES = 64 * 1024
AT_ONCE = 16
"""Uploads that one kill hits, each at a byte of its own: starting the API again takes longer than sending them."""

MOST_KILLS = 6
"""Of the same uploads. There is one kill at least, or they prove nothing."""

SECONDS_OF_A_KILL = 10
"""A short run has few."""

PATIENCE_SECONDS = 90


def run(options: Options) -> Outcome:
    """Upload files, several at a time, for `options.seconds`, and kill the API at random bytes of each."""
    outcome, random = Outcome(), options.random("kills")
    files = kills = 0
    with running_arena(options) as arena:
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            arena.wait_for_room(AT_ONCE)
            kills += _upload_together(arena, random, outcome)
            files += AT_ONCE
        outcome.figures |= {"files": files, "kills of the API": kills, "PATCHes killed": kills * AT_ONCE}
        arena.judge(outcome)
    return outcome


def _upload_together(arena: Arena, random: Random, outcome: Outcome) -> int:
    """Send some files through the same kills; return how many there were."""
    kills = random.randint(1, max(1, min(MOST_KILLS, int(arena.options.seconds / SECONDS_OF_A_KILL))))
    all_in_the_middle = threading.Barrier(AT_ONCE, lambda: _kill(arena), PATIENCE_SECONDS)
    clients, has_pieces = [*arena.clients.values()], arena.options.backend == POSTGRES_S3
    uploads = [
        _Upload(
            arena,
            clients[number % len(clients)],
            make_file(random, *((LARGE_ROWS, LARGE_ROWS) if number == 0 and has_pieces else (LEAST_ROWS, MOST_ROWS))),
            Random(random.random()),
            all_in_the_middle.wait,
            outcome,
        )
        for number in range(AT_ONCE)
    ]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for done in [threads.submit(upload.send, kills) for upload in uploads]:
            done.result()
    return kills


def _kill(arena: Arena) -> None:
    for pid in arena.product.pids("api"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            arena.ledger.record("killed", what="api", pid=pid)


class _Upload:
    """One file on its way. `acknowledged` is how far the server has said that it is durable."""

    def __init__(
        self,
        arena: Arena,
        client: httpx.Client,
        file: File,
        random: Random,
        be_killed: Callable[[], object],
        outcome: Outcome,
    ) -> None:
        """`be_killed` returns once the API is dead."""
        self._arena = arena
        self._client = client
        self._file = file
        self._random = random
        self._be_killed = be_killed
        self._outcome = outcome
        self._acknowledged = 0

    def send(self, kills: int) -> None:
        """Send the file through so many kills, and then its rest."""
        facts = {"key": self._file.key, "user": "ada", "sha256": self._file.sha256, "rows": self._file.rows}
        self._arena.ledger.record("sent", **facts)
        address = self._begin()
        size = len(self._file.content)
        for _ in range(kills):
            # Something that is durable comes first, so that there is a place to go on from.
            self._patch(address, self._random.randrange(self._acknowledged, size))
            with contextlib.suppress(httpx.TransportError):
                self._patch(address, size, kill_at=self._random.randrange(self._acknowledged, size))
        while self._acknowledged < size:
            self._patch(address, size)
        job = address.rpartition("/")[2].replace("-", "")
        self._arena.ledger.record("acknowledged", job=job, **facts)

    def _begin(self) -> str:
        name = base64.b64encode(self._file.name.encode()).decode()
        headers = {**SPOKEN, "Upload-Length": str(len(self._file.content)), "Upload-Metadata": f"filename {name}"}
        answer = self._client.post("/uploads", headers=headers).raise_for_status()
        return f"/uploads/{answer.headers['Headway-Job']}"

    def _patch(self, address: str, end: int, kill_at: int | None = None) -> None:
        """Send what lies before `end`, and ask how far the server is then, which may have died on the way."""
        try:
            self._request(address, end, kill_at)
        finally:
            self._look(address)

    def _request(self, address: str, end: int, kill_at: int | None) -> None:
        headers = {
            **SPOKEN, "Upload-Offset": str(self._acknowledged), "Content-Type": "application/offset+octet-stream",
        }  # fmt: skip
        pieces = _pieces(self._file.content[:end], self._acknowledged, kill_at, self._be_killed)
        self._client.patch(address, headers=headers, content=pieces)

    def _look(self, address: str) -> None:
        def stands() -> str | None:
            with contextlib.suppress(httpx.TransportError):
                answer = self._client.head(address, headers=SPOKEN)
                return answer.headers.get("Upload-Offset") if answer.is_success else None
            return None

        offset = int(until(stands, PATIENCE_SECONDS))
        self._outcome.expect(
            offset >= self._acknowledged,
            f"an upload that stood at {self._acknowledged:,} stands at {offset:,} after the API was killed",
        )
        self._acknowledged = offset


def _pieces(content: bytes, start: int, kill_at: int | None, be_killed: Callable[[], object]) -> Iterator[bytes]:
    """Yield the content from `start` on, with the kill once `kill_at` has been sent."""
    for place in range(start, len(content), PIECE_BYTES):
        if kill_at is not None and place <= kill_at < place + PIECE_BYTES:
            yield content[place:kill_at]
            be_killed()
            yield content[kill_at : place + PIECE_BYTES]
        else:
            yield content[place : place + PIECE_BYTES]
