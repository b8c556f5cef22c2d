"""Rules and rule sets as they are written: the JSON that is stored, sent, and published as a schema."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StringConstraints,
    model_validator,
)

from headway.datasets.naming import ColumnName, different
from headway.kit.text import PlainText

MOST_RULES = 100
MOST_VALUES = 1000
LONGEST_PATTERN = 1000
LONGEST_LENGTH = 2**31 - 1

Value = StrictInt | StrictFloat | Annotated[PlainText, StringConstraints(max_length=1000)]
Length = Annotated[int, Field(ge=0, le=LONGEST_LENGTH)]
RuleType = Literal["integer", "number", "boolean", "date", "time", "timestamp", "timestamp_tz", "uuid", "json"]


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Required(_Rule):
    """No cell of the column is empty: neither null nor a text without any character."""

    rule: Literal["required"]
    column: ColumnName


class Unique(_Rule):
    """No value stands twice, or no combination of values. Rows with an empty cell among them are not compared."""

    rule: Literal["unique"]
    columns: Annotated[list[ColumnName], AfterValidator(different)] = Field(min_length=1, max_length=16)


class OfType(_Rule):
    """Every value reads as this type, as Headway reads types: `00123` is no integer, and dates are YYYY-MM-DD."""

    rule: Literal["type"]
    column: ColumnName
    type: RuleType


class Range(_Rule):
    """Numbers, dates or times from `min` to `max`, or more than `above` and less than `below`.

    Write decimals and whole numbers beyond 2^53 as text, and dates and times as ISO 8601.
    """

    rule: Literal["range"]
    column: ColumnName
    min: Value | None = None
    max: Value | None = None
    above: Value | None = None
    below: Value | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.min is self.max is self.above is self.below is None:
            raise ValueError("say min, max, above or below")
        return self


class TextLength(_Rule):
    """Texts of so many characters."""

    rule: Literal["length"]
    column: ColumnName
    min: Length | None = None
    max: Length | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.min is self.max is None:
            raise ValueError("say min or max")
        return self


class Pattern(_Rule):
    """The whole text matches a regular expression in the syntax of RE2, which takes linear time."""

    rule: Literal["pattern"]
    column: ColumnName
    pattern: Annotated[PlainText, StringConstraints(min_length=1, max_length=LONGEST_PATTERN)]


class OneOf(_Rule):
    """Every value is one of these."""

    rule: Literal["one_of"]
    column: ColumnName
    values: list[Value] = Field(min_length=1, max_length=MOST_VALUES)


class DateOrder(_Rule):
    """The moment in `later` is not before that in `earlier`; with `strict` it is not the same one either."""

    rule: Literal["date_order"]
    earlier: ColumnName
    later: ColumnName
    strict: bool = False


class Reference(_Rule):
    """Every value stands in a column of another dataset of yours, in the version that it has when this is checked."""

    rule: Literal["reference"]
    column: ColumnName
    dataset: UUID
    to: ColumnName = Field(description="The column of the other dataset.")


Rule = Annotated[
    Required | Unique | OfType | Range | TextLength | Pattern | OneOf | DateOrder | Reference,
    Field(discriminator="rule"),
]
Rules = Annotated[list[Rule], Field(min_length=1, max_length=MOST_RULES)]
Name = Annotated[PlainText, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
RuleSetRef = Annotated[PlainText, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
"""The id of a rule set, or its name."""


class RuleSetBody(BaseModel):
    """A rule set to be. Empty cells are for `required` alone: every other rule leaves them out."""

    model_config = ConfigDict(extra="forbid", title="RuleSet")

    name: Name
    rules: Rules


class ChangeRuleSet(BaseModel):
    """What is to be different. Other rules make a new version; a name alone does not."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    rules: Rules | None = None


class RuleSetSummary(BaseModel):
    """A rule set, without its rules."""

    id: UUID
    name: str
    version: int
    rule_count: int
    created_at: datetime
    updated_at: datetime


class RuleSetResponse(RuleSetSummary):
    """A rule set in one of its versions."""

    rules: list[Rule]


def columns_of(rule: Rule) -> list[str]:
    """Return the columns of the dataset that a rule is about."""
    match rule:
        case Unique():
            return rule.columns
        case DateOrder():
            return [rule.earlier, rule.later]
        case _:
            return [rule.column]
