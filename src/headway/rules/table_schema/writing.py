"""Rules as a Table Schema."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

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
from headway.rules.table_schema.reading import BOUNDS, LENGTHS
from headway.rules.table_schema.schemas import PROFILE, Note

TYPES: dict[str, dict[str, str]] = {
    "timestamp": {"type": "datetime"},
    "timestamp_tz": {"type": "datetime"},
    "uuid": {"type": "string", "format": "uuid"},
    "json": {"type": "any"},
}
"""Rules' types with another name there."""

LOST = {
    "timestamp_tz": "Table Schema has no type for moments with a time zone; any datetime passes there.",
    "json": "Table Schema has no type for any JSON; everything passes there.",
}


def write_table_schema(rules: Sequence[Rule]) -> tuple[dict[str, Any], list[Note]]:
    """Return a Table Schema that asks what the rules ask, and a note on each that it cannot ask."""
    writing = _Writing(rules)
    for number, rule in enumerate(rules):
        writing.write(number, rule)
    return writing.schema(), writing.notes


class _Writing:
    """One Table Schema being written."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        names = dict.fromkeys(name for rule in rules for name in columns_of(rule))
        self._fields: dict[str, dict[str, Any]] = {name: {"name": name, "constraints": {}} for name in names}
        self._unique: list[list[str]] = []
        self._foreign: list[dict[str, Any]] = []
        self.notes: list[Note] = []

    def write(self, number: int, rule: Rule) -> None:
        match rule:
            case OfType():
                self._write_type(number, rule)
            case Unique() if len(rule.columns) > 1:
                self._unique.append(rule.columns)
            case Reference():
                reference = {"resource": str(rule.dataset), "fields": [rule.to]}
                self._foreign.append({"fields": [rule.column], "reference": reference})
            case DateOrder():
                self._note(number, "Table Schema cannot compare two columns.")
            case _:
                self._ask(number, columns_of(rule)[0], _constraints(rule))

    def schema(self) -> dict[str, Any]:
        fields = []
        for field in self._fields.values():
            asked = field.pop("constraints")
            typed = {} if "type" in field else {"type": _type_for(asked)}
            fields.append({**field, **typed, **({"constraints": asked} if asked else {})})
        keys = {"uniqueKeys": self._unique, "foreignKeys": self._foreign}
        # Columns that no rule is about are not here, and those that are stand in the order of the rules.
        matched = {"$schema": PROFILE, "fieldsMatch": "subset", "fields": fields}
        return {**matched, **{name: value for name, value in keys.items() if value}}

    # ------------------------------------------------------------------------------------------- parts

    def _write_type(self, number: int, rule: OfType) -> None:
        field = self._fields[rule.column]
        if "type" in field:
            self._note(number, f"Column {rule.column!r} has a type already.")
            return
        field |= TYPES.get(rule.type, {"type": rule.type})
        if rule.type in LOST:
            self._note(number, LOST[rule.type])

    def _ask(self, number: int, column: str, asked: dict[str, Any]) -> None:
        """Ask something of a column, unless something else of the kind is asked already."""
        known = self._fields[column]["constraints"]
        if any(name in known and known[name] != value for name, value in asked.items()):
            self._note(number, f"Column {column!r} is asked for another {' and '.join(asked)} already.")
            return
        known |= asked

    def _note(self, number: int, message: str) -> None:
        self.notes.append(Note(pointer=f"/rules/{number}", message=message))


def _constraints(rule: Rule) -> dict[str, Any]:
    match rule:
        case Required() | Unique():
            return {rule.rule: True}
        case Range():
            return _given(rule, BOUNDS)
        case TextLength():
            return _given(rule, LENGTHS)
        case Pattern():
            return {"pattern": rule.pattern}
        case OneOf():
            return {"enum": rule.values}
    raise AssertionError(rule)


def _given(rule: Range | TextLength, names: dict[str, str]) -> dict[str, Any]:
    return {theirs: value for theirs, ours in names.items() if (value := getattr(rule, ours)) is not None}


def _type_for(asked: dict[str, Any]) -> str:
    """Return the type that a field needs so that these constraints may be asked of it; no rule says one."""
    if asked.keys() & {*LENGTHS, "pattern"}:
        return "string"
    bounds = [value for name, value in asked.items() if name in BOUNDS]
    return _type_of(bounds[0]) if bounds else "any"


def _type_of(bound: float | str) -> str:
    """Return the type that a bound is of; a text is a decimal, a date or a time."""
    with suppress(InvalidOperation):
        Decimal(str(bound))
        return "number"
    for name, reads in (
        ("date", date.fromisoformat),
        ("time", time.fromisoformat),
        ("datetime", datetime.fromisoformat),
    ):
        with suppress(ValueError):
            reads(str(bound))
            return name
    return "any"
