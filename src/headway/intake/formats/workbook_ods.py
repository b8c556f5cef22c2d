"""OpenDocument spreadsheets, zipped (ODS) or as one flat XML file (FODS): streamed, with rows that say how often
they stand there. A file of 5 KB can claim a row of the last column a million times; what is repeated and holds
something is counted before it is unfolded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from headway.intake.errors import SheetGridTooLarge, SheetUnreadable
from headway.intake.formats.markup import SEPARATOR, Attributes, EventParser
from headway.intake.formats.workbook_cells import duration_text
from headway.intake.formats.workbook_package import naming_damage
from headway.intake.formats.workbook_rows import LAST_COLUMN, LAST_ROW, Cells, Row
from headway.intake.formats.workbook_sheets import Notes, OnShare, Sheet, Workbook

Blocks = Callable[[], Iterable[tuple[bytes, float]]]
"""Reads the document from its beginning; each block with the share that is done by then."""

MAX_UNFOLDED_CHARACTERS = 512 * 1024 * 1024
"""Of cells that stand in the sheet because another one is repeated."""

MAX_ROW_CHARACTERS = 64 * 1024 * 1024

_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0" + SEPARATOR
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0" + SEPARATOR
_STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0" + SEPARATOR
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0" + SEPARATOR
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" + SEPARATOR

_SILENT = {
    "annotation",
    "shapes",
    "frame",
    "custom-shape",
    "tracked-changes",
    "forms",
    "named-expressions",
    "sub-table",
}
"""Elements whose text is not that of a cell."""

_BLANKS = re.compile(r"[ \t\r\n]+")
"""In a text of this format they mean one blank; what means more is an element."""

_DURATION = re.compile(r"(-?)P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?")


class OdsWorkbook(Workbook):
    """An open document. `blocks` reads its content."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self.sheets = _find_sheets(blocks)

    def rows(self, sheet: Sheet, notes: Notes, on_share: OnShare) -> Iterator[Row]:
        reader = _Reader(int(sheet.place), notes)
        parser = EventParser(reader.start, reader.end, reader.text)
        for block, share in self._blocks():
            with naming_damage():
                parser.feed(block)
            yield from reader.take_rows()
            if reader.is_over:
                return
            on_share(share)
        with naming_damage():
            parser.close()
        yield from reader.take_rows()


def _find_sheets(blocks: Blocks) -> list[Sheet]:
    """Return the sheets in order. One is hidden by the style that it refers to."""
    hiding: set[str] = set()
    found: list[tuple[str, str]] = []
    style = [""]
    depth = [0]

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "style":
            style[0] = attributes.get(_STYLE + "name", "")
        elif tag == "table-properties" and attributes.get(_TABLE + "display") == "false":
            hiding.add(style[0])
        elif tag == "table":
            if depth[0] == 0:
                name = attributes.get(_TABLE + "name", f"Sheet{len(found) + 1}")
                found.append((name, attributes.get(_TABLE + "style-name", "")))
            depth[0] += 1

    def end(tag: str) -> None:
        depth[0] -= tag == "table"

    parser = EventParser(start, end)
    with naming_damage():
        parser.feed_all(block for block, _ in blocks())
    return [Sheet(name, str(place), hidden=style in hiding) for place, (name, style) in enumerate(found)]


