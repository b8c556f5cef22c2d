"""The ways in which text can be read as a type, proposed from a few of a column's values.

A reading is exact if nothing that it takes has another reading of its type; the others are taken only if the user
asks for them: numbers with zeros in front, exponents that may be codes, years with two digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import ColumnType
from headway.datasets.layouts import layout
from headway.datasets.numerals import PLAIN, Numeral
from headway.intake.date_layouts import propose_layouts

MAX_DIGITS = 38

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_PLAIN_FLOAT = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
_FLOAT = rf"{_PLAIN_FLOAT}|-?[0-9]\.[0-9]+[eE][+-]?[0-9]{{1,3}}|-?[1-9][eE][+-][0-9]{{1,3}}"
_MARKS = (".", ",", "'", "’", " ", "\u00a0", "\u202f")

BOOLEANS = (("true", "false"), ("TRUE", "FALSE"), ("True", "False"))
LOOSE_BOOLEANS = (
    ("yes", "no"), ("Yes", "No"), ("YES", "NO"), ("y", "n"), ("Y", "N"), ("t", "f"), ("T", "F"), ("1", "0"),
    ("on", "off"), ("On", "Off"), ("ON", "OFF"), ("ja", "nein"), ("Ja", "Nein"), ("oui", "non"), ("Oui", "Non"),
    ("si", "no"), ("sí", "no"), ("Sí", "No"), ("x", ""),
)  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """One way to read text as a type, `format` recorded with the column. `pattern` is RE2 and covers a whole value."""

    type: ColumnType
    pattern: str
    says: str
    format: str | None = None
    exact: bool = True
    numeral: Numeral = PLAIN
    after: int = 0
    """How far down the order of preference it stands."""

    @cached_property
    def anchored(self) -> str:
        return f"^(?:{self.pattern})$"

    @property
    def is_number(self) -> bool:
        return self.type in {ColumnType.INTEGER, ColumnType.DECIMAL}

    @property
    def takes_digits(self) -> bool:
        """Say whether it takes whatever is nothing but digits, zeros in front included."""
        return self.is_number and not self.exact and self.numeral == PLAIN

    @property
    def needs_pattern(self) -> bool:
        """Say whether a value can be told only by its pattern, because its print is always what was written."""
        return self.type in {ColumnType.UUID, ColumnType.JSON}

    def is_part_of(self, other: Reading) -> bool:
        """Say whether the other reading takes all that this one takes, and means the same by it."""
        if not self.exact or self.type not in {ColumnType.INTEGER, ColumnType.DECIMAL}:
            return False
        if self.type is ColumnType.DECIMAL and other.type is ColumnType.INTEGER:
            return False
        if other.type not in {ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.NUMBER}:
            return False
        same_mark = self.numeral.decimal == other.numeral.decimal or self.type is ColumnType.INTEGER
        return same_mark and self.numeral.thousands in {"", other.numeral.thousands}

    def parse(self, texts: pa.Array) -> pa.Array:
        """Return the values. Raises `pa.ArrowInvalid` for a text that only looks like one."""
        return _PARSERS[self.type](self, texts)


def _parse_number(reading: Reading, texts: pa.Array) -> pa.Array:
    return reading.numeral.plain(texts)


def _parse_float(reading: Reading, texts: pa.Array) -> pa.Array:
    values = texts.cast(pa.float64())
    if pc.any(pc.is_inf(values)).as_py():
        raise pa.ArrowInvalid("a number is too large for a float")
    if pc.any(pc.match_substring_regex(texts, r"[1-9](?:\.?[0-9]){17,}")).as_py():
        raise pa.ArrowInvalid("a number has more digits than a float keeps")
    return values


def _parse_boolean(reading: Reading, texts: pa.Array) -> pa.Array:
    return pc.equal(texts, (reading.format or "true/false").split("/")[0])


def _parse_moment(reading: Reading, texts: pa.Array) -> pa.Array:
    return layout(reading.format or "").parse(texts)


def _parse_json(reading: Reading, texts: pa.Array) -> pa.Array:
    for text in texts.to_pylist():
        if text is not None:
            try:
                orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise pa.ArrowInvalid(str(error)) from None
    return texts


_PARSERS: dict[ColumnType, Callable[[Reading, pa.Array], pa.Array]] = {
    ColumnType.INTEGER: _parse_number,
    ColumnType.DECIMAL: _parse_number,
    ColumnType.NUMBER: _parse_float,
    ColumnType.BOOLEAN: _parse_boolean,
    ColumnType.DATE: _parse_moment,
    ColumnType.TIME: _parse_moment,
    ColumnType.TIMESTAMP: _parse_moment,
    ColumnType.TIMESTAMP_TZ: _parse_moment,
    ColumnType.UUID: lambda _reading, texts: texts,
    ColumnType.JSON: _parse_json,
}


# --------------------------------------------------------------------------------------------------- proposals


def propose(samples: Sequence[str]) -> list[Reading]:
    """Return the readings that some of a column's values suggest, in order of preference."""
    found = [*_numbers(samples), *_booleans(samples), *_moments(samples), *_others(samples)]
    return sorted(found, key=lambda reading: (not reading.exact, reading.after))


