"""Rows of datasets become answers here."""

from __future__ import annotations

from typing import Any

from headway.datasets.columns import Column
from headway.datasets.models import Dataset, DatasetChange, DatasetVersion
from headway.datasets.schemas import (
    ChangeResponse,
    ColumnResponse,
    DatasetResponse,
    ProfiledColumn,
    ProfileResponse,
    SourceResponse,
    VersionResponse,
)


def to_response(dataset: Dataset, version: DatasetVersion) -> DatasetResponse:
    return DatasetResponse(
        id=dataset.id,
        name=dataset.name,
        rows=version.rows,
        rejected_rows=version.rejected_rows,
        bytes=version.bytes,
        version=version.number,
        columns=[ColumnResponse.model_validate(column, from_attributes=True) for column in columns_of(version)],
        source=SourceResponse(**version.source),
        job_id=version.job_id,
        created_at=dataset.created_at,
        updated_at=dataset.updated_at,
    )


def to_profile(version: DatasetVersion, profile: list[dict[str, Any]] | None) -> ProfileResponse:
    described = zip(version.columns, profile or [], strict=profile is not None)
    columns = [ProfiledColumn(name=column["name"], type=column["type"], **known) for column, known in described]
    return ProfileResponse(rows=version.rows, is_known=profile is not None, columns=columns)


def to_version(version: DatasetVersion, *, current: int) -> VersionResponse:
    return VersionResponse(
        is_current=version.number == current,
        columns=len(version.columns),
        source=SourceResponse(**version.source),
        **{
            name: getattr(version, name)
            for name in ("number", "action", "based_on", "rows", "rejected_rows", "bytes", "job_id", "created_at")
        },
    )


def columns_of(version: DatasetVersion) -> list[Column]:
    return [Column.from_json(column) for column in version.columns]


def to_change(change: DatasetChange) -> ChangeResponse:
    return ChangeResponse.model_validate(change, from_attributes=True)
