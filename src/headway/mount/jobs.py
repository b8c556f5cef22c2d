"""`mount_jobs`: the API of jobs as a part of a host's FastAPI app, on the host's own database."""

import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs.bulk import BulkActions
from headway.jobs.deliveries import Deliveries
from headway.jobs.history import JobHistory
from headway.jobs.live import LiveFeed
from headway.jobs.logs.router import build_logs_router
from headway.jobs.logs.service import LogBook
from headway.jobs.reaper import LOOK_SECONDS, Reaper
from headway.jobs.router import build_jobs_router
from headway.jobs.runner import Living, Submission
from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import open_signal
from headway.jobs.submitting import JobSubmissions
from headway.jobs.waiting import JobWaits
from headway.kit.body_guard import BodyGuard
from headway.kit.chores import doing, every
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.kit.problems import install_problem_handlers
from headway.mount.joining import as_actor, join, require_schema

STREAMS_PER_OWNER = 8


class NoEngine:
    """The engine of an app that runs no jobs of Headway's: it has none to deliver."""

    async def enqueue(self, session: AsyncSession, submission: Submission) -> None:
        raise NotImplementedError("a mounted list of jobs runs none itself")

    async def cancel(self, submissions: Collection[Submission]) -> None:
        """Take back nothing: whoever runs a job hears of its cancellation when it reports."""

    async def undelivered(self, submissions: Collection[Submission]) -> Sequence[UUID]:
        return []

    async def forget_ended(self, before: datetime, living: Living) -> int:
        return 0

    async def close(self) -> None: ...


class MountedJobs:
    """What a host has of its jobs: `service.create_job(owner, …)`, or `service.create_in(session, owner, …)`."""

    def __init__(self, database_url: str, actor: Callable[..., Any], streams_per_owner: int) -> None:
        clock = SystemClock()
        self.database = Database(database_url)
        self._signal = open_signal(self.database, listening=True)
        self.service = JobMonitoringService(self.database, clock, self._signal)
        deliveries = Deliveries(self.database, clock, self._signal, NoEngine())
        self._reaper = Reaper(self.database, clock, self.service, deliveries)
        self._live = LiveFeed(self.database, clock, self._signal, max_streams_per_user=streams_per_owner)
        self._waits = JobWaits(self.service, self._signal)
        self.app = FastAPI(title="Jobs", docs_url=None, redoc_url=None)
        install_problem_handlers(self.app)
        self.app.add_middleware(BodyGuard, streamed=[])
        jobs = build_jobs_router(
            self.service,
            JobHistory(self.database),
            self._waits,
            self._live,
            deliveries,
            BulkActions(self.database, self.service, deliveries),
            JobSubmissions(self.database, self.service, NoEngine()),
            as_actor(actor),
        )
        for router in (build_logs_router(LogBook(self.database, clock), as_actor(actor)), jobs):
            self.app.include_router(router)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow changes and look for the silent, for as long as the host's app lives."""
        await require_schema(self.service)
        await self._signal.start()
        await self._live.start()
        # Uploads are never mounted, so none can be interrupted.
        async with doing(every(LOOK_SECONDS, lambda: self._reaper.sweep({}))):
            yield
        await self.close_streams()
        await self._signal.close()
        await self.database.close()

    async def close_streams(self) -> None:
        """Let everybody who watches come back later; a server that stops need not wait for them."""
        self._waits.close()
        await self._live.close()


def mount_jobs(
    app: FastAPI,
    *,
    actor: Callable[..., Any],
    database_url: str,
    prefix: str = "/api/v2",
    streams_per_owner: int = STREAMS_PER_OWNER,
) -> MountedJobs:
    """Answer under `prefix` what Headway answers about jobs, for the callers that `actor` knows.

    `actor` is a dependency of the host that returns the owner as a text (or an `Actor`), and raises if nobody is
    signed in. The host's other routes, handlers and middleware stay as they are.
    """
    mounted = MountedJobs(database_url, actor, streams_per_owner)
    join(app, prefix, mounted.app, mounted.running)
    return mounted
