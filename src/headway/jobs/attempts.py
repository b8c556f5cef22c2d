"""The attempts of a job, read from its events: they are one truth told twice if they are kept twice."""

from __future__ import annotations

from collections.abc import Iterable

from headway.jobs.models import BackgroundJob, JobEvent
from headway.jobs.schemas import AttemptOutcome, AttemptStage, JobAttempt

ENDINGS: dict[str, AttemptOutcome] = {
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "crashed": "crashed",
    "worker_lost": "worker_lost",
    "handed_back": "handed_back",
    "restored": "worker_lost",
    "will_retry": "failed",
}
"""The events that end an attempt, and what they say of it."""


def read_attempts(job: BackgroundJob, events: Iterable[JobEvent]) -> list[JobAttempt]:
    """Return the attempts of a job, oldest first. One that nobody ended was lost when the next one began."""
    attempts: list[JobAttempt] = []
    for event in events:
        last = attempts[-1] if attempts else None
        if event.kind == "started":
            _end(last, "worker_lost", event)
            attempts.append(
                JobAttempt(
                    number=event.attempt, outcome="running", worker=event.data.get("worker"), started_at=event.at
                )
            )
        elif last is not None and event.attempt == last.number:
            _continue(last, event)
    return attempts


def _continue(attempt: JobAttempt, event: JobEvent) -> None:
    if event.kind == "stage" and attempt.ended_at is None:
        _end_stage(attempt, event)
        if event.data.get("stage"):
            attempt.stages.append(AttemptStage(name=event.data["stage"], started_at=event.at))
    elif event.kind in ENDINGS:
        _end(attempt, ENDINGS[event.kind], event)


def _end(attempt: JobAttempt | None, outcome: AttemptOutcome, event: JobEvent) -> None:
    if attempt is None or attempt.ended_at is not None:
        return
    _end_stage(attempt, event)
    attempt.outcome = outcome
    attempt.ended_at = event.at
    attempt.problem = event.data.get("problem")


def _end_stage(attempt: JobAttempt, event: JobEvent) -> None:
    if attempt.stages and attempt.stages[-1].ended_at is None:
        attempt.stages[-1].ended_at = event.at
