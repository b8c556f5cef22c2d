"""What was found so far: exact counts, the first ranges of rows, and which rows broke any rule at all.

Row numbers are those of the file, from 0; what people read begins with 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

MOST_RANGES = 100
MOST_LISTED = 50_000
"""Rows that the file of failing rows has at most; of each rule so many are remembered."""

BLOCK = 1 << 20


@dataclass(slots=True)
class Found:
    """What broke one rule."""

    count: int = 0
    ranges: list[list[int]] = field(default_factory=list)
    cut: bool = False
    listed: list[Numbers] = field(default_factory=list)
    held: int = 0

    def add(self, rows: Numbers) -> None:
        """Take the next rows, which rise and follow those before them."""
        if not len(rows):
            return
        self.count += len(rows)
        self._add_ranges(rows)
        if self.held < MOST_LISTED:
            some = rows[: MOST_LISTED - self.held].copy()
            self.listed.append(some)
            self.held += len(some)

    @property
    def rows(self) -> Numbers:
        """The first rows that broke the rule."""
        return np.concatenate(self.listed) if self.listed else np.empty(0, np.int64)

    def _add_ranges(self, rows: Numbers) -> None:
        ends = np.flatnonzero(np.diff(rows) != 1)
        firsts = rows[np.concatenate(([0], ends + 1))]
        lasts = rows[np.concatenate((ends, [len(rows) - 1]))]
        if self.ranges and firsts[0] == self.ranges[-1][1] + 1 and not self.cut:
            self.ranges[-1][1] = int(lasts[0])
            firsts, lasts = firsts[1:], lasts[1:]
        room = MOST_RANGES - len(self.ranges)
        self.cut = self.cut or len(firsts) > room
        pairs = zip(firsts[:room].tolist(), lasts[:room].tolist(), strict=True)
        self.ranges += [[first, last] for first, last in pairs]

    def ranges_for_people(self) -> list[list[int]]:
        return [[first + 1, last + 1] for first, last in self.ranges]


class Marks:
    """A set of rows of any number: a bit for each row, in blocks that are there once a row of theirs is."""

    def __init__(self) -> None:
        self._blocks: dict[int, Any] = {}
        self.count = 0

    def add(self, rows: Numbers) -> None:
        """Add rows, which rise."""
        for block in np.unique(rows // BLOCK).tolist():
            inside = rows[np.searchsorted(rows, block * BLOCK) : np.searchsorted(rows, (block + 1) * BLOCK)]
            packed = self._blocks.get(block)
            bits = np.zeros(BLOCK, np.uint8) if packed is None else np.unpackbits(packed)
            before = int(bits.sum())
            bits[inside - block * BLOCK] = 1
            self.count += int(bits.sum()) - before
            self._blocks[block] = np.packbits(bits)

    def first(self, most: int) -> Numbers:
        """Return the first rows, at most so many."""
        found: list[Numbers] = []
        held = 0
        for block in sorted(self._blocks):
            if held >= most:
                break
            rows = np.flatnonzero(np.unpackbits(self._blocks[block])).astype(np.int64) + block * BLOCK
            found.append(rows[: most - held])
            held += len(found[-1])
        return np.concatenate(found) if found else np.empty(0, np.int64)
