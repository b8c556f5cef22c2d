"""Bytes on their way in: hashed, counted, checked against the limit and written to the store as they come."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from headway.intake.detection import recognise
from headway.intake.upload_errors import TooManyUploads, UploadTooLarge
from headway.jobs.states import UPLOAD_STAGE
from headway.plurals import counted
from headway.storage.store import ObjectWriter

HEAD_BYTES = 4096
"""Enough for every signature we know, and for a look at the first lines of a text."""

BLOCK_BYTES = 1024 * 1024
"""Bytes that go to a thread together: for those of one network read the way costs more than hashing and writing them."""

WRITE_EVERY_SECONDS = 0.5
RECOGNISED, HASHED = 10, 19
"""The upload's own part of the progress: 10 once the format is recognised, up to 19 with the last byte."""

STAGES = [{"key": key} for key in (UPLOAD_STAGE, "parse", "store", "publish")]
"""What an import goes through. It tells its percent itself."""

ARRIVING: dict[str, Any] = {"stage": UPLOAD_STAGE, "stages": STAGES, "message": "Uploading", "unit": "bytes"}
"""What is said of an import's job from its first byte on."""

ReportArrival = Callable[[int, str, int], Awaitable[None]]
"""Called with (percent, message, received bytes); raises to stop the upload."""


class Arrivals:
    """The uploads that arrive in this process: how many of whom, and the bytes of all since its start."""

    def __init__(self, most_of_one_owner: int) -> None:
        self.received_bytes = 0
        self._most = most_of_one_owner
        self._of: Counter[str] = Counter()

    @property
    def in_flight(self) -> int:
        return self._of.total()

    @contextlib.contextmanager
    def one_more(self, owner: str) -> Iterator[None]:
        """Count an upload while it arrives; hundreds of slow ones of one owner would leave nothing to the others."""
        if self._of[owner] >= self._most:
            raise TooManyUploads(
                f"{counted(self._most, 'file of yours is', 'files of yours are')} arriving already.",
                retry_after_seconds=5,
            )
        self._of[owner] += 1
        try:
            yield
        finally:
            self._of[owner] -= 1
            if not self._of[owner]:
                del self._of[owner]


class Block:
    """Bytes that wait until they are worth a way to a thread.

    They lie in one room, which is used again: to grow one for each block took a third of all work of an upload.
    """

    def __init__(self) -> None:
        self._room = memoryview(bytearray(BLOCK_BYTES))
        self._size = 0

    def take(self, chunk: bytes) -> bytes:
        """Take the next bytes, and return all that have waited if they are enough, or else nothing."""
        size = self._size + len(chunk)
        if size >= BLOCK_BYTES:
            block = b"".join((self._room[: self._size], chunk))
            self._size = 0
            return block
        self._room[self._size : size] = chunk
        self._size = size
        return b""

    def rest(self) -> bytes:
        """Return what waits."""
        size, self._size = self._size, 0
        return bytes(self._room[:size])


class Arrival:
    """One file that is arriving."""

    def __init__(
        self,
        writer: ObjectWriter,
        file_name: str,
        *,
        max_bytes: int,
        expected_bytes: int | None,
        report: ReportArrival,
    ) -> None:
        self._writer = writer
        self._file_name = file_name
        self._max_bytes = max_bytes
        self._expected_bytes = expected_bytes
        self._report = report
        self._hash = hashlib.sha256()
        self._block = Block()
        self._head = b""
        self._recognised = False
        self._reported_at = 0.0
        self.size_bytes = 0
        self.is_durable = False

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises `UploadTooLarge` with the first byte over the limit."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise UploadTooLarge(
                f"This service accepts files up to {self._max_bytes:,} bytes.", max_upload_bytes=self._max_bytes
            )
        await self._store(self._block.take(chunk))
        if not self._recognised:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            if len(self._head) >= HEAD_BYTES:
                await self._recognise()
        elif time.monotonic() - self._reported_at >= WRITE_EVERY_SECONDS:
            await self._tell(self._percent(), "Uploading")

    async def end(self) -> None:
        """Store what is left, and say that the last byte is there."""
        await self._store(self._block.rest())
        if not self._recognised:
            await self._recognise()
        await self._tell(HASHED, "Looking for duplicates")

    async def make_durable(self) -> None:
        """Return once the bytes would survive a power cut, as far as the store promises that."""
        # Whatever the answer, from here on the object may be there.
        self.is_durable = True
        await self._writer.commit()

    async def discard(self) -> None:
        await self._writer.abort()

    async def _store(self, block: bytes) -> None:
        if block:
            await asyncio.to_thread(self._hash.update, block)
            await self._writer.write(block)

    async def _recognise(self) -> None:
        self._recognised = True
        found = recognise(self._head, self._file_name)
        await self._tell(RECOGNISED, f"Format: {found.format}" if found.format else "Format not recognised yet")

    def _percent(self) -> int:
        if not self._expected_bytes:
            return RECOGNISED
        return RECOGNISED + int((HASHED - RECOGNISED) * min(1.0, self.size_bytes / self._expected_bytes))

    async def _tell(self, percent: int, message: str) -> None:
        self._reported_at = time.monotonic()
        await self._report(percent, message, self.size_bytes)
