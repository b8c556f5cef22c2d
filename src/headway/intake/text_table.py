"""A table that arrives as text becomes a typed one, in one pass where the beginning told the truth about the rest.

The types are planned from the first rows. Every value is then converted, printed and compared with what was written:
promise 4 is this comparison. The first value that the plan did not foresee stops it; then every value is looked at
before it is written again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import Column, ColumnType
from headway.intake.ahead import ahead
from headway.intake.exact_types import ColumnLearner, TypeWishes
from headway.intake.parsing import Decision
from headway.intake.rejects import MISMATCH, TOO_FEW, IssueGroup, Rejected, RejectsFile
from headway.intake.rows_file import RowsWriter, rows_per_group
from headway.intake.text_errors import TypeDoesNotFit
from headway.intake.text_reader import Chunk, Places
from headway.intake.text_rules import Flags, Positions
from headway.intake.type_suggestions import suggestions
from headway.intake.type_words import shown
from headway.intake.typed_columns import Converted, NeedsCompanion, Surprise, TypedColumn, Widen

MAX_DECISIONS = 200
"""A table of thousands of columns says why in its columns; the list of decisions stays readable."""

BATCH_BYTES = 32 * 1024 * 1024


class TextSource(Protocol):
    """Rows as text, from their beginning each time that they are asked for."""

    def chunks(self) -> Iterator[Chunk]: ...

    def raw(self, places: Places) -> list[bytes]:
        """Return some rows as they lie in the file, cut where they are too long."""


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A finished Parquet file: its columns in file order and how many rows it has. `filled` had too few cells."""

    columns: list[Column]
    rows: int
    decisions: list[Decision]
    filled: IssueGroup


def batches(chunks: Iterator[Chunk], columns: int) -> Generator[Chunk, None, None]:
    """Yield chunks of the size of a row group. Rejected rows count too: nothing else bounds how many wait."""
    waiting: list[Chunk] = []
    rows = size = 0
    for chunk in chunks:
        waiting.append(chunk)
        rows += chunk.rows.num_rows + sum(map(len, chunk.rejected))
        size += chunk.rows.nbytes if columns < 500 else chunk.rows.num_rows * columns * 8
        if rows >= rows_per_group(columns) or size >= BATCH_BYTES:
            yield Chunk.concat(waiting)
            waiting, rows, size = [], 0, 0
    if waiting:
        yield Chunk.concat(waiting)


