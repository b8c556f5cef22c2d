"""What the counters say is what there is, whoever changed jobs and however many at once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa

from headway.jobs import counter_queries
from headway.jobs.bulk import BulkActions
from headway.jobs.counters import STATES_OF, CounterCare
from headway.jobs.deliveries import Deliveries
from headway.jobs.errors import UnknownFilter
from headway.jobs.filters import STATUS_WORDS, JobFilter
from headway.jobs.history import JobHistory
from headway.jobs.models import BackgroundJob, JobCount
from headway.jobs.retention import JobRetention, KeepJobs
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.conftest import TEMPLATE
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

OWNER, OTHER = "ann", "bob"
DAY = 24 * 3600


class Jobs:
    """Jobs and everything that changes them."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock, signal = database, FakeClock(), RecordingSignal()
        self.service = JobMonitoringService(database, self.clock, signal)
        self.deliveries = Deliveries(database, self.clock, signal, RecordingSubmitter())
        self.bulk = BulkActions(database, self.service, self.deliveries)
        self.history = JobHistory(database)

    async def waiting(self, owner: str = OWNER, job_type: str = "import") -> UUID:
        async with self.database.write() as session:
            values = {"kind": "test", "engine": "test", "delivery": 1}
            return (await self.service.create_in(session, owner, job_type, **values)).id

    async def end(self, job_id: UUID, outcome: str) -> None:
        """Run a waiting job to one of its ends."""
        lease = await self.service.claim(job_id, "worker", seconds=3600)
        assert lease is not None
        if outcome == "failed":
            await self.service.complete_job(job_id, error="no")
        elif outcome == "cancelled":
            await self.service.confirm_cancelled(lease)
        else:
            async with self.database.write() as session:
                await self.service.finish_in(session, lease, outcome=outcome)

    async def counted(self, owner: str = OWNER) -> dict[tuple[str, str], int]:
        async with self.database.read() as session:
            return {(kind, state): n for kind, state, n in await counter_queries.list_counts(session, owner)}

    async def slots(self) -> int:
        async with self.database.read() as session:
            return (await session.execute(sa.select(sa.func.count()).select_from(JobCount))).scalar_one()

    async def wrong(self) -> int:
        return await CounterCare(self.database).count_wrong()


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


@pytest.fixture
async def on_postgres(postgres_server: str) -> AsyncIterator[Jobs]:
    """Jobs on PostgreSQL, whatever the other tests stand on: only there two transactions write at once."""
    name = f"counters_{uuid4().hex[:8]}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"create database {name} template {TEMPLATE}")
        database = Database(f"{postgres_server.rpartition('/')[0]}/{name}", pool_size=10)
        yield Jobs(database)
        await database.close()
        server.execute(f"drop database {name} with (force)")


async def test_each_step_of_a_job_is_counted(jobs: Jobs) -> None:
    job_id = await jobs.waiting()
    assert await jobs.counted() == {("import", "pending"): 1}
    await jobs.end(job_id, "failed")
    assert await jobs.counted() == {("import", "failed"): 1}
    await jobs.deliveries.retry(job_id, OWNER)
    assert await jobs.counted() == {("import", "pending"): 1}
    await jobs.end(job_id, "partial")
    assert await jobs.counted() == {("import", "partial"): 1}
    await jobs.service.dismiss(job_id, OWNER)
    await jobs.end(await jobs.waiting(job_type="export"), "succeeded")
    await jobs.waiting(OTHER)
    assert await jobs.counted() == {("import", "partial"): 1, ("export", "completed"): 1}
    await jobs.service.delete(job_id, OWNER)
    assert await jobs.counted() == {("export", "completed"): 1}
    assert await jobs.wrong() == 0


async def test_what_is_rolled_back_was_never_counted(jobs: Jobs) -> None:
    with pytest.raises(ZeroDivisionError):
        async with jobs.database.write() as session:
            await jobs.service.create_in(session, OWNER, "import")
            raise ZeroDivisionError
    assert await jobs.counted() == {}


