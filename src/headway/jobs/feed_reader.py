"""What the live feed asks of the tables, for many owners at once: versions first, whole jobs only where one is new."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from headway.jobs import queries, states, view_queries
from headway.jobs.channel import InView
from headway.jobs.models import BackgroundJob
from headway.kit.clock import Clock
from headway.kit.db import Database

OWNERS_AT_ONCE = 200
JOBS_AT_ONCE = 200
"""Whole jobs of one query. Between queries others have their turn."""

MOST_ROWS = 2_000
"""Versions of one query for several owners; where there are more, fewer owners are asked for."""

LATELY = timedelta(minutes=1)
"""Reaches over what the clocks of several machines may be apart."""

Item = TypeVar("Item")


class FeedReader:
    """Reads for all open streams together. Each method is a transaction of its own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def look(self, owners: Sequence[str]) -> dict[str, list[InView]]:
        """Return what is in view of each of these owners, newest job first."""
        limit = view_queries.PAGE_LIMIT if len(owners) == 1 else MOST_ROWS
        async with self._database.read() as session:
            rows = await view_queries.list_versions_in_view(session, owners, self._clock.now(), limit)
        if len(rows) >= limit and len(owners) > 1:
            # Somebody has very many, and must not take the room of the others.
            half = len(owners) // 2
            return await self.look(owners[:half]) | await self.look(owners[half:])
        found: dict[str, list[InView]] = {owner: [] for owner in owners}
        for row in rows:
            leaves_at = states.leaves_view_at(row.status, row.completed_at)
            found[row.user_id].append(InView(row.id, row.version, leaves_at))
        return found

    async def read(self, job_ids: Sequence[UUID]) -> dict[UUID, BackgroundJob]:
        """Return the jobs that are still there."""
        found: dict[UUID, BackgroundJob] = {}
        for some in chunks(job_ids, JOBS_AT_ONCE):
            async with self._database.read() as session:
                found.update((job.id, job) for job in await queries.list_by_ids(session, some))
        return found

    async def versions_lately(self) -> list[tuple[str, UUID, int]]:
        """Return owner, id and version of all jobs, whosesoever, that run, wait, or ended a moment ago."""
        async with self._database.read() as session:
            rows = await queries.list_versions_lately(session, self._clock.now() - LATELY)
        return [(row.user_id, row.id, row.version) for row in rows]


def chunks(items: Collection[Item], size: int) -> Iterator[list[Item]]:
    listed = list(items)
    for first in range(0, len(listed), size):
        yield listed[first : first + size]
