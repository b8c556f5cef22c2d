"""Delimited text: read by DuckDB as all text, held to an independent count of the records.

DuckDB's own sniffer makes one column of a ragged file, and its parallel reader loses rows silently when whole
vectors are rejected; so dialect and columns are given, the reader is serial, and good + rejected rows must equal
what was counted. Files that break DuckDB's rules (mixed line ends, an open quote) are read by the careful reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from headway.intake.careful_reader import CarefulReader
from headway.intake.dialect import SAMPLE_CHARACTERS, Dialect, sniff
from headway.intake.encoding import EncodingFinding, as_utf8
from headway.intake.formats.names import unique_names
from headway.intake.parsing import Decision, ParsedPart, ParseProgress, ParseRequest, Report
from headway.intake.records import RecordCount, count_records, longest_line
from headway.intake.rejects import MOST_REJECTS, RAW_CHARACTERS, REJECTS_SCHEMA, Reject, too_many
from headway.intake.rows_file import rows_per_group
from headway.intake.text_errors import LineTooLong, RecordsDoNotAddUp, TooManyColumns
from headway.intake.text_table import TextTableWriter

MAX_LINE_BYTES = 64 * 1024 * 1024
MAX_COLUMNS = 5_000
FAST_COLUMNS = 2_500
MIB_FOR_ANY, COLUMNS_PER_MIB = 200, 5
"""What DuckDB may use. It reserves room for 2,048 rows of every column several times over, and leaves it untouched;
beyond so many columns that is more than the process may reserve."""

CAREFUL_CELLS = 1_000_000
"""So many cells are held as Python texts at a time."""

MAX_EXCESS_BYTES = 32 * 1024 * 1024
"""DuckDB copies a row once for each cell that it has too many; beyond this it is not asked to."""

READ_SHARE = 0.6
"""Share of the parse that reading takes; the rest is typing and writing."""


class RowsLost(Exception):
    """Raised when DuckDB's good and rejected rows are not all the records there are."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text table in UTF-8, with all that was found out about how it is written."""

    path: Path
    encoding: EncodingFinding
    dialect: Dialect
    counted: RecordCount
    names: list[str]
    renamed: list[str]

    @property
    def expected(self) -> int:
        """Return how many data rows there must be, good and rejected together."""
        blank = self.counted.blank if len(self.names) > 1 else 0
        return max(0, self.counted.records - blank - int(self.dialect.header))


def parse(request: ParseRequest, source: Path, report: Report) -> ParsedPart:
    """Return the table in a delimited text file."""
    text = _understand(request, source)
    report(ParseProgress(0.05, 0, "Reading rows"))
    path = request.output_dir / "rows.parquet"
    try:
        writer, rejects, careful = _read(request, text, path, report)
    except (RowsLost, duckdb.InvalidInputException):
        writer, rejects, careful = _read_carefully(text, path, report)
    table = writer.finish(request.options.types, lambda done: _say_typing(report, text.expected, done))
    decisions = [*_decisions(text, careful), *table.decisions]
    return ParsedPart(
        name=Path(request.file_name).stem,
        path=path,
        rows=table.rows,
        rejected_rows=len(rejects),
        columns=table.columns,
        decisions=decisions,
        rejects_path=_write_rejects(rejects, request.output_dir),
    )


# ------------------------------------------------------------------- understanding


def _understand(request: ParseRequest, source: Path) -> _Text:
    options = request.options
    path, encoding = as_utf8(source, request.output_dir, options.encoding)
    # Before anything holds a line in memory: how long is the longest one?
    _refuse_long(*longest_line(path, MAX_LINE_BYTES))
    dialect = sniff(_sample(path), delimiter=options.delimiter, header=options.header)
    if dialect.columns > MAX_COLUMNS:
        raise TooManyColumns(f"The table has more than {MAX_COLUMNS:,} columns.", max_columns=MAX_COLUMNS)
    body = _body(path, dialect, request.output_dir)
    dialect, names, renamed = _names(body, dialect)
    counted = count_records(body, dialect.delimiter, too_long=MAX_LINE_BYTES, columns=len(names))
    _refuse_long(counted.longest, counted.records + 1)
    return _Text(body, encoding, dialect, counted, names, renamed)


