"""Whether a value reads as a type, as SQL: text by its letters, any other column by its own type."""

from __future__ import annotations

from headway.datasets.columns import AS_TEXT, Column, ColumnType
from headway.intake.merging.duck import quoted
from headway.rules.schemas import RuleType
from headway.validations.checking.values import EXACT, NUMBERS, WHOLE

DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
ZONE = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"

LETTERS: dict[RuleType, tuple[str, str | None]] = {
    "integer": ("-?(0|[1-9][0-9]{0,37})", None),
    "number": (r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", "double"),
    "boolean": ("(?i)true|false", None),
    "date": (DATE, "date"),
    "time": (TIME, "time"),
    "timestamp": (f"{DATE}[T ]{TIME}", "timestamp"),
    "timestamp_tz": (f"{DATE}[T ]{TIME} ?{ZONE}", "timestamptz"),
    "uuid": ("(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", None),
}
"""The letters that a text of the type has, and the type that it must also be one of."""

TYPES: dict[RuleType, frozenset[ColumnType]] = {
    "integer": WHOLE,
    "number": NUMBERS,
    "json": frozenset({ColumnType.JSON}),
}
"""Types of columns whose values all read so; by default the one of the same name."""


def reads_as(column: Column, wanted: RuleType) -> str:
    """Return SQL that is true where a value of a column reads as a type."""
    name = column.physical
    if column.type in TYPES.get(wanted, frozenset({wanted})):
        return "true"
    if column.type in AS_TEXT:
        if wanted == "json":
            return f"json_valid({name})"
        letters, kind = LETTERS[wanted]
        matches = f"regexp_full_match({name}, {quoted(letters)})"
        return f"({matches} and try_cast({name} as {kind}) is not null)" if kind else matches
    if wanted == "integer" and column.type in NUMBERS:
        whole = f"{name} = trunc({name})"
        return whole if column.type in EXACT else f"({whole} and isfinite({name}))"
    return "false"
