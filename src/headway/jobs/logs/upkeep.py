"""How long the lines of jobs are kept, if not for as long as their jobs."""

from __future__ import annotations

import asyncio

from headway.jobs.logs import queries
from headway.jobs.retention import KeepJobs
from headway.jobs.retention_queries import Old
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.tally import Tally

BATCH = 500
PAUSE_SECONDS = 0.1
"""Between two batches. Writers of SQLite do not queue, so without it nobody else might get in."""


class LogRetention:
    """Deletes lines that were written too long ago, of all owners."""

    def __init__(self, database: Database, clock: Clock, keep: KeepJobs) -> None:
        self._database = database
        self._clock = clock
        self._keep = keep

    async def forget(self, *, dry_run: bool) -> Tally:
        """Delete old blocks of lines, the oldest first; in a dry run, only count them."""
        tally = Tally()
        for old in self._keep.lines(self._clock.now()):
            async with self._database.read() as session:
                found = await queries.tally_old(session, old)
            if found.count and not dry_run:
                found = Tally(await self._delete(old), None, found.oldest)
            tally = tally.merged(found)
        return tally

    async def _delete(self, old: Old) -> int:
        total = 0
        while True:
            async with self._database.write() as session:
                deleted = await queries.delete_oldest(session, old, BATCH)
            total += deleted
            if deleted < BATCH:
                return total
            await asyncio.sleep(PAUSE_SECONDS)
