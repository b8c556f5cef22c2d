"""Nested values of a Parquet or Arrow file as JSON text, with every digit and every moment as it was."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc


def json_texts(array: pa.Array) -> pa.Array:
    """Return each value as JSON text. Decimals are written with all digits, moments and bytes as text."""
    array = _without_views(array)
    plain = pc.cast(array, _plain(array.type)) if _plain(array.type) != array.type else array
    texts = [None if value is None else _text(value) for value in plain.to_pylist()]
    return pa.array(texts, pa.string())


def _without_views(array: pa.Array) -> pa.Array:
    """Return a list of views as a list; the cast that would do it drops the values of the last view."""
    is_large = pa.types.is_large_list_view(array.type)
    if not is_large and not pa.types.is_list_view(array.type):
        return array
    ends = pc.cumulative_sum(pc.fill_null(pc.list_value_length(array), 0))
    offsets = pa.concat_arrays([pa.array([0], ends.type), ends])
    kind = pa.LargeListArray if is_large else pa.ListArray
    return kind.from_arrays(offsets, array.flatten(), mask=array.is_null())


def _text(value: Any) -> str:
    # What JSON has no word for, such as a span of months, is said as its text.
    return orjson.dumps(_jsonable(value), default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type with text in place of everything that Python objects would cut: moments are finer there."""
    if pa.types.is_duration(kind):
        return pa.int64()
    if pa.types.is_temporal(kind):
        return pa.string()
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_struct(kind):
        return pa.struct([kind.field(i).with_type(_plain(kind.field(i).type)) for i in range(kind.num_fields)])
    if pa.types.is_map(kind):
        return pa.map_(_plain(kind.key_type), _plain(kind.item_type))
    return _plain_list(kind)


def _plain_list(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain(kind.value_type), kind.list_size)
    if pa.types.is_large_list(kind):
        return pa.large_list(_plain(kind.value_type))
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    return kind


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return _pairs(value) if value and all(isinstance(pair, tuple) for pair in value) else [*map(_jsonable, value)]
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}")
    if isinstance(value, bytes):
        return _bytes(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _pairs(pairs: list[tuple[Any, Any]]) -> Any:
    """Return a map as an object where its keys allow that, else as a list of pairs."""
    keys = [key for key, _ in pairs]
    if all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys):
        return {key: _jsonable(inner) for key, inner in pairs}
    return [[_jsonable(key), _jsonable(inner)] for key, inner in pairs]


def _bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()
