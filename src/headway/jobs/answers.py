"""Rows of jobs become answers here, the same for lists, single jobs and live events."""

from __future__ import annotations

from collections.abc import Collection

from headway.jobs import states
from headway.jobs.models import BackgroundJob
from headway.jobs.schemas import JobCounts, JobResponse, ProgressAnswer
from headway.kit.problems import Problem


def to_response(job: BackgroundJob) -> JobResponse:
    """Return the API answer for a row: a pending job says `running`, and 100 % is said only of an ended one."""
    return JobResponse(
        status=states.shown_status(job),
        phase=states.phase(job),
        progress=states.shown_progress(job),
        problem=Problem.model_validate(job.problem) if job.problem else None,
        cancel_requested=job.cancel_requested_at is not None,
        metadata=job.details,
        **{
            name: getattr(job, name)
            for name in (
                "id", "job_type", "title", "message", "stage", "done_units", "total_units", "unit", "error", "outcome",
                "result", "attempt", "version", "related_dataset_id", "created_at", "started_at", "completed_at",
                "updated_at",
            )
        },
    )  # fmt: skip


def count(jobs: Collection[BackgroundJob]) -> JobCounts:
    """Count what the jobs button says. `running` includes the waiting ones, as its text does."""
    phases = [states.phase(job) for job in jobs]
    return JobCounts(
        running=sum(job.status not in states.TERMINAL for job in jobs),
        queued=phases.count("queued") + phases.count("retrying"),
        attention=sum(name in {"failed", "partial", "stalled"} for name in phases),
    )


def progress_answer(job: BackgroundJob, *, clamped: bool) -> ProgressAnswer:
    return ProgressAnswer(
        id=job.id,
        status=states.shown_status(job),
        progress=job.progress,
        clamped=clamped,
        cancel_requested=job.cancel_requested_at is not None,
        lease_expires_at=job.lease_expires_at,
        version=job.version,
    )
