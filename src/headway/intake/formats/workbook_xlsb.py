"""Binary workbooks of Excel, XLSB: the same parts as XLSX, but each is a chain of records instead of XML."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from headway.intake.errors import SheetUnreadable
from headway.intake.formats.workbook_cells import number_text
from headway.intake.formats.workbook_formats import Kind, kind_of
from headway.intake.formats.workbook_package import Package
from headway.intake.formats.workbook_rows import LAST_COLUMN, LAST_ROW, Cells, Row
from headway.intake.formats.workbook_sheets import Notes, OnShare, Sheet, Workbook
from headway.intake.formats.workbook_texts import SharedTexts
from headway.intake.formats.workbook_xlsx import KINDS, main_part

BOOK = "xl/workbook.bin"
MAX_RECORD_BYTES = 16 * 1024 * 1024

_ROW, _BLANK, _RK, _ERROR, _BOOL, _REAL, _TEXT, _SHARED = range(8)
_FORMULA_TEXT, _FORMULA_NUMBER, _FORMULA_BOOL, _FORMULA_ERROR = range(8, 12)
_RICH_TEXT = 62
_SHARED_ITEM, _FORMAT, _STYLE, _SHEET_DATA_END = 19, 44, 47, 146
_BOOK_PROPERTIES, _BUNDLED_SHEET, _MERGED = 153, 156, 176
_STYLES_BEGIN, _STYLES_END = 617, 618

ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}

_LONG = struct.Struct("<L")
_DOUBLE = struct.Struct("<d")
_CELL = struct.Struct("<LL")


class XlsbWorkbook(Workbook):
    """An open workbook of this kind."""

    def __init__(self, package: Package, max_text_bytes: int) -> None:
        self._package = package
        self._max_text_bytes = max_text_bytes
        place = main_part(package, BOOK)
        links = package.links(place)
        self.sheets: list[Sheet] = []
        self._starts_1904 = False
        for kind, content, _ in _records(package, place):
            if kind == _BUNDLED_SHEET:
                self.sheets.append(_sheet(content, links))
            elif kind == _BOOK_PROPERTIES and content:
                self._starts_1904 = bool(content[0] & 1)
        parts = {kind: target for kind, target in links.values() if kind in {"styles", "sharedStrings"}}
        self._kinds = _styles(package, parts.get("styles"))
        self._texts_part = parts.get("sharedStrings")
        self._texts: SharedTexts | None = None

    def rows(self, sheet: Sheet, notes: Notes, on_share: OnShare) -> Iterator[Row]:
        notes.texts.starts_1904 = self._starts_1904
        cells = _Cells(self._shared_texts(), self._kinds, notes)
        number, filled, hidden = -1, Cells(), False
        for kind, content, share in _records(self._package, sheet.place):
            if kind == _ROW:
                if filled:
                    notes.hidden_rows += hidden
                    yield number, filled
                number, hidden, filled = _row(content), len(content) > 11 and bool(content[11] & 16), {}
                on_share(share)
            elif kind in cells.readers and number >= 0:
                cells.read(kind, content, filled)
            elif kind == _MERGED:
                notes.merged += 1
            elif kind == _SHEET_DATA_END and filled:
                notes.hidden_rows += hidden
                yield number, filled
                filled = {}

    def _shared_texts(self) -> SharedTexts:
        if self._texts is None:
            self._texts = SharedTexts(self._max_text_bytes)
            if self._texts_part is not None and self._texts_part in self._package:
                for kind, content, _ in _records(self._package, self._texts_part):
                    if kind == _SHARED_ITEM:
                        self._texts.add(_wide(content, 1)[0])
        return self._texts


# ----------------------------------------------------------------------------------------------------- records


def _records(package: Package, part: str) -> Iterator[tuple[int, bytes, float]]:
    """Yield kind and content of each record, and the share of the part that is read by then."""
    rest = b""
    for block, share in package.blocks(part):
        data = rest + block
        at = 0
        while (head := _head(data, at)) is not None:
            kind, size, begin = head
            if begin + size > len(data):
                break
            yield kind, data[begin : begin + size], share
            at = begin + size
        rest = data[at:]
    if rest:
        raise SheetUnreadable("The workbook is damaged or incomplete: a part of it ends inside a record.")


def _head(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Return kind and size of the record that begins here and where its content begins; None for an incomplete one.

    Both are numbers of seven bits a byte, the kind of at most two bytes, the size of at most four.
    """
    end = len(data)
    if at >= end:
        return None
    kind = data[at]
    at += 1
    if kind & 0x80:
        if at >= end:
            return None
        kind = (kind & 0x7F) | (data[at] & 0x7F) << 7
        at += 1
    size = 0
    for position in range(4):
        if at >= end:
            return None
        byte = data[at]
        at += 1
        size |= (byte & 0x7F) << 7 * position
        if not byte & 0x80:
            break
    if size > MAX_RECORD_BYTES:
        raise SheetUnreadable("The workbook is damaged: a record claims to be larger than any is.")
    return kind, size, at


