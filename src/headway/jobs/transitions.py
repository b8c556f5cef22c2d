"""Every change of a job, in one place: who may make it, what it sets, what it records, whom it tells.

Each method joins the caller's transaction and compares before it sets. What a lease holds, only its holder may
change: a zombie's write finds no row and raises `StaleLease`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs import arriving, durations, pace, queries, states
from headway.jobs.errors import JobEnded, JobNotFound, ReportedFailure, StaleLease
from headway.jobs.models import IS_ACTIVE, BackgroundJob
from headway.jobs.queries import Lease
from headway.jobs.reported import read_report
from headway.jobs.runner import BULK_TYPES, queue_of
from headway.jobs.signal import ChangeSignal
from headway.kit import tracing
from headway.kit.clock import Clock
from headway.kit.db import Database

HEADWAY = version("headway")
"""Whose reading of a file it is: a version also fixes the versions of all parsers."""

NO_EXPECTATION: dict[str, Any] = {"likely_end_at": None, "late_end_at": None, **pace.UNMEASURED}
"""What nobody can say of a job that is not worked on: when it ends, and how fast it is."""

EXTERNAL = "external"
"""The engine of a job that its creator runs. `external:celery` and its like are engines of others, of which an adapter
tells; every other name means that Headway runs it."""


def is_external(job: BackgroundJob) -> bool:
    """Say whether somebody else runs the job, so that nobody here can give it to another worker."""
    return job.engine.partition(":")[0] == EXTERNAL


class Transitions:
    """Moves jobs from state to state."""

    def __init__(self, database: Database, clock: Clock, signal: ChangeSignal) -> None:
        self._database = database
        self._clock = clock
        self._signal = signal

    async def create(self, session: AsyncSession, user_id: str, job_type: str, **values: Any) -> BackgroundJob:
        """Insert a pending job. `values` are columns of `background_jobs`."""
        now = self._clock.now()
        columns = {"progress": 0, "version": 1, "attempt": 0, "engine": EXTERNAL, "details": {}, "title": "", **values}
        columns["trace_parent"] = tracing.carried()
        if columns.get("delivery"):
            columns = {"queue": queue_of(job_type), "waiting_since": now, **columns}
        columns.setdefault("id", uuid4())
        job = BackgroundJob(
            user_id=user_id, job_type=job_type, status="pending", created_at=now, updated_at=now, **columns
        )
        if job.stages and not is_external(job):
            job.stages = await durations.weigh(session, job, job.stages)
        await queries.insert(session, job)
        await session.refresh(job)
        await self.record(session, job, "created")
        return job

    async def start(self, session: AsyncSession, job_id: UUID) -> BackgroundJob:
        """Set a pending job running; one that runs already stays as it is."""
        now = self._clock.now()
        values = {
            "status": "running",
            "started_at": queries.never_before(BackgroundJob.created_at, now),
            "attempt": BackgroundJob.attempt + 1,
        }
        pending = sa.and_(BackgroundJob.id == job_id, BackgroundJob.status == "pending")
        job = await queries.update(session, now, pending, values)
        if job is None:
            return await self.live(session, job_id)
        await self.record(session, job, "started")
        return job

    async def claim(
        self, session: AsyncSession, job_id: UUID, owner: str, seconds: float, restart_progress: int, after: int | None
    ) -> Lease | None:
        """Begin the next attempt; None if the job has ended, or is another worker's."""
        now = self._clock.now()
        values = {
            "status": "running",
            "attempt": BackgroundJob.attempt + 1,
            "progress": restart_progress,
            "started_at": sa.func.coalesce(
                BackgroundJob.started_at, queries.never_before(BackgroundJob.created_at, now)
            ),
            "lease_owner": owner,
            "lease_expires_at": self._database.moment(self._clock, seconds),
            "stalled_at": None,
            "scheduled_for": None,
            "paused_at": None,
            # What was said of the pause is over.
            "message": sa.case((BackgroundJob.paused_at.is_(None), BackgroundJob.message)),
            "stage": None,
            **NO_EXPECTATION,
            "done_units": None,
            "total_units": None,
            "failed_units": None,
            "unit": None,
            "error": None,
            "problem": None,
        }
        may_take = queries.claimable(job_id, owner, self._database.moment(self._clock), after)
        job = await queries.update(session, now, may_take, values)
        if job is None:
            return None
        await self.record(session, job, "started", worker=owner, headway=HEADWAY)
        return Lease(job_id=job.id, attempt=job.attempt, owner=owner)

    async def progress(
        self,
        session: AsyncSession,
        job_id: UUID,
        progress: int | None,
        message: str | None,
        *,
        lease: Lease | None,
        lease_seconds: float | None,
        **columns: Any,
    ) -> BackgroundJob:
        """Set progress (never back) and renew the lease: the sign of life."""
        now = self._clock.now()
        before = await self.live(session, job_id) if lease is None else await self.held(session, lease)
        stage_before, seconds = before.stage, lease_seconds or before.heartbeat_seconds
        report = read_report(before, progress, message, columns, now)
        values = {
            **report.values,
            "lease_expires_at": self._database.moment(self._clock, seconds),
            "stalled_at": None,
        }
        if "progress" in values:
            values["progress"] = queries.never_below(BackgroundJob.progress, values["progress"])
        if report.begins is not None:
            values["likely_end_at"], values["late_end_at"] = await durations.expect(session, before, report.begins, now)
        if report.out_of_bounds is not None:
            values["clamped_attempt"] = before.attempt
        where = queries.held_by(lease) if lease is not None else sa.and_(BackgroundJob.id == job_id, IS_ACTIVE)
        job = await queries.update(session, now, where, values)
        if job is None:
            # Since the look above somebody else ended it, or took it over.
            raise JobEnded if lease is None else StaleLease
        reported = {} if report.out_of_bounds is None else {"reported": report.out_of_bounds}
        if job.stage != stage_before:
            await self.record(session, job, "stage", stage=job.stage, progress=job.progress, **reported)
        elif reported:
            # Once for each attempt: whoever counts wrongly does it again and again.
            await self.record(session, job, "clamped", **reported, progress=job.progress)
        else:
            self.announce(session, job.user_id)
        return job

    async def renew(
        self, session: AsyncSession, owner: str, job_ids: Collection[UUID], lease_seconds: float
    ) -> Sequence[BackgroundJob]:
        """Renew the leases of all these jobs that `owner` still holds, and return them: a sign of life, no progress."""
        values = {"lease_expires_at": self._database.moment(self._clock, lease_seconds), "stalled_at": None}
        jobs = await queries.update_all(session, self._clock.now(), queries.held_among(owner, job_ids), values)
        for user_id in {job.user_id for job in jobs}:
            self.announce(session, user_id)
        return jobs

    async def accept(
        self, session: AsyncSession, lease: Lease, progress: int, message: str, size_bytes: int, **columns: Any
    ) -> BackgroundJob:
        """Turn a job whose bytes arrived into one that waits for a worker."""
        values = {
            "message": message,
            "progress": queries.never_below(BackgroundJob.progress, progress),
            "done_units": size_bytes,
            "total_units": size_bytes,
            "delivery": 1,
            "queued_at": self._clock.now(),
            "resumable_until": None,
            **columns,
        }
        return await self._release(session, queries.held_by(lease), "accepted", values)

    async def take_upload(
        self, session: AsyncSession, job_id: UUID, owner: str, seconds: float, **columns: Any
    ) -> BackgroundJob:
        """Go on with a resumable upload, whoever held it until now. Raises `StaleLease` if it is none any more."""
        before = await queries.find(session, job_id)
        values = {"lease_owner": owner, "lease_expires_at": self._database.moment(self._clock, seconds), **columns}
        job = await queries.update(session, self._clock.now(), arriving.resumable(job_id), values)
        if before is None or job is None:
            raise StaleLease
        if states.is_paused(before) and not states.has_arrived(before):
            await self.record(session, job, "resumed")
        else:
            self.announce(session, job.user_id)
        return job

    async def pause_upload(self, session: AsyncSession, job: BackgroundJob) -> BackgroundJob:
        """Let an upload wait for whoever goes on with it, if it still is as it was seen; else raise `StaleLease`.

        One whose owner wants it cancelled ends here: nobody else would hear of that.
        """
        values = {"lease_owner": None, "lease_expires_at": None, "message": states.paused_message(job)}
        paused = await queries.update(session, self._clock.now(), queries.unchanged_since(job), values)
        if paused is None:
            raise StaleLease
        if paused.cancel_requested_at is not None:
            return await self.end(session, BackgroundJob.id == job.id, "cancelled", message="Cancelled") or paused
        if states.has_arrived(paused):
            # Not the sender's pause but ours, perhaps one of many: a store that is away.
            self.announce(session, paused.user_id)
        else:
            await self.record(session, paused, "paused")
        return paused

    async def hand_back(
        self, session: AsyncSession, lease: Lease, message: str, wait_seconds: float | None
    ) -> BackgroundJob:
        """Give a running job back to the queue or, with `wait_seconds`, keep it for another attempt after them."""
        next_at = self._clock.now() + timedelta(seconds=wait_seconds) if wait_seconds is not None else None
        values = {"message": message, "status": "pending", "scheduled_for": next_at}
        return await self._release(session, queries.held_by(lease), "handed_back", values)

    async def hand_back_crashed(
        self, session: AsyncSession, lease: Lease, message: str, problem: dict[str, Any]
    ) -> BackgroundJob:
        """Give a job back whose own process died, and count that."""
        values = {"message": message, "status": "pending", "crash_count": BackgroundJob.crash_count + 1}
        return await self._release(session, queries.held_by(lease), "crashed", values, problem=problem)

    async def lose_worker(self, session: AsyncSession, job: BackgroundJob) -> BackgroundJob:
        """Take a job away from a worker that is gone, if it still is as it was seen; else raise `StaleLease`."""
        values = {
            "message": "The worker that ran it was lost. Waiting for another one.",
            "status": "pending",
            "worker_losses": BackgroundJob.worker_losses + 1,
            "stalled_at": None,
        }
        worker = job.lease_owner
        return await self._release(session, queries.unchanged_since(job), "worker_lost", values, worker=worker)

    async def resume_restored(self, session: AsyncSession, job: BackgroundJob) -> BackgroundJob:
        """Make a job wait that somebody held when the backup was made from which it comes."""
        values = {"message": "Restored from a backup. Waiting for a worker.", "status": "pending", "stalled_at": None}
        return await self._release(session, queries.unchanged_since(job), "restored", values)

    async def redeliver(
        self, session: AsyncSession, where: sa.ColumnElement[bool], kind: str, columns: dict[str, Any], **data: Any
    ) -> BackgroundJob:
        """Make a job wait for one delivery more, which the caller enqueues in the same transaction."""
        values = {
            "status": "pending",
            "delivery": BackgroundJob.delivery + 1,
            "queued_at": self._clock.now(),
            **columns,
        }
        return await self._release(session, where, kind, values, **data)

    async def _release(
        self, session: AsyncSession, where: sa.ColumnElement[bool], kind: str, values: dict[str, Any], **data: Any
    ) -> BackgroundJob:
        now = self._clock.now()
        by_type = sa.case((BackgroundJob.job_type.in_(BULK_TYPES), queue_of("export")), else_=queue_of("import"))
        waiting = {
            "queue": sa.func.coalesce(BackgroundJob.queue, by_type),
            "waiting_since": now,
            "paused_at": None,
        }
        freed = {
            "lease_owner": None, "lease_expires_at": None, "scheduled_for": None, "stage": None,
            **NO_EXPECTATION, **waiting, **values,
        }  # fmt: skip
        job = await queries.update(session, now, where, freed)
        if job is None:
            raise StaleLease
        await self.record(session, job, kind, **data)
        return job

    async def end(
        self, session: AsyncSession, where: sa.ColumnElement[bool], status: str, **columns: Any
    ) -> BackgroundJob | None:
        """Move the live job that fits `where` into a terminal state; None if none fits."""
        now = self._clock.now()
        values: dict[str, Any] = {
            "status": status,
            "completed_at": queries.never_before(
                sa.func.coalesce(BackgroundJob.started_at, BackgroundJob.created_at), now
            ),
            "lease_expires_at": None,
            "stalled_at": None,
            "paused_at": None,
            **NO_EXPECTATION,
            **columns,
        }
        if status == "failed" and not values.get("problem"):
            values["problem"] = ReportedFailure(values.get("error") or "").problem()
        if status == "completed":
            values |= {"progress": 100, "outcome": columns.get("outcome") or "succeeded"}
        job = await queries.update(session, now, sa.and_(where, IS_ACTIVE), values)
        if job is not None:
            # A later attempt clears the job's own.
            await self.record(session, job, status, **({"problem": job.problem} if job.problem else {}))
        # What other programs report is their owner's word, and this is for everybody.
        if job is not None and status == "completed" and not is_external(job):
            await durations.learn(session, job, await queries.list_events(session, job.id))
        return job

    async def end_held(self, session: AsyncSession, lease: Lease, status: str, **columns: Any) -> BackgroundJob:
        """End the job that a lease holds, or raise `StaleLease`."""
        job = await self.end(session, queries.held_by(lease), status, **columns)
        if job is None:
            raise StaleLease
        return job

    async def request_cancel(
        self, session: AsyncSession, job: BackgroundJob, *, by_operator: bool = False
    ) -> BackgroundJob:
        """End a waiting job as cancelled, ask a running or uploading one to stop. Asking twice is asking once."""
        said = (
            ("Cancelled by the operator", "The operator asked it to stop…")
            if by_operator
            else ("Cancelled", "Stopping…")
        )
        nobody_at_it = sa.or_(
            BackgroundJob.stage.is_distinct_from(states.UPLOAD_STAGE), BackgroundJob.lease_owner.is_(None)
        )
        waiting = sa.and_(BackgroundJob.id == job.id, BackgroundJob.status == "pending", nobody_at_it)
        cancelled = await self.end(session, waiting, "cancelled", message=said[0])
        if cancelled is not None or job.cancel_requested_at is not None:
            return cancelled or job
        now = self._clock.now()
        running = sa.and_(BackgroundJob.id == job.id, IS_ACTIVE)
        asked = await queries.update(session, now, running, {"cancel_requested_at": now, "message": said[1]})
        if asked is None:
            raise JobEnded
        await self.record(session, asked, "cancel_requested", **({"by": "operator"} if by_operator else {}))
        return asked

    async def stall(self, session: AsyncSession, job: BackgroundJob) -> bool:
        """Say that nobody has been heard of; the next sign of life takes it back."""
        now = self._clock.now()
        stalled = await queries.update(session, now, queries.unchanged_since(job), {"stalled_at": now})
        if stalled is not None:
            await self.record(session, stalled, "stalled")
        return stalled is not None

    async def live(self, session: AsyncSession, job_id: UUID) -> BackgroundJob:
        """Return a job that has not ended; raise `JobNotFound` or `JobEnded`."""
        job = await queries.find(session, job_id)
        if job is None:
            raise JobNotFound
        if job.status in states.TERMINAL:
            raise JobEnded(f"The job is already {job.status}.", job_status=job.status)
        return job

    async def held(self, session: AsyncSession, lease: Lease) -> BackgroundJob:
        """Return the live job that a lease holds, or raise `StaleLease`."""
        job = await queries.find(session, lease.job_id)
        if job is None or not states.is_held_by(job, lease.attempt, lease.owner):
            raise StaleLease
        return job

    async def note(self, session: AsyncSession, where: sa.ColumnElement[bool], kind: str, **data: Any) -> None:
        """Record a fact of the live job that fits `where`, which changes nothing of its state."""
        job = await queries.update(session, self._clock.now(), sa.and_(where, IS_ACTIVE), {})
        if job is None:
            raise StaleLease
        await self.record(session, job, kind, **data)

    async def record(self, session: AsyncSession, job: BackgroundJob, kind: str, **data: Any) -> None:
        await queries.append_event(session, job, kind, data)
        self.announce(session, job.user_id)

    def announce(self, session: AsyncSession, owner: str) -> None:
        """Signal the change once it is committed, never before."""

        def after_commit(_session: Any) -> None:
            self._signal.changed(owner)

        sa.event.listen(session.sync_session, "after_commit", after_commit, once=True)
