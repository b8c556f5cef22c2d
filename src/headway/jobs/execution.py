"""One delivery of a job: claim it, run its task, record how it ended. Read `execute` as a list of verbs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from headway.errors import AppError
from headway.jobs.artifacts.service import ArtifactService
from headway.jobs.artifacts.writing import ArtifactWriter
from headway.jobs.errors import JobNotFound, NotRepeated, QueuePaused, StaleLease
from headway.jobs.logs.recording import Recorder, tell
from headway.jobs.models import BackgroundJob
from headway.jobs.progress import LEASE_SECONDS, Progress
from headway.jobs.queries import Lease
from headway.jobs.service import JobMonitoringService
from headway.kit import tracing
from headway.kit.logs import about

log = logging.getLogger(__name__)

BACKOFF_SECONDS = (1.0, 5.0, 10.0, 20.0, 30.0)
"""Waits between attempts at what may pass by itself; the last one goes on."""

RETRY_FOR_SECONDS = 900.0
"""How long a job waits for a store or a disk to come back before it fails; a person can still try it again."""

RESTARTED = "The worker was restarted. Waiting for the next one."

PAUSED_LOOK_SECONDS = 0.5
"""How often the holder of a waiting job looks whether its queue goes on."""

MAX_CRASHES = 3
"""A file whose own process died this often is the reason for it. A lost worker does not count here."""


class TaskCancelled(Exception):
    """Raised by a task that noticed the cancel request and has stopped."""


class TaskCrashed(Exception):
    """Raised by a task whose own process died without a word; `error` is what its owner reads if it keeps dying."""

    def __init__(self, error: AppError) -> None:
        super().__init__(error.detail)
        self.error = error


class _Again(Exception):
    """The attempt is over and the job still this worker's to try, after some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a task gets: which job, whose, what it was created with, on what attempt, and how to report."""

    job_id: UUID
    owner: str
    details: Mapping[str, Any]
    lease: Lease
    progress: Progress
    service: JobMonitoringService
    artifacts: ArtifactService

    def artifact(self, name: str, media_type: str | None = None) -> AbstractAsyncContextManager[ArtifactWriter]:
        """Lend a writer for a file that the job leaves for its owner; it is there once the block has ended.

        Nothing of it is there if the block raises. A file of the same name is replaced, also an earlier attempt's.
        """
        return self.artifacts.writing(self.lease, name, media_type)

    def raise_if_stopped(self) -> None:
        """Raise if the owner cancelled or another attempt has taken over; call it between pieces of work."""
        if self.progress.stop.is_set():
            raise StaleLease if self.progress.lost else TaskCancelled

    async def checkpoint(
        self,
        name: str,
        work: Callable[[], Awaitable[dict[str, Any]]],
        is_there: Callable[[dict[str, Any]], Awaitable[bool]],
    ) -> dict[str, Any]:
        """Return what an earlier attempt's `work` returned, if it finished and still `is_there`; else do it now.

        What it returns must be JSON and small: keys and counts, never a path of this machine.
        """
        kept = await self.service.find_checkpoint(self.job_id, name)
        if kept is not None and await is_there(kept):
            return kept
        value = await work()
        await self.service.save_checkpoint(self.lease, name, value)
        return value


@dataclass(frozen=True, slots=True)
class Task:
    """A function that can be run as a job. It completes the job itself, with its result, in one transaction.

    One that does not repeat is begun once, and again only if the job's owner says so.
    """

    run: Callable[[TaskContext], Awaitable[None]]
    restart_progress: int = 0
    repeats: bool = True


