"""Decides what type a key of JSON rows has, from every value that it has in the file, and converts its values.

A value arrives as its token, the text that stands in the file: `"a"`, `12`, `2.50`, `true`, `[1,2]`. A JSON
text is never made a number; a number never becomes a float that would lose digits without keeping the token.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import MAX_SAFE_INTEGER, ColumnType
from headway.intake.text_errors import TypeDoesNotFit

MAX_DIGITS = 38

_KINDS = {'"': "text", "[": "nested", "{": "nested", "t": "boolean", "f": "boolean"}
_NEGATIVE_ZERO = r"^-0(\.0*)?$"


@dataclass(slots=True)
class Shape:
    """What all values of one key have in common so far; null and missing are counted by their absence."""

    values: int = 0
    kinds: set[str] = field(default_factory=set)
    int_digits: int = 0
    scale: int = 0
    min_scale: int | None = None
    has_exponent: bool = False
    has_negative_zero: bool = False
    is_infinite: bool = False
    exceeds_safe: bool = False

    def learn(self, tokens: pa.StringArray) -> None:
        """Take the tokens of one batch into account."""
        present = tokens.drop_null()
        self.values += len(present)
        first = pc.utf8_slice_codeunits(present, 0, 1)
        for count in pc.value_counts(first).to_pylist():
            self.kinds.add(_KINDS.get(count["values"], "number"))
        if "number" in self.kinds:
            self._learn_numbers(present.filter(pc.match_substring_regex(present, r"^[-0-9]")))

    def _learn_numbers(self, numbers: pa.StringArray) -> None:
        if len(numbers) == 0:
            return
        self.has_negative_zero |= _any(pc.match_substring_regex(numbers, _NEGATIVE_ZERO))
        with_exponent = pc.match_substring_regex(numbers, "[eE]")
        if _any(with_exponent):
            self.has_exponent = True
            self.is_infinite |= any(math.isinf(float(token)) for token in numbers.filter(with_exponent).to_pylist())
            numbers = numbers.filter(pc.invert(with_exponent))
        if len(numbers):
            self._learn_digits(numbers)

    def _learn_digits(self, numbers: pa.StringArray) -> None:
        scale = _scale(numbers)
        lowest, highest = pc.min_max(scale).as_py().values()
        self.scale = max(self.scale, highest)
        self.min_scale = lowest if self.min_scale is None else min(self.min_scale, lowest)
        digits = pc.binary_length(pc.utf8_ltrim(pc.replace_substring_regex(numbers, r"\..*", ""), "-"))
        self.int_digits = max(self.int_digits, pc.max(digits).as_py())
        if highest == 0 and self.int_digits >= len(str(MAX_SAFE_INTEGER)):
            long = numbers.filter(pc.greater_equal(digits, len(str(MAX_SAFE_INTEGER))))
            self.exceeds_safe |= any(_is_unsafe(token) for token in long.to_pylist())


@dataclass(frozen=True, slots=True)
class Verdict:
    """The type of a column and the reason for it; `may_differ` says that some value may print differently."""

    type: ColumnType
    why: str
    arrow_type: pa.DataType
    may_differ: bool = False


def judge(shape: Shape) -> Verdict:
    """Return the type that holds every value of this shape exactly."""
    if not shape.values:
        return Verdict(ColumnType.TEXT, "No row has a value here.", pa.string())
    if shape.kinds == {"text"}:
        return Verdict(ColumnType.TEXT, "Every value is a JSON text, and a text is never made a number.", pa.string())
    if shape.kinds == {"boolean"}:
        return Verdict(ColumnType.BOOLEAN, "Every value is true or false.", pa.bool_())
    if shape.kinds == {"number"}:
        return _judge_numbers(shape)
    if shape.kinds == {"nested"}:
        return Verdict(
            ColumnType.JSON, "The values are lists or objects; their JSON text is kept as written.", pa.string()
        )
    kinds = ", ".join(sorted(shape.kinds))
    return Verdict(ColumnType.JSON, f"The values are of several kinds ({kinds}); their JSON text is kept.", pa.string())


def _judge_numbers(shape: Shape) -> Verdict:
    precision = shape.int_digits + shape.scale
    if shape.has_exponent and not shape.is_infinite:
        why = "Some numbers are written with an exponent; the written form is kept where it would print differently."
        return Verdict(ColumnType.NUMBER, why, pa.float64(), may_differ=True)
    if shape.has_exponent or precision > MAX_DIGITS:
        why = f"Some numbers are too large or have more than {MAX_DIGITS} digits; their JSON text is kept."
        return Verdict(ColumnType.JSON, why, pa.string())
    if shape.scale:
        differs = shape.min_scale != shape.scale or shape.has_negative_zero
        why = f"Every value is a number with at most {shape.scale} decimals; no digit is lost."
        arrow_type = pa.decimal128(precision, shape.scale)
        return Verdict(ColumnType.DECIMAL, why, arrow_type, may_differ=differs)
    if shape.exceeds_safe:
        why = "Every value is a whole number, some beyond 2^53, where floats lose digits."
        return Verdict(ColumnType.BIG_INTEGER, why, pa.decimal128(38, 0), may_differ=shape.has_negative_zero)
    return Verdict(ColumnType.INTEGER, "Every value is a whole number.", pa.int64(), may_differ=shape.has_negative_zero)


def convert(verdict: Verdict, tokens: pa.StringArray) -> pa.Array:
    """Return the typed values of some tokens."""
    if verdict.type is ColumnType.JSON:
        return tokens
    if verdict.type is ColumnType.TEXT:
        return _texts(tokens)
    if verdict.type is ColumnType.BOOLEAN:
        return pc.equal(tokens, "true")
    return pc.cast(tokens, verdict.arrow_type)


def judge_forced(shape: Shape, name: str, wanted: str) -> Verdict:
    """Return the verdict that the user asked for, or raise `TypeDoesNotFit` where it would lose something."""
    why = "As was asked for."
    judged = judge(shape)
    if wanted == judged.type:
        return judged
    if wanted in {ColumnType.TEXT, ColumnType.JSON}:
        return Verdict(ColumnType(wanted), why, pa.string())
    precision = max(1, shape.int_digits + shape.scale)
    is_exact = shape.kinds == {"number"} and not shape.has_exponent and precision <= MAX_DIGITS
    if wanted == ColumnType.DECIMAL and is_exact:
        return Verdict(ColumnType.DECIMAL, why, pa.decimal128(precision, shape.scale), may_differ=True)
    if wanted == ColumnType.BIG_INTEGER and is_exact and not shape.scale:
        return Verdict(ColumnType.BIG_INTEGER, why, pa.decimal128(MAX_DIGITS, 0), may_differ=True)
    if wanted == ColumnType.NUMBER and shape.kinds == {"number"} and not shape.is_infinite:
        return Verdict(ColumnType.NUMBER, why, pa.float64(), may_differ=True)
    raise TypeDoesNotFit(f"Column {name!r} cannot be {wanted}: {judged.why}", column=name, wanted=wanted)


def _texts(tokens: pa.StringArray) -> pa.StringArray:
    if not _any(pc.match_substring(tokens, "\\")):
        return pc.utf8_trim(tokens, '"')
    return pa.array([_text(token) for token in tokens.to_pylist()], pa.string())


def _text(token: str | None) -> str | None:
    if token is None or "\\" not in token:
        return token and token[1:-1]
    decoded: str = json.loads(token)
    return decoded


def _scale(numbers: pa.StringArray) -> pa.IntegerArray:
    """Return the count of digits behind the point."""
    point = pc.find_substring(numbers, ".")
    behind = pc.subtract(pc.subtract(pc.binary_length(numbers), point), 1)
    return pc.if_else(pc.less(point, 0), 0, behind)


def _is_unsafe(token: str) -> bool:
    return len(token) > len(str(MAX_SAFE_INTEGER)) + 1 or abs(int(token)) > MAX_SAFE_INTEGER


def _any(mask: pa.BooleanArray) -> bool:
    return bool(pc.any(mask).as_py())
