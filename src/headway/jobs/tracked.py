"""Jobs that another engine runs (Celery and its like), as an adapter of that engine tells of them.

The adapter may tell late, twice, or in another order than things happened. So each call compares before it sets: an
attempt writes only while it is the job's present one, and what has ended stays so, but for a failed or cancelled job
of which the engine begins another attempt after all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from headway.errors import AppError
from headway.jobs import pace, queries, states
from headway.jobs.models import IS_ACTIVE, BackgroundJob
from headway.jobs.queries import Lease
from headway.jobs.schemas import ProgressAnswer
from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import ChangeSignal
from headway.jobs.transitions import EXTERNAL, Transitions
from headway.kit.clock import Clock
from headway.kit.db import Database

NAMESPACE = UUID("2f6d4c1e-6b0a-5c55-9d0b-6f1d0c6a4b11")

SENT_WITHIN_SECONDS = 10
"""Whoever announces a job says within three times this that its message is with the broker."""

BEAT_SECONDS = 2.0
HEARTBEAT_SECONDS = 10
"""A worker that was not heard of for so long is shown as stalled, and after three times that has lost its jobs."""

PAGE = 500


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is known of a job when its message is sent. `ref` is the engine's own name of it."""

    ref: str
    owner: str
    title: str
    task: str
    queue: str | None = None
    job_type: str = EXTERNAL
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job whose message is with the broker, as it was seen."""

    ref: str
    queue: str | None
    job: BackgroundJob


class TrackedJobs:
    """The jobs of one engine. Every method is a transaction of its own."""

    def __init__(self, database: Database, clock: Clock, signal: ChangeSignal, engine: str) -> None:
        self._database = database
        self._clock = clock
        self._move = Transitions(database, clock, signal)
        self._service = JobMonitoringService(database, clock, signal)
        self._engine = f"{EXTERNAL}:{engine}"

    def id_of(self, ref: str) -> UUID:
        """Return the id that the job with this name has, or would have."""
        return uuid5(NAMESPACE, f"{self._engine}:{ref}")

    async def announce(self, what: Announcement) -> None:
        """Create the job before its message can be read. One that exists stays as it is."""
        with contextlib.suppress(IntegrityError):  # somebody else announced it at the same time
            async with self._database.write() as session:
                if await queries.find(session, self.id_of(what.ref)) is None:
                    await self._create(session, what)

    async def _create(self, session: AsyncSession, what: Announcement) -> None:
        await self._move.create(
            session,
            what.owner,
            what.job_type,
            id=self.id_of(what.ref),
            engine=self._engine,
            engine_ref=what.ref,
            kind=what.task,
            title=what.title[:200],
            queue=what.queue,
            details=what.details,
            heartbeat_seconds=SENT_WITHIN_SECONDS,
            lease_expires_at=self._database.moment(self._clock, SENT_WITHIN_SECONDS),
        )

    async def sent(self, ref: str) -> None:
        """Note that the broker has the message: from now on the job may wait for as long as it takes."""
        waiting = sa.and_(BackgroundJob.id == self.id_of(ref), BackgroundJob.status == "pending")
        values = {"lease_expires_at": None, "message": "Waiting for a worker"}
        await self._set(waiting, values, "sent")

    async def start(self, what: Announcement, worker: str) -> Lease | None:
        """Begin the next attempt and return the lease on it; None if the job has completed.

        A job that was cancelled too late for its engine runs, and says so: it is being cancelled.
        """
        job_id, now = self.id_of(what.ref), self._clock.now()
        may_start = BackgroundJob.status != "completed"
        values = {
            **_OF_AN_ATTEMPT,
            "status": "running",
            "attempt": BackgroundJob.attempt + 1,
            "started_at": sa.func.coalesce(
                BackgroundJob.started_at, queries.never_before(BackgroundJob.created_at, now)
            ),
            "lease_owner": worker,
            "lease_expires_at": self._database.moment(self._clock, HEARTBEAT_SECONDS),
            "heartbeat_seconds": HEARTBEAT_SECONDS,
            # Somebody who wants it stopped wants that of every attempt, but not of one after its end.
            "cancel_requested_at": sa.case(
                (BackgroundJob.status == "cancelled", BackgroundJob.completed_at),
                (BackgroundJob.status != "failed", BackgroundJob.cancel_requested_at),
            ),
        }
        where = sa.and_(BackgroundJob.id == job_id, may_start)
        job = await self._set(where, values, "started", worker=worker)
        if job is None:
            # Whoever sent it could not reach this table.
            await self.announce(what)
            job = await self._set(where, values, "started", worker=worker)
        return Lease(job_id, job.attempt, worker) if job is not None else None

    async def progress(
        self, lease: Lease, percent: int | None, message: str | None, columns: dict[str, Any]
    ) -> ProgressAnswer:
        """Record progress of an attempt. Raises `StaleLease` once another one has begun, or the job has ended."""
        return await self._service.update_progress(
            lease.job_id, percent, message, lease=lease, lease_seconds=HEARTBEAT_SECONDS, **columns
        )

    async def beat(self, worker: str, refs: Collection[str]) -> list[str]:
        """Give a sign of life for what a worker runs; return what of it is to be stopped."""
        names = {self.id_of(ref): ref for ref in refs}
        async with self._database.write() as session:
            answers = await self._service.renew_in(session, worker, names.keys(), HEARTBEAT_SECONDS)
        return [names[answer.id] for answer in answers if answer.cancel_requested]

    async def list_cancelled(self, refs: Collection[str]) -> list[str]:
        """Return those of these jobs that were cancelled, perhaps before they began."""
        names = {self.id_of(ref): ref for ref in refs}
        async with self._database.read() as session:
            statuses = await queries.list_statuses(session, names.keys())
        return [names[job_id] for job_id, status in statuses.items() if status == "cancelled"]

    async def give_back(
        self, ref: str, worker: str | None, attempt: int | None, problem: AppError, message: str
    ) -> None:
        """End an attempt that the engine is going to repeat."""
        values = {
            "status": "pending", "lease_owner": None, "lease_expires_at": None, "stalled_at": None, "stage": None,
            "message": message[:200],
        }  # fmt: skip
        where = self._of_attempt(ref, worker, attempt)
        await self._end(
            sa.and_(where, BackgroundJob.cancel_requested_at.is_not(None)), "cancelled", message="Cancelled"
        )
        await self._set(where, values, "will_retry", problem=problem.problem())

    async def complete(self, ref: str, worker: str, attempt: int | None, message: str | None = None) -> None:
        columns = {"message": message} if message is not None else {}
        await self._end(self._of_attempt(ref, worker, attempt), "completed", **columns)

    async def fail(self, ref: str, worker: str | None, attempt: int | None, problem: AppError) -> None:
        """End a job as failed; without a worker, one that nobody has begun."""
        said = problem.problem()
        await self._end(self._of_attempt(ref, worker, attempt), "failed", error=said["detail"], problem=said)

    async def cancel(self, ref: str, worker: str | None, attempt: int | None) -> None:
        """End a job as cancelled, of which its engine or its task says so."""
        await self._end(self._of_attempt(ref, worker, attempt), "cancelled", message="Cancelled")

    async def list_waiting(self, for_seconds: float) -> Sequence[Waiting]:
        """Return jobs whose message has been with the broker for so long, the longest waiting first."""
        before = self._clock.now() - timedelta(seconds=for_seconds)
        async with self._database.read() as session:
            jobs = await _list_with_broker(session, self._engine, before, PAGE)
        return [Waiting(job.engine_ref or "", job.queue, job) for job in jobs]

    async def lose(self, waiting: Waiting, problem: AppError) -> bool:
        """Fail a job whose message is nowhere, if it still is as it was seen; say whether that was so."""
        return await self._service.end_overdue(waiting.job, problem.problem())

    def _of_attempt(self, ref: str, worker: str | None, attempt: int | None) -> sa.ColumnElement[bool]:
        """Return the condition that an attempt may write: its worker's, the present one, or begun by nobody."""
        of: list[sa.ColumnElement[bool]] = [
            BackgroundJob.id == self.id_of(ref),
            BackgroundJob.status.not_in(states.TERMINAL),
        ]
        unbegun = BackgroundJob.lease_owner.is_(None)
        of.append(unbegun if worker is None else sa.or_(unbegun, BackgroundJob.lease_owner == worker))
        return sa.and_(*of, *([BackgroundJob.attempt == attempt] if attempt is not None else []))

    async def _set(
        self, where: sa.ColumnElement[bool], values: dict[str, Any], event: str, **data: Any
    ) -> BackgroundJob | None:
        async with self._database.write() as session:
            job = await queries.update(session, self._clock.now(), where, values)
            if job is not None:
                await self._move.record(session, job, event, **data)
        return job

    async def _end(self, where: sa.ColumnElement[bool], status: str, **columns: Any) -> None:
        async with self._database.write() as session:
            await self._move.end(session, where, status, **columns)


async def _list_with_broker(
    session: AsyncSession, engine: str, sent_before: datetime, limit: int
) -> Sequence[BackgroundJob]:
    """Return the jobs of another engine that wait for one of its workers, the longest waiting first."""
    statement = sa.select(BackgroundJob).where(
        IS_ACTIVE,
        BackgroundJob.status == "pending",
        BackgroundJob.engine == engine,
        BackgroundJob.lease_expires_at.is_(None),
        BackgroundJob.updated_at < sent_before,
    )
    return (await session.execute(statement.order_by(BackgroundJob.updated_at).limit(limit))).scalars().all()


_OF_AN_ATTEMPT: dict[str, Any] = {
    **dict.fromkeys(
        ("message", "stage", "done_units", "total_units", "failed_units", "unit", "error", "problem", "outcome", "result",
         "completed_at", "dismissed_at", "notified_at", "stalled_at", "scheduled_for",
         "likely_end_at", "late_end_at")
    ),
    **pace.UNMEASURED,
    "progress": 0,
}  # fmt: skip
"""What an attempt begins without, whatever an earlier one said."""
