"""Rejected rows of several files in one: `source` says which of the dataset's files each is from, counted from 0."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from headway.intake.parsing import ParseRequest

SOURCE = "source"
BATCH_ROWS = 1_000


def merge_rejects(request: ParseRequest, path: Path) -> tuple[Path | None, int]:
    """Write the rejected rows of `base_rejects` and of `rejects`, whichever there are; return the file and its rows."""
    files = [(name, request.others[name]) for name in ("base_rejects", "rejects") if name in request.others]
    if not files:
        return None, 0
    number = int(request.arguments["source"])
    schema = rejects_schema([file for _, file in files])
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for name, file in files:
            for batch in with_source(file, schema, source=0 if name == "base_rejects" else number):
                writer.write_batch(batch)
                rows += batch.num_rows
    return path, rows


def rejects_schema(files: list[Path]) -> pa.Schema:
    """Return the columns that these files have together, and the one that says which file of the dataset is meant."""
    schema = pa.unify_schemas([pq.read_schema(file).remove_metadata() for file in files])
    return schema if SOURCE in schema.names else schema.append(pa.field(SOURCE, pa.int32()))


def with_source(file: Path, schema: pa.Schema, *, source: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file in the columns of `schema`; `source` is theirs unless they say another one."""
    with pq.ParquetFile(file) as rejects:
        for batch in rejects.iter_batches(BATCH_ROWS, use_threads=False):
            yield pa.RecordBatch.from_arrays([_column(batch, field, source) for field in schema], schema=schema)


def _column(batch: pa.RecordBatch, field: pa.Field, source: int) -> pa.Array:
    if field.name in batch.schema.names:
        return batch.column(field.name).cast(field.type)
    if field.name == SOURCE:
        return pa.array([source] * batch.num_rows, pa.int32())
    return pa.nulls(batch.num_rows, field.type)
