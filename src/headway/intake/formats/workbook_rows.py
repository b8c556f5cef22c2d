"""Rows of a sheet: one by one as their readers find them, or many at once as columns of cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from headway.intake.rows_file import rows_per_group
from headway.intake.text_rules import Positions

LAST_ROW = 1_048_575
LAST_COLUMN = 16_383
"""Of a sheet, numbered from 0."""

Cells = dict[int, str]
"""The cells of a row that hold something, by their column."""

Row = tuple[int, Cells]
"""The number of a row, from 0 and rising, and its cells."""


BLOCK_ROWS = 10_000
BLOCK_CELLS = 500_000
BLOCK_CHARACTERS = 8 * 1024 * 1024
"""A block of many or of very long cells ends early."""


@dataclass(frozen=True, slots=True)
class CellBlock:
    """Rows that hold something, by their rising numbers from 0, and their cells, which are filled and in any order.

    `row` says of each cell which of the rows it is in, `column` its column, `texts` what it says.
    """

    numbers: Positions
    row: Positions
    column: Positions
    texts: pa.StringArray

    def cells_of(self, row: int) -> Cells:
        """Return the cells of one of the rows."""
        at = np.flatnonzero(self.row == row)
        return dict(zip(self.column[at].tolist(), self.texts.take(pa.array(at)).to_pylist(), strict=True))

    def batches(self, columns: list[int], start: int) -> Iterator[list[pa.StringArray]]:
        """Yield the rows from `start` on as one array for each of these columns, which are all that there are."""
        place = np.full(LAST_COLUMN + 1, -1, np.int64)
        place[columns] = np.arange(len(columns))
        size = rows_per_group(len(columns))
        for begin in range(start, len(self.numbers), size):
            end = min(begin + size, len(self.numbers))
            at = np.flatnonzero((self.row >= begin) & (self.row < end))
            chosen = np.full((len(columns), end - begin), -1, np.int64)
            chosen[place[self.column[at]], self.row[at] - begin] = at
            yield [self.texts.take(pa.array(cells, mask=cells < 0)) for cells in chosen]


def gathered(rows: Iterable[Row]) -> Iterator[CellBlock]:
    """Yield blocks of rows that come one by one."""
    numbers: list[int] = []
    counts: list[int] = []
    columns: list[int] = []
    texts: list[str] = []
    characters = 0

    def block() -> CellBlock:
        row = np.repeat(np.arange(len(numbers)), counts)
        return CellBlock(np.array(numbers, np.int64), row, np.array(columns, np.int64), pa.array(texts, pa.string()))

    for number, cells in rows:
        numbers.append(number)
        counts.append(len(cells))
        columns.extend(cells)
        texts.extend(cells.values())
        characters += sum(map(len, cells.values()))
        if len(numbers) >= BLOCK_ROWS or len(texts) >= BLOCK_CELLS or characters > BLOCK_CHARACTERS:
            yield block()
            numbers, counts, columns, texts, characters = [], [], [], [], 0
    if numbers:
        yield block()
