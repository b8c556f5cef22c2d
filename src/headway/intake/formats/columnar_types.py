"""How the types of a Parquet or Arrow file become ours: kept wherever our closed list can hold every value.

A `Rule` says what a column becomes and how one batch of it is converted. Where the answer depends on values
(an integer beyond 2^53, nanoseconds, bytes that are no text), a `Survey` looks at every value first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import MAX_SAFE_INTEGER, Column, ColumnType
from headway.datasets.printing import canonical
from headway.intake.formats.columnar_nested import json_texts

Convert = Callable[[pa.Array], pa.Array]
Survey = Callable[[pa.Array], bool]
"""Looks at a batch; False says that the exact type does not hold every value of it."""

MICROSECONDS = pa.timestamp("us")
MAX_DIGITS = 38

_DAYS = tuple((day - dt.date(1970, 1, 1)).days for day in (dt.date.min, dt.date.max))
_DAY_MICROSECONDS = 86_400_000_000
_NO_TEXT = r"^<value out of range: (-?\d+)>$"
"""What the cast prints where it knows no year."""

_NOT_PRINTED = r"[\x00-\x08\x0e-\x1f\x7f]"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a column becomes. With a `survey`, `otherwise` is taken when it says no to any batch."""

    type: ColumnType
    arrow_type: pa.DataType
    why: str
    convert: Convert
    survey: Survey | None = None
    otherwise: Rule | None = None


def rule_for(kind: pa.DataType) -> Rule:
    """Return how columns of this type are kept."""
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(kind)
    if pa.types.is_dictionary(kind):
        return _after(rule_for(kind.value_type), _cast_to(kind.value_type))
    if pa.types.is_run_end_encoded(kind):
        return _after(rule_for(kind.value_type), pc.run_end_decode)
    for applies, build in _BUILDERS:
        if applies(kind):
            return build(kind)
    return _text(f"The file has the type {kind}, which is kept as its text.", _as_text)


# --------------------------------------------------------------------------------------------------- plain ones


def _cast_to(target: pa.DataType) -> Convert:
    return lambda array: pc.cast(array, target)


def _text(why: str, convert: Convert) -> Rule:
    return Rule(ColumnType.TEXT, pa.string(), why, convert)


def as_text(rule: Rule) -> Rule:
    """Return the rule of somebody who asked for text."""
    if rule.otherwise is not None and rule.otherwise.type is ColumnType.TEXT:
        return rule.otherwise
    widest = rule.otherwise or rule
    column = Column("", widest.type, 0)
    return _text("Kept as text, as was asked for.", lambda array: canonical(widest.convert(array), column))


def _as_text(array: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        array = pc.cast(array, pa.timestamp(array.type.unit, "UTC"))
    try:
        return pc.replace_substring_regex(pc.cast(array, pa.string()), _NO_TEXT, r"\1")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())


def _typed(column_type: ColumnType, target: pa.DataType) -> Callable[[pa.DataType], Rule]:
    return lambda kind: Rule(column_type, target, f"The file has the type {kind}.", _cast_to(target))


def _integer(kind: pa.DataType) -> Rule:
    why = f"The file has the type {kind}."
    if kind.bit_width <= 32:
        return Rule(ColumnType.INTEGER, pa.int64(), why, _cast_to(pa.int64()))
    big = Rule(
        ColumnType.BIG_INTEGER,
        pa.decimal128(MAX_DIGITS, 0),
        f"{why} Some values lie beyond 2^53, where floats lose digits.",
        _cast_to(pa.decimal128(MAX_DIGITS, 0)),
    )
    return Rule(ColumnType.INTEGER, pa.int64(), why, _cast_to(pa.int64()), _is_safe, big)


def _is_safe(array: pa.Array) -> bool:
    bounds = pc.min_max(array).as_py()
    return bounds["max"] is None or (bounds["max"] <= MAX_SAFE_INTEGER and bounds["min"] >= -MAX_SAFE_INTEGER)


