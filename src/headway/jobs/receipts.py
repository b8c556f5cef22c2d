"""The receipt of an ended job, read from what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headway.jobs.answers import to_response
from headway.jobs.errors import JobStillRunning
from headway.jobs.models import BackgroundJob, JobEvent
from headway.jobs.schemas import Receipt, ReceiptInput, ReceiptRows


def read_receipt(job: BackgroundJob, events: Iterable[JobEvent]) -> Receipt:
    """Return the receipt of a job, or raise `JobStillRunning`."""
    if job.completed_at is None:
        raise JobStillRunning(f"The job is {job.status}.", job_status=job.status)
    shown, result = to_response(job), job.result or {}
    begun = [event for event in events if event.kind == "started"]
    return Receipt(
        job_id=job.id,
        input=_input(job.details),
        rows=_rows(result),
        datasets=result.get("datasets", []),
        attempts=job.attempt,
        events_dropped_at=job.events_dropped_at,
        headway=begun[-1].data.get("headway") if begun else None,
        completed_at=job.completed_at,
        **{
            name: getattr(shown, name)
            for name in (
                "job_type", "title", "status", "outcome", "error", "problem", "created_at", "started_at",
            )
        },
    )  # fmt: skip


def _input(details: dict[str, Any]) -> ReceiptInput | None:
    return ReceiptInput.model_validate(details) if "sha256" in details else None


def _rows(result: dict[str, Any]) -> ReceiptRows | None:
    if "rows" not in result:
        return None
    stored, rejected = int(result["rows"]), int(result.get("rejected_rows", 0))
    return ReceiptRows(read=stored + rejected, stored=stored, rejected=rejected)
