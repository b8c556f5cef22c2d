"""Every job engine behind the port keeps these promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from headway.engine import dbos as module
from headway.engine.dbos import DbosRunner, DbosSubmitter
from headway.jobs.runner import Deliver, Submission
from headway.kit.db import Database

SECONDS = 15

StartRunner = Callable[..., Awaitable[DbosRunner]]


@pytest.fixture
async def submitter(database: Database) -> AsyncIterator[DbosSubmitter]:
    engine = DbosSubmitter(database.sync_url)
    yield engine
    await engine.close()


@pytest.fixture
async def start_runner(database: Database) -> AsyncIterator[StartRunner]:
    runners: list[DbosRunner] = []

    async def start(deliver: Deliver, executor_id: str = "executor-1", **limits: int) -> DbosRunner:
        runner = DbosRunner(database.sync_url, executor_id, **{"concurrency": 4, "user_concurrency": 2, **limits})
        await runner.start(deliver)
        runners.append(runner)
        return runner

    yield start
    for runner in runners:
        await runner.stop()
        await runner.close()


class Deliveries:
    """Notes what was delivered, and lets a test wait for it."""

    def __init__(self) -> None:
        self.seen: list[UUID] = []
        self.running = 0
        self.most_at_once = 0
        self.hold = asyncio.Event()
        self.hold.set()
        self._news = asyncio.Event()

    async def __call__(self, job_id: UUID) -> None:
        self.seen.append(job_id)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        self._news.set()
        await self.hold.wait()
        self.running -= 1

    async def until(self, count: int) -> list[UUID]:
        async with asyncio.timeout(SECONDS):
            while len(self.seen) < count:
                self._news.clear()
                await self._news.wait()
        return self.seen


async def enqueue(database: Database, submitter: DbosSubmitter, owner: str = "ann") -> UUID:
    job_id = uuid4()
    async with database.write() as session:
        await submitter.enqueue(session, Submission(job_id, owner))
    return job_id


async def test_a_committed_job_is_delivered_once(
    database: Database, submitter: DbosSubmitter, start_runner: StartRunner
) -> None:
    deliveries = Deliveries()
    await start_runner(deliveries)
    first, second = await enqueue(database, submitter), await enqueue(database, submitter)
    assert set(await deliveries.until(2)) == {first, second}
    assert len(deliveries.seen) == 2


async def test_a_rolled_back_job_is_never_delivered(
    database: Database, submitter: DbosSubmitter, start_runner: StartRunner
) -> None:
    deliveries = Deliveries()
    await start_runner(deliveries)
    lost = uuid4()
    with pytest.raises(RuntimeError):
        async with database.write() as session:
            await submitter.enqueue(session, Submission(lost, "ann"))
            raise RuntimeError
    kept = await enqueue(database, submitter)
    assert await deliveries.until(1) == [kept]
    assert await submitter.undelivered([Submission(lost, "ann")]) == [lost]


async def test_a_greedy_owner_does_not_hold_up_another(
    database: Database, submitter: DbosSubmitter, start_runner: StartRunner
) -> None:
    deliveries = Deliveries()
    deliveries.hold.clear()
    greedy = {await enqueue(database, submitter, "greedy") for _ in range(6)}
    await start_runner(deliveries, concurrency=4, user_concurrency=2)
    await deliveries.until(2)
    modest = await enqueue(database, submitter, "modest")
    await deliveries.until(3)
    assert modest in deliveries.seen
    assert len(greedy & set(deliveries.seen)) == 2
    deliveries.hold.set()
    await deliveries.until(7)


async def test_one_worker_runs_no_more_than_its_limit(
    database: Database, submitter: DbosSubmitter, start_runner: StartRunner
) -> None:
    deliveries = Deliveries()
    deliveries.hold.clear()
    for number in range(6):
        await enqueue(database, submitter, f"owner-{number}")
    await start_runner(deliveries, concurrency=3, user_concurrency=2)
    await deliveries.until(3)
    deliveries.hold.set()
    await deliveries.until(6)
    assert deliveries.most_at_once == 3


async def test_a_cancelled_job_is_not_delivered(
    database: Database, submitter: DbosSubmitter, start_runner: StartRunner
) -> None:
    cancelled, kept = await enqueue(database, submitter), await enqueue(database, submitter)
    await submitter.cancel([Submission(cancelled, "ann"), Submission(uuid4(), "ann")])
    await submitter.cancel([])
    deliveries = Deliveries()
    await start_runner(deliveries)
    assert await deliveries.until(1) == [kept]
    assert await submitter.undelivered([Submission(cancelled, "ann")]) == [cancelled]


async def test_what_a_dead_executor_held_is_delivered_again(
    database: Database, submitter: DbosSubmitter, start_runner: StartRunner
) -> None:
    held = Deliveries()
    held.hold.clear()
    dead = await start_runner(held, "executor-dead")
    job_id = await enqueue(database, submitter)
    await held.until(1)
    await dead.stop()
    again = Deliveries()
    alive = await start_runner(again, "executor-alive")
    assert await submitter.undelivered([Submission(job_id, "ann")]) == []
    assert "executor-dead" in await alive.held_by_others()
    assert await alive.recover(["executor-dead"]) == 1
    assert await again.until(1) == [job_id]
    assert await alive.recover(["executor-dead"]) == 0


async def test_a_job_whose_delivery_ended_can_be_delivered_once_more(
    database: Database, submitter: DbosSubmitter, start_runner: StartRunner
) -> None:
    deliveries = Deliveries()
    await start_runner(deliveries)
    job_id = await enqueue(database, submitter)
    await deliveries.until(1)
    for number in (2, 3):
        async with database.write() as session:
            await submitter.enqueue(session, Submission(job_id, "ann", number))
        await deliveries.until(number)
    assert deliveries.seen == [job_id] * 3


async def test_cancelling_takes_back_every_delivery_that_waits(
    database: Database, submitter: DbosSubmitter, start_runner: StartRunner
) -> None:
    job_id = await enqueue(database, submitter)
    async with database.write() as session:
        await submitter.enqueue(session, Submission(job_id, "ann", 2))
    await submitter.cancel([Submission(job_id, "ann", 2)])
    kept = await enqueue(database, submitter)
    deliveries = Deliveries()
    await start_runner(deliveries)
    assert await deliveries.until(1) == [kept]


async def test_ended_deliveries_are_forgotten_but_for_young_ones_and_living_jobs(
    database: Database, submitter: DbosSubmitter, start_runner: StartRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    lives, busy, done, retried = [await enqueue(database, submitter) for _ in range(4)]
    cancelled = [await enqueue(database, submitter) for _ in range(3)]
    await submitter.cancel([Submission(job_id, "ann") for job_id in cancelled])
    async with database.write() as session:
        await submitter.enqueue(session, Submission(retried, "ann", 2))
    deliveries = Deliveries()
    await start_runner(deliveries)
    await deliveries.until(5)
    await until_ended(
        submitter, [*(Submission(each, "ann") for each in (lives, busy, done)), Submission(retried, "ann", 2)]
    )
    waiting = uuid4()
    deliveries.hold.clear()
    async with database.write() as session:
        await submitter.enqueue(session, Submission(waiting, "ann"))
    await deliveries.until(6)

    async def living(job_ids: Collection[UUID]) -> set[UUID]:
        assert waiting not in job_ids
        return {lives, busy} & set(job_ids)

    now = datetime.now(UTC)
    assert await submitter.forget_ended(now - timedelta(hours=1), living) == 0
    assert await submitter.forget_ended(now + timedelta(hours=1), living) == 6
    assert await known(database) == {str(lives), str(busy), str(waiting)}
    assert await submitter.forget_ended(now + timedelta(hours=1), living) == 0
    # Both halves go on as before.
    assert await submitter.undelivered([Submission(waiting, "ann")]) == []
    deliveries.hold.set()


async def until_ended(submitter: DbosSubmitter, submissions: list[Submission]) -> None:
    async with asyncio.timeout(SECONDS):
        while len(await submitter.undelivered(submissions)) < len(submissions):
            await asyncio.sleep(0.02)


async def known(database: Database) -> set[str]:
    """Return what stands in the engine's table, having made sure that no input of another one is left."""
    schema = "" if database.is_sqlite else "dbos."
    async with database.read() as session:
        inputs = await session.execute(sa.text(f"select workflow_uuid from {schema}workflow_input"))
        status = await session.execute(sa.text(f"select workflow_uuid from {schema}workflow_status"))
        names = set(status.scalars())
        assert set(inputs.scalars()) <= names
        return names
