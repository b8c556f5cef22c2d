"""A table that arrives as text: spooled whole, its types learnt from every value, then written typed.

The last check is promise 4 itself: what a cell shows as written must be what was written, for every cell. A
column that fails it is written again with its written forms beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from headway.datasets.columns import Column
from headway.datasets.printing import canonical
from headway.intake.exact_types import ColumnObserver, TypedColumn
from headway.intake.parsing import Decision
from headway.intake.rows_file import RowsWriter
from headway.intake.text_errors import TypeDoesNotFit

MAX_DECISIONS = 200
"""A table of thousands of columns says why in its columns; the list of decisions stays readable."""


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A finished Parquet file: its columns in file order and how many rows it has."""

    columns: list[Column]
    rows: int
    decisions: list[Decision]


class TextTableWriter:
    """Takes batches of string columns in file order; null is an empty cell, "" an explicitly quoted empty one."""

    def __init__(self, names: list[str], path: Path) -> None:
        self._names = names
        self._path = path
        self._spool = path.with_suffix(".text")
        self._schema = pa.schema([(f"c{position}", pa.string()) for position in range(len(names))])
        self._observers = [ColumnObserver() for _ in names]
        options = ipc.IpcWriteOptions(compression="lz4")
        self._sink = pa.OSFile(str(self._spool), "wb")
        self._writer = ipc.new_file(self._sink, self._schema, options=options)
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows. The batch has the table's columns in order, all of type string."""
        named = pa.RecordBatch.from_arrays(batch.columns, schema=self._schema)
        self._writer.write_batch(named)
        self._rows += named.num_rows
        for observer, texts in zip(self._observers, named.columns, strict=True):
            observer.observe(texts)

    def finish(
        self, forced_types: dict[str, str] | None = None, on_rows: Callable[[float], None] | None = None
    ) -> WrittenTable:
        """Decide the types, write the typed file, and remove the spool. `on_rows` hears the fraction done."""
        self._writer.close()
        self._sink.close()
        typed = self._decide(forced_types or {})
        try:
            columns = self._write_typed(typed, {t.column.position for t in typed if t.may_differ}, on_rows)
        finally:
            self._spool.unlink(missing_ok=True)
        decisions = [Decision(f"column:{c.name}", str(c.type), c.why) for c in columns[:MAX_DECISIONS]]
        return WrittenTable(columns, self._rows, decisions)

    def _decide(self, forced: dict[str, str]) -> list[TypedColumn]:
        decided = []
        for position, (name, observer) in enumerate(zip(self._names, self._observers, strict=True)):
            wanted = forced.get(name)
            typed = observer.decide(name, position, wanted)
            if wanted is not None and typed.column.type != wanted:
                raise TypeDoesNotFit(
                    f"Column {name!r} cannot be {wanted}: {observer.decide(name, position).column.why}",
                    column=name,
                    wanted=wanted,
                )
            decided.append(typed)
        return decided

    def _write_typed(
        self, typed: list[TypedColumn], differing: set[int], on_rows: Callable[[float], None] | None
    ) -> list[Column]:
        """Write the file with a written form for the columns in `differing`; again if others turn out to differ."""
        found, used = self._one_pass(typed, differing, on_rows)
        if found - differing:
            found, used = self._one_pass(typed, differing | found, on_rows)
        return [replace(t.column, written=t.column.position in used) for t in typed]

    def _one_pass(
        self, typed: list[TypedColumn], differing: set[int], on_rows: Callable[[float], None] | None
    ) -> tuple[set[int], set[int]]:
        """Return the columns that differ somewhere, and of those the ones whose written forms were kept."""
        found: set[int] = set()
        writer: RowsWriter | None = None
        # Read and not mapped: mapped pages count as memory of this process, whose limit is watched.
        with pa.OSFile(str(self._spool), "rb") as source, ipc.open_file(source) as reader:
            for number in range(reader.num_record_batches):
                batch, differs = _typed_batch(reader.get_batch(number), typed, differing)
                found |= differs
                writer = writer or RowsWriter(self._path, batch.schema)
                writer.write(batch)
                if on_rows is not None:
                    on_rows((number + 1) / reader.num_record_batches)
        if writer is None:
            empty, _ = _typed_batch(pa.RecordBatch.from_pylist([], schema=self._schema), typed, differing)
            writer = RowsWriter(self._path, empty.schema)
        writer.close()
        return found, found & differing


def _typed_batch(
    texts: pa.RecordBatch, typed: list[TypedColumn], differing: set[int]
) -> tuple[pa.RecordBatch, set[int]]:
    arrays, names, found = [], [], set()
    for column, text in zip(typed, texts.columns, strict=True):
        values = column.convert(text)
        arrays.append(values)
        names.append(column.column.physical)
        if column.reading is None:
            continue
        differs = _differs(text, canonical(values, column.column))
        if pc.any(differs).as_py():
            found.add(column.column.position)
        if column.column.position in differing:
            arrays.append(pc.if_else(differs, text, pa.scalar(None, pa.string())))
            names.append(column.column.physical_written)
    return pa.RecordBatch.from_arrays(arrays, names=names), found


def _differs(text: pa.Array, printed: pa.Array) -> pa.Array:
    """Say for each cell whether its print is not what was written. An empty cell prints as nothing."""
    both_missing = pc.and_(pc.is_null(text), pc.is_null(printed))
    return pc.invert(pc.or_(both_missing, pc.fill_null(pc.equal(text, printed), fill_value=False)))
