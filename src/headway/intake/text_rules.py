"""What a dialect means for bytes: which ones separate cells, end records, quote, escape and begin comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Bytes: TypeAlias = npt.NDArray[np.uint8]
Flags: TypeAlias = npt.NDArray[np.bool_]
Positions: TypeAlias = npt.NDArray[np.int64]

LF, CR, BLANK = 10, 13, 32


@dataclass(frozen=True, slots=True)
class Rules:
    """`ends` are the bytes that end a record; a CR before an LF belongs to the end in any case.

    `blanks` says that blanks may stand between a delimiter and an opening quote; `runs` that several delimiters in a
    row are one, and that none belongs to the beginning or the end of a record. With `lenient`, a quote inside a quoted
    cell is text unless the cell ends behind it.
    """

    delimiter: bytes | None = b","
    quote: int | None = 34
    escape: int | None = None
    comment: bytes | None = None
    ends: tuple[int, ...] = (LF, CR)
    blanks: bool = False
    runs: bool = False
    lenient: bool = False

    @property
    def record_end(self) -> bytes:
        """The byte that ends a last record which nothing ends."""
        return bytes(self.ends[:1])

    def is_end(self, block: Bytes) -> Flags:
        found: Flags = block == self.ends[0]
        for end in self.ends[1:]:
            found |= block == end
        return found

    def is_delimiter(self, block: Bytes) -> Flags:
        """Say for each byte whether a delimiter begins there. Of overlapping ones only the first counts."""
        if self.delimiter is None:
            return np.zeros(len(block), np.bool_)
        found: Flags = block == self.delimiter[0]
        length = len(self.delimiter)
        if length == 1:
            return found
        found[len(block) - length + 1 :] = False
        for offset, byte in enumerate(self.delimiter[1:], start=1):
            found[: len(block) - offset] &= block[offset:] == byte
        _drop_overlapping(found, length)
        return found

    def escaped(self, block: Bytes) -> tuple[Positions, Flags | None]:
        """Return where escapes stand, and for each byte whether one makes it text; None if there is none."""
        if self.escape is None:
            return np.empty(0, np.int64), None
        found = np.flatnonzero(block == self.escape)
        if not len(found):
            return found, None
        # In a run of escapes every second one is itself escaped.
        begins = np.flatnonzero(np.diff(found, prepend=-2) != 1)
        place = np.arange(len(found)) - np.repeat(begins, np.diff(np.append(begins, len(found))))
        active = found[place % 2 == 0]
        flags = np.zeros(len(block) + 1, np.bool_)
        flags[active + 1] = True
        return active, flags[:-1]


def _drop_overlapping(found: Flags, length: int) -> None:
    at = np.flatnonzero(found)
    if not (np.diff(at) < length).any():
        return
    last = -length
    for position in at.tolist():
        if position - last < length:
            found[position] = False
        else:
            last = position
