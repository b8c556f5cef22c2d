"""What a child process does for an export: read the rows that were asked for, and write them in one format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from headway.datasets.columns import Column
from headway.datasets.filters import RowsQuestion, ask
from headway.exports.writing.delimited import write_csv
from headway.exports.writing.documents import write_json, write_ndjson
from headway.exports.writing.output import Output
from headway.exports.writing.rows import Rows, open_rows
from headway.exports.writing.tables import write_parquet
from headway.exports.writing.workbook import write_xlsx
from headway.intake.parsing import ParsedPart, ParseRequest, ParseResult, Report

Write = Callable[[Rows, Output, dict[str, Any]], dict[str, int]]
"""Writes the rows as the request says; returns counts of what the format could not keep as it was."""

WRITERS: dict[str, Write] = {
    "csv": write_csv,
    "ndjson": write_ndjson,
    "json": write_json,
    "xlsx": write_xlsx,
    "parquet": write_parquet,
}


def run(request: ParseRequest, report: Report) -> ParseResult:
    """Write the file that the arguments describe. Raises the `AppError` that says what is wrong."""
    wanted: dict[str, Any] = request.arguments["request"]
    question = _question(request.arguments["columns"], wanted)
    with open_rows(request, question, report) as rows, _output(request) as output:
        told = WRITERS[wanted["format"]](rows, output, wanted)
    answer = {"columns": len(question.columns), **told}
    return ParseResult(wanted["format"], [ParsedPart("export", output.path, rows.done, 0, [], [])], answer)


def _output(request: ParseRequest) -> Output:
    # A name of our own: what people call the dataset may be no name for this disk.
    return Output(Path(request.output_dir) / "export", request.arguments["max_bytes"])


def _question(columns: list[dict[str, Any]], wanted: dict[str, Any]) -> RowsQuestion:
    values = wanted["values"] or ("written" if wanted["format"] == "csv" else "typed")
    return ask(
        [Column.from_json(column) for column in columns],
        offset=0,
        limit=0,
        names=wanted["columns"] or (),
        sort=wanted["sort"],
        filters=wanted["filter"],
        search=wanted["q"],
        written=values == "written",
    )
