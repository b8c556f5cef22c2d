"""Which layouts a date or a time can be written in, found from examples of a column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headway.datasets.layouts import DAYS, MONTHS

_MONTH = "|".join([*MONTHS, *(month[:3] for month in MONTHS)])
_DAY = "|".join([*DAYS, *(day[:3] for day in DAYS)])
_DATE = re.compile(
    rf"(?P<week>(?:{_DAY}),? )?(?:"
    r"(?P<y1>\d{4})(?P<s1>[-/.])(?P<m1>\d\d?)(?P=s1)(?P<d1>\d\d?)"
    r"|(?P<a>\d\d?)(?P<s2>[-/.])(?P<b>\d\d?)(?P=s2)(?P<y2>\d{4})"
    rf"|(?P<d3>\d\d?)(?P<s3>[- ./]|)(?P<n3>{_MONTH})(?P<t3>[- ./,]|, |)(?P<y3>\d{{4}})"
    rf"|(?P<n4>{_MONTH})(?P<s4>[ .-]|\. )(?P<d4>\d\d?)(?P<t4>, |[ -])(?P<y4>\d{{4}})"
    r")",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?P<h>\d\d?):\d\d(?P<s>:\d\d(?:(?P<point>[.,])(?P<f>\d{1,9}))?)?(?P<gap> ?)(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"(?P<zgap> ?)(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
)
_BETWEEN = re.compile(r"T|, | at | - |  ?|:")
MOST_LAYOUTS = 12


@dataclass(frozen=True, slots=True)
class _Date:
    """The parts of a date's layout: `order` is what makes it another date, `text` how it is written."""

    order: str
    text: str


@dataclass(frozen=True, slots=True)
class _Clock:
    order: str
    text: str
    offset: str | None = None


def propose_layouts(samples: Sequence[str]) -> list[str]:
    """Return what all the samples together can be; several where day and month could be swapped."""
    read = [found for sample in samples if (found := list(_readings(sample)))]
    if not read:
        return []
    orders = Counter(order for found in read for order in {order for order, _, _ in found})
    made: list[str] = []
    for order, _ in orders.most_common(MOST_LAYOUTS):
        texts = Counter(text for found in read for other, text, _ in found if other == order)
        offsets = {offset for found in read for other, _, offset in found if other == order}
        made += _choose([text for text, _ in texts.most_common()], offsets)
    return list(dict.fromkeys(made))


def _choose(texts: list[str], offsets: set[str | None]) -> Iterator[str]:
    """Yield the layout that prints most examples: bare numbers if any is written so, one zone if all have the same."""
    chosen = texts[0]
    for letter in "DMHh":
        alone = re.compile(rf"(?<![A-Za-z]){letter}(?![A-Za-z])")
        if any(alone.search(text) for text in texts):
            chosen = re.sub(rf"(?<![A-Za-z:]){letter}{letter}(?![A-Za-z])", letter, chosen)
    if len(offsets) == 1 and (offset := next(iter(offsets))):
        yield re.sub("±HH(?::?MM)?", offset, chosen)
    yield chosen


# ------------------------------------------------------------------------------------------------- one example


def _readings(sample: str) -> Iterator[tuple[str, str, str | None]]:
    """Yield (order, layout, offset) for each way to read one example."""
    if len(sample) > 60:
        return
    if (clock := _clock(sample, 0)) is not None:
        yield clock.order, clock.text, clock.offset
        return
    match = _DATE.match(sample)
    if match is None:
        return
    rest = sample[match.end() :]
    tail: _Clock | None = _Clock("", "")
    if rest:
        between = _BETWEEN.match(rest)
        clock = _clock(rest, between.end()) if between else None
        tail = (
            _Clock(f"{rest[: between.end()]}{clock.order}", f"{rest[: between.end()]}{clock.text}", clock.offset)
            if between and clock
            else None
        )
    if tail is None:
        return
    for date in _dates(match):
        yield date.order + tail.order, date.text + tail.text, tail.offset


def _dates(match: re.Match[str]) -> Iterator[_Date]:
    part = match.groupdict()
    week = _week(part["week"])
    if part["y1"]:
        s = part["s1"]
        if s == "-" and len(part["m1"]) == len(part["d1"]) == 2:
            yield _Date(f"{week}y-m-d", f"{week}YYYY-MM-DD")
        else:
            yield _Date(f"{week}y{s}m{s}d", f"{week}YYYY{s}{_pad(part['m1'], 'M')}{s}{_pad(part['d1'], 'D')}")
    elif part["y2"]:
        s = part["s2"]
        day_first = f"{week}{_pad(part['a'], 'D')}{s}{_pad(part['b'], 'M')}{s}YYYY"
        yield _Date(f"{week}d{s}m{s}y", day_first)
        if s != ".":
            yield _Date(f"{week}m{s}d{s}y", f"{week}{_pad(part['a'], 'M')}{s}{_pad(part['b'], 'D')}{s}YYYY")
    elif part["y3"]:
        name = _name(part["n3"])
        yield _Date(
            f"{week}d{name}{part['s3']}{part['t3']}y",
            f"{week}{_pad(part['d3'], 'D')}{part['s3']}{name}{part['t3']}YYYY",
        )
    else:
        name = _name(part["n4"])
        yield _Date(
            f"{week}{name}{part['s4']}d{part['t4']}y",
            f"{week}{name}{part['s4']}{_pad(part['d4'], 'D')}{part['t4']}YYYY",
        )


def _clock(text: str, start: int) -> _Clock | None:
    match = _TIME.fullmatch(text, start)
    if match is None or (not match["half"] and match["gap"] and not match["zone"]):
        return None
    half = _half(match["half"]) if match["half"] else ""
    if half is None or (match["half"] and int(match["h"]) > 12):
        return None
    hour = _pad(match["h"], "h" if half else "H")
    seconds = ":SS" if match["s"] else ""
    fraction = f"{match['point']}{'f' * len(match['f'])}" if match["f"] else ""
    gap = match["gap"] + match["zgap"] if not half else match["gap"]
    zone_gap = match["zgap"] if half else ""
    zone, offset = _zone(match["zone"])
    tail = f"{gap}{half}{zone_gap}{zone}"
    point = match["point"] or "."
    return _Clock(f"{'h' if half else 'H'}{point}{tail}", f"{hour}:MM{seconds}{fraction}{tail}", offset)


def _zone(zone: str | None) -> tuple[str, str | None]:
    """Return the zone's kind, and what it says here where it is an offset or Z, which are alike."""
    if not zone:
        return "", None
    if zone in {"UTC", "GMT"}:
        return zone, zone
    if zone == "Z":
        return "±HH:MM", "Z"
    return {6: "±HH:MM", 5: "±HHMM", 3: "±HH"}[len(zone)], zone


def _half(text: str) -> str | None:
    if "." in text:
        return "a.m." if text in {"a.m.", "p.m."} else None
    return "AM" if text.isupper() else "am" if text.islower() else None


def _pad(digits: str, letter: str) -> str:
    return letter * len(digits)


def _name(month: str) -> str:
    token = "Month" if len(month) > 3 else "Mon"
    return token.upper() if month.isupper() else token.lower() if month.islower() else token


def _week(week: str | None) -> str:
    if not week:
        return ""
    comma = ", " if "," in week else " "
    return ("Ddd" if len(week.rstrip(", ")) == 3 else "Dddd") + comma
