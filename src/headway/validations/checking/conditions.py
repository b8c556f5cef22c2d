"""What breaks a rule, as SQL over the columns of one dataset; or the error that says why the rule cannot run.

An empty cell, null or a text without any character, breaks `required` and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from headway.datasets.columns import AS_TEXT, Column, ColumnType
from headway.datasets.errors import BadFilter
from headway.intake.merging.duck import quoted
from headway.rules.errors import RuleCannotRun, UnknownRuleColumn
from headway.rules.schemas import (
    DateOrder,
    OfType,
    OneOf,
    Pattern,
    Range,
    Reference,
    Required,
    Rule,
    TextLength,
    Unique,
    columns_of,
)
from headway.validations.checking.readings import reads_as
from headway.validations.checking.values import EXACT, MOMENTS, NUMBERS, WHOLE, beyond, one_of

Kinds = Mapping[str, pa.DataType]
"""Types of physical columns by name; none where there is no file yet, and only faults are looked for."""

AS_STORED = AS_TEXT | WHOLE | {ColumnType.DECIMAL, ColumnType.DATE}
"""Types whose cells DuckDB prints as Headway does, unless the column has a format of its own."""

DAYS = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP})


@dataclass(frozen=True, slots=True)
class Check:
    """A rule that can run. `breaks` is SQL that is true in rows that break it; None if a row alone cannot tell."""

    number: int
    rule: Rule
    columns: list[Column]
    breaks: str | None = None

    @property
    def present(self) -> str:
        """SQL that is true in rows with no empty cell in the columns of the rule."""
        return " and ".join(f"not {empty(column)}" for column in self.columns)


def planned(rules: Sequence[Rule], columns: Sequence[Column], kinds: Kinds) -> list[Check]:
    """Return all rules as checks of a dataset. Raises `UnknownRuleColumn` or `RuleCannotRun` with the place."""
    by_name = {column.name: column for column in columns}
    return [planned_one(number, rule, by_name, kinds) for number, rule in enumerate(rules)]


def planned_one(number: int, rule: Rule, by_name: Mapping[str, Column], kinds: Kinds) -> Check:
    """Return one rule as a check."""
    place = {"pointer": f"/rules/{number}", "rule": rule.rule}
    for name in columns_of(rule):
        if name not in by_name:
            raise UnknownRuleColumn(f"{place['pointer']}: there is no column {name[:100]!r}.", column=name, **place)
    columns = [by_name[name] for name in columns_of(rule)]
    try:
        return Check(number, rule, columns, _breaks(rule, columns, kinds))
    except (BadFilter, _CannotRun) as why:
        told = {"column": columns[0].name, "column_type": str(columns[0].type)}
        raise RuleCannotRun(f"{place['pointer']} ({rule.rule}): {why}", **told, **place) from None


class _CannotRun(Exception):
    """A sentence on why a rule does not fit its columns."""


def empty(column: Column) -> str:
    if column.type in AS_TEXT:
        return f"({column.physical} is null or {column.physical} = '')"
    return f"({column.physical} is null)"


def _breaks(rule: Rule, columns: list[Column], kinds: Kinds) -> str | None:
    first = columns[0]
    if isinstance(rule, Required):
        return empty(first)
    if isinstance(rule, Unique | Reference):
        return None
    holds = _holds(rule, columns, kinds.get(first.physical))
    present = " and ".join(f"not {empty(column)}" for column in columns)
    return f"({present} and not coalesce({holds}, false))"


def _holds(rule: Rule, columns: list[Column], kind: pa.DataType | None) -> str:
    """Return SQL of what a rule asks of a row whose cells are not empty."""
    first = columns[0]
    match rule:
        case OfType():
            return reads_as(first, rule.type)
        case Range():
            return _within(rule, first, kind)
        case TextLength():
            length = f"length({_text(first)})"
            bounds = [f"{length} >= {rule.min}"] if rule.min is not None else []
            return " and ".join([*bounds, *([f"{length} <= {rule.max}"] if rule.max is not None else [])])
        case Pattern():
            # A constant, so that it is compiled once.
            return f"regexp_full_match({_text(first)}, {quoted(rule.pattern)})"
        case OneOf():
            return one_of(first, kind, rule.values)
        case DateOrder():
            return _in_order(rule, columns)
    raise AssertionError(rule)


def _within(rule: Range, column: Column, kind: pa.DataType | None) -> str:
    if column.type not in NUMBERS | MOMENTS:
        raise _CannotRun(f"column {column.name!r} is {column.type}; ranges are of numbers, dates and times.")
    asked = ((">=", rule.min), ("<=", rule.max), (">", rule.above), ("<", rule.below))
    bounds = [beyond(column, kind, operator, bound) for operator, bound in asked if bound is not None]
    if column.type is ColumnType.NUMBER:
        bounds.append(f"not isnan({column.physical})")
    return " and ".join(bounds)


def _text(column: Column) -> str:
    if column.type in AS_TEXT:
        return column.physical
    if column.type not in AS_STORED or column.format is not None:
        written = f" written like {column.format}" if column.format else ""
        raise _CannotRun(f"column {column.name!r} is {column.type}{written}; this rule is for texts.")
    printed = f"cast({column.physical} as varchar)"
    return f"coalesce({column.physical_written}, {printed})" if column.written else printed


def _in_order(rule: DateOrder, columns: list[Column]) -> str:
    earlier, later = columns
    types = {earlier.type, later.type}
    if not (types <= DAYS or (len(types) == 1 and types <= MOMENTS)):
        raise _CannotRun(
            f"{earlier.name!r} is {earlier.type} and {later.name!r} is {later.type}; both must be dates, with a time or"
            " without, or both times."
        )
    return f"{later.physical} {'>' if rule.strict else '>='} {earlier.physical}"


def refuse_reference(check: Check, to: Column) -> None:
    """Raise `RuleCannotRun` if values of a column and of the one that it refers to are never the same."""
    [column] = check.columns
    families: tuple[frozenset[Any], ...] = (AS_TEXT, EXACT, DAYS)
    if column.type == to.type or any({column.type, to.type} <= family for family in families):
        return
    pointer = f"/rules/{check.number}"
    raise RuleCannotRun(
        f"{pointer} (reference): {column.name!r} is {column.type}, and {to.name!r} is {to.type}.",
        column=column.name, column_type=str(column.type), pointer=pointer, rule="reference",
    )  # fmt: skip