class TableWriter:
    """Writes a table from text. `rejects` are opened anew for each pass; the last ones are those that count."""

    def __init__(
        self,
        names: list[str],
        path: Path,
        source: TextSource,
        wishes: TypeWishes,
        open_rejects: Callable[[], RejectsFile],
        *,
        widen: bool = False,
        widened: bool = False,
        on_read: Callable[[Chunk, int], None] | None = None,
    ) -> None:
        """`widened` says that the table is as wide as its longest row: then the shorter ones are the usual ones."""
        self._names = names
        self._path = path
        self._source = source
        self._wishes = wishes
        self._open_rejects = open_rejects
        self._widen = widen
        self._widened = widened
        self._on_read = on_read or (lambda _chunk, _rows: None)
        self._texts: set[int] = set()
        self._companions: set[int] = set()
        self._filled = IssueGroup(TOO_FEW, None)
        self._begun: list[Chunk] = []
        self._rest: Generator[Chunk, None, None] | None = None
        self.rejects = open_rejects()

    def write(self) -> WrittenTable:
        learners, knows_all = self._learn_beginning()
        while True:
            try:
                return self._pass(self._plan(learners), learners, knows_all=knows_all)
            except NeedsCompanion as found:
                self._companions.add(found.position)
            except Widen as found:
                self._texts.add(found.position)
            except Surprise as found:
                if knows_all:
                    self._texts.add(found.position)
                else:
                    learners, knows_all = self._learn_all(), True

    # ----------------------------------------------------------------------------------------------- learning

    def _learners(self) -> list[ColumnLearner]:
        return [ColumnLearner(self._wishes.for_column(name)) for name in self._names]

    def _learn_beginning(self) -> tuple[list[ColumnLearner], bool]:
        """Return what the first batch says, and whether it is all there is."""
        learners = self._learners()
        self._rest = batches(self._source.chunks(), len(self._names))
        self._begun = [*islice(self._rest, 2)]
        if self._begun:
            _learn(learners, self._telling(self._begun[0]))
        return learners, len(self._begun) < 2

    def _batches(self) -> Generator[Chunk, None, None]:
        """Yield all batches. Those that were read to learn from are not read again by the first pass."""
        begun, self._begun = self._begun, []
        rest, self._rest = self._rest, None
        with closing(rest or batches(self._source.chunks(), len(self._names))) as found:
            while begun:
                yield begun.pop(0)
            yield from found

    def _telling(self, chunk: Chunk) -> pa.RecordBatch:
        """Return the rows that say something about their columns: cells of a short one may belong to others."""
        # Below a header with a name too many every row is short.
        is_whole = self._widened or not chunk.short.any() or 2 * np.count_nonzero(chunk.short) > len(chunk.short)
        return chunk.rows if is_whole else chunk.rows.filter(pa.array(chunk.short == 0))

    def _learn_all(self) -> list[ColumnLearner]:
        learners = self._learners()
        for chunk in ahead(self._batches()):
            _learn(learners, self._telling(chunk))
            self._on_read(chunk, 0)
        return learners

    def _plan(self, learners: list[ColumnLearner]) -> list[TypedColumn]:
        comma = any(learner.proves_decimal_comma for learner in learners)
        planned = []
        for position, (name, learnt) in enumerate(zip(self._names, learners, strict=True)):
            as_text = TypeWishes(types={name: ColumnType.TEXT}).for_column(name)
            learner = ColumnLearner(as_text) if position in self._texts else learnt
            column = TypedColumn.plan(learner, name, position, comma_table=comma)
            column.written = column.reading is not None and (column.written or position in self._companions)
            planned.append(column)
        return planned

    # ------------------------------------------------------------------------------------------------ writing

    def _pass(self, columns: list[TypedColumn], learners: list[ColumnLearner], *, knows_all: bool) -> WrittenTable:
        self.rejects = self._open_rejects()
        self._filled = IssueGroup(TOO_FEW, None)
        rows = 0
        still_open = {} if knows_all else _still_open(columns, learners)
        # A pass that is broken off must have closed its file before the next one opens it.
        with ExitStack() as opened:
            writer: RowsWriter | None = None
            for chunk, typed in opened.enter_context(closing(ahead(self._typed_batches(columns, still_open)))):
                writer = writer or opened.enter_context(closing(RowsWriter(self._path, typed.schema)))
                writer.write(typed)
                rows += typed.num_rows
                self._on_read(chunk, rows)
            if writer is None:
                opened.enter_context(closing(RowsWriter(self._path, _empty(columns).schema)))
        for position, learner in still_open.items():
            if learner.verdict() is not None:
                raise Surprise(position)
        return self._finished(columns, {**dict(enumerate(learners)), **still_open}, rows)

    def _typed_batches(
        self, columns: list[TypedColumn], still_open: dict[int, ColumnLearner]
    ) -> Generator[tuple[Chunk, pa.RecordBatch], None, None]:
        """Yield each chunk with its typed rows; one thread reads, this one types, and a third may write."""
        is_first = True
        with closing(ahead(self._batches())) as found:
            for chunk in found:
                if is_first:
                    _find_companions(columns, self._telling(chunk))
                    is_first = False
                typed = self._typed(chunk, columns)
                for position, learner in still_open.items():
                    learner.observe(chunk.rows.column(position))
                yield chunk, typed

    def _typed(self, chunk: Chunk, columns: list[TypedColumn]) -> pa.RecordBatch:
        """Return the rows of a chunk that fit, typed; reject the others."""
        if not chunk.short.any():
            refused = list(chunk.rejected)
            converted = [column.convert(texts) for column, texts in zip(columns, chunk.rows.columns, strict=True)]
        else:
            chunk, converted, unfit = self._with_short_rows(chunk, columns)
            refused = [*chunk.rejected, *unfit]
        misfit = self._misfits(chunk, columns, converted)
        batch = _batch(columns, converted, chunk.rows.columns)
        if misfit is not None:
            refused.append(self._mismatched(chunk, columns, converted, misfit))
            batch = batch.filter(pa.array(~misfit))
        for rejected in _in_order(refused):
            self.rejects.add(rejected)
        return batch

    # ---------------------------------------------------------------------------------------- rows that do not fit

    def _with_short_rows(
        self, chunk: Chunk, columns: list[TypedColumn]
    ) -> tuple[Chunk, list[Converted], list[Rejected]]:
        """Fill the rows up that have too few cells, where those they have fit their columns; reject the others."""
        short = np.flatnonzero(chunk.short)
        fits = np.ones(len(short), np.bool_)
        proof = np.zeros(len(short), np.bool_)
        for column, texts in zip(columns, chunk.rows.take(pa.array(short)).columns, strict=True):
            taken, proves = column.takes(texts)
            fits &= taken
            proof |= proves
        fits &= proof | (chunk.short[short] * 2 >= len(columns))
        if fits.any() and chunk.places is not None:
            self._filled.add(chunk.places.row[short[fits]], [])
        kept = np.ones(chunk.rows.num_rows, np.bool_)
        kept[short[~fits]] = False
        unfit = self._rejected(chunk, short[~fits], TOO_FEW, widths=chunk.short[short[~fits]])
        places = chunk.places.take(kept) if chunk.places is not None else None
        rows = chunk.rows.filter(pa.array(kept))
        left = Chunk(rows, places, chunk.short[kept], chunk.rejected, chunk.read_bytes)
        return left, [column.convert(texts) for column, texts in zip(columns, rows.columns, strict=True)], unfit

    def _misfits(self, chunk: Chunk, columns: list[TypedColumn], converted: list[Converted]) -> Flags | None:
        """Say which rows have a value that is not of the type that the user chose."""
        found = None
        for column, one in zip(columns, converted, strict=True):
            if one.misfits is None or not pc.any(one.misfits).as_py():
                continue
            if self._widen:
                raise Widen(column.column.position)
            if chunk.places is None:
                raise self._does_not_fit(column, chunk, one.misfits)
            flags = pc.fill_null(one.misfits, fill_value=False).to_numpy(zero_copy_only=False)
            found = flags if found is None else found | flags
        return found

    @staticmethod
    def _does_not_fit(column: TypedColumn, chunk: Chunk, misfits: pa.Array) -> TypeDoesNotFit:
        name, kind = column.column.name, column.column.type
        value = chunk.rows.column(column.column.position).filter(misfits)[0].as_py()
        return TypeDoesNotFit(f"Column {name!r} cannot be {kind}: “{shown(value)}” is none.", column=name, wanted=kind)

    def _mismatched(
        self, chunk: Chunk, columns: list[TypedColumn], converted: list[Converted], misfit: Flags
    ) -> Rejected:
        places = np.flatnonzero(misfit)
        names: list[str | None] = [None] * len(places)
        values: list[str | None] = [None] * len(places)
        for column, one in reversed(list(zip(columns, converted, strict=True))):
            flags = one.misfits.take(pa.array(places)).to_pylist() if one.misfits is not None else []
            texts = chunk.rows.column(column.column.position)
            for at, is_misfit in enumerate(flags):
                if is_misfit:
                    names[at], values[at] = column.column.name, texts[int(places[at])].as_py()
        (rejected,) = self._rejected(chunk, places, MISMATCH)
        return replace(rejected, columns=names, values=values)

    def _rejected(self, chunk: Chunk, chosen: Positions, code: str, widths: Positions | None = None) -> list[Rejected]:
        if not len(chosen) or chunk.places is None:
            return []
        places = chunk.places.take(chosen)
        raw = self._source.raw(places)
        return [Rejected(places.row, places.line, places.begin, [code] * len(raw), raw, widths)]

    # ------------------------------------------------------------------------------------------------- telling

    def _finished(self, columns: list[TypedColumn], learners: dict[int, ColumnLearner], rows: int) -> WrittenTable:
        finished = [column.finished() for column in columns]
        decisions = []
        for column in finished[:MAX_DECISIONS]:
            learner = learners[column.position]
            why = column.why if column.type is not ColumnType.TEXT else learner.column(column.name, 0, None).why
            decisions.append(
                Decision(f"column:{column.name}", str(column.type), why, suggestions(column, learner) or None)
            )
        finished = [
            replace(column, why=learners[column.position].column(column.name, 0, None).why)
            if column.type is ColumnType.TEXT
            else column
            for column in finished
        ]
        return WrittenTable(finished, rows, decisions, self._filled)


