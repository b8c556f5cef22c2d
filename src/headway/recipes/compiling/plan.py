"""A whole recipe compiled: each step against the columns that the one before leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from headway.datasets.columns import Column
from headway.recipes.compiling.casting import cast
from headway.recipes.compiling.columns import derive, merge, rename, select, split
from headway.recipes.compiling.relation import Made, Step, Table
from headway.recipes.compiling.rows import aggregate, deduplicate, filter_rows, join, sample, sort
from headway.recipes.compiling.texts import change_case, fill, replace_text, trim
from headway.recipes.steps import (
    Aggregate,
    AnyStep,
    Case,
    Cast,
    Deduplicate,
    Derive,
    Fill,
    Filter,
    Join,
    Merge,
    Rename,
    Replace,
    Sample,
    Select,
    Sort,
    Split,
    Trim,
)


@dataclass(frozen=True, slots=True)
class Other:
    """A dataset that is joined: the view of its rows, and its columns."""

    view: str
    columns: list[Column]


Others = Mapping[UUID, Other]


class Plan:
    """The columns that a recipe begins with, and the steps that were added, in SQL."""

    def __init__(self, columns: Sequence[Column], others: Others) -> None:
        self.base = [Made.of(column, place) for place, column in enumerate(columns)]
        self.steps: list[Step] = []
        self._others = others
        self._numbers = count(len(columns))

    @property
    def columns(self) -> list[Made]:
        return self.steps[-1].columns if self.steps else self.base

    def add(self, step: AnyStep) -> Step:
        """Return the next step. Raises `RecipeDoesNotFit` with the place, or `RecipeTooWide`."""
        is_ordered = self.steps[-1].is_ordered if self.steps else True
        table = Table(len(self.steps) + 1, step.step, self.columns, is_ordered, self._numbers)
        self.steps.append(compile_step(step, table, self._others))
        return self.steps[-1]


def plan(columns: Sequence[Column], steps: Sequence[AnyStep], others: Others) -> Plan:
    """Return what the steps make of a table. Raises what adding one of them does."""
    made = Plan(columns, others)
    for step in steps:
        made.add(step)
    return made


COMPILERS: dict[type[AnyStep], Callable[[Any, Table], Step]] = {
    Select: select,
    Rename: rename,
    Cast: cast,
    Derive: derive,
    Split: split,
    Merge: merge,
    Trim: trim,
    Case: change_case,
    Fill: fill,
    Replace: replace_text,
    Filter: filter_rows,
    Deduplicate: deduplicate,
    Aggregate: aggregate,
    Sort: sort,
    Sample: sample,
}
"""What each kind of step is compiled by; a join needs the other table besides."""


def compile_step(step: AnyStep, table: Table, others: Others) -> Step:
    if isinstance(step, Join):
        other = others[step.dataset_id]
        return join(step, table, other.view, other.columns)
    return COMPILERS[type(step)](step, table)
