"""How rejected rows are named and their columns called where they are corrected. Programs that parse load this too.

What is said of the rows in answers is in `schemas.py`, which takes a parser longer to load than to read a small file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_RAW_BYTES = 16_000
"""What is kept of a rejected row, in UTF-8."""


def row_id(record: int, source: int = 0) -> str:
    """Return what a rejected row is called. No spreadsheet program takes it for a number or a date."""
    return f"f{source + 1}r{record}" if source else f"r{record}"


@dataclass(frozen=True, slots=True)
class CorrectionLayout:
    """The columns of a file in which rejected rows are corrected: the table's own between two of ours and a rest."""

    row: str
    errors: str
    names: list[str]
    more: str

    @classmethod
    def of(cls, names: Sequence[str]) -> CorrectionLayout:
        """Return the layout for a table. A name of ours that the table has already gets another dash in front."""
        taken, found = set(names), []
        for name in ("_row", "_errors", "_more"):
            free = name
            while free in taken:
                free = f"_{free}"
            found.append(free)
        return cls(found[0], found[1], list(names), found[2])

    @property
    def header(self) -> list[str]:
        return [self.row, self.errors, *self.names, self.more]
