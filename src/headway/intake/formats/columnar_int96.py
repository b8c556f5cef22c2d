"""Moments in the 96 bits of old Parquet writers, which name days that 64 bits of nanoseconds cannot count to.

The reader puts them into 64 bits without a look at whether they fit: the year 9999 becomes 1816. So each is read in
several units, and the finest one in which none has gone round is taken for the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from headway.intake.parsing import Decision
from headway.plurals import counted

FINEST = "ns"
SECONDS = "s"
PER_SECOND = {FINEST: 10**9, "us": 10**6, "ms": 10**3, SECONDS: 1}
"""The last one holds every day that 96 bits can name."""

Counts = npt.NDArray[np.int64]


def int96_columns(metadata: pq.FileMetaData) -> list[str]:
    """Return the paths of the columns that hold such moments, those inside of lists and structs too."""
    columns = [metadata.schema.column(position) for position in range(len(metadata.schema))]
    return [column.path for column in columns if column.physical_type == "INT96"]


def unit_for(path: Path, columns: list[str], step: int, options: dict[str, Any]) -> tuple[str, list[Decision]]:
    """Return the finest unit that holds every moment of these columns, and what is lost by it, if anything is."""
    lost = dict.fromkeys(PER_SECOND, 0)
    readers = {unit: _batches(path, columns, unit, step, options) for unit in PER_SECOND}
    for batches in zip(*readers.values(), strict=True):
        found = dict(zip(readers, map(_counts, batches), strict=True))
        for unit in [*lost]:
            if np.array_equal(found[unit] // PER_SECOND[unit], found[SECONDS]):
                # What is too large for nanoseconds has gone round in them, and so does this difference.
                rest = found[FINEST] - found[unit] * (PER_SECOND[FINEST] // PER_SECOND[unit])
                lost[unit] += int(np.count_nonzero(rest))
            else:
                del lost[unit]
    unit, cut = next(iter(lost.items()))
    return unit, [_said(unit, cut)] if cut else []


def _said(unit: str, cut: int) -> Decision:
    moments = counted(cut, "moment has", "moments have")
    said = (
        f"{moments} digits below 1 {unit}, which are not kept: others of the file are too far from 1970 to be so fine."
    )
    return Decision("rows", "moments cut", said)


def _batches(path: Path, columns: list[str], unit: str, step: int, options: dict[str, Any]) -> Iterator[pa.RecordBatch]:
    file = pq.ParquetFile(path, coerce_int96_timestamp_unit=unit, **options)
    yield from file.iter_batches(step, columns=columns, use_threads=False)


def _counts(batch: pa.RecordBatch) -> Counts:
    """Return all moments of a batch, one column after the other; nothing counts as 1970."""
    leaves = [leaf for column in batch.columns for leaf in _leaves(column)]
    return np.concatenate([leaf.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False) for leaf in leaves])


def _leaves(array: pa.Array) -> Iterator[pa.Array]:
    if pa.types.is_map(array.type):
        yield from _leaves(array.keys)
        yield from _leaves(array.items)
    elif pa.types.is_struct(array.type):
        for position in range(array.type.num_fields):
            yield from _leaves(array.field(position))
    elif pa.types.is_nested(array.type):
        yield from _leaves(array.values)
    elif pa.types.is_timestamp(array.type):
        yield array
