"""A table as merging sees it: a rows file and its columns, read in batches of one size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headway.datasets.columns import RAW_COLUMN, Column
from headway.datasets.printing import canonical
from headway.intake.rows_file import rows_per_group


@dataclass(frozen=True, slots=True)
class Table:
    """A rows file laid out as `datasets/columns.py` says, and what its columns are."""

    path: Path
    columns: list[Column]

    @classmethod
    def of(cls, path: Path, columns: list[dict[str, Any]]) -> Table:
        return cls(path, [Column.from_json(column) for column in columns])

    @property
    def rows(self) -> int:
        return int(pq.read_metadata(self.path).num_rows)

    @property
    def schema(self) -> pa.Schema:
        return pq.read_schema(self.path)

    @property
    def has_raw(self) -> bool:
        return RAW_COLUMN in self.schema.names

    def find(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def batches(self, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows in their order, about a row group at a time."""
        with pq.ParquetFile(self.path) as file:
            yield from file.iter_batches(rows_per_group(len(self.columns)), columns=columns, use_threads=False)


def texts(batch: pa.RecordBatch, column: Column) -> pa.Array:
    """Return what is written in each cell of a column; null where nothing is."""
    printed = canonical(batch.column(column.physical), column)
    if not column.written:
        return printed
    return pc.coalesce(batch.column(column.physical_written).cast(pa.string()), printed)


def plain(batch: pa.RecordBatch, column: Column) -> pa.Array:
    """Return how each value reads whatever its column's habits are, so that two columns can be compared."""
    return canonical(batch.column(column.physical), Column(column.name, column.type, column.position))


def differ(left: pa.Array, right: pa.Array) -> pa.Array:
    """Say for each pair of cells whether they are not the same; two empty ones are."""
    both_missing = pc.and_(pc.is_null(left), pc.is_null(right))
    return pc.invert(pc.or_(both_missing, pc.fill_null(pc.equal(left, right), fill_value=False)))
