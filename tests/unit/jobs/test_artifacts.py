"""The files of jobs: who may write them, what is kept of them, and when they are gone."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from headway.errors import InsufficientStorage, ScopeMissing
from headway.jobs.artifacts import service as module
from headway.jobs.artifacts import upkeep
from headway.jobs.artifacts.errors import (
    ArtifactExpired,
    ArtifactNameInvalid,
    ArtifactNotFound,
    ArtifactTooLarge,
    MediaTypeInvalid,
    TooManyArtifacts,
)
from headway.jobs.artifacts.naming import checked_media_type, checked_name
from headway.jobs.artifacts.schemas import ArtifactResponse
from headway.jobs.artifacts.service import ArtifactRules, ArtifactService
from headway.jobs.artifacts.upkeep import ArtifactUpkeep, used_bytes
from headway.jobs.errors import JobEnded, JobNotFound, NotYoursToReport, StaleLease
from headway.jobs.execution import Task, TaskContext
from headway.jobs.history import JobHistory
from headway.jobs.schemas import ReportProgress
from headway.jobs.service import JobMonitoringService, Lease
from headway.kit.actor import Actor, Scope
from headway.kit.db import Database
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.executing import RULES, AllTheRoom, artifacts_of, executing

ANN, BOB = "ann", "bob"
DAY = 24 * 3600


@pytest.fixture
def artifacts(service: JobMonitoringService, store: ObjectStore) -> ArtifactService:
    return artifacts_of(service, store)


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def objects(store: ObjectStore) -> list[str]:
    return sorted([found.key async for found in store.list("artifacts")])


async def content(
    artifacts: ArtifactService, job_id: UUID, name: str, start: int = 0, length: int | None = None
) -> bytes:
    found = await artifacts.get_stored(Actor(ANN), job_id, name)
    return b"".join([chunk async for chunk in await artifacts.read(found, start, length)])


async def program(service: JobMonitoringService) -> UUID:
    """A job that a program runs, and has reported on."""
    job = await service.create_job(ANN, "external")
    await service.report(job.id, ANN, ReportProgress(progress=1))
    return job.id


async def claimed(service: JobMonitoringService, database: Database) -> Lease:
    async with database.write() as session:
        job = await service.create_in(session, ANN, "export", kind="test", engine="test")
    lease = await service.claim(job.id, "worker-1", seconds=10)
    assert lease is not None
    return lease


async def put(artifacts: ArtifactService, job_id: UUID, name: str, *parts: bytes, **more: int) -> ArtifactResponse:
    return await artifacts.receive(ANN, job_id, name, "text/csv", chunks(*parts), **more)


# --------------------------------------------------------------------------- programs


async def test_a_program_attaches_a_file_and_its_owner_reads_it(
    service: JobMonitoringService, artifacts: ArtifactService, history: JobHistory, clock: FakeClock
) -> None:
    job_id = await program(service)
    stored = await put(artifacts, job_id, "Übersicht 1.csv", b"a,b\n", b"1,2\n", rows=1)
    assert stored.sha256 == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert (stored.bytes, stored.rows, stored.media_type, stored.attempt) == (8, 1, "text/csv", 1)
    assert (stored.expires_at - stored.created_at).days == 14 if stored.expires_at else False
    assert (await artifacts.list_artifacts(ANN, job_id)).items == [stored]
    assert await content(artifacts, job_id, "Übersicht 1.csv") == b"a,b\n1,2\n"
    assert await content(artifacts, job_id, "Übersicht 1.csv", 2, 3) == b"b\n1"
    event = (await history.list_events(job_id, ANN)).items[-1]
    assert (event.kind, event.data) == ("artifact", {"name": "Übersicht 1.csv", "bytes": 8})


async def test_a_name_is_written_over_by_a_new_object(
    service: JobMonitoringService, artifacts: ArtifactService, store: ObjectStore
) -> None:
    job_id = await program(service)
    await put(artifacts, job_id, "a.txt", b"first")
    before = await objects(store)
    await put(artifacts, job_id, "a.txt", b"second")
    after = await objects(store)
    assert len(before) == len(after) == 1
    assert before != after
    assert await content(artifacts, job_id, "a.txt") == b"second"


async def test_of_two_files_of_one_name_at_once_one_object_is_left(
    service: JobMonitoringService, database: Database, clock: FakeClock, store: ObjectStore
) -> None:
    """The second one finds out what it replaces when it does: the first one was not there when it looked."""
    arrived = asyncio.Barrier(2)

    class Crowded(AllTheRoom):
        async def refuse_without_room(self, size_bytes: int) -> None:
            await arrived.wait()

    room = Crowded()
    artifacts = ArtifactService(database, store, clock, service, room, RULES)
    job_id = await program(service)
    await asyncio.gather(*(put(artifacts, job_id, "a.txt", text) for text in (b"one", b"other")))
    assert len(await objects(store)) == 1


async def test_only_the_present_attempt_of_a_live_job_of_ones_own(
    service: JobMonitoringService, artifacts: ArtifactService, store: ObjectStore, database: Database
) -> None:
    job_id = await program(service)
    with pytest.raises(StaleLease):
        await put(artifacts, job_id, "a.txt", b"x", attempt=7)
    with pytest.raises(JobNotFound):
        await artifacts.receive(BOB, job_id, "a.txt", None, chunks(b"x"))
    with pytest.raises(NotYoursToReport):
        await put(artifacts, (await claimed(service, database)).job_id, "a.txt", b"x")
    await service.complete_job(job_id)
    with pytest.raises(JobEnded):
        await put(artifacts, job_id, "a.txt", b"x")
    assert await objects(store) == []


async def test_a_job_that_ends_while_a_file_arrives_has_none(
    service: JobMonitoringService, artifacts: ArtifactService, store: ObjectStore
) -> None:
    job_id = await program(service)

    async def arriving() -> AsyncIterator[bytes]:
        yield b"half"
        await service.complete_job(job_id, "gave up")
        yield b"of it"

    with pytest.raises(JobEnded):
        await artifacts.receive(ANN, job_id, "a.txt", None, arriving())
    assert (await artifacts.list_artifacts(ANN, job_id)).items == []
    assert await objects(store) == []


async def test_bytes_that_arrive_are_a_sign_of_life(
    service: JobMonitoringService, artifacts: ArtifactService, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.0)
    job_id = await program(service)
    seen = []

    async def arriving() -> AsyncIterator[bytes]:
        for _ in range(3):
            clock.advance(50)
            yield b"x"
            seen.append((await service.get_job_by_id(job_id, ANN)).version)

    await artifacts.receive(ANN, job_id, "a.txt", None, arriving())
    assert len(set(seen)) == 3


async def test_limits_leave_nothing_behind(
    service: JobMonitoringService, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OF_A_JOB", 1)
    artifacts, job_id = artifacts_of(service, store, ArtifactRules(10, 14)), await program(service)
    with pytest.raises(ArtifactTooLarge):
        await put(artifacts, job_id, "a.txt", b"123456", b"78901")
    assert await objects(store) == []
    await put(artifacts, job_id, "a.txt", b"1234567890")
    with pytest.raises(TooManyArtifacts):
        await put(artifacts, job_id, "b.txt", b"1")
    await put(artifacts, job_id, "a.txt", b"again")
    assert [each.name for each in (await artifacts.list_artifacts(ANN, job_id)).items] == ["a.txt"]
    assert len(await objects(store)) == 1


async def test_the_owners_room_is_asked_for_what_is_added(service: JobMonitoringService, store: ObjectStore) -> None:
    asked: list[tuple[str, int]] = []

    class Little:
        async def refuse_without_room(self, size_bytes: int) -> None: ...

        async def refuse_over_quota_in(self, session: AsyncSession, owner: str, size_bytes: int) -> None:
            asked.append((owner, size_bytes))
            if size_bytes > 5:
                raise InsufficientStorage

    artifacts, job_id = artifacts_of(service, store, room=Little()), await program(service)
    await put(artifacts, job_id, "a.txt", b"12345")
    await put(artifacts, job_id, "a.txt", b"1234567")
    with pytest.raises(InsufficientStorage):
        await put(artifacts, job_id, "b.txt", b"123456")
    assert asked == [(ANN, 5), (ANN, 2), (ANN, 6)]
    assert len(await objects(store)) == 1


# ------------------------------------------------------------------------------ tasks


async def test_a_task_leaves_a_file(
    service: JobMonitoringService, artifacts: ArtifactService, store: ObjectStore, database: Database
) -> None:
    async def run(context: TaskContext) -> None:
        async with context.artifact("rows.csv", "text/csv") as file:
            for number in range(3):
                await file.write(f"{number}\n".encode())
            file.rows = 3
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")

    async with database.write() as session:
        job_id = (await service.create_in(session, ANN, "export", kind="test", engine="test")).id
    await executing(service, {"test": Task(run)}, store=store).execute(job_id)
    (stored,) = (await artifacts.list_artifacts(ANN, job_id)).items
    assert (stored.name, stored.rows, stored.bytes) == ("rows.csv", 3, 6)
    assert await content(artifacts, job_id, "rows.csv") == b"0\n1\n2\n"


async def test_a_zombie_leaves_no_file(
    service: JobMonitoringService, artifacts: ArtifactService, store: ObjectStore, database: Database, clock: FakeClock
) -> None:
    lease = await claimed(service, database)
    async with artifacts.writing(lease, "a.txt") as file:
        await file.write(b"first")
    clock.advance(60)
    # SQLite counts leases by this clock; PostgreSQL by its own, so there the first one hands it back.
    if not database.is_sqlite:
        await service.hand_back(lease, "later")
    successor = await service.claim(lease.job_id, "worker-2", seconds=10)
    assert successor is not None
    with pytest.raises(StaleLease):
        async with artifacts.writing(lease, "a.txt") as file:
            await file.write(b"late")
    assert await content(artifacts, lease.job_id, "a.txt") == b"first"
    async with artifacts.writing(successor, "a.txt") as file:
        await file.write(b"second")
    (stored,) = (await artifacts.list_artifacts(ANN, lease.job_id)).items
    assert (stored.attempt, await content(artifacts, lease.job_id, "a.txt")) == (successor.attempt, b"second")
    assert len(await objects(store)) == 1


async def test_a_task_that_breaks_off_leaves_nothing(
    service: JobMonitoringService, artifacts: ArtifactService, store: ObjectStore, database: Database
) -> None:
    lease = await claimed(service, database)
    for raised in (ValueError, asyncio.CancelledError):
        with pytest.raises(raised):
            async with artifacts.writing(lease, "a.txt") as file:
                await file.write(b"half")
                raise raised
    assert (await artifacts.list_artifacts(ANN, lease.job_id)).items == []
    assert await objects(store) == []


# --------------------------------------------------------------------- owners and time


async def test_somebody_elses_file_is_not_found(service: JobMonitoringService, artifacts: ArtifactService) -> None:
    job_id = await program(service)
    await put(artifacts, job_id, "a.txt", b"x")
    for ask in (
        artifacts.list_artifacts(BOB, job_id),
        artifacts.get_stored(Actor(BOB), job_id, "a.txt"),
        artifacts.get_stored(Actor(ANN), uuid4(), "a.txt"),
    ):
        with pytest.raises(JobNotFound):
            await ask
    with pytest.raises(ArtifactNotFound):
        await artifacts.get_stored(Actor(ANN), job_id, "b.txt")


async def test_files_of_a_kind_that_is_guarded_take_its_scope_too(
    service: JobMonitoringService, store: ObjectStore, database: Database
) -> None:
    guarded = ArtifactService(
        database, store, service._clock, service, AllTheRoom(), RULES, {"test": Scope.DATASETS_READ}
    )
    lease = await claimed(service, database)
    async with guarded.writing(lease, "a.csv") as file:
        await file.write(b"a")
    watcher, reader = {Scope.JOBS_READ}, {Scope.JOBS_READ, Scope.DATASETS_READ}
    with pytest.raises(ScopeMissing) as refused:
        await guarded.get_stored(Actor(ANN, scopes=frozenset(watcher)), lease.job_id, "a.csv")
    assert refused.value.data == {"scope": "datasets:read"}
    assert (await guarded.get_stored(Actor(ANN, scopes=frozenset(reader)), lease.job_id, "a.csv")).bytes == 1
    with pytest.raises(JobNotFound):
        await guarded.get_stored(Actor(BOB, scopes=frozenset(watcher)), lease.job_id, "a.csv")
    job_id = await program(service)
    await put(guarded, job_id, "b.csv", b"b")
    assert (await guarded.get_stored(Actor(ANN, scopes=frozenset(watcher)), job_id, "b.csv")).bytes == 1


async def test_what_has_expired_says_so_and_what_it_was(
    service: JobMonitoringService,
    artifacts: ArtifactService,
    store: ObjectStore,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upkeep, "PAGE", 2)
    job_id, keeping = await program(service), ArtifactUpkeep(database, store, clock)
    for number in range(3):
        await put(artifacts, job_id, f"{number}.txt", b"123")
    clock.advance(7 * DAY)
    forever = artifacts_of(service, store, ArtifactRules(1000, 0))
    await put(forever, job_id, "kept.txt", b"x")
    assert (await keeping.expire(dry_run=False)).count == 0
    clock.advance(7 * DAY)
    with pytest.raises(ArtifactExpired):
        await artifacts.get_stored(Actor(ANN), job_id, "0.txt")
    assert len(await objects(store)) == 4
    for dry_run in (True, False):
        found = await keeping.expire(dry_run=dry_run)
        assert (found.count, found.bytes) == (3, 9)
    assert len(await objects(store)) == 1
    with pytest.raises(ArtifactExpired):
        await artifacts.get_stored(Actor(ANN), job_id, "0.txt")
    listed = (await artifacts.list_artifacts(ANN, job_id)).items
    assert [(each.name, each.bytes, each.expired) for each in listed] == [
        ("0.txt", 3, True), ("1.txt", 3, True), ("2.txt", 3, True), ("kept.txt", 1, False),
    ]  # fmt: skip
    async with database.read() as session:
        assert await used_bytes(session, ANN) == 1
    assert (await keeping.expire(dry_run=False)).count == 0


async def test_files_of_some_types_of_jobs_have_days_of_their_own(
    service: JobMonitoringService, store: ObjectStore
) -> None:
    for types, days in (({"external": 3}, 3), ({"external": 0}, None), ({"export": 3}, 14)):
        artifacts = artifacts_of(service, store, ArtifactRules(1000, 14, types=types))
        stored = await put(artifacts, await program(service), "a.txt", b"x")
        kept = None if stored.expires_at is None else (stored.expires_at - stored.created_at).days
        assert kept == days, types


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".env",
        "a/b",
        "a\\b",
        "a\x00",
        "a\nb",
        "a ",
        "a.",
        "%2e%2e",
        "C:evil",
        "x" * 121,
        "exe\u202egpj",
        "a\ud800",
    ],
)
def test_a_name_that_some_system_would_misread_is_refused(name: str) -> None:
    with pytest.raises(ArtifactNameInvalid):
        checked_name(name)


def test_names_of_all_languages_are_kept_in_one_form() -> None:
    assert checked_name("U\u0308bersicht 报告.csv") == "Übersicht 报告.csv"


@pytest.mark.parametrize("said", ["text", "text/csv\r\nX: 1", "a/b" * 50, "text/html; x"])
def test_a_content_type_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(MediaTypeInvalid):
        checked_media_type(said)


def test_a_content_type_is_kept_as_it_is_said() -> None:
    said = (
        "text/csv; charset=utf-8",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "image/svg+xml",
    )
    assert tuple(map(checked_media_type, said)) == said
    assert checked_media_type(None) == "application/octet-stream"
