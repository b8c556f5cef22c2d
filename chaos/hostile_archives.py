"""Gzip files and zip archives that unpack to far too much, lie about themselves, or are not whole."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from chaos.hostile_file import IMPORTS, MIB, Deflated, HostileFile, Shelf, deflate, repeated
from chaos.hostile_zip import (
    ENCRYPTED,
    HAS_DESCRIPTOR,
    SYMLINK,
    Container,
    Entry,
    member,
    overlapping,
    stored,
)

TABLE = b"id,name,day\n" + b"".join(b"%d,abc,2024-05-06\n" % number for number in range(500))
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
_DAMAGED = ("archive.corrupt", "archive.truncated", "archive.trailing")
_BOMB = ("archive.bomb", "limit.unpacked_size")
_ZIP = ("archive.", IMPORTS)


def hostile_archives(seed: int) -> list[HostileFile]:
    return [*_gzip_bombs(seed), *_gzip_damage(seed), *_gzip_headers(seed), *_zip_bombs(seed), *_zip_lies(seed)]


# ------------------------------------------------------------------------------------------------------- gzip


def gzip_of(content: bytes | Deflated, *, header: bytes = _HEADER, size: int | None = None) -> bytes:
    """Return a gzip member. `size` is the length that its end claims; None is the truth."""
    packed = content if isinstance(content, Deflated) else deflate(content)
    claimed = (packed.size if size is None else size) % 2**32
    return header + packed.data + struct.pack("<LL", packed.crc, claimed)


def _gzip_bombs(seed: int) -> list[HostileFile]:
    shelf = Shelf("gzip-bomb", seed)
    shelf.add("zeros-of-2-gb", "zeros.csv.gz", lambda: gzip_of(deflate(b"", bytes(MIB), 2048)), *_BOMB, "format.")
    shelf.add("rows-of-2-gb", "rows.csv.gz", lambda: gzip_of(_rows(2048)), *_BOMB)
    shelf.add("newlines-of-2-gb", "newlines.csv.gz", lambda: gzip_of(deflate(b"", b"\n" * MIB, 2048)), *_BOMB)
    shelf.add("brackets-of-2-gb", "deep.json.gz", lambda: gzip_of(deflate(b"", b"[" * MIB, 2048)), *_BOMB)
    shelf.add("rows-of-300-mb-under-the-ratio", "calm.csv.gz", lambda: _calm(shelf), IMPORTS, "limit.", "archive.bomb")
    shelf.add("three-layers", "three.csv.gz", lambda: gzip_of(gzip_of(gzip_of(_rows(64)))), "archive.nested", *_BOMB)
    shelf.add("bomb-in-a-member-behind-others", "late.csv.gz", lambda: gzip_of(TABLE) * 3 + gzip_of(_rows(512)), *_BOMB)
    shelf.add("members-100000", "members.csv.gz", lambda: repeated(gzip_of(b"1,2\n"), 100_000), IMPORTS, *_BOMB)
    shelf.add(
        "members-of-nothing-1-million",
        "nothing.gz",
        lambda: repeated(gzip_of(b""), 1_000_000),
        "format.empty",
        "format.blank",
    )
    shelf.add("zip-inside", "zip.csv.gz", lambda: gzip_of(Container([member("a.csv", TABLE)]).to_bytes()), IMPORTS)
    return shelf.files


def _rows(megabytes: int) -> Deflated:
    return deflate(b"a,b\n", b"1,x\n" * (MIB // 4), megabytes)


def _calm(shelf: Shelf) -> bytes:
    """Return a file that unpacks to a hundred times its size, which is still honest."""
    random = shelf.random("calm")
    words = [b"%x" % random.getrandbits(200) for _ in range(64)]
    block = b"".join(b"%d,%b\n" % (number % 10, words[number % 64]) for number in range(MIB // 53))
    return gzip_of(deflate(b"n,word\n", block, 300))


def _gzip_damage(seed: int) -> list[HostileFile]:
    shelf = Shelf("gzip-damage", seed)
    whole = gzip_of(TABLE)
    random = shelf.random("flip")
    for share in (0.1, 0.5, 0.99):
        cut = whole[: int(len(whole) * share)]
        shelf.add(f"cut-at-{share * 100:.0f}-percent", "cut.csv.gz", cut, "archive.truncated")
    shelf.add("cut-inside-its-end", "end.csv.gz", whole[:-4], "archive.truncated")
    shelf.add("header-only", "header.csv.gz", _HEADER, "archive.truncated")
    shelf.add("two-bytes", "two.csv.gz", whole[:2], "archive.truncated")
    shelf.add("lying-length", "length.csv.gz", gzip_of(TABLE, size=7), "archive.corrupt")
    shelf.add("lying-length-huge", "huge.csv.gz", gzip_of(TABLE, size=2**32 - 1), "archive.corrupt")
    shelf.add("wrong-check-sum", "crc.csv.gz", whole[:-8] + bytes(4) + whole[-4:], "archive.corrupt")
    shelf.add("members-joined", "joined.csv.gz", whole + gzip_of(b"9,z,2024-01-01\n" * 50), IMPORTS)
    shelf.add("members-joined-second-cut", "second.csv.gz", whole + whole[:40], "archive.truncated")
    shelf.add("garbage-behind", "garbage.csv.gz", whole + b"and more", *_DAMAGED)
    shelf.add("zeros-behind", "tape.csv.gz", whole + bytes(5_000), IMPORTS)
    shelf.add("zeros-and-garbage-behind", "tape-junk.csv.gz", whole + bytes(500) + b"x", *_DAMAGED)
    shelf.add("unknown-method", "method.csv.gz", whole[:2] + b"\x07" + whole[3:], "archive.corrupt")
    shelf.add("reserved-flags", "flags.csv.gz", whole[:3] + b"\xe0" + whole[4:], "archive.corrupt", IMPORTS)
    shelf.add("random-behind-the-signature", "random.csv.gz", b"\x1f\x8b" + random.randbytes(9_000), "archive.corrupt")
    for number in range(5):
        place = random.randrange(20, len(whole) - 8)
        bent = whole[:place] + bytes([whole[place] ^ (1 << random.randrange(8))]) + whole[place + 1 :]
        shelf.add(f"bit-flipped-{number}", "bent.csv.gz", bent, *_DAMAGED)
    return shelf.files


def _gzip_headers(seed: int) -> list[HostileFile]:
    shelf = Shelf("gzip-header", seed)
    fields = {
        "extra-of-64-kb": b"\x04" + bytes(6) + b"\xff\xff" + bytes(0xFFFF),
        "name-of-20-mb": b"\x08" + bytes(6) + b"n" * (20 * MIB) + b"\x00",
        "name-of-traversal": b"\x08" + bytes(6) + b"../../../etc/passwd\x00",
        "comment-of-20-mb": b"\x10" + bytes(6) + b"c" * (20 * MIB) + b"\x00",
    }
    for label, field in fields.items():
        shelf.add(label, "fields.csv.gz", partial(gzip_of, TABLE, header=_HEADER[:3] + field), IMPORTS)
    endless = _HEADER[:3] + b"\x08" + bytes(6)
    shelf.add("name-without-end", "endless.gz", lambda: [endless, *repeated(b"n" * MIB, 20)], *_DAMAGED)
    checked = _HEADER[:3] + b"\x02" + bytes(6)
    shelf.add(
        "wrong-header-check-sum", "hcrc.csv.gz", gzip_of(TABLE, header=checked + b"\x12\x34"), "archive.", IMPORTS
    )
    return shelf.files


# -------------------------------------------------------------------------------------------------------- zip


def _zip_bombs(seed: int) -> list[HostileFile]:
    shelf = Shelf("zip-bomb", seed)

    def add(label: str, *entries: Entry) -> None:
        shelf.add(label, f"{label}.zip", lambda: Container(list(entries)).to_bytes(), *_ZIP)

    shelf.add("zeros-of-2-gb", "zeros.zip", lambda: _zip("a.csv", deflate(b"", bytes(MIB), 2048)), *_ZIP)
    shelf.add("members-100000", "many.zip", lambda: _many(100_000), *_ZIP)
    shelf.add("members-65535-of-empty-names", "empty.zip", lambda: _many(65_535, ""), *_ZIP)
    names = [f"f{number}.csv" for number in range(250)]
    shelf.add("overlapping", "overlap.zip", lambda: overlapping(bytes(4 * MIB), names), *_ZIP)
    shelf.add("nested-10-deep", "nested.zip", lambda: _nested(10), *_ZIP)
    add("quine-like", member("r.zip", Container([member("r.zip", b"PK\x05\x06" + bytes(18))]).to_bytes()))
    return shelf.files


def _zip(name: str, content: bytes | Deflated) -> bytes:
    return Container([member(name, content)]).to_bytes()


def _many(count: int, name: str = "{}.csv") -> bytes:
    empty = deflate(b"")
    return Container([Entry(name.format(number).encode(), empty) for number in range(count)]).to_bytes()


def _nested(levels: int) -> bytes:
    inner = TABLE
    for level in range(levels):
        inner = Container([member(f"{copy}-{level}.zip", inner) for copy in range(4)]).to_bytes()
    return inner


def _zip_lies(seed: int) -> list[HostileFile]:
    shelf = Shelf("zip-lie", seed)

    def add(label: str, made: Container, *may: str) -> None:
        shelf.add(label, f"{label}.zip", made.to_bytes, *(may or _ZIP))

    honest = member("a.csv", TABLE)
    add("no-member", Container([]), "archive.no_table")
    add("local-size", Container([replace(honest, local_size=5)]))
    add("central-size", Container([replace(honest, central_size=2**32 - 2)]))
    add("packed-size", Container([replace(honest, central_packed_size=2**31)]))
    add("offset-beyond-the-end", Container([replace(honest, central_offset=2**31)]))
    add("check-sum", Container([replace(honest, central_crc=1)]))
    add("names-differ", Container([replace(honest, local_name=b"b.exe")]))
    add("encrypted", Container([replace(honest, flags=ENCRYPTED)]))
    add("unknown-method", Container([replace(honest, method=77)]))
    add("descriptor-without-one", Container([replace(honest, flags=HAS_DESCRIPTOR, local_size=0)]))
    add("symlink", Container([replace(stored("a.csv", b"/etc/passwd"), attributes=SYMLINK)]))
    add("same-name-twice", Container([honest, member("a.csv", b"x\n1\n")]))
    add("junk-before", Container([honest], before=b"#!/bin/sh\n" * 50), *_ZIP, "format.", IMPORTS, "csv.", "encoding.")
    add("junk-behind", Container([honest], after=b"x" * 70_000))
    add("comment-of-64-kb", Container([honest], comment=b"PK\x05\x06" * 16_383))
    add("count-too-large", Container([honest], entry_count=60_000))
    add("count-too-small", Container([honest] * 5, entry_count=1))
    add("directory-beyond-the-end", Container([honest], directory_offset=2**32 - 2))
    add("directory-size-huge", Container([honest], directory_size=2**32 - 2))
    shelf.add("cut-in-the-directory", "cut.zip", Container([honest]).to_bytes()[:-30], *_ZIP)
    shelf.add("cut-in-a-member", "cut-early.zip", Container([honest]).to_bytes()[:100], *_ZIP)
    shelf.add("end-record-only-cut", "end.zip", b"PK\x05\x06" + bytes(5), *_ZIP, "format.")
    shelf.add("extra-field-cut", "extra.zip", Container([replace(honest, extra=b"\x01\x00\xff\xff")]).to_bytes(), *_ZIP)
    for label, content in _zip64(honest):
        shelf.add(label, f"{label}.zip", content, *_ZIP)
    add("hidden-ones-only", Container([member("__MACOSX/._a.csv", TABLE), member(".b.csv", TABLE)]), "archive.no_table")
    add("pictures-only", Container([member("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(99))]), "archive.no_table")
    add("gzip-in-it", Container([member("a.csv.gz", gzip_of(TABLE))]), IMPORTS)
    add("gzip-in-gzip-in-it", Container([member("a.gz", gzip_of(gzip_of(TABLE)))]), "archive.nested")
    add("gzip-bomb-in-it", Container([member("a.csv.gz", gzip_of(_rows(512)))]), *_BOMB)
    add("strong-encryption", Container([replace(honest, flags=ENCRYPTED | 0x2040, method=99)]), "archive.encrypted")
    add("deflate64", Container([replace(honest, method=9)]), "archive.method")
    for label, name in _MEMBER_NAMES.items():
        add(f"name-{label}", Container([member(name, TABLE)]))
    return shelf.files


_MEMBER_NAMES: dict[str, str | bytes] = {
    "traversal": "../../../../etc/passwd",
    "absolute": "/etc/passwd",
    "drive": "C:\\Windows\\system32\\a.csv",
    "backslashes": "..\\..\\a.csv",
    "nul": b"a.csv\x00.exe",
    "of-4-kb": "n" * 4_096,
    "of-64-kb": "n" * 65_535,
    "rtl": "gpj.\u202evsc.csv",
    "not-utf-8": b"\xff\xfe\x80.csv",
    "line-ends": "a\r\nSet-Cookie: x=1\r\n.csv",
    "markup": "<img src=x onerror=alert(1)>.csv",
    "empty": "",
    "dots": "..",
}


def _zip64(honest: Entry) -> Iterator[tuple[str, bytes]]:
    """Yield containers with the 64-bit records, which say what they should not."""
    local = honest.local()
    sizes = struct.pack("<HHQQ", 1, 16, 2**63, 2**63)
    central = replace(honest, extra=sizes, central_size=2**32 - 1, central_packed_size=2**32 - 1).central(0)
    yield "zip64-sizes-huge", local + central + _ends(len(local), len(central), 1)
    plain = honest.central(0)
    yield "zip64-count-huge", local + plain + _ends(len(local), len(plain), 2**63)
    yield "zip64-offset-huge", local + plain + _ends(2**63, len(plain), 1)
    yield "zip64-locator-astray", local + plain + _ends(len(local), len(plain), 1, locator=2**62)
    missing = replace(honest, central_size=2**32 - 1).central(0)
    yield "zip64-extra-missing", local + missing + _ends(len(local), len(missing), 1)


def _ends(offset: int, size: int, count: int, locator: int | None = None) -> bytes:
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    place = offset + size if locator is None else locator
    finder = struct.pack("<4sLQL", b"PK\x06\x07", 0, place % 2**64, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    return record + finder + end
