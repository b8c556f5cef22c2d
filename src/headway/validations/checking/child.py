"""What a child process does for a validation: check the rows, and say what it found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from headway.datasets.columns import Column
from headway.exports.errors import ExportTooLarge
from headway.exports.writing.output import Output
from headway.exports.writing.pieces import cells
from headway.intake.merging.duck import connect
from headway.intake.parsing import ParsedPart, ParseRequest, ParseResult, Report
from headway.rules.schemas import Reference, Rule
from headway.validations.checking.conditions import Check, planned
from headway.validations.checking.failing import write_failing
from headway.validations.checking.rows import rows_at
from headway.validations.checking.scanning import Scan
from headway.validations.checking.suggesting import suggestions
from headway.validations.checking.wording import message_of

SAMPLES = 5
SHOWN_CHARACTERS = 200
RULES: TypeAdapter[list[Rule]] = TypeAdapter(list[Rule])


def run(request: ParseRequest, report: Report) -> ParseResult:
    """Check the source by the rules of the arguments. Raises the `AppError` that says what is wrong."""
    columns = [Column.from_json(column) for column in request.arguments["columns"]]
    rules = RULES.validate_python(request.arguments["rules"])
    connection = connect(request)
    try:
        scan = Scan(connection, request.source, report)
        checks = planned(rules, columns, {field.name: field.type for field in scan.schema})
        scan.run(checks, _references(request, checks))
        issues = [_issue(scan, check, request.source) for check in checks if scan.found[check.number].count]
        counts = [scan.found[check.number].count for check in checks]
        answer = {"rows": scan.total, "failing_rows": scan.marks.count, "counts": counts, "issues": issues}
        parts, told = _file(request, scan, checks, columns)
    finally:
        connection.close()
    return ParseResult("validation", parts, {**answer, **told})


def _references(request: ParseRequest, checks: list[Check]) -> dict[int, tuple[Path, Column]]:
    known: dict[str, Any] = request.arguments["references"]
    return {
        check.number: (request.others[str(check.rule.dataset)], Column.from_json(known[str(check.number)]))
        for check in checks
        if isinstance(check.rule, Reference)
    }


def _issue(scan: Scan, check: Check, source: Path) -> dict[str, Any]:
    found = scan.found[check.number]
    return {
        "code": f"rule.{check.rule.rule}",
        "rule": check.number + 1,
        "columns": [column.name for column in check.columns],
        "message": message_of(check, found.count),
        "count": found.count,
        "rows": found.ranges_for_people(),
        "rows_complete": not found.cut,
        "samples": _samples(scan, check, source),
        "suggestions": suggestions(scan, check, found.count),
    }


def _samples(scan: Scan, check: Check, source: Path) -> list[dict[str, Any]]:
    wanted = scan.found[check.number].rows[:SAMPLES]
    first = scan.first_of(check, wanted.tolist())
    names = [name for column in check.columns for name in column.in_file]
    samples: list[dict[str, Any]] = []
    for numbers, batch in rows_at(source, np.asarray(wanted, np.int64), names):
        texts = {column.name: cells(batch, column, written=True).to_pylist() for column in check.columns}
        for place, row in enumerate(numbers.tolist()):
            values = {name: _cut(said[place]) for name, said in texts.items()}
            sample = {"row": row + 1, "values": values}
            samples.append(sample | ({"first_row": first[row] + 1} if row in first else {}))
    return samples


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _file(
    request: ParseRequest, scan: Scan, checks: list[Check], columns: list[Column]
) -> tuple[list[ParsedPart], dict[str, Any]]:
    """Write the failing rows; without a file if there are none, or if it would be larger than a job may keep."""
    if not scan.marks.count:
        return [], {"file_rows": 0, "escaped_cells": 0}
    path = request.output_dir / "failing"
    try:
        with Output(path, request.arguments["max_bytes"]) as output:
            told = write_failing(scan, checks, request.source, columns, output)
    except ExportTooLarge as error:
        path.unlink()
        return [], {"file_rows": 0, "escaped_cells": 0, "file_note": error.detail}
    part = ParsedPart("failing rows", path, told["rows"], 0, [], [])
    return [part], {"file_rows": told["rows"], "escaped_cells": told["escaped_cells"]}
