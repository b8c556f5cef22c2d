"""Excel workbooks: one sheet becomes a table of text, and its types are learnt like those of a CSV file.

The reader (calamine) sees a workbook only after the guard has; it would build any grid that a sheet claims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import python_calamine as calamine

from headway.intake.errors import SheetEmpty, SheetNotFound, SheetPasswordProtected, SheetUnreadable
from headway.intake.formats.names import unique_names
from headway.intake.formats.workbook_cells import CellTexts
from headway.intake.formats.workbook_guard import Grid, guard
from headway.intake.parsing import Decision, ParsedPart, ParseProgress, ParseRequest, Report
from headway.intake.rows_file import rows_per_group
from headway.intake.text_errors import TooManyColumns
from headway.intake.text_table import TextTableWriter, WrittenTable

MAX_COLUMNS = 5000
HEADER_WITHIN_ROWS = 20
TITLE_NEEDS_COLUMNS = 3
"""A lone cell above a table at least so wide is a title, not a header."""

_GUARDED, _READ = 0.3, 0.8
"""The parts of the progress: the guard, the cells; the rest is types."""

Row = list[str | None]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Table:
    """The names of the columns, and how many rows that are not blank stand before the first row of data."""

    names: list[str]
    skip: int
    decision: Decision


def parse_xlsx(request: ParseRequest, source: Path, report: Report) -> ParsedPart:
    """Parse a workbook in Excel's zipped format."""
    grids = guard(
        source,
        memory_bytes=request.memory_bytes,
        max_unpacked_bytes=request.max_unpacked_bytes,
        report=lambda share: report(ParseProgress(_GUARDED * share, 0, "Looking through the workbook")),
    )
    return _reading(lambda: _parse(request, source, grids, report))


def parse_xls(request: ParseRequest, source: Path, report: Report) -> ParsedPart:
    """Parse a workbook of an old Excel; its format allows no grid that would not fit."""
    return _reading(lambda: _parse(request, source, {}, report))


def _reading(read: Callable[[], Result]) -> Result:
    """Name what can go wrong inside the reader."""
    try:
        return read()
    except calamine.PasswordError as error:
        raise SheetPasswordProtected("Nothing in it can be read without its password.") from error
    except calamine.CalamineError as error:
        raise SheetUnreadable(f"The workbook cannot be read: {error}.") from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise SheetUnreadable("The workbook is built in a way that cannot be read.") from error
        raise


def _parse(request: ParseRequest, source: Path, grids: dict[str, Grid], report: Report) -> ParsedPart:
    with calamine.CalamineWorkbook.from_path(source) as workbook:
        sheet, decision = _choose(workbook, request.options.sheet)
    grid = grids.get(sheet.name, Grid())
    if sheet.width > MAX_COLUMNS:
        raise TooManyColumns(f"The sheet {sheet.name} has {sheet.width:,} columns.", max_columns=MAX_COLUMNS)
    texts = CellTexts()
    table = _find_table(_rows(sheet, grid, CellTexts()), wanted=request.options.header, width=sheet.width)
    written, blank = _write(sheet, _rows(sheet, grid, texts), table, request, report)
    if texts.mixed:
        again = CellTexts(with_time=texts.mixed)
        written, blank = _write(sheet, _rows(sheet, grid, again), table, request, report)
    decisions = [decision, table.decision, *_notes(sheet, grid, blank), *written.decisions]
    return ParsedPart(sheet.name, request.output_dir / "0.parquet", written.rows, 0, written.columns, decisions)


# ------------------------------------------------------------------------------------------------------- sheet


def _choose(workbook: calamine.CalamineWorkbook, wanted: str | None) -> tuple[calamine.CalamineSheet, Decision]:
    """Return the sheet that was asked for, or the first visible one that holds something."""
    sheets = [meta for meta in workbook.sheets_metadata if meta.typ == calamine.SheetTypeEnum.WorkSheet]
    names = [meta.name for meta in sheets]
    if wanted is not None and wanted not in names:
        raise SheetNotFound(f"There is no sheet {wanted!r}. The sheets are: {', '.join(names)}.", sheets=names)
    visible = [meta.name for meta in sheets if meta.visible == calamine.SheetVisibleEnum.Visible]
    for name in visible if wanted is None else [wanted]:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.start is not None:
            return sheet, _sheet_decision(name, wanted, sheets)
    which = "No visible sheet holds anything." if wanted is None else f"The sheet {wanted!r} holds nothing."
    raise SheetEmpty(which, sheets=names)


