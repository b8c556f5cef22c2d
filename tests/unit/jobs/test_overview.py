"""Jobs and queues of all owners, as operators see them."""

from __future__ import annotations

from uuid import UUID

import pytest

from headway.audit.log import By
from headway.jobs import overview as module
from headway.jobs.deliveries import Deliveries
from headway.jobs.errors import QueueNotFound
from headway.jobs.operating import JobOperations
from headway.jobs.overview import JobsOverview, SeenPage
from headway.jobs.reaper import Reaper
from headway.jobs.retention import KeepJobs
from headway.jobs.service import JobMonitoringService, Lease
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

BROKEN = {"detail": "Line 3 is broken.", "code": "csv.broken"}


@pytest.fixture
def overview(database: Database, clock: FakeClock) -> JobsOverview:
    return JobsOverview(database, clock)


async def waiting(service: JobMonitoringService, database: Database, owner: str, job_type: str = "import") -> UUID:
    async with database.write() as session:
        job = await service.create_in(
            session, owner, job_type, kind="test", engine="test", delivery=1, title=f"{owner}'s {job_type}"
        )
    return job.id


async def claim(service: JobMonitoringService, job_id: UUID, worker: str = "worker") -> Lease:
    lease = await service.claim(job_id, worker, seconds=60)
    assert lease is not None
    return lease


async def test_queues_say_what_waits_and_runs_in_each(
    service: JobMonitoringService, database: Database, overview: JobsOverview, clock: FakeClock
) -> None:
    await service.create_job("ann", "external")  # waits for no worker of ours
    began = clock.now()
    for owner in ("ann", "ben", "ben"):
        await waiting(service, database, owner)
        clock.advance(10)
    await claim(service, await waiting(service, database, "ann", "export"))
    handed_back = await claim(service, await waiting(service, database, "cleo", "validation"))
    clock.advance(10)
    await service.hand_back(handed_back, "Trying again.")
    imports, bulk = await overview.queues()
    assert (imports.name, imports.waiting, imports.waiting_since, imports.running) == ("imports", 3, began, 0)
    assert (bulk.name, bulk.waiting, bulk.waiting_since, bulk.running) == ("bulk", 1, clock.now(), 1)
    assert imports.pause is None


async def test_running_jobs_say_who_runs_them_and_since_when(
    service: JobMonitoringService, database: Database, overview: JobsOverview, clock: FakeClock
) -> None:
    first = await waiting(service, database, "ann")
    lease = await claim(service, first, "worker-1")
    await service.hand_back(lease, "Trying again.")
    clock.advance(60)
    await claim(service, first, "worker-2")
    again = clock.now()
    clock.advance(5)
    await claim(service, await waiting(service, database, "ben"), "worker-1")
    assert [(job.owner, job.worker, job.attempt, job.since, job.title) for job in await overview.running()] == [
        ("ben", "worker-1", 1, clock.now(), "ben's import"),
        ("ann", "worker-2", 2, again, "ann's import"),
    ]


async def test_jobs_in_trouble_are_listed_by_pages_the_newest_first(
    service: JobMonitoringService, database: Database, overview: JobsOverview, clock: FakeClock
) -> None:
    for number in range(5):
        await service.fail(await claim(service, await waiting(service, database, f"owner-{number}")), BROKEN)
        clock.advance(number % 2)
    found, cursor = [], None
    for _ in range(3):
        page: SeenPage = await overview.failed(limit=2, cursor=cursor)
        found += [job.owner for job in page.jobs]
        cursor = page.next_cursor
    assert cursor is None
    assert len(found) == 5
    assert found[0] == "owner-4"
    assert set(found[1:3]) == {"owner-2", "owner-3"}
    job = page.jobs[-1]
    assert (job.error, job.code, job.phase, job.retryable) == ("Line 3 is broken.", "csv.broken", "failed", True)


async def test_stalled_jobs_are_those_that_nobody_has_been_heard_of(
    service: JobMonitoringService, database: Database, overview: JobsOverview, clock: FakeClock
) -> None:
    deliveries = Deliveries(database, clock, RecordingSignal(), RecordingSubmitter())
    reaper = Reaper(database, clock, service, deliveries)
    silent = (await service.create_job("ann", "external", heartbeat_seconds=3)).id
    await service.start_job(silent)
    await reaper.sweep(BROKEN)
    for _ in range(4):
        clock.advance(1)
        await reaper.sweep(BROKEN)
    (job,) = (await overview.stalled(limit=10)).jobs
    assert (job.id, job.phase, job.worker, job.retryable) == (silent, "stalled", None, False)
    await service.update_progress(silent, 50)
    assert (await overview.stalled(limit=10)).jobs == []


async def test_waiting_jobs_are_listed_longest_wait_first(
    service: JobMonitoringService, database: Database, overview: JobsOverview, clock: FakeClock
) -> None:
    ids = []
    for number in range(4):
        ids.append(await waiting(service, database, f"owner-{number}"))
        clock.advance(1)
    first = await overview.waiting_in("imports", limit=3)
    rest = await overview.waiting_in("imports", limit=3, cursor=first.next_cursor)
    assert [job.id for job in (*first.jobs, *rest.jobs)] == ids
    assert rest.next_cursor is None
    assert (await overview.waiting_in("bulk", limit=3)).jobs == []
    with pytest.raises(QueueNotFound):
        await overview.waiting_in("exports", limit=3)


async def test_old_jobs_are_counted_as_far_as_it_tells_something(
    service: JobMonitoringService, database: Database, overview: JobsOverview, clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for _ in range(3):
        await service.complete_job((await service.create_job("ann", "external")).id)
        await service.complete_job((await service.create_job("ann", "external")).id, "no")
    await service.request_cancel((await service.create_job("ann", "external")).id, "ann")
    assert await overview.old(KeepJobs(1, 1)) == module.OldJobs(0, 0)
    clock.advance(86401)
    assert await overview.old(KeepJobs(1, 1)) == module.OldJobs(3, 4)
    assert await overview.old(KeepJobs(0, 2)) == module.OldJobs(0, 0)
    monkeypatch.setattr(module, "MOST_OLD", 2)
    assert await overview.old(KeepJobs(1, 1)) == module.OldJobs(3, 3)


async def test_a_job_that_waits_in_a_paused_queue_says_so(
    service: JobMonitoringService, database: Database, overview: JobsOverview, clock: FakeClock, signal: RecordingSignal
) -> None:
    await waiting(service, database, "ann")
    operations = JobOperations(database, clock, signal, Deliveries(database, clock, signal, RecordingSubmitter()))
    await operations.pause("imports", "", By("boss"))
    (job,) = (await overview.waiting_in("imports", limit=3)).jobs
    assert (job.phase, job.paused) == ("queued", True)
