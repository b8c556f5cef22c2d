"""Where a waiting job stands: as the engine takes turns, told for the moment, and read from live jobs only."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.engine.turns import Turns
from headway.jobs.answers import active_tag, job_tag
from headway.jobs.durations import WHOLE
from headway.jobs.history import JobHistory
from headway.jobs.line import Places, WaitingLine, is_news
from headway.jobs.models import BackgroundJob, JobDuration
from headway.jobs.schemas import JobResponse, QueuePlace
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.statements import statements_to

MINUTE = 60.0


class World:
    """Jobs that wait for workers, one second after the other."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock
        self.workers = Places(imports=1, bulk=1, per_owner=2)
        self.line = WaitingLine(database, clock, self._count)
        self.service = JobMonitoringService(database, clock, RecordingSignal(), self.line.places_of)

    async def _count(self, _session: AsyncSession) -> Places:
        return self.workers

    async def accept(self, owner: str, job_type: str = "import") -> UUID:
        self.clock.advance(1)
        now = self.clock.now()
        async with self.database.write() as session:
            job = await self.service.create_in(session, owner, job_type, engine="test", delivery=1, queued_at=now)
        return job.id

    async def run(self, owner: str, job_type: str = "import", **values: Any) -> UUID:
        job_id = await self.accept(owner, job_type)
        await self.service.claim(job_id, "w", seconds=60)
        async with self.database.write() as session:
            await session.execute(
                sa.update(BackgroundJob).where(BackgroundJob.id == job_id).values(version=9, **values)
            )
        return job_id

    async def learn(self, seconds: float, job_type: str = "import", count: int = 3) -> None:
        async with self.database.write() as session:
            for number in range(count):
                at = self.clock.now()
                session.add(
                    JobDuration(
                        id=uuid4(), job_type=job_type, stage=WHOLE, size_class=number, measured_at=at, seconds=seconds
                    )
                )

    async def shown(self, owner: str, job_id: UUID) -> JobResponse:
        self.clock.advance(2)
        return await self.service.get_job_by_id(job_id, owner)

    async def ahead(self, owner: str, job_id: UUID) -> int | None:
        queue = (await self.shown(owner, job_id)).queue
        return queue.ahead if queue is not None else None

    async def starts_in(self, owner: str, job_id: UUID) -> float | None:
        queue = (await self.shown(owner, job_id)).queue
        assert queue is not None
        return (queue.expected_start - self.clock.now()).total_seconds() if queue.expected_start else None


@pytest.fixture
def world(database: Database, clock: FakeClock) -> World:
    return World(database, clock)


async def test_whoever_has_fewer_running_goes_first(world: World) -> None:
    await world.run("ann")
    anns = [await world.accept("ann") for _ in range(3)]
    bens = [await world.accept("ben") for _ in range(2)]
    cyn = await world.accept("cyn")
    # ben, cyn; ann, ben; ann; ann
    assert [await world.ahead("ann", job) for job in anns] == [2, 4, 5]
    assert [await world.ahead("ben", job) for job in bens] == [0, 3]
    assert await world.ahead("cyn", cyn) == 1


@pytest.mark.parametrize(
    "waiting",
    [
        {"ann": 5, "ben": 1},
        {"ann": 3, "ben": 3, "cyn": 3},
        {"ann": 1, "ben": 7, "cyn": 2, "dee": 7},
    ],
)
async def test_the_positions_are_the_order_in_which_the_engine_gives_turns(
    world: World, waiting: dict[str, int]
) -> None:
    """With one place, each job ending before the next turn: what `Turns` then does is what was foretold."""
    jobs = {owner: [await world.accept(owner) for _ in range(number)] for owner, number in waiting.items()}
    foretold = {(await world.ahead(owner, job)): (owner, job) for owner, ids in jobs.items() for job in ids}
    turns, order, left = Turns(user_concurrency=2), [], {owner: list(ids) for owner, ids in jobs.items()}
    while any(left.values()):
        (owner,) = turns.next([name for name, ids in left.items() if ids], Counter())
        order.append((owner, left[owner].pop(0)))
    assert [foretold[number] for number in range(len(order))] == order


async def test_bulk_jobs_stand_in_a_line_of_their_own(world: World) -> None:
    await world.accept("ann")
    export = await world.accept("ben", "export")
    assert await world.ahead("ben", export) == 0


