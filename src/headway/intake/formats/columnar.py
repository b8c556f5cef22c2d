"""Parquet and Arrow files: their own types are kept where ours can hold every value; else text, with the reason.

Batches stay small, whatever the row groups of the file are. The surveys run over every value of the columns
that need one, because statistics in a file may lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from headway.datasets.columns import Column, ColumnType
from headway.errors import AppError
from headway.intake.errors import ArrowUnreadable, FormatEmpty, ParquetEncrypted, ParquetUnreadable, UnpackedSizeLimit
from headway.intake.formats.columnar_int96 import int96_columns, unit_for
from headway.intake.formats.columnar_types import Rule, as_text, rule_for
from headway.intake.formats.names import unique_names
from headway.intake.formats.row_groups import RowGroups
from headway.intake.parsing import Decision, ParsedPart, ParseProgress, ParseRequest, Report
from headway.intake.text_errors import TooManyColumns, TypeDoesNotFit
from headway.plurals import counted

MAX_COLUMNS = 5000
BATCH_BYTES = 8 * 1024 * 1024
MAX_BATCH_ROWS = 32_768
MAX_DECISIONS = 200
_DAMAGE = "Something in it breaks the rules of its format."
_DAMAGES = (
    (("checksum", "crc"), "A part of it is not what its checksum says, so it was changed or damaged on the way."),
    (("magic", "footer", "too small", "smaller than"), "Its end is not that of such a file, so it may have been cut off."),
    (("eof", "end of file", "end of stream", "expected to read", "expected to be able", "truncated", "no more data", "bytes available"), "It ends in the middle."),
)  # fmt: skip
"""What the words of the library mean; they name what is ours, and say nothing to whoever uploaded the file."""
_PARQUET = {"buffer_size": 1024 * 1024, "pre_buffer": False, "page_checksum_verification": True}

ARROW_STREAM = b"\xff\xff\xff\xff"
"""How every message of a stream begins; a file begins with its name."""

_END_OF_STREAM = ARROW_STREAM + bytes(4)


Batches = Callable[[], Iterator[pa.RecordBatch]]
"""Reads the file from its beginning, in small batches."""


@dataclass(frozen=True, slots=True)
class _Source:
    """An open file."""

    schema: pa.Schema
    rows: int
    batches: Batches
    notes: list[Decision] = dataclass_field(default_factory=list)


def parse_parquet(request: ParseRequest, source: Path, report: Report) -> ParsedPart:
    """Parse a Parquet file. Raises `ParquetUnreadable`, `ParquetEncrypted` or a limit."""
    try:
        return _parse(request, _open_parquet(source, request.max_unpacked_bytes), report)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _translate(error, ParquetUnreadable) from error


def parse_arrow(request: ParseRequest, source: Path, report: Report) -> ParsedPart:
    """Parse an Arrow (Feather) file or stream. Raises `ArrowUnreadable` or a limit."""
    try:
        with pa.OSFile(str(source), "rb") as file:
            opened = _open_stream(source) if file.read(4) == ARROW_STREAM else _open_arrow(file)
            return _parse(request, opened, report)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _translate(error, ArrowUnreadable) from error


def _translate(error: Exception, kind: type[AppError]) -> Exception:
    """Return what a failure of the library means; a full disk and spent memory are the sandbox's to name."""
    if isinstance(error, pa.ArrowMemoryError) or getattr(error, "errno", None) is not None:
        return error
    if "decrypt" in str(error) or "encrypted" in str(error):
        return ParquetEncrypted("Its columns cannot be read without a key.")
    said = str(error).lower()
    return kind(next((words for signs, words in _DAMAGES if any(sign in said for sign in signs)), _DAMAGE))


# ------------------------------------------------------------------------------------------------------ sources


