"""The files of jobs as quotas and left-overs see them. It acts for the system, for no owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.errors import AppError
from headway.jobs.artifacts import queries
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.tally import Tally
from headway.storage.store import ObjectStore

PAGE = 500
PAUSE_SECONDS = 0.1
"""Between two batches. Writers of SQLite do not queue, so without it nobody else might get in."""


async def used_bytes(session: AsyncSession, owner: str) -> int:
    """Return the room that the files of an owner's jobs take."""
    return await queries.sum_bytes(session, owner)


async def bytes_by_owner(session: AsyncSession) -> dict[str, int]:
    """Return that of every owner. Slow; for a measurement."""
    return {row[0]: int(row[1]) for row in await queries.sum_by_owner(session)}


class ArtifactUpkeep:
    """Which objects are files of jobs, and which of them are past their time."""

    def __init__(self, database: Database, store: ObjectStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._clock = clock

    async def expire(self, *, dry_run: bool) -> Tally:
        """Remove the files that are past their time, those that went first before the others; the rows stay.

        Rows before objects: an object that the store does not delete now is named by nothing, and swept.
        """
        now, total = self._clock.now(), Tally()
        if dry_run:
            async with self._database.read() as session:
                return Tally(*await queries.count_expired(session, now))
        while True:
            async with self._database.write() as session:
                page = await queries.list_expired(session, now, PAGE)
                await queries.forget_objects(session, page)
            for each in page:
                total = total.plus(each.bytes, each.expires_at)
            await self._delete([each.object_key for each in page if each.object_key is not None])
            if len(page) < PAGE:
                return total
            await asyncio.sleep(PAUSE_SECONDS)

    async def _delete(self, keys: Collection[str]) -> None:
        for key in keys:
            try:
                await self._store.delete(key)
            except AppError:
                return

    async def named(self, job_ids: Collection[UUID]) -> set[str]:
        """Return the objects that the files of these jobs are in."""
        async with self._database.read() as session:
            return set(await queries.list_keys_of(session, job_ids))

    async def all_named(self) -> AsyncIterator[str]:
        """Yield the objects of all files, nearly in order: by job."""
        last: tuple[UUID, str] | None = None
        while True:
            async with self._database.read() as session:
                page = await queries.list_keys_after(session, last, PAGE)
            for key in sorted(row[2] for row in page if row[2] is not None):
                yield key
            if len(page) < PAGE:
                return
            last = (page[-1][0], page[-1][1])
