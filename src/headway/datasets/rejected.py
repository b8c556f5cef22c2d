"""Rows that did not fit their table, read from beside it: pages of them, and all of them by reason.

Synchronous and pure. The file lies in the order of the file that it came from.
"""

from __future__ import annotations

import csv
import io
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headway.datasets.correction import MOST_RAW_BYTES, row_id
from headway.datasets.schemas import RejectedGroup, RejectedResponse, RejectedRow

BATCH_ROWS = 1_000
MOST_GROUPS, MOST_RANGES, SAMPLES = 100, 100, 5
UNSPLIT = "\x1f"
"""Stands for the delimiter of a file of one column."""


@dataclass(frozen=True, slots=True)
class Written:
    """How one of the dataset's files is written: what separates its cells, and its columns in their order."""

    delimiter: str | None
    names: list[str]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The file of rejected rows, None where there are none, and how the files are written that they are from."""

    path: Path | None
    files: list[Written]

    def written(self, row: RejectedRow) -> Written:
        """Return how the file is written that a row is from."""
        return self.files[min(row.file, len(self.files)) - 1]

    def page(self, offset: int, limit: int) -> RejectedResponse:
        """Return some rows, and all of them by reason."""
        if self.path is None:
            return RejectedResponse(items=[], total=0, groups=[])
        total = pq.read_metadata(self.path).num_rows
        items = list(islice(self.rows(start=offset), limit))
        return RejectedResponse(items=items, total=total, groups=self._groups(self.path))

    def rows(self, *, start: int = 0) -> Iterator[RejectedRow]:
        """Yield the rejected rows, a batch in memory at a time."""
        for position, batch in self._batches():
            if position + batch.num_rows > start:
                yield from map(self._row, batch.slice(max(0, start - position)).to_pylist())

    def _batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield the rows in batches, each with the place of its first one."""
        if self.path is None:
            return
        position = 0
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(BATCH_ROWS):
                yield position, batch
                position += batch.num_rows

    def _row(self, row: dict[str, Any]) -> RejectedRow:
        raw, source = row["raw"] or "", row.get("source") or 0
        cut = row.get("cut")
        return RejectedRow(
            id=row_id(row["record"], source),
            file=source + 1,
            row=row["record"],
            byte=row["byte"],
            reason=row["reason"],
            raw=raw,
            # Files of an older Headway do not say it.
            cut=len(raw.encode()) >= MOST_RAW_BYTES if cut is None else cut,
            cells=take_apart(raw, self.files[min(source, len(self.files) - 1)].delimiter),
        )

    def _groups(self, path: Path) -> list[RejectedGroup]:
        table = pq.read_table(path, columns=["record", "reason"])
        reasons = table.column("reason").combine_chunks().dictionary_encode()
        records, kinds = table.column("record").to_numpy(), reasons.indices.to_numpy()
        places = [np.flatnonzero(kinds == kind) for kind in range(len(reasons.dictionary))][:MOST_GROUPS]
        samples = self._at(sorted({int(place) for found in places for place in found[:SAMPLES]}))
        return [
            _group(str(reason), records[found], [samples[int(place)] for place in found[:SAMPLES]])
            for reason, found in zip(reasons.dictionary, places, strict=False)
        ]

    def _at(self, places: Sequence[int]) -> dict[int, RejectedRow]:
        """Return the rows at these places, in order. Of millions no other one is taken apart."""
        found: dict[int, RejectedRow] = {}
        for start, batch in self._batches():
            here = places[bisect_left(places, start) : bisect_left(places, start + batch.num_rows)]
            for place in here:
                found[place] = self._row(batch.slice(place - start, 1).to_pylist()[0])
            if len(found) == len(places):
                break
        return found


def _group(reason: str, records: np.ndarray[Any, np.dtype[np.int64]], samples: list[RejectedRow]) -> RejectedGroup:
    ends = np.flatnonzero(np.diff(records) != 1)
    starts = np.concatenate(([0], ends + 1))
    stops = np.concatenate((ends, [len(records) - 1]))
    ranges = [
        [int(records[start])] if start == stop else [int(records[start]), int(records[stop])]
        for start, stop in zip(starts[:MOST_RANGES], stops[:MOST_RANGES], strict=True)
    ]
    return RejectedGroup(
        reason=reason, count=len(records), rows=ranges, more_ranges=len(starts) - len(ranges), samples=samples
    )


def take_apart(raw: str, delimiter: str | None) -> list[str | None]:
    """Return the cells of a row that breaks the rules, as well as that can be; null is an empty cell."""
    try:
        cells = next(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter or UNSPLIT), [])
    except csv.Error:
        return [raw]
    return [cell or None for cell in cells]
