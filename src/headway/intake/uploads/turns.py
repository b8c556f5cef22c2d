"""Who writes an upload in this process: one request at a time, and a later one asks the earlier one to stop and save."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from uuid import UUID

from headway.intake.tus_errors import UploadLocked

PATIENCE_SECONDS = 10.0
"""How long a request waits for the one before it to let go. That saves what it has, which takes as long as a sync."""


class Stopped(Exception):
    """Somebody else goes on with the upload, or nobody is to."""


class Turn:
    """The right of one request to write an upload. `at` is the offset up to which it has received bytes."""

    def __init__(self) -> None:
        self.at: int | None = None
        self._stop = asyncio.Event()
        self._ended = asyncio.Event()

    def stop(self) -> None:
        """Ask whoever has the turn to save what there is and to end."""
        self._stop.set()

    def end(self) -> None:
        self._ended.set()

    async def wait_for_end(self) -> None:
        try:
            await asyncio.wait_for(self._ended.wait(), PATIENCE_SECONDS)
        except TimeoutError:
            raise UploadLocked(retry_after_seconds=5) from None

    async def unless_stopped(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """Yield what comes in. Raises `Stopped` as soon as somebody asks for that, also while nothing comes."""
        stopping = asyncio.create_task(self._stop.wait())
        try:
            while True:
                coming = asyncio.ensure_future(anext(chunks, b""))
                try:
                    await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not coming.done():
                        coming.cancel()
                        await asyncio.gather(coming, return_exceptions=True)
                if coming.cancelled():
                    raise Stopped
                if not (chunk := coming.result()):
                    return
                yield chunk
        finally:
            stopping.cancel()


class Turns:
    """The turns of all uploads in this process."""

    def __init__(self) -> None:
        self._present: dict[UUID, Turn] = {}

    def find(self, job_id: UUID) -> Turn | None:
        return self._present.get(job_id)

    @contextlib.asynccontextmanager
    async def take(self, job_id: UUID) -> AsyncIterator[Turn]:
        """Have the turn while the block runs; whoever has it now is asked to stop. Raises `UploadLocked`."""
        await self.let_end(job_id)
        turn = self._present[job_id] = Turn()
        try:
            yield turn
        finally:
            del self._present[job_id]
            turn.end()

    async def let_end(self, job_id: UUID) -> None:
        """Return once nobody has the turn."""
        while (present := self._present.get(job_id)) is not None:
            present.stop()
            await present.wait_for_end()
