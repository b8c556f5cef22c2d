"""JSON and NDJSON: every row is kept as its own text, beside columns that are typed where nothing is lost by it.

Two passes, because a key may appear for the first time in the last row: the first spools rows and tokens and
learns the shape of every key, the second writes the typed columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import RAW_COLUMN, Column
from headway.datasets.printing import canonical
from headway.intake.errors import FormatEmpty
from headway.intake.formats.delimited import policy_of
from headway.intake.formats.json_columns import Shape, Verdict, convert, judge, judge_forced
from headway.intake.formats.json_layout import Layout, OnRead, find_layout, rows
from headway.intake.formats.json_lines import BadLines
from headway.intake.formats.json_scan import Cells, Key, Taken
from headway.intake.formats.names import unique_names
from headway.intake.formats.row_groups import RowGroups
from headway.intake.parsing import Decision, ParsedPart, ParseProgress, ParseRequest, Report
from headway.intake.text_errors import RecordsDoNotAddUp, TooManyColumns

MAX_COLUMNS = 5000
BATCH_CELLS = 1_000_000
BATCH_CHARS = 8 * 1024 * 1024
BATCH_ROWS = 32_768
"""A batch ends at whichever comes first; the cells count, because every key of a batch is padded to all its rows."""

_SURVEYED, _SPOOLED = 0.2, 0.7
"""The parts of the progress: looking for the rows, reading them; the rest is writing."""

NULL = "null"


def parse(request: ParseRequest, source: Path, report: Report) -> ParsedPart:
    """Parse one JSON document, or objects one after another."""
    return _parse(request, source, report, lines=False)


def parse_lines(request: ParseRequest, source: Path, report: Report) -> ParsedPart:
    """Parse NDJSON: every line that is not blank is a row."""
    return _parse(request, source, report, lines=True)


def _parse(request: ParseRequest, source: Path, report: Report, *, lines: bool) -> ParsedPart:
    options, folder = request.options, request.output_dir
    looked = _reading(source, report, 0.0, _SURVEYED, "Looking for the rows")
    layout = find_layout(source, options, lines=lines, on_read=looked)
    # A header may name columns in which no row has a value.
    shapes: dict[Key, Shape] = {place: Shape() for place in range(len(layout.names or ()))}
    spool = folder / "rows.spool"
    on_read = _reading(source, report, _SURVEYED, _SPOOLED, "Reading rows")
    bad = BadLines.into(folder / "rejects.parquet", policy_of(options)) if lines else BadLines.none()
    count = _spool(rows(source, layout, on_read, bad, folder / "columns.spool"), spool, shapes)
    rejects, issues = bad.close(count)
    _reconcile(source, bad, count + layout.has_header)
    if not count:
        raise FormatEmpty("The JSON is valid, but its list of rows is empty.")
    if not shapes:
        raise FormatEmpty("The JSON is valid, but there is nothing in its rows.")
    plans = _plan(shapes, layout.names or [], spool, options.types)
    path = request.output_dir / "0.parquet"
    _write(path, plans, spool, count, report)
    spool.unlink()
    columns = [plan.column(count) for plan in plans]
    decisions = [*layout.decisions, *(_column_decision(column) for column in columns), *issues]
    return ParsedPart(_table_name(request, layout), path, count, bad.count, columns, decisions, rejects)


def _reconcile(source: Path, bad: BadLines, taken: int) -> None:
    """Hold a reading by lines to a count of them that it did not make itself."""
    lines = bad.counted(source) if bad.counted is not None else taken + bad.count
    if lines != taken + bad.count:
        raise RecordsDoNotAddUp(f"{lines:,} lines were counted, {taken + bad.count:,} rows were read.")


def _table_name(request: ParseRequest, layout: Layout) -> str:
    return layout.path[-1] if layout.path and layout.path[-1].strip() else Path(request.file_name).stem


def _column_decision(column: Column) -> Decision:
    return Decision(f"column:{column.name}", column.type.value, column.why)


def _reading(source: Path, report: Report, start: float, end: float, message: str) -> OnRead:
    """Return what turns bytes read into progress from `start` to `end`."""
    size = max(1, source.stat().st_size)
    return lambda read: report(ParseProgress(start + (end - start) * min(1.0, read / size), 0, message))


# ------------------------------------------------------------------------------------------------- first pass


class _Batch:
    """Some rows: their texts, and for every key that they have the token of each row, None where there is none."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.cells: dict[Key, list[str | None]] = {}
        self.chars = 0

    @property
    def is_full(self) -> bool:
        count = len(self.texts)
        return count >= BATCH_ROWS or self.chars >= BATCH_CHARS or count * len(self.cells) >= BATCH_CELLS

    def add(self, row: Taken[Cells]) -> None:
        number = len(self.texts)
        for key, token in row.value:
            tokens = self.cells.setdefault(key, [])
            if len(tokens) < number:
                tokens.extend([None] * (number - len(tokens)))
            tokens.append(None if token == NULL else token)
        self.texts.append(row.raw)
        self.chars += len(row.raw)

    def to_arrow(self, positions: dict[Key, int]) -> pa.RecordBatch:
        count = len(self.texts)
        padded = [tokens + [None] * (count - len(tokens)) for tokens in self.cells.values()]
        arrays = [pa.array(texts, pa.string()) for texts in (self.texts, *padded)]
        return pa.RecordBatch.from_arrays(arrays, [RAW_COLUMN, *(str(positions[key]) for key in self.cells)])


