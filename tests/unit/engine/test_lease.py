"""What the living workers say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from headway.engine.lease import STALE_SECONDS, WorkerLeases, count_places
from headway.engine.models import WorkerLease
from headway.jobs.line import Places
from headway.kit.db import Database
from tests.support.clock import FakeClock


class NoRunner:
    """An engine that holds nothing."""

    async def held_by_others(self) -> Sequence[str]:
        return []


def worker(database: Database, clock: FakeClock, name: str, **places: int) -> WorkerLeases:
    nothing: Any = NoRunner()
    return WorkerLeases(database, clock, nothing, nothing, name, Path(), **places)


async def test_the_places_are_those_of_the_workers_that_are_alive(database: Database, clock: FakeClock) -> None:
    async def count() -> Places:
        async with database.read() as session:
            return await count_places(session, database, clock)

    assert await count() == Places(imports=0, bulk=0, per_owner=1)
    workers = [worker(database, clock, name, places=places, owner_places=2) for name, places in (("a", 3), ("b", 5))]
    for one in workers:
        await one.start()
    assert await count() == Places(imports=8, bulk=2, per_owner=2)
    # One of a version that does not say how many it runs counts for none, and is a worker.
    async with database.write() as session:
        unsaid = {"places": None, "owner_places": None}
        await session.execute(sa.update(WorkerLease).where(WorkerLease.executor_id == "b").values(**unsaid))
    assert await count() == Places(imports=3, bulk=2, per_owner=2)
    await workers[1].close()
    assert await count() == Places(imports=3, bulk=1, per_owner=2)
    long_ago = database.moment(clock, -STALE_SECONDS - 1)
    async with database.write() as session:
        await session.execute(sa.update(WorkerLease).values(beat_at=long_ago))
    assert (await count()).imports == 0
    await workers[0].close()
