"""Steps about columns: which there are, what they are called, and what is computed, split or merged."""

from __future__ import annotations

from dataclasses import replace

from headway.datasets.columns import ColumnType
from headway.intake.merging.duck import quoted
from headway.recipes.compiling.casting import written_text
from headway.recipes.compiling.relation import WHOLE, Made, Step, Table
from headway.recipes.compiling.values import expression
from headway.recipes.steps import Derive, Merge, Rename, Select, Split


def select(step: Select, table: Table) -> Step:
    named = [table.get(name) for name in step.columns]
    columns = named if step.keep else [column for column in table.columns if column not in named]
    if not columns:
        raise table.misfit("no column would be left.")
    return table.projected(columns)


def rename(step: Rename, table: Table) -> Step:
    for name in step.columns:
        table.get(name)
    columns = [replace(column, name=step.columns.get(column.name, column.name)) for column in table.columns]
    table.refuse_taken([column.name for column in columns], [])
    return table.projected(columns)


def derive(step: Derive, table: Table) -> Step:
    found = expression(step.value, table)
    kind = found.type or ColumnType.TEXT
    made = Made(table.new_number(), step.column, kind, is_computed=kind in WHOLE, why="Computed by a recipe.")
    sql = found.sql if found.type else "cast(null as varchar)"
    has_value = f"({sql}) is not null"
    old = next((column for column in table.columns if column.name == step.column), None)
    if old is None:
        table.ask("nothing", step.column, "true", has_value, "''")
        return table.projected([*table.columns, made], {made.value: sql})
    table.ask("emptied", step.column, old.has_value, has_value, "''", accepted=step.accept_loss)
    return table.replaced({step.column: (made, {made.value: sql})})


def split(step: Split, table: Table) -> Step:
    column, last = table.text(step.column), len(step.into)
    pieces = f"string_split({column.value}, {quoted(step.by)})"
    made = [Made(table.new_number(), name, ColumnType.TEXT, why="Split by a recipe.") for name in step.into]
    changed = {each.value: f"{pieces}[{place}]" for place, each in enumerate(made, start=1)}
    rest = f"array_to_string({pieces}[{last}:], {quoted(step.by)})"
    changed[made[-1].value] = f"if(len({pieces}) < {last}, null, {rest})"
    place = table.columns.index(column)
    before, after = table.columns[: place + step.keep], table.columns[place + 1 :]
    table.refuse_taken(step.into, [*before, *after])
    table.ask("nothing", step.into[-1], column.has_value, f"len({pieces}) >= {last}", column.value)
    return table.projected([*before, *made, *after], changed)


def merge(step: Merge, table: Table) -> Step:
    named = [table.get(name) for name in step.columns]
    made = Made(table.new_number(), step.into, ColumnType.TEXT, why="Merged by a recipe.")
    texts = [f"nullif({written_text(column, table)}, '')" for column in named]
    sql = f"nullif(concat_ws({quoted(step.between)}, {', '.join(texts)}), '')"
    columns = list[Made]()
    for column in table.columns:
        columns += [made] if column == named[0] and not step.keep else []
        columns += [column] if step.keep or column not in named else []
    columns += [made] if step.keep else []
    table.refuse_taken([each.name for each in columns], [])
    return table.projected(columns, {made.value: sql})
