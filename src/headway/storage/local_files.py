"""What every kind of writing into a local folder needs: what its errors mean, and folders that survive a power cut."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from headway.errors import AppError
from headway.kit.files import sync_folder
from headway.storage.errors import ObjectMissing, StoreFull, StoreUnavailable


@contextlib.contextmanager
def translated(key: str = "") -> Iterator[None]:
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


def make_folder(folder: Path) -> None:
    """Create a folder and its parents so that they survive a power cut: each one is synced into its parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
