"""The sweep: each kind of left-over is told and removed, what is needed stays, what is lost is told and kept in mind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from headway.accounts.models import User, UserSession
from headway.intake import upkeep
from headway.intake.identity import original_key
from headway.intake.models import IdempotencyKey, Import, UploadReservation
from headway.jobs.history import JobHistory
from headway.jobs.models import JobCheckpoint
from headway.kit.db import Database
from headway.storage.errors import StoreUnavailable
from headway.storage.leftovers import LIFECYCLE_NOTE
from headway.storage.store import HasLocalFiles, ObjectInfo, ObjectStore
from tests.support.clock import FakeClock
from tests.support.imports_world import DAY, OWNER, World, found_by, rows_keys


@pytest.fixture
def world(database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path) -> World:
    return World(database, store, clock, tmp_path)


# ------------------------------------------------------------------- objects and rows


async def test_objects_that_nothing_names_are_told_first_and_then_removed(world: World) -> None:
    left = [await world.put(f"originals/{uuid4()}"), await world.put(f"rows/{uuid4()}/1/0.parquet")]
    left += [await world.put(f"checkup/{uuid4()}/small"), await world.put(f"doctor/{uuid4()}")]
    world.a_day_later()
    told = await world.swept(dry_run=True)
    assert {kind: (each.tally.count, each.tally.bytes) for kind, each in told.items()} == {
        "originals without a row": (1, 5),
        "rows without a row": (1, 5),
        "check-up objects": (2, 10),
    }
    assert all(each.tally.oldest is not None for each in told.values())
    assert await world.objects() == sorted(left)
    assert (await world.swept()).keys() >= told.keys()
    assert await world.objects() == []
    assert await world.swept() == {}


async def test_what_is_younger_than_a_day_stays(world: World) -> None:
    left = [await world.put(f"originals/{uuid4()}"), await world.put(f"checkup/{uuid4()}/small")]
    assert await world.swept() == {}
    assert await world.objects() == sorted(left)
    assert found_by(await world.sweep.run(older_than=timedelta(0))).keys() == {
        "originals without a row",
        "check-up objects",
    }
    assert await world.objects() == []


async def test_what_somebody_needs_stays(world: World) -> None:
    waiting = await world.upload()
    running = await world.attempt(await world.upload(), checkpoint=False)
    failed = await world.attempt(await world.upload())
    await world.fail(failed)
    _, of_dataset = await world.published()
    foreign = [await world.put("originals/readme"), await world.put("exports/1")]
    world.a_day_later()
    assert (await world.swept()).keys() == {"checkpoints"}
    assert await world.objects() == sorted(
        [
            original_key(waiting),
            *(original_key(lease.job_id) for lease in (running, failed)),
            *rows_keys(running),
            *rows_keys(failed),
            *of_dataset,
            *foreign,
        ]
    )


async def test_an_upload_that_lives_keeps_its_bytes_however_old(world: World) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"a,b\n1,2\n"
        (job,) = (await JobHistory(world.database).list_jobs(OWNER, limit=10, cursor=None)).items
        await world.put(original_key(job.id))  # durable, with its row still to come
        await world.sweep.run(older_than=timedelta(0))
        assert original_key(job.id) in await world.objects()

    await world.intake.upload_file(OWNER, "a.csv", slow())


async def test_of_a_failed_job_only_what_can_be_used_again_stays(world: World) -> None:
    job_id = await world.upload()
    first = await world.attempt(job_id, checkpoint=False)
    await world.jobs.hand_back(first, "again")
    second = await world.attempt(job_id)
    await world.fail(second)
    world.a_day_later()
    assert (await world.swept())["rows without a row"].tally.count == 2
    assert await world.objects() == sorted([original_key(job_id), *rows_keys(second)])
    again = await world.deliveries.retry(job_id, OWNER)
    lease = await world.jobs.claim(again.id, "worker", seconds=30)
    assert lease is not None
    assert await world.jobs.find_checkpoint(job_id, "parse") is not None


async def test_a_cancelled_job_keeps_its_original_and_a_day_its_rows(world: World) -> None:
    lease = await world.attempt(await world.upload())
    await world.jobs.confirm_cancelled(lease)
    assert await world.swept() == {}
    world.a_day_later()
    assert (await world.swept()).keys() == {"checkpoints", "rows without a row"}
    assert await world.objects() == [original_key(lease.job_id)]


async def test_what_a_deleted_dataset_left_goes_and_is_not_missed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_id, keys = await world.published()

    async def refuse(_key: str) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as away:
        away.setattr(world.store, "delete", refuse)
        await world.datasets.delete(OWNER, dataset_id)
    assert await world.objects() == keys
    world.a_day_later()
    assert (await world.swept()).keys() == {"checkpoints", "originals without a row", "rows without a row"}
    assert await world.objects() == []
    assert await world.swept() == {}


async def test_a_deleted_job_frees_what_only_it_needed(world: World) -> None:
    job_id = await world.upload()
    lease = await world.attempt(job_id)
    await world.fail(lease)
    assert (await world.intake.quota.limits_of(OWNER)).used_bytes > 0
    await world.jobs.delete(job_id, OWNER)
    assert (await world.intake.quota.limits_of(OWNER)).used_bytes == 0
    assert (await world.swept(dry_run=True)).keys() == {"imports without a job"}
    assert await count(world, Import) == 1
    assert (await world.swept()).keys() == {"imports without a job"}
    assert await count(world, Import) == 0
    assert await world.objects() == sorted([original_key(job_id), *rows_keys(lease)])
    world.a_day_later()
    found = await world.swept()
    assert found.keys() == {"originals without a row", "rows without a row"}
    assert await world.objects() == []
    assert await world.swept() == {}


async def test_a_dry_run_tells_of_the_objects_of_a_deleted_job_too(world: World) -> None:
    lease = await world.attempt(await world.upload())
    await world.fail(lease)
    await world.jobs.delete(lease.job_id, OWNER)
    world.a_day_later()
    told = await world.swept(dry_run=True)
    assert told.keys() == {"imports without a job", "originals without a row", "rows without a row"}
    assert (await world.swept()).keys() == told.keys()


async def test_a_dataset_outlives_its_job(world: World) -> None:
    dataset_id, needed = await world.published()
    (job,) = (await JobHistory(world.database).list_jobs(OWNER, limit=10, cursor=None)).items
    used = (await world.intake.quota.limits_of(OWNER)).used_bytes
    await world.jobs.delete(job.id, OWNER)
    world.a_day_later()
    assert await world.swept() == {}
    assert await world.objects() == needed
    assert (await world.intake.quota.limits_of(OWNER)).used_bytes == used > 0
    (listed,) = (await world.datasets.list_datasets(OWNER, limit=10, cursor=None)).items
    assert (listed.id, listed.job_id) == (dataset_id, job.id)
    name, _, original = await world.datasets.open_original(OWNER, dataset_id)
    assert (name, b"".join([chunk async for chunk in original])[:4]) == ("a.csv", b"a,b\n")
    await world.datasets.delete(OWNER, dataset_id)
    assert (await world.intake.quota.limits_of(OWNER)).used_bytes == 0
    # Its row is all that deleting the dataset leaves to the sweep.
    assert (await world.swept()).keys() == {"imports without a job"}
    assert await world.objects() == []
    assert await count(world, Import) == 0


async def test_every_page_of_imports_is_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "PAGE", 2)
    leases = [await world.attempt(await world.upload()) for _ in range(5)]
    for lease in leases[1:]:
        await world.fail(lease)
        await world.jobs.delete(lease.job_id, OWNER)
    assert (await world.swept())["imports without a job"].tally.count == 4
    (left,) = await world.imports.imports_after(None)
    assert left.job_id == leases[0].job_id


async def test_old_jobs_go_with_all_that_nothing_else_needs(world: World) -> None:
    _, needed = await world.published()
    failed = await world.attempt(await world.upload())
    await world.fail(failed)
    waiting = await world.upload()
    world.clock.advance(30 * DAY + 60)
    told = await world.swept(dry_run=True)
    assert told["old completed jobs"].tally.count == 1
    assert (await world.swept()).keys() == {"old completed jobs"}
    world.clock.advance(60 * DAY)
    assert (await world.swept()).keys() == {
        "old failed or cancelled jobs",
        "imports without a job",
        "originals without a row",
        "rows without a row",
    }
    assert await world.objects() == sorted([*needed, original_key(waiting)])
    assert await world.swept() == {}


async def test_lost_files_are_told_loudly_and_nothing_is_touched(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    _, (of_dataset, rows, rejects) = await world.published()
    waiting = original_key(await world.upload())
    for key in (of_dataset, rows, waiting):
        await world.store.delete(key)
    found = await world.swept(dry_run=True)
    assert found["lost originals"].lost == tuple(sorted([of_dataset, waiting]))
    assert found["lost rows"].lost == (rows,)
    assert len(await world.sweep.find_lost()) == 2
    await world.sweep.run_and_log()
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert any(waiting in said and of_dataset in said for said in errors)
    assert any(rows in said for said in errors)
    assert await world.objects() == [rejects]


async def test_a_row_that_arrives_during_the_sweep_saves_its_object(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names were read to their end when the object was listed, and then its job is published."""
    lease = await world.attempt(await world.upload(), checkpoint=False)
    await world.put("rows/00000000-0000-0000-0000-000000000000/1/0.parquet")
    world.a_day_later()
    real = world.store.list

    async def with_news(prefix: str) -> AsyncIterator[ObjectInfo]:
        async for found in real(prefix):
            if found.key == rows_keys(lease)[0]:
                await world.publish(lease)
            yield found

    monkeypatch.setattr(world.store, "list", with_news)
    assert (await world.swept())["rows without a row"].tally.count == 1
    monkeypatch.undo()
    assert await world.objects() == sorted([original_key(lease.job_id), *rows_keys(lease)])


