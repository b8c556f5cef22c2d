"""What workers say of themselves, and how long the lost ones are remembered."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headway.engine import lease
from headway.engine.lease import KEEP_LOST_SECONDS, STALE_SECONDS, WorkerLeases, count_places, list_workers
from headway.engine.models import WorkerLease
from headway.jobs.line import Places
from headway.kit.clock import SystemClock
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


async def test_a_worker_says_what_it_is_at_every_beat(database: Database, clock: FakeClock) -> None:
    one = worker(database, clock, "worker-1", places=3, owner_places=2)
    for _ in range(2):
        await one._beat()
    async with database.read() as session:
        (told,) = await list_workers(session, database, clock)
    assert (told.id, told.pid, told.import_places, told.is_alive) == ("worker-1", os.getpid(), 3, True)
    assert told.version is not None
    assert told.memory_bytes is not None
    assert told.memory_bytes > 10_000_000
    await one.close()
    async with database.read() as session:
        assert await list_workers(session, database, clock) == []


async def test_a_failure_that_nobody_foresaw_ends_no_beating(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that beats no more is taken for dead, and its jobs are run a second time."""
    monkeypatch.setattr(lease, "BEAT_SECONDS", 0.001)
    one, looks = worker(database, clock, "worker-1", places=3, owner_places=2), 0

    async def dead() -> Sequence[str]:
        nonlocal looks
        looks += 1
        raise RuntimeError("the engine has changed its mind")

    monkeypatch.setattr(one, "_dead", dead)
    await one.start()
    async with asyncio.timeout(20):
        while looks < 2:
            await asyncio.sleep(0.01)
    await one.close()


async def test_lost_workers_are_remembered_for_a_day(database: Database, clock: FakeClock) -> None:
    real: Any = SystemClock()  # on PostgreSQL the time is the database's own
    ages = {"alive": 1, "lost": STALE_SECONDS + 1, "lost yesterday": KEEP_LOST_SECONDS + 1}
    async with database.write() as session:
        for name, age in ages.items():
            beat_at = real.now() - timedelta(seconds=age)
            session.add(WorkerLease(executor_id=name, host="h", pid=1, started_at=beat_at, beat_at=beat_at))
    await worker(database, real, "worker-1", places=3, owner_places=2)._forget_dead()
    async with database.read() as session:
        told = {each.id: each.is_alive for each in await list_workers(session, database, real)}
    assert told == {"alive": True, "lost": False}
