"""Where in a sheet its table is: the header, what stands above it, and the columns that hold something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from headway.intake.formats.names import unique_names
from headway.intake.formats.workbook_rows import Cells, Row
from headway.intake.header_rows import find_header, names_of
from headway.intake.parsing import Decision

LOOKED_AT_ROWS = 200
HEADER_WITHIN_ROWS = 20
TITLE_NEEDS_COLUMNS = 3
"""A lone cell above a table at least so wide is a title, not a header."""

HEADER_SHARE = 0.5
"""A header names at least so many of the columns that its rows fill."""

SHOWN_CHARACTERS = 500

_VALUE = re.compile(
    r"-?[0-9.]+(e[+-]?[0-9]+)?|TRUE|FALSE|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|-?[0-9]+:[0-9]{2}:[0-9]{2}.*", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table, their names, how many rows that hold something stand before its data, and how many of

    these, the last ones, are its header.
    """

    columns: list[int]
    names: list[str]
    skip: int
    header_rows: int
    decisions: list[Decision]


def find_layout(rows: Iterable[Row], wanted: int | None) -> Layout:
    """Look at the first rows of a sheet. There is at least one that holds something.

    `wanted` is how many rows hold names, if the user said so.
    """
    first = list(islice(rows, LOOKED_AT_ROWS))
    columns = sorted({column for _, cells in first for column in cells})
    if wanted == 0:
        return Layout(
            columns, _names(columns, []), 0, 0, [Decision("header", None, "You said that there is no header.")]
        )
    table = [_cells(columns, cells) for _, cells in first]
    top = _top(first)
    if wanted is None and _may_name_groups(first, top) and find_header(table[top - 1 :], None)[0] > 1:
        top -= 1
    count, why, runner_up = find_header(table[top:], wanted)
    names = _names(columns, [cells for _, cells in first[top : top + count]])
    number = f"row {first[top][0] + 1}"
    evidence = f"{why[:1].upper()}{why[1:]}. {_above(first[:top])}".rstrip()
    if not count:
        decisions = [Decision("header", None, f"{evidence} The columns are numbered.", number)]
    else:
        decisions = [Decision("header", number, evidence, runner_up)]
    if count > 1:
        decisions.append(Decision("header", {"rows": count}, "The names of two rows were put together."))
    return Layout(columns, names, top + count, count, decisions)


def widened(layout: Layout, columns: Iterable[int], header: Sequence[Cells]) -> Layout:
    """Return the layout with more columns; `header` are the rows that name them."""
    every = sorted({*layout.columns, *columns})
    return Layout(every, _names(every, header), layout.skip, layout.header_rows, layout.decisions)


def _names(columns: list[int], header: Sequence[Cells]) -> list[str]:
    return unique_names(names_of([_cells(columns, cells) for cells in header]) or [""] * len(columns))


def _cells(columns: list[int], cells: Cells) -> list[str]:
    return [cells.get(column, "") for column in columns]


def _above(rows: list[Row]) -> str:
    """Return what there is to say about rows above the table."""
    if not rows:
        return ""
    above = "; ".join(cell for _, cells in rows for cell in cells.values())
    end = "." if len(above) <= SHOWN_CHARACTERS else "…"
    return f"What stands above it is narrower than the table and not imported: {above[:SHOWN_CHARACTERS]}{end}"


def _top(first: list[Row]) -> int:
    """Return which of the rows the table begins with: the first one that could name enough columns."""
    widths = [len(cells) for _, cells in first]
    usual = sorted(widths)[len(widths) // 2]
    if widths[0] < max(TITLE_NEEDS_COLUMNS, usual) * HEADER_SHARE or (widths[0] == 1 and usual >= TITLE_NEEDS_COLUMNS):
        for position, (_, cells) in enumerate(first[:HEADER_WITHIN_ROWS]):
            if len(cells) > max(1, usual * HEADER_SHARE) and not any(map(_is_value, cells.values())):
                return position
    return 0


def _may_name_groups(first: list[Row], top: int) -> bool:
    """Say whether the row above the first one of the table could name groups of its columns, and is no title."""
    if not top:
        return False
    (number, cells), (below, names) = first[top - 1 : top + 1]
    return number + 1 == below and (len(cells) > 1 or min(cells) > min(names))


def _is_value(text: str) -> bool:
    return _VALUE.fullmatch(text) is not None
