"""The tracked job: its states, its windows, its owner's view, and the fence around every write."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from headway.jobs import queries
from headway.jobs.errors import JobEnded, JobNotFound, JobStillRunning, NotYoursToReport, StaleLease
from headway.jobs.history import JobHistory
from headway.jobs.models import BackgroundJob
from headway.jobs.schemas import ReportProgress
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal

OWNER, OTHER = "ann", "bob"


async def test_a_pending_job_says_running_and_queued(service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "validation", title="Check")
    assert (job.status, job.phase, job.progress) == ("running", "queued", 0)
    active = await service.get_active_jobs(OWNER)
    assert [found.id for found in active.jobs] == [job.id]
    assert (active.counts.running, active.counts.queued) == (1, 1)


async def test_start_sets_started_at_once(service: JobMonitoringService, clock: FakeClock) -> None:
    job = await service.create_job(OWNER, "export")
    clock.advance(3)
    started = await service.start_job(job.id)
    assert started.started_at == job.created_at + timedelta(seconds=3)
    clock.advance(3)
    assert (await service.start_job(job.id)).started_at == started.started_at


@pytest.mark.parametrize(("reported", "stored"), [(-5, 0), (0, 0), (43, 43), (100, 100), (250, 100)])
async def test_progress_is_clamped(service: JobMonitoringService, reported: int, stored: int) -> None:
    job = await service.create_job(OWNER, "export")
    answer = await service.update_progress(job.id, reported)
    assert answer.progress == stored
    assert answer.clamped == (reported != stored)


async def test_progress_never_goes_back(service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    await service.update_progress(job.id, 60)
    answer = await service.update_progress(job.id, 20)
    assert (answer.progress, answer.clamped) == (60, True)


async def test_a_running_job_never_shows_100(service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    await service.start_job(job.id)
    await service.update_progress(job.id, 100)
    shown = await service.get_job_by_id(job.id, OWNER)
    assert (shown.progress, shown.phase) == (99, "finishing")
    done = await service.complete_job(job.id)
    assert (done.progress, done.phase, done.status) == (100, "completed", "completed")


async def test_a_failure_keeps_its_error_and_its_progress(service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    await service.update_progress(job.id, 35)
    failed = await service.complete_job(job.id, error="The disk is on fire.")
    assert (failed.status, failed.error, failed.progress) == ("failed", "The disk is on fire.", 35)


async def test_an_ended_job_takes_no_more_reports(service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    await service.complete_job(job.id)
    with pytest.raises(JobEnded):
        await service.update_progress(job.id, 50)
    with pytest.raises(JobEnded):
        await service.complete_job(job.id, error="late")


async def test_windows_of_the_active_list(service: JobMonitoringService, clock: FakeClock) -> None:
    done = await service.create_job(OWNER, "export", title="done")
    broken = await service.create_job(OWNER, "export", title="broken")
    waiting = await service.create_job(OWNER, "export", title="waiting")
    await service.complete_job(done.id)
    await service.complete_job(broken.id, error="no")

    async def visible() -> set[str]:
        return {job.title for job in (await service.get_active_jobs(OWNER)).jobs}

    assert await visible() == {"done", "broken", "waiting"}
    clock.advance(299)
    assert await visible() == {"done", "broken", "waiting"}
    clock.advance(2)
    assert await visible() == {"broken", "waiting"}
    clock.advance(3600)
    assert await visible() == {"waiting"}
    assert (await service.get_job_by_id(broken.id, OWNER)).error == "no"
    assert (await service.get_job_by_id(waiting.id, OWNER)).phase == "queued"


async def test_dismissing_takes_an_ended_job_out_of_view_and_keeps_it(service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    with pytest.raises(JobStillRunning):
        await service.dismiss(job.id, OWNER)
    await service.complete_job(job.id, error="no")
    await service.dismiss(job.id, OWNER)
    await service.dismiss(job.id, OWNER)
    assert (await service.get_active_jobs(OWNER)).jobs == []
    assert (await service.get_job_by_id(job.id, OWNER)).status == "failed"


async def test_a_report_that_comes_with_the_end_changes_nothing_of_it(
    service: JobMonitoringService, history: JobHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL a job may end between the look at it and the change."""
    job = await service.create_job(OWNER, "external")
    async with service._database.read() as session:
        seen_before = await queries.get_own(session, job.id, OWNER)
    ended = await service.complete_job(job.id, error="It broke.")

    async def live(_session: Any, _job_id: UUID) -> BackgroundJob:
        return seen_before

    monkeypatch.setattr(service._move, "live", live)
    with pytest.raises(JobEnded):
        await service.update_progress(job.id, 50, "Still at it")
    assert await service.get_job_by_id(job.id, OWNER) == ended


