"""Corrected rows take their place in the table, each once: whoever is not among the rejected rows any more is left alone.

A corrected row must read like the rows that are there. So it is parsed together with some of them, by the parser that
every file goes through; where a column gets another type by it, the value that did that stays rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from headway.datasets.columns import Column, ColumnType
from headway.datasets.correction import CorrectionLayout, row_id
from headway.intake import pipeline
from headway.intake.errors import RepairRowRepeated, RepairWithoutIds
from headway.intake.merging.merge import append
from headway.intake.merging.rejects import SOURCE, rejects_schema, with_source
from headway.intake.merging.tables import Table, texts
from headway.intake.parsing import ParseOptions, ParseProgress, ParseRequest, ParseResult, Report

MOST_CONTEXT = 5_000
"""Rows of the table that corrected ones are read together with."""

MOST_ROWS = 100_000
"""Corrected rows of one file; more are no corrections but another file."""

SAMPLES = 20
ID = re.compile(r"(?:f([1-9][0-9]{0,6}))?r([1-9][0-9]{0,17})")

TOO_MANY = "has more cells than the table has columns"

Key = tuple[int, int]
"""Which file of the dataset, and which of its records."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """One row as it was sent back: its cells in the order of the table, and what stood beyond them."""

    cells: tuple[str | None, ...]
    more: str | None


def run(request: ParseRequest, report: Report) -> ParseResult:
    """Bring the corrected rows of the request's file, all of which is text, into `base`."""
    said = request.arguments
    base, sent = Table.of(request.others["base"], said["base_columns"]), Table.of(request.source, said["new_columns"])
    corrected = _read_sent(sent, [column.name for column in base.columns])
    rejected = _rejected_among(request, corrected)
    open_rows = {key: row for key, row in corrected.items() if key in rejected}
    report(ParseProgress(0.1, len(open_rows), "Checking corrected rows"))
    faults, good = _Check(request, base).sort(open_rows)
    part, answer = append(request, base, good, report)
    rejects, count = _write_rejects(request, set(open_rows) - set(faults), faults, open_rows)
    answer["repair"] = {
        "sent": len(corrected),
        "fixed": len(open_rows) - len(faults),
        "still_rejected": len(faults),
        "not_rejected": len(corrected) - len(open_rows),
        "samples": [{"id": row_id(key[1], key[0]), "reason": fault} for key, fault in list(faults.items())[:SAMPLES]],
    }
    return ParseResult("rows", [replace(part, rejects_path=rejects, rejected_rows=count)], answer)


# --------------------------------------------------------------------------------------------------- what was sent


def _read_sent(sent: Table, names: list[str]) -> dict[Key, Corrected]:
    layout = CorrectionLayout.of(names)
    if sent.find(layout.row) is None:
        raise RepairWithoutIds(f"The file has no column {layout.row!r}.", column=layout.row)
    if sent.rows > MOST_ROWS:
        raise RepairWithoutIds(f"The file has {sent.rows:,} rows; {MOST_ROWS:,} are the most.", rows=sent.rows)
    wanted = [sent.find(name) for name in (layout.row, *names, layout.more)]
    found: dict[Key, Corrected] = {}
    for batch in sent.batches():
        columns = [_cells(batch, column) for column in wanted]
        for ident, *cells, more in zip(*columns, strict=True):
            key = _key(ident)
            if key is None:
                continue
            if key in found:
                raise RepairRowRepeated(f"The row {ident} stands in the file more than once.", row=ident)
            found[key] = Corrected(tuple(cells), more)
    return found


def _cells(batch: pa.RecordBatch, column: Column | None) -> list[str | None]:
    return [None] * batch.num_rows if column is None else list(texts(batch, column).to_pylist())


def _key(ident: str | None) -> Key | None:
    match = ID.fullmatch((ident or "").strip())
    return None if match is None else (int(match[1] or 1) - 1, int(match[2]))


# ------------------------------------------------------------------------------------------------ what is rejected


def _rejected_among(request: ParseRequest, corrected: dict[Key, Corrected]) -> set[Key]:
    """Return the rows that are rejected as yet, of those that were sent."""
    found: set[Key] = set()
    for batch in _rejects(request, ["record", SOURCE]):
        keys = zip(batch.column(SOURCE).to_pylist(), batch.column("record").to_pylist(), strict=True)
        found.update(key for key in keys if key in corrected)
    return found


