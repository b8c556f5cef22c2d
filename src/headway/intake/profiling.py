"""What the columns of a finished table hold: how many values and which, from where to where, how often, how long.

DuckDB reads the rows file, within its own small limit of memory: all columns once, and those that have few different
values, or values in an order, once more by themselves. Runs inside the sandbox only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headway.datasets.columns import AS_TEXT, Column, ColumnType
from headway.datasets.printing import json_values
from headway.intake.merging.duck import connect, quoted
from headway.intake.parsing import ParsedPart, ParseProgress, ParseRequest, Report
from headway.plurals import counted

MEMORY = "128MiB"
THREADS = 2
"""As many as the parse had before it. Sums of fractions may differ in their last digit with the order of the pieces."""

AT_ONCE = 64
"""So many columns are looked at by one query; each of them needs a few kilobytes while it runs."""

MOST_DETAILED = 100
"""Columns behind these have no histogram and no most frequent values: nobody looks at so many."""

MOST_COUNTED = 50_000
"""Of more different values than that they are estimated and not counted: a group for each would take memory."""

SMALL_BYTES = 32 * 1024 * 1024
"""A file that is no larger unpacked is read once and kept: each look into a file of thousands of columns costs more than
the looking."""

SAMPLED_GROUPS = 16
"""Of a file with at least so many row groups three are looked at first: a column that has the same few values in its
beginning, middle and end is counted at once, because to estimate how many there are takes as long as counting them."""

MOST_RECURRING = 20_000

MOST_COUNTED_BYTES = 32 * 1024 * 1024
TOP = 10
BINS = 20
SHOWN_CHARACTERS = 200

_NUMBERS = {ColumnType.INTEGER, ColumnType.BIG_INTEGER, ColumnType.DECIMAL, ColumnType.NUMBER}
_MOMENTS = {ColumnType.DATE, ColumnType.TIME, ColumnType.TIMESTAMP, ColumnType.TIMESTAMP_TZ}
_WITH_LENGTH = {ColumnType.TEXT, ColumnType.JSON}


@dataclass(slots=True)
class _Found:
    """What is known of one column; `low` and `high` are its bounds as numbers, `bytes` how long its longest value is."""

    nulls: int
    values: int
    distinct: int | None
    is_exact: bool = False
    min: Any = None
    max: Any = None
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    bytes: int = 0
    length: dict[str, Any] | None = None
    histogram: list[int] | None = None
    top: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "nulls": self.nulls,
            "distinct": self.distinct,
            "distinct_is_exact": self.is_exact,
            "min": self.min,
            "max": self.max,
            "mean": self.mean,
            "length": self.length,
            "histogram": self.histogram,
            "top": self.top,
            "note": " ".join(self.notes) or None,
        }


def profiled(request: ParseRequest, part: ParsedPart, report: Report) -> list[dict[str, Any]]:
    """Return what `datasets/schemas.py` calls a profile, for each column of a part."""
    profiler = _Profiler(connect(request, memory=MEMORY, threads=THREADS), part.path)
    columns, found = part.columns, list[_Found]()
    few = _recurring(part.path, columns[:MOST_DETAILED])
    for start in range(0, len(columns), AT_ONCE):
        found += profiler.look_at(columns[start : start + AT_ONCE], few)
        report(ParseProgress(0.6 * len(found) / len(columns), part.rows, "Describing the columns"))
    for place, (column, known) in enumerate(zip(columns, found, strict=True)):
        if place < MOST_DETAILED:
            profiler.look_closer(column, known)
            if column.position in few and not known.is_exact:
                profiler.estimate(column, known)
            report(ParseProgress(0.6 + 0.4 * (place + 1) / len(columns), part.rows, "Describing the columns"))
        else:
            known.notes.append(f"Only the first {MOST_DETAILED} columns are described in full.")
    profiler.close()
    return [known.to_json() for known in found]


class _Profiler:
    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self._connection.execute("set parquet_metadata_cache = true")
        self._rows = f"read_parquet({quoted(str(path))})"
        if _unpacked_bytes(path) <= SMALL_BYTES:
            self._connection.execute(f"create temp table small as select * from {self._rows}")
            self._rows = "small"

    def close(self) -> None:
        self._connection.close()

    # ------------------------------------------------------------------------------------------------- all at once

    def look_at(self, columns: list[Column], few: dict[int, int]) -> list[_Found]:
        """Return of each column what one pass tells. `few` says by position how many values it seems to have."""
        asked = [
            (f"{name}_{column.position}", sql)
            for column in columns
            for name, sql in _questions(column).items()
            if name != "distinct" or column.position not in few
        ]
        chosen = ", ".join(f"{sql} as {name}" for name, sql in asked)
        table = self._connection.sql(f"select count(*) as rows, {chosen} from {self._rows}").to_arrow_table()
        # Each look for a name in a table goes through all of them.
        answers = dict(zip(table.column_names, table.columns, strict=True))
        return [_first_look(answers, column, few.get(column.position)) for column in columns]

    # ------------------------------------------------------------------------------------------------- one by one

    def look_closer(self, column: Column, found: _Found) -> None:
        """Count the values of a column and sort them into spans, as far as that is possible in little memory."""
        if not found.values:
            return
        try:
            self._count(column, found)
            self._sort_into_spans(column, found)
        except duckdb.OutOfMemoryException:
            found.notes.append("Its values are too long to be counted.")

    def estimate(self, column: Column, found: _Found) -> None:
        """Estimate how many different values there are."""
        asked = f"select {_questions(column)['distinct']} from {self._rows}"
        found.distinct = min(self._connection.execute(asked).fetchall()[0][0], found.values)

    def _count(self, column: Column, found: _Found) -> None:
        if (found.distinct or 0) > MOST_COUNTED:
            return
        if found.bytes * (found.distinct or 0) > MOST_COUNTED_BYTES:
            found.notes.append("Its values are too long to be counted.")
            return
        self._connection.execute(
            f"create or replace temp table groups as select {column.physical} as value, count(*) as n"
            f" from {self._rows} where {column.physical} is not null group by 1"
        )
        table = self._connection.sql(
            f"select value, n, count(*) over () as distinct_values from groups order by n desc, value limit {TOP}"
        ).to_arrow_table()
        counts = table.column("n").to_pylist()
        found.distinct, found.is_exact = table.column("distinct_values")[0].as_py(), True
        if counts[0] > 1:
            values = _values(table.column("value"), column)
            found.top = [_shown(value, count) for value, count in zip(values, counts, strict=True)]

    def _sort_into_spans(self, column: Column, found: _Found) -> None:
        if found.low is None or found.high is None or not 0 < found.high - found.low < math.inf:
            return
        value, each, rows = (
            ("value", "sum(n)", "groups") if found.is_exact else (column.physical, "count(*)", self._rows)
        )
        place = f"({_as_number(column, value)} - $low) / ($high - $low) * {BINS}"
        found_rows = self._connection.execute(
            f"select least({BINS - 1}, greatest(0, floor({place})))::integer, {each}"
            f" from {rows} where {_counts(column, value)} group by 1",
            {"low": found.low, "high": found.high},
        ).fetchall()
        found.histogram = [0] * BINS
        for span, count in found_rows:
            found.histogram[span] = int(count)


def _unpacked_bytes(path: Path) -> int:
    meta = pq.read_metadata(path)
    return sum(meta.row_group(number).total_byte_size for number in range(meta.num_row_groups))


def _recurring(path: Path, columns: list[Column]) -> dict[int, int]:
    """Return how many values the columns have, by position, that have about the same few in all parts of a large file."""
    found: dict[int, int] = {}
    with pq.ParquetFile(path) as file:
        last = file.num_row_groups - 1
        if last + 1 < SAMPLED_GROUPS:
            return found
        # A column without a dictionary has more values in each of them than recur.
        first = (file.metadata.row_group(0).column(place) for place in range(file.metadata.num_columns))
        with_dictionary = {chunk.path_in_schema for chunk in first if chunk.has_dictionary_page}
        for column in columns:
            if column.physical not in with_dictionary:
                continue
            parts = [file.read_row_group(n, [column.physical]).column(0) for n in (0, last // 2, last - 1)]
            counts = [pc.count_distinct(part).as_py() for part in parts]
            together = pc.count_distinct(pa.chunked_array([chunk for part in parts for chunk in part.chunks])).as_py()
            if together <= min(MOST_RECURRING, 1.2 * min(counts)):
                found[column.position] = together
    return found


# ------------------------------------------------------------------------------------------------------- questions


def _questions(column: Column) -> dict[str, str]:
    """Return the SQL of what is asked about a column in the first pass, by names that its position makes unique."""
    name = column.physical
    asked = {"count": f"count({name})", "distinct": f"approx_count_distinct({name})"}
    if column.type in _NUMBERS | _MOMENTS:
        # Only floats can be infinite, and a filter costs as much as what it filters.
        only = f"filter (where {_counts(column, name)})" if column.type is ColumnType.NUMBER else ""
        least, most = f"min({name}) {only}", f"max({name}) {only}"
        asked |= {"min": least, "max": most, "low": _as_number(column, least), "high": _as_number(column, most)}
        if column.type in _NUMBERS:
            asked["mean"] = f"avg({name}::double) {only}"
        if only:
            asked["finite"] = f"count(*) {only}"
    if column.type in AS_TEXT:
        asked["bytes"] = f"max(strlen({name}))"
    if column.type in _WITH_LENGTH:
        asked |= {
            "shortest": f"min(length({name}))",
            "longest": f"max(length({name}))",
            "usual": f"avg(length({name}))",
        }
    return asked


def _as_number(column: Column, value: str) -> str:
    """Return the SQL of a value as a number; of a moment it is in seconds."""
    return f"epoch({value})" if column.type in _MOMENTS else f"({value})::double"


def _counts(column: Column, value: str) -> str:
    """Return the SQL of whether a value has a place in an order."""
    return f"isfinite({value})" if column.type is ColumnType.NUMBER else f"{value} is not null"


def _first_look(answers: dict[str, pa.ChunkedArray], column: Column, few: int | None) -> _Found:
    def said(name: str) -> Any:
        answer = answers.get(f"{name}_{column.position}")
        return None if answer is None else answer[0].as_py()

    values = said("count")
    nulls = answers["rows"][0].as_py() - values
    distinct = said("distinct") if few is None else few
    found = _Found(nulls, values, min(distinct, values), values == 0, low=said("low"), high=said("high"))
    if column.type in _NUMBERS | _MOMENTS:
        found.min, found.max = (_values(answers[f"{end}_{column.position}"], column)[0] for end in ("min", "max"))
        found.mean = said("mean")
    if (found.mean is not None and not math.isfinite(found.mean)) or said("finite") == 0:
        found.mean = None
    if (left_out := values - (said("finite") if said("finite") is not None else values)) > 0:
        found.notes.append(
            f"{counted(left_out, 'value is', 'values are')} infinite or no number, and left out of its bounds, mean and"
            " histogram."
        )
    found.bytes = said("bytes") or 16
    if (longest := said("longest")) is not None:
        found.length = {"min": said("shortest"), "max": longest, "mean": said("usual")}
    return found


def _values(array: pa.ChunkedArray, column: Column) -> list[Any]:
    """Return values as an answer with rows shows them; JSON as its text."""
    plain = Column(column.name, ColumnType.TEXT if column.type is ColumnType.JSON else column.type, column.position)
    return json_values(array.combine_chunks(), plain)


def _shown(value: Any, count: int) -> dict[str, Any]:
    is_cut = isinstance(value, str) and len(value) > SHOWN_CHARACTERS
    return {"value": value[:SHOWN_CHARACTERS] if is_cut else value, "count": count, "cut": is_cut}
