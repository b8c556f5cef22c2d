"""A look at a recipe: some rows from the beginning, the middle and the end of a table, and what each step makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headway.datasets.columns import Column
from headway.datasets.printing import json_values
from headway.errors import AppError
from headway.intake.parsing import ParseRequest
from headway.recipes.compiling.plan import Others, Plan
from headway.recipes.compiling.relation import Made
from headway.recipes.running.session import Session
from headway.recipes.running.writing import ResultWriter
from headway.recipes.steps import AnyStep

ROWS, PLACES = 1_200, 3
SHOWN_ROWS = 50
SHOWN_COLUMNS = 200
SHOWN_CHARACTERS = 500


def look(
    connection: duckdb.DuckDBPyConnection,
    request: ParseRequest,
    columns: list[Column],
    steps: Sequence[AnyStep],
    others: Others,
) -> dict[str, Any]:
    """Return what each step leaves of a sample, and the rows after the last one that could be made."""
    total, rows = _sample(connection, request, columns)
    session, plan = Session(connection, keeps=True), Plan(columns, others)
    told: list[dict[str, Any]] = []
    problem: dict[str, Any] | None = None
    relation, made, before = "s0", plan.base, rows
    for number, step in enumerate(steps, start=1):
        try:
            compiled = plan.add(step)
            findings = session.prepare(compiled)
            session.make(compiled)
        except AppError as error:
            problem = {"step": number, **error.problem()}
            break
        relation, made = compiled.relation, compiled.columns
        after = connection.execute(f"select count(*) from {relation}").fetchall()[0][0]
        told.append({
            "number": number, "step": step.step, "rows_before": before, "rows_after": after,
            "findings": [finding.to_json() for finding in findings], **_listed(made, len(made)),
        })  # fmt: skip
        before = after
    return {
        "rows_read": rows, "rows_total": total, "rows_after": before, "steps": told, "problem": problem,
        **_shown(connection, relation, made),
    }  # fmt: skip


def _sample(connection: duckdb.DuckDBPyConnection, request: ParseRequest, columns: list[Column]) -> tuple[int, int]:
    """Make the table `s0` of some rows; return how many the file has, and how many these are."""
    names = [name for each in columns for name in each.in_file]
    with pq.ParquetFile(request.source) as file:
        total, batches = file.metadata.num_rows, list(_batches(file, names))
        schema = pa.schema([file.schema_arrow.field(name) for name in names]).insert(0, pa.field("place", pa.int64()))
    table = pa.Table.from_batches(batches, schema)
    connection.register("sampled", table)
    connection.execute("create temp table s0 as select * from sampled")
    connection.unregister("sampled")
    return total, table.num_rows


def _batches(file: pq.ParquetFile, names: list[str]) -> Iterator[pa.RecordBatch]:
    groups = file.metadata.num_row_groups
    starts = np.cumsum([0, *(file.metadata.row_group(number).num_rows for number in range(groups))])
    chosen = range(groups) if groups <= PLACES else [0, groups // 2, groups - 1]
    for number in chosen:
        size = ROWS // len(chosen)
        batch = next(file.iter_batches(size, row_groups=[number], columns=names, use_threads=False), None)
        if batch is not None and batch.num_rows:
            places = pa.array(np.arange(starts[number], starts[number] + batch.num_rows))
            yield pa.RecordBatch.from_arrays([places, *(batch.column(name) for name in names)], names=["place", *names])


def _listed(columns: Sequence[Made] | Sequence[Column], count: int) -> dict[str, Any]:
    """Return the first columns of as many, and how many more there are."""
    shown = [{"name": each.name, "type": str(each.type)} for each in columns[:SHOWN_COLUMNS]]
    return {"columns": shown, "columns_left_out": count - len(shown)}


def _shown(connection: duckdb.DuckDBPyConnection, relation: str, made: list[Made]) -> dict[str, Any]:
    table, columns = ResultWriter(connection, relation, made[:SHOWN_COLUMNS]).table(SHOWN_ROWS)
    cells = [list(map(_cut, json_values(table[each.physical].combine_chunks(), each))) for each in columns]
    return {**_listed(columns, len(made)), "rows": [list(row) for row in zip(*cells, strict=True)]}


def _cut(value: Any) -> Any:
    is_long = isinstance(value, str) and len(value) > SHOWN_CHARACTERS
    return f"{value[:SHOWN_CHARACTERS]}…" if is_long else value
