"""Workbooks of Excel since 2007, XLSX and XLSM, also in the strict variant; each sheet is streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from headway.intake.errors import SheetUnreadable
from headway.intake.formats.markup import Attributes, EventParser
from headway.intake.formats.workbook_cells import unescape
from headway.intake.formats.workbook_formats import Kind, kind_of
from headway.intake.formats.workbook_package import Package
from headway.intake.formats.workbook_rows import LAST_COLUMN, LAST_ROW, CellBlock, Cells, Row, gathered
from headway.intake.formats.workbook_sheets import Notes, OnShare, Sheet, Workbook
from headway.intake.formats.workbook_texts import SharedTexts
from headway.intake.formats.workbook_xlsx_cells import UnusualError, raw_cells
from headway.intake.formats.workbook_xlsx_rows import RawCell, plain_texts, read_rows
from headway.intake.formats.workbook_xlsx_texts import read_texts
from headway.intake.formats.workbook_xlsx_values import TRUE, BlockReader

_BOOK = "xl/workbook.xml"
KINDS = {
    "worksheet": "cells",
    "chartsheet": "chart",
    "dialogsheet": "dialog",
    "xlMacrosheet": "macros",
    "xlIntlMacrosheet": "macros",
}


class XlsxWorkbook(Workbook):
    """An open workbook of this kind."""

    def __init__(self, package: Package, max_text_bytes: int) -> None:
        self._package = package
        self._max_text_bytes = max_text_bytes
        place = main_part(package, _BOOK)
        links = package.links(place)
        self.sheets: list[Sheet] = []
        self._starts_1904 = False
        for tag, attributes in package.index(place):
            if tag == "sheet":
                self.sheets.append(_sheet(attributes, links))
            elif tag == "workbookPr" and "date1904" in attributes:
                # An extension of Excel 2013 has an element of the same local name further down, which knows no dates.
                self._starts_1904 = attributes["date1904"] in TRUE
        parts = {kind: target for kind, target in links.values() if kind in {"styles", "sharedStrings"}}
        self._kinds = _styles(package, parts.get("styles"))
        self._texts_part = parts.get("sharedStrings")
        self._texts: SharedTexts | None = None

    def blocks(self, sheet: Sheet, notes: Notes, on_share: OnShare) -> Iterator[CellBlock]:
        """Yield the rows of a sheet that hold something, many at once; one by one from the first unusual text on."""
        notes.texts.starts_1904 = self._starts_1904
        reader = BlockReader(self._shared_texts(), self._kinds, notes)
        given = 0
        try:
            for text in plain_texts(self._package, sheet.place, notes, on_share):
                for part in reader.parts(raw_cells(text.encode())):
                    yield reader.block(part)
                    given += len(part.numbers)
        except (UnusualError, UnicodeDecodeError):
            yield from gathered(self.rows(sheet, notes, on_share, skip=given))

    def rows(self, sheet: Sheet, notes: Notes, on_share: OnShare, skip: int = 0) -> Iterator[Row]:
        """Yield the rows that hold something, without the first `skip` of the sheet."""
        notes.texts.starts_1904 = self._starts_1904
        reader = _Cells(self._shared_texts(), self._kinds, notes)
        number = -1
        for position, (written, hidden, cells) in enumerate(read_rows(self._package, sheet.place, notes, on_share)):
            number = number + 1 if written is None else _row_number(written)
            if position >= skip and (filled := reader.read(cells)):
                notes.hidden_rows += hidden
                yield number, filled

    def _shared_texts(self) -> SharedTexts:
        if self._texts is None:
            self._texts = SharedTexts(self._max_text_bytes)
            if self._texts_part is not None and self._texts_part in self._package:
                read_texts(self._package, self._texts_part, self._texts)
        return self._texts


def main_part(package: Package, usual: str) -> str:
    """Return the name of the part that lists the sheets; nearly always the usual one."""
    if usual in package:
        return usual
    found = (target for kind, target in package.links("").values() if kind == "officeDocument")
    return next(found, usual)


def _sheet(attributes: Attributes, links: dict[str, tuple[str, str]]) -> Sheet:
    kind, target = links.get(attributes.get("id", ""), ("worksheet", ""))
    hidden = attributes.get("state", "visible") in {"hidden", "veryHidden"}
    return Sheet(attributes.get("name", ""), target, hidden, KINDS.get(kind, kind))


def _row_number(written: str) -> int:
    if not (written.isdecimal() and written.isascii() and len(written) <= 7 and 1 <= int(written) <= LAST_ROW + 1):
        raise SheetUnreadable(f"A row says that its number is {written[:40]!r}; no sheet has such a row.")
    return int(written) - 1


# ------------------------------------------------------------------------------------------------------ styles


def _styles(package: Package, part: str | None) -> dict[str, Kind]:
    """Return what numbers mean in the styles that make dates or times of them."""
    if part is None or part not in package:
        return {}
    codes: dict[str, str] = {}
    formats: list[str] = []
    inside = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal inside
        if tag == "numFmt":
            # Conditional formats, which come later, have codes of their own under numbers that may be taken.
            codes.setdefault(attributes.get("numFmtId", ""), attributes.get("formatCode", ""))
        elif tag == "cellXfs":
            inside = True
        elif tag == "xf" and inside:
            formats.append(attributes.get("numFmtId", "0"))

    def end(tag: str) -> None:
        nonlocal inside
        inside = inside and tag != "cellXfs"

    package.events(part, EventParser(start, end))
    kinds = [kind_of(int(number) if number.isdecimal() else 0, codes.get(number)) for number in formats]
    return {str(position): kind for position, kind in enumerate(kinds) if kind is not None}


# ------------------------------------------------------------------------------------------------------- cells


class _Columns(dict[str, int]):
    """The numbers of columns by their letters, from 0."""

    def __missing__(self, letters: str) -> int:
        number = 0
        for letter in letters.upper():
            number = number * 26 + ord(letter) - 64
        if number > LAST_COLUMN + 1:
            raise SheetUnreadable(f"A cell says that it is in column {letters[:40]!r}; no sheet has such a column.")
        self[letters] = number - 1
        return number - 1


class _Cells:
    """Turns the raw cells of a row into text."""

    def __init__(self, texts: SharedTexts, kinds: dict[str, Kind], notes: Notes) -> None:
        self._texts = texts
        self._kinds = kinds
        self._notes = notes
        self._columns = _Columns()

    def read(self, raw: list[RawCell]) -> Cells:
        cells: Cells = {}
        column = -1
        columns, shared = self._columns, self._texts.get
        for letters, style, kind, style_behind, formula, value, inline in raw:
            column = columns[letters] if letters else column + 1
            if kind == "s":
                text = self._shared(shared, value)
            elif kind in {"", "n"}:
                text = self._number(value, style or style_behind, column) if value else self._nothing(formula)
            else:
                text = self._other(kind, value, inline, column)
            if text:
                cells[column] = text
        return cells

    def _shared(self, get: Callable[[str], str], number: str) -> str:
        if number.isdecimal():
            return get(number)
        if not number:
            return ""
        raise SheetUnreadable(f"A cell refers to text {number[:40]!r} of the workbook; texts have numbers.")

    def _number(self, token: str, style: str, column: int) -> str:
        kind = self._kinds.get(style) if style else None
        texts = self._notes.texts
        if kind is None:
            return texts.number(token.strip())
        return texts.serial_of(token, kind, column)

    def _nothing(self, formula: str) -> str:
        self._notes.uncalculated += bool(formula)
        return ""

    def _other(self, kind: str, value: str, inline: str, column: int) -> str:
        if kind == "inlineStr":
            return unescape(inline or value)
        if kind == "b":
            return "TRUE" if value in TRUE else "FALSE" if value else ""
        if kind == "d":
            return self._iso(value, column)
        self._notes.errors += kind == "e"
        return unescape(value)

    def _iso(self, text: str, column: int) -> str:
        """Return a date that is written as one, which the strict variant does."""
        day, mark, clock = text.partition("T")
        if not mark:
            return self._notes.texts.date(text, column) if text[:4].isdecimal() and text.count("-") == 2 else text
        clock, _, fraction = clock.partition(".")
        fraction = fraction.rstrip("0")
        return self._notes.texts.moment(f"{day} {clock}.{fraction}" if fraction else f"{day} {clock}", column)
