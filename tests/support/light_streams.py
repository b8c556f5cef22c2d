"""Thousands of live streams from one process: each a bare socket that knows what it was told, and comes back.

They return as the pages do, as often and as spread. What they hold the server to is said at `LightStream.wrong`.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 3.0
RESTART_SPREAD_SECONDS = 2.0
ENDED = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Known:
    """What a client knows of a job."""

    version: int
    attempt: int
    progress: int
    ended: bool


@dataclass(slots=True)
class LightStream(asyncio.Protocol):
    """A client of one stream that lasts until it is closed, whatever the server does."""

    url: str
    token: str
    chance: random.Random = field(default_factory=random.Random)
    source: str | None = None
    """The address from which it connects; each has so many ports only."""
    known: dict[str, Known] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    """How often each job's end was news."""
    wrong: list[str] = field(default_factory=list)
    """What must not happen: progress or attempts that go back, an end that is told twice or taken back, a job that a
    snapshot has forgotten, a refusal."""
    snapshots: int = 0
    connections: int = 0
    is_current: bool = False
    """Whether it has been told something on the present connection."""
    _last_id: str = ""
    _pending: bytes = b""
    _has_head: bool = False
    _failures: int = 0
    _wait: float | None = None
    _transport: asyncio.Transport | None = None
    _closed: bool = False
    _task: asyncio.Task[None] | None = None

    # ----------------------------------------------------------------- connecting

    def open(self) -> None:
        if not self._closed:
            self._task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        place = urlsplit(self.url)
        local = (self.source, 0) if self.source else None
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: self, str(place.hostname), int(place.port or 80), local_addr=local
            )
        except OSError:
            self._come_back()

    def close(self) -> None:
        self._closed = True
        if self._transport is not None:
            self._transport.abort()

    def _come_back(self) -> None:
        wait = self._wait
        if wait is None:
            most = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**self._failures)
            wait = most * (0.5 + self.chance.random() / 2)
        self._failures, self._wait = self._failures + 1, None
        asyncio.get_running_loop().call_later(wait, self.open)

    # ------------------------------------------------------------------- protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._pending, self._has_head = transport, b"", False
        self.connections += 1
        returning = f"Last-Event-ID: {self._last_id}\r\n" if self._last_id else ""
        transport.write(
            f"GET /api/v2/jobs/stream HTTP/1.1\r\nHost: {urlsplit(self.url).netloc}\r\n"
            f"Authorization: Bearer {self.token}\r\n{returning}\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._pending += data
        if not self._has_head:
            head, found, rest = self._pending.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                self.wrong.append(f"refused: {head[:60]!r}")
                self.cut()
                return
            self._has_head, self._pending = True, rest
        *frames, self._pending = self._pending.split(b"\n\n")
        for frame in frames:
            # Between events there are lines with the lengths of chunks, which are no fields.
            lines = [line.split(b": ", 1) for line in frame.replace(b"\r\n", b"\n").splitlines() if b": " in line]
            fields = {line[0]: line[1] for line in lines}
            if b"event" in fields:
                self._take(fields[b"event"].decode(), json.loads(fields[b"data"]), fields.get(b"id", b"").decode())

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport, self.is_current = None, False
        if not self._closed:
            self._come_back()

    def cut(self) -> None:
        """Lose the connection, as a network does that is away for a moment."""
        if self._transport is not None:
            self._transport.abort()

    # --------------------------------------------------------------- what it is told

    def _take(self, name: str, data: dict[str, Any], event_id: str) -> None:
        self._failures, self._last_id = 0, event_id or self._last_id
        if name == "bye":
            self._wait = 0.5 + self.chance.random() * RESTART_SPREAD_SECONDS if data["reason"] == "stopping" else 0.0
            self.cut()
            return
        if name == "snapshot":
            self.snapshots += 1
            forgotten = self.known.keys() - {job["id"] for job in data["jobs"]}
            self.wrong += [f"a snapshot has forgotten job {job}" for job in forgotten]
            for job in data["jobs"]:
                self._learn(job)
        elif name in {"job", "finished"}:
            before = self.known.get(data["id"])
            if name == "finished" and before is not None and before.ended and before.attempt == int(data["attempt"]):
                self.wrong.append(f"the end of job {data['id']} was told twice")
            self._learn(data)
        self.is_current = True

    def _learn(self, job: dict[str, Any]) -> None:
        before = self.known.get(job["id"])
        now = Known(int(job["version"]), int(job["attempt"]), int(job["progress"]), job["status"] in ENDED)
        if before is not None:
            if now.version <= before.version:
                return
            if now.attempt < before.attempt or (now.attempt == before.attempt and now.progress < before.progress):
                self.wrong.append(f"job {job['id']} went back from {before} to {now}")
            if before.ended and not now.ended and now.attempt == before.attempt:
                self.wrong.append(f"job {job['id']} had ended and runs again")
        if now.ended and not (before is not None and before.ended):
            self.ends[job["id"]] += 1
        self.known[job["id"]] = now


async def until_all(streams: Iterable[LightStream], condition: Callable[[LightStream], bool], seconds: float) -> bool:
    """Wait until every stream meets a condition; say whether that came in time."""
    waiting = list(streams)
    end = asyncio.get_running_loop().time() + seconds
    while waiting and asyncio.get_running_loop().time() < end:
        waiting = [stream for stream in waiting if not condition(stream)]
        await asyncio.sleep(0.01)
    return not waiting
