"""Where in a sheet its table is: the header, what stands above it, and the columns that hold something."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from headway.intake.formats.names import unique_names
from headway.intake.formats.workbook_rows import Cells, Row
from headway.intake.parsing import Decision

LOOKED_AT_ROWS = 200
HEADER_WITHIN_ROWS = 20
TITLE_NEEDS_COLUMNS = 3
"""A lone cell above a table at least so wide is a title, not a header."""

HEADER_SHARE = 0.5
"""A header names at least so many of the columns that its rows fill."""

_VALUE = re.compile(
    r"-?[0-9.]+(e[+-]?[0-9]+)?|TRUE|FALSE|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|-?[0-9]+:[0-9]{2}:[0-9]{2}.*", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table, their names, and how many rows that hold something stand before its data."""

    columns: list[int]
    names: list[str]
    skip: int
    decision: Decision


def find_layout(rows: Iterable[Row], wanted: bool | None) -> Layout:
    """Look at the first rows of a sheet. There is at least one that holds something."""
    first = list(islice(rows, LOOKED_AT_ROWS))
    columns = sorted({column for _, cells in first for column in cells})
    if wanted is False:
        return _headless(columns, Decision("header", None, "You said that there is no header."))
    header = _header(first)
    if header is None and wanted is None:
        evidence = "The first row holds numbers or dates only, as the rows below it do; the columns are numbered."
        return _headless(columns, Decision("header", None, evidence, runner_up=f"row {first[0][0] + 1}"))
    at = header or 0
    number, cells = first[at]
    evidence = "It is the first row that holds something."
    if at:
        above = "; ".join(cell for _, cells in first[:at] for cell in cells.values())
        evidence = f"What stands above it is narrower than the table and not imported: {above[:500]}"
        evidence += "." if len(above) <= 500 else "…"
    return Layout(columns, _names(columns, cells), at + 1, Decision("header", f"row {number + 1}", evidence))


def widened(layout: Layout, columns: Iterable[int], header: Cells) -> Layout:
    """Return the layout with more columns; `header` is the row that names them."""
    every = sorted({*layout.columns, *columns})
    return Layout(every, _names(every, header), layout.skip, layout.decision)


def _headless(columns: list[int], decision: Decision) -> Layout:
    return Layout(columns, _names(columns, {}), 0, decision)


def _names(columns: list[int], header: Cells) -> list[str]:
    return unique_names([header.get(column, "").strip() for column in columns])


def _header(first: list[Row]) -> int | None:
    """Return which of the rows is the header: the first one that names enough columns; None for data at once."""
    widths = [len(cells) for _, cells in first]
    usual = sorted(widths)[len(widths) // 2]
    if widths[0] < max(TITLE_NEEDS_COLUMNS, usual) * HEADER_SHARE or (widths[0] == 1 and usual >= TITLE_NEEDS_COLUMNS):
        for position, (_, cells) in enumerate(first[:HEADER_WITHIN_ROWS]):
            if len(cells) > max(1, usual * HEADER_SHARE) and not any(map(_is_value, cells.values())):
                return position
    elif len(first) > 1 and all(map(_is_value, first[0][1].values())) and all(map(_is_value, first[1][1].values())):
        return None
    return 0


def _is_value(text: str) -> bool:
    return _VALUE.fullmatch(text) is not None
