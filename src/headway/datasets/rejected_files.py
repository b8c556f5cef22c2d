"""Rejected rows as files to be corrected and sent back: CSV in pieces, XLSX as a whole. Text stays text in both."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from rustpy_xlsxwriter import write_worksheet

from headway.datasets.rejected import CorrectionLayout, Rejected

CSV_ROWS = 500
"""Rows of one piece."""

LONGEST_CELL = 32_767
"""What a cell of a workbook holds, in characters."""

MOST_SHEET_ROWS = 1_048_575
"""What a sheet holds below its header."""


def csv_pieces(rejected: Rejected, layout: CorrectionLayout) -> Iterator[bytes]:
    """Yield the file piece by piece. It begins with a mark that tells spreadsheet programs that it is UTF-8."""
    yield b"\xef\xbb\xbf" + _lines([layout.header])
    rows = (layout.cells(row, rejected.written(row)) for row in rejected.rows())
    while some := list(islice(rows, CSV_ROWS)):
        yield _lines(some)


def _lines(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def write_xlsx(rejected: Rejected, layout: CorrectionLayout, path: Path) -> None:
    """Write a workbook whose cells are all text: what begins with = is no formula, and 00123 keeps its zeros."""
    rows = (layout.cells(row, rejected.written(row)) for row in islice(rejected.rows(), MOST_SHEET_ROWS))
    records = (dict(zip(layout.header, map(_fitting, cells), strict=True)) for cells in rows)
    first = next(records, dict.fromkeys(layout.header, ""))
    write_worksheet(
        _chained(first, records),
        str(path),
        sheet_name="Rejected rows",
        freeze_row=1,
        bold_headers=True,
        column_widths={layout.errors: 60.0},
    )


def _chained(first: dict[str, str], rest: Iterator[dict[str, str]]) -> Iterator[dict[str, str]]:
    yield first
    yield from rest


def _fitting(cell: str) -> str:
    return cell if len(cell) <= LONGEST_CELL else cell[: LONGEST_CELL - 1] + "…"
