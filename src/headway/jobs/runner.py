"""The port to a job engine: it delivers jobs to workers, and knows nothing of their states.

`background_jobs` owns every state. An engine that loses, repeats or delays a delivery may slow a job down, but
cannot make it lie. `tests/conformance/test_job_runner.py` holds every adapter to this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

Deliver = Callable[[UUID], Awaitable[None]]
"""What a worker does with a job that the engine hands to it. It never raises for a domain failure."""


ENGINE = "dbos"
"""What a job's row says of who delivers it, of all jobs that Headway runs."""

BULK_TYPES = frozenset({"export", "processing", "validation"})
"""Types of jobs that may run long and that nobody's import waits behind: they have places of their own."""

Queue = Literal["imports", "bulk"]
QUEUES: tuple[Queue, ...] = ("imports", "bulk")


def queue_of(job_type: str) -> Queue:
    """Return the queue in which jobs of a type wait for a worker, unless they were given another one."""
    return "bulk" if job_type in BULK_TYPES else "imports"


BULK_CONCURRENCY = 1
"""Bulk jobs that one worker runs at once, beside `worker_concurrency`: they can take no place from an import."""

Living = Callable[[Collection[UUID]], Awaitable[Collection[UUID]]]
"""Says which of these jobs have not ended."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One delivery of a job, numbered from 1. Jobs of one owner share `user_concurrency`: nobody starves the others."""

    job_id: UUID
    owner: str
    delivery: int = 1
    bulk: bool = False


class JobSubmitter(Protocol):
    """The API's half of an engine."""

    async def enqueue(self, session: AsyncSession, submission: Submission) -> None:
        """Enqueue in the caller's transaction: committed together with the job's row, or not at all."""

    async def cancel(self, submissions: Collection[Submission]) -> None:
        """Take back these deliveries, and earlier ones of the same jobs. Unknown and ended ones stay as they are."""

    async def undelivered(self, submissions: Collection[Submission]) -> Sequence[UUID]:
        """Return the jobs of those submissions that the engine neither holds nor runs."""

    async def forget_ended(self, before: datetime, living: Living) -> int:
        """Forget deliveries that ended before a moment and return how many; those of living jobs are kept."""

    async def close(self) -> None: ...


class JobRunner(JobSubmitter, Protocol):
    """The worker's half of an engine."""

    async def start(self, deliver: Deliver) -> None:
        """Begin to deliver jobs to `deliver`, each in the running event loop."""

    async def recover(self, executor_ids: Collection[str]) -> int:
        """Deliver again what these dead executors held; return how many jobs that were."""

    async def held_by_others(self) -> Sequence[str]:
        """Return the executors, apart from this one, that hold jobs according to the engine."""

    async def stop(self) -> None:
        """Take no more jobs."""
