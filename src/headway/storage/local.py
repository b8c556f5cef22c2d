"""A local folder as object store, with the durability that a file system gives only to those who ask.

obstore's local store never calls fsync: at a simulated power cut 5 of 5 acknowledged files were gone or empty,
and 5 of 5 survived with the file and each of its folders synced. So the writer here is ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import shutil
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import uuid4

from headway.errors import AppError
from headway.kit.files import sync_folder
from headway.storage.errors import ObjectMissing, StoreFull, StoreUnavailable
from headway.storage.store import CHUNK_BYTES, ObjectInfo, checked_key, fetch_through, put_through

TEMPORARY = ".arriving"
"""Folder for objects that are being written; keys cannot begin with a dot, so it is never listed."""

LISTED_AT_ONCE = 500
"""Files that one trip to a thread looks at."""


@contextlib.contextmanager
def _translated(key: str = "") -> Iterator[None]:
    """Turn the system's errors into the store's."""
    try:
        yield
    except FileNotFoundError as error:
        raise ObjectMissing(key=key) from error
    except OSError as error:
        raise _meaning(error) from error


def _meaning(error: OSError) -> AppError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return StoreFull()
    return StoreUnavailable()


class LocalStore:
    """Objects are files below `root`, written beside and renamed into place."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def local_path(self, key: str) -> Path | None:
        return self._root / checked_key(key)

    async def open_writer(self, key: str) -> LocalWriter:
        opening = asyncio.ensure_future(asyncio.to_thread(LocalWriter, self._root, checked_key(key)))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # A thread cannot be called off; what it still opens belongs to nobody.
            opening.add_done_callback(_discard_opened)
            await asyncio.wait({opening})
            raise

    async def stat(self, key: str) -> ObjectInfo:
        with _translated(key):
            found = await asyncio.to_thread((self._root / checked_key(key)).stat)
        return ObjectInfo(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        with _translated(key):
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
        with contextlib.suppress(ObjectMissing), _translated(key):
            await asyncio.to_thread((self._root / checked_key(key)).unlink)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        found = self._below(checked_key(prefix.rstrip("/")) if prefix else "")
        with _translated():
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
        with _translated():
            await asyncio.to_thread(self._root.mkdir, parents=True, exist_ok=True)
            if not await asyncio.to_thread(os.access, self._root, os.W_OK):
                raise StoreUnavailable("The folder for files cannot be written to.")

    async def free_bytes(self) -> int | None:
        with _translated():
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
        with _translated(key):
            _make_folder(self._temporary.parent)
            self._file = self._temporary.open("xb")
        # Tells a living writer's file from one that a killed process left, where the file system can.
        with contextlib.suppress(OSError):
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)

    async def write(self, chunk: bytes) -> None:
        with _translated():
            self._size += await asyncio.to_thread(self._file.write, chunk)

    async def commit(self) -> int:
        with _translated():
            await asyncio.to_thread(self._make_durable)
        return self._size

    def _make_durable(self) -> None:
        with self._turn:
            if self._given_up:
                raise InterruptedError("the object was given up")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            _make_folder(self._target.parent)
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


def _make_folder(folder: Path) -> None:
    """Create a folder and its parents so that they survive a power cut: each one is synced into its parent."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