async def test_a_store_that_lists_in_any_order_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = [key for _ in range(3) for key in (await world.published())[1]]
    failed = await world.attempt(await world.upload())
    await world.fail(failed)
    needed += [original_key(failed.job_id), *rows_keys(failed)]
    await world.put(f"originals/{uuid4()}")
    world.a_day_later()
    real = world.store.list

    async def backwards(prefix: str) -> AsyncIterator[ObjectInfo]:
        for found in sorted([each async for each in real(prefix)], key=lambda each: each.key, reverse=True):
            yield found

    monkeypatch.setattr(world.store, "list", backwards)
    assert (await world.swept()).keys() == {"checkpoints", "originals without a row"}
    monkeypatch.undo()
    assert await world.objects() == sorted(needed)


async def test_two_sweeps_at_once_do_no_harm(world: World) -> None:
    _, needed = await world.published()
    for _ in range(20):
        await world.put(f"originals/{uuid4()}")
    world.a_day_later()
    await asyncio.gather(world.sweep.run(), world.sweep.run())
    assert await world.objects() == needed
    assert await world.swept() == {}


async def test_a_store_that_is_away_is_told_and_the_rest_is_swept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.published()
    world.a_day_later()

    async def away(_prefix: str) -> AsyncIterator[ObjectInfo]:
        raise StoreUnavailable
        yield  # an async generator, as the real one is

    monkeypatch.setattr(world.store, "list", away)
    found = await world.swept()
    assert found["checkpoints"].tally.count == 1
    assert {kind for kind, each in found.items() if each.failure} == {
        "originals without a row",
        "rows without a row",
        "artifacts without a row",
        "pieces of ended uploads",
        "check-up objects",
    }


