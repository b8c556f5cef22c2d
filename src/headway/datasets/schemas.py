"""What a dataset looks like from outside."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from headway.datasets.columns import ColumnType


class ColumnResponse(BaseModel):
    """A column. Values of `big_integer` and `decimal` travel as strings with all their digits."""

    name: str
    type: ColumnType
    nulls: int
    null_tokens: list[str]
    format: str | None
    why: str
    written: bool


class SourceResponse(BaseModel):
    """The file that a dataset was made from."""

    file_name: str
    format: str
    sha256: str
    bytes: int


class DatasetResponse(BaseModel):
    """A dataset, with the columns of its current version in file order."""

    id: UUID
    name: str
    rows: int
    rejected_rows: int
    bytes: int
    version: int
    columns: list[ColumnResponse]
    source: SourceResponse
    job_id: UUID
    created_at: datetime
    updated_at: datetime


class RenameDataset(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]


class RowsColumn(BaseModel):
    name: str
    type: ColumnType


class RowsResponse(BaseModel):
    """A page of rows. `total` counts all rows that fit the question."""

    columns: list[RowsColumn]
    rows: list[dict[str, Any]]
    total: int


class TopValue(BaseModel):
    """A value and how often it occurs. `cut` says that a text goes on behind its first 200 characters."""

    value: Any
    count: int
    cut: bool


class TextLengths(BaseModel):
    """How long texts are, in characters."""

    min: int
    max: int
    mean: float


class ColumnProfile(BaseModel):
    """What a column holds. Values are written as answers with rows write them."""

    nulls: int
    distinct: int | None = Field(description="Different values.")
    distinct_is_exact: bool = Field(description="Whether they were counted; otherwise `distinct` is an estimate.")
    min: Any = Field(description="Of numbers, dates and times.")
    max: Any
    mean: float | None = Field(description="Of numbers.")
    length: TextLengths | None = Field(description="Of texts.")
    histogram: list[int] | None = Field(description="Rows in 20 spans of equal width, from `min` to `max`.")
    top: list[TopValue] = Field(
        description="The most frequent values, at most 10; none where all are different, or too many to be counted."
    )
    note: str | None = Field(description="What was left out, and why.")


class ProfiledColumn(ColumnProfile):
    name: str
    type: ColumnType


class ProfileResponse(BaseModel):
    """What the columns hold, in file order."""

    rows: int
    is_known: bool = Field(description="False for a version that an older Headway made; reading the file again helps.")
    columns: list[ProfiledColumn]


class DecisionResponse(BaseModel):
    """One thing that was found out about the file, with its evidence and what came second."""

    subject: str
    value: Any
    evidence: str
    runner_up: Any
    option: str | None = Field(default=None, description="The import option that decides this otherwise.")
    instead: dict[str, Any] | None = Field(
        default=None, description="Import options that take the runner-up, or that keep a column as text."
    )


class DecisionsResponse(BaseModel):
    """How a version was read. `options` is what was asked for; everything else was found out."""

    items: list[DecisionResponse]
    options: dict[str, Any] = Field(description="Of the first file. See ReadingOptions.")


class VersionResponse(BaseModel):
    """One state of a dataset. `action` made it, from version `based_on`; an import makes the first one from none."""

    number: int
    is_current: bool
    action: str
    based_on: int | None
    rows: int
    rejected_rows: int
    bytes: int
    columns: int
    source: SourceResponse
    job_id: UUID
    created_at: datetime


class VersionsResponse(BaseModel):
    """Every version that is kept, the newest first."""

    items: list[VersionResponse]
    keeps: int = Field(description="So many are kept; the oldest goes when another one is made.")


class RejectedRow(BaseModel):
    """A row of the file that did not fit the table. `id` names it when it is sent back corrected."""

    id: str
    file: int = Field(description="Which of the dataset's files it is from, counted from 1.")
    row: int = Field(description="Counts the records of the file from 1, its header included.")
    byte: int | None = Field(
        description="Where the row begins in the file as it was sent; null where that cannot be told, as in a packed file."
    )
    reason: str
    raw: str = Field(description="The row as it stands in the file, at most 16,000 bytes of it in UTF-8.")
    cut: bool = Field(default=False, description="Whether the row goes on behind what `raw` holds of it.")
    cells: list[str | None] = Field(description="The row taken apart; null is an empty cell.")


class RejectedGroup(BaseModel):
    """Rows that were rejected for one reason. `rows` are ranges `[first, last]` or single rows `[only]`."""

    reason: str
    count: int
    rows: list[list[int]]
    more_ranges: int = Field(description="Ranges that are left out of `rows`.")
    samples: list[RejectedRow]


class RejectedResponse(BaseModel):
    """A page of the rows that were left out, and all of them by reason."""

    items: list[RejectedRow]
    total: int
    groups: list[RejectedGroup]


class ChangeResponse(BaseModel):
    """A change of a dataset, prepared by a job: what it would do, or did. `state` is one of preparing (its job tells
    how far that is), proposed, applied, unchanged, discarded, expired.
    """

    job_id: UUID
    action: str
    state: str
    base_version: int | None
    version: int | None = Field(description="The version that it became.")
    summary: dict[str, Any] | None = Field(
        description="`columns`: added, removed, retyped, renamed. `rows`: before, after or insert, update, unchanged,"
        " missing. `cells`: changed, become_empty, become_filled, with samples."
    )
    created_at: datetime
    decided_at: datetime | None
    expires_at: datetime | None = Field(description="When a proposal that nobody applied is discarded.")


class ChangesResponse(BaseModel):
    """The newest changes of a dataset, at most 50."""

    items: list[ChangeResponse]
