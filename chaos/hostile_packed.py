"""Files compressed with zstd, bzip2 and xz that unpack to far too much, are damaged, or are not whole."""

from __future__ import annotations

import bz2
import lzma
import struct
import sys
from collections.abc import Callable
from functools import partial

from chaos.hostile_file import IMPORTS, MIB, HostileFile, Shelf, repeated

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TABLE = b"id,name,day\n" + b"".join(b"%d,abc,2024-05-06\n" % number for number in range(500))
_BOMB = ("archive.bomb", "limit.unpacked_size")
_DAMAGED = ("archive.corrupt", "archive.truncated", "archive.trailing")


def _checked_zstd(content: bytes) -> bytes:
    return zstd.compress(content, options={zstd.CompressionParameter.checksum_flag: 1})


_WAYS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "zstd": ("zst", _checked_zstd),
    "bzip2": ("bz2", bz2.compress),
    "xz": ("xz", partial(lzma.compress, preset=1)),
}


def hostile_packed(seed: int) -> list[HostileFile]:
    return [file for way in _WAYS for file in (*_damage(way, seed), *_bombs(way, seed))] + _zstd_only(seed)


def _damage(way: str, seed: int) -> list[HostileFile]:
    suffix, pack = _WAYS[way]
    shelf = Shelf(f"{way}-damage", seed)
    whole, more = pack(TABLE), pack(b"9,z,2024-01-01\n" * 50)
    random = shelf.random("flip")

    def add(label: str, content: bytes, *may: str) -> None:
        shelf.add(label, f"{label}.csv.{suffix}", content, *may)

    for share in (0.3, 0.6, 0.95):
        add(f"cut-at-{share * 100:.0f}-percent", whole[: int(len(whole) * share)], "archive.truncated")
    add("signature-only", whole[:10], *_DAMAGED)
    add("streams-joined", whole + more, IMPORTS)
    add("streams-joined-second-cut", whole + more[:-5], "archive.truncated")
    add("streams-of-nothing", pack(b"") * 1_000, "format.empty")
    add("garbage-behind", whole + b"and something else", "archive.trailing")
    add("zeros-behind", whole + bytes(5_000), IMPORTS)
    add("other-way-behind", whole + b"\x1f\x8b\x08\x00" + bytes(20), "archive.trailing")
    add("random-behind-the-signature", whole[:10] + random.randbytes(9_000), *_DAMAGED)
    add("packed-twice", pack(whole), "archive.nested")
    for number in range(4):
        place = random.randrange(12, len(whole))
        bent = whole[:place] + bytes([whole[place] ^ (1 << random.randrange(8))]) + whole[place + 1 :]
        # A bit of padding or of the header may be free.
        add(f"bit-flipped-{number}", bent, *_DAMAGED, "limit.memory", "format.archive", IMPORTS)
    return shelf.files


def _bombs(way: str, seed: int) -> list[HostileFile]:
    suffix, pack = _WAYS[way]
    shelf = Shelf(f"{way}-bomb", seed)
    header = pack(b"a,b\n")
    rows, zeros = partial(pack, b"1,x\n" * (8 * MIB)), partial(pack, bytes(32 * MIB))
    name = f"bomb.csv.{suffix}"
    shelf.add("rows-of-2-gb", name, lambda: [header, *repeated(rows(), 64)], *_BOMB)
    shelf.add("zeros-of-2-gb", name, lambda: repeated(zeros(), 64), *_BOMB, "format.")
    return shelf.files


def _zstd_only(seed: int) -> list[HostileFile]:
    shelf = Shelf("zstd-frame", seed)
    whole = _checked_zstd(TABLE)
    note = b"\x5a\x2a\x4d\x18" + struct.pack("<L", 5) + b"notes"
    wide = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 30})
    words = zstd.train_dict([b"hello world %d" % number * 20 for number in range(1000)], 1000)
    shelf.add("notes-around", "notes.csv.zst", note + whole + note, IMPORTS)
    shelf.add("notes-only", "only.csv.zst", note * 3, "format.empty")
    shelf.add("note-longer-than-the-file", "long.csv.zst", note[:4] + b"\xff" * 4 + whole, "archive.truncated")
    shelf.add("window-of-1-gb", "wide.csv.zst", wide.compress(TABLE) + wide.flush(), "limit.memory")
    shelf.add("dictionary", "words.csv.zst", zstd.compress(TABLE, zstd_dict=words), "format.archive")
    return shelf.files
