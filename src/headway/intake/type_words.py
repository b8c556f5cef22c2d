"""Why a column has its type, in sentences for the person who uploaded it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from headway.plurals import counted

SHOWN_CHARACTERS = 60

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_REASONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\s|.*\s$", re.DOTALL), "has a blank at its beginning or end"),
    (re.compile(r"-?0\d+(\.\d+)?$"), "begins with a zero that a number would lose"),
    (re.compile(r"-0$"), "is a zero with a minus sign, which a whole number would lose"),
    (re.compile(r"\+[\d.\s()/-]+$"), "begins with a plus sign that a number would lose"),
    (re.compile(r"-?\d+(\.\d+)?[eE][+-]?\d+$"), "may be a code and not a number with an exponent"),
    (re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2}$"), "is a date with two digits for the year"),
    (re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{4}"), "is a date whose day and month could be swapped"),
    (re.compile(r"-?\d{1,3}([.,'’ ]\d{3})+([.,]\d+)?$|-?\d+,\d+$"), "has separators that can be read in two ways"),
    (re.compile(r"-?\d{39,}$|-?\d+\.\d+$"), "has more digits than a number can keep"),
    (re.compile(_DATE + r"(?:[T ].*)?$"), "is not a date of the calendar"),
)


def why_typed(values: int, tokens: Counter[str], says: str, *, padded: bool = False) -> str:
    said = f"All {values:,} values are {says}" if values > 1 else f"The only value is {says}"
    said += ", blanks around them aside" if padded else ""
    words = [_cells(token, count) for token, count in sorted(tokens.items()) if token]
    return f"{said}; {' and '.join(words)}, read as empty." if words else f"{said}."


def why_text(
    values: int, tokens: Counter[str], forms: Sequence[str | None], first: str | None, against: str | None
) -> str:
    """Say why a column is text. `forms` are the formats in which all its values could be read, if there are several;

    `first` is any of its values, `against` one that spoke against the reading that fitted best.
    """
    if not values:
        return "Kept as text: no cell holds a value that says what it is."
    if forms and len(kinds := sorted(token for token in tokens if token)) > 2:
        return f"Kept as text: it mixes several words for no value ({', '.join(map(shown, kinds))})."
    if len(forms) > 1:
        ways = " or ".join(dict.fromkeys(form or "1234.5" for form in forms[:4]))
        swapped = "is a date whose day and month could be swapped" if "YYYY" in ways else "can be read in two ways"
        return f"Kept as text: “{shown(first or '')}” {swapped} ({ways}), and nothing decides which."
    example = against or first
    if example is None:
        return "Text."
    for pattern, reason in _REASONS:
        if pattern.match(example):
            return f"Kept as text: “{shown(example)}” {reason}."
    return f"Text, for example “{shown(example)}”."


def shown(text: str) -> str:
    """Return a value fit for a sentence: short, and with control characters made visible."""
    visible = "".join(
        c if c.isprintable() or c == " " else f"\\x{ord(c):02x}" if ord(c) < 256 else "\ufffd"
        for c in text[:SHOWN_CHARACTERS]
    )
    return visible if len(text) <= SHOWN_CHARACTERS else visible[: SHOWN_CHARACTERS - 3] + "…"


def _cells(token: str, count: int) -> str:
    return counted(count, f"cell says {shown(token)}", f"cells say {shown(token)}")
