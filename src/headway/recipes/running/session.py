"""A recipe in DuckDB: its functions, its views, and the questions that are asked before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from duckdb.func import FunctionNullHandling, PythonUDFType

from headway.datasets.arrow_types import ARROW_TYPES
from headway.datasets.columns import Column, ColumnType
from headway.datasets.printing import canonical
from headway.intake.readings import MAX_DIGITS, Reading
from headway.plurals import counted
from headway.recipes.compiling.casting import reading_of
from headway.recipes.compiling.plan import Plan
from headway.recipes.compiling.relation import Check, Helper, JoinCheck, Step
from headway.recipes.errors import RecipeAmbiguousJoin, RecipeCannotCompute, RecipeWouldEmpty

SAMPLES = 5
SHOWN_CHARACTERS = 100
NULLS = FunctionNullHandling.SPECIAL
ARROW = PythonUDFType.ARROW

_SQL_TYPES: dict[ColumnType, str] = {
    ColumnType.INTEGER: "DECIMAL(38,0)",
    ColumnType.BIG_INTEGER: "DECIMAL(38,0)",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIME: "TIME",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.TIMESTAMP_TZ: "TIMESTAMP WITH TIME ZONE",
}
_READ_AS = {**ARROW_TYPES, ColumnType.INTEGER: ARROW_TYPES[ColumnType.BIG_INTEGER]}
"""Whole numbers are read with all digits; their values decide later which type they get."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the rows answered: something that a person should know, or, if it `blocks`, has to decide on."""

    step: int
    kind: str
    code: str
    column: str | None
    message: str
    count: int
    of: int
    blocks: bool
    samples: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def error(self) -> Exception:
        kind = RecipeAmbiguousJoin if self.code == RecipeAmbiguousJoin.code else RecipeWouldEmpty
        known = {name: getattr(self, name) for name in ("step", "kind", "column", "count", "of", "samples")}
        return kind(f"Step {self.step}, {self.kind}: {self.message}", **known)


