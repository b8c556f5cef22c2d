"""One delivery of a job: claim it, run its task, record how it ended. Read `execute` as a list of verbs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from headway.errors import AppError
from headway.jobs.errors import StaleLease
from headway.jobs.progress import LEASE_SECONDS, Progress
from headway.jobs.queries import Lease
from headway.jobs.runner import Checkpoint
from headway.jobs.service import JobMonitoringService

log = logging.getLogger(__name__)

BACKOFF_SECONDS = (1.0, 5.0)
"""Waits before the second and the third attempt; a store or database that restarts is back within them."""


class TaskCancelled(Exception):
    """Raised by a task that noticed the cancel request and has stopped."""


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a task gets: which job, on what attempt, and how to report."""

    job_id: UUID
    lease: Lease
    progress: Progress
    checkpoint: Checkpoint

    def raise_if_stopped(self) -> None:
        """Raise if the owner cancelled or another attempt has taken over; call it between pieces of work."""
        if self.progress.stop.is_set():
            raise StaleLease if self.progress.lost else TaskCancelled


@dataclass(frozen=True, slots=True)
class Task:
    """A function that can be run as a job. It completes the job itself, with its result, in one transaction."""

    run: Callable[[TaskContext], Awaitable[None]]
    restart_progress: int = 0


class Execution:
    """Runs jobs in this process, under the name of one executor."""

    def __init__(self, service: JobMonitoringService, tasks: Mapping[str, Task], executor_id: str) -> None:
        self._service = service
        self._tasks = tasks
        self._executor_id = executor_id
        self._running: set[asyncio.Task[float | None]] = set()
        self._stopping = False

    async def execute(self, job_id: UUID, checkpoint: Checkpoint) -> None:
        """Run the job to a terminal state, or leave it to whoever owns it by now. Raises nothing of the domain."""
        task = self._tasks[await self._service.kind_of(job_id)]
        while True:
            if self._stopping:
                await _never()
            lease = await self._service.claim(
                job_id, self._executor_id, seconds=LEASE_SECONDS, restart_progress=task.restart_progress
            )
            if lease is None:
                log.info("job %s has ended already", job_id)
                return
            wait = await self._run(task, lease, checkpoint)
            if wait is None:
                return
            await asyncio.sleep(wait)

    async def stop(self) -> None:
        """Stop every running attempt and hand its job back.

        A delivery that is cut short never returns, so the engine still holds it and, once this process has ended,
        delivers it to the next worker.
        """
        self._stopping = True
        running = list(self._running)
        for attempt in running:
            attempt.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, task: Task, lease: Lease, checkpoint: Checkpoint) -> float | None:
        attempt = asyncio.create_task(self._attempt(task, lease, checkpoint))
        self._running.add(attempt)
        try:
            return await attempt
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            await _never()
            raise
        finally:
            self._running.discard(attempt)

    async def _attempt(self, task: Task, lease: Lease, checkpoint: Checkpoint) -> float | None:
        """Run one attempt; return the seconds until the next one, or None if the job is settled."""
        progress = Progress(self._service, lease)
        try:
            async with progress.beating():
                await task.run(TaskContext(lease.job_id, lease, progress, checkpoint))
        except StaleLease:
            log.warning("attempt %d of job %s was overtaken", lease.attempt, lease.job_id)
        except TaskCancelled:
            await self._service.confirm_cancelled(lease)
        except asyncio.CancelledError:
            await self._service.hand_back(lease, "The worker was restarted. Waiting for the next one.")
            raise
        except AppError as error:
            return await self._settle(lease, error)
        except Exception as error:
            support_id = uuid4().hex
            log.exception("job %s failed unexpectedly (%s)", lease.job_id, support_id)
            return await self._settle(lease, _internal(error, support_id))
        return None

    async def _settle(self, lease: Lease, error: AppError) -> float | None:
        """Retry what may pass by itself, fail the rest."""
        if error.retryable and lease.attempt <= len(BACKOFF_SECONDS):
            wait = BACKOFF_SECONDS[lease.attempt - 1]
            await self._service.hand_back(lease, f"{error.detail} Trying again in {wait:.0f} s.")
            return wait
        await self._service.fail(lease, error.problem())
        return None


async def _never() -> None:
    """Wait until the process ends."""
    await asyncio.Event().wait()


def _internal(error: Exception, support_id: str) -> AppError:
    internal = AppError(support_id=support_id)
    internal.__cause__ = error
    return internal