def _decimal(kind: pa.DataType) -> Rule:
    why = f"The file has the type {kind}."
    if kind.scale <= 0 and kind.precision - kind.scale <= MAX_DIGITS:
        target = pa.decimal128(MAX_DIGITS, 0)
        return Rule(ColumnType.BIG_INTEGER, target, why, _cast_to(target))
    if kind.precision <= MAX_DIGITS and 0 < kind.scale <= kind.precision:
        target = pa.decimal128(kind.precision, kind.scale)
        return Rule(ColumnType.DECIMAL, target, why, _cast_to(target))
    text = _text(f"{why} Some values have more than {MAX_DIGITS} digits, so they are kept as text.", _decimal_text)
    if not 0 <= kind.scale <= MAX_DIGITS:
        return text
    target = pa.decimal128(MAX_DIGITS, kind.scale)
    column_type = ColumnType.DECIMAL if kind.scale else ColumnType.BIG_INTEGER
    return Rule(column_type, target, why, _cast_to(target), _can_cast_to(target), text)


def _decimal_text(array: pa.Array) -> pa.Array:
    return pa.array([None if value is None else f"{value:f}" for value in array.to_pylist()], pa.string())


def _can_cast_to(target: pa.DataType) -> Survey:
    def fits(array: pa.Array) -> bool:
        try:
            pc.cast(array, target)
        except pa.ArrowInvalid:
            return False
        return True

    return fits


# ---------------------------------------------------------------------------------------------------- moments


def _temporal(column_type: ColumnType, target: pa.DataType) -> Callable[[pa.DataType], Rule]:
    def build(kind: pa.DataType) -> Rule:
        why = f"The file has the type {kind}."
        said = (
            "Some values are finer than microseconds or outside of the years 1 to 9999, so all are kept as text;"
            " what is in no year that can be written is its number of units from 1970 on."
        )
        return Rule(
            column_type, target, why, _cast_to(target), _is_in_calendar(target), _text(f"{why} {said}", _as_text)
        )

    return build


def _is_in_calendar(target: pa.DataType) -> Survey:
    """Say whether all moments fit the type, and lie in years of four digits, which everybody can read back."""
    first, last = _DAYS
    if not pa.types.is_date(target):
        first, last = first * _DAY_MICROSECONDS, (last + 1) * _DAY_MICROSECONDS - 1
    count = pa.int32() if pa.types.is_date(target) else pa.int64()

    def fits(array: pa.Array) -> bool:
        try:
            bounds = pc.min_max(pc.cast(array, target).view(count)).as_py()
        except pa.ArrowInvalid:
            return False
        return bounds["max"] is None or (bounds["min"] >= first and bounds["max"] <= last)

    return fits


def _timestamp(kind: pa.DataType) -> Rule:
    if kind.tz is None:
        return _temporal(ColumnType.TIMESTAMP, MICROSECONDS)(kind)
    return _temporal(ColumnType.TIMESTAMP_TZ, pa.timestamp("us", "UTC"))(kind)


def _time(kind: pa.DataType) -> Rule:
    why, target = f"The file has the type {kind}.", pa.time64("us")
    text = _text(f"{why} Some values are finer than microseconds, so all are kept as text.", _as_text)
    return Rule(ColumnType.TIME, target, why, _cast_to(target), _can_cast_to(target), text)


def _duration(kind: pa.DataType) -> Rule:
    unit = {"s": 0, "ms": 3, "us": 6, "ns": 9}[kind.unit]
    why = f"The file has the type {kind}; a length of time is kept as text, in seconds."
    return _text(why, lambda array: _seconds(array, unit))


def _seconds(array: pa.Array, digits: int) -> pa.Array:
    counts = pc.cast(pc.cast(array, pa.int64()), pa.decimal128(MAX_DIGITS, 0))
    texts = [None if count is None else f"{count.scaleb(-digits):f}" for count in counts.to_pylist()]
    return pa.array(texts, pa.string())


# ------------------------------------------------------------------------------------- bytes and what contains


def _binary(kind: pa.DataType) -> Rule:
    return _bytes(kind, _is_printed)


