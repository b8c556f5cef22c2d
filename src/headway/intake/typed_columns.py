"""From the text of a column to its values, with the proof that nothing was lost: printed again, they are what was written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.arrow_types import ARROW_TYPES
from headway.datasets.columns import Column, ColumnType
from headway.datasets.printing import canonical
from headway.intake.exact_types import ColumnLearner, Trial, without_padding
from headway.intake.readings import Reading
from headway.intake.text_rules import Flags
from headway.intake.type_words import why_typed

FEW = 0.5
"""Where a batch has no more different texts than this share, each is converted once: the usual case of amounts, codes and
moments, whose conversion costs up to five times as much as telling them apart."""


class _AtColumn(Exception):
    """Says that a pass cannot go on because of one column."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class Surprise(_AtColumn):
    """Raised when a value comes that the plan did not foresee; every value has to be looked at first."""


class NeedsCompanion(_AtColumn):
    """Raised when the first cell of a column prints differently from what was written."""


class Widen(_AtColumn):
    """Raised when a column is not of the type that the user chose and shall be text then."""


@dataclass(frozen=True, slots=True)
class Converted:
    """`differs` marks cells that print differently from what was written, `misfits` those that are not of the type.

    `absent` marks words that stand for no value.
    """

    values: pa.Array
    differs: pa.Array | None = None
    misfits: pa.Array | None = None
    absent: pa.Array | None = None

    def spread(self, places: pa.Array) -> Converted:
        """Return what is true of cells that hold these texts, each at its places; a cell without one is null."""
        arrays = (self.values, self.differs, self.misfits, self.absent)
        return Converted(*(None if array is None else array.take(places) for array in arrays))