async def test_the_start_is_expected_when_a_place_is_free_and_the_owner_may_have_it(world: World) -> None:
    await world.learn(MINUTE)
    await world.run("ben", likely_end_at=world.clock.now())
    first = [await world.accept("ann") for _ in range(3)]
    assert await world.starts_in("ann", first[0]) == pytest.approx(0, abs=5)
    assert await world.starts_in("ann", first[2]) == pytest.approx(2 * MINUTE, abs=5)
    # With three places two are free at once, but she may run only two of hers.
    world.workers = Places(imports=3, bulk=1, per_owner=2)
    assert [await world.starts_in("ann", job) for job in first] == [
        pytest.approx(seconds, abs=5) for seconds in (0, 0, MINUTE)
    ]


async def test_a_start_that_nobody_can_know_is_not_told(world: World) -> None:
    await world.learn(MINUTE, count=2)
    await world.run("ben")
    job = await world.accept("ann")
    assert await world.starts_in("ann", job) is None
    await world.learn(MINUTE, count=1)
    assert await world.starts_in("ann", job) is not None
    world.workers = Places(imports=0, bulk=0, per_owner=1)
    assert await world.starts_in("ann", job) is None
    assert await world.ahead("ann", job) == 0


async def test_what_does_not_wait_for_a_worker_has_no_place(world: World) -> None:
    running = await world.run("ann")
    own = await world.service.create_job("ann", "external")
    async with world.database.write() as session:
        uploading = await world.service.create_in(session, "ann", "import", engine="test", stage="upload")
    waiting = await world.accept("ann")
    for job_id in (running, own.id, uploading.id):
        assert (await world.shown("ann", job_id)).queue is None
    assert (await world.shown("ann", waiting)).queue is not None
    await world.service.request_cancel(waiting, "ann")
    assert (await world.shown("ann", waiting)).queue is None


async def test_a_job_between_two_attempts_keeps_its_place_and_says_when_it_goes_on(world: World) -> None:
    job_id = await world.accept("ann")
    lease = await world.service.claim(job_id, "w", seconds=60)
    assert lease is not None
    await world.service.hand_back(lease, "The store is away.", wait_seconds=30)
    due = world.clock.now()
    other = await world.accept("ben")
    job = await world.shown("ann", job_id)
    assert (job.phase, job.queue.ahead if job.queue else None) == ("retrying", 0)
    assert job.queue is not None
    assert job.queue.expected_start is not None
    assert (job.queue.expected_start - due).total_seconds() == 30
    assert await world.ahead("ben", other) == 0
    # Its worker died meanwhile: when the time has come and nobody took it, it waits as any other.
    world.clock.advance(60)
    assert await world.ahead("ann", job_id) == 0
    assert await world.ahead("ben", other) == 1


async def test_every_answer_tells_it_and_a_moved_place_is_a_new_answer(world: World, database: Database) -> None:
    first, second = await world.accept("ben"), await world.accept("ann")
    world.clock.advance(2)
    active = await world.service.get_active_jobs("ann")
    page = await JobHistory(database, world.line.places_of).list_jobs("ann", limit=9, cursor=None)
    one = await world.service.get_job_by_id(second, "ann")
    assert active.jobs[0].queue == page.items[0].queue == one.queue
    assert one.queue is not None
    assert (one.queue.position, one.queue.ahead) == (2, 1)
    await world.service.request_cancel(first, "ben")
    world.clock.advance(2)
    moved = await world.service.get_job_by_id(second, "ann")
    assert (moved.version, moved.queue.ahead if moved.queue else None) == (one.version, 0)
    assert job_tag(moved) != job_tag(one)
    assert active_tag(await world.service.get_active_jobs("ann")) != active_tag(active)


async def test_one_look_serves_all_who_ask_within_a_second(world: World, database: Database) -> None:
    job = await world.accept("ann")
    await world.ahead("ann", job)
    with statements_to(database) as sent:
        for _ in range(5):
            await world.service.get_job_by_id(job, "ann")
    assert sent
    assert [statement for statement in sent if "GROUP BY" in statement] == []


def test_a_step_is_news_when_it_is_a_tenth_of_the_way(clock: FakeClock) -> None:
    def place(ahead: int) -> QueuePlace:
        return QueuePlace(position=ahead + 1, ahead=ahead, expected_start=None)

    now = clock.now()
    assert is_news(place(3), place(2), now)
    assert not is_news(place(100), place(95), now)
    assert is_news(place(100), place(89), now)
    assert is_news(place(0), place(1), now)
    soon = QueuePlace(position=1, ahead=0, expected_start=now)
    assert is_news(place(0), soon, now)
    assert not is_news(soon, soon, now)
