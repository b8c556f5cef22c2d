"""How long the lines of jobs are kept: days of their own, others for some types, and never longer than their job."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from headway.errors import BadRequest
from headway.jobs.logs.ring import Line
from headway.jobs.logs.service import LogBook
from headway.jobs.logs.upkeep import LogRetention
from headway.jobs.models import JobLog
from headway.jobs.queries import Lease
from headway.jobs.retention import Days, KeepJobs
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.support.clock import FakeClock

ANN = "ann"
NOW = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)


@pytest.fixture
def book(database: Database, clock: FakeClock) -> LogBook:
    return LogBook(database, clock)


def lines(text: str) -> list[Line]:
    return [Line(NOW, "info", "worker", text)]


async def claimed(service: JobMonitoringService, database: Database, job_type: str = "import") -> Lease:
    async with database.write() as session:
        job = await service.create_in(session, ANN, job_type, kind="test", engine="test")
    lease = await service.claim(job.id, "worker-1", seconds=10)
    assert lease is not None
    return lease


async def texts(book: LogBook, lease: Lease) -> list[str]:
    return [line.text for line in (await book.read(ANN, lease.job_id, after=None, limit=1000)).items]


async def test_lines_go_before_their_job_if_they_are_to(
    service: JobMonitoringService, database: Database, book: LogBook, clock: FakeClock
) -> None:
    lease = await claimed(service, database)
    await book.write(lease, lines("old"))
    clock.advance(20 * 24 * 3600)
    other = await claimed(service, database)
    await book.write(other, lines("young"))
    clock.advance(11 * 24 * 3600)
    assert (await LogRetention(database, clock, KeepJobs(1, 1)).forget(dry_run=False)).count == 0
    for dry_run in (True, False):
        assert (await LogRetention(database, clock, KeepJobs(1, 1, log_days=30)).forget(dry_run=dry_run)).count == 1
    assert await texts(book, lease) == []
    assert await texts(book, other) == ["young"]


@pytest.mark.parametrize(
    ("log_days", "types", "left"),
    [
        (30, {"import": Days(logs=0)}, {"import"}),
        (30, {"export": Days(logs=0), "import": Days(completed=1)}, {"export"}),
        (0, {"import": Days(logs=30)}, {"export"}),
        (60, {"import": Days(logs=30), "export": Days(logs=10)}, set()),
    ],
)
async def test_lines_of_some_types_have_days_of_their_own(
    service: JobMonitoringService,
    database: Database,
    book: LogBook,
    clock: FakeClock,
    log_days: int,
    types: dict[str, Days],
    left: set[str],
) -> None:
    leases = {name: await claimed(service, database, job_type=name) for name in ("import", "export")}
    for lease in leases.values():
        await book.write(lease, lines("a line"))
    clock.advance(31 * 24 * 3600)
    retention = LogRetention(database, clock, KeepJobs(1, 1, log_days=log_days, types=types))
    for dry_run in (True, False):
        assert (await retention.forget(dry_run=dry_run)).count == 2 - len(left)
    assert {name for name, lease in leases.items() if await texts(book, lease)} == left


async def test_lines_go_with_their_job(service: JobMonitoringService, database: Database, book: LogBook) -> None:
    lease = await claimed(service, database)
    await book.write(lease, lines("a"))
    await service.fail(lease, BadRequest().problem())
    await service.delete(lease.job_id, ANN)
    async with database.read() as session:
        assert (await session.execute(sa.select(sa.func.count()).select_from(JobLog))).scalar_one() == 0
