"""Reads a UTF-8 text table from end to end: rows in batches, each with its place, and the ones that do not fit.

Every record of the file ends up in exactly one pile: a row, a row that was repaired, a rejected row, a blank line or
a comment. `Tally` counts the piles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from headway.datasets.correction import MOST_RAW_BYTES
from headway.intake.rejects import BAD_CHARACTERS, TOO_FEW, TOO_MANY, Rejected
from headway.intake.text_cells import Cells, split
from headway.intake.text_rules import CR, LF, Flags, Positions, Rules

BLOCK = 1024 * 1024
WIDE_BLOCK = 4 * BLOCK
WIDE = 500

MOST_OPEN_BYTES = 64 * 1024 * 1024
"""A quoted cell longer than this is one that never closes."""

_BLANKS = b" \t\x0b\x0c\r\xa0\x00\x1a"
"""The last two fill up files that were not written to their ends, and end those of DOS."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where rows lie: data row from 1, physical line from 1, first byte and the byte behind the last one."""

    row: Positions
    line: Positions
    begin: Positions
    end: Positions

    def take(self, chosen: Positions | Flags) -> Places:
        return Places(self.row[chosen], self.line[chosen], self.begin[chosen], self.end[chosen])

    @classmethod
    def concat(cls, parts: list[Places]) -> Places:
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))


@dataclass(slots=True)
class Tally:
    """What became of the records that were read."""

    rows: int = 0
    rejected: int = 0
    blank: int = 0
    comments: int = 0
    repaired: Counter[str] = field(default_factory=Counter)

    @property
    def records(self) -> int:
        return self.rows + self.rejected + self.blank + self.comments


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows with their places, and the rows between them that were rejected.

    `short` holds how many cells the rows had that were filled up, and 0 for the others.
    """

    rows: pa.RecordBatch
    places: Places | None
    short: Positions
    rejected: list[Rejected]
    read_bytes: int = 0

    @classmethod
    def concat(cls, parts: list[Chunk]) -> Chunk:
        if len(parts) == 1:
            return parts[0]
        places = [part.places for part in parts if part.places is not None]
        return cls(
            rows=pa.concat_batches([part.rows for part in parts]),
            places=Places.concat(places) if places else None,
            short=np.concatenate([part.short for part in parts]),
            rejected=[rejected for part in parts for rejected in part.rejected],
            read_bytes=parts[-1].read_bytes,
        )


@dataclass(frozen=True, slots=True)
class Table:
    """Where the rows of a table lie in a file, and how they are written. `line` is the number of its first line."""

    path: Path
    rules: Rules
    width: int
    start: int = 0
    line: int = 1
    fill_short: bool = True
    bad_bytes: Positions = field(default_factory=lambda: np.empty(0, np.int64))


def widest(table: Table, most: int) -> Table:
    """Return the table with as many columns as its longest row has cells, up to `most`."""
    width = table.width
    with table.path.open("rb", buffering=0) as file:
        for cells in read_cells(file, table.start, table.rules, width=None):
            if cells.records:
                width = max(width, int(cells.widths.max()))
    return replace(table, width=min(width, most))


class TextReader:
    """Iterates a table's chunks once; then `tally` is complete."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._line = table.line
        self._row = 0
        self.tally = Tally()

    def chunks(self) -> Iterator[Chunk]:
        block = WIDE_BLOCK if self._table.width > WIDE else BLOCK
        with self._table.path.open("rb", buffering=0) as file:
            position = self._table.start
            for cells in read_cells(file, position, self._table.rules, width=self._table.width, block=block):
                yield self._chunk(cells, position)
                position += cells.used

    def _chunk(self, cells: Cells, offset: int) -> Chunk:
        piles = _Piles(cells, self._table, offset)
        is_row = piles.is_row
        places = Places(
            row=self._row + np.cumsum(is_row),
            line=self._lines(cells),
            begin=offset + cells.begins,
            end=offset + cells.ends,
        )
        self._row += int(is_row.sum())
        kept = np.flatnonzero(piles.kept)
        rejected = self._rejected(cells, piles, places)
        tally = self.tally
        tally.rows += len(kept)
        tally.rejected += len(rejected) if rejected else 0
        tally.blank += int(piles.blank.sum())
        tally.comments += int(piles.comment.sum())
        tally.repaired.update({"extra_empty_cells": int(piles.cut.sum())} if piles.cut.any() else {})
        return Chunk(
            rows=cells.columns(kept, self._table.width),
            places=places.take(kept),
            short=np.where(piles.short[kept], cells.widths[kept], 0),
            rejected=[rejected] if rejected else [],
            read_bytes=offset + cells.used,
        )

    def _lines(self, cells: Cells) -> Positions:
        """Return the physical line in which each record begins."""
        begin = self._line
        breaks = _line_breaks(cells)
        self._line += breaks
        if breaks == cells.records:
            return begin + np.arange(cells.records)
        block = np.frombuffer(cells.text, np.uint8)[: cells.used]
        ends = np.flatnonzero((block == LF) | (block == CR))
        paired = (block[ends] == CR) & (block[np.minimum(ends + 1, len(block) - 1)] == LF) & (ends + 1 < len(block))
        return begin + np.searchsorted(ends[~paired], cells.begins)

    def _rejected(self, cells: Cells, piles: _Piles, places: Places) -> Rejected | None:
        found = np.flatnonzero(piles.rejected)
        if not len(found):
            return None
        at = places.take(found)
        return Rejected(
            row=at.row,
            line=at.line,
            byte=at.begin,
            codes=[piles.codes[record] for record in found.tolist()],
            raw=cells.raw(found, MOST_RAW_BYTES + 1),
            widths=cells.widths[found],
        )


