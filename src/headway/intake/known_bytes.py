"""A file of which only some ranges were sent, in their places: what lies between them cannot be read.

Where a format lists what it holds at its end, the beginning alone says nothing; the end, and the beginning of whatever
is in it, say nearly all. A hole is full of zeros, which some formats would take for content, so that reading one is
an error.
"""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Ranges = Sequence[Sequence[int]]
"""First byte and the one behind the last, rising, without touching each other."""


class NotSentError(OSError):
    """These bytes of the file are not here."""


class KnownBytes(io.RawIOBase):
    """Reads the ranges of a file that are known, and raises `NotSentError` where there are none."""

    def __init__(self, path: Path, ranges: Ranges) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._starts = [start for start, _ in ranges]
        self._ends = [end for _, end in ranges]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any, /) -> int:
        at = self._file.tell()
        number = bisect_right(self._starts, at) - 1
        known = self._ends[number] - at if number >= 0 else 0
        if known <= 0 and at < os.fstat(self._file.fileno()).st_size:
            raise NotSentError(f"Byte {at:,} of the file was not sent.")
        return self._file.readinto(memoryview(buffer)[: max(0, known)]) or 0

    def close(self) -> None:
        self._file.close()
        super().close()


def opened(path: Path, ranges: Ranges) -> Path | KnownBytes:
    """Return what to read a file from: itself, if all of it is here."""
    return KnownBytes(path, ranges) if ranges else path


def not_sent(error: BaseException | None) -> bool:
    """Return whether an error comes of bytes that are not here."""
    while error is not None and not isinstance(error, NotSentError):
        error = error.__cause__
    return error is not None
