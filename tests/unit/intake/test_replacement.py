"""A failed import is not tried again once its owner has a dataset of just that file."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from headway.intake.replacement import replaced_by
from headway.intake.schemas import ImportOptions
from headway.jobs.deliveries import Deliveries
from headway.jobs.errors import JobReplaced
from headway.kit.db import Database
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.filled import bytes_of
from tests.support.imports_world import OWNER, PROBLEM, World
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter


@pytest.fixture
def world(database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path) -> World:
    made = World(database, store, clock, tmp_path)
    made.deliveries = Deliveries(database, clock, RecordingSignal(), RecordingSubmitter(), replaced_by(made.datasets))
    return made


async def upload(world: World, owner: str, **options: str) -> UUID:
    chosen = ImportOptions.model_validate(options)
    job = await world.intake.upload_file(owner, "a.csv", bytes_of(b"a,b\n1,2\n"), options=lambda: chosen)
    return job.id


async def failed(world: World, owner: str, **options: str) -> UUID:
    job_id = await upload(world, owner, **options)
    lease = await world.jobs.claim(job_id, "worker", seconds=30)
    assert lease is not None
    await world.jobs.fail(lease, PROBLEM)
    return job_id


async def test_what_exists_by_now_is_not_made_again_unless_that_was_asked_for(world: World) -> None:
    first, wanted = await failed(world, OWNER), await failed(world, OWNER, duplicate="import")
    others = await failed(world, "ben")
    dataset_id = await world.publish(await world.attempt(await upload(world, OWNER)))
    with pytest.raises(JobReplaced) as refused:
        await world.deliveries.retry(first, OWNER)
    assert refused.value.data == {"dataset_id": str(dataset_id)}
    assert (await world.jobs.get_job_by_id(first, OWNER)).status == "failed"
    for job_id, owner in ((wanted, OWNER), (others, "ben")):
        assert (await world.deliveries.retry(job_id, owner)).phase == "retrying"


async def test_it_is_made_again_once_the_dataset_is_gone(world: World) -> None:
    first = await failed(world, OWNER)
    dataset_id = await world.publish(await world.attempt(await upload(world, OWNER)))
    await world.datasets.delete(OWNER, dataset_id)
    assert (await world.deliveries.retry(first, OWNER)).phase == "retrying"