def _rejects(request: ParseRequest, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    path = request.others.get("base_rejects")
    if path is None:
        return
    for batch in with_source(path, rejects_schema([path]), source=0):
        yield batch if columns is None else batch.select(columns)


def _write_rejects(
    request: ParseRequest, fixed: set[Key], faults: dict[Key, str], rows: dict[Key, Corrected]
) -> tuple[Path | None, int]:
    """Write what stays rejected: without the fixed rows, and with what was sent and is still wrong as it was sent."""
    source = request.others.get("base_rejects")
    if source is None:
        return None, 0
    path, schema, count = request.output_dir / "merged.rejects", rejects_schema([source]), 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _rejects(request):
            kept = []
            for row in batch.to_pylist():
                key = (row[SOURCE], row["record"])
                if key in fixed:
                    continue
                if key in faults:
                    row |= {"reason": faults[key], "raw": _raw(rows[key], request)}
                kept.append(row)
            writer.write_batch(pa.RecordBatch.from_pylist(kept, schema=schema))
            count += len(kept)
    return (path, count) if count else (None, 0)


def _raw(row: Corrected, request: ParseRequest) -> str:
    """Return a row as its file would have it."""
    mark = request.arguments.get("delimiter") or ","
    cells = [cell or "" for cell in row.cells]
    quoted = [
        f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & {mark, '"', "\n", "\r"} else cell for cell in cells
    ]
    return mark.join([*quoted, *([row.more] if row.more else [])])


# -------------------------------------------------------------------------------------------------- what fits now


class _Check:
    """Tells corrected rows that read like the table's own from those that do not."""

    def __init__(self, request: ParseRequest, base: Table) -> None:
        self._request = request
        self._base = base
        self._context = _context(base)
        self._runs = 0
        self._known = [_reading(column) for column in self._parsed(range(self._width), []).columns]

    @property
    def _width(self) -> int:
        return len(self._base.columns)

    def sort(self, rows: dict[Key, Corrected]) -> tuple[dict[Key, str], Table]:
        """Return why each row that does not fit does not, and a table of those that do."""
        faults = {key: TOO_MANY for key, row in rows.items() if row.more}
        left = {key: row for key, row in rows.items() if key not in faults}
        while True:
            parsed = self._parsed(range(self._width), [row.cells for row in left.values()])
            others = [place for place in range(self._width) if self._became_other(place, parsed.columns[place])]
            if not others:
                return faults, self._without_context(parsed)
            known = len(faults)
            for place in others:
                faults |= self._faulty(place, left)
            if len(faults) == known:
                # Nobody alone is to blame, so nobody is taken.
                faults |= dict.fromkeys(left, "does not read like the other rows together with those sent with it")
            left = {key: row for key, row in left.items() if key not in faults}

    def _faulty(self, place: int, rows: dict[Key, Corrected]) -> dict[Key, str]:
        """Return what is wrong with rows whose value makes a column another one."""
        column = self._base.columns[place]
        culprits = set(self._culprits(place, sorted({row.cells[place] or "" for row in rows.values()})))
        like = f"in {column.name}, which is no {str(column.type).replace('_', ' ')} like the others"
        found = {key: row.cells[place] for key, row in rows.items() if row.cells[place] in culprits}
        return {key: f"has “{(text or '')[:60]}” {like}" for key, text in found.items()}

    def _became_other(self, place: int, column: Column) -> bool:
        """Say whether a column reads otherwise with corrected rows in it. Text takes everything."""
        is_text = self._base.columns[place].type in {ColumnType.TEXT, ColumnType.JSON}
        return not is_text and self._known[place] != _reading(column)

    def _culprits(self, place: int, found: Sequence[str]) -> list[str]:
        """Return the values that make a column another one, by looking at ever smaller parts of them."""
        parsed = self._parsed([place], [(text,) for text in found])
        if not self._became_other(place, parsed.columns[1]):
            return []
        if len(found) == 1:
            return list(found)
        half = len(found) // 2
        culprits = [*self._culprits(place, found[:half]), *self._culprits(place, found[half:])]
        # Each half may fit for itself and both not together; then neither is taken.
        return culprits or list(found)

    def _parsed(self, places: Sequence[int], rows: Sequence[Sequence[str | None]]) -> Table:
        """Return some columns of the context and of these rows after it, as the parser reads them."""
        self._runs += 1
        folder = self._request.output_dir / f"check-{self._runs}"
        folder.mkdir()
        arrays = [self._context[place] for place in places]
        added = list(zip(*rows, strict=True)) if rows else [()] * len(places)
        columns = [
            pa.concat_arrays([array, pa.array(cells, pa.string())]) for array, cells in zip(arrays, added, strict=True)
        ]
        names = [_name(place) for place in places]
        if len(places) == 1:
            # A table of one column would lose its empty rows.
            columns, names = [pa.array(["x"] * len(columns[0])), *columns], ["beside", *names]
        source = folder / "rows.csv"
        arrow_csv.write_csv(pa.table(columns, names=names), source)
        options = ParseOptions(format="delimited", encoding="utf-8", delimiter=",", header=True)
        request = replace(self._request, source=source, file_name="rows.csv", output_dir=folder, options=options)
        (part,) = pipeline.parse(request, lambda _progress: None).parts
        return Table(part.path, part.columns)

    def _without_context(self, parsed: Table) -> Table:
        """Return the corrected rows alone, under the names of the table."""
        path = self._request.output_dir / "corrected.parquet"
        rows = pq.read_table(parsed.path).slice(len(self._context[0]) if self._context else 0)
        pq.write_table(rows, path, compression="zstd")
        columns = []
        for column, base in zip(parsed.columns, self._base.columns, strict=True):
            nulls = rows.column(column.physical).null_count
            columns.append(replace(column, name=base.name, nulls=nulls))
        return Table(path, columns)


def _reading(column: Column) -> tuple[str, str | None]:
    return str(column.type), column.format


def _name(place: int) -> str:
    return f"column {place + 1}"


def _context(base: Table) -> list[pa.Array]:
    """Return the written cells of some rows of every part of a table, column by column."""
    every = max(1, base.rows // MOST_CONTEXT)
    found: list[list[pa.Array]] = [[pa.array([], pa.string())] for _ in base.columns]
    start = 0
    for batch in base.batches():
        first = -start % every
        places = pa.array(range(first, batch.num_rows, every), pa.int64())
        some = batch.take(places)
        for arrays, column in zip(found, base.columns, strict=True):
            arrays.append(texts(some, column))
        start += batch.num_rows
    return [pa.concat_arrays(arrays) for arrays in found]
