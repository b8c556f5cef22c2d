"""How well a sample of text fits a dialect: how evenly its records split, and how ordinary the cells then look."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

import numpy as np

from headway.intake.header_rows import is_value
from headway.intake.text_cells import Cells, split
from headway.intake.text_rules import Rules

MOST_ROWS = 1_000
MOST_CELLS = 2_000
FEW_FAULTS = 0.02
WORDS_ONLY = 0.5
"""How much a blank is trusted that separates nothing but words, or nothings: lines of as many words each are no table,

and cells in columns of fixed width have many blanks between them.
"""

ALIGNED = 1.3
"""How much more it is trusted where values stand in columns of fixed width."""

MANY_EMPTY, MOST_VALUES = 0.2, 0.9

_ORDINARY = re.compile(
    r"|[-+]?\d+([.,]\d+)?%?|[-+]?\d{1,3}([., ']\d{3})+([.,]\d+)?|\d{4}-\d\d-\d\d.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}( \d.*)?"
    r"|\d\d?:\d\d(:\d\d)?|[^\W\d][\w .\-]{0,40}|[\w.+-]+@[\w-]+(\.[\w-]+)+|[$€£¥] ?\d[\d.,]*"
)


@dataclass(frozen=True)
class Split:
    """A sample, split by some rules. `agreeing` is the share of records with the most frequent number of cells."""

    rules: Rules
    delimiter: str | None
    trust: float
    cells: Cells
    columns: int
    agreeing: float
    faults: int
    score: float

    @cached_property
    def rows(self) -> list[list[str | None]]:
        return self.cells.rows(MOST_ROWS)

    def fits_better_than(self, other: Split) -> bool:
        """Say whether the rules are worth to be taken instead: more records agree, or fewer break the rules."""
        if self.rules.blanks and self.torn < other.torn and not self.faults:
            return self.agreeing >= other.agreeing
        if self.columns < other.columns and self.agreeing <= other.agreeing:
            return False
        if self.rules.comment != other.rules.comment:
            return self.agreeing > other.agreeing and not self.comments_are_none
        if self.rules.quote == ord("'") != other.rules.quote:
            return not self.faults and self.agreeing >= other.agreeing
        if self.rules.quote is None and self._wrapped(chr(other.rules.quote or 0)) > other.faults:
            return False
        return (self.agreeing, -self.faults) > (other.agreeing, -other.faults) and self.score >= other.score

    def _wrapped(self, quote: str) -> int:
        return sum(len(cell) > 1 and cell[0] == quote == cell[-1] for row in self.rows for cell in row if cell)

    @cached_property
    def torn(self) -> int:
        """How many cells have a quote at one of their ends only, blanks aside."""
        quote = chr(self.rules.quote or 0)
        cells = (cell.strip() for row in self.rows for cell in row if cell)
        return sum(cell.startswith(quote) != cell.endswith(quote) for cell in cells if len(cell) > 1)

    @property
    def comments_are_none(self) -> bool:
        """Say whether lines that begin like a comment could be rows: many have the right number of cells, or the last

        one above the table has it, which then holds the names.
        """
        mark = (self.rules.comment or b"").decode()
        fit = [len(row) == self.columns for row in self.rows if (row[0] or "").startswith(mark)]
        above = list(takewhile(lambda row: (row[0] or "").startswith(mark), self.rows))
        return sum(fit) * 3 > len(fit) or bool(above and len(above[-1]) == self.columns)

    @property
    def has_values(self) -> bool:
        """Say whether some column holds values, a few names and titles above them aside."""
        rows = [row for row in self.rows if len(row) == self.columns]
        columns = zip(*(rows[1:] or rows), strict=True)
        return any(sum(map(is_value, cells)) >= MOST_VALUES * len(cells) for cells in columns)

    @property
    def is_filled(self) -> bool:
        """Say whether most cells hold something."""
        cells = [cell for row in self.rows for cell in row]
        return sum(not cell for cell in cells) < MANY_EMPTY * len(cells)

    def wraps(self, mark: bytes) -> bool:
        """Say whether some column has all its cells between two such marks."""
        quote = mark.decode()
        for cells in zip(*(row for row in self.rows if len(row) == self.columns), strict=True):
            filled = [cell for cell in cells[1:] if cell] or [cell for cell in cells if cell]
            if filled and all(len(cell) > 1 and cell[0] == quote == cell[-1] for cell in filled):
                return True
        # Text inside may hold delimiters, which then tear the columns apart.
        begun = sum(cell.startswith(quote) for row in self.rows for cell in row if cell)
        ended = sum(cell.endswith(quote) for row in self.rows for cell in row if cell)
        return begun >= len(self.rows) and begun == ended

    @property
    def looks_aligned(self) -> bool:
        """Say whether blanks stand at the same places of most lines, as in columns of fixed width."""
        lines = [row[0] for row in self.rows[:200] if row and row[0]]
        if len(lines) < 3:
            return False
        width = min(map(len, lines))
        gaps = sum(all(line[at : at + 2] == "  " for line in lines) for at in range(1, width - 1))
        edges = sum(
            sum(line[at] == " " and line[at + 1] != " " for line in lines) > 0.8 * len(lines) for at in range(width - 1)
        )
        return gaps > 0 or edges > 1


def try_rules(body: bytes, rules: Rules, delimiter: str | None, trust: float, *, whole: bool) -> Split:
    """Split a sample; of one that is not all there is, a record that is open at its end does not count."""
    cells = split(body, rules, width=None, ended=whole)
    widths = cells.widths[_told(cells, rules)]
    if delimiter is None or not len(widths):
        return Split(rules, delimiter, trust, cells, 1, 1.0, len(cells.faults), 0.0)
    counts = Counter(widths.tolist())
    columns, times = max(counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    agreeing = times / len(widths)
    found = Split(rules, delimiter, trust, cells, columns, agreeing, len(cells.faults), 0.0)
    if columns < 2:
        return found
    if delimiter == " ":
        is_table = found.has_values and (rules.runs or found.is_filled)
        trust *= WORDS_ONLY if not is_table else ALIGNED if rules.runs else 1.0
    score = agreeing**2 * (0.15 + 0.85 * _ordinary(found)) * trust * (1 - 1 / columns) ** 0.25
    return Split(rules, delimiter, trust, cells, columns, agreeing, len(cells.faults), score)


def _told(cells: Cells, rules: Rules) -> np.ndarray:
    """Say which records count: not blank ones, and no comments."""
    if not cells.records:
        return np.zeros(0, np.bool_)
    told: np.ndarray = ~((cells.widths == 1) & cells.missing[cells.first])
    if rules.comment is not None:
        begins = cells.begins.tolist()
        told &= np.array([not cells.text.startswith(rules.comment, begin) for begin in begins])
    return told


def _ordinary(found: Split) -> float:
    cells = [(cell or "").strip() for row in found.rows if len(row) == found.columns for cell in row][:MOST_CELLS]
    return sum(bool(_ORDINARY.fullmatch(cell)) for cell in cells) / max(1, len(cells))
