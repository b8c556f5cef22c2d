"""An object of a local folder that arrives in several turns: one file that grows, and moves to its place at the end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from headway.kit.files import sync_folder
from headway.storage.local_files import make_folder, translated
from headway.storage.store import CHUNK_BYTES, HeldElsewhere, Piece

FILE = "bytes"
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS})


class LocalAppender:
    """One turn at writing. Whoever has it holds a lock on the file, which ends with its process."""

    def __init__(self, root: Path, key: str, offset: int) -> None:
        path = root / key / FILE
        with translated(key):
            make_folder(path.parent)
            fresh = offset == 0 and not path.exists()
            self._file = path.open("xb" if fresh else "r+b")
            try:
                _hold(self._file.fileno())
                _refuse_shorter(self._file.fileno(), offset)
                # What lies beyond was never acknowledged; it may be half of what a killed process received.
                self._file.truncate(offset)
                self._file.seek(offset)
                sync_folder(path.parent)
            except BaseException:
                self._file.close()
                raise

    async def write(self, block: bytes) -> None:
        with translated():
            await asyncio.to_thread(self._file.write, block)

    async def save(self) -> Sequence[Piece]:
        with translated():
            await asyncio.to_thread(self._sync)
        return ()

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    async def settle(self) -> None:
        """Nothing was replaced."""

    async def close(self) -> None:
        # A full disk makes the last flush fail; what it would have written was never saved.
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._file.close)


async def assemble(root: Path, key: str, size_bytes: int, target: str, look: Callable[[bytes], object] | None) -> None:
    """Move what has arrived to its place; done again after a crash it finds it there."""
    path, goal = root / key / FILE, root / target
    with translated(key):
        if not path.exists() and goal.stat().st_size == size_bytes:
            await _look_through(goal, look)
            return
        with path.open("r+b") as file:
            _hold(file.fileno())
            _refuse_shorter(file.fileno(), size_bytes)
            file.truncate(size_bytes)
            await _look_through(path, look)
            await asyncio.to_thread(os.fsync, file.fileno())
            await asyncio.to_thread(_place, path, goal)


def _place(path: Path, goal: Path) -> None:
    make_folder(goal.parent)
    path.replace(goal)
    sync_folder(goal.parent)
    with contextlib.suppress(OSError):
        path.parent.rmdir()


async def _look_through(path: Path, look: Callable[[bytes], object] | None) -> None:
    if look is None:
        return
    with path.open("rb") as source:
        while block := await asyncio.to_thread(source.read, CHUNK_BYTES):
            await asyncio.to_thread(look, block)


def _refuse_shorter(descriptor: int, size_bytes: int) -> None:
    if os.fstat(descriptor).st_size < size_bytes:
        raise FileNotFoundError(errno.ENOENT, "bytes that were durable are not there")


def _hold(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise HeldElsewhere from error
    except OSError as error:
        # A file system without locks: there the lease in the database alone keeps writers apart.
        if error.errno not in NO_LOCKS:
            raise


def copy(root: Path, source: str, target: str) -> None:
    """Give an object that never changes a second name; two files where the file system cannot do that."""
    goal = root / target
    with translated(source):
        make_folder(goal.parent)
        goal.unlink(missing_ok=True)
        goal.hardlink_to(root / source)
        sync_folder(goal.parent)
