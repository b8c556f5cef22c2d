"""When a job should end is read off what others of its type and size needed, and off nothing else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from headway.jobs.durations import KEPT
from headway.jobs.errors import WorkersLost
from headway.jobs.models import JobDuration
from headway.jobs.schemas import ExpectedEnd
from headway.jobs.service import JobMonitoringService, Lease
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal

OWNER = "ann"
SMALL, LARGE = 5_000, 50_000_000


class Runs:
    """Jobs that Headway runs itself, in words of this test."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock
        self.service = JobMonitoringService(database, clock, RecordingSignal())

    async def begin(self, size: int = SMALL, job_type: str = "import", engine: str = "dbos") -> Lease:
        async with self.database.write() as session:
            details: dict[str, Any] = {"bytes": size}
            job = await self.service.create_in(session, OWNER, job_type, engine=engine, details=details)
        lease = await self.service.claim(job.id, "w", seconds=60)
        assert lease is not None
        return lease

    async def run(self, parse_seconds: float, size: int = SMALL, **values: str) -> None:
        lease = await self.begin(size, **values)
        await self.service.update_progress(lease.job_id, 41, lease=lease, stage="parse")
        self.clock.advance(parse_seconds)
        await self.service.update_progress(lease.job_id, 70, lease=lease, stage="store")
        self.clock.advance(1)
        async with self.database.write() as session:
            await self.service.finish_in(session, lease, outcome="succeeded", stage="done")

    async def expected(self, job_id: UUID) -> ExpectedEnd | None:
        return (await self.service.get_job_by_id(job_id, OWNER)).expected_end

    async def seconds_left(self, stage: str, **values: Any) -> tuple[float, float] | None:
        lease = await self.begin(**values)
        await self.service.update_progress(lease.job_id, 41, lease=lease, stage=stage)
        expected = await self.expected(lease.job_id)
        if expected is None:
            return None
        now = self.clock.now()
        return (expected.likely_at - now).total_seconds(), (expected.late_at - now).total_seconds()


@pytest.fixture
def runs(database: Database, clock: FakeClock) -> Runs:
    return Runs(database, clock)


async def test_nothing_is_said_before_three_are_known(runs: Runs) -> None:
    for _ in range(2):
        await runs.run(9)
        assert await runs.seconds_left("parse") is None
    await runs.run(9)
    assert await runs.seconds_left("parse") == (10, 10)


async def test_it_is_the_median_and_what_nine_of_ten_needed_from_this_stage_on(runs: Runs) -> None:
    for seconds in range(11):
        await runs.run(seconds * 10)
    assert await runs.seconds_left("parse") == (51, 91)
    assert await runs.seconds_left("store") == (1, 1)
    assert await runs.seconds_left("publish") is None


async def test_only_what_is_alike_counts(runs: Runs) -> None:
    for _ in range(3):
        await runs.run(100, LARGE)
        await runs.run(100, job_type="export")
        await runs.run(100, engine="external")
    assert await runs.seconds_left("parse") is None
    assert await runs.seconds_left("parse", size=LARGE + 1000) == (101, 101)


async def test_the_newest_are_kept(runs: Runs) -> None:
    for _ in range(KEPT + 5):
        await runs.run(50)
    for _ in range(KEPT):
        await runs.run(5)
    assert await runs.seconds_left("parse") == (6, 6)
    async with runs.database.read() as session:
        kept = await session.execute(sa.select(sa.func.count()).where(JobDuration.stage == "parse"))
    assert kept.scalar_one() == KEPT


async def test_an_ended_or_waiting_job_is_expected_by_nobody(runs: Runs) -> None:
    for _ in range(3):
        await runs.run(5)
    ended, waiting = await runs.begin(), await runs.begin()
    for lease in (ended, waiting):
        await runs.service.update_progress(lease.job_id, 41, lease=lease, stage="parse")
        assert await runs.expected(lease.job_id) is not None
    await runs.service.fail(ended, WorkersLost("All are gone.").problem())
    await runs.service.hand_back(waiting, "restarted")
    assert await runs.expected(ended.job_id) is None
    assert await runs.expected(waiting.job_id) is None
