"""Uploads that nobody goes on with, that two processes want, or whose process dies: what becomes of them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from headway.datasets.errors import DatasetNotFound
from headway.intake.quota import IntakeLimits
from headway.intake.service import FileIntakeService
from headway.intake.tus import Announced
from headway.intake.tus_errors import (
    NotAllowedAnyMore,
    TooManyOpenUploads,
    UploadExpired,
    UploadGone,
    UploadLost,
    UploadTakenOver,
)
from headway.intake.upload_errors import QuotaExceeded, UploadCancelled, UploadInterrupted
from headway.intake.uploads.finishing import Finishing
from headway.intake.uploads.service import UploadService
from headway.jobs.counters import count_all
from headway.jobs.filters import JobFilter
from headway.jobs.history import JobHistory
from headway.jobs.reaper import Reaper
from headway.kit.db import Database
from headway.rules.errors import RuleSetNotFound
from headway.storage.errors import StoreFull, StoreUnavailable
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.imports_world import OWNER, World

DATA = b"a,b\n1,2\n" * 500
HALF = len(DATA) // 2
PROBLEM = UploadInterrupted().problem()


class Uploads(World):
    """A world in which files are uploaded in turns. `allowed` says who may still import at the end."""

    def __init__(self, database: Database, store: ObjectStore, clock: FakeClock, folder: Path) -> None:
        super().__init__(database, store, clock, folder)
        self.allowed = True
        self.uploads = self.another_process()
        self.reaper = Reaper(database, clock, self.jobs, self.deliveries)

    def another_process(self) -> UploadService:
        """Return the service of a process that knows only what is stored, with leases of its own."""

        async def may_import(_owner: str) -> bool:
            return self.allowed

        known = self.intake
        intake = FileIntakeService(
            self.database, self.store, self.clock, self.jobs, self.datasets, self.submitter, known.quota.limits
        )
        return UploadService(self.database, self.store, self.clock, self.jobs, intake, may_import)

    async def begun(self, *, upto: int = HALF, length: int | None = len(DATA), **announced: str) -> UUID:
        job_id = (await self.uploads.create(OWNER, Announced(length, file_name="a.csv", **announced))).job_id
        await self.uploads.append(OWNER, job_id, 0, bytes_of(DATA[:upto]))
        return job_id

    async def silence(self, seconds: int) -> None:
        """Let time pass in which nobody is heard of, looked at by the reaper all the while."""
        for _ in range(seconds):
            await self.reaper.sweep(PROBLEM)
            self.clock.advance(1)

    async def settled(self) -> None:
        """Let the tidying look, and wait for what it began."""
        await self.uploads.tidying.look()
        await asyncio.gather(*self.uploads._finishing._under_way.values(), return_exceptions=True)
        await asyncio.gather(*self.uploads._finishing._clearing)

    async def job(self, job_id: UUID):  # noqa: ANN201 - a row, private to its slice
        return await self.jobs.get_job_by_id(job_id, OWNER)


@pytest.fixture
def world(database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path) -> Uploads:
    return Uploads(database, store, clock, tmp_path)


async def bytes_of(data: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 700):
        yield data[start : start + 700]
    if error is not None:
        raise error


async def test_an_upload_whose_server_died_is_paused_and_goes_on_in_another_process(world: Uploads) -> None:
    job_id = await world.begun()
    assert (await world.job(job_id)).resumable_until is None
    await world.silence(13)
    paused = await world.job(job_id)
    assert (paused.phase, paused.resumable_until is not None) == ("uploading", True)
    assert paused.message is not None
    assert paused.message.startswith("Paused at 50 %, resumable until 20")
    await world.silence(100)
    assert (await world.job(job_id)).version == paused.version
    other = world.another_process()
    assert (await other.look(OWNER, job_id)).offset == HALF
    await other.append(OWNER, job_id, HALF, bytes_of(DATA[HALF:]))
    job = await world.job(job_id)
    assert (job.phase, job.resumable_until) == ("queued", None)
    assert job.metadata["sha256"] == hashlib.sha256(DATA).hexdigest()


async def test_a_paused_upload_is_paused_and_not_running_whoever_counts(world: Uploads) -> None:
    history = JobHistory(world.database)

    async def told() -> tuple[tuple[int, int], tuple[int, int], list[str]]:
        active, counts = (await world.jobs.get_active_jobs(OWNER)).counts, await history.count_jobs(OWNER)
        shown = [
            word
            for word in ("running", "pending", "paused", "!paused")
            if (await history.list_jobs(OWNER, limit=5, cursor=None, where=JobFilter((word,)))).items
        ]
        assert counts.status["pending"] == counts.status["running"]
        assert (await count_totals(world))["paused"] == counts.status["paused"]
        return (active.running, active.paused), (counts.status["running"], counts.status["paused"]), shown

    job_id = await world.begun()
    assert await told() == ((1, 0), (1, 0), ["running", "pending", "!paused"])
    await world.silence(13)
    assert await told() == ((0, 1), (0, 1), ["paused"])
    await world.uploads.append(OWNER, job_id, HALF, bytes_of(DATA[HALF : HALF + 10]))
    assert await told() == ((1, 0), (1, 0), ["running", "pending", "!paused"])


async def count_totals(world: Uploads) -> dict[str, int]:
    async with world.database.read() as session:
        return await count_all(session)


async def test_a_client_that_goes_away_pauses_its_upload_at_once_and_keeps_what_came(world: Uploads) -> None:
    job_id = await world.begun(upto=0)
    with pytest.raises(UploadInterrupted):
        await world.uploads.append(OWNER, job_id, 0, bytes_of(DATA[:HALF], UploadInterrupted()))
    assert (await world.job(job_id)).resumable_until is not None
    assert (await world.uploads.look(OWNER, job_id)).offset == HALF


async def test_an_upload_expires_and_gives_everything_back(world: Uploads) -> None:
    job_id = await world.begun()
    world.clock.advance(world.intake.quota.limits.upload_idle_seconds - 60)
    await world.uploads.append(OWNER, job_id, HALF, bytes_of(DATA[HALF : HALF + 10]))
    world.clock.advance(world.intake.quota.limits.upload_idle_seconds - 60)
    assert (await world.uploads.look(OWNER, job_id)).offset == HALF + 10
    await world.settled()
    assert (await world.job(job_id)).status == "running"
    world.clock.advance(61)
    await world.settled()
    job = await world.job(job_id)
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", "upload.expired")
    for asked in (world.uploads.look(OWNER, job_id), world.uploads.append(OWNER, job_id, 0, bytes_of(b"x"))):
        with pytest.raises(UploadExpired):
            await asked
    limits = await world.intake.quota.limits_of(OWNER)
    assert (limits.used_bytes, limits.uploads.open) == (0, 0)
    assert await world.objects() == []


async def test_an_upload_may_not_last_for_ever_however_busy_it_is(world: Uploads) -> None:
    job_id = await world.begun(upto=1)
    limits, at = world.intake.quota.limits, 1
    for _ in range(limits.upload_age_seconds // (limits.upload_idle_seconds - 60) + 1):
        world.clock.advance(limits.upload_idle_seconds - 60)
        try:
            await world.uploads.append(OWNER, job_id, at, bytes_of(DATA[at : at + 1]))
        except UploadExpired:
            break
        at += 1
    else:
        pytest.fail("it never expired")
    assert (await world.job(job_id)).status == "failed"


async def test_cancelling_a_paused_job_ends_its_upload(world: Uploads) -> None:
    job_id = await world.begun()
    await world.silence(13)
    assert (await world.jobs.request_cancel(job_id, OWNER)).status == "cancelled"
    with pytest.raises(UploadGone):
        await world.uploads.look(OWNER, job_id)
    await world.settled()
    assert await world.objects() == []
    assert (await world.intake.quota.limits_of(OWNER)).used_bytes == 0


async def test_cancelling_a_job_stops_the_request_that_sends(world: Uploads) -> None:
    job_id = await world.begun(upto=0)

    async def cancelled() -> AsyncIterator[bytes]:
        yield DATA[:HALF]
        await world.jobs.request_cancel(job_id, OWNER)

    with pytest.raises(UploadCancelled):
        await world.uploads.append(OWNER, job_id, 0, cancelled())
    assert (await world.job(job_id)).status == "cancelled"
    assert await world.objects() == []


async def test_another_process_takes_an_upload_over_and_the_first_one_keeps_nothing(world: Uploads) -> None:
    job_id, other = await world.begun(upto=0), world.another_process()
    taking: list[asyncio.Task[object]] = []

    async def taken_over() -> AsyncIterator[bytes]:
        yield b"x" * HALF
        taking.append(asyncio.create_task(other.append(OWNER, job_id, 0, bytes_of(DATA))))
        async with asyncio.timeout(20):
            while await world.uploads._find_holder(job_id) == world.uploads._leases.holder:
                await asyncio.sleep(0.01)

    with pytest.raises(UploadTakenOver):
        await world.uploads.append(OWNER, job_id, 0, taken_over())
    await taking[0]
    assert (await world.job(job_id)).metadata["sha256"] == hashlib.sha256(DATA).hexdigest()


async def test_what_arrived_whole_is_finished_by_another_process_after_a_crash(
    world: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await world.begun()
    with monkeypatch.context() as crash:
        crash.setattr(Finishing, "begin", lambda *_: None)
        await world.uploads.append(OWNER, job_id, HALF, bytes_of(DATA[HALF:]))
    assert (await world.job(job_id)).phase == "uploading"
    await world.settled()
    assert (await world.job(job_id)).phase == "uploading", "its process may be alive"
    await world.silence(13)
    world.clock.advance(world.intake.quota.limits.upload_age_seconds)
    world.uploads = world.another_process()
    await world.settled()
    job = await world.job(job_id)
    assert (job.phase, job.metadata["sha256"]) == ("queued", hashlib.sha256(DATA).hexdigest())
    assert await world.objects() == [f"originals/{job_id}"]


async def test_a_store_that_is_away_at_the_end_fails_nothing(world: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = await world.begun()

    async def away(*_arguments: object) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(world.store, "stat", away)
        with pytest.raises(StoreUnavailable):
            await world.uploads.append(OWNER, job_id, HALF, bytes_of(DATA[HALF:]))
    assert (await world.job(job_id)).phase == "uploading"
    await world.silence(13)
    await world.settled()
    assert (await world.job(job_id)).phase == "queued"


async def test_rights_are_asked_for_again_at_the_end(world: Uploads) -> None:
    job_id = await world.begun()
    world.allowed = False
    with pytest.raises(NotAllowedAnyMore):
        await world.uploads.append(OWNER, job_id, HALF, bytes_of(DATA[HALF:]))
    assert (await world.job(job_id)).status == "failed"
    assert await world.objects() == []


async def test_bytes_that_the_store_lost_are_not_papered_over(world: Uploads) -> None:
    job_id = await world.begun()
    for key in await world.objects():
        await world.store.delete(key)
    with pytest.raises(UploadLost):
        await world.uploads.append(OWNER, job_id, HALF, bytes_of(DATA[HALF:]))
    assert (await world.job(job_id)).problem.code == "upload.lost"


async def test_open_uploads_have_limits_of_number_room_and_quota(
    world: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = world.intake.quota.limits

    async def free() -> int:
        return 2000

    with monkeypatch.context() as full:
        full.setattr(world.store, "free_bytes", free)
        await world.uploads.create(OWNER, Announced(1500))
        with pytest.raises(StoreFull) as refused:
            await world.uploads.create(OWNER, Announced(501))
        assert (refused.value.data["promised_bytes"], refused.value.data["left_bytes"]) == (1500, 500)
    for _ in range(most.max_open_uploads - 1):
        await world.uploads.create(OWNER, Announced(1))
    with pytest.raises(TooManyOpenUploads) as too_many:
        await world.uploads.create(OWNER, Announced(1))
    assert too_many.value.data == {"open": most.max_open_uploads, "max_open": most.max_open_uploads}


@pytest.mark.parametrize(
    ("options", "refusal"), [({"rule_set": "nowhere"}, RuleSetNotFound), ({"into": str(uuid4())}, DatasetNotFound)]
)
async def test_what_the_options_name_has_to_be_there_before_the_first_byte(
    world: Uploads, options: dict[str, str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await world.uploads.create(OWNER, Announced(10**6, options=json.dumps(options)))
    assert (await JobHistory(world.database).list_jobs(OWNER, limit=10, cursor=None)).items == []


async def test_uploads_begun_at_the_same_moment_never_exceed_a_quota_together(
    world: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = world.intake.quota.limits.max_upload_bytes
    fits = world.intake.quota.limits.max_user_bytes // size
    assert fits > 5
    monkeypatch.setattr(world.uploads._intake.quota, "limits", IntakeLimits(size, 5 * size, 0))
    answers = await asyncio.gather(
        *(world.uploads.create(OWNER, Announced(size)) for _ in range(12)), return_exceptions=True
    )
    assert sum(not isinstance(answer, Exception) for answer in answers) == 5
    assert all(isinstance(answer, QuotaExceeded) for answer in answers if isinstance(answer, Exception))


async def test_the_sweep_removes_what_ended_uploads_left_and_nothing_of_others(world: Uploads) -> None:
    job_id = await world.begun()
    alive = await world.objects()
    await world.put(f"uploads/{UUID(int=7)}/bytes")
    world.a_day_later()
    found = await world.swept()
    assert found["pieces of ended uploads"].tally.count == 1
    assert await world.objects() == alive
    with pytest.raises(UploadExpired):
        await world.uploads.look(OWNER, job_id)
    await world.jobs.delete(job_id, OWNER)
    assert (await world.swept())["uploads without a job"].tally.count == 1
