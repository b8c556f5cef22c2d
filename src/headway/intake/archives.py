"""Unpacks a compressed upload into a spool file, counting every byte while it unfolds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from headway.errors import AppError
from headway.intake.codecs import DAMAGE, MAGIC_BYTES, Codec, Decoder, codec_of, told
from headway.intake.errors import ArchiveBomb, ArchiveNested, ArchiveTrailing, ArchiveTruncated, UnpackedSizeLimit

RATIO_COUNTS_FROM_BYTES = 64 * 1024 * 1024
"""Only beyond so many unpacked bytes, how many times the packed size they are tells a bomb."""

_BLOCK = 1024 * 1024
_FIRST_BITE = 512
"""A stream may be tiny, and what lies behind it is copied when it ends; so each begins with a small bite."""

ReportUnpacked = Callable[[float], None]
"""Called with the share of the packed bytes that has been read, in 0..1."""


def unpack(source: Path, target: Path, codec: Codec, max_bytes: int, report: ReportUnpacked) -> int:
    """Unpack all streams of a compressed file into `target`; return the size in bytes.

    Raises `ArchiveTruncated`, `ArchiveCorrupt`, `ArchiveTrailing`, `ArchiveNested`, `ArchiveBomb`, `MemoryLimit` or
    `UnpackedSizeLimit`.
    """
    with target.open("wb") as unpacked:
        output = _Counted(unpacked, Budget(max_bytes, codec.max_ratio))
        _Streams(codec, output).take(source, report)
    return output.size


def unpack_beginning(source: Path, target: Path, codec: Codec, length: int) -> bool:
    """Unpack about so many bytes, as far as they are sound; say whether that is all that there is.

    What is wrong with a file is for whoever unpacks the whole to say.
    """
    with target.open("wb") as unpacked:
        try:
            _Streams(codec, _Beginning(unpacked, length)).take(source, lambda _share: None)
        except (_EnoughError, AppError):
            return False
    return True


class _Output(Protocol):
    size: int

    def write(self, data: bytes, packed_bytes: int, /) -> None: ...


class _Streams:
    """The streams of a compressed file, one after another, unpacked as their bytes come."""

    def __init__(self, codec: Codec, output: _Output) -> None:
        self._codec = codec
        self._output = output
        self._packed_bytes = 0
        self._decoder: Decoder | None = codec.new()
        self._waiting = b""
        self._bite = _FIRST_BITE

    def take(self, source: Path, report: ReportUnpacked) -> None:
        """Unpack a file to its end."""
        size = max(1, source.stat().st_size)
        with source.open("rb") as packed:
            while block := packed.read(_BLOCK):
                for bite in self._bites(block):
                    self._feed(bite)
                report(min(1.0, packed.tell() / size))
        self._end()

    def _bites(self, block: bytes) -> Iterator[bytes]:
        position = 0
        while position < len(block):
            bite = block[position : position + self._bite]
            position += len(bite)
            self._packed_bytes += len(bite)
            yield bite

    def _feed(self, bite: bytes) -> None:
        while bite:
            bite = self._inside(self._decoder, bite) if self._decoder is not None else self._between(bite)

    def _inside(self, decoder: Decoder, block: bytes) -> bytes:
        """Unpack a bite; return what of it lies behind the end of the stream."""
        try:
            while True:
                self._output.write(decoder.decompress(block, _BLOCK), self._packed_bytes)
                if decoder.eof:
                    self._decoder = None
                    return decoder.unused_data
                if decoder.needs_input:
                    self._bite = min(_BLOCK, 2 * self._bite)
                    return b""
                block = b""
        except DAMAGE as error:
            raise told(error, self._codec, self._output.size) from error

    def _between(self, block: bytes) -> bytes:
        """Begin the next stream behind one that ended; zeros are skipped, with which tapes and disks pad."""
        block, self._waiting = (self._waiting + block).lstrip(b"\0"), b""
        if len(block) < MAGIC_BYTES:
            self._waiting = block
            return b""
        return self._begin(block)

    def _begin(self, block: bytes) -> bytes:
        if not self._codec.magic.match(block):
            raise ArchiveTrailing(
                f"The compressed content ends after {self._output.size:,} unpacked bytes; what follows is no more of it."
            )
        self._decoder, self._bite = self._codec.new(), _FIRST_BITE
        return block

    def _end(self) -> None:
        while self._waiting:
            rest, self._waiting = self._waiting, b""
            self._feed(self._begin(rest))
        if self._decoder is not None:
            raise ArchiveTruncated(f"The file ends after {self._output.size:,} unpacked bytes, inside its content.")


class Budget:
    """Counts what unpacks, and stops a bomb at the byte that proves it."""

    def __init__(self, max_bytes: int, max_ratio: int) -> None:
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self.size = 0

    def spend(self, unpacked_bytes: int, packed_bytes: int) -> None:
        """Count more bytes; `packed_bytes` is what all of them came from. Raises `ArchiveBomb` or a limit."""
        self.size += unpacked_bytes
        if self.size > self._max_bytes:
            raise UnpackedSizeLimit(
                f"The file unpacks to more than {self._max_bytes:,} bytes.", max_unpacked_bytes=self._max_bytes
            )
        if self.size > RATIO_COUNTS_FROM_BYTES and self.size > self._max_ratio * max(1, packed_bytes):
            raise ArchiveBomb(f"{packed_bytes:,} bytes unpack to more than {self.size:,}.")


class _Counted:
    """Writes unpacked bytes, as many as may be."""

    def __init__(self, file: BinaryIO, budget: Budget) -> None:
        self._file = file
        self._budget = budget
        self._head = b""
        self.size = 0

    def write(self, data: bytes, packed_bytes: int, /) -> None:
        if len(self._head) < MAGIC_BYTES:
            self._head = (self._head + data)[:MAGIC_BYTES]
            if inner := codec_of(self._head):
                raise ArchiveNested(f"Inside of what is compressed, there is a file compressed with {inner.name}.")
        self._budget.spend(len(data), packed_bytes)
        self.size += self._file.write(data)


class _EnoughError(Exception):
    """As much is unpacked as was asked for."""


class _Beginning:
    """Writes unpacked bytes until there are enough of them."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._length = length
        self.size = 0

    def write(self, data: bytes, _packed_bytes: int, /) -> None:
        self.size += self._file.write(data[: self._length - self.size])
        if self.size >= self._length:
            raise _EnoughError
