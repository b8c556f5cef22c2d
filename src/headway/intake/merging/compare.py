"""What would be different: columns, rows, and cells with how many of them would become empty.

As long as both tables have as many rows, row stands against row, in one pass that holds a batch of each. Otherwise
rows are told apart by what is written in them, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import Column
from headway.intake.merging.duck import connect
from headway.intake.merging.schema import drift
from headway.intake.merging.tables import Table, differ, plain, texts
from headway.intake.merging.upsert import shortened
from headway.intake.parsing import ParseProgress, ParseRequest, ParseResult, Report

SAMPLES = 5
MOST_COLUMNS = 500
"""Columns of which is told what changed in their cells; how many changed is counted over all."""

SHOWN_CELLS = 20
BETWEEN = "\x1f"
NOTHING = "\x00"
"""Between the cells of a row, and instead of an empty one, where a row is compared as one text."""


def run(request: ParseRequest, report: Report) -> ParseResult:
    """Compare the rows of the request's file with those of `base`, which they would replace."""
    said = request.arguments
    base, new = Table.of(request.others["base"], said["base_columns"]), Table.of(request.source, said["new_columns"])
    renamed = _renamed(base.columns, new.columns)
    columns = drift(base.columns, _under_old_names(new.columns, renamed), _under_old_names(new.columns, renamed))
    answer: dict[str, Any] = {
        "columns": {**columns, "renamed": [{"before": old, "after": name} for name, old in renamed.items()]},
        "rows": {"before": base.rows, "after": new.rows},
    }
    pairs = _pairs(base, new, renamed)
    if base.rows == new.rows:
        answer["cells"] = _compare_cells(base, new, pairs, report)
    else:
        answer["rows"] |= _compare_rows(request, base, new, pairs)
    return ParseResult("rows", [], answer)


Pair = tuple[Column, Column]


def _renamed(base: list[Column], new: list[Column]) -> dict[str, str]:
    """Return the old names of columns that stand where they stood and have another name."""
    if len(base) != len(new):
        return {}
    had, has = {column.name for column in base}, {column.name for column in new}
    return {
        after.name: before.name
        for before, after in zip(base, new, strict=True)
        if after.name not in had and before.name not in has
    }


def _under_old_names(columns: list[Column], renamed: dict[str, str]) -> list[Column]:
    return [
        Column(renamed.get(column.name, column.name), column.type, column.position, format=column.format)
        for column in columns
    ]


def _pairs(base: Table, new: Table, renamed: dict[str, str]) -> list[Pair]:
    found = ((base.find(renamed.get(column.name, column.name)), column) for column in new.columns)
    return [(before, after) for before, after in found if before is not None]


# ----------------------------------------------------------------------------------------------- row against row


@dataclass(slots=True)
class _Cells:
    """What changes in the cells of one column."""

    changed: int = 0
    become_empty: int = 0
    become_filled: int = 0
    samples: list[dict[str, Any]] = field(default_factory=list)

    def add(self, start: int, before: pa.RecordBatch, after: pa.RecordBatch, pair: Pair) -> None:
        was, is_now = plain(before, pair[0]), plain(after, pair[1])
        cells = differ(was, is_now)
        changed = pc.sum(cells).as_py() or 0
        if not changed:
            return
        empty = pc.and_(pc.is_null(is_now), pc.invert(pc.is_null(was)))
        filled = pc.and_(pc.is_null(was), pc.invert(pc.is_null(is_now)))
        self.changed += changed
        self.become_empty += pc.sum(empty).as_py() or 0
        self.become_filled += pc.sum(filled).as_py() or 0
        if len(self.samples) < SAMPLES:
            written = texts(before, pair[0])
            for place in np.flatnonzero(cells.to_numpy(zero_copy_only=False))[: SAMPLES - len(self.samples)]:
                sample = {"before": written[int(place)].as_py(), "after": is_now[int(place)].as_py()}
                texts_of = {name: shortened(text) for name, text in sample.items()}
                self.samples.append({"row": start + int(place) + 1, **texts_of})

    def to_json(self, pair: Pair) -> dict[str, Any]:
        return {
            "column": pair[1].name,
            "changed": self.changed,
            "become_empty": self.become_empty,
            "become_filled": self.become_filled,
            "samples": self.samples,
        }


