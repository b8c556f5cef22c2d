"""Writes Parquet: the columns under their own names, typed as the dataset is, or all of them text as it was written."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headway.exports.writing.output import Output
from headway.exports.writing.pieces import cells
from headway.exports.writing.rows import Rows
from headway.intake.rows_file import rows_per_group

MOST_GROUP_BYTES = 32 * 1024 * 1024


def write_parquet(rows: Rows, output: Output, _wanted: dict[str, Any]) -> dict[str, int]:
    """Write the rows in groups of the size that datasets have, or smaller ones where cells are large."""
    types = [pa.string() if rows.written else rows.schema.field(column.physical).type for column in rows.columns]
    schema = pa.schema(list(zip([column.name for column in rows.columns], types, strict=True)))
    most, waiting = rows_per_group(len(rows.columns)), list[pa.RecordBatch]()
    with pq.ParquetWriter(output, schema, compression="zstd") as writer:
        for batch in rows.batches():
            waiting.append(_named(batch, rows, schema))
            if sum(each.num_rows for each in waiting) >= most or sum(map(_size, waiting)) >= MOST_GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(waiting, schema))
                waiting = []
        writer.write_table(pa.Table.from_batches(waiting, schema))
    return {}


def _named(batch: pa.RecordBatch, rows: Rows, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        cells(batch, column, written=True) if rows.written else batch.column(column.physical) for column in rows.columns
    ]
    return pa.RecordBatch.from_arrays(
        [each.cast(kind) for each, kind in zip(columns, schema.types, strict=True)], schema=schema
    )


def _size(batch: pa.RecordBatch) -> int:
    return int(batch.nbytes)
