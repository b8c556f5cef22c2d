"""What killed writers leave in a store and no listing shows: unfinished files and empty folders."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from headway.storage.local import TEMPORARY
from headway.storage.store import HasLocalFiles, ObjectInfo, ObjectStore

LIFECYCLE_NOTE = (
    "An S3 store shows nobody the parts of uploads that were never completed: give the bucket a lifecycle rule that "
    "aborts incomplete multipart uploads after a day (AbortIncompleteMultipartUpload)."
)


def folder_of(store: ObjectStore) -> Path | None:
    """Return the folder that a store of local files keeps its objects in, None for other stores."""
    place = store.local_path("x") if isinstance(store, HasLocalFiles) else None
    return place.parent if place is not None else None


def unfinished_files(root: Path) -> Iterator[ObjectInfo]:
    """Yield the files that are being written or were left half-written; a key is a path below `root`."""
    for path in (*_entries(root / TEMPORARY), *root.glob(".*.checkup")):
        with contextlib.suppress(FileNotFoundError):
            found = path.stat()
            if stat.S_ISREG(found.st_mode):
                yield _info(root, path, found.st_size, found.st_mtime)


def is_held(path: Path) -> bool:
    """Say whether a living writer holds an unfinished file. Where files cannot be locked, only its age can tell."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def empty_folders(root: Path, prefix: str) -> Iterator[ObjectInfo]:
    """Yield the folders below a prefix that hold nothing at all."""
    for path in _entries(root / prefix):
        if path.is_symlink() or not path.is_dir():
            continue
        with contextlib.suppress(FileNotFoundError):
            if next(_entries(path), None) is None:
                yield _info(root, path, 0, path.stat().st_mtime)
            else:
                yield from empty_folders(root, path.relative_to(root).as_posix())


def remove_folder(root: Path, key: str) -> bool:
    """Remove an empty folder, and those around it that are empty then; say whether there was one.

    The system refuses where a file has come meanwhile. The first folder of a key is shared by all and stays.
    """
    path, removed = root / key, False
    while path.parent not in {root, path}:
        try:
            path.rmdir()
        except OSError:
            break
        path, removed = path.parent, True
    return removed


def _entries(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    yield from (folder / name for name in names)


def _info(root: Path, path: Path, size_bytes: int, modified: float) -> ObjectInfo:
    return ObjectInfo(path.relative_to(root).as_posix(), size_bytes, datetime.fromtimestamp(modified, UTC))
