"""Refuses patterns that the engine which runs them would refuse: it compiles each, and looks at nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from headway.rules.errors import PatternInvalid, PatternTooCostly
from headway.rules.schemas import Pattern, Rule

COSTLY = ("invalid repetition size", "pattern too large")
"""What RE2 says of a program that would outgrow its limits: 1,000 repetitions, nested ones multiplied, and some memory."""


def check_patterns(rules: Sequence[Rule]) -> None:
    """Raise `PatternInvalid` or `PatternTooCostly` for the first pattern that cannot be used. Takes up to seconds."""
    patterns = [(number, rule) for number, rule in enumerate(rules) if isinstance(rule, Pattern)]
    if not patterns:
        return
    with duckdb.connect(config={"threads": 1, "enable_external_access": False}) as connection:
        for number, rule in patterns:
            _check(connection, f"/rules/{number}/pattern", rule)


def _check(connection: duckdb.DuckDBPyConnection, pointer: str, rule: Pattern) -> None:
    written = rule.pattern.replace("'", "''")
    try:
        connection.execute(f"select regexp_full_match('', '{written}')").fetchall()
    except duckdb.Error as error:
        said = str(error).splitlines()[0].removeprefix("Invalid Input Error: ")
        place = {"pointer": pointer, "pattern": rule.pattern, "column": rule.column}
        detail = f"The pattern of column {rule.column!r} ({pointer}): {said}."
        if any(word in said for word in COSTLY):
            raise PatternTooCostly(detail, **place) from None
        raise PatternInvalid(detail, **place) from None
