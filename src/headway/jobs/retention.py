"""How long ended jobs are kept. Then they go with their events and checkpoints; the datasets that they made stay."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from headway.jobs import queries
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.tally import Tally

BATCH = 500
"""Jobs of one transaction: 45 ms of computing on SQLite, which has one writer at a time."""

PAUSE_SECONDS = 0.1
"""Between two batches. Writers of SQLite do not queue, so without it nobody else might get in."""


@dataclass(frozen=True, slots=True)
class KeepJobs:
    """For how many days after its end a job is kept; 0 is for ever. Cancelled ones count as failed.

    Its lines may go before it, so many days after they were written.
    """

    completed_days: int
    failed_days: int
    log_days: int = 0


class JobRetention:
    """Deletes jobs that are past their time, of all owners, those that ended first before the others."""

    def __init__(self, database: Database, clock: Clock, keep: KeepJobs) -> None:
        self._database = database
        self._clock = clock
        self._keep = keep

    async def forget_completed(self, *, dry_run: bool) -> Tally:
        """Delete old completed jobs; in a dry run, only count them."""
        return await self._forget("completed", self._keep.completed_days, dry_run=dry_run)

    async def forget_failed(self, *, dry_run: bool) -> Tally:
        """Delete old failed and cancelled jobs; in a dry run, only count them."""
        failed = await self._forget("failed", self._keep.failed_days, dry_run=dry_run)
        return failed.merged(await self._forget("cancelled", self._keep.failed_days, dry_run=dry_run))

    async def _forget(self, status: str, days: int, *, dry_run: bool) -> Tally:
        if not days:
            return Tally()
        before = self._clock.now() - timedelta(days=days)
        async with self._database.read() as session:
            found = await queries.count_ended(session, status, before)
        if dry_run or not found.count:
            return found
        return Tally(await self._delete(status, before), None, found.oldest)

    async def _delete(self, status: str, before: datetime) -> int:
        total = 0
        while True:
            async with self._database.write() as session:
                deleted = await queries.delete_oldest(session, status, before, BATCH)
            total += deleted
            if deleted < BATCH:
                return total
            await asyncio.sleep(PAUSE_SECONDS)