def _learn(learners: list[ColumnLearner], rows: pa.RecordBatch) -> None:
    for learner, texts in zip(learners, rows.columns, strict=True):
        learner.observe(texts)


def _still_open(columns: list[TypedColumn], learners: list[ColumnLearner]) -> dict[int, ColumnLearner]:
    """Return new learners for the columns of text about which later values may say something else."""
    return {
        position: learner.anew()
        for position, (column, learner) in enumerate(zip(columns, learners, strict=True))
        if column.reading is None and learner.is_open
    }


def _find_companions(columns: list[TypedColumn], rows: pa.RecordBatch) -> None:
    """Plan a companion for each column of which a cell of the first rows differs."""
    for column, texts in zip(columns, rows.columns, strict=True):
        column.try_out(texts)


def _batch(columns: list[TypedColumn], converted: list[Converted], texts: list[pa.Array]) -> pa.RecordBatch:
    arrays, names = [], []
    for column, one, text in zip(columns, converted, texts, strict=True):
        arrays.append(one.values)
        names.append(column.column.physical)
        if column.written:
            nothing = pa.nulls(len(text), pa.string())
            arrays.append(nothing if one.differs is None else pc.if_else(one.differs, text, nothing))
            names.append(column.column.physical_written)
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _empty(columns: list[TypedColumn]) -> pa.RecordBatch:
    texts = [pa.array([], pa.string()) for _ in columns]
    return _batch(columns, [column.convert(text) for column, text in zip(columns, texts, strict=True)], texts)


def _in_order(refused: list[Rejected]) -> list[Rejected]:
    """Return rejected rows in file order: each pile is, but two of them may lie across each other."""
    if len(refused) < 2 or all(one.row[-1] < other.row[0] for one, other in pairwise(refused)):
        return refused
    return [Rejected.merge(refused)]
