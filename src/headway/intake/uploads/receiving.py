"""The bytes of one request on their way into the store, and the offset that follows once they are durable."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from headway.intake.arrival import HASHED, HEAD_BYTES, RECOGNISED, Block
from headway.intake.detection import recognise
from headway.intake.models import Upload
from headway.intake.tus import Checksum
from headway.intake.tus_errors import ChecksumMismatch, LengthExceeded
from headway.intake.upload_errors import UploadTooLarge
from headway.storage.store import Appender, Piece

SAVE_EVERY_SECONDS = 1.0
"""How much a killed server may have received in vain, in time."""

REMEMBERED = 1000

SaveOffset = Callable[[int, int, int, str, Sequence[Piece]], Awaitable[None]]
"""Called with (offset before, offset now, percent, message, new pieces) once the bytes up to there are durable."""


class Hashes:
    """How far this process has hashed its uploads. Nobody can store that, so another one reads the bytes again."""

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, tuple[int, Any]] = OrderedDict()

    def resume(self, upload: Upload) -> Any | None:
        """Return a hash that has seen exactly the durable bytes, if there is one here."""
        if upload.offset_bytes == 0:
            return sha256()
        offset, found = self._known.get(upload.job_id, (0, None))
        return found.copy() if found is not None and offset == upload.offset_bytes else None

    def keep(self, job_id: UUID, offset: int, found: Any | None) -> None:
        self._known.pop(job_id, None)
        if found is not None:
            self._known[job_id] = (offset, found.copy())
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def forget(self, job_id: UUID) -> None:
        self._known.pop(job_id, None)


class Receiving:
    """One request's bytes. Whatever happens, `offset` is how far they are durable."""

    def __init__(
        self,
        upload: Upload,
        appender: Appender,
        hashes: Hashes,
        save: SaveOffset,
        *,
        most_bytes: int,
        checksum: Checksum | None,
    ) -> None:
        self._upload = upload
        self._appender = appender
        self._hashes = hashes
        self._save = save
        self._most_bytes = most_bytes
        self._checksum = checksum
        self._sum = checksum.new_hash() if checksum is not None else None
        self._hash = hashes.resume(upload)
        self._head = b""
        self._saved_at = time.monotonic()
        self.offset = self.at = upload.offset_bytes

    @property
    def sha256(self) -> str | None:
        """The digest of everything up to `at`, if this process has seen it all."""
        return self._hash.hexdigest() if self._hash is not None else None

    async def take(self, chunks: AsyncIterator[bytes], told: Callable[[int], None]) -> None:
        """Take all bytes of the request; `told` hears of the offset that they have come to."""
        async for block in blocks_of(chunks):
            self._refuse_excess(self.at + len(block))
            await asyncio.to_thread(self._see, block)
            await self._appender.write(block)
            self.at += len(block)
            told(self.at)
            if self._may_save() and time.monotonic() - self._saved_at >= SAVE_EVERY_SECONDS:
                await self.save()
        if self._checksum is not None and not self._checksum.fits(self._sum):
            raise ChecksumMismatch(algorithm=self._checksum.algorithm, offset=self.offset)
        await self.save()

    def _may_save(self) -> bool:
        """Nothing of a checked request is kept before it was checked, nor a last byte before it was the last."""
        return self._checksum is None and self.at != self._upload.length_bytes

    async def save_rest(self) -> None:
        """Keep what came of a request that was broken off, and hear whether the upload is still wanted."""
        if self._may_save():
            await self.save()

    async def save(self) -> None:
        self._saved_at = time.monotonic()
        before, at, known = self.offset, self.at, self._hash.copy() if self._hash is not None else None
        pieces = await self._appender.save()
        await self._save(before, at, self._percent(), self._message(), pieces)
        self.offset = at
        self._hashes.keep(self._upload.job_id, at, known)
        await self._appender.settle()

    def _see(self, block: bytes) -> None:
        for each in (self._hash, self._sum):
            if each is not None:
                each.update(block)
        if self.at == 0:
            self._head = block[:HEAD_BYTES]

    def _refuse_excess(self, offset: int) -> None:
        length = self._upload.length_bytes
        if length is not None and offset > length:
            raise LengthExceeded(f"It has {length:,} bytes, and more arrived.", length=length, offset=self.offset)
        if offset > self._most_bytes:
            raise UploadTooLarge(
                f"This service accepts files up to {self._most_bytes:,} bytes.", max_upload_bytes=self._most_bytes
            )

    def _percent(self) -> int:
        if not self._upload.length_bytes:
            return RECOGNISED
        return RECOGNISED + int((HASHED - RECOGNISED) * self.at / self._upload.length_bytes)

    def _message(self) -> str:
        if self._head and self.offset == 0:
            found = recognise(self._head, self._upload.file_name)
            return f"Format: {found.format}" if found.format else "Format not recognised yet"
        return "Uploading"


async def blocks_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the bytes in larger blocks. What has come is yielded before an error is."""
    waiting = Block()
    try:
        async for chunk in chunks:
            if block := waiting.take(chunk):
                yield block
    except Exception:
        if rest := waiting.rest():
            yield rest
        raise
    if rest := waiting.rest():
        yield rest
