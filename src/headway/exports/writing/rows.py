"""The rows of an export, a batch at a time: as the file lies, or as DuckDB finds and sorts them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from headway.datasets.columns import Column
from headway.datasets.filters import RowsQuestion
from headway.intake.merging.duck import connect, rows_of
from headway.intake.parsing import ParseProgress, ParseRequest, Report

MOST_ROWS = 16_384
CELLS = 500_000
BATCH_BYTES = 8 * 1024 * 1024
"""Of a batch: small enough that its text fits many times into the memory of one process, in every form it takes."""


@dataclass(slots=True)
class Rows:
    """What is to be written. `done` is how many rows have been taken."""

    columns: list[Column]
    written: bool
    schema: pa.Schema
    total: int
    source: Iterator[pa.RecordBatch]
    report: Report
    done: int = field(default=0)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield batches with the physical columns of the question, and tell how far it is."""
        for batch in self.source:
            if not batch.num_rows:
                continue
            yield batch
            self.done += batch.num_rows
            said = f"Writing rows: {self.done:,} of {self.total:,}"
            self.report(ParseProgress(min(1.0, self.done / max(1, self.total)), self.done, said))


@contextmanager
def open_rows(request: ParseRequest, question: RowsQuestion, report: Report) -> Iterator[Rows]:
    """Lend the rows that a question asks for, all of them."""
    with pq.ParquetFile(request.source) as file:
        size, schema = _batch_rows(file.metadata, set(question.physical)), file.schema_arrow
        if question.is_plain:
            source = file.iter_batches(size, columns=question.physical, use_threads=False)
            yield _rows(question, schema, file.metadata.num_rows, source, report)
            return
    connection = connect(request)
    try:
        yield _rows(question, schema, *_found(connection, request, question, size), report)
    finally:
        connection.close()


def _batch_rows(metadata: pq.FileMetaData, names: set[str]) -> int:
    """Return how many rows make a batch, by what the widest group says of its columns."""
    widest = 1.0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = (group.column(place) for place in range(group.num_columns))
        held = sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema in names)
        widest = max(widest, held / max(1, group.num_rows))
    return max(1, min(MOST_ROWS, CELLS // len(names), int(BATCH_BYTES / widest)))


def _found(
    connection: duckdb.DuckDBPyConnection, request: ParseRequest, question: RowsQuestion, size: int
) -> tuple[int, Iterator[pa.RecordBatch]]:
    where, values = question.where
    rows = rows_of(request.source)
    total = connection.execute(f"select count(*) from {rows} {where}", values).fetchall()[0][0]
    sql = f"select {', '.join(question.physical)} from {rows} {where} order by {question.order}"
    return total, iter(connection.sql(sql, params=values).to_arrow_reader(size))


def _rows(
    question: RowsQuestion, schema: pa.Schema, total: int, source: Iterator[pa.RecordBatch], report: Report
) -> Rows:
    return Rows(question.columns, question.written, schema, total, source, report)