def _wide(content: bytes, at: int) -> tuple[str, int]:
    """Return a text and the position behind it. It is UTF-16 behind a count of its characters."""
    if at + 4 > len(content):
        raise SheetUnreadable("The workbook is damaged: a record is too short for its text.")
    (count,) = _LONG.unpack_from(content, at)
    if count == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * count
    if end > len(content):
        raise SheetUnreadable("The workbook is damaged: a text is longer than its record.")
    return content[at + 4 : end].decode("utf-16-le", "replace"), end


def _sheet(content: bytes, links: dict[str, tuple[str, str]]) -> Sheet:
    link, at = _wide(content, 8)
    name, _ = _wide(content, at)
    kind, target = links.get(link, ("worksheet", ""))
    return Sheet(name, target, hidden=content[0] & 3 != 0, kind=KINDS.get(kind, kind))


def _row(content: bytes) -> int:
    number = _LONG.unpack_from(content)[0] if len(content) >= 4 else LAST_ROW + 1
    if number > LAST_ROW:
        raise SheetUnreadable(f"A row says that its number is {number + 1:,}; no sheet has such a row.")
    return int(number)


def _styles(package: Package, part: str | None) -> list[Kind | None]:
    """Return what numbers mean in each style."""
    codes: dict[int, str] = {}
    kinds: list[Kind | None] = []
    inside = False
    for kind, content, _ in _records(package, part) if part is not None and part in package else ():
        if kind == _FORMAT and len(content) >= 2:
            codes[int.from_bytes(content[:2], "little")] = _wide(content, 2)[0]
        elif kind in {_STYLES_BEGIN, _STYLES_END}:
            inside = kind == _STYLES_BEGIN
        elif kind == _STYLE and inside:
            number = int.from_bytes(content[2:4], "little")
            kinds.append(kind_of(number, codes.get(number)))
    return kinds


# ------------------------------------------------------------------------------------------------------- cells


class _Cells:
    """Turns the records of cells into text."""

    def __init__(self, texts: SharedTexts, kinds: list[Kind | None], notes: Notes) -> None:
        self._texts = texts
        self._kinds = kinds
        self._notes = notes
        self.readers: dict[int, Callable[[bytes, int, int], str]] = {
            _RK: lambda content, style, column: self._number(_rk(_LONG.unpack_from(content, 8)[0]), style, column),
            _REAL: lambda content, style, column: self._number(_DOUBLE.unpack_from(content, 8)[0], style, column),
            _FORMULA_NUMBER: lambda content, style, column: self._number(_DOUBLE.unpack_from(content, 8)[0], style, column),
            _ERROR: lambda content, _style, _column: self._error(content[8]),
            _FORMULA_ERROR: lambda content, _style, _column: self._error(content[8]),
            _BOOL: lambda content, _style, _column: "TRUE" if content[8] else "FALSE",
            _FORMULA_BOOL: lambda content, _style, _column: "TRUE" if content[8] else "FALSE",
            _TEXT: lambda content, _style, _column: _wide(content, 8)[0],
            _FORMULA_TEXT: lambda content, _style, _column: _wide(content, 8)[0],
            _RICH_TEXT: lambda content, _style, _column: _wide(content, 9)[0],
            _SHARED: lambda content, _style, _column: texts.get(_LONG.unpack_from(content, 8)[0]),
        }  # fmt: skip

    def read(self, kind: int, content: bytes, cells: Cells) -> None:
        try:
            column, style = _CELL.unpack_from(content)
            text = self.readers[kind](content, style & 0xFFFFFF, column)
        except (struct.error, IndexError):
            raise SheetUnreadable("The workbook is damaged: the record of a cell is too short.") from None
        if column > LAST_COLUMN:
            raise SheetUnreadable(f"A cell says that it is in column {column + 1:,}; no sheet has such a column.")
        if text:
            cells[column] = text

    def _number(self, value: float, style: int, column: int) -> str:
        kind = self._kinds[style] if style < len(self._kinds) else None
        if kind is None:
            return self._notes.texts.number(number_text(value))
        return self._notes.texts.serial(value, kind, column)

    def _error(self, code: int) -> str:
        self._notes.errors += 1
        return ERRORS.get(code, "#UNKNOWN!")


def _rk(packed: int) -> float:
    """Return a number that is packed into thirty bits: a whole one or the front of a float, perhaps in hundredths."""
    if packed & 2:
        whole = packed >> 2
        value = float(whole - (1 << 30) if whole & (1 << 29) else whole)
    else:
        value = _DOUBLE.unpack(b"\0\0\0\0" + _LONG.pack(packed & 0xFFFFFFFC))[0]
    return value / 100 if packed & 1 else value
