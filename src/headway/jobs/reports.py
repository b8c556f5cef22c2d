"""What a program reports of a job that it runs: that it goes on, or how it ended."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs.answers import progress_answer
from headway.jobs.errors import JobEnded
from headway.jobs.models import BackgroundJob
from headway.jobs.schemas import ProgressAnswer, ReportProgress
from headway.jobs.transitions import EXTERNAL, Transitions

UNITS = ("done_units", "total_units", "failed_units", "unit")


def may_tick(job: BackgroundJob | None, user_id: str, body: ReportProgress) -> bool:
    """Say whether a report only moves a job on, by what was last seen of that: the owner's, and running.

    Whatever is against it is found out, and said, by who looks.
    """
    is_theirs = job is not None and (job.user_id, job.engine, job.status) == (user_id, EXTERNAL, "running")
    is_present = job is not None and body.attempt in {None, job.attempt}
    return is_theirs and is_present and body.status in {None, "running"} and not body.log


async def end_reported(
    session: AsyncSession, move: Transitions, job: BackgroundJob, body: ReportProgress
) -> ProgressAnswer:
    """End a live job as its report says; one that names an error has failed. Raises `JobEnded` if it ended meanwhile."""
    status = "failed" if body.error and body.status == "completed" else str(body.status)
    error = (body.error or "The job reported that it failed.") if status == "failed" else None
    columns = {
        key: value
        for key in ("message", "stage", *UNITS, "result", "related_dataset_id")
        if (value := getattr(body, key)) is not None
    }
    if status == "completed" and columns.get("failed_units", job.failed_units):
        columns["outcome"] = "partial"
    ended = await move.end(session, BackgroundJob.id == job.id, status, error=error, **columns)
    if ended is None:
        raise JobEnded
    return progress_answer(ended, clamped=False)
