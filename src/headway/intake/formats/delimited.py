"""Delimited text: understood from its beginning, then read to its end with every record accounted for.

Encoding and dialect are found first and said. Rows that do not fit are kept apart with place and reason; the rows kept,
rejected and left out must be as many as an independent count of the records finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headway.datasets.correction import MOST_RAW_BYTES
from headway.intake.ahead import beside
from headway.intake.delimited_words import decisions_of, issues_of
from headway.intake.dialect import (
    FEW_LINES,
    SAMPLE_BYTES,
    USUAL,
    Dialect,
    DialectWishes,
    begins_later,
    sniff,
)
from headway.intake.encoding_copy import Utf8Text, as_utf8
from headway.intake.exact_types import TypeWishes
from headway.intake.formats.names import unique_names
from headway.intake.parsing import ParsedPart, ParseOptions, ParseProgress, ParseRequest, Report
from headway.intake.records import count_records, longest_line
from headway.intake.rejects import LIMIT_PERCENT, Policy, RejectsFile
from headway.intake.text_errors import LineTooLong, MarksAlike, RecordsDoNotAddUp, TooManyColumns
from headway.intake.text_places import nowhere
from headway.intake.text_reader import Chunk, Places, Table, Tally, TextReader, widest
from headway.intake.text_table import TableWriter

MAX_LINE_BYTES = 64 * 1024 * 1024
MAX_COLUMNS = 5_000
MAX_PREAMBLE_BYTES = 8 * 1024 * 1024
"""Of comments and blank lines before a table; some formats list every piece of a genome there."""

UNDERSTOOD = 0.05
"""Share of the parse that it takes to find out how the text is written."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A text table in UTF-8, with all that was found out about how it is written."""

    text: Utf8Text
    dialect: Dialect
    table: Table
    names: list[str]
    renamed: list[str]


def parse(request: ParseRequest, source: Path, report: Report) -> ParsedPart:
    """Return the table in a delimited text file."""
    found = understand(source, request.output_dir, request.options)
    report(ParseProgress(UNDERSTOOD, 0, "Reading rows"))
    path = request.output_dir / "rows.parquet"
    rows = _Rows(found)
    policy = policy_of(request.options)
    writer = TableWriter(
        found.names,
        path,
        rows,
        type_wishes(request.options),
        lambda: RejectsFile(
            request.output_dir / "rejects.parquet",
            policy,
            header_rows=found.dialect.layout.header_rows,
            locate=nowhere if request.is_derived else found.text.locate(),
        ),
        widen=request.options.bad_rows == "text",
        widened=request.options.long_rows == "widen",
        on_read=_reporter(found, source, report),
    )
    counted = beside(lambda: count_records(found.table))
    table = writer.write()
    rejects = writer.rejects
    _reconcile(rows.tally, table.rows, rejects.count, counted())
    rejects.check(table.rows + rejects.count)
    return ParsedPart(
        name=Path(request.file_name).stem,
        path=path,
        rows=table.rows,
        rejected_rows=rejects.count,
        columns=table.columns,
        decisions=[
            *decisions_of(found.text.finding, found.dialect, rows.tally, table.filled, found.renamed),
            *table.decisions,
            *issues_of(rejects, found.table),
        ],
        rejects_path=rejects.close(),
    )


def policy_of(options: ParseOptions) -> Policy:
    """Return what is to be done with rows that do not fit."""
    limit = LIMIT_PERCENT if options.bad_rows_limit is None else options.bad_rows_limit
    return Policy(fails=options.bad_rows == "fail", limit_percent=limit)


def type_wishes(options: ParseOptions) -> TypeWishes:
    """Return what the options say about types, for any format whose cells arrive as text."""
    numeral = None
    if options.decimal_mark or options.thousands_mark:
        numeral = f"1{options.thousands_mark or ''}234{options.decimal_mark or '.'}5"
    tokens = None if options.null_tokens is None else tuple(options.null_tokens)
    return TypeWishes(dict(options.types), dict(options.formats), tokens, numeral, options.date_format)


# ------------------------------------------------------------------- understanding


