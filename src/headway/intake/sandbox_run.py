"""One parse seen from its parent: listen, watch memory and clock, end it when it must end, judge how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

from headway.intake.errors import DiskLimit, MemoryLimit, ParseCrashed, ParseProtocol, TimeLimit
from headway.intake.parsing import ParseProgress, ParseRequest
from headway.intake.sandbox_process import Child, ProcessLimits
from headway.intake.sandbox_protocol import MAX_LINE_BYTES, Done, Failed, Message, Ready, read_message

log = logging.getLogger(__name__)

WATCH_EVERY_SECONDS = 0.025
EXIT_GRACE_SECONDS = 1.0
TOLD_EVERY_SECONDS = 0.1
MAX_TRACE_BYTES = 16 * 1024

OnProgress = Callable[[ParseProgress], Awaitable[None] | None]


class ParseCancelled(Exception):
    """The parse was ended because its `cancelled` event was set."""


class EndedUnused(Exception):
    """The process was killed before it had seen the file, so the file has nothing to do with it."""


class Run:
    """One request in one child. `execute` returns when the result lies in the output folder, or raises."""

    def __init__(
        self, child: Child, limits: ProcessLimits, on_progress: OnProgress, memory_bytes: int, wall_seconds: float
    ) -> None:
        self._child = child
        self._limits = limits
        self._on_progress = on_progress
        self._memory_bytes = memory_bytes
        self._wall_seconds = wall_seconds
        self._started = time.monotonic()
        self._verdict: Exception | None = None
        self._last: Message | None = None
        self._best = ParseProgress(0.0, 0, "")
        self._told_at = 0.0
        self._trace = b""
        self.isolates_network: bool | None = None
        self._ready = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    async def execute(self, request: ParseRequest, cancelled: asyncio.Event) -> None:
        line = json.dumps(request.to_json(), default=str).encode() + b"\n"
        self._listening = asyncio.create_task(self._listen())
        tracing = asyncio.create_task(self._keep_trace())
        helpers = [asyncio.create_task(self._watch()), asyncio.create_task(self._obey(cancelled))]
        try:
            await self._send_when_ready(line)
            await self._heard()
            status = await asyncio.to_thread(self._child.wait, EXIT_GRACE_SECONDS)
            self._child.kill()
            await asyncio.wait([tracing], timeout=EXIT_GRACE_SECONDS)
        finally:
            await _stop([self._listening, tracing, *helpers])
        if self._verdict is None and not self._ready.is_set() and status is not None and status < 0:
            raise EndedUnused(_signal_name(-status))
        self._judge(status)

    async def _send_when_ready(self, line: bytes) -> None:
        """Limit the process, then give it the file. One that ends before it is ready is judged by how it ended."""
        assert self._listening is not None  # noqa: S101 - execute has just made it; this tells mypy
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait([self._listening, ready], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if self._ready.is_set():
            self._child.limit(self._limits)
            await asyncio.to_thread(self._child.send, line)

    # -------------------------------------------------------------------------------------------------- listen

    async def _listen(self) -> None:
        """Take messages until the last one. Whatever is not of the protocol ends the child."""
        async with _reader(self._child.take_messages_fd(), limit=MAX_LINE_BYTES) as lines:
            try:
                while line := await lines.readline():
                    self._last = read_message(line)
                    if isinstance(self._last, ParseProgress):
                        await self._advance(self._last)
                    elif isinstance(self._last, Ready):
                        self.isolates_network = not self._last.network
                        self._ready.set()
                    else:
                        break
            except ValueError:
                self._end(ParseProtocol("The program that reads files sent a line that is too long."))
            except ParseProtocol as error:
                self._end(error)
        if isinstance(self._last, Done):
            await self._tell()

    async def _advance(self, progress: ParseProgress) -> None:
        """Keep what is furthest; tell it at most ten times a second, however fast the child talks."""
        best = self._best
        self._best = ParseProgress(
            max(best.fraction, progress.fraction), max(best.rows, progress.rows), progress.message
        )
        if time.monotonic() - self._told_at >= TOLD_EVERY_SECONDS:
            await self._tell()

    async def _tell(self) -> None:
        self._told_at = time.monotonic()
        answer = self._on_progress(self._best)
        if inspect.isawaitable(answer):
            await answer

    async def _heard(self) -> None:
        assert self._listening is not None  # noqa: S101 - execute has just made it; this tells mypy
        await asyncio.wait([self._listening])
        if not self._listening.cancelled():
            # What `on_progress` raised belongs to the caller.
            self._listening.result()

    # --------------------------------------------------------------------------------------------------- watch

    async def _watch(self) -> None:
        while True:
            used = self._child.memory_bytes()
            if used > self._memory_bytes:
                limit = self._memory_bytes // 2**20
                self._end(
                    MemoryLimit(f"Reading it took more than {limit} MB of memory.", limit_bytes=self._memory_bytes)
                )
            if time.monotonic() - self._started > self._wall_seconds:
                self._end(TimeLimit(f"It took longer than {self._wall_seconds:,.0f} seconds."))
            await asyncio.sleep(WATCH_EVERY_SECONDS)

    async def _obey(self, cancelled: asyncio.Event) -> None:
        await cancelled.wait()
        self._end(ParseCancelled())

    async def _keep_trace(self) -> None:
        """Read stderr to its end, so that the child never blocks on it, and keep the last of it."""
        async with _reader(self._child.stderr_fd, limit=MAX_TRACE_BYTES) as stream:
            while block := await stream.read(MAX_TRACE_BYTES):
                self._trace = (self._trace + block)[-MAX_TRACE_BYTES:]

    def _end(self, verdict: Exception) -> None:
        """Kill the child; the first verdict stands."""
        if self._verdict is None:
            self._verdict = verdict
            self._child.kill()
            if self._listening is not None and self._listening is not asyncio.current_task():
                # A grandchild may hold the pipe open; nothing that it says counts any more.
                self._listening.cancel()

    # --------------------------------------------------------------------------------------------------- judge

    def _judge(self, status: int | None) -> None:
        if self._verdict is not None:
            raise self._verdict
        if isinstance(self._last, Failed):
            raise self._last.error
        if isinstance(self._last, Done):
            return
        if status == -signal.SIGXCPU:
            raise TimeLimit("It took more computing time than one file may take.")
        if status == -signal.SIGXFSZ:
            raise DiskLimit("A working file grew beyond the size that one file may need.")
        if b"memory allocation of" in self._trace or b"bad_alloc" in self._trace:
            raise MemoryLimit("There was no memory left.")
        support_id = uuid4().hex
        trace = self._trace.decode("utf-8", "replace")
        crash = "a parse crashed (support id %s, exit status %s): %s"
        log.error(crash, support_id, status, trace, extra={"support_id": support_id})
        if status is not None and status < 0:
            name = _signal_name(-status)
            raise ParseCrashed(f"The program that reads files was ended by {name}.", signal=name, support_id=support_id)
        raise ParseCrashed("The program that reads files met something that it does not know.", support_id=support_id)


def _signal_name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


@contextlib.asynccontextmanager
async def _reader(descriptor: int, *, limit: int) -> AsyncIterator[asyncio.StreamReader]:
    """Read a pipe without blocking; the descriptor is closed at the end."""
    reader = asyncio.StreamReader(limit=limit)
    file = os.fdopen(descriptor, "rb", buffering=0)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    try:
        yield reader
    finally:
        transport.close()


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
