"""What a validation is asked to do, and what its report says."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from headway.rules.schemas import Rule, RuleSetRef


class ValidationRequest(BaseModel):
    """A dataset to be checked by a rule set."""

    model_config = ConfigDict(extra="forbid")

    rule_set: RuleSetRef = Field(description="Id or name of a rule set of yours.")
    rule_set_version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="Default: the present one.")
    version: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="Of the dataset. Default: the current one."
    )


class NamedVersion(BaseModel):
    """A dataset or a rule set in one version."""

    id: UUID
    name: str
    version: int


class FailingRow(BaseModel):
    """A row that breaks a rule, with what is written in the columns of the rule. Rows are counted from 1."""

    row: int
    values: dict[str, str | None] = Field(description="Texts end after 200 characters.")
    first_row: int | None = Field(default=None, description="Of a repeated value: where it stands first.")


class Suggestion(BaseModel):
    """Another wording of the rule, and in how many of the rows that break it now it would hold. It was tried."""

    label: str
    patch: dict[str, Any] = Field(description="Members of the rule that would be different.")
    fixes: int


class Issue(BaseModel):
    """What one rule found. `count` is exact."""

    code: str
    rule: int = Field(description="Its place in the rule set, from 1.")
    columns: list[str]
    message: str
    count: int
    rows: list[list[int]] = Field(description="Ranges of rows, first and last, counted from 1; at most 100.")
    rows_complete: bool = Field(description="Whether the ranges are all of them.")
    samples: list[FailingRow]
    suggestions: list[Suggestion]


class CheckedRule(BaseModel):
    """A rule, and how many rows broke it."""

    rule: Rule
    count: int
    reference: NamedVersion | None = Field(default=None, description="The dataset that it refers to, as it was then.")


class ValidationReport(BaseModel):
    """What a validation found: every rule with its count, and an issue for each that was broken."""

    dataset: NamedVersion
    rule_set: NamedVersion
    checked_at: datetime
    rows: int
    failing_rows: int = Field(description="Rows that break at least one rule.")
    rules: list[CheckedRule]
    issues: list[Issue]
    file: str | None = Field(description="The artifact with the failing rows; null if there are none.")
    file_rows: int = Field(description="How many of them it has: at most the first 50,000.")
    file_note: str | None = Field(description="What the file could not keep as it is.")
