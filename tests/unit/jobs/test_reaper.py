"""Who is silent too long is said to be stalled, then ended; who is heard of again is taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headway.jobs.reaper import Reaper
from headway.jobs.service import JobMonitoringService
from headway.jobs.states import UPLOAD_STAGE
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal

OWNER = "ann"
INTERRUPTED = {
    "type": "t", "title": "t", "status": 409, "detail": "gone", "code": "upload.interrupted", "user_action": "again",
    "retryable": False,
}  # fmt: skip


@pytest.fixture
def service(database: Database, clock: FakeClock) -> JobMonitoringService:
    return JobMonitoringService(database, clock, RecordingSignal())


@pytest.fixture
def reaper(database: Database, clock: FakeClock, service: JobMonitoringService) -> Reaper:
    return Reaper(database, clock, service)


async def test_a_silent_reporter_stalls_then_fails(
    service: JobMonitoringService, reaper: Reaper, clock: FakeClock
) -> None:
    job = await service.create_job(OWNER, "export", heartbeat_seconds=10)
    await service.start_job(job.id)
    await service.update_progress(job.id, 5)
    clock.advance(9)
    assert await reaper.sweep(INTERRUPTED) == 0
    clock.advance(2)
    assert await reaper.sweep(INTERRUPTED) == 1
    assert (await service.get_job_by_id(job.id, OWNER)).phase == "stalled"
    assert await reaper.sweep(INTERRUPTED) == 0
    clock.advance(20)
    assert await reaper.sweep(INTERRUPTED) == 1
    ended = await service.get_job_by_id(job.id, OWNER)
    assert ended.problem is not None
    assert (ended.status, ended.problem.code) == ("failed", "job.silent")


async def test_a_sign_of_life_takes_stalled_back(
    service: JobMonitoringService, reaper: Reaper, clock: FakeClock
) -> None:
    job = await service.create_job(OWNER, "export", heartbeat_seconds=10)
    await service.start_job(job.id)
    clock.advance(11)
    await reaper.sweep(INTERRUPTED)
    await service.update_progress(job.id, None)
    assert (await service.get_job_by_id(job.id, OWNER)).phase == "running"


async def test_an_abandoned_upload_ends_as_interrupted(
    service: JobMonitoringService, reaper: Reaper, clock: FakeClock, database: Database
) -> None:
    async with database.write() as session:
        job = await service.create_in(
            session,
            OWNER,
            "import",
            stage=UPLOAD_STAGE,
            engine="test",
            lease_owner="api",
            lease_expires_at=clock.now() + timedelta(seconds=30),
        )
    assert (await service.get_job_by_id(job.id, OWNER)).phase == "uploading"
    clock.advance(31)
    assert await reaper.sweep(INTERRUPTED) == 1
    ended = await service.get_job_by_id(job.id, OWNER)
    assert (ended.status, ended.error) == ("failed", "gone")
