"""From a row to what people read: the phase, the progress that may be shown, and how long an ended job stays in view."""

from __future__ import annotations

from datetime import datetime, timedelta

from headway.jobs.models import BackgroundJob
from headway.jobs.schemas import Phase, Status

COMPLETED_VISIBLE = timedelta(minutes=5)
ENDED_BADLY_VISIBLE = timedelta(hours=1)

UPLOAD_STAGE = "upload"
"""The stage of a job whose bytes still arrive; it is the one stage in which the API holds the lease."""

TERMINAL: frozenset[str] = frozenset({"completed", "failed", "cancelled"})
ENDED: frozenset[Phase] = frozenset({"completed", "partial", "failed", "cancelled"})


def shown_status(job: BackgroundJob) -> Status:
    """Return the status for API answers: a pending job counts as running from its first moment."""
    if job.status == "pending":
        return "running"
    return job.status  # type: ignore[return-value]  # a CHECK constraint closes the set


def phase(job: BackgroundJob) -> Phase:
    """Return the one word that says what the job is doing."""
    if job.status == "completed":
        return "partial" if job.outcome == "partial" else "completed"
    if job.status == "failed":
        return "failed"
    if job.status == "cancelled":
        return "cancelled"
    if job.cancel_requested_at is not None:
        return "cancelling"
    if job.stalled_at is not None:
        return "stalled"
    if job.status == "pending":
        return _waiting_phase(job)
    return "finishing" if job.progress >= 99 else "running"


def _waiting_phase(job: BackgroundJob) -> Phase:
    if job.stage == UPLOAD_STAGE:
        return "uploading"
    return "retrying" if job.attempt > 0 else "queued"


def leaves_view_at(status: str, completed_at: datetime | None) -> datetime | None:
    """Return when an ended job leaves the active list by itself; None while it runs."""
    if completed_at is None:
        return None
    return completed_at + (COMPLETED_VISIBLE if status == "completed" else ENDED_BADLY_VISIBLE)


def is_in_line(job: BackgroundJob) -> bool:
    """Say whether a job waits for one of our workers. What other programs run stands in no line of ours."""
    return job.status == "pending" and job.delivery > 0 and phase(job) in {"queued", "retrying"}


def is_held_by(job: BackgroundJob, attempt: int, owner: str) -> bool:
    """Say whether a job is live, in this attempt, and in these hands."""
    return (job.attempt, job.lease_owner) == (attempt, owner) and job.status not in TERMINAL


def is_paused(job: BackgroundJob) -> bool:
    """Say whether an upload waits for somebody to go on with it."""
    held = job.lease_owner is not None or job.stage != UPLOAD_STAGE or job.status != "pending"
    return job.resumable_until is not None and not held


def has_arrived(job: BackgroundJob) -> bool:
    """Say whether every byte of an upload has come."""
    return job.total_units is not None and job.done_units == job.total_units


def paused_message(job: BackgroundJob) -> str:
    """Return what is said of an upload that nobody sends any more."""
    done, total = job.done_units or 0, job.total_units
    if has_arrived(job):
        return "All bytes have arrived, and wait to be checked"
    how_far = f"at {100 * done // total} %" if total else f"after {done:,} bytes"
    until = f", resumable until {job.resumable_until:%Y-%m-%d %H:%M} UTC" if job.resumable_until is not None else ""
    return f"Paused {how_far}{until}"


def shown_progress(job: BackgroundJob) -> int:
    """Return the percent to show: 100 only once the result is committed."""
    return job.progress if job.status in TERMINAL else min(job.progress, 99)
