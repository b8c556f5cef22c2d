"""Ends what nobody is working on any more: silent reporters and uploads whose client or server went away.

Jobs of our own workers are not judged here: their engine delivers them again (`engine/lease.py`), and until
then the job says that it is stalled.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from headway.jobs import queries, states
from headway.jobs.errors import WorkerSilent
from headway.jobs.models import BackgroundJob
from headway.jobs.service import EXTERNAL, JobMonitoringService
from headway.kit.clock import Clock
from headway.kit.db import Database

SILENCE_FACTOR = 3
"""A reporter that misses three of its own beats is given up."""


class Reaper:
    """Looks for live jobs whose lease has run out and says so, or ends them."""

    def __init__(self, database: Database, clock: Clock, service: JobMonitoringService) -> None:
        self._database = database
        self._clock = clock
        self._service = service

    async def sweep(self, interrupted_upload: dict[str, Any]) -> int:
        """Judge every overdue job; return how many changed. Uploads end with the given problem."""
        async with self._database.read() as session:
            overdue = await queries.list_overdue(session, self._clock.now())
        changed = 0
        for job in overdue:
            changed += await self._judge(job, interrupted_upload)
        return changed

    async def _judge(self, job: BackgroundJob, interrupted_upload: dict[str, Any]) -> bool:
        if job.status == "pending" and job.stage == states.UPLOAD_STAGE:
            return await self._service.end_overdue(job, interrupted_upload)
        if job.engine == EXTERNAL and self._is_given_up(job):
            return await self._service.end_overdue(job, WorkerSilent().problem())
        return job.stalled_at is None and job.status == "running" and await self._service.mark_stalled(job)

    def _is_given_up(self, job: BackgroundJob) -> bool:
        if job.lease_expires_at is None:
            return False
        # The lease already holds one beat, so two more make three.
        grace = timedelta(seconds=job.heartbeat_seconds * (SILENCE_FACTOR - 1))
        return job.lease_expires_at + grace < self._clock.now()
