"""The cells of a sheet as XML, made from whole Arrow arrays. What a workbook cannot hold as its type becomes text."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import Column, ColumnType
from headway.exports.writing.pieces import cells, count, has

GENERAL, DATE, MOMENT, TIME, HEADER = range(5)
"""Styles, by their places in `workbook_parts.STYLES`."""

LONGEST_CELL = 32_767
"""What a cell holds, in UTF-16 units."""

MOST_DIGITS = 15
"""Spreadsheet programs calculate with doubles, and show zeros in place of further digits."""

DAY = 86_400_000_000
EPOCH = 25_569
"""1970-01-01 in days since the end of 1899."""

FIRST_DAY = (date(1900, 3, 1) - date(1970, 1, 1)).days
"""Before it a workbook counts days otherwise than the calendar: it takes 1900 for a leap year."""

NOT_IN_XML = r"[\x00-\x08\x0b-\x1f\x{fffe}\x{ffff}]"
LIKE_AN_ESCAPE = r"_(x[0-9A-Fa-f]{4})"
"""Without the end that an escape has, which can be the beginning of the next one."""
CONTROLS = [chr(code) for code in (*range(9), *range(0x0B, 0x20), 0xFFFE, 0xFFFF)]


class Cells:
    """Makes cells, and counts those that had to be cut."""

    def __init__(self, *, written: bool) -> None:
        self._written = written
        self.cut = 0

    def of(self, batch: pa.RecordBatch, column: Column) -> pa.Array:
        """Return the cells of a column."""
        if self._written:
            return self.text(cells(batch, column, written=True))
        values = batch.column(column.physical)
        texts = cells(batch, column, written=False)
        if column.type is ColumnType.BOOLEAN:
            return _cell('<c t="b"><v>', pc.if_else(values, "1", "0"))
        if column.type is ColumnType.NUMBER:
            return self._choose(pc.is_finite(values), _cell("<c><v>", texts), texts)
        if column.type in {ColumnType.INTEGER, ColumnType.BIG_INTEGER, ColumnType.DECIMAL}:
            digits = pc.utf8_ltrim(pc.replace_substring_regex(texts, "[-.]", ""), "0")
            return self._choose(pc.less_equal(pc.utf8_length(digits), MOST_DIGITS), _cell("<c><v>", texts), texts)
        if column.type in {ColumnType.DATE, ColumnType.TIME, ColumnType.TIMESTAMP}:
            return self._choose(*_moment(values, column.type), texts)
        return self.text(texts)

    def _choose(self, fits: pa.Array, typed: pa.Array, texts: pa.Array) -> pa.Array:
        """Return the typed cells where they fit, and text elsewhere."""
        if pc.all(fits).as_py() is not False:
            return typed
        return pc.if_else(pc.fill_null(fits, fill_value=True), typed, self.text(texts))

    def text(self, texts: pa.Array, style: int = GENERAL) -> pa.Array:
        """Return cells of text."""
        styled = f' s="{style}"' if style else ""
        texts = self._short(texts)
        for plain, escape in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            texts = pc.replace_substring(texts, plain, escape)
        if has(texts, LIKE_AN_ESCAPE):
            texts = pc.replace_substring_regex(texts, LIKE_AN_ESCAPE, r"_x005F_\1")
        if has(texts, NOT_IN_XML):
            for character in CONTROLS:
                texts = pc.replace_substring(texts, character, f"_x{ord(character):04X}_")
        return _cell(f'<c t="inlineStr"{styled}><is><t xml:space="preserve">', texts, "</t></is></c>")

    def _short(self, texts: pa.Array) -> pa.Array:
        """Cut what is too long for a cell, and say so in it. Bytes are never fewer than units of UTF-16."""
        long = pc.greater(pc.binary_length(texts), LONGEST_CELL)
        if not count(long):
            return texts
        found = texts.filter(long).to_pylist()
        shortened = [_shortened(text) for text in found]
        self.cut += sum(after is not before for before, after in zip(found, shortened, strict=True))
        return pc.replace_with_mask(texts, pc.fill_null(long, fill_value=False), pa.array(shortened, texts.type))


def _shortened(text: str) -> str:
    units = text.encode("utf-16-le")
    if len(units) <= 2 * LONGEST_CELL:
        return text
    return units[: 2 * (LONGEST_CELL - 1)].decode("utf-16-le", "ignore") + "…"


def _cell(before: str, texts: pa.Array, after: str = "</v></c>") -> pa.Array:
    return pc.fill_null(pc.binary_join_element_wise(before, texts, after, ""), "<c/>")


def _moment(values: pa.Array, kind: ColumnType) -> tuple[pa.Array, pa.Array]:
    """Return which dates or times a workbook can hold, and their cells: days since the end of 1899."""
    if kind is ColumnType.DATE:
        days = values.cast(pa.int32())
        numbers = pc.add(days, EPOCH).cast(pa.string())
        return pc.greater_equal(days, FIRST_DAY), _cell(f'<c s="{DATE}"><v>', numbers)
    micros = values.cast(pa.int64())
    days = pc.divide(micros.cast(pa.float64()), float(DAY))
    # It shows thousandths of a second, and nothing below.
    fits = pc.equal(pc.multiply(pc.divide(micros, 1000), 1000), micros)
    if kind is ColumnType.TIME:
        return fits, _cell(f'<c s="{TIME}"><v>', days.cast(pa.string()))
    since = pc.add(days, float(EPOCH)).cast(pa.string())
    return pc.and_(fits, pc.greater_equal(micros, FIRST_DAY * DAY)), _cell(f'<c s="{MOMENT}"><v>', since)