async def test_jobs_that_are_changed_many_at_once_are_counted_each(jobs: Jobs) -> None:
    made = [await jobs.waiting() for _ in range(6)]
    for job_id, outcome in zip(made, ["failed", "failed", "succeeded", "partial", "cancelled"], strict=False):
        await jobs.end(job_id, outcome)
    await jobs.bulk.act(OWNER, "retry", made[:2])
    await jobs.service.cancel_all(OWNER)
    assert await jobs.counted() == {
        ("import", "cancelled"): 4, ("import", "completed"): 1, ("import", "partial"): 1,
    }  # fmt: skip
    await jobs.bulk.act_where(OWNER, "delete", JobFilter(statuses=("cancelled",)))
    assert await jobs.counted() == {("import", "completed"): 1, ("import", "partial"): 1}
    jobs.clock.advance(40 * DAY)
    await JobRetention(jobs.database, jobs.clock, KeepJobs(30, 30)).forget_completed(dry_run=False)
    assert await jobs.counted() == {}
    assert await jobs.wrong() == 0


async def test_nothing_says_that_an_erased_owner_was_there(jobs: Jobs) -> None:
    for outcome in ("failed", "succeeded"):
        await jobs.end(await jobs.waiting(), outcome)
    await jobs.waiting(OTHER)
    async with jobs.database.write() as session:
        await jobs.service.erase_owner_in(session, OWNER)
    async with jobs.database.read() as session:
        assert set((await session.execute(sa.select(JobCount.user_id))).scalars()) == {OTHER}
    assert await jobs.counted(OTHER) == {("import", "pending"): 1}


async def test_what_changed_without_being_counted_is_found_and_mended(jobs: Jobs) -> None:
    for outcome in ("failed", "succeeded", "partial"):
        await jobs.end(await jobs.waiting(), outcome)
    right = await jobs.counted()
    async with jobs.database.write() as session:
        await session.execute(sa.update(JobCount).where(JobCount.state == "failed").values(count=7))
        await session.execute(sa.delete(JobCount).where(JobCount.state == "partial"))
        session.add(JobCount(user_id="nobody", job_type="x", state="failed", slot=0, count=2))
    care = CounterCare(jobs.database)
    assert await care.mend(dry_run=True) == 3
    assert await jobs.counted() != right
    assert await care.mend(dry_run=False) == 3
    assert (await jobs.counted(), await jobs.counted("nobody")) == (right, {})
    assert await care.mend(dry_run=False) == 0
    assert await jobs.slots() == len(right)


async def test_a_count_is_told_beside_each_filter(jobs: Jobs) -> None:
    for outcome in ("failed", "succeeded", "partial", "partial"):
        await jobs.end(await jobs.waiting(), outcome)
    await jobs.end(await jobs.waiting(job_type="export"), "failed")
    await jobs.waiting()
    await jobs.waiting(OTHER)
    everything = await jobs.history.count_jobs(OWNER)
    assert (everything.total, everything.matching) == (6, 6)
    assert everything.status == {
        "running": 1, "pending": 1, "paused": 0, "completed": 3, "partial": 2, "failed": 2, "cancelled": 0,
    }  # fmt: skip
    assert [(one.job_type, one.count) for one in everything.job_types] == [("import", 5), ("export", 1)]
    some = await jobs.history.count_jobs(OWNER, JobFilter(statuses=("failed", "!partial"), job_type="import"))
    assert (some.total, some.matching, some.status["failed"]) == (6, 1, 1)
    assert [(one.job_type, one.count) for one in some.job_types] == [("export", 1), ("import", 1)]
    with pytest.raises(UnknownFilter):
        await jobs.history.count_jobs(OWNER, JobFilter(statuses=("broken",)))


@pytest.mark.parametrize("words", [(), *((word,) for word in STATUS_WORDS), *((f"!{word}",) for word in STATUS_WORDS)])
async def test_a_count_is_the_length_of_the_list(jobs: Jobs, words: tuple[str, ...]) -> None:
    for outcome in ("failed", "succeeded", "partial", "cancelled"):
        await jobs.end(await jobs.waiting(), outcome)
    await jobs.waiting()
    await jobs.service.claim(await jobs.waiting(), "worker", seconds=3600)
    where = JobFilter(statuses=words)
    listed = await jobs.history.list_jobs(OWNER, limit=100, cursor=None, where=where)
    assert (await jobs.history.count_jobs(OWNER, where)).matching == len(listed.items)
    assert STATES_OF.keys() == STATUS_WORDS.keys()


