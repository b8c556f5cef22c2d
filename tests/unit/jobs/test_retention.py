"""Old jobs go: those past their time, all that belongs to them, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from headway.jobs import queries, retention_queries
from headway.jobs import retention as module
from headway.jobs.artifacts.service import ArtifactRules
from headway.jobs.history import JobHistory
from headway.jobs.models import BackgroundJob, JobCheckpoint, JobEvent
from headway.jobs.retention import Days, JobRetention, KeepJobs
from headway.jobs.retention_queries import Old
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from headway.settings import Settings
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

    async def ended(self, status: str, owner: str = OWNER, job_type: str = "import") -> UUID:
        async with self.database.write() as session:
            job = await self.service.create_in(session, owner, job_type, kind="test", engine="test", delivery=1)
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


async def test_a_job_that_is_tried_again_in_between_is_not_deleted(jobs: Jobs) -> None:
    job_id = await jobs.ended("failed")
    jobs.clock.advance(100 * DAY)
    old = Old("failed", jobs.clock.now())
    async with jobs.database.read() as session:
        found, _since = await retention_queries.list_oldest(session, old, None, 10)
    async with jobs.database.write() as session:
        again = {"status": "pending", "completed_at": None}
        await queries.update(session, jobs.clock.now(), BackgroundJob.id == job_id, again)
    async with jobs.database.write() as session:
        assert await retention_queries.delete_those(session, old, found) == 0
        assert await retention_queries.drop_events(session, old, found, jobs.clock.now()) == 0
    assert await jobs.left() == {job_id}


async def test_cancelled_jobs_and_types_have_days_of_their_own(jobs: Jobs) -> None:
    imported, exported = await jobs.ended("completed"), await jobs.ended("completed", job_type="export")
    failed, cancelled = await jobs.ended("failed", job_type="export"), await jobs.ended("cancelled")
    checked = await jobs.ended("completed", job_type="validation")
    types = {"export": Days(completed=2), "validation": Days(completed=0)}
    retention = JobRetention(jobs.database, jobs.clock, KeepJobs(10, 20, cancelled_days=5, types=types))
    gone = []
    for days in (2, 5, 10, 20):
        before = await jobs.left()
        jobs.clock.advance(days * DAY + 1)
        await forget(retention)
        gone.append(before - await jobs.left())
        jobs.clock.advance(-days * DAY)
    assert gone == [{exported}, {cancelled}, {imported}, {failed}]
    assert await jobs.left() == {checked}, "it is kept for ever"


async def test_batches_go_on_behind_what_another_rule_keeps(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, old = set(), set()
    for number in range(12):
        job_id = await jobs.ended("completed", job_type="import" if number % 3 else "export")
        (kept if number % 3 else old).add(job_id)
    jobs.clock.advance(100 * DAY)
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0)
    retention = JobRetention(jobs.database, jobs.clock, KeepJobs(0, 0, types={"export": Days(completed=1)}))
    assert await forget(retention, dry_run=True) == (4, 0)
    assert await forget(retention) == (4, 0)
    assert await jobs.left() == kept


async def test_events_go_before_their_job_which_says_so(jobs: Jobs) -> None:
    old, history = await jobs.ended("failed"), JobHistory(jobs.database)
    jobs.clock.advance(10 * DAY)
    young, exported = await jobs.ended("completed"), await jobs.ended("completed", job_type="export")
    live = (await jobs.service.create_job(OWNER, "import")).id
    before = await history.receipt(old, OWNER)
    keep = KeepJobs(100, 100, events_days=10, types={"export": Days(events=0)})
    retention = JobRetention(jobs.database, jobs.clock, keep)
    assert (await retention.drop_events(dry_run=True)).count == 0
    jobs.clock.advance(1)
    assert (await retention.drop_events(dry_run=True)).count == 1
    assert await jobs.left(JobEvent.job_id) == {old, young, exported, live}
    assert (await retention.drop_events(dry_run=False)).count == 1
    assert await jobs.left(JobEvent.job_id) == {young, exported, live}
    now = jobs.clock.now()
    told = [await history.list_events(old, OWNER), await history.list_attempts(old, OWNER)]
    assert [(each.items, each.events_dropped_at) for each in told] == [([], now), ([], now)]
    receipt = await history.receipt(old, OWNER)
    assert (receipt.events_dropped_at, receipt.headway) == (now, None)
    assert receipt.model_copy(update={"events_dropped_at": None, "headway": before.headway}) == before
    assert (await history.list_events(young, OWNER)).events_dropped_at is None
    for days in (10, 200):
        jobs.clock.advance(days * DAY)
        again = JobRetention(jobs.database, jobs.clock, keep)
        assert [(await each.drop_events(dry_run=False)).count for each in (retention, again)] == [int(days == 10), 0]
    assert await jobs.left(JobEvent.job_id) == {exported, live}


async def test_jobs_that_ended_at_one_moment_are_each_taken_once(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        await jobs.ended("failed")
    jobs.clock.advance(2 * DAY)
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0)
    retention = JobRetention(jobs.database, jobs.clock, KeepJobs(0, 1, events_days=1))
    for dry_run in (True, False):
        assert (await retention.drop_events(dry_run=dry_run)).count == 5
    for dry_run in (True, False):
        assert await forget(retention, dry_run=dry_run) == (0, 5)
    assert await jobs.left() == set()


async def test_a_job_that_was_tried_again_has_events_to_drop_once_more(jobs: Jobs) -> None:
    job_id = await jobs.ended("failed")
    retention = JobRetention(jobs.database, jobs.clock, KeepJobs(0, 0, events_days=1))
    for _ in range(2):
        jobs.clock.advance(2 * DAY)
        assert (await retention.drop_events(dry_run=False)).count == 1
        assert await jobs.left(JobEvent.job_id) == set()
        async with jobs.database.write() as session:
            again = {"status": "pending", "completed_at": None, "lease_owner": None}
            await queries.update(session, jobs.clock.now(), BackgroundJob.id == job_id, again)
        assert await jobs.service.claim(job_id, "worker", seconds=3600)
        await jobs.service.complete_job(job_id, error="again")
        assert await jobs.left(JobEvent.job_id) == {job_id}


def test_settings_say_how_long_each_type_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_KEEP_TYPES", '{"export": {"completed": 7, "events": 1}, "validation": {"failed": 0}}')
    monkeypatch.setenv("HEADWAY_KEEP_CANCELLED_DAYS", "3")
    keep = KeepJobs.worded(**Settings().keep_jobs)
    assert keep.types == {"export": Days(completed=7, events=1), "validation": Days(failed=0)}
    now = FakeClock().now()
    days = {
        status: {old.only: (now - old.before).days for old in keep.jobs(status, now)}
        for status in ("completed", "failed", "cancelled")
    }
    assert days == {"completed": {"export": 7, None: 30}, "failed": {None: 90}, "cancelled": {None: 3}}
    assert [old.but for old in keep.jobs("failed", now)] == [("validation",)]


def test_settings_say_how_long_files_and_lines_of_each_type_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_KEEP_TYPES", '{"export": {"artifacts": 3, "logs": 0}, "import": {"logs": 5}}')
    settings, now = Settings(), FakeClock().now()
    rules = ArtifactRules(**settings.artifact_rules)
    kept = [rules.expiry(name, now) for name in ("export", "import")]
    assert kept == [now + timedelta(days=3), now + timedelta(days=14)]
    lines = KeepJobs.worded(**settings.keep_jobs).lines(now)
    assert [(old.only, (now - old.before).days, old.but) for old in lines] == [
        ("import", 5, ()), (None, 30, ("export", "import")),
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", ['{"export": {"done": 7}}', '{"export": {"failed": -1}}', '{"export": 7}'])
def test_settings_refuse_what_they_do_not_know(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("HEADWAY_KEEP_TYPES", wrong)
    with pytest.raises(ValueError, match="keep_types"):
        Settings()
