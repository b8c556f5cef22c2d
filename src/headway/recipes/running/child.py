"""What a child process does for a recipe: run it over all rows and write the result, or show what it does to some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb

from headway.datasets.columns import Column
from headway.intake.merging import compare
from headway.intake.merging.duck import connect, rows_of
from headway.intake.merging.schema import drift
from headway.intake.parsing import ParsedPart, ParseProgress, ParseRequest, ParseResult, Report
from headway.intake.profiling import profiled
from headway.recipes.compiling.plan import Other, Others, Plan, plan
from headway.recipes.running.sample import look
from headway.recipes.running.session import Finding, Session
from headway.recipes.running.writing import ResultWriter
from headway.recipes.steps import read_steps

MEMORY = "200MiB"
CHECKED, WRITTEN, COMPARED = 0.3, 0.85, 0.92


def run(request: ParseRequest, report: Report) -> ParseResult:
    """Do what the arguments ask. Raises the `AppError` that says what is wrong, with its step."""
    asked = request.arguments
    columns = [Column.from_json(column) for column in asked["columns"]]
    connection = connect(request, memory=MEMORY)
    try:
        others = _open_others(connection, request)
        steps = read_steps(asked["steps"])
        if asked["looks"]:
            return ParseResult("rows", [], look(connection, request, columns, steps, others))
        return _run(connection, request, plan(columns, steps, others), report)
    finally:
        connection.close()


def _open_others(connection: duckdb.DuckDBPyConnection, request: ParseRequest) -> Others:
    """Make a view of each joined dataset, under the names of its own file."""
    others: dict[UUID, Other] = {}
    for number, (dataset_id, columns) in enumerate(request.arguments["others"].items()):
        known = [Column.from_json(column) for column in columns]
        view = f"other_{number}"
        connection.execute(f"create temp view {view} as {select_rows(request.others[dataset_id], known)}")
        others[UUID(dataset_id)] = Other(view, known)
    return others


def select_rows(path: Path, columns: list[Column]) -> str:
    """Return SQL for the rows of a file, each with its place."""
    names = ", ".join(name for column in columns for name in column.in_file)
    return f"select file_row_number as place, {names} from {rows_of(path)}"


def _run(connection: duckdb.DuckDBPyConnection, request: ParseRequest, made: Plan, report: Report) -> ParseResult:
    columns = [Column.from_json(column) for column in request.arguments["columns"]]
    connection.execute(f"create temp view s0 as {select_rows(request.source, columns)}")
    total = connection.execute("select count(*) from s0").fetchall()[0][0]
    session = Session(connection, keeps=False)
    findings: list[Finding] = []
    for number, step in enumerate(made.steps, start=1):
        report(ParseProgress(CHECKED * number / len(made.steps), 0, f"Checking step {number} of {len(made.steps)}"))
        for finding in session.prepare(step):
            if finding.blocks:
                raise finding.error()
            findings.append(finding)
        session.make(step)
    path = Path(request.output_dir) / "result.parquet"
    last = made.steps[-1]
    try:
        writer = ResultWriter(connection, last.relation, last.columns)
        rows, found = writer.write(path, _within(report, CHECKED, WRITTEN), total, is_ordered=last.is_ordered)
    except (duckdb.OutOfMemoryException, duckdb.IOException):
        raise
    except duckdb.Error as error:
        raise session.blame(made, error) from error
    part = ParsedPart("recipe", path, rows, 0, found, [])
    summary = _summary(request, columns, part, total, _within(report, WRITTEN, COMPARED))
    part = replace(part, profile=profiled(request, part, _within(report, COMPARED, 1.0)))
    if not rows and total:
        findings.append(
            Finding(last.number, last.kind, "recipe.no_rows", None, "no row is left.", total, total, False, [])
        )
    answer = {"summary": summary, "findings": [finding.to_json() for finding in findings]}
    return ParseResult("rows", [part], answer)


def _summary(
    request: ParseRequest, before: list[Column], part: ParsedPart, rows: int, report: Report
) -> dict[str, Any]:
    """Say what would be different: cell by cell as long as there are as many rows, else only how many there are."""
    arguments = {
        "base_columns": [column.to_json() for column in before],
        "new_columns": [column.to_json() for column in part.columns],
    }
    if rows == part.rows:
        compared = replace(request, source=part.path, others={"base": request.source}, arguments=arguments)
        return compare.run(compared, report).answer
    return {
        "columns": {**drift(before, part.columns, part.columns), "renamed": []},
        "rows": {"before": rows, "after": part.rows},
    }


def _within(report: Report, start: float, end: float) -> Report:
    return lambda progress: report(
        ParseProgress(start + (end - start) * progress.fraction, progress.rows, progress.message)
    )
