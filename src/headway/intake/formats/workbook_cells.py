"""How the cells of a sheet become text: exactly their value, in one spelling for each kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta

_LARGEST_PLAIN = 1e21
_SMALLEST_PLAIN = 1e-15
"""Between these, floats are written without an exponent, as spreadsheets show them."""


def number_text(value: float) -> str:
    """Return the shortest digits that mean this float; whole ones without a point."""
    if value == 0:
        return "0"
    if not _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        return repr(value)
    if value.is_integer():
        return f"{Decimal(repr(value)):.0f}"
    return f"{Decimal(repr(value)):f}"


def duration_text(value: dt.timedelta) -> str:
    """Return hours, minutes and seconds; the hours may be more than a day has."""
    sign = "-" if value < dt.timedelta() else ""
    seconds, microseconds = divmod(abs(value) // dt.timedelta(microseconds=1), 1_000_000)
    text = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{microseconds:06}".rstrip("0") if microseconds else text


@dataclass(slots=True)
class CellTexts:
    """Writes cells as text and remembers which columns mix dates with and without a time of day.

    The reader gives a moment at midnight as a plain date. In a column of moments it must look like one, which
    is known only when the column has been seen; then the sheet is written again with `with_time`.
    """

    with_time: set[int] = field(default_factory=set)
    dates: set[int] = field(default_factory=set)
    moments: set[int] = field(default_factory=set)

    @property
    def mixed(self) -> set[int]:
        """The columns that must be written again."""
        return (self.dates & self.moments) - self.with_time

    def text(self, value: Cell, column: int) -> str | None:
        """Return the text of a cell; None for an empty one."""
        if isinstance(value, str):
            return value or None
        writer = _WRITERS.get(type(value))
        return writer(self, value, column) if writer else str(value)

    def _date(self, value: dt.date, column: int) -> str:
        self.dates.add(column)
        return f"{value.isoformat()} 00:00:00" if column in self.with_time else value.isoformat()

    def _moment(self, value: dt.datetime, column: int) -> str:
        self.moments.add(column)
        return value.isoformat(sep=" ")


_WRITERS: dict[type, Callable[..., str]] = {
    bool: lambda _texts, value, _column: "TRUE" if value else "FALSE",
    int: lambda _texts, value, _column: str(value),
    float: lambda _texts, value, _column: number_text(value),
    dt.date: lambda texts, value, column: texts._date(value, column),  # noqa: SLF001 - its own table of methods
    dt.datetime: lambda texts, value, column: texts._moment(value, column),  # noqa: SLF001 - as above
    dt.time: lambda _texts, value, _column: value.isoformat(),
    dt.timedelta: lambda _texts, value, _column: duration_text(value),
}
