"""How long the lines of jobs are kept, if not for as long as their jobs."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from headway.jobs.logs import queries
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.tally import Tally

BATCH = 500
PAUSE_SECONDS = 0.1
"""Between two batches. Writers of SQLite do not queue, so without it nobody else might get in."""


class LogRetention:
    """Deletes lines that were written so many days ago, of all owners; 0 keeps them as long as their jobs."""

    def __init__(self, database: Database, clock: Clock, keep_days: int) -> None:
        self._database = database
        self._clock = clock
        self._keep_days = keep_days

    async def forget(self, *, dry_run: bool) -> Tally:
        """Delete old blocks of lines, the oldest first; in a dry run, only count them."""
        if not self._keep_days:
            return Tally()
        before = self._clock.now() - timedelta(days=self._keep_days)
        async with self._database.read() as session:
            found = await queries.tally_old(session, before)
        if dry_run or not found.count:
            return found
        total = 0
        while True:
            async with self._database.write() as session:
                deleted = await queries.delete_oldest(session, before, BATCH)
            total += deleted
            if deleted < BATCH:
                return Tally(total, None, found.oldest)
            await asyncio.sleep(PAUSE_SECONDS)
