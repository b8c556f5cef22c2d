"""Steps about rows: which are kept, in which order, what is joined to them, and what they come to in sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headway.datasets.columns import AS_TEXT, Column, ColumnType
from headway.recipes.compiling.relation import NUMBERS, WHOLE, JoinCheck, Made, Step, Table
from headway.recipes.compiling.values import condition
from headway.recipes.steps import Aggregate, Aggregation, Deduplicate, Filter, Join, Sample, Sort

T = ColumnType


def filter_rows(step: Filter, table: Table) -> Step:
    return table.kept(condition(step.where, table))


def deduplicate(step: Deduplicate, table: Table) -> Step:
    named = table.columns if step.columns is None else [table.get(name) for name in step.columns]
    chosen = "min" if step.keep == "first" else "max"
    keys = ", ".join(column.value for column in named)
    return table.kept(f"place in (select {chosen}(place) from {table.source} group by {keys})")


def sort(step: Sort, table: Table) -> Step:
    terms = [f"{table.get(key.column).value} {'desc' if key.descending else 'asc'} nulls last" for key in step.by]
    order = ", ".join([*terms, "place"])
    sql = f"select * replace (row_number() over (order by {order}) as place) from {table.source}"
    return table.made(sql, table.columns, is_ordered=False)


def sample(step: Sample, table: Table) -> Step:
    by_chance = f"order by hash(place, {step.seed}), place limit {step.rows}"
    return table.kept(f"place in (select place from {table.source} {by_chance})")


# --------------------------------------------------------------------------------------------------------- join


def join(step: Join, table: Table, view: str, theirs: Sequence[Column]) -> Step:
    """Return the step; `view` has the rows of the other dataset under the names of its own file."""
    there = {column.name: column for column in theirs}
    for name in [*step.on.values(), *(step.columns or {})]:
        if name not in there:
            raise table.misfit(f"the joined dataset has no column {name[:100]!r}.", column=name[:100])
    pairs = [(table.get(here), there[name]) for here, name in step.on.items()]
    match = " and ".join(_equal(here, other, table) for here, other in pairs)
    keys = set(step.on.values())
    names = step.columns if step.columns is not None else {name: name for name in there if name not in keys}
    table.refuse_taken(names.values(), table.columns)
    added = {name: replace(Made.of(there[name], table.new_number()), name=here) for name, here in names.items()}
    table.joins.append(
        JoinCheck(
            table.number, table.source, view, match, tuple(f"b.{other.physical}" for _, other in pairs),
            step.several == "refuse",
        )
    )  # fmt: skip
    how = "left" if step.rows == "all" else "inner"
    place = "a.place" if step.several == "refuse" else "row_number() over (order by a.place, b.place)"
    picked = [f"{place} as place", *(f"a.{name}" for column in table.columns for name in column.physical)]
    for name, column in added.items():
        picked.append(f"b.{there[name].physical} as {column.value}")
        picked += [f"b.{there[name].physical_written} as {column.companion}"] if column.written else []
    sql = f"select {', '.join(picked)} from {table.source} a {how} join {view} b on {match}"
    return table.made(sql, [*table.columns, *added.values()], is_ordered=False)


def _equal(here: Made, there: Column, table: Table) -> str:
    alike = {here.type, there.type} <= AS_TEXT or {here.type, there.type} <= WHOLE or here.type == there.type
    if not alike:
        raise table.misfit(
            f"column {here.name[:100]!r} is {here.type}, and {there.name[:100]!r} there is {there.type}."
            " Cast it before, so that both are the same.",
            column=here.name[:100],
        )
    if here.type in WHOLE:
        return f"cast(a.{here.value} as hugeint) = cast(b.{there.physical} as hugeint)"
    return f"a.{here.value} = b.{there.physical}"


# ---------------------------------------------------------------------------------------------------- aggregate


def aggregate(step: Aggregate, table: Table) -> Step:
    keys = [table.get(name) for name in step.by]
    grouped = [replace(column, written=False) for column in keys]
    values = [_value(each, table) for each in step.values]
    made = [column for column, _ in values]
    table.refuse_taken([column.name for column in [*grouped, *made]], [])
    names = ", ".join(column.value for column in keys)
    order = f"order by {', '.join(f'{column.value} nulls last' for column in keys)}" if keys else ""
    sums = ", ".join(f"{sql} as {column.value}" for column, sql in values)
    inner = f"select {f'{names}, ' if keys else ''}{sums} from {table.source}" + (f" group by {names}" if keys else "")
    return table.made(
        f"select row_number() over ({order}) as place, * from ({inner})", [*grouped, *made], is_ordered=False
    )


def _value(wanted: Aggregation, table: Table) -> tuple[Made, str]:
    number, function = table.new_number(), wanted.function
    if wanted.column is None:
        return Made(number, wanted.into, T.INTEGER, is_computed=True, why="Counted by a recipe."), "count(*)"
    column = table.get(wanted.column)
    value = f"if({column.has_value}, {column.value}, null)"
    if function in {"count", "count_distinct"}:
        distinct = "distinct " if function == "count_distinct" else ""
        made = Made(number, wanted.into, T.INTEGER, is_computed=True, why="Counted by a recipe.")
        return made, f"count({distinct}{value})"
    if function in {"sum", "mean"} and column.type not in NUMBERS:
        raise table.misfit(
            f"{function} takes numbers, and {column.name[:100]!r} is {column.type}.", column=column.name[:100]
        )
    if function == "mean":
        return Made(number, wanted.into, T.NUMBER, why="A mean, by a recipe."), f"avg({value})"
    if column.type in WHOLE:
        value = f"cast({value} as hugeint)"
        return Made(number, wanted.into, T.INTEGER, is_computed=True, why="By a recipe."), _exact(function, value)
    return Made(number, wanted.into, column.type, format=column.format, why="By a recipe."), f"{function}({value})"


def _exact(function: str, value: str) -> str:
    """Return SQL for a sum of whole numbers: DuckDB has one of huge ones only as a float, unless they are decimals."""
    return f"{function}({value})" if function != "sum" else f"sum(cast({value} as decimal(38, 0)))"
