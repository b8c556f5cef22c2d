"""How dates and times are written: `DD.MM.YYYY`, `h:MM AM`, `YYYY-MM-DDTHH:MM:SS.fff±HH:MM`. Read and printed by it.

`MM` is the month, and after an hour the minute. One letter (`D M H h`) is a number without a zero in front; `h` counts
to 12. `Mon` and `Month` are English names (`mon`, `MON`, `MONTH` in their case), `Ddd` and `Dddd` those of days, `f` the
digits of a fraction. Reading is tolerant where nothing else can be meant: of zeros in front, and of missing seconds and
other fractions. Everything works on whole Arrow arrays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property

import pyarrow as pa
import pyarrow.compute as pc

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_CLOCK = re.compile(
    r"(?P<hour>HH|H|hh|h):MM(?P<seconds>:SS(?:(?P<point>[.,])(?P<fraction>f{1,9}))?)?"
    r"(?P<gap> ?)(?P<half>AM|am|a\.m\.)?(?P<zone_gap> ?)(?P<zone>±HH:MM|±HHMM|±HH|UTC|GMT|Z|[+-]\d\d(?::?\d\d)?)?$"
)
_DATE_TOKEN = re.compile(r"YYYY|Month|MONTH|month|Mon|MON|mon|Dddd|Ddd|DD|D|MM|M|.", re.DOTALL)
_MONTH_NAMES, _DAY_NAMES = {"mon", "month"}, {"Ddd", "Dddd"}
_HALVES = {"AM": ("PM", "AM", "[AP]M"), "am": ("pm", "am", "[ap]m"), "a.m.": ("p.m.", "a.m.", r"[ap]\.m\.")}
_ANY_ZONE = r"Z|[+-][0-2][0-9](?::?[0-5][0-9])?"
_ISO = re.compile(r"YYYY-MM-DD(?:[T ]HH:MM(?::SS(?:\.f{1,6})?)?(?:Z|±HH:MM)?)?")
_SPANS = {"YYYY": (0, 4), "MM": (5, 7), "M": (5, 7), "DD": (8, 10), "D": (8, 10)}


@dataclass(frozen=True)
class Layout:
    """One way of writing dates, times or both. Raises `ValueError` for a text that is no layout."""

    text: str

    def __post_init__(self) -> None:
        fields = [token for token in self._date if len(token) > 1 or token in {"D", "M"}]
        kinds = sorted(
            "M" if token.lower() in _MONTH_NAMES or token[0] == "M" else token[0]
            for token in fields
            if token not in _DAY_NAMES
        )
        if kinds not in ([], ["D", "M", "Y"]) or (not kinds and self._clock is None):
            raise ValueError(f"{self.text!r} says no date and no time")

    @cached_property
    def _clock(self) -> re.Match[str] | None:
        return _CLOCK.search(self.text)

    @cached_property
    def _date(self) -> list[str]:
        """Return the fields of the date and what stands between and behind them."""
        return _DATE_TOKEN.findall(self.text[: self._clock.start()] if self._clock else self.text)

    @cached_property
    def has_date(self) -> bool:
        return "YYYY" in self._date

    @property
    def has_time(self) -> bool:
        return self._clock is not None

    @property
    def zone(self) -> str | None:
        return self._clock["zone"] if self._clock else None

    @property
    def type(self) -> pa.DataType:
        if not self.has_time:
            return pa.date32()
        return pa.timestamp("us", "UTC" if self.zone else None) if self.has_date else pa.time64("us")

    @cached_property
    def pattern(self) -> str:
        return self._regex(named=False)

    def _regex(self, *, named: bool) -> str:
        # Without anything between, only a fixed number of digits tells the fields apart.
        strict = all(token.isalpha() for token in self._date)
        pieces = [_date_piece(token, strict=strict, named=named) for token in self._date]
        if self._clock is not None:
            hour = "[01]?[0-9]" if self._clock["half"] else "[0-2]?[0-9]"
            pieces += [_group("hour", hour, named), ":", _group("minute", "[0-5][0-9]", named)]
            # Beyond microseconds there may be nothing but zeros, or digits would be lost.
            fraction = _group("fraction", "[0-9]{1,6}", named) + "0{0,3}"
            pieces.append(f"(?::{_group('second', '[0-5][0-9]', named)}(?:[.,]{fraction})?)?")
            half, zone = self._clock["half"], self._clock["zone"]
            pieces += [
                self._clock["gap"],
                _group("half", _HALVES[half][2], named) if half else "",
                self._clock["zone_gap"],
            ]
            pieces.append(_group("zone", _ANY_ZONE, named) if zone and zone[0] == "±" else re.escape(zone or ""))
        return "".join(pieces)

    # ------------------------------------------------------------------------------------------------- reading

    def parse(self, texts: pa.Array) -> pa.Array:
        """Return dates, times of day or moments. Raises `pa.ArrowInvalid` for what no calendar or clock has."""
        if texts.null_count == len(texts):
            return pa.nulls(len(texts), self.type)
        if _ISO.fullmatch(self.text):
            return texts.cast(self.type)
        part = self._fields(texts)
        date = None
        if self.has_date:
            date = pc.binary_join_element_wise(part["year"], _month(part), _padded(part["day"]), "-")
            if not self.has_time:
                return date.cast(pa.date32())
        clock = self._time(part)
        if date is None:
            return pc.binary_join_element_wise("1970-01-01T", clock, "").cast(pa.timestamp("us")).cast(pa.time64("us"))
        moment = pc.binary_join_element_wise(date, clock, "T")
        return pc.binary_join_element_wise(moment, self._offset(part), "").cast(self.type)

    def _fields(self, texts: pa.Array) -> dict[str, pa.Array]:
        if self._fixed is not None and pc.all(pc.equal(pc.binary_length(texts), len(self.text))).as_py():
            raw = texts.cast(pa.binary())
            return {name: pc.binary_slice(raw, *span).cast(pa.string()) for name, span in self._fixed.items()}
        found = pc.extract_regex(texts, f"^{self._regex(named=True)}$")
        if found.null_count > texts.null_count:
            raise pa.ArrowInvalid(f"a value is not written like {self.text}")
        # Unlike `found.field`, this leaves the fields of a missing text missing.
        return {field.name: pc.struct_field(found, place) for place, field in enumerate(found.type)}

    @cached_property
    def _fixed(self) -> dict[str, tuple[int, int]] | None:
        """Return where the fields of a date of fixed width stand; None for any other layout."""
        if self.has_time or not {"YYYY", "MM", "DD"} <= set(self._date) or len(self._date) > 5:
            return None
        return {
            name: (self.text.index(token), self.text.index(token) + len(token))
            for name, token in (("year", "YYYY"), ("month", "MM"), ("day", "DD"))
        }

    def _time(self, part: dict[str, pa.Array]) -> pa.Array:
        hour = part["hour"]
        if "half" in part:
            number = hour.cast(pa.int32())
            if pc.any(pc.or_(pc.less(number, 1), pc.greater(number, 12))).as_py():
                raise pa.ArrowInvalid("an hour of half a day is not 1 to 12")
            late = pc.equal(pc.utf8_lower(pc.utf8_slice_codeunits(part["half"], 0, 1)), "p")
            number = pc.add(pc.if_else(pc.equal(number, 12), 0, number), pc.if_else(late, 12, 0))
            hour = number.cast(pa.string())
        seconds = pc.if_else(pc.equal(part["second"], ""), "00", part["second"])
        fraction = pc.if_else(pc.equal(part["fraction"], ""), "0", part["fraction"])
        clock = pc.binary_join_element_wise(_padded(hour), part["minute"], seconds, ":")
        return pc.binary_join_element_wise(clock, fraction, ".")

    def _offset(self, part: dict[str, pa.Array]) -> pa.Array | str:
        if "zone" in part:
            return _full_offset(part["zone"])
        zone = self.zone
        if zone is None:
            return ""
        return "Z" if zone in {"Z", "UTC", "GMT"} else f"{zone[:3]}:{zone[3:].removeprefix(':') or '00'}"

    # ------------------------------------------------------------------------------------------------ printing

    def written(self, values: pa.Array) -> pa.Array:
        """Return the values as this layout writes them. Seconds without room for a fraction show it where there is one."""
        if self.text == "YYYY-MM-DD":
            return values.cast(pa.string())
        plain = self.text == "YYYY-MM-DD HH:MM:SS"
        if plain and _is_whole(values, "s"):
            return values.cast(pa.timestamp("s")).cast(pa.string())
        iso = self._iso(values)
        parts = [_printed(token, iso) for token in self._date]
        return pc.binary_join_element_wise(*parts, *(self._printed_clock(values, iso) if self._clock else ()), "")

    def _iso(self, values: pa.Array) -> pa.Array:
        """Return the values as `YYYY-MM-DD HH:MM:SS.ffffff`, with the offset of the layout added."""
        if pa.types.is_time(values.type):
            return pc.binary_join_element_wise("1970-01-01 ", values.cast(pa.string()), "").cast(pa.binary())
        if pa.types.is_timestamp(values.type) and values.type.tz is not None:
            values = values.cast(pa.timestamp("us"))
            if offset := _offset_seconds(self.zone or "Z"):
                values = pc.add(values, pa.scalar(offset * 1_000_000, pa.duration("us")))
        return values.cast(pa.string()).cast(pa.binary())

    def _printed_clock(self, values: pa.Array, iso: pa.Array) -> list[pa.Array | str]:
        clock = self._clock
        if clock is None:
            return []
        hour = _slice(iso, 11, 13)
        parts = [self._printed_hour(hour, clock["hour"]), ":", _slice(iso, 14, 16)]
        if clock["seconds"]:
            parts += [":", _slice(iso, 17, 19), *_printed_fraction(values, iso, clock)]
        if clock["half"]:
            late, early, _ = _HALVES[clock["half"]]
            parts += [clock["gap"], pc.if_else(pc.greater_equal(hour.cast(pa.int32()), 12), late, early)]
        else:
            parts.append(clock["gap"])
        zone = clock["zone"] or ""
        return [*parts, clock["zone_gap"], "Z" if zone[:1] == "±" else zone]

    @staticmethod
    def _printed_hour(hour: pa.Array, token: str) -> pa.Array:
        if token[0] == "h":
            number = hour.cast(pa.int32())
            number = pc.subtract(number, pc.if_else(pc.greater(number, 12), 12, 0))
            hour = _padded(pc.if_else(pc.equal(number, 0), 12, number).cast(pa.string()))
        return hour if len(token) == 2 else _bare(hour)


def _date_piece(part: str, *, strict: bool, named: bool) -> str:
    lower = part.lower()
    if lower in _MONTH_NAMES:
        names = [month if lower == "month" else month[:3] for month in MONTHS]
        return _group("name", "|".join(_in_case(name, part) for name in names), named)
    if part in _DAY_NAMES:
        return f"(?:{'|'.join(day if part == 'Dddd' else day[:3] for day in DAYS)})"
    if part == "YYYY":
        return _group("year", "[0-9]{4}", named)
    if part in {"DD", "D", "MM", "M"}:
        digits = "[0-9]{2}" if strict else "[0-3]?[0-9]" if part[0] == "D" else "[01]?[0-9]"
        return _group("day" if part[0] == "D" else "month", digits, named)
    return re.escape(part)


def _group(name: str, inner: str, named: bool) -> str:
    return f"(?P<{name}>{inner})" if named else f"(?:{inner})"


def _in_case(name: str, token: str) -> str:
    return name.upper() if token.isupper() else name.lower() if token.islower() else name


def _padded(texts: pa.Array) -> pa.Array:
    return pc.ascii_lpad(texts, 2, "0")


def _bare(texts: pa.Array) -> pa.Array:
    bare = pc.ascii_ltrim(texts, "0")
    return pc.if_else(pc.equal(bare, ""), "0", bare)


def _month(part: dict[str, pa.Array]) -> pa.Array:
    if "month" in part:
        return _padded(part["month"])
    short = pc.utf8_slice_codeunits(pc.utf8_lower(part["name"]), 0, 3)
    place = pc.index_in(short, pa.array([month[:3].lower() for month in MONTHS]))
    return _padded(pc.add(place, 1).cast(pa.string()))


def _full_offset(zones: pa.Array) -> pa.Array:
    """Return offsets with a colon and minutes."""
    bare = pc.replace_substring(zones, ":", "")
    full = pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(bare, 0, 3), pc.ascii_rpad(pc.utf8_slice_codeunits(bare, 3, 5), 2, "0"), ":"
    )
    return pc.if_else(pc.equal(zones, "Z"), "Z", full)


def _slice(iso: pa.Array, start: int, stop: int) -> pa.Array:
    return pc.binary_slice(iso, start, stop).cast(pa.string())


def _printed(part: str, iso: pa.Array) -> pa.Array | str:
    """Return one part of the date of each value."""
    lower = part.lower()
    if lower in _MONTH_NAMES:
        names = pa.array([_in_case(month if lower == "month" else month[:3], part) for month in MONTHS])
        return names.take(pc.subtract(_slice(iso, 5, 7).cast(pa.int32()), 1))
    if part in _DAY_NAMES:
        names = pa.array([day if part == "Dddd" else day[:3] for day in DAYS])
        return names.take(pc.day_of_week(_slice(iso, 0, 10).cast(pa.date32())))
    span = _SPANS.get(part)
    if span is None:
        return part
    digits = _slice(iso, *span)
    return _bare(digits) if len(part) == 1 else digits


def _printed_fraction(values: pa.Array, iso: pa.Array, clock: re.Match[str]) -> list[pa.Array | str]:
    if clock["fraction"]:
        size = len(clock["fraction"])
        return [clock["point"], pc.ascii_rpad(_slice(iso, 20, 20 + min(6, size)), size, "0")]
    if _is_whole(values, "s"):
        return []
    digits = pc.ascii_rtrim(_slice(iso, 20, 26), "0")
    return [pc.if_else(pc.equal(digits, ""), "", pc.binary_join_element_wise(".", digits, ""))]


def _is_whole(values: pa.Array, unit: str) -> bool:
    kind = pa.time32(unit) if pa.types.is_time(values.type) else pa.timestamp(unit, values.type.tz)
    try:
        values.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _offset_seconds(zone: str) -> int:
    match = re.fullmatch(r"([+-])(\d\d):?(\d\d)?", zone)
    if match is None:
        return 0
    seconds = int(match[2]) * 3600 + int(match[3] or 0) * 60
    return -seconds if match[1] == "-" else seconds


@cache
def layout(text: str) -> Layout:
    return Layout(text)
