"""What the API says of the files of a job."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class ArtifactResponse(BaseModel):
    """A file that a job left. Size and digest say what it is, also once it is gone."""

    name: str
    media_type: str
    bytes: int
    sha256: str
    rows: int | None = Field(description="How many rows it has, where whoever wrote it said so.")
    attempt: int = Field(description="The attempt that wrote it.")
    created_at: datetime
    expires_at: datetime | None = Field(description="Null if it is kept for as long as its job is.")
    expired: bool = Field(description="Whether it is gone; asking for it then answers 410.")


class JobArtifacts(BaseModel):
    items: list[ArtifactResponse]
