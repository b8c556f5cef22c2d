"""Files of jobs as the sweep sees them: named, left behind, lost, expired."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from headway.kit.db import Database
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.executing import artifacts_of
from tests.support.imports_world import DAY, OWNER, World


@pytest.fixture
def world(database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path) -> World:
    return World(database, store, clock, tmp_path)


async def test_files_of_jobs_stay_while_a_row_names_them(world: World) -> None:
    job = await world.jobs.create_job(OWNER, "external")
    artifacts = artifacts_of(world.jobs, world.store)
    await artifacts.receive(OWNER, job.id, "a.txt", None, some_bytes(b"12345"))
    (named,) = await world.objects()
    left_by_zombie = await world.put(f"artifacts/{job.id}/1/{uuid4()}")
    orphan, foreign = await world.put(f"artifacts/{uuid4()}/1/{uuid4()}"), await world.put("artifacts/readme")
    world.a_day_later()
    # What a live job wrote without a row may get one still.
    assert {kind: each.tally.count for kind, each in (await world.swept()).items()} == {"artifacts without a row": 1}
    assert await world.objects() == sorted([named, left_by_zombie, foreign])
    await world.jobs.complete_job(job.id)
    assert {kind: each.tally.count for kind, each in (await world.swept()).items()} == {"artifacts without a row": 1}
    assert await world.objects() == sorted([named, foreign])
    await world.jobs.delete(job.id, OWNER)
    assert (await world.swept())["artifacts without a row"].tally.count == 1
    assert orphan not in await world.objects()
    assert await world.objects() == [foreign]


async def test_a_file_of_a_job_that_is_lost_is_told(world: World) -> None:
    job = await world.jobs.create_job(OWNER, "external")
    await artifacts_of(world.jobs, world.store).receive(OWNER, job.id, "a.txt", None, some_bytes(b"12345"))
    (named,) = await world.objects()
    await world.store.delete(named)
    found = (await world.swept())["lost artifacts"]
    assert (found.tally.count, found.lost) == (1, (named,))


async def test_files_of_jobs_expire(world: World) -> None:
    job = await world.jobs.create_job(OWNER, "external")
    await artifacts_of(world.jobs, world.store).receive(OWNER, job.id, "a.txt", None, some_bytes(b"12345"))
    world.clock.advance(15 * DAY)
    found = (await world.swept())["expired artifacts"]
    assert (found.tally.count, found.tally.bytes) == (1, 5)
    assert await world.objects() == []
    assert await world.swept() == {}


async def some_bytes(data: bytes) -> AsyncIterator[bytes]:
    yield data
