"""Refuses patterns that the engine which runs them would refuse: it compiles each, and looks at nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from headway.datasets.patterns import why_no_pattern
from headway.rules.errors import PatternInvalid, PatternTooCostly
from headway.rules.schemas import Pattern, Rule

COSTLY = ("invalid repetition size", "pattern too large")
"""What RE2 says of a program that would outgrow its limits: 1,000 repetitions, nested ones multiplied, and some memory."""


def check_patterns(rules: Sequence[Rule]) -> None:
    """Raise `PatternInvalid` or `PatternTooCostly` for the first pattern that cannot be used. Takes up to seconds."""
    for number, rule in enumerate(rules):
        if isinstance(rule, Pattern) and (said := why_no_pattern(rule.pattern)) is not None:
            raise _refused(f"/rules/{number}/pattern", rule, said)


def _refused(pointer: str, rule: Pattern, said: str) -> PatternInvalid | PatternTooCostly:
    kind = PatternTooCostly if any(word in said for word in COSTLY) else PatternInvalid
    detail = f"The pattern of column {rule.column!r} ({pointer}): {said}."
    return kind(detail, pointer=pointer, pattern=rule.pattern, column=rule.column)
