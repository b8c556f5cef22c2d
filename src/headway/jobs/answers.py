"""Rows of jobs become answers here, the same for lists, single jobs and live events."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from headway.jobs import pace, stages, states
from headway.jobs.models import BackgroundJob
from headway.jobs.schemas import (
    ActiveJobs,
    ExpectedEnd,
    JobCounts,
    JobResponse,
    Phase,
    ProgressAnswer,
    QueuePlace,
)
from headway.kit.problems import Problem

RUNNING_POLL_MS, WAITING_POLL_MS, IDLE_POLL_MS = 1_000, 5_000, 30_000


def to_response(job: BackgroundJob, place: QueuePlace | None = None) -> JobResponse:
    """Return the API answer for a row: a pending job says `running`, and 100 % is said only of an ended one."""
    stage_index, stage_count = stages.place_of(job)
    return JobResponse(
        status=states.shown_status(job),
        phase=states.phase(job),
        progress=states.shown_progress(job),
        problem=Problem.model_validate(job.problem) if job.problem else None,
        cancel_requested=job.cancel_requested_at is not None,
        paused=job.paused_at is not None,
        resumable_until=job.resumable_until if states.is_paused(job) else None,
        metadata=job.details,
        expected_end=_expected_end(job),
        stage_index=stage_index,
        stage_count=stage_count,
        rate=pace.shown_rate(job),
        queue=place,
        **{
            name: getattr(job, name)
            for name in (
                "id", "job_type", "title", "message", "stage", "done_units", "total_units", "failed_units", "unit", "error", "outcome",
                "result", "attempt", "version", "related_dataset_id", "created_at", "started_at", "completed_at",
                "updated_at",
            )
        },
    )  # fmt: skip


def _expected_end(job: BackgroundJob) -> ExpectedEnd | None:
    if job.likely_end_at is None or job.late_end_at is None:
        return None
    return ExpectedEnd(likely_at=job.likely_end_at, late_at=job.late_end_at)


def count(phases: Collection[Phase], paused: int) -> JobCounts:
    """Count what the jobs button says. `running` includes the waiting ones, as its text does, but not paused uploads."""
    return JobCounts(
        running=sum(name not in states.ENDED for name in phases) - paused,
        paused=paused,
        queued=sum(name in {"queued", "retrying"} for name in phases),
        attention=sum(name in {"failed", "partial", "stalled"} for name in phases),
    )


def active_of(jobs: list[JobResponse], phases: Collection[Phase], paused: int, now: datetime) -> ActiveJobs:
    """Return the list of these jobs with what is said about all of them: their phases, and how many are paused."""
    counts = count(phases, paused)
    poll_ms = RUNNING_POLL_MS if counts.running > counts.queued else WAITING_POLL_MS if counts.queued else IDLE_POLL_MS
    return ActiveJobs(jobs=jobs, counts=counts, next_poll_ms=poll_ms, server_time=now)


def to_active(
    jobs: Collection[BackgroundJob], now: datetime, places: Mapping[UUID, QueuePlace] | None = None
) -> ActiveJobs:
    """Return what the jobs button shows of these jobs."""
    shown = [to_response(job, (places or {}).get(job.id)) for job in jobs]
    return active_of(shown, [states.phase(job) for job in jobs], sum(map(states.is_paused, jobs)), now)


def with_place(written: str, place: QueuePlace | None) -> str:
    """Return the JSON of a job that was written without a place, with this one."""
    without = '"queue":null}'
    return f'{written.removesuffix(without)}"queue":{place.model_dump_json()}}}' if place is not None else written


def job_tag(job: JobResponse) -> str:
    """Return an entity tag: of all that is told of a job only its place in the queue changes without a new version."""
    if job.queue is None:
        return f'"v{job.version}"'
    start = job.queue.expected_start
    return f'"v{job.version}.{job.queue.ahead}.{start.timestamp() if start else 0:.0f}"'


def active_tag(answer: ActiveJobs) -> str:
    """Return an entity tag of everything but the time of day."""
    seen = hashlib.sha256()
    for job in answer.jobs:
        seen.update(f"{job.id}:{job_tag(job)};".encode())
    return f'"{seen.hexdigest()[:24]}"'


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


def moved_answer(job: BackgroundJob, progress: int | None) -> ProgressAnswer:
    """Return what whoever reported so many percent is told of the job as it is now."""
    return progress_answer(job, clamped=progress is not None and progress != job.progress)