async def test_of_s3_the_sweep_says_what_it_cannot_see(world: World) -> None:
    note = (await world.sweep.run()).note
    assert note == (None if isinstance(world.store, HasLocalFiles) else LIFECYCLE_NOTE)


# --------------------------------------------------------------------- rows of the database


async def count(world: World, model: type) -> int:
    async with world.database.read() as session:
        return int((await session.execute(sa.select(sa.func.count()).select_from(model))).scalar_one())


async def test_checkpoints_go_a_day_after_a_job_completed(world: World) -> None:
    await world.published()
    await world.fail(await world.attempt(await world.upload()))
    assert await world.swept() == {}
    world.a_day_later()
    assert (await world.swept(dry_run=True))["checkpoints"].tally.count == 1
    assert await count(world, JobCheckpoint) == 2
    assert (await world.swept())["checkpoints"].tally.count == 1
    assert await count(world, JobCheckpoint) == 1


async def test_a_claim_on_room_goes_with_its_job(world: World) -> None:
    """A client that went silent: its job lives until the reaper ends it, and so long it may still go on."""
    seen = []

    async def cut() -> AsyncIterator[bytes]:
        yield b"a,b\n"
        world.clock.advance(3600)
        seen.append(found_by(await world.sweep.run()))
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await world.intake.upload_file(OWNER, "a.csv", cut())
    assert seen == [{}]
    async with world.database.write() as session:
        gone = {"job_id": uuid4(), "user_id": OWNER, "size_bytes": 10, "expires_at": world.clock.now()}
        await session.execute(sa.insert(UploadReservation).values(gone))
    world.clock.advance(1)
    assert (await world.swept(dry_run=True))["reservations"].tally.count == 1
    assert (await world.swept()).keys() == {"reservations"}
    assert await count(world, UploadReservation) == 0


