"""Jobs and queues of all owners, as operators see them: the title of a job, and nothing of what is in its file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from headway.jobs import counters, operator_queries, states
from headway.jobs.errors import QueueNotFound
from headway.jobs.models import BackgroundJob
from headway.jobs.retention import KeepJobs
from headway.jobs.retention_queries import count_among_oldest
from headway.jobs.runner import QUEUES, Queue
from headway.jobs.schemas import Phase
from headway.jobs.transitions import EXTERNAL
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.pagination import decode_cursor, encode_cursor

MOST_HELD = 1000
"""More jobs than the workers of any installation have places for."""

MOST_OLD = 10_000


@dataclass(frozen=True, slots=True)
class SeenJob:
    """A job. `since` is when what it is doing now began: its wait, its attempt, its silence, its end."""

    id: UUID
    job_type: str
    title: str
    owner: str
    phase: Phase
    progress: int
    stage: str | None
    message: str | None
    error: str | None
    code: str | None
    attempt: int
    worker: str | None
    paused: bool
    retryable: bool
    since: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class QueueState:
    """What waits and runs of a queue, and whether it is paused."""

    name: Queue
    waiting: int
    waiting_since: datetime | None
    running: int
    pause: Pause | None


@dataclass(frozen=True, slots=True)
class SeenPage:
    jobs: Sequence[SeenJob]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class OldJobs:
    """How many jobs are past their time; never more than `MOST_OLD` + 1."""

    completed: int
    failed: int


def seen(job: BackgroundJob, since: datetime | None = None) -> SeenJob:
    running = job.status == "running"
    return SeenJob(
        id=job.id, job_type=job.job_type, title=job.title, owner=job.user_id, phase=states.phase(job),
        progress=states.shown_progress(job), stage=job.stage, message=job.message, error=job.error,
        code=job.problem["code"] if job.problem else None, attempt=job.attempt,
        worker=job.lease_owner if running else None, paused=job.paused_at is not None,
        retryable=_can_be_tried_again(job), since=since or _since(job), created_at=job.created_at,
    )  # fmt: skip


def _can_be_tried_again(job: BackgroundJob) -> bool:
    return job.status in {"failed", "cancelled"} and job.engine != EXTERNAL and job.delivery > 0


def _since(job: BackgroundJob) -> datetime:
    if job.completed_at is not None:
        return job.completed_at
    if job.stalled_at is not None:
        return job.stalled_at
    waiting = job.waiting_since if job.status == "pending" else job.started_at
    return waiting or job.created_at


class JobsOverview:
    """Looks at the jobs of everybody. What it costs depends on what lives, not on what has ended."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def running(self) -> list[SeenJob]:
        """Return what our workers run, each with the beginning of its attempt."""
        async with self._database.read() as session:
            jobs = await operator_queries.list_held(session, MOST_HELD)
            began = await operator_queries.begun_at(session, [job.id for job in jobs])
        return [seen(job, began.get(job.id)) for job in jobs]

    async def queues(self) -> list[QueueState]:
        """Return the state of every queue."""
        async with self._database.read() as session:
            waiting = {row[0]: (row[1], row[2]) for row in await operator_queries.count_waiting(session)}
            pauses = {pause.name: pause for pause in await operator_queries.list_pauses(session)}
            running = Counter(job.place for job in await operator_queries.list_held(session, MOST_HELD))
        found = []
        for queue in QUEUES:
            count, since = waiting.get(queue, (0, None))
            paused = pauses.get(queue)
            pause = Pause(paused.paused_at, paused.paused_by, paused.reason) if paused else None
            found.append(QueueState(queue, count, since, running[queue], pause))
        return found

    async def waiting_in(self, name: str, *, limit: int, cursor: str | None = None) -> SeenPage:
        """Return a page of what waits in a queue, the longest wait first. Raises `QueueNotFound`."""
        queue = next((queue for queue in QUEUES if queue == name), None)
        if queue is None:
            raise QueueNotFound(f"There is no queue {name!r}.")
        after = decode_cursor(cursor) if cursor else None
        async with self._database.read() as session:
            jobs = await operator_queries.list_waiting_in(session, queue, after, limit + 1)
        return _page(jobs, limit)

    async def stalled(self, *, limit: int, cursor: str | None = None) -> SeenPage:
        """Return a page of the jobs of which nobody has been heard."""
        after = decode_cursor(cursor) if cursor else None
        async with self._database.read() as session:
            jobs = await operator_queries.list_stalled(session, after, limit + 1)
        return _page(jobs, limit)

    async def failed(self, *, limit: int, cursor: str | None = None) -> SeenPage:
        """Return a page of the jobs that failed, the last one first."""
        after = decode_cursor(cursor) if cursor else None
        async with self._database.read() as session:
            jobs = await operator_queries.list_failed(session, after, limit + 1)
        return _page(jobs, limit)

    async def totals(self) -> dict[str, int]:
        """Return how many jobs are kept, by word of their status."""
        async with self._database.read() as session:
            return await counters.count_all(session)

    async def old(self, keep: KeepJobs) -> OldJobs:
        """Return how many jobs the next sweep will delete."""
        async with self._database.read() as session:

            async def count(status: str) -> int:
                old = keep.jobs(status, self._clock.now())
                return sum([await count_among_oldest(session, each, MOST_OLD + 1) for each in old])

            completed, failed = await count("completed"), await count("failed") + await count("cancelled")
        return OldJobs(min(completed, MOST_OLD + 1), min(failed, MOST_OLD + 1))


def _page(jobs: Sequence[BackgroundJob], limit: int) -> SeenPage:
    shown = [seen(job) for job in jobs[:limit]]
    return SeenPage(shown, encode_cursor(shown[-1].since, shown[-1].id) if len(jobs) > limit else None)