def _open_parquet(path: Path, max_bytes: int) -> _Source:
    file = pq.ParquetFile(path, **_PARQUET)
    metadata = file.metadata
    unpacked = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    _refuse_too_large(unpacked, max_bytes)
    step = max(1, min(MAX_BATCH_ROWS, metadata.num_rows * BATCH_BYTES // max(1, unpacked)))
    notes: list[Decision] = []
    if columns := int96_columns(metadata):
        unit, notes = unit_for(path, columns, step, _PARQUET)
        file = pq.ParquetFile(path, coerce_int96_timestamp_unit=unit, **_PARQUET)
    return _Source(file.schema_arrow, metadata.num_rows, lambda: file.iter_batches(step, use_threads=False), notes)


def _open_arrow(file: pa.NativeFile) -> _Source:
    reader = pa.ipc.open_file(file)
    rows = sum(reader.get_batch(number).num_rows for number in range(reader.num_record_batches))

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(reader.num_record_batches):
            yield from _in_steps(reader.get_batch(number))

    return _Source(reader.schema, rows, batches)


def _open_stream(path: Path) -> _Source:
    """Open what has no list of its batches, so that they are counted by reading them once."""

    def batches() -> Iterator[pa.RecordBatch]:
        with pa.OSFile(str(path), "rb") as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                yield from _in_steps(batch)

    with pa.OSFile(str(path), "rb") as file, pa.ipc.open_stream(file) as reader:
        schema, rows = reader.schema, sum(batch.num_rows for batch in reader)
        rest = file.size() - file.tell()
        file.seek(max(0, file.tell() - len(_END_OF_STREAM)))
        is_ended = file.read(len(_END_OF_STREAM)) == _END_OF_STREAM
    notes = []
    if not is_ended:
        said = "The stream has no mark of its end. If it was cut off between two batches, its last rows are missing."
        notes.append(Decision("rows", "a stream without its end", said))
    if rest:
        notes.append(
            Decision("rows", "bytes behind the end", f"{counted(rest, 'byte')} behind the end of the stream ignored.")
        )
    return _Source(schema, rows, batches, notes)


def _in_steps(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    # Offsets that point anywhere would be followed without a look.
    batch.validate(full=True)
    step = max(1, min(MAX_BATCH_ROWS, batch.num_rows * BATCH_BYTES // max(1, batch.nbytes)))
    for start in range(0, batch.num_rows, step):
        yield batch.slice(start, step)


def _refuse_too_large(unpacked: int, max_bytes: int) -> None:
    if unpacked > max_bytes:
        raise UnpackedSizeLimit(f"The file unpacks to {unpacked:,} bytes.", max_unpacked_bytes=max_bytes)


# -------------------------------------------------------------------------------------------------------- parse


def _parse(request: ParseRequest, source: _Source, report: Report) -> ParsedPart:
    if not len(source.schema):
        raise FormatEmpty("The file has no columns.")
    if len(source.schema) > MAX_COLUMNS:
        raise TooManyColumns(f"The file has {len(source.schema):,} columns.", max_columns=MAX_COLUMNS)
    path = request.output_dir / "0.parquet"
    names = unique_names(source.schema.names)
    rules = [_rule(name, field.type, request.options.types) for name, field in zip(names, source.schema, strict=True)]
    done = _write(path, rules, source, _Budget(request.max_unpacked_bytes), report)
    if done.misfits:
        rules = [rule.otherwise or rule if i in done.misfits else rule for i, rule in enumerate(rules)]
        done = _write(path, rules, source, _Budget(request.max_unpacked_bytes), report)
    columns = [
        Column(name, rule.type, position, nulls=done.nulls[position], why=rule.why)
        for position, (name, rule) in enumerate(zip(names, rules, strict=True))
    ]
    decisions = [Decision(f"column:{column.name}", column.type.value, column.why) for column in columns[:MAX_DECISIONS]]
    return ParsedPart(Path(request.file_name).stem, path, done.rows, 0, columns, [*source.notes, *decisions])


def _rule(name: str, kind: pa.DataType, forced: dict[str, str]) -> Rule:
    rule = rule_for(kind)
    wanted = forced.get(name, rule.type)
    if wanted == ColumnType.TEXT != rule.type:
        return as_text(rule)
    if wanted == rule.type:
        return rule
    if rule.otherwise is not None and wanted == rule.otherwise.type:
        return replace(rule.otherwise, why="As was asked for.")
    raise TypeDoesNotFit(f"Column {name!r} cannot be {wanted}: {rule.why}", column=name, wanted=wanted)


class _Budget:
    """Counts what the values really are; what a file says about itself may be a lie, and a dictionary unfolds."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0

    def spend(self, batch: pa.RecordBatch) -> None:
        self._bytes += batch.nbytes
        _refuse_too_large(self._bytes, self._max_bytes)


@dataclass(slots=True)
class _Written:
    """How a pass over the file went. With misfits the file that it wrote is not to be used."""

    nulls: list[int]
    rows: int = 0
    misfits: set[int] = dataclass_field(default_factory=set)


def _write(path: Path, rules: list[Rule], source: _Source, budget: _Budget, report: Report) -> _Written:
    """Convert every batch and write it, or only look on once some column does not hold its values."""
    done = _Written([0] * len(rules))
    schema = pa.schema([(f"c{position}", rule.arrow_type) for position, rule in enumerate(rules)])
    with RowGroups(path, schema) as groups:
        for batch in source.batches():
            done.misfits |= _misfits(batch, rules, done.misfits)
            if not done.misfits:
                arrays = [rule.convert(column) for rule, column in zip(rules, batch.columns, strict=True)]
                converted = pa.RecordBatch.from_arrays(arrays, schema=schema)
                budget.spend(converted)
                groups.write(converted)
                done.nulls = [nulls + array.null_count for nulls, array in zip(done.nulls, arrays, strict=True)]
            done.rows += batch.num_rows
            report(ParseProgress(min(1.0, done.rows / max(1, source.rows)), done.rows, "Reading rows"))
    return done


def _misfits(batch: pa.RecordBatch, rules: list[Rule], known: set[int]) -> set[int]:
    """Return the columns whose type does not hold every value of this batch."""
    return {
        position
        for position, (rule, column) in enumerate(zip(rules, batch.columns, strict=True))
        if position not in known and rule.survey is not None and not rule.survey(column)
    }
