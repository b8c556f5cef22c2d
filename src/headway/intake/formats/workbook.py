"""Workbooks: each sheet that is wanted becomes a table of text, and its types are learnt like those of a CSV file.

Sheets are streamed, whatever grid they claim to have: only cells that hold something cost anything.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from headway.intake.errors import SheetUnreadable
from headway.intake.formats.workbook_cells import CellTexts
from headway.intake.formats.workbook_layout import Layout, find_layout, widened
from headway.intake.formats.workbook_open import open_fods, open_ods, open_xls, open_xlsb, open_xlsx
from headway.intake.formats.workbook_rows import CellBlock, Cells, Row, gathered
from headway.intake.formats.workbook_sheets import Notes, OnShare, Sheet, Workbook, choose
from headway.intake.known_bytes import not_sent
from headway.intake.parsing import Decision, ParsedPart, ParseProgress, ParseRequest, Report
from headway.intake.spooled_table import TextTableWriter
from headway.intake.text_errors import TooManyColumns
from headway.intake.text_rules import Positions
from headway.intake.text_table import WrittenTable
from headway.plurals import counted

MAX_COLUMNS = 5000
SAMPLE_CELLS = 200_000
"""A sheet that is only looked at is read no further, however wide it is."""

_READ = 0.75
"""The part of the progress that reading cells takes; the rest is types."""


class Opener(Protocol):
    def __call__(self, request: ParseRequest, source: Path) -> AbstractContextManager[Workbook]: ...


def _parse(opener: Opener, request: ParseRequest, source: Path, report: Report) -> list[ParsedPart]:
    with opener(request, source) as workbook:
        choice = choose(workbook, request.options, lambda sheet: _holds_something(workbook, sheet))
        parts = []
        for number, sheet in enumerate(choice.sheets):
            folder = request.output_dir / f"sheet-{number}"
            folder.mkdir()
            table = _Table(
                workbook, sheet, replace(request, output_dir=folder), _share_of(report, number, len(choice.sheets))
            )
            parts.append(table.parse(choice.decision(sheet)))
        return parts


OPENERS: dict[str, Opener] = {
    "xlsx": open_xlsx,
    "xlsb": open_xlsb,
    "xls": open_xls,
    "ods": open_ods,
    "fods": open_fods,
}
"""The kinds of workbooks."""

parse_xlsx = functools.partial(_parse, open_xlsx)
parse_xlsb = functools.partial(_parse, open_xlsb)
parse_xls = functools.partial(_parse, open_xls)
parse_ods = functools.partial(_parse, open_ods)
parse_fods = functools.partial(_parse, open_fods)


def list_sheets(request: ParseRequest, kind: str) -> list[Sheet]:
    """Return all sheets of a workbook of one of the `OPENERS`, hidden ones and charts too."""
    with OPENERS[kind](request, request.source) as workbook:
        return workbook.sheets


def _share_of(report: Report, number: int, of: int) -> Report:
    return lambda progress: report(replace(progress, fraction=(number + progress.fraction) / of))


def _holds_something(workbook: Workbook, sheet: Sheet) -> bool:
    return next(workbook.rows(sheet, Notes(), lambda _share: None), None) is not None


class _Table:
    """One sheet on its way into one dataset.

    One pass over the sheet is enough where its first rows told the truth about the columns. A column that
    first appears further down, or one that mixes dates and moments, takes another pass.
    """

    def __init__(self, workbook: Workbook, sheet: Sheet, request: ParseRequest, report: Report) -> None:
        self._workbook = workbook
        self._sheet = sheet
        self._request = request
        self._report = report
        self._notes = Notes()
        self._blank_rows = 0
        self._rows_seen = 0
        self._is_sample = False

    def parse(self, chosen: Decision) -> ParsedPart:
        layout = find_layout(self._rows(Notes(), _unheard), self._request.options.named_rows)
        with_time: frozenset[int] = frozenset()
        while True:
            self._refuse_wide(len(layout.columns))
            written, layout_found = self._write(layout, with_time)
            mixed = self._notes.texts.mixed
            if written is not None and not mixed:
                break
            layout, with_time = layout_found, with_time | mixed
        decisions = [chosen, *layout.decisions, *self._told(layout), *written.decisions]
        path = self._request.output_dir / "0.parquet"
        return ParsedPart(
            self._sheet.name, path, written.rows, 0, written.columns, decisions, is_sample=self._is_sample
        )

    def _rows(self, notes: Notes, on_share: OnShare) -> Iterator[Row]:
        rows = self._workbook.rows(self._sheet, notes, on_share)
        limit = self._request.sample_rows
        return rows if limit is None else self._first_of(rows, limit)

    def _first_of(self, rows: Iterator[Row], limit: int) -> Iterator[Row]:
        """Yield rows as far as they are wanted, and as far as they were sent."""
        given = cells = 0
        try:
            for row in rows:
                if given >= limit or cells > SAMPLE_CELLS:
                    self._is_sample = True
                    return
                yield row
                given, cells = given + 1, cells + len(row[1])
        except SheetUnreadable as error:
            if not (given and not_sent(error)):
                raise
            self._is_sample = True

    def _refuse_wide(self, columns: int) -> None:
        if columns > MAX_COLUMNS:
            raise TooManyColumns(f"The sheet {self._sheet.name} has {columns:,} columns.", max_columns=MAX_COLUMNS)

    def _write(self, layout: Layout, with_time: frozenset[int]) -> tuple[WrittenTable | None, Layout]:
        """Write all rows below the header. No table, but a wider layout, if there are more columns than in it."""
        self._notes = notes = Notes(texts=CellTexts(with_time=with_time))
        writer = TextTableWriter(layout.names, self._request.output_dir / "0.parquet")
        known, header = set(layout.columns), list[Cells]()
        self._blank_rows = seen = 0
        last: int | None = None
        for block in self._blocks(notes):
            skipped = min(max(0, layout.skip - seen), len(block.numbers))
            if skipped:
                named = max(0, layout.skip - layout.header_rows - seen)
                header += [block.cells_of(row) for row in range(named, skipped)]
                last = int(block.numbers[skipped - 1])
            self._blank_rows += _blanks(block.numbers[skipped:], last)
            seen, last = seen + len(block.numbers), int(block.numbers[-1])
            known.update(np.unique(block.column).tolist())
            self._refuse_wide(len(known))
            if len(known) == len(layout.columns):
                for arrays in block.batches(layout.columns, skipped):
                    writer.write(pa.RecordBatch.from_arrays(arrays, layout.names))
            self._rows_seen = max(0, seen - layout.skip)
        if len(known) > len(layout.columns):
            return None, widened(layout, known, header)
        return writer.finish(self._request.options.types, self._typing), layout

    def _blocks(self, notes: Notes) -> Iterator[CellBlock]:
        """Yield the rows of the sheet, many at once where all of them are wanted."""
        if self._request.sample_rows is not None:
            return gathered(self._rows(notes, self._heard))
        blocks = self._workbook.blocks(self._sheet, notes, self._heard)
        return (block for block in blocks if len(block.numbers))

    def _heard(self, share: float) -> None:
        self._report(ParseProgress(_READ * share, self._rows_seen, "Reading rows"))

    def _typing(self, share: float) -> None:
        self._report(ParseProgress(_READ + (1 - _READ) * share, self._rows_seen, "Finding types"))

    # ------------------------------------------------------------------------------------------- what is said

    def _told(self, layout: Layout) -> list[Decision]:
        """Return what a person should know about the cells."""
        notes, texts = self._notes, self._notes.texts
        between = layout.columns[-1] - layout.columns[0] + 1 - len(layout.columns)
        said = (
            (self._blank_rows, "blank rows left out", "row of the sheet holds nothing.|rows of the sheet hold nothing."),
            (between, "blank columns left out", "column between the others holds nothing.|columns between the others hold nothing."),
            (notes.hidden_rows, "hidden rows", "row is hidden in the sheet; it is imported like the others.|rows are hidden in the sheet; they are imported like the others."),
            (notes.merged, "merged cells", "group of cells is merged; only its first cell has the value.|groups of cells are merged; only the first of each has the value."),
            (notes.uncalculated, "formulas without a value", "formula was never calculated by a spreadsheet program; it reads as empty.|formulas were never calculated by a spreadsheet program; they read as empty."),
            (notes.errors, "errors", "cell holds an error, which is kept as its text.|cells hold an error, such as #N/A, which is kept as its text."),
            (texts.odd_dates, "numbers that are no dates", "cell has the format of a date, but its number is no date of the calendar; the number is kept.|cells have the format of a date, but numbers that are no dates of the calendar; the numbers are kept."),
            (texts.long_numbers, "long numbers", "number has more than 15 digits; a spreadsheet program that saved it has lost the last ones.|numbers have more than 15 digits; a spreadsheet program that saved them has lost the last ones."),
        )  # fmt: skip
        return [Decision("rows", value, counted(count, *words.split("|"))) for count, value, words in said if count]


def _unheard(_share: float) -> None:
    return


def _blanks(numbers: Positions, last: int | None) -> int:
    """Return how many rows are left out between these, and between them and the last one before."""
    steps = np.diff(numbers, prepend=numbers[0] - 1 if last is None else last) - 1
    return int(np.maximum(steps, 0).sum())
