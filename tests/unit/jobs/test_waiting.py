"""Requests that wait for a job: woken by a change, bounded, and let go when the server stops."""

from __future__ import annotations

import asyncio

import pytest

from headway.jobs.errors import TooManyStreams
from headway.jobs.service import JobMonitoringService
from headway.jobs.waiting import MAX_WAITS_PER_USER, JobWaits
from tests.support.signals import RecordingSignal

OWNER, OTHER = "ann", "bob"
FOR_EVER = 3600.0


@pytest.fixture
def waits(service: JobMonitoringService, signal: RecordingSignal, monkeypatch: pytest.MonkeyPatch) -> JobWaits:
    # Nobody looks by the clock, so that only a signal can end a wait.
    monkeypatch.setattr("headway.jobs.waiting.LOOK_SECONDS", FOR_EVER)
    return JobWaits(service, signal)


async def test_a_change_ends_the_wait_and_a_change_elsewhere_does_not(
    waits: JobWaits, service: JobMonitoringService
) -> None:
    job, another = await service.create_job(OWNER, "export"), await service.create_job(OWNER, "export")
    waiting = asyncio.create_task(waits.next_version(job.id, OWNER, after_version=job.version, seconds=FOR_EVER))
    async with asyncio.timeout(20):
        await service.update_progress(another.id, 10)
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done
        await service.update_progress(job.id, 20)
        assert (await waiting).progress == 20


async def test_the_time_ends_the_wait(waits: JobWaits, service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    same = await waits.next_version(job.id, OWNER, after_version=job.version, seconds=0.01)
    assert same.version == job.version


async def test_who_waits_too_often_is_told(waits: JobWaits, service: JobMonitoringService) -> None:
    job, theirs = await service.create_job(OWNER, "export"), await service.create_job(OTHER, "export")
    waiting = [
        asyncio.create_task(waits.next_version(job.id, OWNER, after_version=1, seconds=FOR_EVER))
        for _ in range(MAX_WAITS_PER_USER)
    ]
    await asyncio.sleep(0)
    with pytest.raises(TooManyStreams):
        await waits.next_version(job.id, OWNER, after_version=1, seconds=FOR_EVER)
    assert (await waits.next_version(theirs.id, OTHER, after_version=0, seconds=FOR_EVER)).id == theirs.id
    async with asyncio.timeout(20):
        waits.close()
        assert {answer.version for answer in await asyncio.gather(*waiting)} == {1}
        await waits.next_version(job.id, OWNER, after_version=1, seconds=FOR_EVER)
