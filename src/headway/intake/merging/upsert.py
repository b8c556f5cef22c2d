"""Rows are found by their keys: what is there is updated, what is not is inserted, what is not mentioned stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headway.datasets.columns import RAW_COLUMN, Column
from headway.intake.errors import MergeKeyEmpty, MergeKeyMissing, MergeKeyRepeated
from headway.intake.merging.conform import write_conformed
from headway.intake.merging.duck import connect, rows_of
from headway.intake.merging.schema import Target
from headway.intake.merging.tables import Table, differ, texts
from headway.intake.parsing import ParseRequest
from headway.intake.rows_file import rows_per_group
from headway.plurals import counted

SAMPLES = 5
PLACE = "headway_place"
"""What the number of the base's row is called among the physical columns, which are `c1`, `w1` and `raw`."""


class Upsert:
    """One table merged into another by a key. Iterate `batches` to the end, then ask for `counts`."""

    def __init__(
        self, request: ParseRequest, base: Table, new: Table, targets: list[Target], schema: pa.Schema
    ) -> None:
        self._request = request
        self._before = base.rows
        self._targets = targets
        self._schema = schema
        self._keys = _key_columns(request.arguments["key"], targets)
        columns = [target.column for target in targets]
        self._base = Table(request.output_dir / "base.conformed", columns)
        self._new = Table(request.output_dir / "new.conformed", columns)
        write_conformed(base, targets, schema, self._base.path, is_base=True)
        write_conformed(new, targets, schema, self._new.path, is_base=False)
        self._size = rows_per_group(len(targets))
        self._taken = [target for target in targets if target.new is not None]
        self._counts = dict.fromkeys(("insert", "update", "unchanged"), 0)
        self._changed = {target.column.name: 0 for target in self._taken}
        self._samples: list[dict[str, Any]] = []

    def counts(self) -> dict[str, Any]:
        matched = self._counts["update"] + self._counts["unchanged"]
        cells = {name: count for name, count in self._changed.items() if count}
        return {
            "before": self._before, **self._counts, "missing": self._before - matched, "cells": cells, "samples": self._samples,
        }  # fmt: skip

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield every row of the merged table: those of the base in their order, then the inserted ones in theirs."""
        connection = connect(self._request)
        self._refuse_unclear_keys(connection)
        yield from self._updated(connection)
        yield from self._inserted(connection)
        connection.close()
        for table in (self._base, self._new):
            table.path.unlink()

    # ---------------------------------------------------------------------- keys

    def _refuse_unclear_keys(self, connection: duckdb.DuckDBPyConnection) -> None:
        keys = [column.physical for column in self._keys]
        # The written form decides what is empty: a word that was read as empty is no key either.
        empty = " or ".join(f"{key} is null" for key in keys)
        (count,) = connection.execute(f"select count(*) from {rows_of(self._new.path)} where {empty}").fetchall()[0]
        names = [column.name for column in self._keys]
        if count:
            raise MergeKeyEmpty(
                f"{counted(count, 'row of the file has', 'rows of the file have')} no value in {_said(names)}.",
                rows=count,
                key=names,
            )
        for table, where in ((self._new, "the file"), (self._base, "the dataset")):
            self._refuse_repeated(connection, table.path, where, keys, names)

    def _refuse_repeated(
        self, connection: duckdb.DuckDBPyConnection, path: Path, where: str, keys: list[str], names: list[str]
    ) -> None:
        chosen = ", ".join(keys)
        # A key that the dataset repeats matters only where the file names it.
        named = f"where ({chosen}) in (select ({chosen}) from {rows_of(self._new.path)})"
        repeated = f"select {chosen}, count(*) as times from {rows_of(path)} {named} group by {chosen} having times > 1"
        shown = ", ".join(f"cast({key} as varchar)" for key in keys)
        found = connection.execute(f"select {shown}, times from ({repeated}) order by times desc limit 5").fetchall()
        if not found:
            return
        (total,) = connection.execute(f"select count(*) from ({repeated})").fetchall()[0]
        *values, times = found[0]
        said = ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
        raise MergeKeyRepeated(
            f"{counted(total, 'key stands', 'keys stand')} in several rows of {where}; {said[:200]} in {times:,}.",
            keys=total, times=times, key=names, samples=[list(map(str, row[:-1])) for row in found],
        )  # fmt: skip

    # ------------------------------------------------------------------- updates

    def _updated(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        updates = _Updates(self._matches(connection), self._schema)
        start = 0
        for batch in self._base.batches():
            places, rows = updates.until(start + batch.num_rows)
            yield self._with(batch, places - start, rows) if len(places) else batch
            start += batch.num_rows

    def _matches(self, connection: duckdb.DuckDBPyConnection) -> pa.RecordBatchReader:
        """Return the rows of the file that the dataset has, in the dataset's order."""
        columns = ", ".join(f"n.{name}" for name in self._schema.names)
        sql = (
            f"select b.file_row_number as {PLACE}, {columns} from {rows_of(self._new.path)} n"
            f" join {rows_of(self._base.path)} b on {self._equal()} order by {PLACE}"
        )
        return connection.sql(sql).to_arrow_reader(self._size)

    def _equal(self) -> str:
        return " and ".join(f"n.{column.physical} = b.{column.physical}" for column in self._keys)

    def _with(self, batch: pa.RecordBatch, places: npt.NDArray[np.int64], rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch of the base in which some rows are those of the file. Columns that the file lacks stay."""
        self._count(batch.take(pa.array(places)), rows)
        order = np.arange(batch.num_rows)
        order[places] = batch.num_rows + np.arange(len(places))
        taken = {name for target in self._taken for name in target.column.in_file}
        if RAW_COLUMN in self._schema.names:
            # The text of a whole row is true only where the whole row is the file's.
            whole = len(self._taken) == len(self._targets)
            rows = rows if whole else _without_raw(rows)
            taken.add(RAW_COLUMN)
        arrays = [
            pa.concat_arrays([old, rows.column(name)]).take(pa.array(order)) if name in taken else old
            for name, old in zip(self._schema.names, batch.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _count(self, before: pa.RecordBatch, after: pa.RecordBatch) -> None:
        changed = np.zeros(before.num_rows, dtype=bool)
        for target in self._taken:
            old, new = texts(before, target.column), texts(after, target.column)
            cells = differ(old, new).to_numpy(zero_copy_only=False)
            self._changed[target.column.name] += int(cells.sum())
            changed |= cells
            for place in np.flatnonzero(cells)[: SAMPLES - len(self._samples)]:
                self._samples.append(self._sample(before, target.column, int(place), old, new))
        self._counts["update"] += int(changed.sum())
        self._counts["unchanged"] += int((~changed).sum())

    def _sample(
        self, before: pa.RecordBatch, column: Column, place: int, old: pa.Array, new: pa.Array
    ) -> dict[str, Any]:
        key = {each.name: shortened(texts(before, each)[place].as_py()) for each in self._keys}
        was, is_now = shortened(old[place].as_py()), shortened(new[place].as_py())
        return {"key": key, "column": column.name, "before": was, "after": is_now}

    # ------------------------------------------------------------------- inserts

    def _inserted(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        columns = ", ".join(f"n.{name}" for name in self._schema.names)
        sql = (
            f"select {columns} from {rows_of(self._new.path)} n"
            f" anti join {rows_of(self._base.path)} b on {self._equal()} order by n.file_row_number"
        )
        for batch in connection.sql(sql).to_arrow_reader(self._size):
            self._counts["insert"] += batch.num_rows
            yield batch.cast(self._schema)


class _Updates:
    """Rows that belong at places of the base, in the order of these places."""

    def __init__(self, reader: pa.RecordBatchReader, schema: pa.Schema) -> None:
        self._reader = reader
        self._schema = schema
        self._waiting: pa.RecordBatch | None = None

    def until(self, end: int) -> tuple[npt.NDArray[np.int64], pa.RecordBatch]:
        """Return the places below `end` that were not asked for yet, and their rows."""
        found: list[pa.RecordBatch] = []
        while (batch := self._next()) is not None:
            count = int(np.searchsorted(batch.column(PLACE).to_numpy(), end))
            found.append(batch.slice(0, count))
            if count < batch.num_rows:
                self._waiting = batch.slice(count)
                break
        if not found:
            return np.array([], dtype=np.int64), pa.RecordBatch.from_pylist([], schema=self._schema)
        together = pa.concat_batches(found)
        rows = together.drop_columns([PLACE]).cast(self._schema)
        return together.column(PLACE).to_numpy(), rows

    def _next(self) -> pa.RecordBatch | None:
        batch, self._waiting = self._waiting, None
        return batch if batch is not None else next(self._reader, None)


def _key_columns(names: list[str], targets: list[Target]) -> list[Column]:
    found = []
    for name in names:
        target = next((each for each in targets if each.column.name == name), None)
        missing = [
            where
            for where, there in (("file", target and target.new), ("dataset", target and target.base))
            if not there
        ]
        if target is None or missing:
            raise MergeKeyMissing(f"The {' and the '.join(missing)} has no column {name[:100]!r}.", column=name[:100])
        found.append(target.column)
    return found


def _without_raw(rows: pa.RecordBatch) -> pa.RecordBatch:
    place = rows.schema.get_field_index(RAW_COLUMN)
    return rows.set_column(place, rows.schema.field(place), pa.nulls(rows.num_rows, pa.string()))


def _said(names: list[str]) -> str:
    return f"the key {names[0]!r}" if len(names) == 1 else f"the keys {', '.join(map(repr, names))}"


def shortened(text: str | None, most: int = 200) -> str | None:
    return text if text is None or len(text) <= most else text[: most - 1] + "…"