async def test_a_job_that_is_tried_again_meanwhile_is_not_dismissed(
    service: JobMonitoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await service.create_job(OWNER, "external")
    await service.complete_job(job.id, error="It broke.")
    async with service._database.write() as session:
        seen_before = await queries.get_own(session, job.id, OWNER)
        again = sa.update(BackgroundJob).values(status="pending", completed_at=None)
        await session.execute(again.execution_options(synchronize_session=False))

    async def get_own(*_who: Any) -> BackgroundJob:
        return seen_before

    with monkeypatch.context() as patched:
        patched.setattr(queries, "get_own", get_own)
        with pytest.raises(JobStillRunning):
            await service.dismiss(job.id, OWNER)
    assert [found.id for found in (await service.get_active_jobs(OWNER)).jobs] == [job.id]


async def test_each_end_is_told_by_one_of_all_who_ask(service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    with pytest.raises(JobStillRunning):
        await service.claim_notification(job.id, OWNER)
    ended = await service.complete_job(job.id)
    asked = await asyncio.gather(*[service.claim_notification(job.id, OWNER) for _ in range(8)])
    assert sorted(asked) == [False] * 7 + [True]
    assert (await service.get_job_by_id(job.id, OWNER)).version == ended.version


async def test_somebody_elses_job_does_not_exist(service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    for attempt in (
        service.get_job_by_id(job.id, OTHER),
        service.request_cancel(job.id, OTHER),
        service.dismiss(job.id, OTHER),
        service.claim_notification(job.id, OTHER),
        service.report(job.id, OTHER, ReportProgress(progress=1)),
        service.get_job_by_id(uuid4(), OWNER),
    ):
        with pytest.raises(JobNotFound):
            await attempt
    assert (await service.get_active_jobs(OTHER)).jobs == []


async def test_cancel_of_a_waiting_job_is_immediate_and_of_a_running_one_a_request(
    service: JobMonitoringService,
) -> None:
    waiting = await service.create_job(OWNER, "export")
    assert (await service.request_cancel(waiting.id, OWNER)).status == "cancelled"
    running = await service.create_job(OWNER, "export")
    await service.start_job(running.id)
    asked = await service.request_cancel(running.id, OWNER)
    assert (asked.status, asked.phase, asked.cancel_requested) == ("running", "cancelling", True)
    again = await service.request_cancel(running.id, OWNER)
    assert again.version == asked.version
    assert (await service.update_progress(running.id, 5)).cancel_requested
    await service.complete_job(running.id)
    with pytest.raises(JobEnded):
        await service.request_cancel(running.id, OWNER)


async def _import_job(service: JobMonitoringService, database: Database) -> object:
    async with database.write() as session:
        job = await service.create_in(session, OWNER, "import", title="a.csv", kind="test", engine="test")
    return job.id


async def test_a_zombie_can_neither_report_nor_finish(service: JobMonitoringService, database: Database) -> None:
    job_id = await _import_job(service, database)
    first = await service.claim(job_id, "worker-1", seconds=-1)  # type: ignore[arg-type]
    second = await service.claim(job_id, "worker-2", seconds=10)  # type: ignore[arg-type]
    assert first is not None
    assert second is not None
    with pytest.raises(StaleLease):
        await service.update_progress(first.job_id, 90, lease=first)
    with pytest.raises(StaleLease):
        await service.fail(first, {"detail": "no"})
    with pytest.raises(StaleLease):
        async with database.write() as session:
            await service.finish_in(session, first, outcome="succeeded")
    await service.update_progress(second.job_id, 50, lease=second)
    async with database.write() as session:
        await service.finish_in(session, second, outcome="succeeded")
    assert (await service.get_job_by_id(first.job_id, OWNER)).attempt == 2
    assert await service.claim(first.job_id, "worker-3", seconds=10) is None


async def test_a_new_attempt_starts_from_what_stays_true(service: JobMonitoringService, database: Database) -> None:
    job_id = await _import_job(service, database)
    lease = await service.claim(job_id, "w", seconds=10, restart_progress=40)  # type: ignore[arg-type]
    assert lease is not None
    await service.update_progress(lease.job_id, 66, lease=lease)
    await service.hand_back(lease, "restarted")
    back = await service.get_job_by_id(lease.job_id, OWNER)
    assert (back.phase, back.message) == ("retrying", "restarted")
    await service.claim(lease.job_id, "w2", seconds=10, restart_progress=40)
    assert (await service.get_job_by_id(lease.job_id, OWNER)).progress == 40


async def test_only_external_jobs_take_reports_over_http(service: JobMonitoringService, database: Database) -> None:
    job_id = await _import_job(service, database)
    with pytest.raises(NotYoursToReport):
        await service.report(job_id, OWNER, ReportProgress(progress=50))  # type: ignore[arg-type]


async def test_a_reported_job_runs_and_ends(service: JobMonitoringService, database: Database) -> None:
    job = await service.create_job(OWNER, "export", title="mine")
    answer = await service.report(job.id, OWNER, ReportProgress(progress=30, stage="read", message="Reading"))
    assert (answer.progress, answer.clamped, answer.cancel_requested) == (30, False, False)
    with pytest.raises(StaleLease):
        await service.report(job.id, OWNER, ReportProgress(progress=31, attempt=7))
    await service.report(job.id, OWNER, ReportProgress(status="failed", error="It broke."))
    shown = await service.get_job_by_id(job.id, OWNER)
    assert (shown.status, shown.error) == ("failed", "It broke.")
    kinds = [event.kind for event in (await JobHistory(database).list_events(job.id, OWNER)).items]
    assert kinds == ["created", "started", "stage", "failed"]


async def test_one_sign_of_life_serves_all_jobs_that_their_holder_still_has(
    service: JobMonitoringService, database: Database, signal: RecordingSignal
) -> None:
    jobs = [await service.create_job(owner, "import") for owner in (OWNER, OTHER, OWNER, OWNER)]
    for job in jobs[:3]:
        await service.claim(job.id, "api-1", seconds=0)
    await service.claim(jobs[3].id, "api-2", seconds=0)
    await service.complete_job(jobs[2].id)
    async with database.read() as session:
        silent = await session.get_one(BackgroundJob, jobs[1].id)
    assert await service.mark_stalled(silent)
    signal.owners.clear()
    async with database.write() as session:
        held = await service.renew_in(session, "api-1", [job.id for job in jobs], 60)
    assert {each.id for each in held} == {jobs[0].id, jobs[1].id}
    assert set(signal.owners) == {OWNER, OTHER}
    again = await service.get_job_by_id(jobs[1].id, OTHER)
    assert (again.phase, again.version) == ("running", silent.version + 2)


async def test_every_write_raises_the_version(service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    versions = [job.version]
    versions += [(await service.update_progress(job.id, percent)).version for percent in (1, 2, 3)]
    versions.append((await service.complete_job(job.id)).version)
    assert versions == sorted(set(versions))


async def test_a_clock_that_jumps_back_does_not_abort_a_completion(
    service: JobMonitoringService, clock: FakeClock
) -> None:
    job = await service.create_job(OWNER, "export")
    clock.advance(-3600)
    await service.start_job(job.id)
    clock.advance(-3600)
    done = await service.complete_job(job.id)
    assert done.started_at is not None
    assert done.completed_at is not None
    assert done.created_at <= done.started_at <= done.completed_at


async def test_the_signal_comes_after_the_commit_and_not_after_a_rollback(
    service: JobMonitoringService, database: Database, signal: RecordingSignal
) -> None:
    async with database.write() as session:
        await service.create_in(session, OWNER, "import")
        assert signal.owners == []
    assert signal.owners == [OWNER]
    with pytest.raises(RuntimeError):
        async with database.write() as session:
            await service.create_in(session, OTHER, "import")
            raise RuntimeError
    assert signal.owners == [OWNER]


@pytest.mark.parametrize(
    "change", ["status = 'done'", "progress = 101", "progress = -1", "completed_at = '1999-01-01 00:00:00.000000'"]
)
async def test_the_table_itself_refuses_nonsense(
    service: JobMonitoringService, database: Database, change: str
) -> None:
    await service.create_job(OWNER, "export")
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            await session.execute(sa.text(f"update background_jobs set {change}"))
