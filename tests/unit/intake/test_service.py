"""Taking a file in: what is promised, what is refused, and that nothing half-done stays."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from headway.datasets.cache import RowsCache
from headway.datasets.columns import Column, ColumnType
from headway.datasets.service import DatasetService, PublishRequest
from headway.engine.dbos import DbosSubmitter
from headway.intake.identity import display_name
from headway.intake.models import Import
from headway.intake.quota import IntakeLimits
from headway.intake.schemas import ImportOptions
from headway.intake.service import FileIntakeService
from headway.intake.upload_errors import (
    IdempotencyKeyInUse,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    QuotaExceeded,
    TooManyUploads,
    UploadCancelled,
    UploadInterrupted,
    UploadTooLarge,
)
from headway.jobs.history import JobHistory
from headway.jobs.models import BackgroundJob, JobEvent
from headway.jobs.runner import Submission
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from headway.storage.errors import StoreFull, StoreUnavailable
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.executing import artifacts_of
from tests.support.signals import RecordingSignal

OWNER, OTHER = "ann", "bob"
DATA = b"a,b\n1,2\n" * 2000


class Intake:
    """The service with everything that it stands on, and short words for what tests ask."""

    def __init__(self, database: Database, store: ObjectStore, clock: FakeClock, folder: Path) -> None:
        self.database, self.store, self.clock = database, store, clock
        self.jobs = JobMonitoringService(database, clock, RecordingSignal())
        self.history = JobHistory(database)
        self.datasets = DatasetService(database, store, clock, RowsCache(folder / "cache", store, 10**9))
        self.submitter = DbosSubmitter(database.sync_url)
        self.service = self.limited(IntakeLimits(10**6, 10**7, 0))

    def limited(self, limits: IntakeLimits) -> FileIntakeService:
        return FileIntakeService(
            self.database, self.store, self.clock, self.jobs, self.datasets, self.submitter, limits
        )

    async def objects(self) -> list[str]:
        return [info.key async for info in self.store.list("")]

    async def only_job(self, owner: str = OWNER):  # type: ignore[no-untyped-def]  # noqa: ANN201
        jobs = (await self.history.list_jobs(owner, limit=10, cursor=None)).items
        assert len(jobs) == 1
        return jobs[0]


@pytest.fixture
async def intake(database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Intake]:
    built = Intake(database, store, clock, tmp_path)
    yield built
    await built.submitter.close()


async def bytes_of(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def test_the_upload_of_a_silent_client_stays_alive_as_long_as_the_server_does(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headway.intake.leases.UPLOAD_BEAT_SECONDS", 0.01)

    async def lease_ends_at() -> datetime:
        async with intake.database.read() as session:
            return (await session.execute(sa.select(BackgroundJob.lease_expires_at))).scalar_one()  # type: ignore[return-value]

    async def halting() -> AsyncIterator[bytes]:
        yield DATA[:8000]
        before = await lease_ends_at()
        async with asyncio.timeout(30):
            while await lease_ends_at() <= before:
                intake.clock.advance(1)
                await asyncio.sleep(0.01)
        yield DATA[8000:]

    job = await intake.service.upload_file(OWNER, "a.csv", halting())
    assert job.phase == "queued"


async def test_an_accepted_file_is_stored_whole_and_enqueued(intake: Intake) -> None:
    job = await intake.service.upload_file(OWNER, "a.csv", bytes_of(DATA), declared_bytes=len(DATA))
    assert (job.progress, job.phase, job.title) == (40, "queued", "a.csv")
    assert job.metadata == {"file_name": "a.csv", "bytes": len(DATA), "sha256": hashlib.sha256(DATA).hexdigest()}
    assert await intake.submitter.undelivered([Submission(job.id, OWNER)]) == []
    keys = await intake.objects()
    assert keys == [f"originals/{job.id}"]
    stored = b"".join([chunk async for chunk in intake.store.read(keys[0])])
    assert hashlib.sha256(stored).digest() == hashlib.sha256(DATA).digest()


async def test_the_job_is_visible_while_bytes_arrive_and_passes_10_and_20(intake: Intake) -> None:
    seen = []

    async def watched() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x,y\n" * 2000
            job = await intake.only_job()
            seen.append((job.phase, job.progress))

    await intake.service.upload_file(OWNER, "a.csv", watched())
    assert [phase for phase, _ in seen] == ["uploading"] * 3
    assert seen[0][1] == 10
    events = (await intake.history.list_events((await intake.only_job()).id, OWNER)).items
    assert [event.kind for event in events] == ["created", "accepted"]


async def test_a_file_over_the_limit_leaves_nothing(intake: Intake) -> None:
    service = intake.limited(IntakeLimits(5000, 10**7, 0))
    with pytest.raises(UploadTooLarge):
        await service.upload_file(OWNER, "a.csv", bytes_of(DATA))
    job = await intake.only_job()
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", "upload.too_large")
    assert await intake.objects() == []


async def test_a_declared_length_over_the_limit_is_refused_before_a_job_begins(intake: Intake) -> None:
    with pytest.raises(UploadTooLarge):
        await intake.service.upload_file(OWNER, "a.csv", bytes_of(DATA), declared_bytes=10**7)
    assert (await intake.history.list_jobs(OWNER, limit=10, cursor=None)).items == []


@pytest.mark.parametrize("error", [UploadInterrupted(), ConnectionResetError()])
async def test_a_client_that_goes_away_ends_the_job_as_interrupted(intake: Intake, error: Exception) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield DATA
        raise error

    with pytest.raises(type(error)):
        await intake.service.upload_file(OWNER, "a.csv", cut())
    job = await intake.only_job()
    assert job.problem is not None
    assert job.problem.code == "upload.interrupted"
    assert await intake.objects() == []


async def test_cancelling_an_upload_stops_it(intake: Intake) -> None:
    async def cancelled() -> AsyncIterator[bytes]:
        yield DATA
        await intake.jobs.request_cancel((await intake.only_job()).id, OWNER)

    with pytest.raises(UploadCancelled):
        await intake.service.upload_file(OWNER, "a.csv", cancelled())
    assert (await intake.only_job()).status == "cancelled"
    assert await intake.objects() == []


async def test_quota_counts_what_is_stored_and_what_is_arriving(intake: Intake) -> None:
    service = intake.limited(IntakeLimits(10**6, 30_000, 0))
    await service.upload_file(OWNER, "a.csv", bytes_of(DATA), declared_bytes=len(DATA))

    async def meanwhile() -> AsyncIterator[bytes]:
        with pytest.raises(QuotaExceeded):
            await service.upload_file(OWNER, "c.csv", bytes_of(b"1\n"), declared_bytes=5_000)
        yield b"x\n"

    await service.upload_file(OWNER, "b.csv", meanwhile(), declared_bytes=12_000)
    await service.upload_file(OTHER, "b.csv", bytes_of(b"x\n"), declared_bytes=20_000)
    assert (await service.quota.limits_of(OWNER)).used_bytes == len(DATA) + 2


async def test_quota_counts_files_of_jobs(intake: Intake) -> None:
    service = intake.limited(IntakeLimits(10**6, 30_000, 0))
    artifacts = artifacts_of(intake.jobs, intake.store, room=service.quota)
    job = await intake.jobs.create_job(OWNER, "external")
    await artifacts.receive(OWNER, job.id, "a.txt", None, bytes_of(b"x" * 20_000))
    assert (await service.quota.limits_of(OWNER)).used_bytes == 20_000
    with pytest.raises(QuotaExceeded):
        await artifacts.receive(OWNER, job.id, "b.txt", None, bytes_of(b"x" * 10_001))
    with pytest.raises(QuotaExceeded):
        await service.upload_file(OWNER, "c.csv", bytes_of(b"1\n"), declared_bytes=10_001)
    await artifacts.receive(OWNER, job.id, "a.txt", None, bytes_of(b"x" * 30_000))
    assert (await service.quota.limits_of(OTHER)).used_bytes == 0


async def test_one_owner_cannot_take_every_place_for_uploads(intake: Intake) -> None:
    service = intake.limited(IntakeLimits(10**6, 10**7, 0, max_uploads_at_once=1))

    async def meanwhile() -> AsyncIterator[bytes]:
        with pytest.raises(TooManyUploads):
            await service.upload_file(OWNER, "b.csv", bytes_of(b"1\n"))
        assert (await service.upload_file(OTHER, "b.csv", bytes_of(b"1\n"))).phase == "queued"
        yield b"x\n"

    await service.upload_file(OWNER, "a.csv", meanwhile())
    assert (await service.upload_file(OWNER, "b.csv", bytes_of(b"1\n"))).phase == "queued"
    assert len((await intake.history.list_jobs(OWNER, limit=10, cursor=None)).items) == 2


async def publish(intake: Intake, job_id: UUID, sha256: str, import_id: UUID | None = None) -> UUID:
    async with intake.database.write() as session:
        return await intake.datasets.publish(
            session,
            PublishRequest(
                owner=OWNER, import_id=import_id or uuid4(), part=0, job_id=job_id, name="a", rows=1, rejected_rows=0, bytes=1,
                rows_key="rows/x", original_key="originals/x",
                source={"file_name": "a.csv", "format": "delimited", "sha256": sha256, "bytes": len(DATA)},
                columns=[Column(name="a", type=ColumnType.TEXT, position=0)], decisions=[],
            ),
        )  # fmt: skip


async def test_room_is_free_again_once_no_dataset_needs_the_file(intake: Intake) -> None:
    job = await intake.service.upload_file(OWNER, "a.csv", bytes_of(DATA))
    lease = await intake.jobs.claim(job.id, "worker", seconds=10, restart_progress=40)
    assert lease is not None
    async with intake.database.write() as session:
        import_id = (await session.execute(sa.select(Import.id).where(Import.job_id == job.id))).scalar_one()
        await intake.jobs.finish_in(session, lease, outcome="succeeded")
    assert (await intake.service.quota.limits_of(OWNER)).used_bytes == 0
    dataset_id = await publish(intake, job.id, hashlib.sha256(DATA).hexdigest(), import_id)
    assert (await intake.service.quota.limits_of(OWNER)).used_bytes == len(DATA)
    await intake.datasets.delete(OWNER, dataset_id)
    assert (await intake.service.quota.limits_of(OWNER)).used_bytes == 0


async def test_a_known_file_leads_to_its_dataset_at_once(intake: Intake) -> None:
    first = await intake.service.upload_file(OWNER, "a.csv", bytes_of(DATA))
    dataset_id = await publish(intake, first.id, hashlib.sha256(DATA).hexdigest())
    again = await intake.service.upload_file(OWNER, "other name.csv", bytes_of(DATA))
    assert (again.status, again.outcome, again.related_dataset_id) == ("completed", "duplicate", dataset_id)
    assert await intake.objects() == [f"originals/{first.id}"]
    anew = await intake.service.upload_file(
        OWNER, "a.csv", bytes_of(DATA), options=lambda: ImportOptions(duplicate="import")
    )
    assert anew.phase == "queued"
    strangers = await intake.service.upload_file(OTHER, "a.csv", bytes_of(DATA))
    assert strangers.phase == "queued"


async def test_a_request_repeated_with_its_key_gets_the_first_ones_job(intake: Intake) -> None:
    async def send(data: bytes = DATA, key: str = "k1", owner: str = OWNER):  # type: ignore[no-untyped-def]  # noqa: ANN202
        return await intake.service.upload_file(owner, "a.csv", bytes_of(data), idempotency_key=key)

    first = await send()
    assert (await send()).id == first.id
    assert await intake.objects() == [f"originals/{first.id}"]
    with pytest.raises(IdempotencyKeyReused):
        await send(DATA + b"x")
    assert (await send(key="k2")).id != first.id
    assert (await send(owner=OTHER)).id != first.id


async def test_a_key_is_in_flight_until_its_upload_ends_and_free_if_that_fails(intake: Intake) -> None:
    async def meanwhile() -> AsyncIterator[bytes]:
        with pytest.raises(IdempotencyKeyInUse):
            await intake.service.upload_file(OWNER, "a.csv", bytes_of(DATA), idempotency_key="k")
        yield DATA
        raise UploadInterrupted

    with pytest.raises(UploadInterrupted):
        await intake.service.upload_file(OWNER, "a.csv", meanwhile(), idempotency_key="k")
    job = await intake.service.upload_file(OWNER, "a.csv", bytes_of(DATA), idempotency_key="k")
    assert job.phase == "queued"


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb"])
async def test_an_unusable_key_is_refused(intake: Intake, key: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        await intake.service.upload_file(OWNER, "a.csv", bytes_of(DATA), idempotency_key=key)


class BrokenStore:
    """A store that fails at one point and is otherwise the real one."""

    def __init__(self, store: ObjectStore, at: str) -> None:
        self._store, self._at = store, at

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def open_writer(self, key: str) -> object:
        if self._at == "open":
            raise StoreUnavailable
        writer = await self._store.open_writer(key)
        if self._at == "commit":
            writer.commit = self._fail  # type: ignore[method-assign]
        return writer

    async def _fail(self) -> int:
        raise StoreUnavailable

    async def free_bytes(self) -> int | None:
        return 0 if self._at == "room" else None


@pytest.mark.parametrize(("at", "code"), [("open", "store.unavailable"), ("commit", "store.unavailable")])
async def test_a_store_that_fails_fails_the_job_and_promises_nothing(intake: Intake, at: str, code: str) -> None:
    intake.store = BrokenStore(intake.store, at)  # type: ignore[assignment]
    service = intake.limited(IntakeLimits(10**6, 10**7, 0))
    with pytest.raises(StoreUnavailable):
        await service.upload_file(OWNER, "a.csv", bytes_of(DATA))
    job = await intake.only_job()
    assert job.problem is not None
    assert job.problem.code == code
    assert await intake.submitter.undelivered([Submission(job.id, OWNER)]) == [job.id]


async def test_a_full_disk_refuses_before_a_job_begins(intake: Intake) -> None:
    intake.store = BrokenStore(intake.store, "room")  # type: ignore[assignment]
    with pytest.raises(StoreFull):
        await intake.limited(IntakeLimits(10**6, 10**7, 1)).upload_file(OWNER, "a.csv", bytes_of(DATA))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a.csv", "a.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\b.csv", "b.csv"),
        ("a\x00\r\n.csv", "a.csv"),
        ("\u202ecsv.exe", "csv.exe"),
        ("", "unnamed"),
        ("\u00fc" * 300, "\u00fc" * 127),
    ],
)
def test_names_are_for_showing_only(given: str, shown: str) -> None:
    assert display_name(given) == shown


class Naughty:
    """A database whose chosen write says that it failed: before it happened, or after."""

    def __init__(self, real: Database, failing: str, *, happens: bool) -> None:
        self._real = real
        self._failing = failing
        self._happens = happens

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        async with self._real.write() as session:
            kinds: list[str] = []

            @sa.event.listens_for(session.sync_session, "before_flush")
            def note(flushed: Session, *_: object) -> None:
                kinds.extend(thing.kind for thing in flushed.new if isinstance(thing, JobEvent))

            yield session
            doomed = self._failing in kinds
            if doomed and not self._happens:
                raise OperationalError("commit", {}, Exception("the connection was lost"))
        if doomed:
            raise OperationalError("commit", {}, Exception("the connection was lost"))


@pytest.mark.parametrize("happens", [False, True])
async def test_an_acceptance_whose_commit_failed_is_kept_if_it_happened_and_undone_if_not(
    intake: Intake, happens: bool
) -> None:
    calm = intake.service
    intake.database = Naughty(intake.database, "accepted", happens=happens)  # type: ignore[assignment]
    naughty = intake.limited(IntakeLimits(10**6, 10**7, 0))
    with pytest.raises(OperationalError):
        await naughty.upload_file(OWNER, "a.csv", bytes_of(DATA), idempotency_key="k")
    first = await intake.only_job()
    assert (first.phase, await intake.objects() != []) == (("queued", True) if happens else ("failed", False))
    again = await calm.upload_file(OWNER, "a.csv", bytes_of(DATA), idempotency_key="k")
    assert (again.id == first.id) is happens
    assert await intake.objects() == [f"originals/{again.id}"]
    assert await intake.submitter.undelivered([Submission(again.id, OWNER)]) == []
