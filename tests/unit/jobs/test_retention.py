"""Old jobs go: those past their time, all that belongs to them, and nothing else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from headway.jobs import queries
from headway.jobs import retention as module
from headway.jobs.models import BackgroundJob, JobCheckpoint, JobEvent
from headway.jobs.retention import JobRetention, KeepJobs
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal

DAY = 24 * 3600
OWNER, OTHER = "ann", "bob"
STATUSES = ("completed", "failed", "cancelled")


class Jobs:
    """Jobs of several ages, and what is left of them."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock
        self.service = JobMonitoringService(database, clock, RecordingSignal())

    async def ended(self, status: str, owner: str = OWNER) -> UUID:
        async with self.database.write() as session:
            job = await self.service.create_in(session, owner, "import", kind="test", engine="test", delivery=1)
        lease = await self.service.claim(job.id, "worker", seconds=3600)
        assert lease is not None
        await self.service.save_checkpoint(lease, "parse", {})
        match status:
            case "completed":
                await self.service.complete_job(job.id)
            case "failed":
                await self.service.complete_job(job.id, error="no")
            case "cancelled":
                await self.service.confirm_cancelled(lease)
        return job.id

    def retention(self, completed_days: int = 30, failed_days: int = 90) -> JobRetention:
        return JobRetention(self.database, self.clock, KeepJobs(completed_days, failed_days))

    async def left(self, column: Any = BackgroundJob.id) -> set[UUID]:
        async with self.database.read() as session:
            return set((await session.execute(sa.select(column))).scalars())


@pytest.fixture
def jobs(database: Database, clock: FakeClock) -> Jobs:
    return Jobs(database, clock)


async def forget(retention: JobRetention, *, dry_run: bool = False) -> tuple[int, int]:
    """Return how many completed, and how many failed and cancelled ones, were past their time."""
    completed = await retention.forget_completed(dry_run=dry_run)
    return completed.count, (await retention.forget_failed(dry_run=dry_run)).count


async def test_each_job_goes_at_its_time_with_all_that_belongs_to_it(jobs: Jobs) -> None:
    completed, failed, cancelled = [await jobs.ended(status, OTHER) for status in STATUSES]
    live = (await jobs.service.create_job(OWNER, "export")).id
    jobs.clock.advance(30 * DAY)
    young = await jobs.ended("completed")
    assert await forget(jobs.retention()) == (0, 0)
    jobs.clock.advance(1)
    assert await forget(jobs.retention()) == (1, 0)
    for column in (BackgroundJob.id, JobEvent.job_id):
        assert await jobs.left(column) == {failed, cancelled, live, young}
    assert await jobs.left(JobCheckpoint.job_id) == {failed, cancelled, young}
    jobs.clock.advance(60 * DAY)
    assert await forget(jobs.retention()) == (1, 2)
    assert await jobs.left() == {live}
    assert await jobs.left(JobCheckpoint.job_id) == set()
    assert completed != live


async def test_no_days_are_for_ever(jobs: Jobs) -> None:
    made = {await jobs.ended(status) for status in STATUSES}
    jobs.clock.advance(5000 * DAY)
    assert await forget(jobs.retention(0, 0)) == (0, 0)
    assert await jobs.left() == made
    assert await forget(jobs.retention(0, 1)) == (0, 2)


async def test_a_dry_run_tells_and_deletes_nothing(jobs: Jobs) -> None:
    made, began = {await jobs.ended(status) for status in STATUSES}, jobs.clock.now()
    jobs.clock.advance(100 * DAY)
    found = await jobs.retention().forget_failed(dry_run=True)
    assert (found.count, found.oldest) == (2, began)
    assert (await jobs.retention().forget_completed(dry_run=True)).count == 1
    assert await jobs.left() == made


async def test_a_job_that_is_tried_again_is_not_an_old_one(jobs: Jobs) -> None:
    job_id = await jobs.ended("failed")
    jobs.clock.advance(100 * DAY)
    async with jobs.database.write() as session:
        again = {"status": "pending", "completed_at": None}
        await queries.update(session, jobs.clock.now(), BackgroundJob.id == job_id, again)
    assert await forget(jobs.retention()) == (0, 0)
    assert await jobs.left() == {job_id}


async def test_all_batches_are_done_and_each_is_a_transaction(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for _ in range(5):
        made.append(await jobs.ended("completed"))
        jobs.clock.advance(1)
    jobs.clock.advance(40 * DAY)
    seen: list[set[UUID]] = []

    async def pause(_seconds: float) -> None:
        seen.append(await jobs.left())

    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module.asyncio, "sleep", pause)
    assert await forget(jobs.retention()) == (5, 0)
    monkeypatch.undo()
    assert seen == [set(made[2:]), set(made[4:])]
    assert await jobs.left() == set()


async def test_the_oldest_are_found_without_reading_the_others(jobs: Jobs, backend: str) -> None:
    statements: list[tuple[str, Any]] = []
    async with jobs.database.write() as session:
        connection = (await session.connection()).sync_connection
        assert connection is not None

        @sa.event.listens_for(connection, "before_cursor_execute")
        def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
            statements.append((statement, parameters))

        await queries.delete_oldest(session, "completed", jobs.clock.now(), 500)
        ((statement, parameters),) = list(statements)
        explain = "explain query plan" if backend == "sqlite" else "explain"
        if backend != "sqlite":
            # A table without rows is quicker read whole.
            await session.execute(sa.text("set local enable_seqscan = off"))
        plan = await session.run_sync(
            lambda sync: sync.connection().exec_driver_sql(f"{explain} {statement}", parameters).all()
        )
    told = "\n".join(str(row) for row in plan)
    assert "ix_background_jobs_ended" in told, told
    assert "SCAN background_jobs" not in told, told
    assert "Seq Scan on background_jobs" not in told, told
