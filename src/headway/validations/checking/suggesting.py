"""Other wordings of a broken rule, each tried on all rows before it is offered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headway.datasets.printing import json_values
from headway.rules.errors import RuleCannotRun
from headway.rules.schemas import LONGEST_PATTERN, MOST_VALUES, DateOrder, OneOf, Pattern, Range, TextLength
from headway.validations.checking.conditions import Check, planned_one
from headway.validations.checking.scanning import Scan

MOST = 3
LONGEST_VALUE = 200
ANY_CASE = "(?i)"

Patch = dict[str, Any]


def suggestions(scan: Scan, check: Check, count: int) -> list[dict[str, Any]]:
    """Return what would make a broken rule hold in more rows: `label`, `patch`, `fixes`."""
    found = []
    for label, patch in _candidates(scan, check):
        fixes = count - _count(scan, check, patch)
        if fixes > 0:
            found.append({"label": label, "patch": patch, "fixes": fixes})
    return found[:MOST]


def _count(scan: Scan, check: Check, patch: Patch) -> int:
    """Return how many rows would break a rule that is worded otherwise; as many as rows if it could not run."""
    rule = type(check.rule).model_validate({**check.rule.model_dump(), **patch})
    kinds = {field.name: field.type for field in scan.schema}
    try:
        tried = planned_one(check.number, rule, {column.name: column for column in check.columns}, kinds)
    except RuleCannotRun:
        return scan.total
    return scan.count(tried.breaks or "false")


def _candidates(scan: Scan, check: Check) -> Iterator[tuple[str, Patch]]:
    match check.rule:
        case OneOf():
            if len(check.rule.values) < MOST_VALUES:
                for value in _frequent(scan, check):
                    yield f"Allow “{value}” too", {"values": [*check.rule.values, value]}
        case Range():
            yield from _wider(scan, check, check.rule)
        case TextLength():
            yield from _longer(scan, check, check.rule)
        case Pattern():
            if not check.rule.pattern.startswith(ANY_CASE) and len(check.rule.pattern) + 4 <= LONGEST_PATTERN:
                yield "Tell no capitals from small letters", {"pattern": ANY_CASE + check.rule.pattern}
        case DateOrder():
            if check.rule.strict:
                yield "Allow the same moment too", {"strict": False}


def _frequent(scan: Scan, check: Check) -> list[Any]:
    [column] = check.columns
    table = scan.ask(
        f"select {column.physical} as value from {scan.rows} where {check.breaks} group by 1"
        f" order by count(*) desc, value limit {MOST}"
    )
    values = json_values(table.column("value").combine_chunks(), column)
    return [value for value in values if isinstance(value, int | float | str) and len(str(value)) <= LONGEST_VALUE]


def _wider(scan: Scan, check: Check, rule: Range) -> Iterator[tuple[str, Patch]]:
    [column] = check.columns
    name = column.physical
    table = scan.ask(f"select min({name}) as low, max({name}) as high from {scan.rows} where {check.breaks}")
    low, high = (json_values(table.column(end).combine_chunks(), column)[0] for end in ("low", "high"))
    if rule.min is not None or rule.above is not None:
        yield f"Begin with {low}", {"min": low, "above": None}
    if rule.max is not None or rule.below is not None:
        yield f"End with {high}", {"max": high, "below": None}


def _longer(scan: Scan, check: Check, rule: TextLength) -> Iterator[tuple[str, Patch]]:
    [column] = check.columns
    # Of what a rule for texts takes, DuckDB prints these as they are written.
    text = f"length(cast({column.physical} as varchar))"
    table = scan.ask(f"select min({text}) as low, max({text}) as high from {scan.rows} where {check.breaks}")
    low, high = (table.column(end)[0].as_py() for end in ("low", "high"))
    if rule.min is not None:
        yield f"Allow texts of {low} characters", {"min": low}
    if rule.max is not None:
        yield f"Allow texts of {high} characters", {"max": high}
