"""The archive: a plain tar that any tool can list, written in one pass and believed only after it was read whole."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from headway.backup.manifest import NAME, BackupFailed, Manifest, Member
from headway.kit.files import sync_folder

CHUNK_BYTES = 1024 * 1024
END = bytes(2 * tarfile.BLOCKSIZE)
PRIVATE = 0o600
MADE_AT = 0
"""Modification time of every member: the manifest has the time, and equal content makes equal bytes."""


class ArchiveWriter:
    """Adds members, each of a size that is known before; remembers their digests."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.members: dict[str, Member] = {}

    @contextlib.contextmanager
    def member(self, name: str, size_bytes: int) -> Iterator[Callable[[bytes], object]]:
        """Lend a function that takes the member's bytes. If the block raises, the archive is as it was before."""
        start, digest, written = self._file.tell(), hashlib.sha256(), 0

        def write(chunk: bytes) -> None:
            nonlocal written
            digest.update(chunk)
            written += self._file.write(chunk)

        try:
            self._file.write(_header(name, size_bytes))
            yield write
            _refuse_other_size(name, size_bytes, written)
            self._file.write(bytes(-written % tarfile.BLOCKSIZE))
        except BaseException:
            self._file.seek(start)
            self._file.truncate()
            raise
        self.members[name] = Member(written, digest.hexdigest())

    def add(self, name: str, content: bytes) -> None:
        with self.member(name, len(content)) as write:
            write(content)

    def add_file(self, name: str, source: IO[bytes]) -> None:
        """Add a file that was written before, from its beginning."""
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        with self.member(name, size) as write:
            while chunk := source.read(CHUNK_BYTES):
                write(chunk)

    def end(self, manifest: Manifest) -> None:
        self.add(NAME, manifest.to_bytes())
        self._file.write(END)


def _refuse_other_size(name: str, expected: int, written: int) -> None:
    if written != expected:
        raise BackupFailed(f"{name} has {written:,} bytes, and the store said {expected:,}. Run `headway doctor`.")


def _header(name: str, size_bytes: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size_bytes, PRIVATE, MADE_AT
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


@contextlib.contextmanager
def new_archive(path: Path, *, force: bool) -> Iterator[ArchiveWriter]:
    """Write an archive beside `path` and put it there, durably, when the block ends; nothing is left if it raises."""
    _refuse_existing(path, force=force)
    draft = path.with_name(f"{path.name}.part")
    # What a killed backup left under this name is written over; a running one holds the lock.
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, PRIVATE)
    with os.fdopen(descriptor, "r+b") as file:
        if not _locked(file, draft):
            raise BackupFailed(f"Another backup is writing {draft}. Wait for its end, or choose another name.")
        try:
            os.fchmod(file.fileno(), PRIVATE)
            file.truncate()
            yield ArchiveWriter(file)
            file.flush()
            os.fsync(file.fileno())
            _refuse_existing(path, force=force)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def _locked(file: IO[bytes], path: Path) -> bool:
    """Lock the file, and say whether that held and the file still has this name: whoever had it may have ended."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _refuse_existing(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise BackupFailed(f"{path} exists already. Choose another name, or write over it with --force.")


class Archive:
    """An archive that was read whole and is as its manifest says."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest, found: dict[str, tarfile.TarInfo]) -> None:
        self.manifest = manifest
        self._tar = tar
        self._found = found

    def names(self, folder: str) -> list[str]:
        """Return the names of the members below a folder, without it."""
        return [name.removeprefix(f"{folder}/") for name in self._found if name.startswith(f"{folder}/")]

    def open(self, name: str) -> IO[bytes]:
        """Return a member's bytes as a file; KeyError if there is none of that name."""
        return _opened(self._tar, self._found[name])

    def chunks(self, name: str) -> Iterator[bytes]:
        with self.open(name) as source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Read an archive whole, compare it with its manifest, and lend it. Raises BackupFailed if anything differs."""
    with contextlib.ExitStack() as stack:
        try:
            # Not "r": a compressed archive would be unpacked again for each member that is looked for.
            tar = stack.enter_context(tarfile.open(path, "r:"))
        except (tarfile.TarError, EOFError) as error:
            raise BackupFailed(f"{path} is no backup ({error}). Name a file that `headway backup` wrote.") from error
        try:
            archive = _verified(tar)
        except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
            raise BackupFailed(
                f"{path} is damaged or incomplete: {error}. Nothing was restored. Take another copy of it."
            ) from error
        yield archive


def _verified(tar: tarfile.TarFile) -> Archive:
    """Raises ValueError and its like for an archive that is not as its manifest says."""
    found: dict[str, tarfile.TarInfo] = {}
    seen: dict[str, Member] = {}
    for info in tar:
        if info.name in found or not info.isreg():
            raise ValueError(f"{info.name} should not be there")
        found[info.name] = info
        if info.name != NAME:
            seen[info.name] = _looked_at(tar, info)
    if NAME not in found:
        raise ValueError("it ends early")
    with _opened(tar, found.pop(NAME)) as source:
        manifest = Manifest.from_bytes(source.read())
    for name in sorted(seen.keys() | manifest.members.keys()):
        if name not in seen:
            raise ValueError(f"{name} is missing")
        if seen[name] != manifest.members.get(name):
            raise ValueError(f"{name} is not what was written")
    return Archive(tar, manifest, found)


def _looked_at(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    digest = hashlib.sha256()
    with _opened(tar, info) as source:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
    return Member(info.size, digest.hexdigest())


def _opened(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    source = tar.extractfile(info)
    if source is None:
        raise ValueError(f"{info.name} has no content")
    return source
