"""What a dataset looks like from outside."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

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


class DecisionResponse(BaseModel):
    """One thing that was found out about the file, with its evidence and what came second."""

    subject: str
    value: Any
    evidence: str
    runner_up: Any


class DecisionsResponse(BaseModel):
    items: list[DecisionResponse]
