"""Values of rules as SQL that compares exactly with a column, whatever has more digits."""

from __future__ import annotations

from contextlib import suppress
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from headway.datasets.columns import AS_TEXT, Column, ColumnType
from headway.datasets.errors import BadFilter
from headway.datasets.filters import parse_value
from headway.intake.merging.duck import quoted

DIGITS = 38
"""Of the widest decimal that DuckDB has."""

WHOLE = frozenset({ColumnType.INTEGER, ColumnType.BIG_INTEGER})
EXACT = WHOLE | {ColumnType.DECIMAL}
NUMBERS = EXACT | {ColumnType.NUMBER}
MOMENTS = frozenset({ColumnType.DATE, ColumnType.TIME, ColumnType.TIMESTAMP, ColumnType.TIMESTAMP_TZ})
WORDS = {
    ColumnType.DATE: "date",
    ColumnType.TIME: "time",
    ColumnType.TIMESTAMP: "timestamp",
    ColumnType.TIMESTAMP_TZ: "timestamptz",
}
_CONTEXT = Context(prec=200, Emax=10**6, Emin=-(10**6))


def scale_of(kind: pa.DataType | None) -> int:
    """Return how many digits a physical column has behind the point."""
    return kind.scale if kind is not None and pa.types.is_decimal(kind) else 0


def sql_type(kind: pa.DataType) -> str:
    """Return the name that DuckDB has for the type of a physical column."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    for is_it, name in (
        (pa.types.is_int64, "bigint"),
        (pa.types.is_float64, "double"),
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_date, "date"),
        (pa.types.is_time, "time"),
    ):
        if is_it(kind):
            return name
    if pa.types.is_timestamp(kind):
        return "timestamp" if kind.tz is None else "timestamptz"
    return "varchar"


def beyond(column: Column, kind: pa.DataType | None, operator: str, bound: Any) -> str:
    """Return SQL for `column operator bound`, with `operator` one of `<`, `<=`, `>`, `>=`.

    A bound with more digits than the column has is moved to the next value that the column could have, so that no
    cast is needed that could overflow. Raises `BadFilter` for what is no value of the column's type.
    """
    if column.type not in EXACT:
        return f"{column.physical} {operator} {literal(column, parse_value(column, str(bound)))}"
    scale = scale_of(kind)
    # `<` and `>=` stay true if the bound is moved up, `<=` and `>` if it is moved down.
    rounding = ROUND_CEILING if operator in {"<", ">="} else ROUND_FLOOR
    exact = _number(column, bound)
    if exact.adjusted() + 1 > DIGITS - scale:
        holds = exact > 0 if operator in {"<", "<="} else exact < 0
        return "true" if holds else "false"
    return f"{column.physical} {operator} {_decimal(exact, scale, rounding)}"


def one_of(column: Column, kind: pa.DataType | None, values: list[Any]) -> str:
    """Return SQL for `column in (values)`; a value that the column cannot have is in it for nobody."""
    if column.type in EXACT:
        scale = scale_of(kind)
        exact = [_number(column, value) for value in values]
        listed = [_decimal(value, scale, ROUND_FLOOR) for value in exact if _fits(value, scale)]
    else:
        listed = [literal(column, parse_value(column, str(value))) for value in values]
    return f"{column.physical} in ({', '.join(listed)})" if listed else "false"


def literal(column: Column, value: Any) -> str:
    """Return a value that was parsed for a column as SQL."""
    if column.type in AS_TEXT:
        return quoted(value)
    if column.type in WORDS:
        return f"{WORDS[column.type]} {quoted(value.isoformat())}"
    if column.type is ColumnType.NUMBER:
        return f"{quoted(repr(float(value)))}::double"
    return str(value).lower() if column.type is ColumnType.BOOLEAN else str(value)


def _number(column: Column, value: Any) -> Decimal:
    """Return a number with all its digits, whatever the column could keep of them."""
    with suppress(InvalidOperation):
        exact = Decimal(str(value))
        if exact.is_finite():
            return exact
    raise BadFilter(f"{str(value)[:100]!r} is no number to compare column {column.name!r} with.", column=column.name)


def _fits(value: Decimal, scale: int) -> bool:
    places = -int(value.normalize(_CONTEXT).as_tuple().exponent)
    return places <= scale and value.adjusted() + 1 <= DIGITS - scale


def _decimal(value: Decimal, scale: int, rounding: str) -> str:
    moved = value.quantize(Decimal(1).scaleb(-scale), rounding=rounding, context=_CONTEXT)
    # Rounded up it can have a digit more than fits; what is compared with it has not.
    return f"{moved:f}::decimal({DIGITS}, {scale})" if moved.adjusted() + 1 <= DIGITS - scale else _most(moved)


def _most(value: Decimal) -> str:
    return "'infinity'::double" if value > 0 else "'-infinity'::double"
