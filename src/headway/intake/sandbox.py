"""Parses each file in a process of its own, so that a hostile file ends as a failed job with a reason.

One spare process waits with its libraries loaded (about 72 MB); a parse takes it, and the next one is warmed.
The kernel's limits are backstops: what decides is a watch on the resident memory and on the clock.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import Future
from pathlib import Path

from headway.intake.parsing import ParseRequest, ParseResult
from headway.intake.sandbox_process import Child, ProcessLimits, Spawner, child_environment
from headway.intake.sandbox_protocol import read_result
from headway.intake.sandbox_run import OnProgress, ParseCancelled, Run

__all__ = ["PIPELINE", "ParseCancelled", "Sandbox"]

PIPELINE = "headway.intake.pipeline:parse"
"""The function that the children run."""


class Sandbox:
    """Runs parses, any number at once. `start` before the first one, `close` after the last one."""

    def __init__(
        self,
        *,
        memory_bytes: int,
        wall_seconds: float,
        python: str = sys.executable,
        entry: str = PIPELINE,
        import_path: Path | None = None,
    ) -> None:
        self._memory_bytes = memory_bytes
        self._wall_seconds = wall_seconds
        self._command = [python, "-P", "-s", "-m", "headway.intake.sandbox_child", entry]
        self._environment = child_environment(import_path)
        self._spawner: Spawner | None = None
        self._spare: Child | None = None
        self._warming: asyncio.Task[None] | None = None
        self._running: set[Child] = set()
        self._isolates_network: bool | None = None

    @property
    def spare_pid(self) -> int | None:
        """The process that waits for the next parse, if there is one."""
        return self._spare.pid if self._spare else None

    @property
    def isolates_network(self) -> bool | None:
        """Whether parses are cut off from every network; None before the first one has said so."""
        return self._isolates_network

    async def start(self) -> None:
        """Start the spawner and begin to warm the first process."""
        if self._spawner is None:
            self._spawner = Spawner(self._command, self._environment)
            await self._warm()

    async def close(self) -> None:
        """End every process. A parse that still runs fails as crashed; wait for parses or cancel them before."""
        spawner, self._spawner = self._spawner, None
        if self._warming is not None:
            await asyncio.gather(self._warming, return_exceptions=True)
        spare, self._spare = self._spare, None
        for child in (*self._running, *([spare] if spare else [])):
            await asyncio.to_thread(child.dispose)
        if spawner is not None:
            await asyncio.to_thread(spawner.close)

    async def parse(self, request: ParseRequest, on_progress: OnProgress, cancelled: asyncio.Event) -> ParseResult:
        """Parse one file. Raises the child's own problem, a `limit.*` or a `parse.*` one, or `ParseCancelled`."""
        if cancelled.is_set():
            raise ParseCancelled
        child = await self._take()
        self._running.add(child)
        try:
            child.limit(ProcessLimits.of(self._memory_bytes, self._wall_seconds, request.max_unpacked_bytes))
            run = Run(child, on_progress, self._memory_bytes, self._wall_seconds)
            await run.execute(request, cancelled)
            self._isolates_network = run.isolates_network
        finally:
            self._running.discard(child)
            await asyncio.shield(asyncio.to_thread(child.dispose))
        return await asyncio.to_thread(read_result, request.output_dir)

    async def _take(self) -> Child:
        """Return a process that nobody has used, and have the next one warmed meanwhile."""
        spare, self._spare = self._spare, None
        if spare is not None and not spare.is_alive:
            await asyncio.to_thread(spare.dispose)
            spare = None
        child = spare or await self._spawn()
        if self._warming is None or self._warming.done():
            self._warming = asyncio.create_task(self._warm())
        return child

    async def _warm(self) -> None:
        if self._spare is None and self._spawner is not None:
            self._spare = await self._spawn()

    async def _spawn(self) -> Child:
        if self._spawner is None:
            raise RuntimeError("the sandbox is not started")
        order = self._spawner.spawn()
        try:
            return await asyncio.wrap_future(order)
        except asyncio.CancelledError:
            # The process may be on its way; nobody would ever use it.
            order.add_done_callback(_discard)
            raise


def _discard(order: Future[Child]) -> None:
    if not order.cancelled() and order.exception() is None:
        order.result().dispose()
