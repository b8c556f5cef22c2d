"""How single files are compressed: what each way begins with, and what unpacks it piece by piece within bounds."""

from __future__ import annotations

import bz2
import lzma
import re
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from headway.errors import AppError
from headway.intake.errors import ArchiveCorrupt, FormatArchive, MemoryLimit

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_WINDOW_LOG = 27
MAX_WINDOW_BYTES = 1 << _WINDOW_LOG
"""Of memory for what was unpacked before. `xz -9` needs 65 MB, zstd 128 MB at most unless it was asked for more."""

DAMAGE = (zlib.error, OSError, lzma.LZMAError, zstd.ZstdError)
"""What the decoders raise; that of bzip2 has no error of its own."""


class Decoder(Protocol):
    """Unpacks one stream. `decompress(b"", limit)` goes on where `needs_input` is false."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Codec:
    """One way to compress a file. `max_ratio` is beyond what honest tables reach."""

    name: str
    magic: re.Pattern[bytes]
    suffixes: tuple[str, ...]
    new: Callable[[], Decoder]
    max_ratio: int


class _Gzip:
    """zlib's decoder with the manners of the others."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(wbits=31)
        self._is_full = False

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        unpacked = self._inflater.decompress(self._inflater.unconsumed_tail + data, max_length)
        self._is_full = len(unpacked) == max_length
        return unpacked

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def needs_input(self) -> bool:
        # It may have taken in all of the input and still hold output back for which there was no room.
        return not self._inflater.unconsumed_tail and not self._is_full

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data


def _xz() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_WINDOW_BYTES)


def _zstd() -> Decoder:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


_ZSTD_FRAME = rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"
"""A frame, or one that holds no content: parallel writers begin or end with such."""

CODECS = (
    Codec("gzip", re.compile(rb"\x1f\x8b"), (".gz", ".gzip"), _Gzip, 200),
    Codec("zstd", re.compile(_ZSTD_FRAME), (".zst", ".zstd"), _zstd, 2_000),
    Codec("bzip2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"), (".bz2",), bz2.BZ2Decompressor, 2_000),
    Codec("xz", re.compile(rb"\xfd7zXZ\x00"), (".xz",), _xz, 2_000),
)
"""Equal rows pack 1 to 1,000 with gzip at best, and far better with the others; of real tables none comes near."""

PACKED_SUFFIXES = frozenset(suffix for codec in CODECS for suffix in codec.suffixes)

MAGIC_BYTES = 10
"""The longest of the signatures."""


def codec_of(head: bytes) -> Codec | None:
    """Return how a file that begins so is compressed as a whole."""
    return next((codec for codec in CODECS if codec.magic.match(head)), None)


def told(error: Exception, codec: Codec, unpacked_bytes: int) -> AppError:
    """Return what a failure of a decoder means for the person who sent the file."""
    said = str(error).lower()
    if "memory" in said:
        return MemoryLimit(
            f"The file was compressed with {codec.name} in a way that needs more than"
            f" {MAX_WINDOW_BYTES // 1024**2} MB of memory to unpack."
        )
    if "dictionary" in said:
        return FormatArchive(f"The file was compressed with {codec.name} and a dictionary, which is not in it.")
    return ArchiveCorrupt(
        f"The content does not fit its own check sums or marks after {unpacked_bytes:,} unpacked bytes."
    )
