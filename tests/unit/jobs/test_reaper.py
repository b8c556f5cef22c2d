"""Who is silent too long is said to be stalled, then ended or replaced; who is heard of again is taken back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from headway.jobs.deliveries import Deliveries
from headway.jobs.progress import LEASE_SECONDS
from headway.jobs.queries import Lease
from headway.jobs.reaper import Reaper
from headway.jobs.service import JobMonitoringService
from headway.jobs.states import UPLOAD_STAGE
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

OWNER = "ann"
INTERRUPTED = {
    "type": "t", "title": "t", "status": 409, "detail": "gone", "code": "upload.interrupted", "user_action": "again",
    "retryable": False,
}  # fmt: skip


@pytest.fixture
def reaper(database: Database, clock: FakeClock, service: JobMonitoringService) -> Reaper:
    deliveries = Deliveries(database, clock, RecordingSignal(), RecordingSubmitter())
    return Reaper(database, clock, service, deliveries)


async def let_pass(reaper: Reaper, clock: FakeClock, seconds: int) -> int:
    """Let time pass, with a look in every second of it; return how many jobs changed."""
    changed = await reaper.sweep(INTERRUPTED)
    for _ in range(seconds):
        clock.advance(1)
        changed += await reaper.sweep(INTERRUPTED)
    return changed


async def reporting(service: JobMonitoringService) -> UUID:
    job = await service.create_job(OWNER, "export", heartbeat_seconds=10)
    await service.start_job(job.id)
    await service.update_progress(job.id, 5)
    return job.id


async def upload(service: JobMonitoringService, database: Database, clock: FakeClock) -> UUID:
    async with database.write() as session:
        job = await service.create_in(
            session,
            OWNER,
            "import",
            stage=UPLOAD_STAGE,
            engine="test",
            heartbeat_seconds=30,
            lease_owner="api",
            lease_expires_at=clock.now() + timedelta(seconds=30),
        )
    return job.id


async def claimed(service: JobMonitoringService, database: Database) -> Lease:
    async with database.write() as session:
        job = await service.create_in(session, OWNER, "import", kind="test", engine="test", delivery=1)
    lease = await service.claim(job.id, "worker-1", seconds=LEASE_SECONDS)
    assert lease is not None
    return lease


async def test_a_silent_reporter_stalls_then_fails(
    service: JobMonitoringService, reaper: Reaper, clock: FakeClock
) -> None:
    job_id = await reporting(service)
    assert await let_pass(reaper, clock, 9) == 0
    assert await let_pass(reaper, clock, 2) == 1
    assert (await service.get_job_by_id(job_id, OWNER)).phase == "stalled"
    assert await let_pass(reaper, clock, 18) == 0
    assert await let_pass(reaper, clock, 3) == 1
    ended = await service.get_job_by_id(job_id, OWNER)
    assert ended.problem is not None
    assert (ended.status, ended.problem.code) == ("failed", "job.silent")


async def test_a_job_that_nobody_ever_starts_fails(
    service: JobMonitoringService, reaper: Reaper, clock: FakeClock
) -> None:
    job = await service.create_job(OWNER, "export", heartbeat_seconds=10)
    assert await let_pass(reaper, clock, 29) == 0
    assert await let_pass(reaper, clock, 2) == 1
    assert (await service.get_job_by_id(job.id, OWNER)).status == "failed"


async def test_a_sign_of_life_takes_stalled_back(
    service: JobMonitoringService, reaper: Reaper, clock: FakeClock
) -> None:
    job_id = await reporting(service)
    await let_pass(reaper, clock, 11)
    await service.update_progress(job_id, None)
    assert (await service.get_job_by_id(job_id, OWNER)).phase == "running"
    assert await let_pass(reaper, clock, 9) == 0


async def test_an_abandoned_upload_ends_as_interrupted(
    service: JobMonitoringService, reaper: Reaper, clock: FakeClock, database: Database
) -> None:
    job_id = await upload(service, database, clock)
    assert (await service.get_job_by_id(job_id, OWNER)).phase == "uploading"
    assert await let_pass(reaper, clock, 29) == 0
    assert await let_pass(reaper, clock, 2) == 1
    ended = await service.get_job_by_id(job_id, OWNER)
    assert (ended.status, ended.error) == ("failed", "gone")


async def test_a_job_is_taken_from_a_worker_that_says_nothing(
    service: JobMonitoringService, reaper: Reaper, clock: FakeClock, database: Database
) -> None:
    lease = await claimed(service, database)
    assert await let_pass(reaper, clock, 11) == 1
    assert (await service.get_job_by_id(lease.job_id, OWNER)).phase == "stalled"
    assert await let_pass(reaper, clock, 21) == 1
    assert (await service.get_job_by_id(lease.job_id, OWNER)).phase == "retrying"
    assert await service.claim(lease.job_id, "worker-2", seconds=60) is not None


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
async def test_a_clock_that_jumps_makes_nobody_look_dead(
    service: JobMonitoringService, reaper: Reaper, clock: FakeClock, database: Database, hours: int
) -> None:
    lease, upload_id = await claimed(service, database), await upload(service, database, clock)
    await let_pass(reaper, clock, 5)
    clock.jump(hours * 3600)
    assert await let_pass(reaper, clock, 4) == 0
    await service.update_progress(lease.job_id, 50, lease=lease, lease_seconds=LEASE_SECONDS)
    assert await let_pass(reaper, clock, 8) == 0
    assert (await service.get_job_by_id(upload_id, OWNER)).phase == "uploading"


async def test_after_an_outage_everybody_gets_a_whole_lease_to_be_heard_of(
    service: JobMonitoringService, reaper: Reaper, clock: FakeClock, database: Database
) -> None:
    lease = await claimed(service, database)
    await let_pass(reaper, clock, 5)
    clock.advance(300)
    assert await let_pass(reaper, clock, 9) == 0
    assert (await service.get_job_by_id(lease.job_id, OWNER)).phase == "running"
    assert await let_pass(reaper, clock, 2) == 1
