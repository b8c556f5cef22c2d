"""What the API says of the lines of a job."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from headway.jobs.logs.ring import Source
from headway.jobs.schemas import Level


class LogLine(BaseModel):
    """One line. `number` counts all lines that the job ever said; those that are missing are not kept any more."""

    number: int
    attempt: int
    at: datetime
    level: Level
    source: Source
    text: str


class JobLogs(BaseModel):
    """Some lines of a job, in order. Ask again with `after` set to `next_after`."""

    items: list[LogLine]
    next_after: int = Field(description="The number of the last of these lines, or the `after` that was asked for.")
    more: bool = Field(description="Whether there are later ones by now.")
    total: int = Field(description="How many lines the job has said.")
    dropped: int = Field(description="How many of them are not kept any more.")
