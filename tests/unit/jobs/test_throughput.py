"""How many jobs ended when: counted once, kept longer than the jobs, and current to the second."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from headway.jobs.models import BackgroundJob, EndedJobs
from headway.jobs.service import JobMonitoringService
from headway.jobs.states import TERMINAL
from headway.jobs.throughput import KEPT_DAYS, Ended, Throughput
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.statements import statements_to


@pytest.fixture
def throughput(database: Database, clock: FakeClock) -> Throughput:
    # At the beginning of a span of any length.
    clock.advance(3600 - clock.now().timestamp() % 3600)
    return Throughput(database, clock)


async def end(service: JobMonitoringService, *errors: str | None) -> None:
    for error in errors:
        await service.complete_job((await service.create_job("ann", "external")).id, error)


def shown(spans: list[Ended]) -> dict[datetime, tuple[int, int, int]]:
    return {each.at: (each.completed, each.failed, each.cancelled) for each in spans if each.completed or each.failed}


async def test_ends_are_counted_in_their_spans_with_and_without_having_been_kept(
    service: JobMonitoringService, throughput: Throughput, clock: FakeClock
) -> None:
    began = clock.now()
    await end(service, None, None, "no")
    clock.advance(90)
    await end(service, None)
    clock.advance(3600)
    await end(service, "no")
    expected = {
        began: (2, 1, 0), began + timedelta(minutes=1): (1, 0, 0), began + timedelta(minutes=61): (0, 1, 0),
    }  # fmt: skip
    for _ in range(2):
        await throughput.keep()
        spans = await throughput.read(3, 1)
        assert shown(spans) == expected
    assert len(spans) == 180
    assert spans[-1].at == began + timedelta(minutes=61)
    assert shown(await throughput.read(24, 10)) == {began: (3, 1, 0), began + timedelta(hours=1): (0, 1, 0)}
    assert len(await throughput.read(7 * 24, 60)) == 168


async def test_what_ended_this_very_minute_is_shown_before_anybody_kept_it(
    service: JobMonitoringService, throughput: Throughput, clock: FakeClock
) -> None:
    await end(service, None)
    assert shown(await throughput.read(3, 1)) == {clock.now(): (1, 0, 0)}


async def test_numbers_outlive_their_jobs_and_what_is_tried_again(
    service: JobMonitoringService, throughput: Throughput, clock: FakeClock, database: Database
) -> None:
    began = clock.now()
    await end(service, None, "no")
    clock.advance(120)
    await throughput.keep()
    async with database.write() as session:
        await session.execute(sa.delete(BackgroundJob))
    clock.advance(120)
    await throughput.keep()
    clock.advance(600)
    assert shown(await throughput.read(3, 1)) == {began: (1, 1, 0)}


async def test_an_end_that_was_committed_late_is_counted(
    service: JobMonitoringService, throughput: Throughput, clock: FakeClock, database: Database
) -> None:
    began = clock.now()
    await end(service, None)
    clock.advance(120)
    await throughput.keep()
    await end(service, None)
    async with database.write() as session:
        late = sa.update(BackgroundJob).where(BackgroundJob.completed_at == clock.now())
        await session.execute(late.values(created_at=began, completed_at=began + timedelta(seconds=30)))
    clock.advance(120)
    await throughput.keep()
    clock.advance(3600)
    assert shown(await throughput.read(3, 1)) == {began: (2, 0, 0)}


async def test_what_happened_while_nobody_counted_is_counted_after_the_start(
    service: JobMonitoringService, throughput: Throughput, clock: FakeClock, database: Database
) -> None:
    await end(service, None)
    clock.advance(60)
    await throughput.keep()
    clock.advance(5 * 3600)
    began = clock.now()
    await end(service, None)
    clock.advance(3600)
    await Throughput(database, clock).keep()
    assert shown(await throughput.read(3, 1)) == {began: (1, 0, 0)}


async def test_after_a_start_only_hours_are_counted_in_which_jobs_ended(
    service: JobMonitoringService, throughput: Throughput, clock: FakeClock, database: Database
) -> None:
    expected = {}
    for days in (1, 3):
        expected[clock.now()] = (1, 0, 0)
        await end(service, None)
        clock.advance(days * 86400)
    with statements_to(database) as sent:
        await throughput.keep()
    counted = [statement for statement in sent if "GROUP BY" in statement]
    assert len(counted) == len(TERMINAL) * len(expected)
    assert shown(await throughput.read(7 * 24, 60)) == expected


async def test_old_numbers_go(
    service: JobMonitoringService, throughput: Throughput, clock: FakeClock, database: Database
) -> None:
    await end(service, None)
    clock.advance(60)
    await throughput.keep()
    clock.advance(KEPT_DAYS * 86400 + 60)
    await throughput.keep()
    async with database.read() as session:
        assert (await session.execute(sa.select(EndedJobs))).all() == []
