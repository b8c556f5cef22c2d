"""How the cells of a sheet become text: exactly their value, in one spelling for each kind."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from headway.intake.formats.workbook_formats import Kind

_LARGEST_PLAIN = 1e21
_SMALLEST_PLAIN = 1e-15
"""Between these, floats are written without an exponent, as spreadsheets show them."""

EXACT_DIGITS = 15
"""Spreadsheet programs keep no more; the rest of a longer number was lost before the file was saved."""

DAY = 86_400_000
"""In milliseconds; a spreadsheet shows nothing finer, and its floats hold little more."""

LAST_DAY = 2_958_465
LAST_DAY_1904 = LAST_DAY - 1462
_LEAP_DAY = 60
"""29 February 1900, which spreadsheets count and the calendar does not."""

FIRST_SURE_DAY = _LEAP_DAY + 1
"""From this day on all programs count alike."""

LARGEST_WHOLE = 10**EXACT_DIGITS
"""Whole numbers below have no more digits than spreadsheet programs keep."""

EPOCH_1900 = dt.date(1899, 12, 30).toordinal()
EPOCH_1904 = dt.date(1904, 1, 1).toordinal()

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def number_text(value: float) -> str:
    """Return the shortest digits that mean this float; whole ones without a point."""
    if value == 0:
        return "0"
    if not _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        return repr(value)
    if value == int(value):
        return f"{Decimal(repr(value)):.0f}"
    text = repr(value)
    return text if "e" not in text else f"{Decimal(text):f}"


def token_text(token: str) -> str:
    """Return the text of a number that is written with these characters; what is no number stays as it is.

    Whole numbers keep their own digits: programs that write all of them mean all of them.
    """
    digits = token[1:] if token[:1] == "-" else token
    if digits.isdecimal() and digits.isascii() and digits[0] != "0":
        return token
    try:
        value = float(token)
    except ValueError:
        return token
    if repr(value) == token and not token.endswith(".0") and token[-1].isdecimal() and "e" not in token:
        return token  # As `number_text` would: no exponent means that it is between its bounds.
    return number_text(value) if math.isfinite(value) and "_" not in token else token


def is_long(text: str) -> bool:
    """Say whether it is a whole number of more digits than spreadsheet programs keep."""
    return len(text) > EXACT_DIGITS and text.lstrip("-").isdecimal() and len(text.lstrip("-")) > EXACT_DIGITS


def duration_text(milliseconds: int) -> str:
    """Return hours, minutes and seconds; the hours may be more than a day has."""
    sign = "-" if milliseconds < 0 else ""
    seconds, rest = divmod(abs(milliseconds), 1000)
    text = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{rest:03}".rstrip("0") if rest else text


def unescape(text: str) -> str:
    """Return text with the characters that Excel writes as _x000D_ because XML cannot hold them."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if 0xD800 <= code <= 0xDFFF else chr(code)  # Half a character stays written out.


@lru_cache(maxsize=65_536)
def _date_text(ordinal: int) -> str:
    return dt.date.fromordinal(ordinal).isoformat()


@dataclass(slots=True)
class CellTexts:
    """Writes numbers that mean dates as text, and remembers which columns mix them with and without a time of day.

    In a column of moments, one at midnight must look like a moment, which is known only when the column has
    been seen; then the sheet is written again with `with_time`.
    """

    with_time: frozenset[int] = frozenset()
    starts_1904: bool = False
    dates: set[int] = field(default_factory=set)
    moments: set[int] = field(default_factory=set)
    odd_dates: int = 0
    long_numbers: int = 0

    @property
    def mixed(self) -> frozenset[int]:
        """The columns that must be written again."""
        return frozenset((self.dates & self.moments) - self.with_time)

    def number(self, token: str) -> str:
        """Return the text of a plain number."""
        if token.isdecimal() and len(token) <= EXACT_DIGITS and token.isascii() and token[0] != "0":
            return token  # As `token_text` would, which most cells need not ask.
        text = token_text(token)
        self.long_numbers += is_long(text)
        return text

    def serial_of(self, token: str, kind: Kind, column: int) -> str:
        """Return the text of a number that is written with these characters; what is no number stays as it is."""
        try:
            value = float(token)
        except ValueError:
            return token
        return self.serial(value, kind, column)

    def serial(self, value: float, kind: Kind, column: int) -> str:
        """Return a number as what its format makes of it; one that means no date of the calendar stays a number."""
        text = self._serial(value, kind, column) if math.isfinite(value) else None
        if text is None:
            self.odd_dates += 1
            return number_text(value) if math.isfinite(value) else repr(value)
        return text

    def _serial(self, value: float, kind: Kind, column: int) -> str | None:
        if abs(value) > LAST_DAY + 1:
            return None
        days, rest = divmod(round(value * DAY), DAY)
        if kind is Kind.DURATION or (kind is Kind.TIME and (days or value < 0)):
            return duration_text(days * DAY + rest)
        if kind is Kind.TIME or (kind is Kind.MOMENT and days == 0 and not self.starts_1904 and rest):
            return duration_text(rest)
        ordinal = self._ordinal(days)
        if ordinal is None:
            return None
        if kind is Kind.DATE and not rest:
            return self.date(_date_text(ordinal), column)
        return self.moment(f"{_date_text(ordinal)} {duration_text(rest)}", column)

    def _ordinal(self, days: int) -> int | None:
        if self.starts_1904:
            return EPOCH_1904 + days if 0 <= days <= LAST_DAY_1904 else None
        if days == _LEAP_DAY or not 1 <= days <= LAST_DAY:
            return None
        return EPOCH_1900 + days + (days < _LEAP_DAY)

    def date(self, text: str, column: int) -> str:
        self.dates.add(column)
        return f"{text} 00:00:00" if column in self.with_time else text

    def moment(self, text: str, column: int) -> str:
        self.moments.add(column)
        return text
