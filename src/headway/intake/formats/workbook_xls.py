"""Workbooks of Excel before 2007, XLS, by xlrd, which knows every version since 2.0 and keeps what cells hold."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlrd
from xlrd.compdoc import CompDocError

from headway.intake.errors import SheetPasswordProtected, SheetUnreadable
from headway.intake.formats.workbook_cells import number_text
from headway.intake.formats.workbook_formats import Kind, kind_of_code
from headway.intake.formats.workbook_rows import Cells, Row
from headway.intake.formats.workbook_sheets import Notes, OnShare, Sheet, Workbook

TOLD_EVERY_ROWS = 1_000
UNKNOWN_ERROR = "#UNKNOWN!"

_DAMAGE = (
    xlrd.XLRDError, CompDocError, struct.error, LookupError, ValueError, TypeError, AttributeError, AssertionError,
    ArithmeticError, NotImplementedError, RecursionError, EOFError,
)  # fmt: skip
"""What a broken file makes of a reader that trusts it."""


class XlsWorkbook(Workbook):
    """An open workbook of this kind. Sheets are read one by one, each whole: none is larger than 65,536 by 256."""

    def __init__(self, source: Path) -> None:
        with _naming_damage():
            self._book = xlrd.open_workbook(
                str(source), logfile=io.StringIO(), on_demand=True, formatting_info=True, ragged_rows=True
            )
            self.sheets = _sheets(self._book)
        self._kinds: dict[int, Kind | None] = {}

    def close(self) -> None:
        self._book.release_resources()

    def rows(self, sheet: Sheet, notes: Notes, on_share: OnShare) -> Iterator[Row]:
        with _naming_damage():
            table = self._book.sheet_by_index(int(sheet.place))
        notes.texts.starts_1904 = self._book.datemode == 1
        notes.merged = len(table.merged_cells)
        for number in range(table.nrows):
            if cells := self._cells(table, number, notes):
                info = table.rowinfo_map.get(number)
                notes.hidden_rows += bool(info and info.hidden)
                yield number, cells
            if number % TOLD_EVERY_ROWS == 0:
                on_share(number / table.nrows)

    def _cells(self, table: Any, number: int, notes: Notes) -> Cells:
        with _naming_damage():
            row = zip(table.row_types(number), table.row_values(number), table._cell_xf_indexes[number], strict=True)  # noqa: SLF001 - the public way makes an object for each cell
            cells = {
                column: self._text(kind, value, style, column, notes) for column, (kind, value, style) in enumerate(row)
            }
        return {column: text for column, text in cells.items() if text}

    def _text(self, kind: int, value: Any, style: int, column: int, notes: Notes) -> str:
        if kind == xlrd.XL_CELL_TEXT:
            return str(value)
        if kind in {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE}:
            meaning = self._meaning(style)
            texts = notes.texts
            return texts.number(number_text(value)) if meaning is None else texts.serial(value, meaning, column)
        if kind == xlrd.XL_CELL_BOOLEAN:
            return "TRUE" if value else "FALSE"
        if kind == xlrd.XL_CELL_ERROR:
            notes.errors += 1
            return str(xlrd.error_text_from_code.get(value, UNKNOWN_ERROR))
        return ""

    def _meaning(self, style: int) -> Kind | None:
        if style not in self._kinds:
            styles, formats = self._book.xf_list, self._book.format_map
            known = formats.get(styles[style].format_key) if style < len(styles) else None
            self._kinds[style] = kind_of_code(known.format_str) if known else None
        return self._kinds[style]


def _sheets(book: Any) -> list[Sheet]:
    """Return all sheets in order. xlrd counts those without cells but keeps no names of them."""
    found = []
    for number, place in enumerate(book._all_sheets_map or range(book.nsheets)):  # noqa: SLF001 - nothing public has it
        if place < 0:
            found.append(Sheet(f"sheet {number + 1}", "", kind="a chart or macros"))
        else:
            hidden = book._sheet_visibility[place] != 0  # noqa: SLF001 - known without reading the sheet
            found.append(Sheet(book.sheet_names()[place], str(place), hidden))
    return found


@contextlib.contextmanager
def _naming_damage() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        said = str(error)
        if "encrypted" in said.lower() or "password" in said.lower():
            raise SheetPasswordProtected("Nothing in it can be read without its password.") from error
        raise SheetUnreadable("The workbook is damaged or incomplete: its records cannot be understood.") from error
