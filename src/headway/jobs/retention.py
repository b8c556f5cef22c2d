"""How long ended jobs are kept. Then they go with their events and checkpoints; the datasets that they made stay.

Events may go before their job, which then says so: `events_dropped_at`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from headway.jobs import retention_queries
from headway.jobs.retention_queries import Old
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.tally import Tally

BATCH = 500
"""Jobs of one transaction: 45 ms of computing on SQLite, which has one writer at a time."""

PAUSE_SECONDS = 0.1
"""Between two batches. Writers of SQLite do not queue, so without it nobody else might get in."""

ENDINGS = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Days:
    """For how many days after its end a job is kept, and its events; 0 is for ever, None as for all other types.

    Its files and lines are kept for so many days after they were written.
    """

    completed: int | None = None
    failed: int | None = None
    cancelled: int | None = None
    events: int | None = None
    artifacts: int | None = None
    logs: int | None = None


@dataclass(frozen=True, slots=True)
class KeepJobs:
    """For how many days after its end a job is kept; 0 is for ever. `types` may say otherwise of some types of jobs.

    Events stay as long as their job where their own days are 0, or are more than its days. Its lines go so many
    days after they were written.
    """

    completed_days: int
    failed_days: int
    log_days: int = 0
    cancelled_days: int | None = None
    events_days: int = 0
    types: Mapping[str, Days] = field(default_factory=dict)

    @classmethod
    def worded(cls, types: Mapping[str, Mapping[str, int | None]], **days: Any) -> KeepJobs:
        """Return what settings say: the days of each type by the names of `Days`."""
        return cls(**days, types={name: Days(**each) for name, each in types.items()})

    def jobs(self, status: str, now: datetime) -> Iterator[Old]:
        """Yield what is past its time of the jobs that ended so: of each type apart, and of all others."""
        cancelled = self.failed_days if self.cancelled_days is None else self.cancelled_days
        usual = {"completed": self.completed_days, "failed": self.failed_days, "cancelled": cancelled}[status]
        own = {name: getattr(days, status) for name, days in self.types.items()}
        yield from self._old(status, usual, own, now)

    def events(self, status: str, now: datetime) -> Iterator[Old]:
        """Yield the jobs that ended so whose events are past their time."""
        yield from self._old(status, self.events_days, {name: days.events for name, days in self.types.items()}, now)

    def lines(self, now: datetime) -> Iterator[Old]:
        """Yield of which jobs the lines are past their time that were written before a moment."""
        yield from self._old(None, self.log_days, {name: days.logs for name, days in self.types.items()}, now)

    def _old(self, status: str | None, usual: int, own: Mapping[str, int | None], now: datetime) -> Iterator[Old]:
        apart = {name: days for name, days in own.items() if days is not None}
        for name, days in apart.items():
            if days:
                yield Old(status, now - timedelta(days=days), only=name)
        if usual:
            yield Old(status, now - timedelta(days=usual), but=tuple(sorted(apart)))


class JobRetention:
    """Deletes jobs that are past their time, of all owners, those that ended first before the others."""

    def __init__(self, database: Database, clock: Clock, keep: KeepJobs) -> None:
        self._database = database
        self._clock = clock
        self._keep = keep
        # Up to which end the events of such jobs have been dropped: what was looked at once is not looked at again.
        self._dropped_to: dict[tuple[str | None, str | None], datetime] = {}

    async def forget_completed(self, *, dry_run: bool) -> Tally:
        """Delete old completed jobs; in a dry run, only count them."""
        return await self._forget("completed", dry_run=dry_run)

    async def forget_failed(self, *, dry_run: bool) -> Tally:
        """Delete old failed and cancelled jobs; in a dry run, only count them."""
        failed = await self._forget("failed", dry_run=dry_run)
        return failed.merged(await self._forget("cancelled", dry_run=dry_run))

    async def _forget(self, status: str, *, dry_run: bool) -> Tally:
        tally = Tally()
        for old in self._keep.jobs(status, self._clock.now()):
            async with self._database.read() as session:
                found = await retention_queries.count_old(session, old)
            if found.count and not dry_run:
                found = Tally(await self._delete(old), None, found.oldest)
            tally = tally.merged(found)
        return tally

    async def _delete(self, old: Old) -> int:
        total, since = 0, None
        while True:
            async with self._database.read() as session:
                some, since = await retention_queries.list_oldest(session, old, since, BATCH)
            async with self._database.write() as session:
                total += await retention_queries.delete_those(session, old, some)
            if len(some) < BATCH:
                return total
            await asyncio.sleep(PAUSE_SECONDS)

    async def drop_events(self, *, dry_run: bool) -> Tally:
        """Delete the events of jobs that are kept longer; in a dry run, only count these jobs."""
        now, total = self._clock.now(), 0
        for status in ENDINGS:
            for old in self._keep.events(status, now):
                total += await (self._count_with_events(old) if dry_run else self._drop(old, now))
        return Tally(total)

    async def _count_with_events(self, old: Old) -> int:
        async with self._database.read() as session:
            return (await retention_queries.count_old(session, old, with_events=True)).count

    async def _drop(self, old: Old, now: datetime) -> int:
        total, since = 0, self._dropped_to.get(old.which)
        while True:
            async with self._database.read() as session:
                some, since = await retention_queries.list_oldest(session, old, since, BATCH, with_events=True)
            async with self._database.write() as session:
                total += await retention_queries.drop_events(session, old, some, now)
            if since is not None:
                self._dropped_to[old.which] = since
            if len(some) < BATCH:
                return total
            await asyncio.sleep(PAUSE_SECONDS)