class _Reader:
    """Collects the rows of one table from the events of a parser."""

    def __init__(self, place: int, notes: Notes) -> None:
        self._place = place
        self._notes = notes
        self._table = -1
        self._depth = 0
        self._silent = 0
        self._number = 0
        self._unfolded = 0
        self._ready: list[tuple[int, int, Cells]] = []
        self._row = Cells()
        self._row_attributes: Attributes = {}
        self._column = 0
        self._size = 0
        self._cell: Attributes | None = None
        self._pieces: list[str] = []
        self._paragraphs = 0
        self._in_paragraph = False
        self.is_over = False

    def take_rows(self) -> Iterator[Row]:
        """Yield what has been read, each row as often as it stands in the sheet."""
        for number, times, cells in self._ready:
            for more in range(times):
                yield number + more, cells
        self._ready.clear()

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "table":
            self._table += self._depth == 0
            self._depth += 1
        elif tag in _SILENT:
            self._silent += 1
        if self._table != self._place or self._depth != 1 or self._silent:
            return
        if tag == "table-row":
            self._row, self._row_attributes, self._column, self._size = {}, attributes, 0, 0
        elif tag in {"table-cell", "covered-table-cell"}:
            self._cell, self._pieces, self._paragraphs = attributes, [], 0
        elif self._cell is not None:
            self._start_text(tag, attributes)

    def _start_text(self, tag: str, attributes: Attributes) -> None:
        if tag == "p":
            if self._paragraphs:
                self._pieces.append("\n")
            self._paragraphs += 1
            self._in_paragraph = True
        elif tag == "s":
            self._pieces.append(" " * min(_count(attributes.get(_TEXT + "c", "1")), MAX_ROW_CHARACTERS))
        elif tag == "tab":
            self._pieces.append("\t")
        elif tag == "line-break":
            self._pieces.append("\n")

    def text(self, data: str) -> None:
        if self._in_paragraph and self._cell is not None and not self._silent and self._depth == 1:
            self._pieces.append(_BLANKS.sub(" ", data))

    def end(self, tag: str) -> None:
        if tag == "table":
            self._depth -= 1
            self.is_over = self.is_over or (self._depth == 0 and self._table == self._place)
        elif tag in _SILENT:
            self._silent -= 1
        elif self._silent or self._depth != 1 or self._table != self._place:
            return
        elif tag == "p":
            self._in_paragraph = False
        elif tag in {"table-cell", "covered-table-cell"} and self._cell is not None:
            self._end_cell(self._cell, covered=tag != "table-cell")
            self._cell = None
        elif tag == "table-row":
            self._end_row()

    def _end_cell(self, cell: Attributes, *, covered: bool) -> None:
        times = _count(cell.get(_TABLE + "number-columns-repeated", "1"))
        text = self._text_of(cell, "".join(self._pieces))
        if not covered and (_spans(cell, "columns") or _spans(cell, "rows")):
            self._notes.merged += 1
        if text:
            if self._column + times > LAST_COLUMN + 1:
                raise SheetGridTooLarge("A row fills more columns than a sheet has.", columns=self._column + times)
            self._size += len(text) * times
            if self._size > MAX_ROW_CHARACTERS:
                raise SheetUnreadable("A row of a sheet is larger than 64 MB.")
            self._row |= dict.fromkeys(range(self._column, self._column + times), text)
        self._column += times

    def _end_row(self) -> None:
        times = _count(self._row_attributes.get(_TABLE + "number-rows-repeated", "1"))
        if self._row:
            if self._number + times > 16 * (LAST_ROW + 1):
                raise SheetGridTooLarge("The sheet fills more rows than a sheet has.", rows=self._number + times)
            self._unfolded += (times - 1) * (self._size + 8 * len(self._row))
            if self._unfolded > MAX_UNFOLDED_CHARACTERS:
                raise SheetGridTooLarge(
                    f"Row {self._number + 1:,} of the sheet stands there {times:,} times, which is too much to unfold.",
                    rows=self._number + times,
                )
            hidden = self._row_attributes.get(_TABLE + "visibility", "visible") != "visible"
            self._notes.hidden_rows += times if hidden else 0
            self._ready.append((self._number, times, self._row))
        self._number += times

    # ------------------------------------------------------------------------------------------------- values

    def _text_of(self, cell: Attributes, shown: str) -> str:
        kind = cell.get(_OFFICE + "value-type", "")
        if cell.get(_CALC + "value-type") == "error":
            self._notes.errors += 1
            return shown
        if kind in {"float", "percentage", "currency"}:
            return self._notes.texts.number(cell.get(_OFFICE + "value", shown).strip())
        if kind == "date":
            return self._date(cell.get(_OFFICE + "date-value", shown))
        if kind == "time":
            return _time(cell.get(_OFFICE + "time-value", shown))
        if kind == "boolean":
            return {"true": "TRUE", "false": "FALSE"}.get(cell.get(_OFFICE + "boolean-value", ""), shown)
        text = cell.get(_OFFICE + "string-value", shown)
        if not text and not kind and cell.get(_TABLE + "formula"):
            self._notes.uncalculated += 1
        return text

    def _date(self, text: str) -> str:
        day, mark, clock = text.partition("T")
        if not mark:
            return self._notes.texts.date(day, self._column)
        whole, _, fraction = clock.partition(".")
        milliseconds = fraction[:3].rstrip("0")
        return self._notes.texts.moment(
            f"{day} {whole}.{milliseconds}" if milliseconds else f"{day} {whole}", self._column
        )


def _time(text: str) -> str:
    """Return a length of time such as PT12H30M00S in hours, minutes and seconds."""
    match = _DURATION.fullmatch(text)
    if match is None or len(text) > 60:
        return text
    sign, *parts, fraction = match.groups(default="0")
    days, hours, minutes, seconds = map(int, parts)
    milliseconds = round(float(f"0.{fraction}") * 1000) + 1000 * (seconds + 60 * (minutes + 60 * (hours + 24 * days)))
    return duration_text(-milliseconds if sign == "-" else milliseconds)


def _spans(cell: Attributes, what: str) -> bool:
    return cell.get(f"{_TABLE}number-{what}-spanned", "1") != "1"


def _count(text: str) -> int:
    """Return how often something is repeated."""
    if not (text.isdecimal() and text.isascii() and len(text) <= 9):
        raise SheetUnreadable(f"The document says that something is repeated {text[:40]!r} times.")
    return max(1, int(text))