def _refuse_long(longest: int, row: int) -> None:
    if longest > MAX_LINE_BYTES:
        raise LineTooLong(f"Row {row:,} is longer than {MAX_LINE_BYTES // 1024**2} MB.", row=row)


def _sample(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return file.read(SAMPLE_CHARACTERS)


def _body(path: Path, dialect: Dialect, folder: Path) -> Path:
    """Return the file from its header row on; a copy only where lines stand before it."""
    if dialect.skip == 0:
        return path
    body = folder / "table.utf8"
    with path.open("rb") as source, body.open("wb") as target:
        for _ in range(dialect.skip):
            source.readline()
        while block := source.read(1024 * 1024):
            target.write(block)
    return body


def _names(body: Path, dialect: Dialect) -> tuple[Dialect, list[str], list[str]]:
    """Return unique column names, and the ones that had to be changed or made up.

    A header that cannot be read names nothing and counts as a row, so that it is kept among the rejected ones.
    """
    first = CarefulReader(body, dialect.delimiter).first()
    if first is None and dialect.header:
        dialect = replace(dialect, header=False, header_evidence="the first row cannot be read")
    width = max(dialect.columns, len(first.cells) if first is not None else 1)
    given: list[str] = [(cell or "").strip() for cell in first.cells] if dialect.header and first is not None else []
    given += [""] * (width - len(given))
    names = unique_names(given)
    return dialect, names, [name for name, cell in zip(names, given, strict=True) if name != cell]


# ------------------------------------------------------------------ reading, DuckDB


def _read(request: ParseRequest, text: _Text, path: Path, report: Report) -> tuple[TextTableWriter, list[Reject], bool]:
    counted = text.counted
    if not counted.even_line_ends or counted.open_at_end or counted.excess_bytes > MAX_EXCESS_BYTES:
        raise RowsLost
    if len(text.names) > FAST_COLUMNS:
        raise RowsLost
    writer = TextTableWriter(text.names, path)
    connection = _connect(request, text.path, len(text.names))
    reader = connection.sql(_query(text)).to_arrow_reader(rows_per_group(len(text.names)))
    rows = 0
    for batch in reader:
        writer.write(batch)
        rows += batch.num_rows
        _say_reading(report, text.expected, rows)
    rejects = _rejects(connection)
    connection.close()
    if len(rejects) >= MOST_REJECTS:
        too_many(rejects, text.expected - rows, text.expected)
    if rows + len(rejects) != text.expected:
        raise RowsLost
    too_many(rejects, len(rejects), text.expected)
    return writer, rejects, False


def _connect(request: ParseRequest, path: Path, columns: int) -> duckdb.DuckDBPyConnection:
    memory_limit = f"{MIB_FOR_ANY + columns // COLUMNS_PER_MIB}MiB"
    connection = duckdb.connect(config={"threads": 1, "memory_limit": memory_limit})
    folders = ", ".join(_quoted(str(folder)) for folder in (path.parent, request.output_dir))
    connection.execute(f"set temp_directory = {_quoted(str(request.output_dir))}")
    connection.execute("set enable_progress_bar = false")
    connection.execute(f"set allowed_directories = [{folders}]")
    connection.execute("set enable_external_access = false")
    return connection


def _query(text: _Text) -> str:
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(text.names)))
    delimiter = text.dialect.delimiter or "\x1f"
    line_bytes = max(2 * 1024 * 1024, text.counted.longest + 1024)
    return (
        f"from read_csv({_quoted(str(text.path))}, auto_detect=false, columns={{{columns}}},"
        f" header={str(text.dialect.header).lower()}, delim={_quoted(delimiter)}, quote='\"', escape='\"',"
        f" allow_quoted_nulls=false, parallel=false, store_rejects=true, rejects_limit={MOST_REJECTS},"
        f" max_line_size={line_bytes})"
    )


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


