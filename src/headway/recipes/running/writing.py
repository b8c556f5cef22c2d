"""The result of a recipe as a rows file, laid out as `datasets/columns.py` says: whole batches, in order, types narrowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.arrow_types import ARROW_TYPES
from headway.datasets.columns import AS_TEXT, MAX_SAFE_INTEGER, Column, ColumnType
from headway.datasets.printing import canonical
from headway.intake.merging.tables import differ
from headway.intake.parsing import ParseProgress, Report
from headway.intake.rows_file import RowsWriter, rows_per_group
from headway.recipes.compiling.relation import WHOLE, Made

CELLS = 500_000
MOST_BATCH = 16_384
GROUP_BYTES = 32 * 1024 * 1024
SHORT_DECIMAL = 18
AT_ONCE = 100

T = ColumnType


@dataclass(slots=True)
class Result:
    """One column of the result: what it is called, what it holds, and how many cells of it are empty."""

    made: Made
    column: Column
    kind: pa.DataType
    nulls: int = 0
    differs: bool = False

    @property
    def fields(self) -> list[tuple[str, pa.DataType]]:
        companion = [(self.column.physical_written, pa.string())] if self.made.written else []
        return [(self.column.physical, self.kind), *companion]

    def finished(self) -> Column:
        known = self.column
        return Column(
            known.name, known.type, known.position, written=self.differs, nulls=self.nulls,
            null_tokens=known.null_tokens, format=known.format, why=known.why,
        )  # fmt: skip


class ResultWriter:
    """Writes what the last step leaves."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, relation: str, columns: list[Made]) -> None:
        self._connection = connection
        self._relation = relation
        self._results = [Result(made, column, kind) for made, column, kind in self._typed(columns)]

    def write(self, path: Path, report: Report, total: int, *, is_ordered: bool) -> tuple[int, list[Column]]:
        """Write the file; return how many rows it has, and its columns."""
        schema = pa.schema([field for result in self._results for field in result.fields])
        writer, most = RowsWriter(path, schema), rows_per_group(len(self._results))
        waiting: list[pa.RecordBatch] = []
        for batch in self._batches(is_ordered=is_ordered):
            waiting.append(self._conformed(batch, schema))
            rows = sum(each.num_rows for each in waiting)
            if rows >= most or sum(each.nbytes for each in waiting) >= GROUP_BYTES:
                writer.write(pa.concat_batches(waiting))
                waiting = []
            done = writer.rows + sum(each.num_rows for each in waiting)
            report(ParseProgress(min(0.99, done / max(1, total)), done, f"Writing rows: {done:,}"))
        if waiting:
            writer.write(pa.concat_batches(waiting))
        return writer.close(), [result.finished() for result in self._results]

    def table(self, rows: int) -> tuple[pa.Table, list[Column]]:
        """Return the first rows as a table laid out like the file, and its columns."""
        schema = pa.schema([field for result in self._results for field in result.fields])
        names = ", ".join(self._selected())
        found = self._connection.sql(f"select {names} from {self._relation} order by place limit {rows}")
        batches = [self._conformed(batch, schema) for batch in found.to_arrow_table().to_batches() if batch.num_rows]
        return pa.Table.from_batches(batches, schema), [result.finished() for result in self._results]

    def _batches(self, *, is_ordered: bool) -> Iterator[pa.RecordBatch]:
        size = max(1, min(MOST_BATCH, CELLS // max(1, len(self._results))))
        order = "" if is_ordered else " order by place"
        found = self._connection.sql(f"select {', '.join(self._selected())} from {self._relation}{order}")
        yield from (batch for batch in found.to_arrow_reader(size) if batch.num_rows)

    def _selected(self) -> Iterator[str]:
        for result in self._results:
            name = result.made.value
            if result.made.type in WHOLE:
                kind = "bigint" if result.column.type is T.INTEGER else "decimal(38, 0)"
                yield f"cast({name} as {kind}) as {name}"
            else:
                yield name
            if result.made.written:
                yield result.made.companion

    def _conformed(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        arrays: list[pa.Array] = []
        for result in self._results:
            values = batch.column(result.made.value).cast(result.kind)
            result.nulls += values.null_count
            arrays.append(values)
            if result.made.written:
                arrays.append(self._companion(batch, values, result))
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    @staticmethod
    def _companion(batch: pa.RecordBatch, values: pa.Array, result: Result) -> pa.Array:
        said = batch.column(result.made.companion).cast(pa.string())
        needed = pc.and_(pc.is_valid(said), differ(said, canonical(values, result.column)))
        result.differs = result.differs or bool(pc.any(needed).as_py())
        return pc.if_else(needed, said, pa.scalar(None, pa.string()))

    # ---------------------------------------------------------------------------------------------------- types

    def _typed(self, columns: list[Made]) -> Iterator[tuple[Made, Column, pa.DataType]]:
        large = self._large([made for made in columns if made.is_computed])
        decimals = self._decimals([made for made in columns if made.type is T.DECIMAL])
        for position, made in enumerate(columns):
            kind = made.type
            if made.is_computed:
                kind = T.BIG_INTEGER if made.number in large else T.INTEGER
            column = Column(
                made.name, kind, position, written=made.written, format=made.format,
                null_tokens=list(made.null_tokens), why=made.why,
            )  # fmt: skip
            yield made, column, pa.string() if kind in AS_TEXT else decimals.get(made.number) or ARROW_TYPES[kind]

    def _large(self, computed: list[Made]) -> set[int]:
        """Return the columns with whole numbers that not every reader keeps; the values decide."""
        large: set[int] = set()
        for start in range(0, len(computed), AT_ONCE):
            some = computed[start : start + AT_ONCE]
            bounds = ", ".join(f"max(abs(cast({made.value} as decimal(38, 0))))" for made in some)
            for made, most in zip(some, self._one(f"select {bounds} from {self._relation}"), strict=True):
                if most is not None and most > MAX_SAFE_INTEGER:
                    large.add(made.number)
        return large

    def _decimals(self, columns: list[Made]) -> dict[int, pa.DataType]:
        if not columns:
            return {}
        names = ", ".join(made.value for made in columns)
        schema = self._connection.sql(f"select {names} from {self._relation} limit 0").to_arrow_table().schema
        return {
            made.number: pa.decimal128(SHORT_DECIMAL if kind.precision <= SHORT_DECIMAL else 38, kind.scale)
            for made, kind in zip(columns, schema.types, strict=True)
        }

    def _one(self, sql: str) -> tuple[Any, ...]:
        found: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        return found[0]