def _compare_cells(base: Table, new: Table, pairs: list[Pair], report: Report) -> dict[str, Any]:
    found = [_Cells() for _ in pairs]
    rows, of = 0, max(1, base.rows)
    for before, after in _side_by_side(base, new):
        for cells, pair in zip(found, pairs, strict=True):
            cells.add(rows, before, after, pair)
        rows += before.num_rows
        report(ParseProgress(rows / of, rows, f"Comparing rows: {rows:,} of {of:,}"))
    changed = [(cells, pair) for cells, pair in zip(found, pairs, strict=True) if cells.changed]
    return {
        "changed": sum(cells.changed for cells, _ in changed),
        "become_empty": sum(cells.become_empty for cells, _ in changed),
        "become_filled": sum(cells.become_filled for cells, _ in changed),
        "columns_changed": len(changed),
        "columns": [cells.to_json(pair) for cells, pair in changed[:MOST_COLUMNS]],
    }


def _side_by_side(base: Table, new: Table) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """Yield the same rows of both tables, however each is cut into batches."""
    left, right = base.batches(), new.batches()
    before, after = next(left, None), next(right, None)
    while before is not None and after is not None:
        count = min(before.num_rows, after.num_rows)
        if count:
            yield before.slice(0, count), after.slice(0, count)
        before = before.slice(count) if count < before.num_rows else next(left, None)
        after = after.slice(count) if count < after.num_rows else next(right, None)


# ------------------------------------------------------------------------------------------- rows wherever they are


def _compare_rows(request: ParseRequest, base: Table, new: Table, pairs: list[Pair]) -> dict[str, Any]:
    """Count the rows that are written the same on both sides, and those on one side only. How often counts too."""
    connection = connect(request)
    _hash(connection, "before", base, [before for before, _ in pairs])
    _hash(connection, "after", new, [after for _, after in pairs])
    only_before, first_before = _only(connection, "before", "after")
    only_after, first_after = _only(connection, "after", "before")
    connection.close()
    return {
        "same": base.rows - only_before,
        "only_before": only_before,
        "only_after": only_after,
        "samples_before": _rows_at(base, first_before),
        "samples_after": _rows_at(new, first_after),
    }


def _hash(connection: duckdb.DuckDBPyConnection, name: str, table: Table, columns: list[Column]) -> None:
    """Make a table of (place, hash of what is written in the row, how many such rows stand before)."""
    schema = pa.schema([("place", pa.int64()), ("said", pa.string())])
    reader = pa.RecordBatchReader.from_batches(schema, _row_texts(table, columns, schema))
    connection.register("rows_said", reader)
    connection.execute(f"create temp table {name}_all as select place, hash(said) as said from rows_said")
    connection.unregister("rows_said")
    connection.execute(
        f"create temp table {name} as select place, said, row_number() over (partition by said order by place) as nth"
        f" from {name}_all"
    )
    connection.execute(f"drop table {name}_all")


def _row_texts(table: Table, columns: list[Column], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    place = 0
    for batch in table.batches():
        cells = [pc.fill_null(texts(batch, column), NOTHING) for column in columns]
        said = pc.binary_join_element_wise(*cells, BETWEEN) if cells else pa.array([""] * batch.num_rows)
        places = pa.array(np.arange(place, place + batch.num_rows))
        yield pa.RecordBatch.from_arrays([places, said], schema=schema)
        place += batch.num_rows


def _only(connection: duckdb.DuckDBPyConnection, here: str, there: str) -> tuple[int, list[int]]:
    """Return how many rows stand on one side only, and the places of the first of them."""
    sql = f"from {here} a anti join {there} b on a.said = b.said and a.nth = b.nth"
    (count,) = connection.execute(f"select count(*) {sql}").fetchall()[0]
    first = connection.execute(f"select a.place {sql} order by a.place limit {SAMPLES}").fetchall()
    return int(count), [int(place) for (place,) in first]


def _rows_at(table: Table, places: list[int]) -> list[dict[str, Any]]:
    found, start, shown = [], 0, table.columns[:SHOWN_CELLS]
    for batch in table.batches() if places else ():
        for place in (place - start for place in places if start <= place < start + batch.num_rows):
            row = batch.slice(place, 1)
            cells = {column.name: shortened(texts(row, column)[0].as_py()) for column in shown}
            found.append({"row": start + place + 1, "cells": cells})
        start += batch.num_rows
        if start > places[-1]:
            break
    return found
