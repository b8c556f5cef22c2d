"""Whose job starts next: every job engine behind the port keeps this order, on SQLite and on PostgreSQL.

No time is measured here. Jobs are held in their delivery and let go one by one, and the order of the starts is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from dbos import DBOSClient

from headway.engine.dbos import APPLICATION, QUEUE, DbosRunner, DbosSubmitter
from headway.jobs.runner import Submission
from headway.kit.db import Database

SECONDS = 20


class Starts:
    """Holds every delivered job until it is let go, and tells whose jobs started in which order."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.running: list[str] = []
        self._names: dict[UUID, str] = {}
        self._gates: dict[str, asyncio.Event] = {}
        self._news = asyncio.Condition()

    def expect(self, name: str) -> UUID:
        """Return the id for a job of this name, such as `ann 1`."""
        job_id = uuid4()
        self._names[job_id], self._gates[name] = name, asyncio.Event()
        return job_id

    async def __call__(self, job_id: UUID) -> None:
        name = self._names[job_id]
        async with self._news:
            self.order.append(name)
            self.running.append(name)
            self._news.notify_all()
        await self._gates[name].wait()
        self.running.remove(name)

    async def until(self, count: int) -> list[str]:
        """Wait for so many starts and return them all."""
        async with asyncio.timeout(SECONDS), self._news:
            await self._news.wait_for(lambda: len(self.order) >= count)
        return self.order

    async def finish_one(self, owner: str) -> str:
        """Let one running job of the owner end, wait for the start that follows, and return whose that is."""
        name = next(name for name in self.running if name.split()[0] == owner)
        already = len(self.order)
        self._gates[name].set()
        return (await self.until(already + 1))[-1].split()[0]

    def finish_all(self) -> None:
        for gate in self._gates.values():
            gate.set()


class Office:
    """Takes jobs in under the names of their owners, and starts the one runner."""

    def __init__(self, database: Database, submitter: DbosSubmitter) -> None:
        self.starts = Starts()
        self._database = database
        self._submitter = submitter
        self.runner: DbosRunner | None = None

    async def submit(self, owner: str, count: int = 1, *, bulk: bool = False) -> None:
        for number in range(count):
            job_id = self.starts.expect(f"{owner} {'bulk ' if bulk else ''}{number + 1}")
            async with self._database.write() as session:
                await self._submitter.enqueue(session, Submission(job_id, owner, bulk=bulk))

    async def open(self, **limits: int) -> None:
        self.runner = DbosRunner(self._database.sync_url, "executor-1", **limits)
        await self.runner.start(self.starts)


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    submitter = DbosSubmitter(database.sync_url)
    opened = Office(database, submitter)
    yield opened
    opened.starts.finish_all()
    if opened.runner is not None:
        await opened.runner.stop()
        await opened.runner.close()
    await submitter.close()


async def test_a_place_is_left_for_somebody_else(office: Office) -> None:
    await office.submit("greedy", 100)
    await office.open(concurrency=3, user_concurrency=2)
    await office.starts.until(2)
    await office.submit("modest")
    assert (await office.starts.until(3))[2] == "modest 1"


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_with_every_place_taken_the_next_free_one_goes_to_who_has_none(office: Office, limit: int) -> None:
    """Whoever lets a place go is not the next to have it, as long as somebody else waits."""
    await office.submit("greedy", 30)
    await office.open(concurrency=limit, user_concurrency=limit)
    await office.starts.until(limit)
    for newcomer in ("ann", "bob", "cleo", "dan", "eve"):
        await office.submit(newcomer)
        assert await office.starts.finish_one("greedy") == newcomer
        assert await office.starts.finish_one(newcomer) == "greedy"


async def test_who_waits_longest_for_a_turn_has_it(office: Office) -> None:
    """One place, three owners with many files: they take turns, whoever came first and however many each has."""
    for owner, count in (("ann", 12), ("bob", 6), ("cleo", 4)):
        await office.submit(owner, count)
    await office.open(concurrency=1, user_concurrency=1)
    served = [(await office.starts.until(1))[0].split()[0]]
    for _ in range(8):
        served.append(await office.starts.finish_one(served[-1]))
    assert [set(served[turn : turn + 3]) for turn in (0, 3, 6)] == [{"ann", "bob", "cleo"}] * 3


async def test_bulk_jobs_take_no_place_from_imports(office: Office) -> None:
    await office.submit("ann", 5, bulk=True)
    await office.submit("bob", 5, bulk=True)
    await office.open(concurrency=2, user_concurrency=2)
    await office.starts.until(1)
    await office.submit("ann", 2)
    started = (await office.starts.until(3))[1:]
    assert sorted(started) == ["ann 1", "ann 2"]
    assert len(office.starts.running) == 3


async def test_a_worker_keeps_its_own_limit_whatever_another_one_was_started_with(
    office: Office, database: Database
) -> None:
    await office.open(concurrency=1, user_concurrency=4)
    other = DBOSClient(
        system_database_url=database.sync_url.replace("+psycopg", ""), application_name=APPLICATION, lazy=True
    )
    queue = await asyncio.to_thread(other.retrieve_queue, QUEUE)
    assert queue is not None
    await queue.set_worker_concurrency_async(8)
    for owner in ("ann", "bob", "cleo"):
        await office.submit(owner)
    await office.starts.until(1)
    # A bulk job starts after several looks at the queue of imports: what could have started there has.
    await office.submit("dan", bulk=True)
    assert (await office.starts.until(2))[1] == "dan bulk 1"
    await asyncio.to_thread(other.destroy)
