"""Looks at something while somebody waits for it: in limited children of the API, a few at a time, and nothing is kept."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from headway.errors import AppError
from headway.intake.parsing import ParseRequest, ParseResult
from headway.intake.sandbox import Sandbox

AT_ONCE, WAITING = 2, 8
BUSY_SECONDS = 2


class Looking:
    """Lends folders and places. The children start with the first look."""

    def __init__(self, sandbox: Sandbox, folder: Path, name: str, busy: Callable[..., AppError]) -> None:
        """Folders are made in `folder`, their names begin with `name`. `busy` makes what too many are told."""
        self._sandbox = sandbox
        self._name = name
        self._folder = folder
        self._busy = busy
        self._starting = asyncio.Lock()
        self._started = False
        self._places = asyncio.Semaphore(AT_ONCE)
        self._inside = 0

    async def close(self) -> None:
        if self._started:
            await self._sandbox.close()

    @asynccontextmanager
    async def folder(self) -> AsyncIterator[Path]:
        """Lend a folder, with `out` in it. Raises what says that too many look already."""
        if self._inside >= AT_ONCE + WAITING:
            raise self._busy(retry_after_seconds=BUSY_SECONDS)
        self._inside += 1
        folder = self._folder / f"{self._name}-{uuid4().hex}"
        try:
            await asyncio.to_thread((folder / "out").mkdir, parents=True)
            yield folder
        finally:
            self._inside -= 1
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def look(self, request: ParseRequest) -> ParseResult:
        """Have a child look, once there is a place. Whoever sends something slowly takes none while it comes."""
        async with self._places:
            await self._start()
            return await self._sandbox.parse(request, lambda _progress: None, asyncio.Event())

    async def _start(self) -> None:
        async with self._starting:
            if not self._started:
                self._folder.mkdir(parents=True, exist_ok=True)
                await self._sandbox.start()
                self._started = True
