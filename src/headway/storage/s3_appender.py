"""An object of a bucket that arrives in several turns: pieces, each an object of its own, until they are one.

An S3 multipart upload would save the last copy. But its parts can neither be listed nor read through obstore, they
must all but the last have 5 MiB, and a writer that comes late replaces a part under its number. Pieces have new names,
so that a late writer replaces nothing, and whatever is left of them is found by listing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from uuid import uuid4

from headway.storage.errors import ObjectMissing
from headway.storage.store import ObjectStore, Piece

Put = Callable[[str, bytes], Awaitable[object]]
"""Stores a small object in one request."""

PIECE_BYTES = 8 * 1024 * 1024
SMALL_BYTES = 1024 * 1024
"""A last piece below this is taken up and written again with what follows, so that small requests leave few pieces."""


class S3Appender:
    """One turn at writing. While one piece is on its way to the store, the next one is filled."""

    def __init__(self, store: ObjectStore, put: Put, key: str, offset: int) -> None:
        self._store = store
        self._put = put
        self._key = key
        self._start = offset
        self._filling = bytearray()
        self._replaced: list[str] = []
        self._pieces: list[Piece] = []
        self._under_way: asyncio.Task[Piece] | None = None

    @classmethod
    async def opened(cls, store: ObjectStore, put: Put, key: str, offset: int, pieces: Sequence[Piece]) -> S3Appender:
        """Continue after these pieces, which end at `offset`."""
        last = pieces[-1] if pieces else None
        if last is None or last.size_bytes >= SMALL_BYTES:
            return cls(store, put, key, offset)
        appender = cls(store, put, key, last.start_bytes)
        async for chunk in store.read(last.name):
            appender._filling += chunk
        if len(appender._filling) != last.size_bytes:
            raise ObjectMissing(key=last.name)
        appender._replaced.append(last.name)
        return appender

    async def write(self, block: bytes) -> None:
        self._filling += block
        while len(self._filling) >= PIECE_BYTES:
            await self._send(bytes(self._filling[:PIECE_BYTES]))
            del self._filling[:PIECE_BYTES]

    async def _send(self, content: bytes) -> None:
        await self._arrived()
        self._under_way = asyncio.create_task(self._store_piece(self._start, content))
        self._start += len(content)

    async def _store_piece(self, start: int, content: bytes) -> Piece:
        name = f"{self._key}/{start:018d}-{uuid4().hex[:12]}"
        await self._put(name, content)
        return Piece(start, len(content), name)

    async def _arrived(self) -> None:
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            self._pieces.append(await under_way)

    async def save(self) -> Sequence[Piece]:
        if self._filling:
            await self._send(bytes(self._filling))
            self._filling.clear()
        await self._arrived()
        saved, self._pieces = self._pieces, []
        return saved

    async def settle(self) -> None:
        while self._replaced:
            await self._store.delete(self._replaced.pop())

    async def close(self) -> None:
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.gather(self._under_way, return_exceptions=True)


async def assemble(
    store: ObjectStore, pieces: Sequence[Piece], size_bytes: int, target: str, look: Callable[[bytes], object] | None
) -> None:
    """Write the pieces, one after the other, as one object; done again after a crash it replaces what it made."""
    writer = await store.open_writer(target)
    try:
        async for chunk in _bytes_of(store, pieces, size_bytes):
            await writer.write(chunk)
            if look is not None:
                await asyncio.to_thread(look, chunk)
        await writer.commit()
    except BaseException:
        await writer.abort()
        raise


async def _bytes_of(store: ObjectStore, pieces: Sequence[Piece], size_bytes: int) -> AsyncIterator[bytes]:
    """Yield what the pieces hold. Raises `ObjectMissing` as soon as it is not what it should be."""
    at = 0
    for piece in pieces:
        if piece.start_bytes != at:
            raise ObjectMissing(key=piece.name)
        async for chunk in store.read(piece.name):
            at += len(chunk)
            yield chunk
        if at != piece.start_bytes + piece.size_bytes:
            raise ObjectMissing(key=piece.name)
    if at != size_bytes:
        raise ObjectMissing(size_bytes=size_bytes)
