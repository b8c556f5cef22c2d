"""Pages of rows out of a Parquet file: a plain one by its row group, any other one by DuckDB. Synchronous and pure."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headway.datasets.columns import Column
from headway.datasets.errors import RowsTooSlow
from headway.datasets.filters import RowsQuestion
from headway.datasets.printing import canonical, json_values

QUERY_SECONDS = 30.0
DEEP_OFFSET = 5_000
"""From here on a sorted page is found in two steps, first its row numbers: 1.9 s instead of 10.7 s at 5,000,000."""

KEPT_TOTALS = 512


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Rows by column name, and how many rows fit the question in all."""

    rows: list[dict[str, Any]]
    total: int


class RowsReader:
    """Reads Parquet files laid out as `datasets/columns.py` says. Safe to use from several threads."""

    def __init__(self, directories: Sequence[Path], scratch: Path, *, threads: int = 2) -> None:
        self._directories = directories
        self._scratch = scratch
        self._threads = threads
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._connecting = threading.Lock()
        self._totals: OrderedDict[tuple[str, str], int] = OrderedDict()

    def read(self, path: Path, question: RowsQuestion) -> RowsPage:
        """Return one page. Raises `RowsTooSlow` when DuckDB needs longer than its limit."""
        table, total = self._plain(path, question) if question.is_plain else self._found(path, question)
        names = [column.name for column in question.columns]
        cells = [_cells(table, column, written=question.written) for column in question.columns]
        return RowsPage([dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)], total)

    # -------------------------------------------------------------- as the file lies

    def _plain(self, path: Path, question: RowsQuestion) -> tuple[pa.Table, int]:
        with pq.ParquetFile(path, memory_map=True) as file:
            meta = file.metadata
            total = meta.num_rows
            first, last = question.offset, min(question.offset + question.limit, total)
            physical = question.physical
            if first >= last or not physical:
                return file.schema_arrow.empty_table().select(physical), total
            ends = list(accumulate(meta.row_group(number).num_rows for number in range(meta.num_row_groups)))
            begin_group, end_group = bisect_right(ends, first), bisect_right(ends, last - 1)
            start = ends[begin_group - 1] if begin_group else 0
            table = file.read_row_groups(list(range(begin_group, end_group + 1)), columns=physical, use_threads=False)
        return table.slice(first - start, last - first), total

    # ------------------------------------------------------------------- by DuckDB

    def _found(self, path: Path, question: RowsQuestion) -> tuple[pa.Table, int]:
        where, values = question.where
        source = _source(path)
        cursor = self._cursor()
        timer = threading.Timer(QUERY_SECONDS, cursor.interrupt)
        timer.start()
        try:
            total = self._total(cursor, path, source, where, values)
            table = self._rows(cursor, source, question, where, values)
        except duckdb.InterruptException:
            raise RowsTooSlow(f"Nothing was found within {QUERY_SECONDS:.0f} seconds.") from None
        finally:
            timer.cancel()
            cursor.close()
        return table, total

    def _rows(
        self, cursor: duckdb.DuckDBPyConnection, source: str, question: RowsQuestion, where: str, values: list[Any]
    ) -> pa.Table:
        chosen = ", ".join(question.physical)
        order = question.order
        page = f"limit {question.limit:d} offset {question.offset:d}"
        if question.offset < DEEP_OFFSET:
            sql = f"select {chosen} from {source} {where} order by {order} {page}"
            return cursor.sql(sql, params=values).to_arrow_table()
        numbers = cursor.execute(f"select file_row_number from {source} {where} order by {order} {page}", values)
        wanted = [row[0] for row in numbers.fetchall()]
        sql = f"select {chosen}, file_row_number from {source} where file_row_number in (select unnest(?))"
        table: pa.Table = cursor.sql(sql, params=[wanted]).to_arrow_table()
        position = pc.index_in(table.column("file_row_number"), value_set=pa.array(wanted, pa.int64()))
        return table.take(pc.sort_indices(position))

    def _total(self, cursor: duckdb.DuckDBPyConnection, path: Path, source: str, where: str, values: list[Any]) -> int:
        """Count what fits; the answer is kept, because the file never changes and people page through it."""
        key = (str(path), repr((where, values)))
        if key not in self._totals:
            # All is fetched: a result that is not read to its end blocks the connection.
            self._totals[key] = cursor.execute(f"select count(*) from {source} {where}", values).fetchall()[0][0]
            while len(self._totals) > KEPT_TOTALS:
                self._totals.popitem(last=False)
        return self._totals[key]

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._connecting:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection.cursor()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        self._scratch.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(
            config={
                "threads": self._threads,
                "memory_limit": "1GB",
                "temp_directory": str(self._scratch),
            }
        )
        # In this order: what is allowed can no longer be changed once the rest is shut.
        connection.execute(f"set allowed_directories = [{', '.join(map(_quoted, self._directories))}]")
        connection.execute("set enable_progress_bar = false")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        return connection


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _source(path: Path) -> str:
    return f"read_parquet({_quoted(path)}, file_row_number = true)"


def _cells(table: pa.Table, column: Column, *, written: bool) -> list[Any]:
    values = table[column.physical].combine_chunks()
    if not written:
        return json_values(values, column)
    texts = canonical(values, column)
    if column.written:
        texts = pc.coalesce(table[column.physical_written].combine_chunks().cast(pa.string()), texts)
    return list(pc.fill_null(texts, "").to_pylist())
