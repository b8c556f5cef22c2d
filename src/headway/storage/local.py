"""A local folder as object store, with the durability that a file system gives only to those who ask.

obstore's local store never calls fsync: at a simulated power cut 5 of 5 acknowledged files were gone or empty,
and 5 of 5 survived with the file and each of its folders synced. So the writer here is ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import stat
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import uuid4

from headway.kit.files import sync_folder
from headway.storage.errors import ObjectMissing, StoreUnavailable
from headway.storage.local_appender import LocalAppender, assemble, copy
from headway.storage.local_files import make_folder, translated
from headway.storage.store import (
    CHUNK_BYTES,
    Appender,
    ObjectInfo,
    Piece,
    checked_key,
    copy_through,
    fetch_through,
    put_through,
)

TEMPORARY = ".arriving"
"""Folder for objects that are being written; keys cannot begin with a dot, so it is never listed."""

LISTED_AT_ONCE = 500
"""Files that one trip to a thread looks at."""


class LocalStore:
    """Objects are files below `root`, written beside and renamed into place."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def local_path(self, key: str) -> Path | None:
        return self._root / checked_key(key)

    async def open_writer(self, key: str, headers: Mapping[str, str] | None = None) -> LocalWriter:
        opening = asyncio.ensure_future(asyncio.to_thread(LocalWriter, self._root, checked_key(key)))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # A thread cannot be called off; what it still opens belongs to nobody.
            opening.add_done_callback(_discard_opened)
            await asyncio.wait({opening})
            raise

    async def open_appender(self, key: str, offset: int, pieces: Sequence[Piece]) -> Appender:
        return await asyncio.to_thread(LocalAppender, self._root, checked_key(key), offset)

    async def assemble(
        self,
        key: str,
        pieces: Sequence[Piece],
        size_bytes: int,
        target: str,
        look: Callable[[bytes], object] | None = None,
    ) -> None:
        await assemble(self._root, checked_key(key), size_bytes, checked_key(target), look)

    async def copy(self, source: str, target: str) -> None:
        try:
            await asyncio.to_thread(copy, self._root, checked_key(source), checked_key(target))
        except StoreUnavailable:
            # Not every file system gives a file two names.
            await copy_through(self, source, target)

    async def stat(self, key: str) -> ObjectInfo:
        with translated(key):
            found = await asyncio.to_thread((self._root / checked_key(key)).stat)
        return ObjectInfo(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        with translated(key):
            source = await asyncio.to_thread((self._root / checked_key(key)).open, "rb")
            with source:
                source.seek(start)
                left = length
                while left is None or left > 0:
                    size = CHUNK_BYTES if left is None else min(CHUNK_BYTES, left)
                    chunk = await asyncio.to_thread(source.read, size)
                    if not chunk:
                        return
                    left = None if left is None else left - len(chunk)
                    yield chunk

    async def put_file(self, path: Path, key: str) -> int:
        return await put_through(self, path, key)

    async def fetch_file(self, key: str, path: Path) -> int:
        return await fetch_through(self, key, path)

    async def delete(self, key: str) -> None:
        with contextlib.suppress(ObjectMissing), translated(key):
            await asyncio.to_thread((self._root / checked_key(key)).unlink)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        found = self._below(checked_key(prefix.rstrip("/")) if prefix else "")
        with translated():
            while page := await asyncio.to_thread(lambda: list(islice(found, LISTED_AT_ONCE))):
                for info in page:
                    yield info

    def _below(self, folder: str) -> Iterator[ObjectInfo]:
        """Yield the objects below a folder, by name; what is no object of ours, or deleted meanwhile, is left out."""
        try:
            names = sorted(entry.name for entry in os.scandir(self._root / folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            key = f"{folder}/{name}" if folder else name
            try:
                found = (self._root / checked_key(key)).stat()
            except (ValueError, FileNotFoundError):
                continue
            if stat.S_ISDIR(found.st_mode):
                yield from self._below(key)
            elif stat.S_ISREG(found.st_mode):
                yield ObjectInfo(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    async def check(self) -> None:
        with translated():
            await asyncio.to_thread(self._root.mkdir, parents=True, exist_ok=True)
            if not await asyncio.to_thread(os.access, self._root, os.W_OK):
                raise StoreUnavailable("The folder for files cannot be written to.")

    async def free_bytes(self) -> int | None:
        with translated():
            await asyncio.to_thread(self._root.mkdir, parents=True, exist_ok=True)
            return (await asyncio.to_thread(shutil.disk_usage, self._root)).free

    async def close(self) -> None:
        """Nothing is held open."""


class LocalWriter:
    """Writes a file beside its place; `commit` syncs it, renames it, and syncs every folder that changed.

    Whoever waits for a commit may be cancelled while its thread goes on, so commit and abort take turns.
    """

    def __init__(self, root: Path, key: str) -> None:
        self._root = root
        self._target = root / key
        self._temporary = root / TEMPORARY / f"{uuid4().hex}.part"
        self._size = 0
        self._turn = threading.Lock()
        self._given_up = False
        self._placed = False
        with translated(key):
            make_folder(self._temporary.parent)
            self._file = self._temporary.open("xb")
        # Tells a living writer's file from one that a killed process left, where the file system can.
        with contextlib.suppress(OSError):
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)

    async def write(self, chunk: bytes) -> None:
        with translated():
            self._size += await asyncio.to_thread(self._file.write, chunk)

    async def commit(self) -> int:
        with translated():
            await asyncio.to_thread(self._make_durable)
        return self._size

    def _make_durable(self) -> None:
        with self._turn:
            if self._given_up:
                raise InterruptedError("the object was given up")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            make_folder(self._target.parent)
            self._temporary.replace(self._target)
            self._placed = True
            sync_folder(self._target.parent)

    async def abort(self) -> None:
        await asyncio.to_thread(self.discard)

    def discard(self) -> None:
        """Remove what there is of the object, once a commit that is under way has ended."""
        with self._turn:
            self._given_up = True
            # A full disk makes the last flush fail; the file is given up either way.
            with contextlib.suppress(OSError):
                self._file.close()
            with contextlib.suppress(OSError):
                (self._target if self._placed else self._temporary).unlink(missing_ok=True)
            self._placed = False


def _discard_opened(opening: asyncio.Future[LocalWriter]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().discard()