def understand(source: Path, folder: Path, options: ParseOptions) -> Understood:
    """Find out how a text is written. What has to be copied for that lies in `folder`."""
    text = as_utf8(source, folder, options.encoding)
    # Before anything holds a line in memory: how long is the longest one?
    longest, number = longest_line(text.path, MAX_LINE_BYTES)
    if longest > MAX_LINE_BYTES:
        raise LineTooLong(f"Line {number:,} is longer than {MAX_LINE_BYTES // 1024**2} MB.", row=number)
    dialect = _sniffed(text, options)
    if dialect.columns > MAX_COLUMNS:
        raise TooManyColumns(f"The table has more than {MAX_COLUMNS:,} columns.", max_columns=MAX_COLUMNS)
    table = Table(
        path=text.path,
        rules=dialect.rules,
        width=max(dialect.columns, len(dialect.layout.names)),
        start=dialect.layout.data,
        line=1 + dialect.layout.lines,
        fill_short=options.short_rows != "quarantine",
        bad_bytes=text.bad_bytes,
    )
    if options.long_rows == "widen":
        table = widest(table, MAX_COLUMNS)
    given = [*dialect.layout.names, *[""] * (table.width - len(dialect.layout.names))]
    names = unique_names(given)
    renamed = [name for name, cell in zip(names, given, strict=True) if name != cell]
    return Understood(text, dialect, table, names, renamed if dialect.layout.header_rows else [])


def _sniffed(text: Utf8Text, options: ParseOptions) -> Dialect:
    if options.delimiter is not None and options.delimiter == options.quote:
        raise MarksAlike(f"You asked for {options.quote!r} as both.")
    wishes = DialectWishes(
        delimiter=options.delimiter,
        quote=options.quote,
        escape=options.escape,
        comment=options.comment,
        skip_lines=options.skip_lines,
        header_rows=options.named_rows,
        lenient=options.stray_quotes == "keep",
    )
    size = SAMPLE_BYTES
    while True:
        with text.path.open("rb") as file:
            file.seek(text.start)
            sample = file.read(size)
        is_whole = len(sample) < size
        lines = sample.count(b"\n") or sample.count(b"\r")
        if lines < FEW_LINES and not is_whole and size == SAMPLE_BYTES:
            # A table of thousands of columns has longer lines than others.
            size *= 8
            continue
        if not lines and not is_whole and options.delimiter is None:
            _refuse_columns(sample)
        if not is_whole and size < MAX_PREAMBLE_BYTES and begins_later(sample):
            size *= 8
            continue
        dialect = sniff(sample, wishes, whole=is_whole, start=text.start)
        # A header of thousands of names, or a first cell of megabytes, may be longer than a usual sample.
        if is_whole or size > MAX_LINE_BYTES or dialect.layout.data < text.start + len(sample) // 2:
            return dialect
        size *= 8


def _refuse_columns(sample: bytes) -> None:
    """Refuse a table of which not even the first line ends in the sample, because that has too many cells already."""
    if max(sample.count(mark.encode()) for mark in USUAL) > MAX_COLUMNS:
        raise TooManyColumns(f"The first line alone has more than {MAX_COLUMNS:,} cells.", max_columns=MAX_COLUMNS)


# ------------------------------------------------------------------------- reading


class _Rows:
    """The rows of a text, read anew each time. `tally` is that of the last time."""

    def __init__(self, found: Understood) -> None:
        self._table = found.table
        self.tally = Tally()

    def chunks(self) -> Iterator[Chunk]:
        reader = TextReader(self._table)
        self.tally = reader.tally
        yield from reader.chunks()

    def raw(self, places: Places) -> list[bytes]:
        with self._table.path.open("rb") as file:
            return [
                _read(file, begin, min(end - begin, MOST_RAW_BYTES + 1))
                for begin, end in zip(places.begin.tolist(), places.end.tolist(), strict=True)
            ]


def _read(file: Any, begin: int, size: int) -> bytes:
    file.seek(begin)
    raw: bytes = file.read(size)
    return raw.rstrip(b"\r")


def _reporter(found: Understood, source: Path, report: Report) -> Callable[[Chunk, int], None]:
    size = max(1, found.text.path.stat().st_size)
    best = 0.0

    def heard(chunk: Chunk, rows: int) -> None:
        nonlocal best
        # A second pass begins again, but progress does not.
        best = max(best, UNDERSTOOD + (1 - UNDERSTOOD) * chunk.read_bytes / size)
        doing = f"Reading rows: {rows:,}" if rows else "Looking at every value for its type"
        report(ParseProgress(min(1.0, best), rows, doing))

    return heard


def _reconcile(tally: Tally, rows: int, rejected: int, counted: int | None) -> None:
    """Hold the reading to a count of the records that it did not make itself."""
    taken = rows + rejected
    if taken != tally.rows + tally.rejected or (
        counted is not None and counted != taken + tally.blank + tally.comments
    ):
        raise RecordsDoNotAddUp(f"{counted or tally.records:,} records were counted, {taken:,} rows were read.")
