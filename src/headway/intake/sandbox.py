"""Parses each file in a process of its own, so that a hostile file ends as a failed job with a reason.

One spare process waits with its libraries loaded (about 72 MB); a parse takes it, and the next one is warmed.
The kernel's limits are backstops: what decides is a watch on the resident memory and on the clock.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from concurrent.futures import Future
from contextvars import Context
from pathlib import Path
from tempfile import gettempdir

from headway.intake.errors import ParseCrashed
from headway.intake.parsing import ParseRequest, ParseResult
from headway.intake.sandbox_isolation import Isolation, IsolationUnavailable, Wanted, choose_isolation
from headway.intake.sandbox_process import Child, ProcessLimits, Spawner, child_environment
from headway.intake.sandbox_result import read_result
from headway.intake.sandbox_room import Files, Room
from headway.intake.sandbox_run import EndedUnused, OnProgress, ParseCancelled, Run

__all__ = ["OPERATIONS", "IsolationUnavailable", "ParseCancelled", "Sandbox"]

log = logging.getLogger(__name__)

MOST_STARTS = 10
"""Processes that may be killed from outside, one after the other, before any has seen its file."""

OPERATIONS = "headway.intake.operations:run"
"""The function that the children run."""


class Sandbox:
    """Runs parses, any number at once. `start` before the first one, `close` after the last one."""

    def __init__(
        self,
        *,
        memory_bytes: int,
        wall_seconds: float,
        python: str = sys.executable,
        isolation: Wanted = "auto",
        rooms: Path | None = None,
        entry: str = OPERATIONS,
        import_path: Path | None = None,
        ahead: bool = True,
    ) -> None:
        """`rooms` is the folder for what closed processes read and write, best on the file system of the files.

        With `ahead` a process waits for the next request; without it each is started when it is needed.
        """
        self._memory_bytes = memory_bytes
        self._wall_seconds = wall_seconds
        self._wanted = isolation
        self._rooms = rooms or Path(gettempdir())
        self._interpreter = [python, "-P", "-s"]
        self._program = ["-m", "headway.intake.sandbox_child", entry]
        self._import_path = import_path
        self._spawner: Spawner | None = None
        self._spare: Child | None = None
        self._keeps_spare = ahead
        self._warming: asyncio.Task[None] | None = None
        self._running: set[Child] = set()
        self._isolation: Isolation | None = None
        self._isolates_network: bool | None = None

    @property
    def spare_pid(self) -> int | None:
        """The process that waits for the next parse, if there is one."""
        return self._spare.pid if self._spare else None

    @property
    def isolation(self) -> Isolation | None:
        """How parses are shut in, known once the sandbox has started."""
        return self._isolation

    @property
    def isolates_network(self) -> bool | None:
        """Whether parses are cut off from every network; None before the first one has said so."""
        return self._isolates_network

    async def start(self) -> None:
        """Choose the isolation and begin to warm the first process. Raises `IsolationUnavailable`."""
        if self._spawner is not None:
            return
        isolation = await asyncio.to_thread(choose_isolation, self._wanted, self._interpreter, self._import_path)
        log.info("files are parsed in isolation %r: %s", isolation.name, isolation.reason)
        self._isolation = isolation
        environment = child_environment(self._import_path)
        self._spawner = Spawner([*self._interpreter, *self._program], environment, isolation, self._rooms)
        await self._warm()

    async def close(self) -> None:
        """End every process. A parse that still runs fails as crashed; wait for parses or cancel them before."""
        spawner, self._spawner = self._spawner, None
        if self._warming is not None:
            await asyncio.gather(self._warming, return_exceptions=True)
        spare, self._spare = self._spare, None
        for child in (*self._running, *([spare] if spare else [])):
            await asyncio.to_thread(_discard, child)
        if spawner is not None:
            await asyncio.to_thread(spawner.close)

    async def parse(self, request: ParseRequest, on_progress: OnProgress, cancelled: asyncio.Event) -> ParseResult:
        """Parse one file. Raises the child's own problem, a `limit.*` or a `parse.*` one, or `ParseCancelled`."""
        if cancelled.is_set():
            raise ParseCancelled
        for _ in range(MOST_STARTS):
            child = await self._take(request.files)
            try:
                await self._run(child, request, on_progress, cancelled)
                return await asyncio.to_thread(_result, child.room, request)
            except EndedUnused as end:
                log.warning("a process was ended by %s before it had seen its file; taking another one", end)
            finally:
                await asyncio.shield(asyncio.to_thread(child.room.remove))
        raise ParseCrashed("The program that reads files is ended each time before it can begin.")

    async def _run(
        self, child: Child, request: ParseRequest, on_progress: OnProgress, cancelled: asyncio.Event
    ) -> None:
        self._running.add(child)
        limits = ProcessLimits.of(self._memory_bytes, self._wall_seconds, request.max_unpacked_bytes)
        run = Run(child, limits, on_progress, self._memory_bytes, self._wall_seconds)
        try:
            await run.execute(child.room.inside(request), cancelled)
            self._isolates_network = run.isolates_network
        finally:
            self._running.discard(child)
            await asyncio.shield(asyncio.to_thread(child.dispose))

    async def _take(self, files: Files) -> Child:
        """Return a process that nobody has used and that can read the files, and have the next one warmed meanwhile."""
        if self._keeps_spare:
            child = await self._next()
            if await asyncio.to_thread(child.room.admit, files):
                return child
            await asyncio.to_thread(_discard, child)
            log.warning("files lie on another file system than %s: no process is warmed ahead", self._rooms)
            self._keeps_spare = False
        # The process needs a view that is made for these files.
        return await self._spawn(files)

    async def _next(self) -> Child:
        spare, self._spare = self._spare, None
        if spare is not None and not (spare.is_alive and spare.room.is_there):
            await asyncio.to_thread(_discard, spare)
            spare = None
        child = spare or await self._spawn()
        if self._warming is None or self._warming.done():
            # In no job's context: what it logs is of the next one, whichever that is.
            self._warming = asyncio.create_task(self._warm(), context=Context())
        return child

    async def _warm(self) -> None:
        if self._keeps_spare and self._spare is None and self._spawner is not None:
            self._spare = await self._spawn()

    async def _spawn(self, bound: Files | None = None) -> Child:
        if self._spawner is None:
            raise RuntimeError("the sandbox is not started")
        order = self._spawner.spawn(bound)
        try:
            return await asyncio.wrap_future(order)
        except asyncio.CancelledError:
            # The process may be on its way; nobody would ever use it.
            order.add_done_callback(_discard_ordered)
            raise


def _result(room: Room, request: ParseRequest) -> ParseResult:
    return room.bring_out(read_result(room.inside(request).output_dir), request)


def _discard_ordered(order: Future[Child]) -> None:
    if not order.cancelled() and order.exception() is None:
        _discard(order.result())


def _discard(child: Child) -> None:
    child.dispose()
    child.room.remove()
