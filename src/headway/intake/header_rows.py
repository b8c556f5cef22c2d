"""Where a table begins among the first lines, and whether its first row holds names. Each answer with its evidence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from headway.intake.text_cells import Cells

Row = Sequence[str | None]

LOOKED_AT = 300
MOST_PREAMBLE = 50
SHOWN_LINES = 10
MARK = "\ufeff"
"""A byte order mark that stands in a name was put before a text that had one already."""


_NUMBER = r"[-+]?(?:[$€£¥]\s?)?\d[\d.,' \u00a0\u202f]*(?:[eE][-+]?\d+)?\s?%?|[-+]?\.\d+"
_DATE = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?:[ T].*)?"
_TIME = r"-?\d{1,4}:\d\d(?::\d\d)?(?:\.\d+)?"
_WORD = r"true|false"
_VALUE = re.compile(rf"(?:{_NUMBER}|{_DATE}|{_TIME}|{_WORD})", re.IGNORECASE)
_DAY = re.compile(_DATE)
_PLAIN_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NOTHING = re.compile(r"(?:n/?a|null|none|nan|-+|\.+|\?|#n/a|\\n)?", re.IGNORECASE)
_UNIT = re.compile(r"[\[(].{1,20}[\])]")


@dataclass(frozen=True, slots=True)
class Layout:
    """`start` is the byte of the first header row (or data row), `data` that of the first data row; `lines` the number

    of physical lines before `data`, `skipped` the text of those before the header.
    """

    columns: int
    header_rows: int
    start: int
    data: int
    lines: int
    names: tuple[str, ...]
    evidence: str
    runner_up: str | None = None
    skipped: tuple[str, ...] = ()
    skipped_lines: int = 0

    def moved(self, by: int, before: bytes) -> Layout:
        """Return the layout in a text that has `by` more bytes in front, the last of them `before` as lines."""
        lines = _LineCounter(before)(len(before))
        return replace(
            self,
            start=self.start + by,
            data=self.data + by,
            lines=self.lines + lines,
            skipped=tuple([*_shown(before), *self.skipped][:SHOWN_LINES]),
            skipped_lines=self.skipped_lines + lines,
        )


def find_layout(cells: Cells, wanted: int | None, *, width: int, find_preamble: bool) -> Layout:
    """Return where the table begins in a sample."""
    lead = _lead(cells)
    rows = cells.rows(LOOKED_AT, lead)
    begins = [int(begin) for begin in cells.begins[lead : lead + len(rows)]]
    ends = [*begins[1:], int(cells.ends[lead + len(rows) - 1]) + 1] if rows else []
    told = [number for number, row in enumerate(rows) if not _is_blank(row) and not _is_comment(cells, begins[number])]
    first, width = _first_row(rows, told, width) if find_preamble and width > 1 else (0, width)
    told = told[first:]
    header, evidence, runner_up = find_header([rows[number] for number in told], wanted)
    names = names_of([rows[number] for number in told[:header]])
    if not told:
        return Layout(max(width, 1), 0, 0, 0, 0, (), evidence)
    while len(names) > width and not names[-1]:
        names.pop()
    width = max(width, len(names))
    start = begins[told[0]]
    data = ends[told[header - 1]] if header else start
    line_of = _LineCounter(cells.text)
    return Layout(
        columns=width,
        header_rows=header,
        start=start,
        data=data,
        lines=line_of(data),
        names=tuple(names),
        evidence=evidence,
        runner_up=runner_up,
        skipped=tuple(_shown(cells.text[:start])[:SHOWN_LINES]),
        skipped_lines=line_of(start),
    )


def _lead(cells: Cells) -> int:
    """Return how many records without anything, and comments, stand before the first other one."""
    mark = cells.rules.comment
    is_empty = (cells.widths == 1) & cells.missing[cells.first] if cells.records else cells.missing[:0]
    for record in range(cells.records):
        if not is_empty[record] and not (mark and cells.text.startswith(mark, int(cells.begins[record]))):
            return record
    return 0


def _shown(text: bytes) -> list[str]:
    return [line[:200] for line in text.decode("utf-8", "replace").splitlines() if line.strip()]


class _LineCounter:
    def __init__(self, text: bytes) -> None:
        self._text = text

    def __call__(self, end: int) -> int:
        piece = self._text[:end]
        return piece.count(b"\n") + piece.count(b"\r") - piece.count(b"\r\n")


def _is_blank(row: Row) -> bool:
    return len(row) == 1 and not (row[0] or "").strip()


def _is_comment(cells: Cells, begin: int) -> bool:
    return cells.rules.comment is not None and cells.text.startswith(cells.rules.comment, begin)


def _filled(row: Row) -> int:
    return sum(1 for cell in row if (cell or "").strip())


# ------------------------------------------------------------------------------------------------ the first row


def _first_row(rows: Sequence[Row], told: list[int], width: int) -> tuple[int, int]:
    """Return which of the told rows the table begins with, and how many columns it has.

    Lines before the table are those that have other numbers of cells, or hold a single text in a wide row.
    """
    known = [rows[number] for number in told]
    first = next((place for place, row in enumerate(known[:MOST_PREAMBLE]) if len(row) == width), 0)
    above = _begin_above(known, first, width)
    if above is not None:
        return above, _width_below(known[above], known[above + 1 :], width)
    if width > 2:
        first += _titles(known[first : first + MOST_PREAMBLE], width)
    return first, width


def _begin_above(known: Sequence[Row], first: int, width: int) -> int | None:
    """Return where the table begins if rows above the first one of its width belong to it: names, or values.

    They are no titles, because they have about as many cells as the row of values below them.
    """
    if not known or (_filled(known[first]) and not any(map(is_value, known[first]))):
        return None
    begin, is_near = None, True
    for place in range(first - 1, -1, -1):
        row = known[place]
        if len(row) < max(2, width / 2):
            break
        has_value = any(map(is_value, row))
        if not has_value and _filled(row) >= len(row) - 1:
            return place
        if not has_value:
            break
        is_near = is_near and len(row) >= width - 1
        begin = place if is_near else begin
    return begin


def _width_below(top: Row, below: Sequence[Row], width: int) -> int:
    """Return how many columns there are below a first row of another width: its own, unless most rows have more."""
    named = max(place for place, cell in enumerate(top, start=1) if place == 1 or (cell or "").strip())
    for columns in (named, len(top)):
        if all(_filled(row[columns:]) == 0 for row in below):
            return columns
    most_have_more = sum(len(row) > len(top) for row in below) > 0.5 * len(below)
    return max(len(top), width) if most_have_more else len(top)


def _titles(rows: Sequence[Row], width: int) -> int:
    """Return how many rows hold a title only, with the other cells of a wide row empty."""
    if len(rows) < 3 or _filled(rows[0]) > 1:
        return 0
    for number, row in enumerate(rows[:10]):
        if _filled(row) > max(2, 0.7 * width):
            sparse = all(_filled(title) <= 1 for title in rows[:number])
            return number if sparse and not any(map(is_value, row)) else 0
    return 0


# --------------------------------------------------------------------------------------------------- the header


def find_header(rows: Sequence[Row], wanted: int | None) -> tuple[int, str, str | None]:
    """Return how many of the rows of a table, from its first one on, hold names, why, and what else it could be."""
    if wanted is not None:
        return min(wanted, len(rows)), "it was named in the import options", None
    if not rows:
        return 0, "there is nothing in it", None
    if len(rows) > 3 and (two := _second_row(rows)):
        return 2, two, "one row holds the names"
    holds, evidence = _holds_names(rows)
    if not holds:
        return 0, evidence, "the first row holds the names"
    return 1, evidence, "there is no header: the first row is data"


def _holds_names(rows: Sequence[Row]) -> tuple[bool, str]:
    first = [(cell or "").strip() for cell in rows[0]]
    values = [cell for cell in first if is_value(cell)]
    below = rows[1:200]
    if values and _are_days(first, below):
        return True, f"the first row holds dates like {values[0][:40]!r} above columns that hold none"
    if values and not _are_years(first, below) and not _counts_up(first, below):
        return False, f"the first row holds the value {values[0][:40]!r}, which is no name"
    if values:
        return True, "the first row counts on from column to column, as names do"
    if not any(first):
        return False, "the first row is empty"
    if contrast := _contrast(first, below):
        return True, contrast
    if repeated := _repeats(first, rows):
        return False, f"{repeated[:40]!r} stands in the first row and in later ones of the same column"
    return True, "the first row holds words only, none of which looks like a value"


def is_value(cell: str | None) -> bool:
    return bool(cell) and _VALUE.fullmatch((cell or "").strip()) is not None


def _are_years(first: list[str], below: Sequence[Row]) -> bool:
    """Say whether the values among names are years in order, as in tables with a column for each."""
    places = _places(first)
    years = [int(first[place]) for place in places if _YEAR.fullmatch(first[place])]
    if len(years) < len(places) or len(places) == len(first):
        return False
    steps = {later - earlier for earlier, later in pairwise(years)}
    if len(steps) == 1 and steps <= {1, -1, 2, 5, 10}:
        return True
    in_order = all(step > 0 for step in steps) or all(step < 0 for step in steps)
    return in_order and len(below) > 2 and not any(map(_YEAR.fullmatch, _under(places, below)))


def _places(first: list[str]) -> list[int]:
    return [place for place, cell in enumerate(first) if is_value(cell)]


def _under(places: list[int], below: Sequence[Row]) -> Iterator[str]:
    """Yield the cells of some columns."""
    return ((row[place] or "").strip() for row in below for place in places if place < len(row))


def _counts_up(first: list[str], below: Sequence[Row]) -> bool:
    """Say whether the row is like `,0,1,2`: nothing above the names of the rows, then numbers that rise or fall."""
    rest = first[1:]
    if len(rest) < 2 or first[0] or not all(map(_PLAIN_NUMBER.fullmatch, rest)):
        return False
    numbers = [Decimal(cell) for cell in rest]
    steps = [later - earlier for earlier, later in pairwise(numbers)]
    if numbers[0] in {0, 1} and set(steps) == {1}:
        return True
    named = all((row[0] or "").strip() for row in below[:5] if row)
    in_order = all(step > 0 for step in steps) or all(step < 0 for step in steps)
    return len(rest) > 2 and named and in_order


def _are_days(first: list[str], below: Sequence[Row]) -> bool:
    """Say whether the values among names are dates, as in tables with a column for each day or month."""
    places = _places(first)
    days = {first[place] for place in places}
    if not below or len(days) < max(2, len(places)) or len(places) == len(first):
        return False
    return all(map(_DAY.fullmatch, days)) and not any(map(_DAY.fullmatch, _under(places, below)))


def _contrast(first: list[str], below: Sequence[Row]) -> str | None:
    """Return a column whose first cell is a word and whose others are all values."""
    for place, name in enumerate(first):
        cells = [row[place] for row in below if place < len(row) and not _NOTHING.fullmatch((row[place] or "").strip())]
        if name and cells and all(map(is_value, cells)):
            return f"{name[:40]!r} is a word above a column of values like {(cells[0] or '')[:40]!r}"
    return None


def _repeats(first: list[str], rows: Sequence[Row]) -> str | None:
    """Return a cell of the first row that its column repeats, though not in a repeated header."""
    below = [row for row in rows[1:200] if [(cell or "").strip() for cell in row] != first]
    filled = [cell for cell in first if cell]
    doubled = [cell for cell, times in Counter(filled).items() if times > 1]
    for place, name in enumerate(first):
        column = [(row[place] or "").strip() for row in below if place < len(row)]
        if name and name in column:
            return name
        if name in doubled and any(name == (cell or "").strip() for row in below[:20] for cell in row):
            return name
    return None


def _second_row(rows: Sequence[Row]) -> str | None:
    """Return why the second row belongs to the names: it holds units, or the names below the names of groups."""
    top, second, below = rows[0], rows[1], rows[2:200]
    if len(second) != len(top) or any(map(is_value, second)):
        return None
    if any(is_value(cell) and not _YEAR.fullmatch((cell or "").strip()) for cell in top):
        return None
    columns = [
        [row[place] for row in below if place < len(row) and not _NOTHING.fullmatch((row[place] or "").strip())]
        for place in range(len(top))
    ]
    numeric = [place for place, cells in enumerate(columns) if cells and all(map(is_value, cells))]
    over = [
        second[place] for place in numeric if second[place] and not _NOTHING.fullmatch((second[place] or "").strip())
    ]
    if len(numeric) < 2 or len(over) < len(numeric):
        return None
    units = [cell for cell in second if cell and _UNIT.fullmatch(cell.strip())]
    names = [(cell or "").strip() for cell in top]
    groups = "" in names[1:] or len({name for name in names if name}) < len([name for name in names if name])
    if not units and not groups:
        return None
    kind = "units" if units else "names below the names of groups"
    return f"the second row holds {kind}: {(over[0] or '')[:40]!r} stands above a column of values"


def names_of(rows: Sequence[Row]) -> list[str]:
    """Return the names that the header rows give; of two rows, both parts. A group's name counts until the next one."""
    if len(rows) < 2:
        return [(cell or "").strip().strip(MARK) for row in rows for cell in row]
    width = max(map(len, rows))
    top, bottom = ([(cell or "").strip() for cell in row] + [""] * (width - len(row)) for row in rows[:2])
    filled, last = [], ""
    units = all(not cell or _UNIT.fullmatch(cell) for cell in bottom)
    for cell in top:
        last = cell if cell or units else last
        filled.append(last)
    return [" ".join(part for part in pair if part) for pair in zip(filled, bottom, strict=True)]
