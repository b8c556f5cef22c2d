"""Steps that change what stands in cells: blanks, case, empty cells, and text that takes the place of other text."""

from __future__ import annotations

from dataclasses import replace

from headway.datasets.columns import AS_TEXT, ColumnType
from headway.intake.merging.duck import quoted
from headway.recipes.compiling.functions import BLANKS, trimmed
from headway.recipes.compiling.relation import WHOLE, Made, Step, Table
from headway.recipes.compiling.values import literal, refuse_bad_pattern
from headway.recipes.steps import Case, Fill, Replace, Trim

CASES = {"upper": "upper({0})", "lower": "lower({0})", "capital": "(upper({0}[1]) || lower({0}[2:]))"}


def trim(step: Trim, table: Table) -> Step:
    def sql(value: str) -> str:
        return f"regexp_replace({trimmed(value)}, '{BLANKS}', ' ', 'g')" if step.inner else trimmed(value)

    columns = [table.text(name) for name in step.columns]
    return table.replaced({column.name: table.changed(column, sql(column.value)) for column in columns})


def change_case(step: Case, table: Table) -> Step:
    columns = [table.text(name) for name in step.columns]
    changes = {column.name: table.changed(column, CASES[step.to].format(column.value)) for column in columns}
    return table.replaced(changes)


def fill(step: Fill, table: Table) -> Step:
    return table.replaced({name: _filled(table.get(name), step, table) for name in step.columns})


def _filled(column: Made, step: Fill, table: Table) -> tuple[Made, dict[str, str]]:
    made = replace(column, number=table.new_number(), is_computed=column.type in WHOLE)
    if step.value is not None:
        instead = literal(step.value, column.type, table)
    else:
        rows = ("unbounded preceding and current row", "last") if step.direction == "above" else (
            "current row and unbounded following", "first")  # fmt: skip
        held = f"if({column.has_value}, {column.value}, null)"
        instead = f"{rows[1]}_value({held} ignore nulls) over (order by place rows between {rows[0]})"
    sql = {made.value: f"if({column.has_value}, {column.value}, {instead})"}
    if made.written:
        sql[made.companion] = f"if({column.has_value}, {column.companion}, null)"
    return made, sql


def replace_text(step: Replace, table: Table) -> Step:
    if step.match == "pattern":
        refuse_bad_pattern(step.find, table)
    return table.replaced({name: _replaced(table.get(name), step, table) for name in step.columns})


def _replaced(column: Made, step: Replace, table: Table) -> tuple[Made, dict[str, str]]:
    if step.match != "cell":
        column = table.text(column.name)
    value, find = column.value, quoted(step.find)
    if step.match == "part":
        sql = f"replace({value}, {find}, {quoted(step.by or '')})"
    elif step.match == "pattern":
        sql = f"regexp_replace({value}, {find}, {quoted(step.by or '')}, 'g')"
    else:
        instead = "null" if step.by is None else literal(step.by, column.type, table)
        sql = f"if({value} = {literal(step.find, column.type, table)}, {instead}, {value})"
    if column.type in AS_TEXT and step.by in {None, ""}:
        sql = f"nullif({sql}, '')" if step.match != "cell" else sql
    has_value = f"({sql}) is not null" + (f" and ({sql}) <> ''" if column.type is ColumnType.TEXT else "")
    table.ask(
        "emptied", column.name, column.has_value, has_value, f"cast({value} as varchar)", accepted=step.accept_loss
    )
    return table.changed(column, sql)
