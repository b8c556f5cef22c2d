"""Shortcuts of the proof that typing loses nothing: each decides as the long way does."""

from __future__ import annotations

import contextlib
import gc
import math
import weakref
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.intake import encoding, text_cells
from headway.intake.ahead import ahead
from headway.intake.encoding import bad_utf8
from headway.intake.exact_types import ColumnLearner, ColumnWish
from headway.intake.formats.workbook_cells import EXACT_DIGITS, CellTexts, number_text, token_text
from headway.intake.readings import Reading
from headway.intake.typed_columns import NeedsCompanion, Surprise, TypedColumn

WORDS = (
    "1", "12", "007", "-0", "+3", "1.5", "1.50", "1.25", "1,234", "1e5", "0x1F", " 4", "12345678901234567", "",
    "2024-02-29", "2023-02-29", "2024-01-01 10:00", "2024-01-01 10:00:00", "01.02.2024", "true", "TRUE", "false",
    "yes", "NA", "NULL", "-", "text",
)  # fmt: skip
TYPES = (None, "integer", "decimal", "number", "boolean", "date", "timestamp")

cells = st.lists(st.one_of(st.none(), st.sampled_from(WORDS)), min_size=1, max_size=30)
alike = st.sampled_from(WORDS).flatmap(lambda word: st.lists(st.sampled_from([word, None, "NA", "7"]), min_size=1))
numbers = st.lists(st.from_regex(r"[-+]?[0-9]{1,3}(\.[0-9]{1,2})?", fullmatch=True), min_size=1, max_size=30)
beginnings = st.one_of(cells, alike, numbers)


def planned(beginning: list[str | None], kind: str | None) -> TypedColumn:
    learner = ColumnLearner(ColumnWish(kind))
    learner.observe(pa.array(beginning, pa.string()))
    return TypedColumn.plan(learner, "a", 0, comma_table=False)


def told(column: TypedColumn, texts: list[str | None]) -> Any:
    """Return what the conversion of a batch says, and what the column has counted after it."""
    try:
        found = column.convert(pa.array(texts, pa.string()))
    except (Surprise, NeedsCompanion) as error:
        return type(error)
    flags = [
        None if each is None else [flag is True for flag in each.to_pylist()] for each in (found.differs, found.misfits)
    ]
    return (
        found.values.to_pylist(),
        found.values.type,
        flags,
        column.values,
        column.nulls,
        column.counted,
        column.differing,
    )


@settings(max_examples=200, deadline=None)
@given(beginnings, beginnings, st.sampled_from(TYPES), st.booleans())
def test_texts_that_repeat_are_converted_once_with_the_same_result(
    beginning: list[str | None], later: list[str | None], kind: str | None, written: bool
) -> None:
    texts = (beginning + later) * 2
    once, each = planned(beginning, kind), planned(beginning, kind)
    once.written = each.written = written and once.reading is not None
    each.repeats = False
    assert told(once, texts) == told(each, texts)
    assert once.repeats or once.reading is None


def test_texts_that_hardly_repeat_are_converted_one_by_one_from_then_on() -> None:
    column = planned(["1"], None)
    column.convert(pa.array([str(number) for number in range(100)]))
    assert not column.repeats


def learnt(batches: list[list[str]], kind: str | None) -> list[dict[str, Any]]:
    learner = ColumnLearner(ColumnWish(kind))
    for batch in batches:
        learner.observe(pa.array(batch, pa.string()))
    return [asdict(trial) for trial in learner.trials or []]


digits = st.lists(st.from_regex(r"[0-9]{1,40}", fullmatch=True), min_size=1, max_size=20)


@settings(deadline=None)
@given(st.lists(st.one_of(digits, numbers), min_size=1, max_size=4), st.sampled_from(TYPES))
def test_codes_of_digits_are_learnt_without_patterns_as_with_them(batches: list[list[str]], kind: str | None) -> None:
    shortly = learnt(batches, kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reading, "takes_digits", property(lambda _self: False))
        assert learnt(batches, kind) == shortly


UTF8 = (
    b"a",
    "é".encode(),
    "€".encode(),
    "😀".encode(),
    b"\xff",
    b"\x80",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
)
pieces = st.lists(st.sampled_from(UTF8), max_size=8).map(b"".join)


@settings(deadline=None)
@given(pieces, st.integers(1, 7))
def test_arrow_finds_the_bytes_that_python_finds_not_to_be_utf8(text: bytes, block: int) -> None:
    with NamedTemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        Path(file.name).write_bytes(text)
        patch.setattr(encoding, "BLOCK", block)
        shortly = bad_utf8(Path(file.name)).tolist()
        patch.setattr(encoding, "_is_valid", lambda _text, _length: False)
        assert bad_utf8(Path(file.name)).tolist() == shortly


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=40))
def test_separators_between_marks_are_those_behind_an_odd_number_of_them(is_mark: list[bool]) -> None:
    flags = np.array(is_mark, np.bool_)
    outside = (np.cumsum(flags) % 2 == 0) & ~flags
    assert text_cells._outside(flags).tolist() == outside.tolist()


def test_an_error_in_a_thread_lets_go_of_what_was_open_where_it_was_raised() -> None:
    """A file that a pass has left open must be closed before the next pass opens it, not when memory is tidied."""

    def failing() -> Generator[int, None, None]:
        yield 1
        raise ValueError

    def consume(held: set[int]) -> None:
        for _ in ahead(failing()):
            held.add(1)

    class Held(set[int]):
        """A set that can be watched."""

    held = Held()
    watched = weakref.ref(held)
    gc.disable()
    try:
        with contextlib.suppress(ValueError):
            consume(held)
        del held
        assert watched() is None
    finally:
        gc.enable()


@settings(deadline=None)
@given(st.one_of(st.floats().map(repr), st.integers().map(str), st.text("0123456789.-e_", max_size=6)))
def test_numbers_of_workbooks_are_written_alike_on_the_short_way(token: str) -> None:
    digits = token.removeprefix("-")
    if digits.isdecimal() and not digits.startswith("0"):
        expected = token
    else:
        try:
            value = float(token)
        except ValueError:
            value = math.nan
        expected = number_text(value) if math.isfinite(value) and "_" not in token else token
    texts = CellTexts()
    assert (token_text(token), texts.number(token)) == (expected, expected)
    assert texts.long_numbers == (
        expected.removeprefix("-").isdecimal() and len(expected.removeprefix("-")) > EXACT_DIGITS
    )
