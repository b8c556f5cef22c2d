"""Expressions of `derive` and `filter`: trees of columns, values and calls of a closed list of functions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StrictBool, StrictFloat, StrictInt, Tag

from headway.recipes.terms import Closed, Name, Text, TypeName

MOST_DEEP = 20
MOST_NODES = 300
"""Of one expression."""

FunctionName = Literal[
    "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "empty", "in", "contains", "starts", "ends", "matches",
    "add", "subtract", "multiply", "divide", "remainder", "negate", "abs", "round", "floor", "ceil",
    "upper", "lower", "trim", "length", "concat", "slice", "substitute", "extract", "pad",
    "year", "month", "day", "hour", "minute", "second", "weekday", "date", "add_days", "days_between",
    "if", "coalesce", "text",
]  # fmt: skip


class ColumnTerm(Closed):
    """What a column holds in the row."""

    column: Name


class ValueTerm(Closed):
    """The same in every row. A text is what it is compared with, unless `type` says what it is."""

    value: StrictBool | StrictInt | StrictFloat | Text | None
    type: TypeName | None = None


class Call(Closed):
    """What a function makes of others. docs/how-to/use-recipes.md says what each of them takes."""

    call: FunctionName
    args: list[Expression] = Field(min_length=1, max_length=50)


def _which(value: Any) -> str | None:
    members = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return next((name for name in ("column", "value", "call") if name in members), None)


Expression = Annotated[
    Annotated[ColumnTerm, Tag("column")] | Annotated[ValueTerm, Tag("value")] | Annotated[Call, Tag("call")],
    Discriminator(
        _which,
        custom_error_type="expression",
        custom_error_message='an expression has one of "column", "value" and "call"',
    ),
]

Call.model_rebuild()


def bounded(expression: Expression) -> Expression:
    """Return the expression. Raises ValueError if it is too deep or too large."""
    waiting: list[tuple[Expression, int]] = [(expression, 1)]
    nodes = 0
    while waiting:
        term, depth = waiting.pop()
        nodes += 1
        if depth > MOST_DEEP or nodes > MOST_NODES:
            raise ValueError(f"at most {MOST_DEEP} calls inside each other, and {MOST_NODES} terms in all")
        if isinstance(term, Call):
            waiting += [(each, depth + 1) for each in term.args]
    return expression
