"""Unpacks a compressed upload into a spool file, counting every byte while it inflates."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from headway.intake.detection import HEAD_BYTES, looks_compressed
from headway.intake.errors import ArchiveBomb, ArchiveCorrupt, ArchiveNested, ArchiveTruncated, UnpackedSizeLimit

MAX_RATIO = 200
RATIO_COUNTS_FROM_BYTES = 64 * 1024 * 1024
"""Beyond so many unpacked bytes, more than 200 times the packed size is taken for a bomb."""

_BLOCK = 1024 * 1024
_FIRST_BLOCK = 512
"""A member may be tiny, and what lies behind it is copied when it ends; so each begins with a small bite."""

ReportUnpacked = Callable[[float], None]
"""Called with the share of the packed bytes that has been read, in 0..1."""


def gunzip(source: Path, target: Path, max_bytes: int, report: ReportUnpacked) -> int:
    """Unpack all members of a gzip file into `target`; return the size in bytes.

    Raises `ArchiveTruncated`, `ArchiveCorrupt`, `ArchiveNested`, `ArchiveBomb` or `UnpackedSizeLimit`.
    """
    size = max(1, source.stat().st_size)
    with source.open("rb") as packed, target.open("wb") as unpacked:
        members = _Members(_Counted(unpacked, max_bytes))
        while block := packed.read(_BLOCK):
            members.feed(block)
            report(min(1.0, packed.tell() / size))
    return members.end()


class _Members:
    """The members of a gzip file, one after another, inflated as their bytes come."""

    def __init__(self, output: _Counted) -> None:
        self._output = output
        self._packed_bytes = 0
        self._inflater = zlib.decompressobj(wbits=31)
        self._count = 0
        self._inside = False
        self._bite = _FIRST_BLOCK

    def feed(self, block: bytes) -> None:
        self._packed_bytes += len(block)
        position = 0
        try:
            while position < len(block):
                bite = block[position : position + self._bite]
                position += len(bite)
                while bite := self._between(bite):
                    bite = self._inflate(bite)
        except zlib.error as error:
            where = f"after {self._output.size:,} unpacked bytes"
            raise ArchiveCorrupt(f"The content does not fit its own check sums or marks {where}.") from error

    def end(self) -> int:
        if self._inside:
            raise ArchiveTruncated(f"The file ends after {self._output.size:,} unpacked bytes, inside its content.")
        return self._output.size

    def _between(self, block: bytes) -> bytes:
        """Skip the zeros with which tapes and disks pad a finished member."""
        return block if self._inside or self._count == 0 else block.lstrip(b"\0")

    def _inflate(self, block: bytes) -> bytes:
        self._inside = True
        self._output.write(self._inflater.decompress(block, _BLOCK), self._packed_bytes)
        if not self._inflater.eof:
            self._bite = min(_BLOCK, 2 * self._bite)
            return self._inflater.unconsumed_tail
        rest, self._bite = self._inflater.unused_data, _FIRST_BLOCK
        self._inflater, self._inside, self._count = zlib.decompressobj(wbits=31), False, self._count + 1
        return rest


class _Counted:
    """Writes unpacked bytes and stops a bomb at the byte that proves it."""

    def __init__(self, file: BinaryIO, max_bytes: int) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._head = b""
        self.size = 0

    def write(self, data: bytes, packed_bytes: int) -> None:
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + data)[:HEAD_BYTES]
            if looks_compressed(self._head):
                raise ArchiveNested("There is another gzip file inside the gzip file.")
        self.size += len(data)
        if self.size > self._max_bytes:
            raise UnpackedSizeLimit(
                f"The file unpacks to more than {self._max_bytes:,} bytes.", max_unpacked_bytes=self._max_bytes
            )
        if self.size > RATIO_COUNTS_FROM_BYTES and self.size > MAX_RATIO * max(1, packed_bytes):
            raise ArchiveBomb(f"{packed_bytes:,} bytes unpack to more than {self.size:,}.")
        self._file.write(data)
