"""The port to the object store: small, durable, and without anything that S3 servers disagree about.

Conditional writes, copies and versions are left out on purpose: of eight S3 servers tried, four let 32 of 32
racers win a put-if-absent. What must happen once is a unique row in the database.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

CHUNK_BYTES = 1024 * 1024
_KEY = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9._\-]*(/[A-Za-z0-9_\-][A-Za-z0-9._\-]*)*")


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object that exists."""

    key: str
    size_bytes: int
    modified_at: datetime


class ObjectWriter(Protocol):
    """One object being written. Nobody sees it before `commit` has returned."""

    async def write(self, chunk: bytes) -> None: ...

    async def commit(self) -> int:
        """Make the object durable and visible; return its size in bytes."""

    async def abort(self) -> None:
        """Leave nothing behind. May be called at any time, also twice, also after a failed commit."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A durable stretch of an object that has not arrived whole, where the store keeps it as an object of its own."""

    start_bytes: int
    size_bytes: int
    name: str


class HeldElsewhere(Exception):
    """Somebody else is at writing what arrives; raised by stores in which two could get in each other's way."""


class Appender(Protocol):
    """One turn at writing an object that arrives in several, perhaps over days and through several processes."""

    async def write(self, block: bytes) -> None: ...

    async def save(self) -> Sequence[Piece]:
        """Make durable what was written; return the pieces that must be remembered for that, in their order.

        They replace whatever is remembered from the start of the first one on.
        """

    async def settle(self) -> None:
        """Remove what those pieces replaced, once they are remembered."""

    async def close(self) -> None:
        """End the turn. What was not saved may be gone."""


class ObjectStore(Protocol):
    """Where bytes rest. Failures are `StoreUnavailable`, `StoreFull` or `ObjectMissing`, never a library's own."""

    async def open_writer(self, key: str, headers: Mapping[str, str] | None = None) -> ObjectWriter:
        """Begin an object. `headers` are what the store is to answer with where it serves the object itself."""

    async def open_appender(self, key: str, offset: int, pieces: Sequence[Piece]) -> Appender:
        """Continue what arrives below `key` at `offset`, up to which it is durable; whatever lies beyond is dropped.

        Raises `ObjectMissing` if less is there, and `HeldElsewhere`.
        """

    async def assemble(
        self,
        key: str,
        pieces: Sequence[Piece],
        size_bytes: int,
        target: str,
        look: Callable[[bytes], object] | None = None,
    ) -> None:
        """Make what has arrived below `key` the object `target`, durably; `look` is shown all bytes, if it is given.

        May be called again after a crash. Raises `ObjectMissing` if not all bytes are there, and `HeldElsewhere`.
        """

    async def copy(self, source: str, target: str) -> None:
        """Make a second object of the same bytes, durably."""

    async def stat(self, key: str) -> ObjectInfo:
        """Return what is known of an object, or raise `ObjectMissing`."""

    def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start`, to the end or for `length` bytes. Raises `ObjectMissing` at the first one."""

    async def put_file(self, path: Path, key: str) -> int:
        """Store a local file durably; return its size in bytes."""

    async def fetch_file(self, key: str, path: Path) -> int:
        """Copy an object into a local file; return its size in bytes."""

    async def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""

    def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Yield the objects whose key begins with `prefix`, a folder; everything for the empty one."""

    async def check(self) -> None:
        """Raise `StoreUnavailable` if the store does not answer."""

    async def free_bytes(self) -> int | None:
        """Return the room that is left, or None where the store cannot know."""

    async def close(self) -> None: ...


@runtime_checkable
class Presigns(Protocol):
    """An ability of some stores: they serve an object themselves to whoever has an address that was made for it."""

    async def presigned(self, key: str, seconds: int) -> str:
        """Return an address that reads the object for that long, without credentials."""


@runtime_checkable
class HasLocalFiles(Protocol):
    """An ability of some stores: an object that is a file here need not be copied to be read."""

    def local_path(self, key: str) -> Path | None: ...


def checked_key(key: str) -> str:
    """Return the key if it is one of ours: server-made words, digits, dots and dashes between slashes."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not an object key: {key!r}")
    return key


async def copy_through(store: ObjectStore, source: str, target: str) -> None:
    """Copy an object through this process, block by block."""
    writer = await store.open_writer(target)
    try:
        async for chunk in store.read(source):
            await writer.write(chunk)
        await writer.commit()
    except BaseException:
        await writer.abort()
        raise


async def put_through(store: ObjectStore, path: Path, key: str) -> int:
    """Write a local file through the store's writer, block by block."""
    writer = await store.open_writer(key)
    try:
        with path.open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                await writer.write(chunk)
        return await writer.commit()
    except BaseException:
        await writer.abort()
        raise


async def fetch_through(store: ObjectStore, key: str, path: Path) -> int:
    """Copy an object into a local file, block by block."""
    size = 0
    with path.open("wb") as target:
        async for chunk in store.read(key):
            target.write(chunk)
            size += len(chunk)
    return size