def _spool(source: Iterator[Taken[Cells]], spool: Path, shapes: dict[Key, Shape]) -> int:
    """Write all rows to the spool file, batch by batch, and learn the shape of every key; return their count."""
    count = 0
    batch = _Batch()
    with pa.OSFile(str(spool), "wb") as file:
        for row in source:
            batch.add(row)
            count += 1
            if batch.is_full:
                _keep(batch, file, shapes)
                batch = _Batch()
        if batch.texts:
            _keep(batch, file, shapes)
    return count


def _keep(batch: _Batch, file: pa.NativeFile, shapes: dict[Key, Shape]) -> None:
    """Write a batch as an Arrow stream of its own, because each batch has the keys that it happens to have."""
    for key in batch.cells:
        shapes.setdefault(key, Shape())
    if len(shapes) > MAX_COLUMNS:
        raise TooManyColumns(f"The rows have more than {MAX_COLUMNS:,} different keys.", max_columns=MAX_COLUMNS)
    positions = {key: position for position, key in enumerate(shapes)}
    table = batch.to_arrow(positions)
    for key in batch.cells:
        shapes[key].learn(table.column(str(positions[key])))
    with pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_batch(table)


def _batches(spool: Path) -> Iterator[pa.RecordBatch]:
    size = spool.stat().st_size
    with pa.OSFile(str(spool), "rb") as file:
        while file.tell() < size:
            with pa.ipc.open_stream(file) as stream:
                yield from stream


# ------------------------------------------------------------------------------------------------ second pass


@dataclass(slots=True)
class _Plan:
    """One column to be: its name, type and position, and whether some cell needs its written form."""

    name: str
    position: int
    shape: Shape
    verdict: Verdict
    written: bool = False

    def tokens(self, batch: pa.RecordBatch) -> pa.StringArray:
        index = batch.schema.get_field_index(str(self.position))
        return batch.column(index) if index >= 0 else pa.nulls(batch.num_rows, pa.string())

    def forms(self, batch: pa.RecordBatch) -> pa.StringArray:
        """Return the tokens that the typed value would print differently, null elsewhere."""
        tokens = self.tokens(batch)
        printed = canonical(convert(self.verdict, tokens), self.column(0))
        return pc.if_else(pc.not_equal(printed, tokens), tokens, pa.scalar(None, pa.string()))

    def column(self, rows: int) -> Column:
        verdict = self.verdict
        nulls = max(0, rows - self.shape.values)
        return Column(self.name, verdict.type, self.position, self.written, nulls, why=verdict.why)


def _plan(shapes: dict[Key, Shape], header: list[str], spool: Path, forced: dict[str, str]) -> list[_Plan]:
    """Decide the type of every column, then look which ones need written forms."""
    plans = []
    for position, (name, shape) in enumerate(zip(_names(list(shapes), header), shapes.values(), strict=True)):
        verdict = judge_forced(shape, name, forced[name]) if name in forced else judge(shape)
        plans.append(_Plan(name, position, shape, verdict))
    undecided = [plan for plan in plans if plan.verdict.may_differ]
    for batch in _batches(spool) if undecided else ():
        for plan in undecided:
            plan.written = plan.written or plan.forms(batch).null_count < batch.num_rows
    return plans


def _names(keys: list[Key], header: list[str]) -> list[str]:
    """Return a name for every key: that of the header for a place, and `value` for rows that are one value."""
    alone = "value" if "value" not in keys else "value_of_row"
    return unique_names([alone if key is None else _name(key, header) for key in keys])


def _name(key: str | int, header: list[str]) -> str:
    if isinstance(key, str):
        return key
    return header[key] if key < len(header) else f"column_{key + 1}"


def _write(path: Path, plans: list[_Plan], spool: Path, count: int, report: Report) -> None:
    columns = [plan.column(count) for plan in plans]
    fields = [pa.field(column.physical, plan.verdict.arrow_type) for plan, column in zip(plans, columns, strict=True)]
    fields += [pa.field(column.physical_written, pa.string()) for column in columns if column.written]
    schema = pa.schema([*fields, pa.field(RAW_COLUMN, pa.string())])
    done = 0
    with RowGroups(path, schema) as groups:
        for batch in _batches(spool):
            tokens = [plan.tokens(batch) for plan in plans]
            arrays = [convert(plan.verdict, some) for plan, some in zip(plans, tokens, strict=True)]
            arrays += [plan.forms(batch) for plan in plans if plan.written]
            groups.write(pa.RecordBatch.from_arrays([*arrays, batch.column(RAW_COLUMN)], schema=schema))
            done += batch.num_rows
            report(ParseProgress(_SPOOLED + (1 - _SPOOLED) * done / count, done, "Writing rows"))
