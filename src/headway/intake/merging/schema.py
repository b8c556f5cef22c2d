"""Which columns a merged table has: those of the dataset in their order, then those that are new.

A type stays where both sides have it. Whole numbers give way to decimals, which keep them exactly. Everything else
that disagrees becomes text, in which both sides keep what was written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import pyarrow as pa

from headway.datasets.columns import Column, ColumnType
from headway.intake.readings import MAX_DIGITS

WHOLE = (ColumnType.INTEGER, ColumnType.BIG_INTEGER)
INTEGER_DIGITS = 19
"""Room for any whole number of 64 bits, without which none becomes a decimal."""


@dataclass(frozen=True, slots=True)
class Target:
    """One column of the merged table, its physical type, and where it comes from on either side."""

    column: Column
    kind: pa.DataType
    base: Column | None
    new: Column | None


@dataclass(frozen=True, slots=True)
class _Side:
    column: Column
    kind: pa.DataType
    is_empty: bool


class Shape(Protocol):
    """What is known of a table without its rows."""

    @property
    def columns(self) -> list[Column]: ...

    @property
    def schema(self) -> pa.Schema: ...

    @property
    def rows(self) -> int: ...

    def find(self, name: str) -> Column | None: ...


def unify(base: Shape, new: Shape) -> list[Target]:
    """Return the columns of the table that holds the rows of both."""
    base_kinds, new_kinds, base_rows, new_rows = base.schema, new.schema, base.rows, new.rows
    names = [column.name for column in base.columns]
    names += [column.name for column in new.columns if base.find(column.name) is None]
    targets = []
    for position, name in enumerate(names):
        left = _side(base.find(name), base_kinds, base_rows)
        right = _side(new.find(name), new_kinds, new_rows)
        targets.append(_target(position, left, right))
    return targets


def _side(column: Column | None, schema: pa.Schema, rows: int) -> _Side | None:
    if column is None:
        return None
    # A column in which nothing is written can become anything.
    is_empty = column.nulls == rows and not column.written
    return _Side(column, schema.field(column.physical).type, is_empty)


def _target(position: int, base: _Side | None, new: _Side | None) -> Target:
    habit, kind = _common(base, new)
    sides = [side for side in (base, new) if side is not None]
    written = habit.type != ColumnType.TEXT and any(
        side.column.written or _prints_otherwise(side, habit, kind) for side in sides
    )
    tokens = sorted({token for side in sides for token in side.column.null_tokens})
    column = replace(
        habit,
        position=position,
        written=written,
        null_tokens=tokens if habit.type != ColumnType.TEXT else [],
        why=_why(base, new, habit),
    )
    return Target(column, kind, base.column if base else None, new.column if new else None)


def _common(base: _Side | None, new: _Side | None) -> tuple[Column, pa.DataType]:
    """Return the column whose type and habits both sides can have, and its physical type."""
    if base is None or new is None:
        only = base or new
        assert only is not None  # noqa: S101 - a name comes from one side at least; this tells mypy
        return only.column, only.kind
    if base.is_empty != new.is_empty:
        filled = new if base.is_empty else base
        return replace(filled.column, name=base.column.name), filled.kind
    types = {base.column.type, new.column.type}
    if types == {ColumnType.DECIMAL} or (ColumnType.DECIMAL in types and types <= {*WHOLE, ColumnType.DECIMAL}):
        return _decimal(base, new)
    if len(types) == 1:
        return base.column, base.kind
    if types == set(WHOLE):
        return replace(base.column, type=ColumnType.BIG_INTEGER, format=None), pa.decimal128(MAX_DIGITS, 0)
    return _text(base.column)


def _decimal(base: _Side, new: _Side) -> tuple[Column, pa.DataType]:
    sides = [_digits(base), _digits(new)]
    whole, scale = (max(digits) for digits in zip(*sides, strict=True))
    if whole + scale > MAX_DIGITS:
        return _text(base.column)
    habit = base.column if base.column.type == ColumnType.DECIMAL else new.column
    return replace(habit, name=base.column.name), pa.decimal128(max(1, whole + scale), scale)


def _digits(side: _Side) -> tuple[int, int]:
    """Return how many digits a number may have before and after the point."""
    if side.column.type == ColumnType.INTEGER:
        return INTEGER_DIGITS, 0
    return side.kind.precision - side.kind.scale, side.kind.scale


def _text(column: Column) -> tuple[Column, pa.DataType]:
    return replace(column, type=ColumnType.TEXT, format=None), pa.string()


def _prints_otherwise(side: _Side, habit: Column, kind: pa.DataType) -> bool:
    """Say whether values of a side may print otherwise in the merged column than they were written."""
    return not side.is_empty and (side.column.type, side.column.format, side.kind) != (habit.type, habit.format, kind)


def _why(base: _Side | None, new: _Side | None, habit: Column) -> str:
    if base is None:
        return f"New in the file that was added. {new.column.why}" if new else ""
    if new is None or new.is_empty or (base.column.type == new.column.type == habit.type):
        return base.column.why
    if base.is_empty:
        return new.column.why
    if habit.type == ColumnType.TEXT:
        return (
            f"Kept as text: what was there reads as {_word(base.column.type)}, what was added as"
            f" {_word(new.column.type)}, and text keeps both as they are written."
        )
    return f"What was there reads as {_word(base.column.type)}, what was added as {_word(new.column.type)}."


def _word(kind: ColumnType) -> str:
    return kind.replace("_", " ")


def drift(base: list[Column], new: list[Column], merged: list[Column]) -> dict[str, Any]:
    """Say how the columns differ: which the new side adds, which it lacks, and which get another type."""
    had, has = {column.name: column for column in base}, {column.name: column for column in new}
    return {
        "added": [_named(column) for column in new if column.name not in had],
        "removed": [_named(column) for column in base if column.name not in has],
        "retyped": [
            {"name": column.name, "before": _reading(had[column.name]), "after": _reading(column)}
            for column in merged
            if column.name in had and _reading(had[column.name]) != _reading(column)
        ],
    }


def _named(column: Column) -> dict[str, Any]:
    return {"name": column.name, "type": str(column.type)}


def _reading(column: Column) -> dict[str, Any]:
    return {"type": str(column.type), "format": column.format}
