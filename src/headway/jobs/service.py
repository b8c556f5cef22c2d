"""`JobMonitoringService`: the one door to tracked jobs, for their owners and for whoever runs them.

A method that takes a session joins the caller's transaction; every other one is a transaction of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs import counter_queries, pausing, queries, states, view_queries
from headway.jobs.answers import moved_answer, progress_answer, to_active, to_response
from headway.jobs.errors import JobEnded, JobNotFound, JobStillRunning, NotYoursToReport, StaleLease
from headway.jobs.line import FindPlaces, nowhere
from headway.jobs.logs.service import LogBook
from headway.jobs.models import BackgroundJob, JobCheckpoint
from headway.jobs.queries import Lease
from headway.jobs.reports import UNITS, end_reported, may_tick
from headway.jobs.schemas import (
    ActiveJobs,
    JobResponse,
    ProgressAnswer,
    ReportProgress,
)
from headway.jobs.signal import ChangeSignal
from headway.jobs.stages import Declared
from headway.jobs.ticks import Ticks
from headway.jobs.transitions import EXTERNAL, Transitions
from headway.jobs.uploads import ResumableUploads
from headway.kit.clock import Clock
from headway.kit.db import Database


class JobMonitoringService:
    """Creates jobs, moves them through their states, and shows each owner their own."""

    def __init__(self, database: Database, clock: Clock, signal: ChangeSignal, places_of: FindPlaces = nowhere) -> None:
        self._places_of = places_of
        self._database = database
        self._clock = clock
        self._move = Transitions(database, clock, signal)
        self._book = LogBook(database, clock)
        self._ticks = Ticks(database, clock, signal)
        self.uploads = ResumableUploads(database, self._move)

    # ------------------------------------------------------- whoever runs a job

    async def create_job(
        self,
        user_id: str,
        job_type: str,
        *,
        title: str = "",
        message: str | None = None,
        metadata: dict[str, Any] | None = None,
        heartbeat_seconds: int = 60,
        stages: Declared | None = None,
        key: str | None = None,
    ) -> JobResponse:
        """Create a pending job that its creator will run and report on. A key makes one job, however often it comes."""
        columns: dict[str, Any] = {
            "title": title,
            "message": message,
            "details": metadata or {},
            "stages": stages,
            "engine_ref": key,
        }
        columns |= {
            "heartbeat_seconds": heartbeat_seconds,
            "lease_expires_at": self._database.moment(self._clock, heartbeat_seconds),
        }
        try:
            async with self._database.write() as session:
                return to_response(await self._move.create(session, user_id, job_type, **columns))
        except IntegrityError:
            # Of two requests with one key at the same time, the other one made it.
            if key is None or (made := await self.find_keyed(user_id, key)) is None:
                raise
            return made

    async def find_keyed(self, user_id: str, key: str) -> JobResponse | None:
        """Return the job that its creator gave this key, if there is one."""
        async with self._database.read() as session:
            job = await queries.find_keyed(session, user_id, EXTERNAL, key)
        return to_response(job) if job is not None else None

    async def create_in(self, session: AsyncSession, user_id: str, job_type: str, **values: Any) -> BackgroundJob:
        """Create a pending job in the caller's transaction. `values` are columns of `background_jobs`."""
        return await self._move.create(session, user_id, job_type, **values)

    async def start_job(self, job_id: UUID) -> JobResponse:
        """Set a pending job running; a job that already runs stays as it is."""
        async with self._database.write() as session:
            return to_response(await self._move.start(session, job_id))

    async def claim(
        self, job_id: UUID, owner: str, *, seconds: float, restart_progress: int = 0, after: int | None = None
    ) -> Lease | None:
        """Begin the next attempt of a job and return the lease on it; None if it has ended or is somebody else's.

        `restart_progress` is what stays true however often the work starts again (an accepted upload). With `after`,
        the claim holds only if nobody has begun an attempt since that one. Raises `QueuePaused` if no job may start.
        """
        async with self._database.write() as session:
            await pausing.require_open(session, job_id)
            return await self._move.claim(session, job_id, owner, seconds, restart_progress, after)

    async def find_checkpoint(self, job_id: UUID, name: str) -> dict[str, Any] | None:
        """Return what an earlier attempt finished for good, if it did."""
        async with self._database.read() as session:
            return await queries.find_checkpoint(session, job_id, name)

    async def save_checkpoint(self, lease: Lease, name: str, value: dict[str, Any]) -> None:
        """Keep what this attempt finished. Raises `StaleLease` if it is not this attempt's job any more."""
        async with self._database.write() as session:
            await self._move.held(session, lease)
            now = self._clock.now()
            checkpoint = JobCheckpoint(
                job_id=lease.job_id, name=name, attempt=lease.attempt, value=value, created_at=now
            )
            await queries.replace_checkpoint(session, checkpoint)

    async def update_progress(
        self,
        job_id: UUID,
        progress: int | None,
        message: str | None = None,
        *,
        lease: Lease | None = None,
        lease_seconds: float | None = None,
        **columns: Any,
    ) -> ProgressAnswer:
        """Record progress (clamped to 0..100, never going back) and a sign of life, in a transaction of its own.

        The answer says whether the owner asked to cancel. `columns` may be stage, done_units, total_units, unit.
        Raises `StaleLease` if a lease is given and no longer holds.
        """
        options: dict[str, Any] = {"lease": lease, "lease_seconds": lease_seconds, **columns}
        job = await self._ticks.write(job_id, progress, message, **options)
        if job is None:
            async with self._database.write() as session:
                job = await self._move.progress(session, job_id, progress, message, **options)
            self._ticks.remember(job)
        return moved_answer(job, progress)

    async def progress_in(
        self,
        session: AsyncSession,
        job_id: UUID,
        progress: int | None,
        message: str | None = None,
        *,
        lease: Lease | None = None,
        lease_seconds: float | None = None,
        **columns: Any,
    ) -> ProgressAnswer:
        job = await self._move.progress(
            session, job_id, progress, message, lease=lease, lease_seconds=lease_seconds, **columns
        )
        return moved_answer(job, progress)

    async def renew_in(
        self, session: AsyncSession, owner: str, job_ids: Collection[UUID], lease_seconds: float
    ) -> list[ProgressAnswer]:
        """Give a sign of life for several jobs of one lease owner; return what is to be known of those it holds."""
        jobs = await self._move.renew(session, owner, job_ids, lease_seconds)
        return [progress_answer(job, clamped=False) for job in jobs]

    async def complete_job(self, job_id: UUID, error: str | None = None, **columns: Any) -> JobResponse:
        """End a job as completed or, with an error, as failed. Raises `JobEnded` if it has ended already."""
        async with self._database.write() as session:
            await self._move.live(session, job_id)
            status = "failed" if error else "completed"
            job = await self._move.end(session, BackgroundJob.id == job_id, status, error=error, **columns)
            if job is None:
                raise JobEnded
            return to_response(job)

    async def accept_in(
        self, session: AsyncSession, lease: Lease, *, progress: int, message: str, size_bytes: int, **columns: Any
    ) -> BackgroundJob:
        """Turn a job whose bytes arrived into one that waits for a worker, in the transaction that enqueues it."""
        return await self._move.accept(session, lease, progress, message, size_bytes, **columns)

    async def finish_in(self, session: AsyncSession, lease: Lease, *, outcome: str, **columns: Any) -> BackgroundJob:
        """Complete a job in the transaction that publishes its result. Raises `StaleLease` for a zombie."""
        return await self._move.end_held(session, lease, "completed", outcome=outcome, **columns)

    async def finish(self, lease: Lease, *, outcome: str, **columns: Any) -> None:
        """Complete a job whose result is with it already."""
        async with self._database.write() as session:
            await self.finish_in(session, lease, outcome=outcome, **columns)

    async def fail(self, lease: Lease, problem: dict[str, Any]) -> None:
        """End a job as failed with an RFC 9457 problem, which the owner reads as it is."""
        async with self._database.write() as session:
            await self.fail_in(session, lease, problem)

    async def fail_in(self, session: AsyncSession, lease: Lease, problem: dict[str, Any]) -> None:
        await self._move.end_held(session, lease, "failed", error=problem["detail"], problem=problem)

    async def confirm_cancelled(self, lease: Lease) -> None:
        """End a job as cancelled, said by whoever ran it and has stopped."""
        async with self._database.write() as session:
            await self.cancel_in(session, lease)

    async def cancel_in(self, session: AsyncSession, lease: Lease) -> None:
        await self._move.end_held(session, lease, "cancelled", message="Cancelled")

    async def hand_back(self, lease: Lease, message: str, *, wait_seconds: float | None = None) -> None:
        """Give a job back to the queue: its next attempt is another worker's, or with `wait_seconds` one's own."""
        async with self._database.write() as session:
            await self._move.hand_back(session, lease, message, wait_seconds)

    async def record_crash(self, lease: Lease, problem: dict[str, Any], *, max_crashes: int) -> bool:
        """Count that the job's own process died; say whether that was once too often and the job has failed."""
        async with self._database.write() as session:
            crashes = (await self._move.held(session, lease)).crash_count + 1
            if crashes < max_crashes:
                await self._move.hand_back_crashed(session, lease, "Reading it broke off. Trying again.", problem)
            else:
                error = problem["detail"]
                await self._move.end_held(session, lease, "failed", error=error, problem=problem, crash_count=crashes)
        return crashes >= max_crashes

    async def note_in(self, session: AsyncSession, where: sa.ColumnElement[bool], kind: str, **data: Any) -> None:
        """Write a fact into the history of the live job that fits `where`. Raises `StaleLease` if none does."""
        await self._move.note(session, where, kind, **data)

    def select_unfinished(self, owner: str) -> sa.Select[UUID]:
        """Return the statement for an owner's jobs that have not completed, and so may run (again)."""
        return queries.select_unfinished(owner)

    async def get_delivered(self, job_id: UUID) -> BackgroundJob:
        """Return a job for whoever is to run it. Raises `JobNotFound` if it was erased."""
        async with self._database.read() as session:
            job = await queries.find(session, job_id)
        if job is None:
            raise JobNotFound
        return job

    async def times_begun(self, job_id: UUID) -> int:
        """Return how often a job was begun since it was created or, by its owner's wish, tried again."""
        async with self._database.read() as session:
            return await queries.count_begun(session, job_id)

    async def resume_restored_in(self, session: AsyncSession) -> int:
        """Let the accepted jobs of a restored backup wait for a worker; return how many somebody had held.

        Their engine does not know them, which is found and mended as for every waiting job. An upload or a report of
        another program goes silent, and ends as such.
        """
        held = [job for job in await queries.list_leased(session) if job.engine != EXTERNAL and job.delivery > 0]
        for job in held:
            await self._move.resume_restored(session, job)
        return len(held)

    async def find_status(self, session: AsyncSession, job_id: UUID) -> str | None:
        """Return the status of a job, or None if the job is gone."""
        return (await queries.list_statuses(session, [job_id])).get(job_id)

    async def end_overdue(self, job: BackgroundJob, problem: dict[str, Any]) -> bool:
        """Fail a job whose lease has run out, if it still is as it was seen; say whether that was so."""
        async with self._database.write() as session:
            ended = await self._move.end(
                session, queries.unchanged_since(job), "failed", error=problem["detail"], problem=problem
            )
        return ended is not None

    async def mark_stalled(self, job: BackgroundJob) -> bool:
        """Say that nobody has been heard of, if that is still so."""
        async with self._database.write() as session:
            return await self._move.stall(session, job)

    # ------------------------------------------------------------ a job's owner

    async def get_active_jobs(self, user_id: str) -> ActiveJobs:
        """Return an owner's running and waiting jobs and those that ended a short while ago, newest first."""
        now = self._clock.now()
        async with self._database.read() as session:
            jobs = await view_queries.list_in_view(session, user_id, now)
        return to_active(jobs, now, await self._places_of(jobs))

    async def get_job_by_id(self, job_id: UUID, user_id: str) -> JobResponse:
        """Return an owner's job; anybody else's raises `JobNotFound`, as an unknown id does."""
        async with self._database.read() as session:
            job = await queries.get_own(session, job_id, user_id)
        return to_response(job, (await self._places_of([job])).get(job_id))

    async def require_own(self, job_ids: Collection[UUID], user_id: str) -> None:
        """Raise `JobNotFound` unless all of these are jobs of the owner."""
        async with self._database.read() as session:
            for job_id in job_ids:
                await queries.get_own(session, job_id, user_id)

    async def request_cancel(self, job_id: UUID, user_id: str) -> JobResponse:
        """Cancel a waiting job at once, ask a running one to stop. Raises `JobEnded` if there is nothing to cancel."""
        async with self._database.write() as session:
            job = await queries.get_own(session, job_id, user_id)
            if job.status in states.TERMINAL:
                raise JobEnded(f"The job is already {job.status}.", job_status=job.status)
            return to_response(await self._move.request_cancel(session, job))

    async def cancel_all(self, user_id: str) -> list[UUID]:
        """Cancel every waiting job of an owner and ask every running one to stop; return those that go on as yet."""
        async with self._database.write() as session:
            for job in await queries.list_live(session, user_id):
                with contextlib.suppress(JobEnded):
                    await self._move.request_cancel(session, job)
            return [job.id for job in await queries.list_live(session, user_id)]

    async def erase_owner_in(self, session: AsyncSession, user_id: str) -> list[UUID]:
        """Delete every job of an owner with its events and checkpoints, and return them.

        First of all slices: whoever still works on one finds it gone, and can neither accept nor publish any more.
        """
        erased = await queries.delete_owned(session, user_id)
        await counter_queries.join_slots(session, user_id)
        self._move.announce(session, user_id)
        return erased

    async def dismiss(self, job_id: UUID, user_id: str) -> None:
        """Take an ended job out of its owner's active list; history keeps it."""
        now = self._clock.now()
        async with self._database.write() as session:
            job = await queries.get_own(session, job_id, user_id)
            if job.status not in states.TERMINAL:
                raise JobStillRunning
            if job.dismissed_at is None:
                # Tried again since the look above, it would run unseen.
                still_ended = sa.and_(BackgroundJob.id == job_id, BackgroundJob.status.in_(states.TERMINAL))
                if await queries.update(session, now, still_ended, {"dismissed_at": now}) is None:
                    raise JobStillRunning
                self._move.announce(session, user_id)

    async def claim_notification(self, job_id: UUID, user_id: str) -> bool:
        """Return True to the first who wants to notify an owner of their job's end, and False to all others.

        Raise `JobStillRunning` while there is no end to tell.
        """
        async with self._database.write() as session:
            if await queries.mark_notified(session, job_id, user_id, self._clock.now()):
                return True
            job = await queries.get_own(session, job_id, user_id)
            if job.status not in states.TERMINAL:
                raise JobStillRunning(f"The job is {job.status}.", job_status=job.status)
            return False

    async def delete_ended(self, job_ids: Collection[UUID], user_id: str) -> set[UUID]:
        """Delete those of these jobs that are an owner's and have ended, as `delete` does; return which they were."""
        async with self._database.write() as session:
            deleted = await queries.delete_ended(session, job_ids, user_id)
            if deleted:
                self._move.announce(session, user_id)
        return deleted

    async def delete(self, job_id: UUID, user_id: str) -> None:
        """Delete an ended job with its events and checkpoints. What it made stays; what only it needed is swept."""
        async with self._database.write() as session:
            if not await queries.delete_ended(session, [job_id], user_id):
                job = await queries.get_own(session, job_id, user_id)
                raise JobStillRunning(f"The job is {job.status}.", job_status=job.status)
            self._move.announce(session, user_id)

    async def report(self, job_id: UUID, user_id: str, body: ReportProgress) -> ProgressAnswer:
        """Take a report on a job that its owner runs: progress, sign of life, ending."""
        moves: dict[str, Any] = {name: getattr(body, name) for name in ("stage", *UNITS)}
        moves |= {"progress": body.progress, "message": body.message, "lease": None, "lease_seconds": None}
        if may_tick(self._ticks.remembered(job_id), user_id, body) and (
            job := await self._ticks.write(job_id, **moves)
        ):
            return moved_answer(job, body.progress)
        async with self._database.write() as session:
            job = await queries.get_own(session, job_id, user_id)
            if job.engine != EXTERNAL:
                raise NotYoursToReport
            if body.attempt is not None and body.attempt != job.attempt:
                raise StaleLease
            if job.status in states.TERMINAL:
                raise JobEnded(f"The job is already {job.status}.", job_status=job.status)
            if body.status in states.TERMINAL:
                answer = await end_reported(session, self._move, job, body)
            else:
                await self._move.start(session, job_id)
                job = await self._move.progress(session, job_id, **moves)
                answer = moved_answer(job, body.progress)
            await self._book.report_in(session, job_id, body.log)
        self._ticks.remember(job)
        return answer


__all__ = ["EXTERNAL", "JobMonitoringService", "Lease"]
