"""Uploads among whatever else happens to their jobs: a sign of life at the same moment, a deletion."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from headway.intake import queries
from headway.intake.arrival import Arrival
from headway.jobs.history import JobHistory
from headway.jobs.schemas import JobResponse
from headway.kit.db import Database
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.imports_world import OWNER, World


@pytest.fixture
def world(database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path) -> World:
    return World(database, store, clock, tmp_path)


async def send(world: World, key: str | None = None) -> JobResponse:
    async def content() -> AsyncIterator[bytes]:
        yield b"a,b\n1,2\n"

    return await world.intake.upload_file(OWNER, "a.csv", content(), idempotency_key=key)


async def test_a_sign_of_life_and_an_acceptance_never_wait_for_each_other(
    world: World, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both write the job and its reservation. In different orders, PostgreSQL would end one of them."""
    beats: list[asyncio.Task[None]] = []

    async def beat(began: asyncio.Event) -> None:
        (job,) = (await JobHistory(world.database).list_jobs(OWNER, limit=10, cursor=None)).items
        async with world.database.write() as session:
            held = await world.jobs.renew_in(session, world.intake.leases.holder, [job.id], 10)
            assert [each.id for each in held] == [job.id]
            began.set()
            if backend != "sqlite":  # which has one writer at a time
                await until_somebody_waits(world.database)
            await queries.prolong_all(session, [job.id], world.clock.now() + timedelta(seconds=60))

    real = Arrival.make_durable

    async def durable_during_a_beat(arrival: Arrival) -> None:
        await real(arrival)
        began = asyncio.Event()
        beats.append(asyncio.create_task(beat(began)))
        await began.wait()

    monkeypatch.setattr(Arrival, "make_durable", durable_during_a_beat)
    assert (await send(world)).phase == "queued"
    await asyncio.gather(*beats)


async def until_somebody_waits(database: Database) -> None:
    async with asyncio.timeout(20), database.read() as session:
        while not (await session.execute(sa.text("select count(*) from pg_locks where not granted"))).scalar_one():
            await asyncio.sleep(0.02)


async def test_a_key_is_free_once_its_job_was_deleted(world: World) -> None:
    """Its answer is gone; to refuse the request, or to answer 404 to an upload, would help nobody."""
    first = await send(world, "k")
    await world.jobs.request_cancel(first.id, OWNER)
    assert (await send(world, "k")).id == first.id
    await world.jobs.delete(first.id, OWNER)
    again = await send(world, "k")
    assert (again.phase, again.id != first.id) == ("queued", True)
    assert (await send(world, "k")).id == again.id
