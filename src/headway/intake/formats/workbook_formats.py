"""What a number format says about a number: a date, a time of day, both, a length of time, or nothing but a number."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache


class Kind(Enum):
    """What a number in a cell means."""

    DATE = "date"
    MOMENT = "moment"
    TIME = "time"
    DURATION = "duration"


_BUILTIN: dict[int, Kind] = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58), Kind.DATE),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56), Kind.TIME),
    22: Kind.MOMENT,
    46: Kind.DURATION,
}
"""Formats that every workbook has without writing them down; 27 to 36 and 50 to 58 are dates of East Asia."""

_LITERALS = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]|am/pm|a/p|上午/下午', re.IGNORECASE | re.DOTALL)
"""What a format shows as it is or only colours: no code of it says anything about the number."""

_FRACTIONS = re.compile(r"(?<=[s\]])[.,]0+")
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]")
_NAMES = re.compile(r"general|standard|@", re.IGNORECASE)
_MOST_CHARACTERS = 1_000


def kind_of(number: int, code: str | None) -> Kind | None:
    """Return what the format of this id and code means; None for plain numbers and text."""
    return _BUILTIN.get(number) if code is None else kind_of_code(code)


@lru_cache(maxsize=4096)
def kind_of_code(code: str) -> Kind | None:
    """Return what a format code means, by its first section."""
    first = _LITERALS.sub("", code[:_MOST_CHARACTERS]).partition(";")[0].lower()
    if _NAMES.search(first):
        return None
    if _ELAPSED.search(first):
        return Kind.DURATION
    first = _FRACTIONS.sub("", first)
    if any(mark in first for mark in "0#?"):
        return None
    return _clock_or_calendar(first)


def _clock_or_calendar(code: str) -> Kind | None:
    has_clock = "h" in code or "s" in code
    has_day = "d" in code or "y" in code or ("e" in code and "+" not in code and "-" not in code)
    if "m" in code and not has_day and not has_clock:
        return Kind.DATE
    # An m between hours and seconds is a minute; the one of a month stands beside a day or a year, or twice.
    months = re.sub(r"h+[^a-z]*m+|m+[^a-z]*s+", "", code)
    has_day = has_day or "m" in months
    if has_day:
        return Kind.MOMENT if has_clock else Kind.DATE
    return Kind.TIME if has_clock else None
