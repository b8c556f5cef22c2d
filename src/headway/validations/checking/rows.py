"""Rows by their numbers, out of the few groups of the file that have any of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headway.validations.checking.findings import Numbers

BATCH = 4096


def rows_at(path: Path, wanted: Numbers, names: list[str]) -> Iterator[tuple[Numbers, pa.RecordBatch]]:
    """Yield rows with these rising numbers, some at a time, each piece with its numbers."""
    with pq.ParquetFile(path) as file:
        start = 0
        for number in range(file.num_row_groups):
            end = start + file.metadata.row_group(number).num_rows
            if np.searchsorted(wanted, start) < np.searchsorted(wanted, end):
                yield from _of_group(file, number, start, wanted, names)
            start = end


def _of_group(
    file: pq.ParquetFile, number: int, start: int, wanted: Numbers, names: list[str]
) -> Iterator[tuple[Numbers, pa.RecordBatch]]:
    for batch in file.iter_batches(BATCH, row_groups=[number], columns=names, use_threads=False):
        inside = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, start + batch.num_rows)]
        if len(inside):
            yield inside, batch.take(pa.array(inside - start))
        start += batch.num_rows