def _sheet_decision(name: str, wanted: str | None, sheets: list[calamine.SheetMetadata]) -> Decision:
    others = [
        meta.name if meta.visible == calamine.SheetVisibleEnum.Visible else f"{meta.name} (hidden)"
        for meta in sheets
        if meta.name != name
    ]
    evidence = "You chose this sheet." if wanted else "It is the first visible sheet that holds something."
    if others:
        evidence += f" Not imported: {', '.join(others)}."
    return Decision("sheet", name, evidence, runner_up=others or None)


def _notes(sheet: calamine.CalamineSheet, grid: Grid, blank: int) -> list[Decision]:
    """Return what a person should know about the cells."""
    notes = []
    if blank:
        notes.append(Decision("rows", "blank rows left out", f"{blank:,} rows of the sheet hold nothing."))
    if sheet.merged_cell_ranges:
        evidence = (
            f"{len(sheet.merged_cell_ranges):,} groups of cells are merged; only the first of each has the value."
        )
        notes.append(Decision("rows", "merged cells", evidence))
    if grid.uncalculated:
        evidence = f"{grid.uncalculated:,} formulas were never calculated by a spreadsheet program; they read as empty."
        notes.append(Decision("rows", "formulas without a value", evidence))
    return notes


# ------------------------------------------------------------------------------------------------------ header


def _find_table(rows: Iterator[Row], *, wanted: bool | None, width: int) -> _Table:
    """Find the header: the first row that is not blank, unless that is a title alone above a wider table."""
    filled = ((number, row) for number, row in enumerate(rows, start=1) if any(row))
    first = list(islice(filled, HEADER_WITHIN_ROWS))
    if wanted is False:
        decision = Decision("header", None, "You said that there is no header.")
        return _Table(unique_names([None] * width), 0, decision)
    counts = [sum(cell is not None for cell in row) for _, row in first]
    header = 0
    if width >= TITLE_NEEDS_COLUMNS and counts[0] == 1:
        header = next((position for position, count in enumerate(counts) if count > 1), 0)
    evidence = "It is the first row that holds something."
    if header:
        titles = [cell for _, row in first[:header] for cell in row if cell is not None]
        evidence = f"What stands alone above it is a title and not imported: {'; '.join(titles)[:500]}."
    number, row = first[header]
    names = unique_names([cell and cell.strip() for cell in row])
    return _Table(names, header + 1, Decision("header", f"row {number}", evidence))


# -------------------------------------------------------------------------------------------------------- rows


def _rows(sheet: calamine.CalamineSheet, grid: Grid, texts: CellTexts) -> Iterator[Row]:
    """Yield every row as text. The reader drops the names of errors; the guard has kept them."""
    left = sheet.start[1] if sheet.start else 0
    for number, cells in enumerate(sheet.iter_rows()):
        row = [texts.text(value, column) for column, value in enumerate(cells)]
        if grid.errors:
            row = [
                grid.errors.get((number, left + column)) if cell is None else cell for column, cell in enumerate(row)
            ]
        yield row


class _Batch:
    """Rows on their way to the text table, column by column."""

    def __init__(self, writer: TextTableWriter, width: int) -> None:
        self._writer = writer
        self._size = rows_per_group(width)
        self._columns: list[Row] = [[] for _ in range(width)]
        self.rows = 0

    def add(self, row: Row) -> bool:
        """Add a row; True when a whole batch went to the table."""
        for column, cell in zip(self._columns, row, strict=True):
            column.append(cell)
        self.rows += 1
        return self.flush() if self.rows % self._size == 0 else False

    def flush(self) -> bool:
        if self._columns[0]:
            arrays = [pa.array(column, pa.string()) for column in self._columns]
            self._writer.write(pa.RecordBatch.from_arrays(arrays, [str(i) for i in range(len(arrays))]))
            self._columns = [[] for _ in self._columns]
        return True


def _write(
    sheet: calamine.CalamineSheet, rows: Iterator[Row], table: _Table, request: ParseRequest, report: Report
) -> tuple[WrittenTable, int]:
    """Write all rows below the header; return the table and how many blank rows were left out."""
    writer = TextTableWriter(table.names, request.output_dir / "0.parquet")
    batch = _Batch(writer, len(table.names))
    height = max(1, sheet.total_height)
    filled = blank = 0
    for number, row in enumerate(rows, start=1):
        if not any(row):
            blank += filled >= table.skip
            continue
        filled += 1
        if filled > table.skip and batch.add(row):
            report(ParseProgress(_GUARDED + (_READ - _GUARDED) * number / height, batch.rows, "Reading rows"))
    batch.flush()

    def typing(share: float) -> None:
        report(ParseProgress(_READ + (1 - _READ) * share, batch.rows, "Finding types"))

    return writer.finish(request.options.types, typing), blank
