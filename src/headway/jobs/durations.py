"""By when a job should end, learned from how long others of its type and size took.

For each stage of a completed job the time from its beginning to the end of the whole job is kept. So what is left of
a job that enters that stage is read off directly: the median of its like, and what nine of ten of them needed.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs import queries, stages
from headway.jobs.attempts import read_attempts
from headway.jobs.models import BackgroundJob, JobEvent
from headway.jobs.stages import Declared

KEPT = 30
"""The newest durations of jobs that are alike; machines and files change."""

LEAST = 3
"""From fewer nothing is concluded."""

WHOLE = ""
"""Stands for the stage that an attempt itself is: from its beginning to the end of the job."""

Expected = tuple[datetime | None, datetime | None]


def size_class(job: BackgroundJob) -> int:
    """Return the class of jobs that are about as large: each is four times the one below. 0 if nobody knows."""
    size = job.details.get("bytes", 0)
    return int(size).bit_length() // 2 if isinstance(size, int) and size > 0 else 0


async def expect(session: AsyncSession, job: BackgroundJob, stage: str, now: datetime) -> Expected:
    """Return when a job that enters a stage now ends: as likely before as after, and nine times in ten before."""
    seconds = await queries.list_durations(session, (job.job_type, stage, size_class(job)), KEPT)
    if len(seconds) < LEAST:
        return None, None
    # Between the last two of ten equal parts; linear between two durations where none is there.
    late = statistics.quantiles(seconds, n=10, method="inclusive")[-1]
    return now + timedelta(seconds=statistics.median(seconds)), now + timedelta(seconds=late)


async def weigh(session: AsyncSession, job: BackgroundJob, declared: Declared) -> Declared:
    """Return the stages that a job declares, with weights that also follow how long its like were in each of them."""
    if any("weight" not in stage for stage in declared):
        return declared
    alike = {
        stage["key"]: await queries.list_durations(session, (job.job_type, stage["key"], size_class(job)), KEPT)
        for stage in declared
    }
    return stages.weigh(declared, alike)


async def learn(session: AsyncSession, job: BackgroundJob, events: Iterable[JobEvent]) -> None:
    """Keep how long it took from each stage of the completed attempt to its end."""
    attempts = read_attempts(job, events)
    if not attempts or attempts[-1].ended_at is None:
        return
    last, end = attempts[-1], attempts[-1].ended_at
    for name, began in [(WHOLE, last.started_at), *((stage.name, stage.started_at) for stage in last.stages)]:
        alike = (job.job_type, name, size_class(job))
        await queries.add_duration(session, alike, end, (end - began).total_seconds(), KEPT)
