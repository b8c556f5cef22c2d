"""How a typed value is printed: the same for `values=written`, for exact exports, and for the check that typing lost nothing.

Everything works on whole Arrow arrays. A column's `format` is part of its print: `2024-01-01 10:00` keeps its
blank and `TRUE` its capitals, so that only cells that break their column's own habit need a written form.
"""

from __future__ import annotations

import json
import math
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import AS_TEXT, MAX_SAFE_INTEGER, Column, ColumnType
from headway.datasets.layouts import layout
from headway.datasets.numerals import numeral

_MOMENTS = {ColumnType.TIME, ColumnType.TIMESTAMP, ColumnType.TIMESTAMP_TZ}
PLAIN_SCALE = 6
"""Decimals with more digits behind the point may print with an exponent in Arrow."""

_AS_PRINTED = {ColumnType.BIG_INTEGER, ColumnType.DECIMAL, ColumnType.DATE, *_MOMENTS}


def canonical(array: pa.Array, column: Column) -> pa.Array:
    """Return the text of each value as its column writes it; null stays null. Result: a string array."""
    if column.type in AS_TEXT:
        return array.cast(pa.string())
    if column.type is ColumnType.BOOLEAN:
        true, false = (column.format or "true/false").split("/")
        return pc.if_else(array, true, false)
    if column.type in {ColumnType.BIG_INTEGER, ColumnType.DECIMAL}:
        return numeral(column.format).written(_print_decimal(array))
    if column.type is ColumnType.INTEGER:
        return numeral(column.format).written(array.cast(pa.string()))
    if column.type in _MOMENTS and column.format is None:
        return _print_moment(array.cast(pa.string()), column)
    if column.format is not None and column.type in {ColumnType.DATE, *_MOMENTS}:
        return layout(column.format).written(array)
    return array.cast(pa.string())


def _print_decimal(array: pa.Array) -> pa.Array:
    """Print decimals with all digits of their scale; Arrow's own cast turns small ones into exponents."""
    scale = array.type.scale
    if scale <= PLAIN_SCALE:
        return array.cast(pa.string())
    whole = pa.Array.from_buffers(pa.decimal128(38, 0), len(array), array.buffers(), offset=array.offset)
    digits = whole.cast(pa.string())
    negative = pc.starts_with(digits, "-")
    padded = pc.utf8_lpad(pc.utf8_ltrim(digits, "-"), width=scale + 1, padding="0")
    sign = pc.if_else(negative, "-", "")
    before = pc.utf8_slice_codeunits(padded, 0, -scale)
    after = pc.utf8_slice_codeunits(padded, -scale)
    return pc.binary_join_element_wise(pc.binary_join_element_wise(sign, before, ""), after, ".")


def _print_moment(printed: pa.Array, column: Column) -> pa.Array:
    """Print what has no layout: an ISO time without zeros at the end of its fraction."""
    shortened = pc.replace_substring_regex(printed, r"\.0+(Z?)$", r"\1")
    shortened = pc.replace_substring_regex(shortened, r"(\.\d*[1-9])0+(Z?)$", r"\1\2")
    return shortened if column.type is ColumnType.TIME else pc.replace_substring(shortened, " ", "T")


def json_values(array: pa.Array, column: Column) -> list[Any]:
    """Return the values for a JSON answer: numbers only where every JSON reader keeps all their digits."""
    if column.type in _AS_PRINTED:
        plain = Column(name=column.name, type=column.type, position=column.position)
        return list(canonical(array, plain).to_pylist())
    values = array.to_pylist()
    if column.type is ColumnType.NUMBER:
        return [_json_number(value) for value in values]
    if column.type is ColumnType.JSON:
        return [None if value is None else json_document(value) for value in values]
    return list(values)


def _json_number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def json_document(text: str) -> Any:
    """Return the value that a JSON text holds, with integers beyond 2^53 and all fractions beyond doubles as strings."""
    return json.loads(text, parse_int=_json_integer, parse_float=_json_fraction)


def _json_integer(digits: str) -> int | str:
    value = int(digits) if len(digits) < 20 else None
    return value if value is not None and abs(value) <= MAX_SAFE_INTEGER else digits


def _json_fraction(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits
