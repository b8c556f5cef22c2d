"""Types by the exactness rule: a column gets a type only if every value has exactly one reading in it.

All checks run over whole Arrow arrays of text, over every value of the file. A candidate that fails once is
never asked again, so that text columns cost almost nothing. What a type would destroy stays text, with a
sentence that says why: leading zeros, plus signs, exponent codes, days and months that could be swapped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import MAX_SAFE_INTEGER, Column, ColumnType

NULL_TOKENS = ["", "NA", "N/A", "n/a", "NULL", "null", "None", "NaN", "nan", "-", "#N/A", "\\N"]
"""Words that may stand for "no value" in a column that is otherwise plainly typed. In text they stay words."""

MAX_TOKEN_KINDS = 2
"""More kinds of them in one column than this, beside the empty cell, is not a habit but a mixture."""

MAX_DIGITS = 38
SAFE_DIGITS = 15

_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_FULL_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_ZONE = r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way in which text can be read as a type. `parse` raises `pa.ArrowInvalid` if a value fits only in looks."""

    type: ColumnType
    pattern: str
    parse: Callable[[pa.Array], pa.Array]
    format: str | None = None
    says: str = ""


def _clock(values: pa.Array) -> pa.Array:
    # Arrow reads no times from text, but moments; so each becomes one of the first day of its calendar.
    moments = pc.binary_join_element_wise("1970-01-01T", values, "").cast(pa.timestamp("us"))
    return moments.cast(pa.time64("us"))


def _booleans(true: str, false: str) -> Reading:
    return Reading(
        ColumnType.BOOLEAN,
        f"(?:{true}|{false})",
        lambda values: pc.equal(values, true),
        f"{true}/{false}",
        f"either {true} or {false}",
    )


def _moments(kind: ColumnType, separator: str, zone: str, target: pa.DataType) -> Reading:
    suffix = "±HH:MM" if zone else ""
    return Reading(
        kind,
        f"{_DATE}{separator}{_CLOCK}{zone}",
        lambda values: values.cast(target),
        f"YYYY-MM-DD{separator}HH:MM:SS{suffix}",
        "dates with a time of day" + (" and a time zone" if zone else ""),
    )


DECIMAL = Reading(
    ColumnType.DECIMAL, r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", lambda values: values, says="numbers with a decimal point"
)
INTEGER = Reading(ColumnType.INTEGER, r"(?:0|-?[1-9][0-9]*)", lambda values: values, says="whole numbers")

READINGS: tuple[Reading, ...] = (
    INTEGER,
    DECIMAL,
    Reading(
        ColumnType.NUMBER,
        r"-?[0-9]\.[0-9]+[eE][+-][0-9]{2,3}",
        lambda values: values.cast(pa.float64()),
        says="numbers in scientific notation",
    ),
    _booleans("true", "false"),
    _booleans("TRUE", "FALSE"),
    _booleans("True", "False"),
    Reading(ColumnType.DATE, _DATE, lambda values: values.cast(pa.date32()), "YYYY-MM-DD", "dates"),
    Reading(ColumnType.TIME, _FULL_CLOCK, _clock, "HH:MM:SS", "times of day"),
    _moments(ColumnType.TIMESTAMP, "T", "", pa.timestamp("us")),
    _moments(ColumnType.TIMESTAMP, " ", "", pa.timestamp("us")),
    _moments(ColumnType.TIMESTAMP_TZ, "T", _ZONE, pa.timestamp("us", "UTC")),
    _moments(ColumnType.TIMESTAMP_TZ, " ", _ZONE, pa.timestamp("us", "UTC")),
)
"""In order of preference: every whole number is a decimal too, and the first that survives wins."""

_REASONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\s|.*\s$", re.DOTALL), "has a blank at its beginning or end"),
    (re.compile(r"-?0\d+(\.\d+)?$"), "begins with a zero that a number would lose"),
    (re.compile(r"-0$"), "is a zero with a minus sign, which a whole number would lose"),
    (re.compile(r"\+[\d.\s()/-]+$"), "begins with a plus sign that a number would lose"),
    (re.compile(r"-?\d+(\.\d+)?[eE][+-]?\d+$"), "may be a code and not a number with an exponent"),
    (re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}$"), "is a date whose day and month could be swapped"),
    (re.compile(r"-?\d{1,3}([.,' ]\d{3})+([.,]\d+)?$|-?\d+,\d+$"), "has separators that can be read in two ways"),
    (re.compile(r"-?\d{39,}$|-?\d+\.\d+$"), "has more digits than a number can keep"),
    (re.compile(_DATE + r"(?:[T ].*)?$"), "is not a date of the calendar"),
)


@dataclass(slots=True)
class ColumnObserver:
    """Learns what a column can be, batch by batch, from its text. Null means that nothing was written."""

    alive: list[Reading] = field(default_factory=lambda: list(READINGS))
    values: int = 0
    nulls: int = 0
    tokens: dict[str, int] = field(default_factory=dict)
    against: str | None = None
    whole_digits: int = 0
    scale: int = 0
    narrowest_scale: int = MAX_DIGITS
    largest: int = 0

    def observe(self, texts: pa.Array) -> None:
        """Look at the next values. `texts` is a string array."""
        self.nulls += texts.null_count
        if texts.null_count == len(texts):
            return
        if not self.alive:
            self.values += len(texts) - texts.null_count
            return
        present = texts.drop_null() if texts.null_count else texts
        plain = self._without_tokens(present)
        self.values += len(plain)
        if len(plain):
            self._ask(plain)

    def _without_tokens(self, present: pa.Array) -> pa.Array:
        is_token = pc.is_in(present, value_set=pa.array(NULL_TOKENS))
        if not pc.any(is_token).as_py():
            return present
        for counted in pc.value_counts(present.filter(is_token)).to_pylist():
            token = counted["values"]
            self.tokens[token] = self.tokens.get(token, 0) + counted["counts"]
        return present.filter(pc.invert(is_token))

    def _ask(self, plain: pa.Array) -> None:
        first = plain.slice(0, 64)
        # A look at the first few spares most columns the look at all.
        survivors = [reading for reading in self.alive if self._fits(reading, first)]
        if len(plain) > len(first):
            survivors = [reading for reading in survivors if self._fits(reading, plain)]
        self.alive = survivors
        if DECIMAL in survivors:
            self._measure(plain)

    def _fits(self, reading: Reading, texts: pa.Array) -> bool:
        matches = pc.match_substring_regex(texts, f"^{reading.pattern}$")
        if not pc.all(matches).as_py():
            self._note(reading, texts.filter(pc.invert(matches))[0].as_py())
            return False
        try:
            reading.parse(texts)
        except pa.ArrowInvalid:
            self._note(reading, texts[0].as_py())
            return False
        return True

    def _note(self, reading: Reading, example: str) -> None:
        """Keep the value that spoke against the widest number, or the first one that spoke against anything."""
        if self.against is None or reading is DECIMAL:
            self.against = example

    def _measure(self, plain: pa.Array) -> None:
        """Count the digits on both sides of the point."""
        bare = pc.utf8_ltrim(plain, "-")
        point = pc.find_substring(bare, ".")
        length = pc.utf8_length(bare)
        has_point = pc.greater_equal(point, 0)
        after = pc.if_else(has_point, pc.subtract(pc.subtract(length, point), 1), 0)
        before = pc.if_else(has_point, point, length)
        self.whole_digits = max(self.whole_digits, pc.max(before).as_py())
        self.scale = max(self.scale, pc.max(after).as_py())
        self.narrowest_scale = min(self.narrowest_scale, pc.min(after).as_py())
        if self.whole_digits + self.scale > MAX_DIGITS:
            self.alive = [reading for reading in self.alive if reading not in {INTEGER, DECIMAL}]
            self.against = plain.filter(pc.equal(length, pc.max(length)))[0].as_py()
        elif self.scale == 0 and self.whole_digits > SAFE_DIGITS:
            bounds = pc.min_max(plain.cast(pa.decimal128(MAX_DIGITS, 0))).as_py()
            self.largest = max(self.largest, abs(int(bounds["min"])), abs(int(bounds["max"])))

    # ----------------------------------------------------------------- the verdict

    def decide(self, name: str, position: int, forced: str | None = None) -> TypedColumn:
        """Return the column's type and how to convert it, once every value has been seen."""
        kinds = [token for token in self.tokens if token]
        reading = self.alive[0] if self.alive and self.values and len(kinds) <= MAX_TOKEN_KINDS else None
        if forced is not None:
            reading = self._forced(forced, reading)
        if reading is None:
            return TypedColumn(self._text_column(name, position, forced), None)
        kind = self._number_type() if reading in {INTEGER, DECIMAL} else reading.type
        column = Column(
            name=name,
            type=kind,
            position=position,
            nulls=self.nulls + sum(self.tokens.values()),
            null_tokens=sorted(self.tokens),
            format=reading.format,
            why=self._why(reading),
        )
        is_decimal = kind is ColumnType.DECIMAL
        ragged = is_decimal and self.narrowest_scale != self.scale
        decimal_type = self._decimal_type() if is_decimal else None
        return TypedColumn(column, reading, decimal_type, may_differ=ragged or bool(self.tokens))

    def _forced(self, forced: str, best: Reading | None) -> Reading | None:
        if forced == ColumnType.TEXT:
            return None
        fitting = [reading for reading in self.alive if reading.type == forced] if self.values else []
        if best is INTEGER and forced in {ColumnType.BIG_INTEGER, ColumnType.INTEGER}:
            return best if forced == self._number_type() else None
        return fitting[0] if fitting else None

    def _number_type(self) -> ColumnType:
        if INTEGER not in self.alive:
            return ColumnType.DECIMAL
        return ColumnType.BIG_INTEGER if self.largest > MAX_SAFE_INTEGER else ColumnType.INTEGER

    def _decimal_type(self) -> pa.DataType:
        return pa.decimal128(max(1, self.whole_digits + self.scale), self.scale)

    def _text_column(self, name: str, position: int, forced: str | None) -> Column:
        why = "Kept as text, as was asked for." if forced == ColumnType.TEXT else self._why_text()
        return Column(name=name, type=ColumnType.TEXT, position=position, nulls=self.nulls, why=why)

    def _why(self, reading: Reading) -> str:
        said = (
            f"All {self.values:,} values are {reading.says}" if self.values > 1 else f"The only value is {reading.says}"
        )
        words = [_cells(token, count) for token, count in sorted(self.tokens.items()) if token]
        return f"{said}; {' and '.join(words)}, read as empty." if words else f"{said}."

    def _why_text(self) -> str:
        if not self.values:
            return "Kept as text: no cell holds a value that says what it is."
        if self.alive:
            kinds = ", ".join(sorted(token for token in self.tokens if token))
            return f"Kept as text: it mixes several words for no value ({kinds})."
        if self.against is None:
            return "Text."
        shown = self.against if len(self.against) <= 60 else self.against[:57] + "…"
        for pattern, reason in _REASONS:
            if pattern.match(self.against):
                return f"Kept as text: “{shown}” {reason}."
        return f"Text, for example “{shown}”."


def _cells(token: str, count: int) -> str:
    return f"one cell says {token}" if count == 1 else f"{count:,} cells say {token}"


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A decided column and the way from its text to its values."""

    column: Column
    reading: Reading | None
    decimal_type: pa.DataType | None = None
    may_differ: bool = False

    def convert(self, texts: pa.Array) -> pa.Array:
        """Return the typed values of an array of text; null tokens become null."""
        if self.reading is None:
            return texts
        if self.column.null_tokens:
            is_token = pc.is_in(texts, value_set=pa.array(self.column.null_tokens))
            texts = pc.if_else(is_token, pa.scalar(None, pa.string()), texts)
        if self.decimal_type is not None:
            return texts.cast(self.decimal_type)
        if self.column.type is ColumnType.INTEGER:
            return texts.cast(pa.int64())
        if self.column.type is ColumnType.BIG_INTEGER:
            return texts.cast(pa.decimal128(MAX_DIGITS, 0))
        return self.reading.parse(texts)