def _line_breaks(cells: Cells) -> int:
    block = np.frombuffer(cells.text, np.uint8)[: cells.used]
    # A third of the time that it takes to look for one after another.
    feeds, returns = (int(np.count_nonzero(block == end)) for end in (LF, CR))
    return feeds + returns - (cells.text.count(b"\r\n", 0, cells.used) if returns else 0)


class _Piles:
    """Which pile each record of a block goes on. `codes` names the reason of the rejected ones."""

    def __init__(self, cells: Cells, table: Table, offset: int) -> None:
        count = cells.records
        none = np.zeros(count, np.bool_)
        self.codes: dict[int, str] = {}
        self.blank = self.comment = self.short = self.cut = self.rejected = none
        self.is_row = self.kept = ~none
        odd = cells.widths != table.width
        self._reject_faults(cells, table, offset)
        if table.rules.comment is not None:
            self.comment = _begin_with(cells, table.rules.comment) & ~self.rejected
        if odd.any() and table.width > 1:
            self.blank = _blank(cells) & ~self.comment
        unsettled = odd & ~self.comment & ~self.blank & ~self.rejected
        if unsettled.any():
            self._settle(cells, table, unsettled)
        self.is_row = ~self.blank & ~self.comment
        self.kept = self.is_row & ~self.rejected

    def _reject_faults(self, cells: Cells, table: Table, offset: int) -> None:
        bad = table.bad_bytes
        bad = bad[np.searchsorted(bad, offset) : np.searchsorted(bad, offset + cells.used)] - offset
        if not cells.faults and not len(bad):
            return
        begins = cells.begins
        found = dict.fromkeys((np.searchsorted(begins, bad, "right") - 1).tolist(), BAD_CHARACTERS)
        found |= {int(np.searchsorted(begins, fault.start)): fault.code for fault in cells.faults}
        self._reject(found)

    def _settle(self, cells: Cells, table: Table, unsettled: Flags) -> None:
        """Decide about the records that have another number of cells than the table."""
        few, many = unsettled & (cells.widths < table.width), unsettled & (cells.widths > table.width)
        if many.any():
            written = np.concatenate(([0], np.cumsum(~cells.missing)))
            beyond = np.minimum(cells.first + table.width, cells.first + cells.widths)
            self.cut = many & (written[cells.first + cells.widths] == written[beyond])
        # A row of one cell in a wider table says nothing about where its cell belongs.
        self.short = few & (cells.widths > 1 if table.width > 2 else few) if table.fill_short else few & False
        refused = dict.fromkeys(np.flatnonzero(few & ~self.short).tolist(), TOO_FEW)
        refused |= dict.fromkeys(np.flatnonzero(many & ~self.cut).tolist(), TOO_MANY)
        self._reject(refused)

    def _reject(self, found: dict[int, str]) -> None:
        self.codes |= found
        self.rejected = self.rejected.copy()
        self.rejected[list(found)] = True


def _begin_with(cells: Cells, prefix: bytes) -> Flags:
    begins = cells.begins
    block = np.frombuffer(cells.text, np.uint8)
    found = np.ones(cells.records, np.bool_)
    for offset, byte in enumerate(prefix):
        found &= block[np.minimum(begins + offset, len(block) - 1)] == byte
    return found


def _blank(cells: Cells) -> Flags:
    """Say which records hold nothing but blanks."""
    empty: Flags = (cells.widths == 1) & cells.missing[cells.first]
    for record in np.flatnonzero((cells.widths == 1) & ~empty).tolist():
        begin, end = int(cells.starts[cells.first[record]]), int(cells.stops[cells.first[record]])
        if cells.text[begin] in _BLANKS and not cells.text[begin:end].strip(_BLANKS):
            empty[record] = True
    return empty


def read_cells(
    file: BinaryIO, position: int, rules: Rules, *, width: int | None, block: int = BLOCK
) -> Iterator[Cells]:
    """Yield the cells of a file from `position` on. What is not whole at the end of a block is read again with more."""
    size = block
    while True:
        file.seek(position)
        text = _read(file, size)
        if not text:
            return
        cells = split(
            text, rules, width=width, ended=len(text) < size, patient=len(text) < MOST_OPEN_BYTES, most_bytes=block
        )
        if cells.used:
            yield cells
        position += cells.used
        size = block if cells.used else 2 * size


def _read(file: BinaryIO, size: int) -> bytes:
    """Read so many bytes, or all that are left: a raw file may return fewer."""
    text = file.read(size)
    while len(text) < size and (more := file.read(size - len(text))):
        text += more
    return text
