"""Types by the exactness rule: a column gets a type only if every value has exactly one reading in it.

All checks run over whole Arrow arrays of text, over every value of the file. A reading that misses much is never asked
again, so that text columns cost almost nothing. What a type would destroy stays text, with a sentence that says why:
leading zeros, plus signs, exponent codes, days and months that could be swapped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import MAX_SAFE_INTEGER, Column, ColumnType
from headway.datasets.numerals import PLAIN, numeral
from headway.intake.readings import (
    BOOLEANS,
    LOOSE_BOOLEANS,
    MAX_DIGITS,
    Reading,
    boolean_reading,
    moment_reading,
    number_reading,
    propose,
)
from headway.intake.type_words import why_text, why_typed

NULL_TOKENS = ("", "NA", "N/A", "n/a", "NULL", "null", "None", "NaN", "nan", "-", "#N/A", "\\N")
"""Words that may stand for "no value" in a column that is otherwise plainly typed. In text they stay words."""

MAX_TOKEN_KINDS = 2
"""More kinds of them in one column than this, beside the empty cell, is not a habit but a mixture."""

BLANKS = " \t"
"""Around a value they mean nothing: the cells of many tables are padded, and `1, 2` is written by many."""

SAMPLES = 100
SAMPLED_FROM = 5_000
NEAR_SHARE = 0.2
"""A reading that misses no more of the first values is counted on, to say what it would cost."""

MOST_WORDS = 20
SAFE_DIGITS = 15
SHORT_DECIMAL = 18


@dataclass(frozen=True, slots=True)
class TypeWishes:
    """What the user decided about types; None and empty mean: find it out."""

    types: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    null_tokens: tuple[str, ...] | None = None
    numeral: str | None = None
    date_format: str | None = None

    def for_column(self, name: str) -> ColumnWish:
        return ColumnWish(
            self.types.get(name), self.formats.get(name), self.null_tokens, self.numeral, self.date_format
        )


@dataclass(frozen=True, slots=True)
class ColumnWish:
    type: str | None = None
    format: str | None = None
    null_tokens: tuple[str, ...] | None = None
    numeral: str | None = None
    date_format: str | None = None

    @property
    def tokens(self) -> tuple[str, ...]:
        return NULL_TOKENS if self.null_tokens is None else ("", *self.null_tokens)


@dataclass(slots=True)
class Trial:
    """How one reading fares: what it missed, and how long the numbers are that it took."""

    reading: Reading
    alive: bool = True
    near: bool = True
    misses: int = 0
    words: Counter[str] = field(default_factory=Counter)
    example: str | None = None
    whole_digits: int = 0
    scale: int = 0
    narrowest_scale: int = MAX_DIGITS
    largest: int = 0
    groups: bool = True

    def miss(self, texts: pa.Array, of: int) -> None:
        self.alive = False
        self.misses += len(texts)
        self.example = self.example or texts[0].as_py()
        self.near = self.near and self.misses <= NEAR_SHARE * of
        if self.near and len(self.words) < MOST_WORDS:
            self.words.update({pair["values"]: pair["counts"] for pair in pc.value_counts(texts).to_pylist()})

    @property
    def decimal_type(self) -> pa.DataType:
        digits = max(1, self.whole_digits + self.scale)
        return pa.decimal128(SHORT_DECIMAL if digits <= SHORT_DECIMAL else MAX_DIGITS, self.scale)


class ColumnLearner:
    """Learns what a column can be, batch by batch, from its text. Null means that nothing was written."""

    def __init__(
        self, wish: ColumnWish | None = None, trials: Sequence[Reading] | None = None, *, padded: bool = False
    ) -> None:
        """`padded` says that blanks around the values are not looked at. It is found out with the trials."""
        self.wish = wish or ColumnWish()
        self.padded = padded
        self.trials: list[Trial] | None = None if trials is None else [Trial(reading) for reading in trials]
        self.values = 0
        self.nulls = 0
        self.tokens: Counter[str] = Counter()
        self.example: str | None = None

    def anew(self) -> ColumnLearner:
        """Return a learner that has seen nothing and tries what this one still tries."""
        readings = [trial.reading for trial in self.trials or []]
        return ColumnLearner(self.wish, readings or None, padded=self.padded)

    def observe(self, texts: pa.Array) -> None:
        """Look at the next values. `texts` is a string array."""
        self.nulls += texts.null_count
        if texts.null_count == len(texts) or self.wish.type == ColumnType.TEXT:
            self.values += len(texts) - texts.null_count
            return
        present = texts.drop_null() if texts.null_count else texts
        if self.trials is not None and not self.trials:
            self.values += len(present)
            return
        if self.trials is None:
            self.padded = _is_padded(present)
        plain = self._without_tokens(without_padding(present) if self.padded else present)
        self.values += len(plain)
        if not len(plain):
            return
        if self.trials is None:
            samples = pc.unique(plain.slice(0, SAMPLED_FROM)).slice(0, SAMPLES).to_pylist()
            self.example = samples[0]
            self.trials = [Trial(reading) for reading in self._proposals(samples)]
        self._try_all(plain)

    def _without_tokens(self, present: pa.Array) -> pa.Array:
        is_token = pc.is_in(present, value_set=pa.array(self.wish.tokens, pa.string()))
        if not pc.any(is_token).as_py():
            return present
        for counted in pc.value_counts(present.filter(is_token)).to_pylist():
            self.tokens[counted["values"]] += counted["counts"]
        return present.filter(pc.invert(is_token))

    # ------------------------------------------------------------------------------------------------- proposals

    def _proposals(self, samples: list[str]) -> list[Reading]:
        wish = self.wish
        found = propose(samples)
        if wish.date_format is not None:
            wished = moment_reading(wish.date_format)
            found = [wished, *(reading for reading in found if reading.type != wished.type or wish.type)]
        if wish.numeral is not None:
            marks = numeral(wish.numeral)
            numbers = [number_reading(marks, whole=whole) for whole in (True, False)]
            found = [*numbers, *(reading for reading in found if not reading.is_number or reading.numeral == PLAIN)]
        if wish.type is None:
            return found
        return self._wished(wish.type, found)

    def _wished(self, kind: str, found: list[Reading]) -> list[Reading]:
        """Return the readings of the type that the user wants, with the format if that is wanted too."""
        if kind == ColumnType.BIG_INTEGER:
            kind = ColumnType.INTEGER
        if self.wish.format is not None:
            return [_formatted(ColumnType(kind), self.wish.format)]
        fitting = [reading for reading in found if reading.type == kind]
        if kind in {ColumnType.INTEGER, ColumnType.DECIMAL}:
            fitting += [number_reading(PLAIN, whole=kind == ColumnType.INTEGER)]
        if kind == ColumnType.BOOLEAN:
            fitting += [boolean_reading(*pair, exact=False) for pair in (*BOOLEANS, *LOOSE_BOOLEANS)]
        if kind == ColumnType.NUMBER:
            number = number_reading(PLAIN, whole=False)
            fitting += [replace(number, type=ColumnType.NUMBER, says="numbers")]
        if kind == ColumnType.DATE:
            fitting += [moment_reading("YYYY-MM-DD")]
        return list(dict.fromkeys(fitting))

    # ------------------------------------------------------------------------------------------------------ trials

    def _try_all(self, plain: pa.Array) -> None:
        fitted: list[Reading] = []
        trials = self.trials or []
        digits = any(trial.reading.takes_digits for trial in trials) and pc.all(pc.ascii_is_decimal(plain)).as_py()
        for trial in trials:
            covered = any(other.is_part_of(trial.reading) for other in fitted)
            if covered and not trial.reading.is_number:
                continue
            known = trial.alive if digits and trial.reading.takes_digits else None
            if covered or (self._fits(trial, plain) if known is None else known):
                fitted.append(trial.reading)
                if trial.reading.is_number:
                    self._measure(trial, plain, digits=digits)
        if self.wish.type is None:
            self.trials = [trial for trial in self.trials or [] if trial.alive or trial.near]

    def _fits(self, trial: Trial, plain: pa.Array) -> bool:
        reading, seen = trial.reading, self.values
        if self.wish.type is None and trial.alive and not self._may_fit(trial, plain):
            return False
        matches = pc.match_substring_regex(plain, reading.anchored)
        if not pc.all(matches).as_py():
            trial.miss(plain.filter(pc.invert(matches)), seen)
            plain = plain.filter(matches)
        if not trial.near and self.wish.type is None:
            return False
        try:
            reading.parse(plain)
        except pa.ArrowInvalid:
            misfits = self._misfits(reading, plain)
            trial.miss(misfits, seen)
        return trial.alive

    def _may_fit(self, trial: Trial, plain: pa.Array) -> bool:
        """Look at a few values first: that spares most columns the look at all of them."""
        few = plain.slice(0, 64)
        matches = pc.match_substring_regex(few, trial.reading.anchored)
        missed = few.filter(pc.invert(matches))
        if len(missed) <= NEAR_SHARE * max(len(few), self.values * (len(few) < len(plain))):
            return True
        trial.miss(missed, len(few))
        return False

    @staticmethod
    def _misfits(reading: Reading, plain: pa.Array) -> pa.Array:
        """Return the values that look right and are none, such as the 30th of February."""
        distinct = pc.unique(plain)
        wrong = [text for text in distinct if not _is_read(reading, text)]
        return plain.filter(pc.is_in(plain, value_set=pa.array([text.as_py() for text in wrong], pa.string())))

    def _measure(self, trial: Trial, plain: pa.Array, *, digits: bool) -> None:
        """Count the digits on both sides of the point; with `digits` there is nothing else."""
        if not trial.alive:
            return
        bare = plain if digits else pc.utf8_ltrim(trial.reading.numeral.plain(plain), "-+")
        before = length = pc.binary_length(bare)
        after: pa.Array | pa.Scalar = pa.scalar(0)
        if not digits:
            point = pc.find_substring(bare, ".")
            has_point = pc.greater_equal(point, 0)
            after = pc.if_else(has_point, pc.subtract(pc.subtract(length, point), 1), 0)
            before = pc.if_else(has_point, point, length)
        trial.whole_digits = max(trial.whole_digits, pc.max(before).as_py())
        trial.scale = max(trial.scale, pc.max(after).as_py())
        trial.narrowest_scale = min(trial.narrowest_scale, pc.min(after).as_py())
        trial.groups = (
            trial.groups
            and trial.narrowest_scale == trial.scale == 3
            and not pc.any(pc.starts_with(bare, "0.")).as_py()
        )
        if trial.whole_digits + trial.scale > MAX_DIGITS:
            trial.miss(plain.filter(pc.equal(length, pc.max(length))), self.values)
        elif trial.scale == 0 and trial.whole_digits > SAFE_DIGITS:
            bounds = pc.min_max(trial.reading.numeral.plain(plain).cast(pa.decimal128(MAX_DIGITS, 0))).as_py()
            trial.largest = max(trial.largest, abs(int(bounds["min"])), abs(int(bounds["max"])))

    # ----------------------------------------------------------------------------------------------- the verdict

    @property
    def proves_decimal_comma(self) -> bool:
        """Say whether the column can be nothing but numbers with a comma before their fraction."""
        trial = self.verdict()
        return trial is not None and trial.reading.numeral.decimal == "," and trial.scale > 0

    @property
    def is_open(self) -> bool:
        """Say whether values that are still to come may change a verdict of text, or what is said about it."""
        return self.wish.type != ColumnType.TEXT and (self.trials is None or bool(self.trials))

    def _alive(self) -> list[Trial]:
        return [trial for trial in self.trials or [] if trial.alive and trial.reading.exact]

    def verdict(self, *, comma_table: bool = False) -> Trial | None:
        """Return the one reading that the column has, or None: then it is text.

        `comma_table` says that another column of the table proves a decimal comma.
        """
        if self.wish.type == ColumnType.TEXT or not self.values:
            return None
        if self.wish.type is not None:
            return min(self.trials or [], key=lambda trial: (trial.misses, not trial.reading.exact), default=None)
        if len([token for token in self.tokens if token]) > MAX_TOKEN_KINDS and self.wish.null_tokens is None:
            return None
        alive = self._alive()
        if not alive or self._is_ambiguous(alive, comma_table=comma_table):
            return None
        first = alive[0].reading
        if comma_table and first.is_number and first.numeral != PLAIN:
            return next((trial for trial in alive if trial.reading.numeral.decimal == ","), alive[0])
        return alive[0]

    def _is_ambiguous(self, alive: list[Trial], *, comma_table: bool) -> bool:
        first = alive[0].reading
        if first.format is not None and first.format == self.wish.date_format:
            return False
        if first.is_number:
            if self.wish.numeral is not None:
                return False
            if first.numeral == PLAIN:
                return comma_table and alive[0].groups and alive[0].scale == 3
            # A mark that one reading takes for the decimal one, and another for that of the thousands.
            decimal = {trial.reading.numeral.decimal for trial in alive if trial.scale}
            return not comma_table and bool(decimal & {trial.reading.numeral.thousands for trial in alive})
        orders = {_order(trial.reading.format or "") for trial in alive if trial.reading.type == first.type}
        return len(orders) > 1

    def column(self, name: str, position: int, trial: Trial | None, *, comma_table: bool = False) -> Column:
        """Return the column that a verdict makes."""
        if trial is None:
            said = "Kept as text, as was asked for." if self.wish.type == ColumnType.TEXT else self._why_text()
            return Column(name=name, type=ColumnType.TEXT, position=position, nulls=self.nulls, why=said)
        return Column(
            name=name,
            type=self._type(trial),
            position=position,
            nulls=self.nulls + sum(self.tokens.values()),
            null_tokens=sorted(self.tokens),
            format=trial.reading.format,
            why=why_typed(self.values, self.tokens, trial.reading.says, padded=self.padded),
        )

    def _why_text(self) -> str:
        missed = [trial for trial in self.trials or [] if trial.example is not None and trial.reading.exact]
        best = min(missed, key=lambda trial: trial.misses, default=None)
        forms = [trial.reading.format for trial in self._alive()]
        return why_text(self.values, self.tokens, forms, self.example, best.example if best else None)

    @staticmethod
    def _type(trial: Trial) -> ColumnType:
        if trial.reading.type is ColumnType.INTEGER and trial.largest > MAX_SAFE_INTEGER:
            return ColumnType.BIG_INTEGER
        return trial.reading.type


def without_padding(texts: pa.Array) -> pa.Array:
    return pc.utf8_trim(texts, BLANKS)


def _is_padded(texts: pa.Array) -> bool:
    """Say whether some values begin or end with a blank."""
    return any(pc.any(at(texts, blank)).as_py() for at in (pc.starts_with, pc.ends_with) for blank in BLANKS)


def _is_read(reading: Reading, text: pa.Scalar) -> bool:
    try:
        reading.parse(pa.array([text.as_py()], pa.string()))
    except pa.ArrowInvalid:
        return False
    return True


def _order(text: str) -> str:
    """Return which of day and month comes first in a layout."""
    letters = [letter for letter in text.split(":", maxsplit=1)[0] if letter in "DMY"]
    return "".join(dict.fromkeys(letters))


def _formatted(kind: ColumnType, text: str) -> Reading:
    if kind in {ColumnType.INTEGER, ColumnType.DECIMAL}:
        return number_reading(numeral(text), whole=kind is ColumnType.INTEGER)
    if kind is ColumnType.BOOLEAN:
        true, _, false = text.partition("/")
        return boolean_reading(true, false, exact=False)
    return moment_reading(text)
