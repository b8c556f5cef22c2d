"""Jobs that must be given to the engine once more: their worker was lost, nobody holds them, their owner wants it.

Every delivery is a new one for the engine, enqueued in the transaction that makes the job wait for it. So nothing
here depends on what an engine makes of its own ended work, and a delivery too many finds the job taken and returns.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs import queries, states
from headway.jobs.answers import to_response
from headway.jobs.errors import (
    JobReplaced,
    JobStillRunning,
    NoFailedItems,
    NotRetryable,
    StaleLease,
    WorkersLost,
)
from headway.jobs.models import BackgroundJob
from headway.jobs.runner import JobSubmitter, Submission
from headway.jobs.schemas import JobResponse
from headway.jobs.signal import ChangeSignal
from headway.jobs.transitions import EXTERNAL, Transitions, is_external
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.plurals import counted

log = logging.getLogger(__name__)

MAX_WORKER_LOSSES = 20
"""A job that takes its whole worker down each time must end some day. A graceful stop does not count."""

KEEP_ENDED = timedelta(days=7)
"""How long the engine's own record of an ended delivery stays, for whoever has to look into something."""

OF_THE_END = (
    "error", "problem", "outcome", "result", "completed_at", "cancel_requested_at", "dismissed_at", "notified_at",
)  # fmt: skip
"""What a job carries only because it ended, and which a retry takes from it."""

PAGE = 500


FindReplacement = Callable[[AsyncSession, UUID, str], Awaitable[UUID | None]]
"""Returns the dataset that an owner has by now, of just what a job of theirs was to make; None if there is none."""

Scope = Literal["all", "failed_items"]


async def never_replaced(_session: AsyncSession, _job_id: UUID, _owner: str) -> UUID | None:
    """Find nothing, for whoever tries nothing again."""
    return None


class Deliveries:
    """Gives jobs to the engine again."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        signal: ChangeSignal,
        submitter: JobSubmitter,
        find_replacement: FindReplacement = never_replaced,
    ) -> None:
        self._find_replacement = find_replacement
        self._database = database
        self._clock = clock
        self._move = Transitions(database, clock, signal)
        self._submitter = submitter

    async def take_from(self, workers: Collection[str]) -> int:
        """Take every job away from workers that are known to be dead; return how many there were."""
        async with self._database.read() as session:
            held = await queries.list_held_by(session, workers)
        for job in held:
            await self.take(job)
        return len(held)

    async def take(self, job: BackgroundJob) -> bool:
        """Take a job away from whoever held it and has gone silent, if it still is as it was seen."""
        try:
            async with self._database.write() as session:
                lost = await self._move.lose_worker(session, job)
                await self._end_if_hopeless(session, lost)
        except StaleLease:
            return False
        log.warning("job %s lost its worker %s", job.id, job.lease_owner, extra={"job_id": job.id})
        return True

    async def _end_if_hopeless(self, session: Any, job: BackgroundJob) -> None:
        this = BackgroundJob.id == job.id
        if job.cancel_requested_at is not None:
            # Whoever was to stop it is gone, and so is the work.
            await self._move.end(session, this, "cancelled", message="Cancelled")
        elif job.worker_losses > MAX_WORKER_LOSSES:
            problem = WorkersLost(
                f"It lost {counted(job.worker_losses, 'worker')}.", worker_losses=job.worker_losses
            ).problem()
            await self._move.end(session, this, "failed", error=problem["detail"], problem=problem)

    async def reconcile(self) -> int:
        """Deliver again every waiting job that the engine neither holds nor runs; return how many there were."""
        found, last = 0, None
        while True:
            async with self._database.read() as session:
                waiting = await queries.list_waiting(session, EXTERNAL, last, PAGE)
            forgotten = set(await self._submitter.undelivered([_submission(job) for job in waiting]))
            for job in waiting:
                if job.id in forgotten:
                    found += await self._deliver_again(job)
            if len(waiting) < PAGE:
                return found
            last = waiting[-1]

    async def _deliver_again(self, job: BackgroundJob) -> bool:
        try:
            async with self._database.write() as session:
                # Its end, or a worker's claim, may have come between the two looks.
                again = await self._move.redeliver(session, queries.unchanged_since(job), "redelivered", {})
                await self._submitter.enqueue(session, _submission(again))
        except StaleLease:
            return False
        said = "job %s was waiting, but with nobody to deliver it; it is enqueued again"
        log.warning(said, job.id, extra={"job_id": job.id})
        return True

    async def forget_ended(self) -> int:
        """Let the engine forget what it delivered long ago; return how much that was. Of a living job it keeps all."""
        count = await self._submitter.forget_ended(self._clock.now() - KEEP_ENDED, self._living)
        if count:
            log.info("the engine forgot %d deliveries that ended more than %d days ago", count, KEEP_ENDED.days)
        return count

    async def _living(self, job_ids: Collection[UUID]) -> Collection[UUID]:
        async with self._database.read() as session:
            statuses = await queries.list_statuses(session, job_ids)
        return {job_id for job_id, status in statuses.items() if status not in states.TERMINAL}

    async def cancel(self, job_ids: Collection[UUID]) -> None:
        """Take back what the engine has not delivered yet, of those of these jobs that have ended."""
        async with self._database.read() as session:
            jobs = await queries.list_by_ids(session, job_ids)
        await self._submitter.cancel([_submission(job) for job in jobs if job.status in states.TERMINAL])

    async def retry(self, job_id: UUID, owner: str, scope: Scope = "all") -> JobResponse:
        """Run a failed or cancelled job of an owner again. What earlier attempts finished for good is kept."""
        async with self._database.write() as session:
            job = await queries.get_own(session, job_id, owner)
            return to_response(await self.retry_in(session, job, scope))

    async def retry_in(
        self, session: AsyncSession, job: BackgroundJob, scope: Scope = "all", **data: Any
    ) -> BackgroundJob:
        """Make an ended job wait again, in the caller's transaction; `data` is kept with the fact."""
        if job.status not in states.TERMINAL:
            raise JobStillRunning(f"The job is {job.status}.", job_status=job.status)
        if scope == "failed_items":
            # What was done is committed only as a whole, so that no kind of job has such items as yet.
            raise NoFailedItems
        if job.status == "completed" or is_external(job) or job.delivery == 0:
            raise NotRetryable(_why_not(job))
        if (dataset_id := await self._find_replacement(session, job.id, job.user_id)) is not None:
            raise JobReplaced(dataset_id=str(dataset_id))
        ended = sa.and_(BackgroundJob.id == job.id, BackgroundJob.version == job.version)
        columns: dict[str, Any] = dict.fromkeys(OF_THE_END)
        columns |= {"crash_count": 0, "worker_losses": 0, "message": "Waiting to be tried again"}
        again = await self._move.redeliver(session, ended, "retried", columns, **data)
        await self._submitter.enqueue(session, _submission(again))
        return again


def _submission(job: BackgroundJob) -> Submission:
    return Submission(job.id, job.user_id, job.delivery, bulk=job.place == "bulk")


def _why_not(job: BackgroundJob) -> str:
    if job.status == "completed":
        return "It has completed."
    if is_external(job):
        return "Another program ran it; only that program can run it again."
    return "Its file never arrived whole, so there is nothing to work on."