def number_reading(numeral: Numeral, *, whole: bool) -> Reading:
    plain = numeral == PLAIN
    says = "whole numbers" if whole else "numbers with a decimal point" if plain else f"numbers like {numeral.text}"
    return Reading(
        ColumnType.INTEGER if whole else ColumnType.DECIMAL,
        "0|-?[1-9][0-9]*" if whole and plain else numeral.pattern(whole=whole),
        f"whole numbers like 1{numeral.thousands}234" if whole and not plain else says,
        format=None if plain else f"1{numeral.thousands}234" if whole else numeral.text,
        numeral=numeral,
        after=0 if plain and whole else 1 if plain else 2 + 2 * bool(numeral.thousands) - whole,
    )


def _numbers(samples: Sequence[str]) -> Iterator[Reading]:
    digits = [sample for sample in samples if re.search(r"[0-9]", sample)]
    if not digits:
        return
    yield number_reading(PLAIN, whole=True)
    yield number_reading(PLAIN, whole=False)
    if any(re.fullmatch(r"[-+]?[0-9.]+[eE][-+]?[0-9]+", sample) for sample in digits):
        yield Reading(ColumnType.NUMBER, _FLOAT, "numbers in scientific notation", after=8)
        yield Reading(
            ColumnType.NUMBER,
            r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?",
            "numbers with an exponent",
            exact=False,
            after=9,
        )
    yield Reading(ColumnType.INTEGER, r"[-+]?[0-9]+", "whole numbers", exact=False, after=10)
    yield Reading(ColumnType.DECIMAL, r"[-+]?[0-9]*\.?[0-9]+", "numbers with a decimal point", exact=False, after=11)
    marks = {mark for mark in _MARKS for sample in digits if re.search(rf"[0-9]{re.escape(mark)}[0-9]", sample)}
    if marks - {"."}:
        yield from _marked(marks)


def _marked(marks: set[str]) -> Iterator[Reading]:
    """Yield what a number with marks can be: each mark may stand for either, but not for both."""
    for decimal in (".", ","):
        for thousands in ("", *_MARKS):
            numeral = Numeral(decimal, thousands)
            used = {decimal, thousands} & marks
            if (
                thousands == decimal
                or not used
                or (not marks <= {decimal, thousands, "."} and not marks <= {decimal, thousands, ","})
            ):
                continue
            if numeral != PLAIN:
                yield number_reading(numeral, whole=False)
                if thousands:
                    yield number_reading(numeral, whole=True)


def boolean_reading(true: str, false: str, *, exact: bool) -> Reading:
    pattern = "|".join(map(re.escape, (true, false)))
    return Reading(ColumnType.BOOLEAN, pattern, f"either {true} or {false}", f"{true}/{false}", exact=exact, after=12)


def _booleans(samples: Sequence[str]) -> Iterator[Reading]:
    words = set(samples)
    if len(words) > 2:
        return
    for pair in BOOLEANS:
        if words <= set(pair):
            yield boolean_reading(*pair, exact=True)
    for pair in LOOSE_BOOLEANS:
        if words <= set(pair):
            yield boolean_reading(*pair, exact=False)


def moment_reading(text: str, *, exact: bool = True, after: int = 20) -> Reading:
    """Return the reading of dates, times or moments by a layout. Raises `ValueError` for a text that is none."""
    found = layout(text)
    kind = ColumnType.DATE
    if found.has_time:
        kind = ColumnType.TIMESTAMP_TZ if found.zone else ColumnType.TIMESTAMP
        kind = kind if found.has_date else ColumnType.TIME
    return Reading(kind, found.pattern, f"{_SAYS[kind]} like {text}", text, exact, after=after)


def _moments(samples: Sequence[str]) -> Iterator[Reading]:
    for place, text in enumerate(propose_layouts(samples)):
        yield moment_reading(text, after=20 + place)
    if all(re.fullmatch(r"(19|20)\d\d[01]\d[0-3]\d", sample) for sample in samples) and samples:
        yield moment_reading("YYYYMMDD", exact=False, after=28)


_SAYS = {
    ColumnType.DATE: "dates",
    ColumnType.TIME: "times of day",
    ColumnType.TIMESTAMP: "dates with a time of day",
    ColumnType.TIMESTAMP_TZ: "dates with a time of day and a time zone",
}


def _others(samples: Sequence[str]) -> Iterator[Reading]:
    if any(re.fullmatch(_UUID, sample) for sample in samples):
        yield Reading(ColumnType.UUID, _UUID, "UUIDs", after=30)
    if all(sample[:1] in {"{", "["} for sample in samples) and samples:
        yield Reading(ColumnType.JSON, r"(?s)[{\[].*", "JSON", after=31)


def is_format(text: str) -> bool:
    """Say whether a text can be the format of a column."""
    if re.fullmatch(r"1\D?234(\D5)?|[^/]+/[^/]+", text):
        return True
    try:
        layout(text)
    except ValueError:
        return False
    return True