_REASONS = {
    "MISSING COLUMNS": "has fewer cells than the table has columns",
    "TOO MANY COLUMNS": "has more cells than the table has columns",
    "UNQUOTED VALUE": "has a quotation mark that does not close a cell",
    "LINE SIZE OVER MAXIMUM": "is too long",
    "INVALID ENCODING": "has bytes that are no characters",
}


def _rejects(connection: duckdb.DuckDBPyConnection) -> list[Reject]:
    found = connection.execute(
        f"select line, min(line_byte_position), min(error_type), min(csv_line[:{RAW_CHARACTERS}]) from reject_errors"
        " group by line order by line"
    ).fetchall()
    return [
        Reject(line, byte, _REASONS.get(str(kind), str(kind).lower()), raw or "") for line, byte, kind, raw in found
    ]


# ----------------------------------------------------------------- reading, careful


def _read_carefully(text: _Text, path: Path, report: Report) -> tuple[TextTableWriter, list[Reject], bool]:
    """Read cell by cell. Slow, but it takes every line end and says of every row it cannot take why."""
    writer = TextTableWriter(text.names, path)
    reader = CarefulReader(text.path, text.dialect.delimiter)
    rows = 0
    for batch in _batches(reader, len(text.names), header=text.dialect.header):
        writer.write(batch)
        rows += batch.num_rows
        _say_reading(report, text.expected, rows)
    read = reader.records - int(text.dialect.header and reader.records > 0)
    if rows + reader.rejected != read:
        raise RecordsDoNotAddUp(f"{read:,} rows were counted, {rows + reader.rejected:,} were read.")
    too_many(reader.rejects, reader.rejected, read)
    return writer, reader.rejects, True


def _batches(reader: CarefulReader, width: int, *, header: bool) -> Iterator[pa.RecordBatch]:
    names = [f"c{position}" for position in range(width)]
    rows = (row.cells for row in reader.rows(width, header=header))
    pieces: list[pa.RecordBatch] = []
    while kept := list(islice(rows, max(1, min(rows_per_group(width), CAREFUL_CELLS // width)))):
        pieces.append(_batch(kept, names))
        if sum(piece.num_rows for piece in pieces) >= rows_per_group(width):
            yield pa.concat_batches(pieces)
            pieces = []
    if pieces:
        yield pa.concat_batches(pieces)


def _batch(rows: list[tuple[str | None, ...]], names: list[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)], names=names)


# -------------------------------------------------------------------------- telling


def _say_reading(report: Report, expected: int, rows: int) -> None:
    fraction = 0.05 + READ_SHARE * min(1.0, rows / max(1, expected))
    report(ParseProgress(fraction, rows, f"Reading rows: {rows:,} of {expected:,}"))


def _say_typing(report: Report, rows: int, done: float) -> None:
    start = 0.05 + READ_SHARE
    report(ParseProgress(start + (1 - start) * done, rows, "Checking every value for its type"))


def _decisions(text: _Text, careful: bool) -> list[Decision]:
    dialect = text.dialect
    decisions = [
        Decision("encoding", text.encoding.name, text.encoding.evidence, text.encoding.runner_up),
        Decision(
            "dialect", {"delimiter": dialect.delimiter}, f"{dialect.shown}: {dialect.evidence}", dialect.runner_up
        ),
        Decision("header", dialect.header, dialect.header_evidence),
    ]
    if dialect.skip:
        decisions.append(Decision("rows", {"skipped_lines": dialect.skip}, "lines before the table were left out"))
    if text.renamed:
        decisions.append(
            Decision(
                "header", {"renamed": text.renamed[:100]}, "names that were empty or occurred twice were made unique"
            )
        )
    if careful:
        decisions.append(Decision("rows", {"reader": "careful"}, "line ends or quotation marks are uneven"))
    return decisions


def _write_rejects(rejects: list[Reject], folder: Path) -> Path | None:
    if not rejects:
        return None
    path = folder / "rejects.parquet"
    pq.write_table(pa.Table.from_pylist([reject.to_row() for reject in rejects], schema=REJECTS_SCHEMA), path)
    return path
