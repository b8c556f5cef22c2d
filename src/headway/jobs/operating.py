"""What operators do to anybody's jobs and to queues, each deed with its entry in the audit."""

from __future__ import annotations

from uuid import UUID

from headway.audit.log import By, Target, noting_refusals, record
from headway.jobs import operator_queries, queries, states
from headway.jobs.deliveries import Deliveries
from headway.jobs.errors import JobEnded, JobNotFound, QueueNotFound
from headway.jobs.models import BackgroundJob, PausedQueue
from headway.jobs.overview import SeenJob, seen
from headway.jobs.pausing import PauseMarks
from headway.jobs.runner import QUEUES, Queue
from headway.jobs.signal import ChangeSignal
from headway.jobs.transitions import Transitions
from headway.kit.clock import Clock
from headway.kit.db import Database


class JobOperations:
    """Cancels and retries any job, pauses and resumes queues."""

    def __init__(self, database: Database, clock: Clock, signal: ChangeSignal, deliveries: Deliveries) -> None:
        self._database = database
        self._clock = clock
        self._move = Transitions(database, clock, signal)
        self._deliveries = deliveries
        self.marks = PauseMarks(database, clock, signal)

    async def cancel(self, job_id: UUID, by: By) -> SeenJob:
        """Cancel a waiting job at once, ask a running one to stop. Raises `JobNotFound` or `JobEnded`."""
        target = Target("job", str(job_id))
        async with (
            noting_refusals(self._database, self._clock, by, "job.cancel", target),
            self._database.write() as session,
        ):
            job = _get(await queries.find(session, job_id))
            if job.status in states.TERMINAL:
                raise JobEnded(f"The job is already {job.status}.", job_status=job.status)
            cancelled = await self._move.request_cancel(session, job, by_operator=True)
            await record(session, self._clock, by, "job.cancel", target)
        if cancelled.status == "cancelled":
            await self._deliveries.cancel([job_id])
        return seen(cancelled)

    async def retry(self, job_id: UUID, by: By) -> SeenJob:
        """Run a failed or cancelled job again. Raises `JobNotFound`, `JobStillRunning` or `NotRetryable`."""
        target = Target("job", str(job_id))
        async with (
            noting_refusals(self._database, self._clock, by, "job.retry", target),
            self._database.write() as session,
        ):
            job = _get(await queries.find(session, job_id))
            again = await self._deliveries.retry_in(session, job, by="operator")
            await record(session, self._clock, by, "job.retry", target)
        return seen(again)

    async def pause(self, name: str, reason: str, by: By) -> None:
        """Let no job of a queue start from now on. Pausing a paused queue tells another reason, or nothing new."""
        queue = _known(name)
        async with self._database.write() as session:
            # Whoever starts a job at this moment is waited for: after the answer, none starts.
            await operator_queries.hold_queue(session, queue, alone=True)
            before = await operator_queries.find_pause(session, queue)
            if before is None or before.reason != reason:
                await operator_queries.delete_pause(session, queue)
                now = self._clock.now()
                pause = PausedQueue(name=queue, paused_at=now, paused_by=by.actor, reason=reason)
                session.expunge_all()
                await operator_queries.insert_pause(session, pause)
            await record(session, self._clock, by, "queue.pause", Target("queue", queue), reason=reason)
        await self.marks.mark()

    async def resume(self, name: str, by: By) -> None:
        """Let the jobs of a queue start again; one that is not paused stays as it is."""
        queue = _known(name)
        async with self._database.write() as session:
            await operator_queries.hold_queue(session, queue, alone=True)
            await operator_queries.delete_pause(session, queue)
            await record(session, self._clock, by, "queue.resume", Target("queue", queue))
        await self.marks.mark()


def _get(job: BackgroundJob | None) -> BackgroundJob:
    if job is None:
        raise JobNotFound
    return job


def _known(name: str) -> Queue:
    for queue in QUEUES:
        if queue == name:
            return queue
    raise QueueNotFound(f"There is no queue {name!r}.")
