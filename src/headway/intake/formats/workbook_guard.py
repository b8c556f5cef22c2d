"""Looks through an Excel workbook before the reader does, because the reader builds every sheet as a full grid.

A file of 5 KB with one cell in each of two opposite corners would make it reserve seventeen billion cells,
which ends the process. The guard streams every member of the zip, counts what unpacks, and measures each grid.
"""

from __future__ import annotations

import codecs
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from headway.intake.errors import (
    ArchiveBomb,
    SheetGridTooLarge,
    SheetPasswordProtected,
    SheetUnreadable,
    UnpackedSizeLimit,
)

BYTES_PER_CELL = 40
"""What a cell of the grid costs the reader, empty or not; measured between 32 and 80 with its text."""

MAX_MEMBERS = 10_000
MAX_RATIO = 300
RATIO_COUNTS_FROM_BYTES = 50 * 1024 * 1024
"""Sheets of equal cells compress well, an honest one of 96 MB about 1 to 20; a bomb begins far beyond."""

MAX_ERROR_CELLS = 100_000
_MAX_INDEX_BYTES = 8 * 1024 * 1024
_BLOCK = 1024 * 1024
_MAX_ROW_BYTES = 64 * 1024 * 1024
_MARK_BYTES = 64
_MOST_ROW_DIGITS = 7

_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s>/])")
_ROW_NUMBER = re.compile(rb"""[^>]*?\sr\s*=\s*["']([^"'<>]*)["']""")
_CELL = re.compile(rb"""<(?:\w+:)?c(?=[\s>/])(?:[^>]*?\sr\s*=\s*["']([^"'<>]*)["'])?[^>]*?(/?)>""")
_PLACE = re.compile(rb"([A-Za-z]{1,3})([0-9]{1,7})")
_ERROR = re.compile(
    rb"""<(?:\w+:)?c\s[^>]*?\br\s*=\s*["']([A-Za-z]{1,3})(\d{1,7})["'][^>]*>(?:(?!</(?:\w+:)?c>).)*?"""
    rb"""<(?:\w+:)?v>(#[A-Z0-9/!?_]+)</""",
    re.DOTALL,
)
_ERROR_TYPE = re.compile(rb"""\bt\s*=\s*["']e["']""")
_CELL_END = re.compile(rb"</(?:\w+:)?c>")

OnScanned = Callable[[float], None]
"""Called with the share of the packed bytes that has been looked at, in 0..1."""


@dataclass(slots=True)
class Grid:
    """The box that holds every cell with content, numbered from 0, and what the reader would not tell about it."""

    top: int | None = None
    bottom: int = 0
    left: int = 0
    right: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    uncalculated: int = 0

    @property
    def cells(self) -> int:
        return 0 if self.top is None else (self.bottom - self.top + 1) * (self.right - self.left + 1)

    def add(self, row: int, column: int) -> None:
        if self.top is None:
            self.top = self.bottom = row
            self.left = self.right = column
            return
        self.top, self.bottom = min(self.top, row), max(self.bottom, row)
        self.left, self.right = min(self.left, column), max(self.right, column)


def guard(source: Path, *, memory_bytes: int, max_unpacked_bytes: int, report: OnScanned) -> dict[str, Grid]:
    """Return the grid of every sheet by its name, or raise what makes the workbook unreadable or too large."""
    try:
        with zipfile.ZipFile(source) as archive:
            grids = _scan(archive, memory_bytes // BYTES_PER_CELL, max_unpacked_bytes, report)
            return {name: grids[member] for name, member in _sheet_members(archive).items() if member in grids}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, ET.ParseError) as error:
        raise SheetUnreadable(f"The workbook is damaged or incomplete: {error}.") from error


def _scan(archive: zipfile.ZipFile, max_cells: int, max_unpacked_bytes: int, report: OnScanned) -> dict[str, Grid]:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise SheetUnreadable(f"The workbook has {len(members):,} parts; none has so many.")
    packed = sum(member.compress_size for member in members) or 1
    grids: dict[str, Grid] = {}
    unpacked = seen = 0
    for member in members:
        if member.flag_bits & 1:
            raise SheetPasswordProtected(
                "The workbook is encrypted, so nothing in it can be read without its password."
            )
        scan = _SheetScan(member.filename, max_cells)
        for block in _blocks(archive, member, max_unpacked_bytes - unpacked):
            unpacked += len(block)
            scan.feed(block)
        grids[member.filename] = scan.end()
        seen += member.compress_size
        report(min(1.0, seen / packed))
    return grids


def _blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> Iterator[bytes]:
    """Unpack a member, counting; what the zip says about its sizes may be a lie."""
    size = 0
    with archive.open(member) as file:
        while block := file.read(_BLOCK):
            size += len(block)
            if size > room:
                raise UnpackedSizeLimit("The workbook unpacks to more than one file may.")
            if size > RATIO_COUNTS_FROM_BYTES and size > MAX_RATIO * max(1, member.compress_size):
                raise ArchiveBomb(f"{member.compress_size:,} bytes of the workbook unpack to more than {size:,}.")
            yield block


