"""Tables of one kind become one table, in their order, with a column that says which of them each row is from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headway.datasets.columns import Column, ColumnType
from headway.intake.errors import ArchiveTablesDiffer
from headway.intake.formats.names import unique_names
from headway.intake.merging.conform import conformed, layout
from headway.intake.merging.rejects import BATCH_ROWS
from headway.intake.merging.schema import Target, unify
from headway.intake.merging.tables import Table
from headway.intake.parsing import Decision, ParsedPart, ParseProgress, Report
from headway.intake.rows_file import RowsWriter

SOURCE_FILE = "_source_file"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Outline:
    """A table as far as its columns are known already."""

    columns: list[Column]
    schema: pa.Schema
    rows: int

    def find(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


def unite(parts: list[ParsedPart], folder: Path, name: str, report: Report) -> ParsedPart:
    """Return one table of all rows. Raises `ArchiveTablesDiffer` where a table shares no column with the first."""
    _refuse_strangers(parts)
    tables = [Table(part.path, part.columns) for part in parts]
    columns, schema = _columns(tables)
    path = folder / "united.parquet"
    rows, nulls = _write(path, columns, schema, parts, tables, report)
    counted = [replace(column, nulls=count) for column, count in zip(columns, nulls, strict=True)]
    rejects, rejected = _unite_rejects(parts, folder / "united.rejects")
    return ParsedPart(name, path, rows, rejected, counted, _decisions(parts, counted), rejects)


def _refuse_strangers(parts: list[ParsedPart]) -> None:
    first = {column.name for column in parts[0].columns}
    for part in parts[1:]:
        if first.isdisjoint(column.name for column in part.columns):
            raise ArchiveTablesDiffer(f"{part.name} has no column in common with {parts[0].name}.", member=part.name)


# ------------------------------------------------------------------------------------------------------ columns


def _columns(tables: list[Table]) -> tuple[list[Column], pa.Schema]:
    """Return the columns that hold the cells of every table, the one of the source last, and their physical types."""
    outline = _Outline(tables[0].columns, tables[0].schema, tables[0].rows)
    for table in tables[1:]:
        targets = unify(outline, table)
        known = [
            replace(target.column, nulls=_nulls(target.base, outline.rows) + _nulls(target.new, table.rows))
            for target in targets
        ]
        outline = _Outline(known, layout(targets, raw=False), outline.rows + table.rows)
    columns = [replace(column, why=_why(column, tables)) for column in outline.columns]
    source = unique_names([*(column.name for column in columns), SOURCE_FILE])[-1]
    columns.append(Column(source, ColumnType.TEXT, len(columns), why="The file of the archive that the row is from."))
    return columns, outline.schema


def _nulls(column: Column | None, rows: int) -> int:
    return rows if column is None else column.nulls


def _why(column: Column, tables: list[Table]) -> str:
    found = [known for table in tables if (known := table.find(column.name)) is not None]
    kinds = list(dict.fromkeys(known.type.replace("_", " ") for known in found))
    if len(kinds) < 2:
        return found[0].why
    return f"The files read it as {', '.join(kinds[:-1])} and {kinds[-1]}; this type keeps all of them as written."


# --------------------------------------------------------------------------------------------------------- rows


def _write(
    path: Path, columns: list[Column], schema: pa.Schema, parts: list[ParsedPart], tables: list[Table], report: Report
) -> tuple[int, list[int]]:
    raw = any(table.has_raw for table in tables)
    targets = [Target(column, schema.field(column.physical).type, None, None) for column in columns[:-1]]
    source = Target(columns[-1], pa.string(), None, None)
    writer = RowsWriter(path, layout([*targets, source], raw=raw))
    nulls, total = [0] * len(columns), max(1, sum(part.rows for part in parts))
    for part, table in zip(parts, tables, strict=True):
        own = [replace(target, new=table.find(target.column.name)) for target in targets]
        for batch in table.batches():
            made = _with_source(
                conformed(batch, [*own, source], layout([*own, source], raw=raw), is_base=False), part.name, source
            )
            writer.write(made)
            nulls = [
                count + made.column(column.physical).null_count for count, column in zip(nulls, columns, strict=True)
            ]
            report(ParseProgress(min(1.0, writer.rows / total), writer.rows, "Uniting the files"))
    return writer.close(), nulls


def _with_source(batch: pa.RecordBatch, name: str, source: Target) -> pa.RecordBatch:
    place = batch.schema.get_field_index(source.column.physical)
    return batch.set_column(place, batch.schema.field(place), pa.repeat(pa.scalar(name, pa.string()), batch.num_rows))


# ------------------------------------------------------------------------------------------------ rejected rows


def _unite_rejects(parts: list[ParsedPart], path: Path) -> tuple[Path | None, int]:
    """Write the rejected rows of all tables. Each says its file, and records are counted on from table to table."""
    files = [part.rejects_path for part in parts if part.rejects_path is not None]
    if not files:
        return None, 0
    schema = pa.unify_schemas([pq.read_schema(file).remove_metadata() for file in files])
    offset = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in parts:
            last = 0
            for batch in _rejected(part):
                last = max(last, pc.max(batch.column("record")).as_py() or 0)
                writer.write_batch(_moved(batch, schema, part.name, offset))
            offset += max(last, part.rows + part.rejected_rows + 1)
    return path, sum(part.rejected_rows for part in parts)


def _rejected(part: ParsedPart) -> Iterator[pa.RecordBatch]:
    if part.rejects_path is not None:
        with pq.ParquetFile(part.rejects_path) as file:
            yield from file.iter_batches(BATCH_ROWS, use_threads=False)


def _moved(batch: pa.RecordBatch, schema: pa.Schema, name: str, offset: int) -> pa.RecordBatch:
    arrays = []
    for field in schema:
        array = batch.column(field.name) if field.name in batch.schema.names else pa.nulls(batch.num_rows, field.type)
        if field.name == "record":
            array = pc.add(array, offset)
        elif field.name == "reason":
            array = pc.binary_join_element_wise(f"In {name}: ", array, "")
        arrays.append(array.cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


# ------------------------------------------------------------------------------------------------------- telling


def _decisions(parts: list[ParsedPart], columns: list[Column]) -> list[Decision]:
    names = [part.name for part in parts]
    listed = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
    said = f"The rows of {len(parts):,} files follow one another: {listed}."
    different = []
    for column in columns[:-1]:
        lacking = [part.name for part in parts if all(own.name != column.name for own in part.columns)]
        if lacking:
            more = f" and {len(lacking) - 1:,} more" if len(lacking) > 1 else ""
            different.append(f"{column.name} (not in {lacking[0]}{more})")
    if different:
        rest = f" and {len(different) - _SHOWN:,} more" if len(different) > _SHOWN else ""
        said += f" Columns that some of them lack, and that are empty there: {', '.join(different[:_SHOWN])}{rest}."
    else:
        said += " All of them have the same columns."
    found = [Decision("member", names, said, runner_up=None)]
    return [*found, *(Decision(f"column:{column.name}", column.type.value, column.why) for column in columns[:200])]
