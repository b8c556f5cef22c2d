"""The file that is being written: it counts its bytes, and stops where a file of a job has to."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from headway.exports.errors import ExportTooLarge


class Output:
    """A file to write to, also for libraries that want one with `tell` and `flush`."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._bytes = 0
        self._file = path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    @property
    def closed(self) -> bool:
        return self._file.closed

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: bytes | memoryview) -> int:
        """Take the next bytes. Raises `ExportTooLarge` before the first one over the limit."""
        size = memoryview(data).nbytes
        self._bytes += size
        if self._bytes > self._max_bytes:
            raise ExportTooLarge(f"A file of a job may have {self._max_bytes:,} bytes.", max_bytes=self._max_bytes)
        self._file.write(data)
        return size

    def tell(self) -> int:
        return self._bytes

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()
