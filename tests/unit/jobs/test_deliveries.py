"""What is lost, forgotten or wanted again is delivered again: once, and not for ever."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from headway.jobs import deliveries as module
from headway.jobs.deliveries import Deliveries
from headway.jobs.errors import JobNotFound, JobStillRunning, NoFailedItems, NotRetryable, StaleLease
from headway.jobs.runner import Submission
from headway.jobs.service import JobMonitoringService, Lease
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

OWNER = "ann"
PROBLEM = {
    "type": "t", "title": "t", "status": 422, "detail": "broken", "code": "c", "user_action": "a", "retryable": False,
}  # fmt: skip


@pytest.fixture
def engine() -> RecordingSubmitter:
    return RecordingSubmitter()


@pytest.fixture
def deliveries(database: Database, clock: FakeClock, engine: RecordingSubmitter) -> Deliveries:
    return Deliveries(database, clock, RecordingSignal(), engine)


async def accepted(service: JobMonitoringService, database: Database) -> UUID:
    async with database.write() as session:
        job = await service.create_in(session, OWNER, "import", kind="test", engine="test", delivery=1)
    return job.id


async def claim(service: JobMonitoringService, job_id: UUID, worker: str = "dead") -> Lease:
    lease = await service.claim(job_id, worker, seconds=3600)
    assert lease is not None
    return lease


async def test_a_dead_workers_job_is_free_for_the_next_and_closed_to_the_dead(
    service: JobMonitoringService, database: Database, deliveries: Deliveries
) -> None:
    job_id = await accepted(service, database)
    zombie = await claim(service, job_id)
    assert await service.claim(job_id, "alive", seconds=60) is None
    assert await deliveries.take_from(["dead", "other"]) == 1
    assert (await service.get_job_by_id(job_id, OWNER)).phase == "retrying"
    lease = await claim(service, job_id, "alive")
    assert lease.attempt == 2
    with pytest.raises(StaleLease):
        await service.update_progress(job_id, 99, lease=zombie)
    with pytest.raises(StaleLease):
        await service.save_checkpoint(zombie, "parse", {})
    with pytest.raises(StaleLease):
        async with database.write() as session:
            await service.finish_in(session, zombie, outcome="succeeded")
    assert await deliveries.take_from(["dead"]) == 0


async def test_a_zombie_that_wakes_up_does_not_claim_what_another_runs(
    service: JobMonitoringService, database: Database, deliveries: Deliveries
) -> None:
    job_id = await accepted(service, database)
    zombie = await claim(service, job_id)
    await deliveries.take_from(["dead"])
    await claim(service, job_id, "alive")
    assert await service.claim(job_id, "dead", seconds=60) is None
    assert await service.claim(job_id, "dead", seconds=60, after=zombie.attempt) is None


async def test_a_job_that_takes_every_worker_down_ends(
    service: JobMonitoringService, database: Database, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WORKER_LOSSES", 2)
    job_id = await accepted(service, database)
    for _ in range(3):
        await claim(service, job_id)
        await deliveries.take_from(["dead"])
    job = await service.get_job_by_id(job_id, OWNER)
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", "job.workers_lost")


async def test_a_job_whose_cancel_was_asked_for_ends_with_its_worker(
    service: JobMonitoringService, database: Database, deliveries: Deliveries
) -> None:
    job_id = await accepted(service, database)
    await claim(service, job_id)
    await service.request_cancel(job_id, OWNER)
    await deliveries.take_from(["dead"])
    assert (await service.get_job_by_id(job_id, OWNER)).status == "cancelled"


async def test_a_waiting_job_that_the_engine_forgot_is_enqueued_again_once(
    service: JobMonitoringService, database: Database, deliveries: Deliveries, engine: RecordingSubmitter
) -> None:
    forgotten, held, running = [await accepted(service, database) for _ in range(3)]
    engine.held.append(Submission(held, OWNER, 1))
    await claim(service, running, "alive")
    assert await deliveries.reconcile() == 1
    assert engine.held[1:] == [Submission(forgotten, OWNER, 2)]
    assert await deliveries.reconcile() == 0


async def test_every_page_of_waiting_jobs_is_looked_at(
    service: JobMonitoringService, database: Database, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    for _ in range(5):
        await accepted(service, database)
    assert await deliveries.reconcile() == 5


async def test_a_failed_job_is_tried_again_as_new(
    service: JobMonitoringService, database: Database, deliveries: Deliveries, engine: RecordingSubmitter
) -> None:
    job_id = await accepted(service, database)
    await service.fail(await claim(service, job_id), PROBLEM)
    job = await deliveries.retry(job_id, OWNER)
    assert (job.status, job.phase, job.error, job.problem, job.completed_at) == (
        "running",
        "retrying",
        None,
        None,
        None,
    )
    assert engine.held == [Submission(job_id, OWNER, 2)]
    with pytest.raises(JobStillRunning):
        await deliveries.retry(job_id, OWNER)
    assert (await claim(service, job_id)).attempt == 2


async def test_no_part_of_a_job_can_be_tried_again_and_a_live_one_not_at_all(
    service: JobMonitoringService, database: Database, deliveries: Deliveries, engine: RecordingSubmitter
) -> None:
    job_id = await accepted(service, database)
    with pytest.raises(JobStillRunning):
        await deliveries.retry(job_id, OWNER, "failed_items")
    await service.fail(await claim(service, job_id), PROBLEM)
    with pytest.raises(NoFailedItems):
        await deliveries.retry(job_id, OWNER, "failed_items")
    assert (await service.get_job_by_id(job_id, OWNER)).status == "failed"
    assert engine.held == []
    assert (await deliveries.retry(job_id, OWNER, "all")).phase == "retrying"


async def test_the_end_of_a_job_that_was_tried_again_is_told_again(
    service: JobMonitoringService, database: Database, deliveries: Deliveries
) -> None:
    job_id = await accepted(service, database)
    for _ in range(2):
        await service.fail(await claim(service, job_id), PROBLEM)
        assert [await service.claim_notification(job_id, OWNER) for _ in range(2)] == [True, False]
        await deliveries.retry(job_id, OWNER)


async def test_somebody_elses_job_is_not_there_to_be_retried(
    service: JobMonitoringService, database: Database, deliveries: Deliveries
) -> None:
    with pytest.raises(JobNotFound):
        await deliveries.retry(await accepted(service, database), "ben")


async def test_what_cannot_be_tried_again_says_why(
    service: JobMonitoringService, database: Database, deliveries: Deliveries
) -> None:
    completed = await accepted(service, database)
    lease = await claim(service, completed)
    async with database.write() as session:
        await service.finish_in(session, lease, outcome="succeeded")
    reported = (await service.create_job(OWNER, "export")).id
    await service.complete_job(reported, error="no")
    with pytest.raises(NotRetryable, match="has completed"):
        await deliveries.retry(completed, OWNER)
    with pytest.raises(NotRetryable, match="Another program"):
        await deliveries.retry(reported, OWNER)
    async with database.write() as session:
        never = await service.create_in(session, OWNER, "import", kind="test", engine="test")
    await service.fail(await claim(service, never.id), PROBLEM)
    with pytest.raises(NotRetryable, match="never arrived"):
        await deliveries.retry(never.id, OWNER)


@pytest.mark.parametrize(("job_type", "bulk"), [("import", False), ("export", True), ("validation", True)])
async def test_what_is_delivered_again_waits_where_its_type_waits(
    service: JobMonitoringService,
    database: Database,
    deliveries: Deliveries,
    engine: RecordingSubmitter,
    job_type: str,
    bulk: bool,
) -> None:
    async with database.write() as session:
        await service.create_in(session, OWNER, job_type, kind="test", engine="test", delivery=1)
    assert await deliveries.reconcile() == 1
    assert [one.bulk for one in engine.held] == [bulk]


async def test_the_engine_forgets_what_ended_a_week_ago_and_keeps_what_lives(
    service: JobMonitoringService,
    database: Database,
    deliveries: Deliveries,
    engine: RecordingSubmitter,
    clock: FakeClock,
) -> None:
    waiting, failed, deleted = [await accepted(service, database) for _ in range(3)]
    for job_id in (failed, deleted):
        await service.fail(await claim(service, job_id), PROBLEM)
    await service.delete(deleted, OWNER)
    engine.held += [Submission(job_id, OWNER) for job_id in (waiting, failed, deleted)]
    assert await deliveries.forget_ended() == 2
    assert engine.held == [Submission(waiting, OWNER)]
    assert engine.forgotten == [clock.now() - timedelta(days=7)]