class _SheetScan:
    """Measures one member, row by row. Members that are no sheet have no rows and cost a search."""

    def __init__(self, name: str, max_cells: int) -> None:
        self._name = name
        self._max_cells = max_cells
        self._grid = Grid()
        self._pieces = [b""]
        self._in_row = False
        self._row = -1

    def feed(self, block: bytes) -> None:
        if self._pieces == [b""]:
            self._refuse_wide(block)
        # The mark of a row may begin in the piece before; what lies further back has been searched already.
        *before, last = self._pieces
        first, *rows = _ROW.split(last[-_MARK_BYTES:] + block)
        self._pieces = [*before, last[:-_MARK_BYTES], first]
        if rows:
            self._take(b"".join(self._pieces))
            for row in rows[:-1]:
                self._take(row)
            self._pieces = [rows[-1]]
        if sum(map(len, self._pieces)) > _MAX_ROW_BYTES:
            raise SheetUnreadable("A row of a sheet is larger than 64 MB.")
        if not self._in_row:
            # Before the first row nothing is kept but what could be the beginning of its mark.
            self._pieces = [self._pieces[-1][-_MARK_BYTES:]]

    def _refuse_wide(self, head: bytes) -> None:
        if self._name.endswith(".xml") and (
            head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or 0 in head[:4]
        ):
            raise SheetUnreadable(f"A part of the workbook ({posixpath.basename(self._name)}) is not written in UTF-8.")

    def end(self) -> Grid:
        self._take(b"".join(self._pieces))
        return self._grid

    def _take(self, row: bytes) -> None:
        """Take what follows a row mark, up to the next one; the very first piece is what precedes all rows."""
        if not self._in_row:
            self._in_row = True
            return
        number = _ROW_NUMBER.match(row)
        self._row = _row_number(number[1]) if number else self._row + 1
        column = -1
        for place, empty in _CELL.findall(row):
            at, column = _place(place) if place else (self._row, column + 1)
            if not empty:
                self._grid.add(at, column)
        if self._grid.cells > self._max_cells:
            raise SheetGridTooLarge(self._too_large(), rows=self._height(), columns=self._width())
        self._look_closer(row)

    def _look_closer(self, row: bytes) -> None:
        """Keep what the reader leaves out: the names of errors, and formulas that were never calculated."""
        if _ERROR_TYPE.search(row) and len(self._grid.errors) < MAX_ERROR_CELLS:
            for letters, digits, error in _ERROR.findall(row):
                self._grid.errors[int(digits) - 1, _column(letters)] = error.decode()
        if b"<f" in row or b":f" in row:
            cells = _CELL_END.split(row)
            self._grid.uncalculated += sum((b"<f" in cell or b":f" in cell) and b"v>" not in cell for cell in cells)

    def _height(self) -> int:
        return self._grid.bottom - (self._grid.top or 0) + 1

    def _width(self) -> int:
        return self._grid.right - self._grid.left + 1

    def _too_large(self) -> str:
        return (
            f"A sheet ({posixpath.basename(self._name)}) spans {self._height():,} rows and {self._width():,} columns, "
            f"which is more than {self._max_cells:,} cells."
        )


def _row_number(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > _MOST_ROW_DIGITS:
        raise SheetUnreadable(f"A row says that its number is {_shown(digits)}; no sheet has such a row.")
    return int(digits) - 1


def _place(text: bytes) -> tuple[int, int]:
    """Return row and column of a cell, numbered from 0."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise SheetUnreadable(f"A cell says that its place is {_shown(text)}; no sheet has such a place.")
    return int(match[2]) - 1, _column(match[1])


def _shown(text: bytes) -> str:
    return repr(text[:40].decode("utf-8", "replace"))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number - 1


def _sheet_members(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the member that holds each sheet, by the name of the sheet."""
    targets = {
        relation.get("Id", ""): relation.get("Target", "")
        for relation in _index(archive, "xl/_rels/workbook.xml.rels").iter()
    }
    found = {}
    for element in _index(archive, "xl/workbook.xml").iter():
        if element.tag.rpartition("}")[2] == "sheet":
            relation = next((value for key, value in element.attrib.items() if key.endswith("}id")), "")
            found[element.get("name", "")] = _member_name(targets.get(relation, ""))
    return found


def _member_name(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))


def _index(archive: zipfile.ZipFile, name: str) -> ET.Element:
    try:
        with archive.open(name) as file:
            text = file.read(_MAX_INDEX_BYTES)
    except KeyError as error:
        raise SheetUnreadable(f"The workbook has no part {name}.") from error
    if b"<!ENTITY" in text or b"<!DOCTYPE" in text:
        raise SheetUnreadable("The workbook defines XML entities, which no workbook does.")
    return ET.fromstring(text)  # noqa: S314 - no entity is left in it, and it is short
