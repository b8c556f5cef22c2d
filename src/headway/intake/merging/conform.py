"""Batches of one side in the layout of the merged table. What was written in a cell stays readable there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import RAW_COLUMN, Column, ColumnType
from headway.datasets.printing import canonical
from headway.intake.merging.schema import Target
from headway.intake.merging.tables import Table, differ, texts
from headway.intake.rows_file import RowsWriter


def layout(targets: list[Target], *, raw: bool) -> pa.Schema:
    """Return the physical columns of the merged table."""
    fields = []
    for target in targets:
        fields.append((target.column.physical, target.kind))
        if target.column.written:
            fields.append((target.column.physical_written, pa.string()))
    return pa.schema([*fields, *([(RAW_COLUMN, pa.string())] if raw else [])])


def conformed(batch: pa.RecordBatch, targets: list[Target], schema: pa.Schema, *, is_base: bool) -> pa.RecordBatch:
    """Return a batch of one side with the columns of the merged table; a column that it lacks is empty."""
    arrays: list[pa.Array] = []
    for target in targets:
        source = target.base if is_base else target.new
        arrays += _converted(batch, source, target)
    if RAW_COLUMN in schema.names:
        has_raw = RAW_COLUMN in batch.schema.names
        arrays.append(batch.column(RAW_COLUMN) if has_raw else pa.nulls(batch.num_rows, pa.string()))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _converted(batch: pa.RecordBatch, source: Column | None, target: Target) -> list[pa.Array]:
    count, column = batch.num_rows, target.column
    if source is None or _holds_nothing(batch, source):
        values, written = pa.nulls(count, target.kind), pa.nulls(count, pa.string())
    elif column.type == ColumnType.TEXT and source.type != ColumnType.TEXT:
        values, written = texts(batch, source), pa.nulls(count, pa.string())
    else:
        values, written = _typed(batch, source, target)
    return [values, written] if column.written else [values]


def _holds_nothing(batch: pa.RecordBatch, source: Column) -> bool:
    is_null = batch.column(source.physical).null_count == batch.num_rows
    return is_null and not (source.written and batch.column(source.physical_written).null_count < batch.num_rows)


def _typed(batch: pa.RecordBatch, source: Column, target: Target) -> tuple[pa.Array, pa.Array]:
    values = batch.column(source.physical).cast(target.kind)
    if not target.column.written:
        return values, pa.nulls(batch.num_rows, pa.string())
    said = texts(batch, source)
    otherwise = differ(said, canonical(values, target.column))
    return values, pc.if_else(otherwise, said, pa.scalar(None, pa.string()))


def write_conformed(table: Table, targets: list[Target], schema: pa.Schema, path: Path, *, is_base: bool) -> None:
    """Write one side as a file in the layout of the merged table."""
    writer = RowsWriter(path, schema)
    for batch in conformed_batches(table, targets, schema, is_base=is_base):
        writer.write(batch)
    writer.close()


def conformed_batches(
    table: Table, targets: list[Target], schema: pa.Schema, *, is_base: bool
) -> Iterator[pa.RecordBatch]:
    for batch in table.batches():
        yield conformed(batch, targets, schema, is_base=is_base)
