"""The container of old Excel workbooks and of encrypted new ones, with a single level of streams."""

from __future__ import annotations

import struct

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_SMALLEST = 4_096
"""A shorter stream would lie in the container's container of small streams, which is not written here."""


def container(streams: dict[str, bytes], *, loop: bool = False) -> bytes:
    """Return a compound file. With `loop` the chain of sectors of every stream bites its own tail."""
    table = [_FAT, _END]
    sectors, entries = [], [_entry("Root Entry", 5, _END, 0, child=1)]
    for number, (name, content) in enumerate(streams.items(), start=1):
        padded = content.ljust(max(_SMALLEST, -(-len(content) // _SECTOR) * _SECTOR), b"\0")
        first, count = len(table), len(padded) // _SECTOR
        table += [*range(first + 1, first + count), first if loop else _END]
        sectors.append(padded)
        entries.append(_entry(name, 2, first, len(padded), right=number + 1 if number < len(streams) else _FREE))
    directory = b"".join(entries).ljust(_SECTOR, b"\0")
    fat = struct.pack(f"<{len(table)}L", *table).ljust(_SECTOR, b"\xff")
    return _header() + fat[:_SECTOR] + directory[:_SECTOR] + b"".join(sectors)


def _header() -> bytes:
    fixed = struct.pack("<8s16x5H6x9L", SIGNATURE, 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, _SMALLEST, _END, 0, _END, 0)
    return (fixed + struct.pack("<L", 0)).ljust(_SECTOR, b"\xff")


def _entry(name: str, kind: int, first: int, size: int, *, child: int = _FREE, right: int = _FREE) -> bytes:
    written = name.encode("utf-16-le")
    place = struct.pack("<HBB3L", len(written) + 2, kind, 1, _FREE, right, child)
    return written.ljust(64, b"\0") + place + bytes(36) + struct.pack("<LQ", first, size)


def record(kind: int, content: bytes = b"", length: int | None = None) -> bytes:
    """Return a BIFF record; `length` is the claimed one, None the truth."""
    return struct.pack("<HH", kind, len(content) if length is None else length) + content


def biff(cells: bytes, *, before: bytes = b"", sheet_at: int | None = None) -> bytes:
    """Return a BIFF8 workbook with one sheet that holds these records; `before` stands before its list of sheets."""
    begin = record(0x0809, struct.pack("<4H2L", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    end = record(0x000A)
    place = len(begin) + len(before) + 4 + 9 + len(end) if sheet_at is None else sheet_at
    bound = record(0x0085, struct.pack("<LBBBB", place, 0, 0, 1, 0) + b"s")
    sheet = record(0x0809, struct.pack("<4H2L", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    return begin + before + bound + end + sheet + cells + end


def number(row: int, column: int, value: float) -> bytes:
    """Return the record of a numeric cell."""
    return record(0x0203, struct.pack("<3Hd", row, column, 0, value))
