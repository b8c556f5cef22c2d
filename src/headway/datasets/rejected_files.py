"""Rejected rows as files to be corrected and sent back: CSV in pieces, XLSX as a whole. Text stays text in both."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from rustpy_xlsxwriter import write_worksheet

from headway.datasets.correction import MOST_RAW_BYTES, CorrectionLayout
from headway.datasets.rejected import Rejected, Written
from headway.datasets.schemas import RejectedRow

CSV_ROWS = 500
"""Rows of one piece."""

LONGEST_CELL = 32_767
"""What a cell of a workbook holds, in characters."""

MOST_SHEET_ROWS = 1_048_575
"""What a sheet holds below its header."""


def csv_pieces(rejected: Rejected, layout: CorrectionLayout) -> Iterator[bytes]:
    """Yield the file piece by piece. It begins with a mark that tells spreadsheet programs that it is UTF-8."""
    yield b"\xef\xbb\xbf" + _lines([layout.header])
    rows = (_cells(layout, row, rejected.written(row)) for row in rejected.rows())
    while some := list(islice(rows, CSV_ROWS)):
        yield _lines(some)


def _cells(layout: CorrectionLayout, row: RejectedRow, written: Written) -> list[str]:
    """Return a rejected row as a row of such a file; what it has too much stands in the last cell."""
    width = len(written.names)
    found = dict(zip(written.names, row.cells, strict=False))
    more = [cell or "" for cell in row.cells[width:]]
    kept = [found.get(name) or "" for name in layout.names]
    return [row.id, _sentence(row), *kept, (written.delimiter or "").join(more)]


def _sentence(row: RejectedRow) -> str:
    cut = f" Only its first {MOST_RAW_BYTES:,} bytes are here." if row.cut else ""
    return f"Row {row.row:,} {row.reason}.{cut}"


def _lines(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def write_xlsx(rejected: Rejected, layout: CorrectionLayout, path: Path) -> None:
    """Write a workbook whose cells are all text: what begins with = is no formula, and 00123 keeps its zeros."""
    rows = (_cells(layout, row, rejected.written(row)) for row in islice(rejected.rows(), MOST_SHEET_ROWS))
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