async def test_keys_of_uploads_go_in_time(world: World) -> None:
    await world.upload(idempotency_key="answered")
    lease = await world.attempt(await world.upload(idempotency_key="done"))
    await world.publish(lease)
    async with world.database.write() as session:
        values = {"user_id": OWNER, "key": "killed", "job_id": uuid4(), "created_at": world.clock.now()}
        await session.execute(sa.insert(IdempotencyKey).values(values))
    assert await world.swept() == {}
    world.a_day_later()
    assert (await world.swept())["idempotency keys"].tally.count == 1
    world.clock.advance(6 * DAY)
    assert (await world.swept())["idempotency keys"].tally.count == 1
    assert await count(world, IdempotencyKey) == 1  # its job still waits


async def test_sessions_that_ran_out_go(world: World) -> None:
    now, user = world.clock.now(), uuid4()
    async with world.database.write() as session:
        values = {"id": user, "email": "a@b.c", "password_hash": "", "role": "user", "created_at": now}
        await session.execute(sa.insert(User).values(**values, password_changed_at=now))
        for seconds in (-1, 60):
            ends = {"created_at": now, "expires_at": now + timedelta(seconds=seconds)}
            await session.execute(
                sa.insert(UserSession).values(id=uuid4(), token_hash=uuid4().hex, user_id=user, **ends)
            )
    assert (await world.swept())["sessions"].tally.count == 1
    assert await count(world, UserSession) == 1


async def test_what_a_waiting_change_needs_stays_until_it_expires(world: World) -> None:
    dataset_id, needed = await world.published()
    job_id = await world.upload(into=dataset_id, apply=False)
    lease = await world.attempt(job_id)
    await world.propose(lease, dataset_id)
    world.a_day_later()
    assert (await world.swept()).keys() == {"checkpoints"}
    own = [original_key(job_id), *rows_keys(lease)]
    assert await world.objects() == sorted([*needed, *own])
    world.clock.advance(7 * DAY)
    swept = await world.swept()
    assert swept["expired changes"].tally.count == 1
    assert await world.objects() == needed