async def test_of_many_types_those_with_most_jobs_are_told(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headway.jobs.counters.MOST_TYPES", 2)
    for job_type in ("a", "b", "b", "c", "c", "c"):
        await jobs.waiting(job_type=job_type)
    told = await jobs.history.count_jobs(OWNER)
    assert [one.job_type for one in told.job_types] == ["c", "b"]
    assert (told.more_job_types, told.total) == (True, 6)


# ------------------------------------------------------------------------- many at once, on PostgreSQL


async def live_out(jobs: Jobs, owner: str, chance: random.Random) -> None:
    """Take a job through some of what can happen to one."""
    job_id = await jobs.waiting(owner, chance.choice(["import", "export"]))
    await jobs.end(job_id, chance.choice(["succeeded", "partial", "failed", "failed", "cancelled"]))
    async with jobs.database.read() as session:
        job = await session.get(BackgroundJob, job_id)
    assert job is not None
    if job.status in {"failed", "cancelled"} and chance.random() < 0.5:
        await jobs.deliveries.retry(job_id, owner)
    elif chance.random() < 0.5:
        await jobs.service.delete(job_id, owner)


async def test_counts_are_exact_after_many_at_once_and_meanwhile(on_postgres: Jobs) -> None:
    jobs, chance = on_postgres, random.Random(5)
    # The service's clock stands still, but leases go by the database's.
    lives = [live_out(jobs, chance.choice([OWNER, OTHER]), random.Random(number)) for number in range(60)]
    ended = asyncio.Event()

    async def look() -> list[int]:
        found = []
        while not ended.is_set():
            found.append(await jobs.wrong())
            found.append(await CounterCare(jobs.database).mend(dry_run=False))
        return found

    looking = asyncio.create_task(look())
    await asyncio.gather(*lives)
    ended.set()
    assert set(await looking) == {0}
    assert await jobs.wrong() == 0
    async with jobs.database.read() as session:
        left = sa.select(BackgroundJob.user_id, sa.func.count()).group_by(BackgroundJob.user_id)
        for owner, number in await session.execute(left):
            assert sum((await jobs.counted(owner)).values()) == number
    await CounterCare(jobs.database).mend(dry_run=False)
    counts = [await jobs.counted(owner) for owner in (OWNER, OTHER)]
    assert await jobs.slots() == sum(len(one) for one in counts)


async def test_nobody_waits_for_somebody_else_who_counts(on_postgres: Jobs) -> None:
    """Two transactions change jobs of one owner in opposite order: on one row they would wait in a circle."""
    jobs = on_postgres
    first, second = await jobs.waiting(job_type="a"), await jobs.waiting(job_type="b")
    others = await jobs.waiting(job_type="b"), await jobs.waiting(job_type="a")

    async def cancel(session: Any, job_id: UUID) -> None:
        values = {"status": "cancelled", "completed_at": jobs.clock.now()}
        await session.execute(sa.update(BackgroundJob).where(BackgroundJob.id == job_id).values(values))

    async with asyncio.timeout(20), jobs.database.write() as one:
        await cancel(one, first)
        async with jobs.database.write() as two:
            await cancel(two, others[0])
            await cancel(one, second)
            await cancel(two, others[1])
            assert await jobs.wrong() == 0
    assert await jobs.counted() == {("a", "cancelled"): 2, ("b", "cancelled"): 2}


async def test_progress_touches_no_index_and_no_counter(on_postgres: Jobs) -> None:
    """A report is written beside the row on the same page (HOT): the day a column of it is indexed, this fails."""
    jobs = on_postgres
    job_id = await jobs.waiting()
    lease = await jobs.service.claim(job_id, "worker", seconds=3600)
    reports = 50
    before = await updates(jobs)
    for number in range(reports):
        await jobs.service.update_progress(
            job_id, number, f"row {number}", lease=lease, stage="parse", done_units=number, total_units=reports
        )
    after = await updates(jobs)
    assert after["background_jobs"]["updates"] - before["background_jobs"]["updates"] == reports
    assert after["background_jobs"]["hot"] - before["background_jobs"]["hot"] == reports
    assert after["job_counts"] == before["job_counts"]


async def updates(jobs: Jobs) -> dict[str, Counter[str]]:
    """Return how many updates of a table there were, and how many of them touched no index."""
    async with jobs.database.write() as session:
        # Each backend counts for itself, and hands over once it is idle or told to.
        await session.execute(sa.text("select pg_stat_force_next_flush()"))
    async with jobs.database.read() as session:
        found = await session.execute(
            sa.text("select relname, n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = any(:names)"),
            {"names": ["background_jobs", "job_counts"]},
        )
        return {name: Counter({"updates": count, "hot": hot}) for name, count, hot in found}
