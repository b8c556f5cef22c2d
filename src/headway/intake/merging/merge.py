"""Adds a table to another one: all of its rows, or those that are new and those that changed by their keys.

Rows are streamed in the order of the dataset, so that memory holds a batch of each side; DuckDB only finds which rows
belong together, within its limit, and spills what does not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from headway.datasets.columns import Column
from headway.intake.merging.conform import conformed_batches, layout
from headway.intake.merging.rejects import merge_rejects
from headway.intake.merging.schema import Target, drift, unify
from headway.intake.merging.tables import Table
from headway.intake.merging.upsert import Upsert
from headway.intake.parsing import ParsedPart, ParseProgress, ParseRequest, ParseResult, Report
from headway.intake.rows_file import RowsWriter

MERGED = "merged.parquet"


def run(request: ParseRequest, report: Report) -> ParseResult:
    """Merge the rows of the request's file into those of `base`, as `arguments` say: mode, key, and both columns."""
    said = request.arguments
    base, new = Table.of(request.others["base"], said["base_columns"]), Table.of(request.source, said["new_columns"])
    part, answer = _merged(request, base, new, MODES[said["mode"]], report)
    rejects, rejected = merge_rejects(request, request.output_dir / "merged.rejects")
    return ParseResult("rows", [replace(part, rejects_path=rejects, rejected_rows=rejected)], answer)


def append(request: ParseRequest, base: Table, new: Table, report: Report) -> tuple[ParsedPart, dict[str, Any]]:
    """Return a table of the rows of both, and what it changes."""
    return _merged(request, base, new, _append, report)


def _merged(
    request: ParseRequest, base: Table, new: Table, mode: Mode, report: Report
) -> tuple[ParsedPart, dict[str, Any]]:
    targets = unify(base, new)
    raw = base.has_raw or new.has_raw
    writer = MergedWriter(request.output_dir / MERGED, targets, raw=raw, of=base.rows + new.rows)
    counts = mode(request, base, new, writer, report)
    part = writer.finish(Path(request.file_name).stem)
    return part, {"rows": counts, "columns": drift(base.columns, new.columns, part.columns)}


class MergedWriter:
    """Takes batches in the layout of the merged table, and counts what is empty in its columns."""

    def __init__(self, path: Path, targets: list[Target], *, raw: bool, of: int) -> None:
        self.targets = targets
        self.schema = layout(targets, raw=raw)
        self._path = path
        self._writer = RowsWriter(path, self.schema)
        self._nulls = [0] * len(targets)
        self._of = max(1, of)

    def write(self, batch: pa.RecordBatch, report: Report) -> None:
        self._writer.write(batch)
        for place, target in enumerate(self.targets):
            self._nulls[place] += batch.column(target.column.physical).null_count
        rows = self._writer.rows
        report(ParseProgress(min(1.0, rows / self._of), rows, f"Merging rows: {rows:,}"))

    def finish(self, name: str) -> ParsedPart:
        rows = self._writer.close()
        columns: list[Column] = [
            replace(target.column, nulls=nulls) for target, nulls in zip(self.targets, self._nulls, strict=True)
        ]
        return ParsedPart(name, self._path, rows, 0, columns, [])


def _append(request: ParseRequest, base: Table, new: Table, writer: MergedWriter, report: Report) -> dict[str, Any]:
    for table, is_base in ((base, True), (new, False)):
        for batch in conformed_batches(table, writer.targets, writer.schema, is_base=is_base):
            writer.write(batch, report)
    return {"before": base.rows, "insert": new.rows, "update": 0, "unchanged": base.rows, "missing": 0}


def _upsert(request: ParseRequest, base: Table, new: Table, writer: MergedWriter, report: Report) -> dict[str, Any]:
    work = Upsert(request, base, new, writer.targets, writer.schema)
    for batch in work.batches():
        writer.write(batch, report)
    return work.counts()


Mode = Callable[[ParseRequest, Table, Table, MergedWriter, Report], dict[str, Any]]
MODES: dict[str, Mode] = {"append": _append, "upsert": _upsert}
