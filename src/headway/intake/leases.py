"""The leases of this process on the jobs whose bytes arrive here; one beat keeps all of them alive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextvars import Context
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from headway.intake import queries
from headway.intake.arrival import ARRIVING
from headway.intake.identity import KIND
from headway.jobs.runner import ENGINE
from headway.jobs.service import JobMonitoringService, Lease
from headway.kit.chores import every
from headway.kit.clock import Clock
from headway.kit.db import Database

UPLOAD_LEASE_SECONDS = 10
"""An API process that dies leaves its uploads alone for about this long before they are called interrupted."""

UPLOAD_BEAT_SECONDS = 3.0
"""The server lives, although a client may be silent and a store slow; how slow a client may be is decided where its
connection is watched."""


def _heeds_nothing() -> None:
    """Whoever reports all the time learns from that."""


class UploadLeases:
    """Holds jobs in the name of this process."""

    def __init__(self, database: Database, clock: Clock, jobs: JobMonitoringService) -> None:
        self.holder = f"api-{uuid4().hex[:12]}"
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._held: dict[UUID, Callable[[], None]] = {}
        self._beat: asyncio.Task[None] | None = None

    def on(self, job_id: UUID) -> Lease:
        return Lease(job_id, 0, self.holder)

    def columns(self) -> dict[str, Any]:
        """Return what a new job is that begins in the hands of this process."""
        return {
            "kind": KIND,
            "engine": ENGINE,
            "lease_owner": self.holder,
            "lease_expires_at": self._database.moment(self._clock, UPLOAD_LEASE_SECONDS),
            "heartbeat_seconds": UPLOAD_LEASE_SECONDS,
            **ARRIVING,
        }

    @contextlib.asynccontextmanager
    async def beating(self, job_id: UUID, stop: Callable[[], None] = _heeds_nothing) -> AsyncIterator[None]:
        """Keep the lease of an upload alive while the block runs.

        `stop` is called once somebody else has the job, or its owner wants it cancelled.
        """
        self._held[job_id] = stop
        if self._beat is None:
            # In no request's context: what it logs concerns them all.
            self._beat = asyncio.create_task(every(UPLOAD_BEAT_SECONDS, self._renew), context=Context())
        try:
            yield
        finally:
            del self._held[job_id]
            if not self._held and self._beat is not None:
                beat, self._beat = self._beat, None
                beat.cancel()
                await asyncio.gather(beat, return_exceptions=True)

    async def _renew(self) -> None:
        """Renew all leases at once. Whoever lost a job learns of it now, with the next report, or at acceptance."""
        expires_at = self._clock.now() + timedelta(seconds=UPLOAD_LEASE_SECONDS)
        stops = dict(self._held)
        async with self._database.write() as session:
            held = await self._jobs.renew_in(session, self.holder, stops, UPLOAD_LEASE_SECONDS)
            await queries.prolong_all(session, [job.id for job in held], expires_at)
        going_on = {job.id for job in held if not job.cancel_requested}
        for job_id, stop in stops.items():
            if job_id not in going_on:
                stop()