@dataclass(slots=True)
class TypedColumn:
    """A column with its type decided. `written` says that its companion is kept. `is_wished` that the user chose the

    type, so that values which do not fit it are no surprise. `padded` that blanks around values do not belong to them.
    """

    column: Column
    reading: Reading | None
    target: pa.DataType
    tokens: pa.Array
    written: bool
    is_wished: bool
    padded: bool = False
    values: int = 0
    nulls: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    differing: bool = False
    repeats: bool = True

    @classmethod
    def plan(cls, learner: ColumnLearner, name: str, position: int, *, comma_table: bool) -> TypedColumn:
        trial = learner.verdict(comma_table=comma_table)
        column = learner.column(name, position, trial)
        return cls(
            column=column,
            reading=trial.reading if trial else None,
            target=_target(column, trial),
            tokens=pa.array(learner.wish.tokens, pa.string()),
            written=trial is not None and (bool(learner.tokens) or learner.padded or not trial.reading.exact),
            is_wished=learner.wish.type not in {None, ColumnType.TEXT},
            padded=learner.padded,
        )

    def convert(self, texts: pa.Array) -> Converted:
        """Return the values of the next texts. Raises `Surprise`."""
        if self.reading is None:
            self.nulls += texts.null_count
            return Converted(texts)
        converted = self._converted_once(texts) if self.repeats else self._converted(texts)
        self.nulls += converted.values.null_count
        self.values += len(texts) - converted.values.null_count
        if converted.absent is not None:
            for pair in pc.value_counts(self._bare(texts.filter(converted.absent))).to_pylist():
                self.counted[pair["values"]] += pair["counts"]
        return converted

    def _converted_once(self, texts: pa.Array) -> Converted:
        """Convert each text once, however many cells hold it, unless too few do to be worth it."""
        encoded = texts.dictionary_encode()
        self.repeats = len(encoded.dictionary) <= FEW * len(texts)
        return self._converted(encoded.dictionary).spread(encoded.indices) if self.repeats else self._converted(texts)

    def _converted(self, texts: pa.Array) -> Converted:
        misfits = None
        plain = self._bare(texts)
        absent = self._absent(plain) if self.column.null_tokens else None
        bare = _without(plain, absent)
        try:
            values = self._cast(bare)
        except pa.ArrowInvalid:
            absent = self._absent(plain)
            bare = _without(plain, absent)
            misfits = self._misfits(bare)
            bare = _without(bare, misfits)
            values = self._cast(bare)
        return Converted(values, self._differs(texts, bare, values), misfits, absent)

    def try_out(self, texts: pa.Array) -> None:
        """Keep the companion if one of these cells needs it."""
        written, self.written = self.written, True
        self.convert(texts)
        self.written = written or self.differing
        self.values = self.nulls = 0
        self.counted.clear()
        self.differing = False

    def takes(self, texts: pa.Array) -> tuple[Flags, Flags]:
        """Say for each cell whether it could be of this column, and whether it is of a kind that only few texts are."""
        nothing = np.zeros(len(texts), np.bool_)
        if self.reading is None:
            return ~nothing, nothing
        plain = self._bare(texts)
        bare = _without(plain, pc.is_in(plain, value_set=self.tokens))
        matches = pc.match_substring_regex(bare, self.reading.anchored)
        proves = pc.fill_null(matches, fill_value=False).to_numpy(zero_copy_only=False)
        for place in np.flatnonzero(proves).tolist():
            proves[place] = self._casts(bare[place])
        return proves | pc.is_null(bare).to_numpy(zero_copy_only=False), proves

    def _bare(self, texts: pa.Array) -> pa.Array:
        return without_padding(texts) if self.padded else texts

    def _absent(self, texts: pa.Array) -> pa.Array | None:
        """Say which texts are words for "no value"; None if there is none of them."""
        is_token = pc.is_in(texts, value_set=self.tokens)
        return is_token if pc.any(is_token).as_py() else None

    def _cast(self, texts: pa.Array) -> pa.Array:
        if self.reading is None:
            return texts
        values = self.reading.parse(texts)
        return values if values.type == self.target else values.cast(self.target)

    def _misfits(self, bare: pa.Array) -> pa.Array:
        """Say which cells are not of the type that the user chose; without such a choice that is a surprise."""
        if self.reading is None or not self.is_wished:
            raise Surprise(self.column.position)
        misfits = pc.invert(pc.fill_null(pc.match_substring_regex(bare, self.reading.anchored), fill_value=True))
        fitting = pc.unique(bare.filter(pc.invert(misfits)).drop_null())
        wrong = pa.array([text.as_py() for text in fitting if not self._casts(text)], pa.string())
        return pc.or_(misfits, pc.is_in(bare, value_set=wrong)) if len(wrong) else misfits

    def _casts(self, text: pa.Scalar) -> bool:
        try:
            self._cast(pa.array([text.as_py()], pa.string()))
        except pa.ArrowInvalid:
            return False
        return True

    def _differs(self, texts: pa.Array, bare: pa.Array, values: pa.Array) -> pa.Array | None:
        reading = self.reading
        if reading is None:
            return None
        if reading.needs_pattern:
            self._expect(reading, bare)
            printed = bare
        else:
            printed = canonical(values, self.column)
        if printed.equals(texts):
            return None
        same = pc.fill_null(pc.equal(texts, printed), fill_value=False)
        differs = pc.and_(pc.is_valid(texts), pc.invert(same))
        if not pc.any(differs).as_py():
            return None
        self._expect(reading, bare.filter(differs))
        if not self.written:
            raise NeedsCompanion(self.column.position)
        self.differing = True
        return differs

    def _expect(self, reading: Reading, texts: pa.Array) -> None:
        """Raise `Surprise` for texts that the reading does not take, though they could be converted."""
        if not pc.all(pc.fill_null(pc.match_substring_regex(texts, reading.anchored), fill_value=True)).as_py():
            raise Surprise(self.column.position)

    def finished(self) -> Column:
        """Return the column with what was counted."""
        if self.reading is None:
            return replace(self.column, nulls=self.nulls)
        return replace(
            self.column,
            written=self.differing,
            nulls=self.nulls,
            null_tokens=sorted(self.counted),
            why=why_typed(self.values, self.counted, self.reading.says, padded=self.padded),
        )


def _without(texts: pa.Array, flags: pa.Array | None) -> pa.Array:
    return texts if flags is None else pc.if_else(flags, pa.scalar(None, pa.string()), texts)


def _target(column: Column, trial: Trial | None) -> pa.DataType:
    if trial is None or column.type in {ColumnType.UUID, ColumnType.JSON}:
        return pa.string()
    return trial.decimal_type if column.type is ColumnType.DECIMAL else ARROW_TYPES[column.type]
