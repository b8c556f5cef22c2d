"""What operators do to anybody's jobs, and that each deed is in the audit: with it, or for its refusal."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from headway.audit.log import By, Target
from headway.audit.models import AuditEntry
from headway.audit.reading import AuditReader, Wanted
from headway.jobs import operating
from headway.jobs.deliveries import Deliveries
from headway.jobs.errors import JobEnded, JobNotFound, JobStillRunning, NotRetryable
from headway.jobs.history import JobHistory
from headway.jobs.operating import JobOperations
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

BOSS = By("boss", "10.0.0.1", "request-1")
OWNER = "ann"


@pytest.fixture
def engine() -> RecordingSubmitter:
    return RecordingSubmitter()


@pytest.fixture
def operations(
    database: Database, clock: FakeClock, signal: RecordingSignal, engine: RecordingSubmitter
) -> JobOperations:
    return JobOperations(database, clock, signal, Deliveries(database, clock, signal, engine))


async def waiting(service: JobMonitoringService, database: Database) -> UUID:
    async with database.write() as session:
        job = await service.create_in(session, OWNER, "import", kind="test", engine="test", delivery=1)
    return job.id


async def audit(database: Database, target: Target | None = None) -> list[tuple[str, str, str]]:
    """Return action, target and result of what is in the audit, the oldest first."""
    page = await AuditReader(database).list_entries(Wanted(target=target), limit=100, cursor=None)
    return [(entry.action, entry.target, entry.result) for entry in reversed(page.entries)]


async def test_a_waiting_job_of_anybody_is_cancelled_and_its_owner_reads_by_whom(
    service: JobMonitoringService, database: Database, operations: JobOperations, engine: RecordingSubmitter
) -> None:
    job_id = await waiting(service, database)
    told = await operations.cancel(job_id, BOSS)
    assert (told.phase, told.owner, told.retryable) == ("cancelled", OWNER, True)
    assert engine.cancelled == [job_id]
    assert (await service.get_job_by_id(job_id, OWNER)).message == "Cancelled by the operator"
    assert await audit(database) == [("job.cancel", str(job_id), "done")]


async def test_a_running_job_of_anybody_is_asked_to_stop(
    service: JobMonitoringService, database: Database, operations: JobOperations, history: JobHistory
) -> None:
    job_id = await waiting(service, database)
    await service.claim(job_id, "worker", seconds=60)
    assert (await operations.cancel(job_id, BOSS)).phase == "cancelling"
    assert (await service.get_job_by_id(job_id, OWNER)).cancel_requested
    *_, asked = (await history.list_events(job_id, OWNER)).items
    assert (asked.kind, asked.data) == ("cancel_requested", {"by": "operator"})


async def test_a_failed_job_of_anybody_is_tried_again(
    service: JobMonitoringService, database: Database, operations: JobOperations, engine: RecordingSubmitter
) -> None:
    job_id = await waiting(service, database)
    lease = await service.claim(job_id, "worker", seconds=60)
    assert lease is not None
    await service.fail(lease, {"detail": "no", "code": "internal"})
    assert (await operations.retry(job_id, BOSS)).phase == "retrying"
    assert [one.job_id for one in engine.held] == [job_id]
    assert await audit(database, Target("job", str(job_id))) == [("job.retry", str(job_id), "done")]


async def test_what_is_refused_is_in_the_audit_with_the_reason(
    service: JobMonitoringService, database: Database, operations: JobOperations
) -> None:
    ended, unknown = await waiting(service, database), uuid4()
    with pytest.raises(JobStillRunning):
        await operations.retry(ended, BOSS)
    await service.complete_job(ended)
    with pytest.raises(JobEnded):
        await operations.cancel(ended, BOSS)
    with pytest.raises(NotRetryable):
        await operations.retry(ended, BOSS)
    with pytest.raises(JobNotFound):
        await operations.cancel(unknown, BOSS)
    assert sorted(await audit(database)) == sorted(
        [
            ("job.retry", str(ended), "job.still_running"),
            ("job.cancel", str(ended), "job.ended"),
            ("job.retry", str(ended), "job.not_retryable"),
            ("job.cancel", str(unknown), "job.not_found"),
        ]
    )


async def test_an_entry_says_who_when_and_from_where(
    database: Database, operations: JobOperations, clock: FakeClock
) -> None:
    await operations.pause("bulk", "disk is full", BOSS)
    (entry,) = (await AuditReader(database).list_entries(Wanted(), limit=10, cursor=None)).entries
    assert (entry.actor, entry.address, entry.request_id, entry.at) == ("boss", "10.0.0.1", "request-1", clock.now())
    assert (entry.target_type, entry.target, entry.details) == ("queue", "bulk", {"reason": "disk is full"})


async def test_a_deed_without_its_entry_is_not_done(
    service: JobMonitoringService, database: Database, operations: JobOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(session: AsyncSession, *_args: object, **_details: object) -> None:
        session.add(AuditEntry(id=None))
        await session.flush()

    job_id = await waiting(service, database)
    monkeypatch.setattr(operating, "record", broken)
    for act in (operations.cancel(job_id, BOSS), operations.pause("imports", "", BOSS)):
        with pytest.raises(Exception, match=r"(?i)null|identity"):
            await act
    assert (await service.get_job_by_id(job_id, OWNER)).status == "running"
    assert await service.claim(job_id, "worker", seconds=60) is not None


async def test_the_audit_is_read_by_pages(database: Database, operations: JobOperations, clock: FakeClock) -> None:
    for number in range(5):
        await operations.pause("imports", str(number), BOSS)
        clock.advance(0 if number % 2 else 1)
    await operations.resume("bulk", BOSS)
    reader, cursor, reasons = AuditReader(database), None, []
    for _ in range(3):
        page = await reader.list_entries(Wanted(target=Target("queue", "imports")), limit=2, cursor=cursor)
        reasons += [entry.details["reason"] for entry in page.entries]
        cursor = page.next_cursor
    assert cursor is None
    assert sorted(reasons) == list("01234")
    assert len(reasons) == 5
