"""How a job ends of which its program reports the end."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs.answers import progress_answer
from headway.jobs.errors import JobEnded
from headway.jobs.models import BackgroundJob
from headway.jobs.schemas import ProgressAnswer, ReportProgress
from headway.jobs.transitions import Transitions

UNITS = ("done_units", "total_units", "failed_units", "unit")


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
