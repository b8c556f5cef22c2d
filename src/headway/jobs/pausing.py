"""Queues that an operator has paused: no job starts, those that run go on, and those that wait say why.

The row of the pause is the only truth. A claim looks at it in its own transaction, so that a pause holds for every
worker, through every restart and whatever the engine delivers. What a waiting job says of it follows within a second.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs import operator_queries, queries
from headway.jobs.errors import QueuePaused
from headway.jobs.models import BackgroundJob, PausedQueue
from headway.jobs.runner import QUEUES, Queue
from headway.jobs.signal import ChangeSignal
from headway.jobs.transitions import Transitions
from headway.kit.clock import Clock
from headway.kit.db import Database

BATCH = 500
"""Jobs that are told in one transaction."""

RESUMED = "Waiting for a worker"


async def require_open(session: AsyncSession, job_id: UUID) -> None:
    """Raise `QueuePaused` if this waiting job may not start. Until the transaction ends, no pause comes between."""
    job = await queries.find(session, job_id)
    # What runs goes on, also in the hands of whoever takes it over; an upload waits for no worker.
    if job is None or job.status != "pending" or job.delivery == 0:
        return
    queue = job.place
    await operator_queries.hold_queue(session, queue, alone=False)
    if await operator_queries.find_pause(session, queue) is not None:
        raise QueuePaused(f"The queue {queue} is paused.")


class PauseMarks:
    """Lets every waiting job say whether its queue is paused."""

    def __init__(self, database: Database, clock: Clock, signal: ChangeSignal) -> None:
        self._database = database
        self._clock = clock
        self._move = Transitions(database, clock, signal)

    async def mark(self) -> int:
        """Tell the jobs that do not say what is so, a batch of each queue; return how many these were."""
        return sum([await self._mark_in(queue) for queue in QUEUES])

    async def _mark_in(self, queue: Queue) -> int:
        async with self._database.read() as session:
            pause = await operator_queries.find_pause(session, queue)
            if not await operator_queries.list_ill_marked(session, queue, pause, 1):
                return 0
        async with self._database.write() as session:
            pause = await operator_queries.find_pause(session, queue)
            job_ids = await operator_queries.list_ill_marked(session, queue, pause, BATCH, lock=True)
            values = {"paused_at": pause and pause.paused_at, "message": _said(pause)}
            where = BackgroundJob.id.in_(job_ids)
            for job in await queries.update_all(session, self._clock.now(), where, values):
                self._move.announce(session, job.user_id)
        return len(job_ids)


def _said(pause: PausedQueue | None) -> str:
    if pause is None:
        return RESUMED
    return f"Paused by the operator: {pause.reason}" if pause.reason else "Paused by the operator"
