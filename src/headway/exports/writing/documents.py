"""Writes JSON: one object for each row, on lines of their own or in one array. Numbers are those of the rows route."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import Column, ColumnType
from headway.exports.writing.output import Output
from headway.exports.writing.pieces import CONTROL, cells, data_of, has, joined
from headway.exports.writing.rows import Rows

SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
ESCAPES = {chr(code): SHORT.get(chr(code), f"\\u{code:04x}") for code in range(32)}


def write_ndjson(rows: Rows, output: Output, _wanted: dict[str, Any]) -> dict[str, int]:
    """Write one object a line."""
    for batch in rows.batches():
        output.write(data_of(_objects(batch, rows, "", "\n")))
    return {}


def write_json(rows: Rows, output: Output, _wanted: dict[str, Any]) -> dict[str, int]:
    """Write one array, an object of it a line."""
    output.write(b"[")
    for batch in rows.batches():
        lines = data_of(_objects(batch, rows, ",\n", ""))
        # The first one of all has none before it.
        output.write(lines[1:] if output.tell() == 1 else lines)
    output.write(b"\n]\n")
    return {}


def _objects(batch: pa.RecordBatch, rows: Rows, before: str, after: str) -> pa.Array:
    parts: list[pa.Array | str] = [before + "{"]
    for number, column in enumerate(rows.columns):
        parts += [f"{', ' if number else ''}{json.dumps(column.name, ensure_ascii=False)}: "]
        parts.append(_written(batch, column) if rows.written else _typed(batch, column))
    return joined([*parts, "}" + after])


def _written(batch: pa.RecordBatch, column: Column) -> pa.Array:
    return pc.fill_null(_quoted(cells(batch, column, written=True)), "null")


def _typed(batch: pa.RecordBatch, column: Column) -> pa.Array:
    texts = cells(batch, column, written=False)
    if column.type is ColumnType.NUMBER:
        values = batch.column(column.physical)
        texts = pc.if_else(pc.is_finite(values), texts, _unfinite(values))
    elif column.type is ColumnType.JSON:
        # Line ends are blanks to JSON, but the end of a row to whoever reads lines.
        texts = pc.replace_substring(pc.replace_substring(texts, "\n", " "), "\r", " ")
    elif column.type not in {ColumnType.INTEGER, ColumnType.BOOLEAN}:
        texts = _quoted(texts)
    return pc.fill_null(texts, "null")


def _unfinite(values: pa.Array) -> pa.Array:
    """Return what JSON has no number for, as the rows route says it."""
    return pc.if_else(pc.is_nan(values), '"NaN"', pc.if_else(pc.greater(values, 0), '"Infinity"', '"-Infinity"'))


def _quoted(texts: pa.Array) -> pa.Array:
    escaped = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    if has(escaped, CONTROL):
        for character, escape in ESCAPES.items():
            escaped = pc.replace_substring(escaped, character, escape)
    return pc.binary_join_element_wise('"', escaped, '"', "")
