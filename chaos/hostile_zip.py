"""Writes zip containers field by field, so that each field may lie."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from typing import Any

from chaos.hostile_file import Deflated, deflate

STORED, DEFLATED = 0, 8
ENCRYPTED, HAS_DESCRIPTOR, IS_UTF8 = 1, 8, 0x800
SYMLINK = 0o120777 << 16

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")


@dataclass(frozen=True)
class Entry:
    """A member. The sizes are those that its headers claim; None is the truth."""

    name: bytes
    packed: Deflated
    method: int = DEFLATED
    flags: int = 0
    attributes: int = 0
    extra: bytes = b""
    local_size: int | None = None
    central_size: int | None = None
    local_packed_size: int | None = None
    central_packed_size: int | None = None
    central_crc: int | None = None
    central_offset: int | None = None
    local_name: bytes | None = None

    def local(self) -> bytes:
        name = self.name if self.local_name is None else self.local_name
        header = _LOCAL.pack(
            b"PK\x03\x04",
            20,
            self.flags,
            self.method,
            0,
            0x21,
            self.packed.crc,
            _either(self.local_packed_size, len(self.packed.data)),
            _either(self.local_size, self.packed.size),
            len(name),
            len(self.extra),
        )
        return header + name + self.extra + self.packed.data

    def central(self, offset: int) -> bytes:
        header = _CENTRAL.pack(
            b"PK\x01\x02",
            (3 << 8) | 20,
            20,
            self.flags,
            self.method,
            0,
            0x21,
            _either(self.central_crc, self.packed.crc),
            _either(self.central_packed_size, len(self.packed.data)),
            _either(self.central_size, self.packed.size),
            len(self.name),
            len(self.extra),
            0,
            0,
            0,
            self.attributes,
            _either(self.central_offset, offset),
        )
        return header + self.name + self.extra


def _either(claimed: int | None, true: int) -> int:
    return true if claimed is None else claimed


@dataclass(frozen=True)
class Container:
    """A zip file. The counts and places in its end record are the claimed ones; None is the truth."""

    entries: list[Entry]
    before: bytes = b""
    after: bytes = b""
    comment: bytes = b""
    entry_count: int | None = None
    directory_offset: int | None = None
    directory_size: int | None = None
    counts_junk: bool = False
    """Whether the offsets count what stands before the first member, as an honest polyglot's do."""

    def to_bytes(self) -> bytes:
        body = [self.before]
        at = len(self.before) if self.counts_junk else 0
        central = []
        for entry in self.entries:
            local = entry.local()
            body.append(local)
            central.append(entry.central(at))
            at += len(local)
        directory = b"".join(central)
        count = _either(self.entry_count, min(len(self.entries), 0xFFFF))
        size, offset = _either(self.directory_size, len(directory)), _either(self.directory_offset, at)
        end = _END.pack(b"PK\x05\x06", 0, 0, count, count, size, offset, len(self.comment))
        return b"".join([*body, directory, end, self.comment, self.after])


def member(name: str | bytes, content: bytes | Deflated, **claims: Any) -> Entry:
    """Return an honest member, but for what is claimed otherwise."""
    raw = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
    packed = content if isinstance(content, Deflated) else deflate(content)
    entry = Entry(raw, packed, flags=0 if raw.isascii() else IS_UTF8)
    return replace(entry, **claims) if claims else entry


def stored(name: str, content: bytes) -> Entry:
    """Return a member that is not compressed."""
    crc = deflate(content).crc
    return Entry(name.encode(), Deflated(content, len(content), crc), method=STORED)


def overlapping(content: bytes, names: list[str]) -> bytes:
    """Return a container whose members all unpack from the same bytes (after D. Fifield, 2019).

    Each member quotes the local headers of the ones behind it in stored deflate blocks, then runs into the kernel.
    """
    kernel = deflate(content)
    entries: list[tuple[Entry, int]] = []
    packed, quoted, chain = kernel.data, b"", b""
    # From the last member to the first: what is already there is the tail of each new one.
    for name in reversed(names):
        made = Deflated(packed, len(quoted) + kernel.size, zlib.crc32(content, zlib.crc32(quoted)))
        entry = Entry(name.encode(), made)
        chain = entry.local()
        entries.append((entry, len(chain)))
        header = chain[: len(chain) - len(packed)]
        packed = b"\x00" + struct.pack("<HH", len(header), len(header) ^ 0xFFFF) + chain
        quoted = header + quoted
    directory = b"".join(entry.central(len(chain) - length) for entry, length in reversed(entries))
    end = _END.pack(b"PK\x05\x06", 0, 0, len(names), len(names), len(directory), len(chain), 0)
    return chain + directory + end