class Execution:
    """Runs jobs in this process, under the name of one executor."""

    def __init__(
        self,
        service: JobMonitoringService,
        tasks: Mapping[str, Task],
        executor_id: str,
        artifacts: ArtifactService,
        recorder: Recorder,
    ) -> None:
        self._service = service
        self._artifacts = artifacts
        self._recorder = recorder
        self._tasks = tasks
        self._executor_id = executor_id
        self._running: set[asyncio.Task[None]] = set()
        self.stops: dict[UUID, asyncio.Event] = {}
        """What tells each job that runs here to stop."""
        self._stopping = False

    async def execute(self, job_id: UUID) -> None:
        """Run the job to a terminal state, or leave it to whoever owns it by now. Raises nothing of the domain."""
        with about(job_id=job_id):
            await self._execute(job_id)

    async def _execute(self, job_id: UUID) -> None:
        try:
            job = await self._service.get_delivered(job_id)
        except JobNotFound:
            log.info("job %s was erased before it was delivered", job_id)
            return
        task = self._tasks.get(job.kind or "")
        if task is None:
            # Left waiting; it is delivered again by and by, until a worker gets it that knows it.
            log.warning("job %s is of kind %r, which this version does not know", job_id, job.kind)
            return
        retries, after = _Retries(task), None
        while True:
            if self._stopping:
                await _never()
            try:
                lease = await self._service.claim(
                    job_id,
                    self._executor_id,
                    seconds=LEASE_SECONDS,
                    restart_progress=task.restart_progress,
                    after=after,
                )
            except QueuePaused:
                # Held here, it takes the place of nobody: nothing else starts from this queue either. The time that
                # passes is none in which it was tried.
                retries = _Retries(task)
                await asyncio.sleep(PAUSED_LOOK_SECONDS)
                continue
            if lease is None:
                log.info("job %s has ended, or is somebody else's", job_id)
                return
            after = lease.attempt
            try:
                await self._run(task, job, lease, retries)
            except _Again as again:
                await asyncio.sleep(again.seconds)
            else:
                return

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

    async def _run(self, task: Task, job: BackgroundJob, lease: Lease, retries: _Retries) -> None:
        attempt = asyncio.create_task(self._attempt(task, job, lease, retries))
        self._running.add(attempt)
        try:
            await attempt
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            await _never()
        finally:
            self._running.discard(attempt)

    async def _attempt(self, task: Task, job: BackgroundJob, lease: Lease, retries: _Retries) -> None:
        """Run one attempt and settle the job. Raises `_Again` when another one is to follow here."""
        async with self._recorder.recording(lease):
            tell.info("Attempt %d began.", lease.attempt)
            with (
                tracing.following(job.trace_parent),
                tracing.span("job attempt", job_id=str(lease.job_id), job_attempt=lease.attempt),
            ):
                await self._settled(task, job, lease, retries)

    async def _settled(self, task: Task, job: BackgroundJob, lease: Lease, retries: _Retries) -> None:
        progress = Progress(self._service, lease)
        context = TaskContext(job.id, job.user_id, job.details, lease, progress, self._service, self._artifacts)
        try:
            await self._refuse_repeating(task, job)
            self.stops[job.id] = progress.stop
            async with progress.beating():
                await task.run(context)
            tell.info("Done.")
        except StaleLease:
            if progress.silent:
                # Nobody need have taken it over; the next claim finds out.
                raise _Again(BACKOFF_SECONDS[0]) from None
            log.warning("attempt %d of job %s was overtaken", lease.attempt, lease.job_id)
        except TaskCancelled:
            tell.info("Stopped, as it was asked to.")
            await self._service.confirm_cancelled(lease)
        except TaskCrashed as crash:
            await self._settle_crash(lease, crash.error, MAX_CRASHES if task.repeats else 1)
        except asyncio.CancelledError:
            tell.warning(RESTARTED)
            await self._service.hand_back(lease, RESTARTED)
            raise
        except AppError as error:
            await self._settle(lease, error, retries)
        except (DBAPIError, PoolTimeout) as error:
            # What was to be written may even have been; the next claim sees how things stand.
            log.warning("the database failed job %s, trying again: %s", lease.job_id, error)
            tell.warning("The database did not answer. Trying again.")
            raise _Again(retries.wait()) from error
        except Exception as error:
            support_id = uuid4().hex
            log.exception("job %s failed unexpectedly (%s)", lease.job_id, support_id, extra={"support_id": support_id})
            internal = AppError(support_id=support_id)
            internal.__cause__ = error
            await self._settle(lease, internal, retries)
        finally:
            self.stops.pop(job.id, None)

    async def _refuse_repeating(self, task: Task, job: BackgroundJob) -> None:
        if not task.repeats and await self._service.times_begun(job.id) > 1:
            raise NotRepeated

    async def _settle(self, lease: Lease, error: AppError, retries: _Retries) -> None:
        """Try again what may pass by itself, fail the rest."""
        if not error.retryable or retries.are_over:
            tracing.failed(error.code)
            tell.error("Failed: %s (%s)", error.detail, error.data.get("support_id") or error.code)
            await self._service.fail(lease, error.problem())
            return
        wait = retries.wait()
        message = f"{error.detail} Trying again in {wait:.0f} s."
        tell.warning(message)
        await self._service.hand_back(lease, message, wait_seconds=wait)
        raise _Again(wait)

    async def _settle_crash(self, lease: Lease, error: AppError, most: int) -> None:
        tell.error("Broken off: %s (%s)", error.detail, error.code)
        ended = await self._service.record_crash(lease, error.problem(), max_crashes=most)
        if not ended:
            raise _Again(0.0)


class _Retries:
    """How often, and since when, one delivery has tried what may pass by itself."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._began: float | None = None
        self._count = 0

    @property
    def are_over(self) -> bool:
        if not self._task.repeats:
            return True
        return self._began is not None and time.monotonic() - self._began > RETRY_FOR_SECONDS

    def wait(self) -> float:
        """Count one more and return the seconds before it."""
        self._began = self._began if self._began is not None else time.monotonic()
        self._count += 1
        return BACKOFF_SECONDS[min(self._count, len(BACKOFF_SECONDS)) - 1]


async def _never() -> None:
    """Wait until the process ends."""
    await asyncio.Event().wait()