class Session:
    """Makes the steps of a plan one after the other: as views for a whole run, as tables for a look at some rows."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, keeps: bool) -> None:
        self._connection = connection
        self._keeps = keeps

    def prepare(self, step: Step) -> list[Finding]:
        """Add the functions that a step needs, and return what the rows before it answer to its questions."""
        with computing(step):
            for helper in step.helpers:
                self._add(helper)
            found = [each for join in step.joins for each in self._join(step, join)]
            return found + [each for check in step.checks for each in self._check(step, check)]

    def make(self, step: Step) -> None:
        """Make what a step leaves. Raises `RecipeCannotCompute`, with the step."""
        with computing(step):
            what = "table" if self._keeps else "view"
            self._connection.execute(f"create temp {what} {step.relation} as {step.sql}")

    def blame(self, plan: Plan, error: duckdb.Error) -> RecipeCannotCompute:
        """Return the problem that names the first step which cannot be computed."""
        for step in plan.steps:
            with computing(step):
                result = self._connection.execute(f"select * from {step.relation}")
                while result.fetchmany(10_000):
                    pass
        return RecipeCannotCompute(_said(error))

    # ------------------------------------------------------------------------------------------------ functions

    def _add(self, helper: Helper) -> None:
        add = partial(self._connection.create_function, type=ARROW, null_handling=NULLS)
        if not helper.is_reader:
            [kind] = self._connection.sql(f"select {helper.argument} from {helper.relation}").types
            column = Column("value", helper.type, 0, format=helper.format)
            add(helper.name, _whole(partial(canonical, column=column)), [str(kind)], "VARCHAR")
            return
        reading = reading_of(helper.type, helper.format)
        target, sql = self._target(helper, reading, add)
        add(helper.name, _whole(partial(read, reading, target)), ["VARCHAR"], sql)

    def _target(self, helper: Helper, reading: Reading, add: Callable[..., Any]) -> tuple[pa.DataType, str]:
        """Return what text becomes. A decimal has as many digits behind its point as the longest of its column."""
        if helper.type is not ColumnType.DECIMAL:
            return _READ_AS[helper.type], _SQL_TYPES[helper.type]
        for name, measure in (("before", _digits_before), ("after", _digits_after)):
            add(f"{helper.name}_{name}", _whole(partial(measure, reading)), ["VARCHAR"], "BIGINT")
        measured = ", ".join(f"max({helper.name}_{name}({helper.argument}))" for name in ("before", "after"))
        before, after = (int(each or 0) for each in self._one(f"select {measured} from {helper.relation}"))
        if before + after > MAX_DIGITS:
            raise RecipeCannotCompute(f"A decimal has at most {MAX_DIGITS} digits, and these need {before + after}.")
        return pa.decimal128(MAX_DIGITS, after), f"DECIMAL({MAX_DIGITS},{after})"

    # ------------------------------------------------------------------------------------------------ questions

    def _check(self, step: Step, check: Check) -> Iterator[Finding]:
        rows = f"from {check.relation} where {check.before}"
        of, kept = self._one(f"select count(*), count(*) filter (where {check.after}) {rows}")
        lost = of - kept
        if not lost or (check.kind != "loss" and kept):
            return
        samples = self._samples(f"select {check.shown} {rows} and not ({check.after}) order by place limit {SAMPLES}")
        if check.kind == "loss":
            said = f"{lost:,} of {counted(of, 'value')} of {check.column!r} would become empty."
        elif check.kind == "emptied":
            said = f"all {counted(of, 'value')} of {check.column!r} would become empty."
        else:
            said = f"{check.column!r} would be empty in every row."
        blocks = check.kind != "nothing" and not check.accepted
        code = RecipeWouldEmpty.code
        yield Finding(step.number, step.kind, code, check.column, said, lost, of, blocks, samples)

    def _join(self, step: Step, join: JoinCheck) -> Iterator[Finding]:
        keys = ", ".join(join.keys)
        # Only keys that stand in a row here matter.
        there = f"from {join.there} b where exists (select 1 from {join.here} a where {join.match})"
        repeated = f"select concat_ws(', ', {keys}) {there} group by {keys} having count(*) > 1"
        (several,) = self._one(f"select count(*) from ({repeated})")
        if several and join.refuses:
            samples = self._samples(f"{repeated} limit {SAMPLES}")
            said = f"{counted(several, 'key stands', 'keys stand')} in several rows of the joined dataset."
            yield Finding(step.number, step.kind, RecipeAmbiguousJoin.code, None, said, several, several, True, samples)
        of, alone = self._one(
            f"select count(*), count(*) filter (where not exists (select 1 from {join.there} b where {join.match}))"
            f" from {join.here} a"
        )
        if alone:
            said = f"{alone:,} of {counted(of, 'row finds', 'rows find')} nothing in the joined dataset."
            yield Finding(step.number, step.kind, "recipe.no_match", None, said, alone, of, False, [])

    def _samples(self, sql: str) -> list[dict[str, Any]]:
        found = self._connection.execute(sql).fetchall()
        return [{"value": str(value)[:SHOWN_CHARACTERS]} for (value,) in found]

    def _one(self, sql: str) -> tuple[Any, ...]:
        found: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        return found[0]


@contextmanager
def computing(step: Step) -> Iterator[None]:
    """Say which step it was that cannot be computed."""
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.IOException):
        raise
    except duckdb.Error as error:
        raise RecipeCannotCompute(
            f"Step {step.number}, {step.kind}: {_said(error)}", step=step.number, kind=step.kind
        ) from error


def _said(error: duckdb.Error) -> str:
    return str(error).partition("\n")[0].partition(": ")[2][:300] or "it failed."


# ------------------------------------------------------------------------------------------------- over whole arrays


def _whole(function: Callable[[pa.Array], pa.Array]) -> Callable[[Any], pa.Array]:
    """Return a function as DuckDB calls it, with the array in chunks."""

    def over(chunks: Any) -> pa.Array:
        return function(chunks.combine_chunks() if isinstance(chunks, pa.ChunkedArray) else chunks)

    return over


def read(reading: Reading, target: pa.DataType, texts: pa.Array) -> pa.Array:
    """Return the values of texts; what is none of the type is null."""
    bare = _fitting(reading, texts)
    try:
        return _cast(reading, target, bare)
    except pa.ArrowInvalid:
        # Some only look like values, such as the 30th of February. Each different text is tried by itself.
        wrong = [text.as_py() for text in pc.unique(bare.drop_null()) if not _is_read(reading, target, text)]
        is_wrong = pc.is_in(bare, value_set=pa.array(wrong, pa.string()))
        return _cast(reading, target, pc.if_else(is_wrong, pa.scalar(None, pa.string()), bare))


def _fitting(reading: Reading, texts: pa.Array) -> pa.Array:
    matches = pc.match_substring_regex(texts, reading.anchored)
    return pc.if_else(matches, texts, pa.scalar(None, pa.string()))


def _cast(reading: Reading, target: pa.DataType, texts: pa.Array) -> pa.Array:
    if reading.is_number:
        texts = pc.replace_substring_regex(texts, r"^\+", "")
    if reading.type is ColumnType.NUMBER:
        return reading.parse(texts)
    return reading.parse(texts).cast(target)


def _is_read(reading: Reading, target: pa.DataType, text: pa.Scalar) -> bool:
    try:
        _cast(reading, target, pa.array([text.as_py()], pa.string()))
    except pa.ArrowInvalid:
        return False
    return True


def _digits_before(reading: Reading, texts: pa.Array) -> pa.Array:
    plain = pc.utf8_ltrim(reading.numeral.plain(_fitting(reading, texts)), "-+0")
    point = pc.find_substring(plain, ".")
    return pc.if_else(pc.less(point, 0), pc.binary_length(plain), point).cast(pa.int64())


def _digits_after(reading: Reading, texts: pa.Array) -> pa.Array:
    plain = reading.numeral.plain(_fitting(reading, texts))
    point = pc.find_substring(plain, ".")
    after = pc.subtract(pc.subtract(pc.binary_length(plain), point), 1)
    return pc.if_else(pc.less(point, 0), pa.scalar(0, pa.int32()), after).cast(pa.int64())
