"""Reports without a look before them: the same outcome as with one, less work, and never on what has changed since."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from headway.jobs import queries, ticks
from headway.jobs.errors import JobEnded, JobNotFound, StaleLease
from headway.jobs.models import BackgroundJob
from headway.jobs.schemas import ReportProgress
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.statements import statements_to

OWNER, OTHER = "ann", "bob"
STAGES: list[dict[str, Any]] = [{"key": "read", "weight": 1}, {"key": "write", "weight": 3}]

REPORTS: list[dict[str, Any]] = [
    {"progress": 5, "message": "Begun"},
    {"progress": 20},
    {"progress": 10, "message": "Less than before"},
    {"progress": None},
    {"progress": None, "stage": "read", "done_units": 0, "total_units": 1_000, "unit": "rows"},
    {"progress": None, "done_units": 100},
    {"progress": None, "done_units": 700, "message": "Faster"},
    {"progress": None, "done_units": 650},
    {"progress": 130},
    {"progress": 140},
    {"progress": None, "stage": "write"},
    {"progress": None, "done_units": 10, "total_units": 20, "failed_units": 3, "unit": "files"},
    {"progress": 77, "done_units": 15, "unit": "pages"},
    {"progress": 77, "stage": "write"},
]
"""What moves a job on, what begins a stage, what goes back, and what is out of bounds."""


async def _running(service: JobMonitoringService) -> UUID:
    job = await service.create_job(OWNER, "export", title="Mine", stages=STAGES)
    return (await service.start_job(job.id)).id


async def _row(database: Database, job_id: UUID) -> dict[str, Any]:
    """Return all that is kept of a job but what differs between two of them: their ids."""
    async with database.read() as session:
        job = await queries.find(session, job_id)
    names = sa.inspect(BackgroundJob).column_attrs.keys()
    return {name: getattr(job, name) for name in names if name not in {"id", "max_attempts"}}


async def _events(database: Database, job_id: UUID) -> list[tuple[int, str, dict[str, Any]]]:
    async with database.read() as session:
        return [(event.seq, event.kind, event.data) for event in await queries.list_events(session, job_id)]


async def test_a_report_is_the_same_with_a_look_and_without(
    database: Database, clock: FakeClock, service: JobMonitoringService
) -> None:
    with_memory, without = await _running(service), await _running(service)
    for report in REPORTS:
        clock.advance(0.75)
        answer = await service.update_progress(with_memory, **report)
        forgetful = JobMonitoringService(database, clock, RecordingSignal())
        looked = await forgetful.update_progress(without, **report)
        # On PostgreSQL leases end by the clock of the database, which goes on between the two.
        own: dict[str, Any] = {"id": None, "lease_expires_at": None}
        assert answer.model_copy(update=own) == looked.model_copy(update=own), report
        one, other = await _row(database, with_memory), await _row(database, without)
        _about_equal(one.pop("lease_expires_at"), other.pop("lease_expires_at"))
        assert one == other, report
    assert await _events(database, with_memory) == await _events(database, without)


def _about_equal(one: datetime, other: datetime) -> None:
    assert abs((one - other).total_seconds()) < 30, (one, other)


async def test_a_report_after_another_is_one_statement_and_no_look(
    database: Database, service: JobMonitoringService, signal: RecordingSignal
) -> None:
    job_id = await _running(service)
    await service.update_progress(job_id, 5)
    signal.owners.clear()
    with statements_to(database) as sent:
        await service.update_progress(job_id, 6, "Going on", done_units=3)
    assert [statement.split()[0].upper() for statement in sent if "BEGIN" not in statement] == ["UPDATE"]
    assert signal.owners == [OWNER]
    assert (await service.get_job_by_id(job_id, OWNER)).message == "Going on"


async def test_a_report_over_http_is_one_statement_too(database: Database, service: JobMonitoringService) -> None:
    job_id = await _running(service)
    await service.report(job_id, OWNER, ReportProgress(progress=5))
    with statements_to(database) as sent:
        answer = await service.report(job_id, OWNER, ReportProgress(progress=6, status="running", attempt=1))
    assert (answer.progress, answer.clamped) == (6, False)
    assert [statement.split()[0].upper() for statement in sent if "BEGIN" not in statement] == ["UPDATE"]


async def test_a_stage_is_looked_at_and_recorded(database: Database, service: JobMonitoringService) -> None:
    job_id = await _running(service)
    await service.update_progress(job_id, 5)
    await service.update_progress(job_id, None, stage="read")
    assert [kind for _seq, kind, _data in await _events(database, job_id)] == ["created", "started", "stage"]


async def test_a_wish_to_cancel_is_heard_with_the_next_report(service: JobMonitoringService) -> None:
    job_id = await _running(service)
    await service.update_progress(job_id, 5)
    await service.request_cancel(job_id, OWNER)
    assert (await service.update_progress(job_id, 6)).cancel_requested
    assert (await service.update_progress(job_id, 7)).cancel_requested


async def test_what_another_process_wrote_is_not_overwritten(
    database: Database, clock: FakeClock, service: JobMonitoringService
) -> None:
    job_id = await _running(service)
    await service.update_progress(job_id, 5, "Mine")
    other = JobMonitoringService(database, clock, RecordingSignal())
    await other.update_progress(job_id, 60, "Its", done_units=7)
    answer = await service.update_progress(job_id, 30)
    shown = await service.get_job_by_id(job_id, OWNER)
    assert (answer.progress, shown.progress, shown.message, shown.done_units) == (60, 60, "Its", 7)


async def test_a_worker_that_lost_its_job_is_told(service: JobMonitoringService, database: Database) -> None:
    async with database.write() as session:
        job_id = (await service.create_in(session, OWNER, "import", engine="test", delivery=1)).id
    first = await service.claim(job_id, "worker-1", seconds=-1)
    assert first is not None
    await service.update_progress(job_id, 5, lease=first, lease_seconds=-1)
    assert await service.claim(job_id, "worker-2", seconds=10) is not None
    for _time in range(2):
        with pytest.raises(StaleLease):
            await service.update_progress(job_id, 6, lease=first)


async def test_of_two_attempts_in_one_process_only_the_present_one_writes(
    service: JobMonitoringService, database: Database
) -> None:
    async with database.write() as session:
        job_id = (await service.create_in(session, OWNER, "import", engine="test", delivery=1)).id
    first = await service.claim(job_id, "worker-1", seconds=-1)
    second = await service.claim(job_id, "worker-2", seconds=10)
    assert first is not None
    assert second is not None
    await service.update_progress(job_id, 5, lease=second)
    with pytest.raises(StaleLease):
        await service.update_progress(job_id, 6, lease=first)
    assert (await service.update_progress(job_id, 7, lease=second)).progress == 7


async def test_a_job_that_ended_or_is_gone_takes_no_report(service: JobMonitoringService) -> None:
    job_id = await _running(service)
    await service.update_progress(job_id, 5)
    await service.complete_job(job_id)
    with pytest.raises(JobEnded):
        await service.update_progress(job_id, 6)
    await service.delete(job_id, OWNER)
    with pytest.raises(JobNotFound):
        await service.update_progress(job_id, 6)


@pytest.mark.parametrize("body", [ReportProgress(progress=6), ReportProgress(progress=6, attempt=1)])
async def test_nobody_reports_on_a_job_of_somebody_else(service: JobMonitoringService, body: ReportProgress) -> None:
    job_id = await _running(service)
    await service.report(job_id, OWNER, ReportProgress(progress=5))
    with pytest.raises(JobNotFound):
        await service.report(job_id, OTHER, body)
    assert (await service.get_job_by_id(job_id, OWNER)).progress == 5


async def test_a_report_of_another_attempt_is_refused(service: JobMonitoringService) -> None:
    job_id = await _running(service)
    await service.report(job_id, OWNER, ReportProgress(progress=5))
    with pytest.raises(StaleLease):
        await service.report(job_id, OWNER, ReportProgress(progress=6, attempt=7))


async def test_moments_do_not_go_back_with_the_clock(service: JobMonitoringService, clock: FakeClock) -> None:
    job_id = await _running(service)
    await service.update_progress(job_id, 5)
    before = (await service.get_job_by_id(job_id, OWNER)).updated_at
    clock.advance(-3600)
    await service.update_progress(job_id, 6)
    assert (await service.get_job_by_id(job_id, OWNER)).updated_at == before


async def test_a_sign_of_life_ends_a_stall(database: Database, service: JobMonitoringService, clock: FakeClock) -> None:
    job_id = await _running(service)
    await service.update_progress(job_id, 5)
    async with database.read() as session:
        job = await queries.find(session, job_id)
    assert job is not None
    assert await service.mark_stalled(job)
    await service.update_progress(job_id, None)
    await service.update_progress(job_id, None)
    assert (await _row(database, job_id))["stalled_at"] is None


async def test_no_more_jobs_are_remembered_than_said(
    service: JobMonitoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticks, "MOST_REMEMBERED", 2)
    jobs = [await _running(service) for _ in range(3)]
    for percent in (5, 6):
        for job_id in jobs:
            assert (await service.update_progress(job_id, percent)).progress == percent
    assert [service._ticks.remembered(job_id) is None for job_id in jobs] == [True, False, False]


async def test_a_job_on_which_is_reported_is_not_forgotten_for_others(
    service: JobMonitoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticks, "MOST_REMEMBERED", 2)
    busy = await _running(service)
    await service.update_progress(busy, 5)
    for percent in (6, 7):
        await service.update_progress(busy, percent)
        await service.update_progress(await _running(service), 5)
    assert service._ticks.remembered(busy) is not None
