"""Notices who has gone silent: reporters, uploads whose client or server went away, workers.

Silence is measured by this process's own monotonic clock: a lease counts as run out once this process has seen it
unchanged for its whole length. So no wall clock that jumps, on any machine, can make the living look dead, and after
an outage of the database everybody gets a whole lease to be heard of again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from headway.jobs import queries, states
from headway.jobs.deliveries import Deliveries
from headway.jobs.errors import MessageNotSent, WorkerSilent
from headway.jobs.models import BackgroundJob
from headway.jobs.progress import LEASE_SECONDS
from headway.jobs.service import JobMonitoringService
from headway.jobs.transitions import EXTERNAL, is_external
from headway.kit.clock import Clock
from headway.kit.db import Database

SILENCE_FACTOR = 3
"""Whoever misses three of its own beats is given up."""

LOOK_SECONDS = 1.0
"""Time between two looks. The API looks as well as the workers, so that a job is not shown as running by a worker
that is gone while no other one is there."""

LONGEST_LOOK_SECONDS = 5.0
"""Looks further apart than this prove nothing: the database was away, or this process stood still."""


@dataclass(slots=True)
class _Seen:
    version: int
    since: float


class Reaper:
    """Looks for live jobs that nobody has given a sign of life for; says so, takes them away, or ends them."""

    def __init__(self, database: Database, clock: Clock, service: JobMonitoringService, deliveries: Deliveries) -> None:
        self._database = database
        self._clock = clock
        self._service = service
        self._deliveries = deliveries
        self._seen: dict[UUID, _Seen] = {}
        self._looked_at = float("-inf")

    async def sweep(self, interrupted_upload: dict[str, Any]) -> int:
        """Look once at every job that somebody holds; return how many changed. Uploads end with the given problem."""
        async with self._database.read() as session:
            leased = await queries.list_leased(session)
        now = self._clock.monotonic()
        if now - self._looked_at > LONGEST_LOOK_SECONDS:
            self._seen.clear()
        self._looked_at = now
        self._seen = {job.id: self._note(job, now) for job in leased}
        return sum([await self._judge(job, now - self._seen[job.id].since, interrupted_upload) for job in leased])

    def _note(self, job: BackgroundJob, now: float) -> _Seen:
        known = self._seen.get(job.id)
        return known if known is not None and known.version == job.version else _Seen(job.version, now)

    async def _judge(self, job: BackgroundJob, silent_seconds: float, interrupted_upload: dict[str, Any]) -> bool:
        lease = _lease_seconds(job)
        if silent_seconds < lease:
            return False
        if job.stage == states.UPLOAD_STAGE and not is_external(job):
            if job.resumable_until is not None:
                return await self._service.uploads.pause_silent(job)
            return await self._service.end_overdue(job, interrupted_upload)
        if job.status == "running" and job.stalled_at is None:
            return await self._service.mark_stalled(job)
        # Saying that it stalled made a new version, so its silence is counted from there.
        missed = SILENCE_FACTOR - 1 if job.stalled_at is not None else SILENCE_FACTOR
        if silent_seconds < lease * missed:
            return False
        if is_external(job):
            never_sent = job.status == "pending" and job.engine != EXTERNAL
            problem = MessageNotSent() if never_sent else WorkerSilent()
            return await self._service.end_overdue(job, problem.problem())
        return await self._deliveries.take(job)


def _lease_seconds(job: BackgroundJob) -> float:
    held_by_worker = not is_external(job) and job.stage != states.UPLOAD_STAGE
    return LEASE_SECONDS if held_by_worker else job.heartbeat_seconds