def _bytes(kind: pa.DataType, is_text: Survey) -> Rule:
    hexadecimal = _text(f"The file has the type {kind}, and not all of it is text; it is kept as hex digits.", _hex)
    why = f"The file has the type {kind}; every value is UTF-8 text."
    return Rule(ColumnType.TEXT, pa.string(), why, _utf8, is_text, hexadecimal)


def _is_printed(array: pa.Array) -> bool:
    """Tell text from bytes that only happen to be valid UTF-8: those of small numbers, and of many an id."""
    return _is_utf8(array) and not pc.any(pc.match_substring_regex(_utf8(array), _NOT_PRINTED)).as_py()


def _utf8(array: pa.Array) -> pa.Array:
    return pc.cast(pc.cast(array, pa.binary()), pa.string())


def _is_utf8(array: pa.Array) -> bool:
    try:
        _utf8(array)
    except pa.ArrowInvalid:
        return False
    return True


def _hex(array: pa.Array) -> pa.Array:
    values = pc.cast(array, pa.binary()).to_pylist()
    return pa.array([None if value is None else value.hex() for value in values], pa.string())


def _string(kind: pa.DataType) -> Rule:
    # Nothing in these formats checks that a string is valid UTF-8, so a string is asked like bytes.
    return _bytes(kind, _is_utf8)


def _nested(kind: pa.DataType) -> Rule:
    why = f"The file has the type {kind}; each value is kept as JSON text."
    return Rule(ColumnType.JSON, pa.string(), why, json_texts)


def _extension(kind: pa.BaseExtensionType) -> Rule:
    name = kind.extension_name
    if name == "arrow.uuid":
        return Rule(ColumnType.UUID, pa.string(), "The file has the type UUID.", _uuids)
    inner = _after(rule_for(kind.storage_type), lambda array: array.storage)
    if name == "arrow.json":
        return Rule(ColumnType.JSON, pa.string(), "The file has the type JSON.", inner.convert)
    return inner


def _uuids(array: pa.Array) -> pa.Array:
    return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())


def _interval(kind: pa.DataType) -> Rule:
    return _text(f"The file has the type {kind}, which is kept as text like P1M2DT3.5S.", _intervals)


def _intervals(array: pa.Array) -> pa.Array:
    """Return lengths of time as ISO 8601 writes them; months and days have no fixed number of seconds."""
    return pa.array([None if value is None else _iso(*value) for value in array.to_pylist()], pa.string())


def _iso(months: int, days: int, nanoseconds: int) -> str:
    seconds, rest = divmod(abs(nanoseconds), 10**9)
    clock = f"{'-' if nanoseconds < 0 else ''}{seconds}.{rest:09d}".rstrip("0").rstrip(".")
    return f"P{months}M{days}DT{clock}S"


def _after(rule: Rule, first: Convert) -> Rule:
    """Return the rule with a step before everything that it does."""
    survey, otherwise = rule.survey, rule.otherwise
    return Rule(
        rule.type,
        rule.arrow_type,
        rule.why,
        lambda array: rule.convert(first(array)),
        None if survey is None else lambda array: survey(first(array)),
        None if otherwise is None else _after(otherwise, first),
    )


_BUILDERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType], Rule]], ...] = (
    (pa.types.is_null, _typed(ColumnType.TEXT, pa.string())),
    (pa.types.is_boolean, _typed(ColumnType.BOOLEAN, pa.bool_())),
    (pa.types.is_integer, _integer),
    (pa.types.is_floating, _typed(ColumnType.NUMBER, pa.float64())),
    (pa.types.is_decimal, _decimal),
    (pa.types.is_date, _temporal(ColumnType.DATE, pa.date32())),
    (pa.types.is_time, _time),
    (pa.types.is_timestamp, _timestamp),
    (pa.types.is_duration, _duration),
    (pa.types.is_interval, _interval),
    (lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind), _string),
    (
        lambda kind: (
            pa.types.is_binary(kind)
            or pa.types.is_large_binary(kind)
            or pa.types.is_fixed_size_binary(kind)
            or pa.types.is_binary_view(kind)
        ),
        _binary,
    ),
    (pa.types.is_nested, _nested),
)
