"""A paused queue: no job of it starts, what runs goes on, and what waits says why."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from headway.audit.log import By
from headway.errors import Unavailable
from headway.jobs import execution as module
from headway.jobs import pausing, queries
from headway.jobs.deliveries import Deliveries
from headway.jobs.durations import LEAST, WHOLE
from headway.jobs.errors import QueueNotFound, QueuePaused
from headway.jobs.execution import Task, TaskContext
from headway.jobs.line import Places, WaitingLine
from headway.jobs.operating import JobOperations
from headway.jobs.overview import JobsOverview
from headway.jobs.pausing import PauseMarks
from headway.jobs.schemas import JobResponse
from headway.jobs.service import JobMonitoringService, Lease
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.executing import executing
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

OWNER = "ann"
BOSS = By("boss", "10.0.0.1", "request-1")


@pytest.fixture
def operations(database: Database, clock: FakeClock, signal: RecordingSignal) -> JobOperations:
    deliveries = Deliveries(database, clock, signal, RecordingSubmitter())
    return JobOperations(database, clock, signal, deliveries)


@pytest.fixture
def marks(database: Database, clock: FakeClock, signal: RecordingSignal) -> PauseMarks:
    return PauseMarks(database, clock, signal)


async def waiting(
    service: JobMonitoringService, database: Database, job_type: str = "import", owner: str = OWNER
) -> UUID:
    async with database.write() as session:
        job = await service.create_in(
            session, owner, job_type, kind="test", engine="test", delivery=1, message="Waiting for a worker"
        )
    return job.id


async def claim(service: JobMonitoringService, job_id: UUID, worker: str = "worker") -> Lease:
    lease = await service.claim(job_id, worker, seconds=60)
    assert lease is not None
    return lease


async def look(service: JobMonitoringService, job_id: UUID) -> JobResponse:
    return await service.get_job_by_id(job_id, OWNER)


async def test_no_job_of_a_paused_queue_starts_until_it_is_resumed(
    service: JobMonitoringService, database: Database, operations: JobOperations
) -> None:
    held, other = await waiting(service, database), await waiting(service, database, "export")
    await operations.pause("imports", "", BOSS)
    with pytest.raises(QueuePaused):
        await service.claim(held, "worker", seconds=60)
    assert (await look(service, held)).attempt == 0
    await claim(service, other)
    await operations.resume("imports", BOSS)
    assert (await claim(service, held)).attempt == 1


async def test_what_runs_goes_on_and_what_is_handed_back_waits(
    service: JobMonitoringService, database: Database, operations: JobOperations
) -> None:
    runs, crashed = [await waiting(service, database) for _ in range(2)]
    lease, other = await claim(service, runs), await claim(service, crashed)
    await operations.pause("imports", "", BOSS)
    await service.update_progress(runs, 50, lease=lease)
    assert (await claim(service, runs)).attempt == 2  # the same worker, after it had been silent
    await service.hand_back(other, "Trying again in 5 s.")
    with pytest.raises(QueuePaused):
        await service.claim(crashed, "worker", seconds=60, after=1)
    await operations.marks.mark()
    assert (await look(service, crashed)).message == "Paused by the operator"
    assert (await look(service, crashed)).phase == "retrying"
    assert not (await look(service, runs)).paused


async def test_waiting_jobs_say_it_and_why_and_their_owners_hear_of_it(
    service: JobMonitoringService, database: Database, operations: JobOperations, signal: RecordingSignal
) -> None:
    mine, bens = await waiting(service, database), await waiting(service, database, owner="ben")
    export = await waiting(service, database, "export")
    before = await look(service, mine)
    signal.owners.clear()
    await operations.pause("imports", "moving house until 14:00", BOSS)
    told = await look(service, mine)
    assert (told.phase, told.paused) == ("queued", True)
    assert told.message == "Paused by the operator: moving house until 14:00"
    assert told.version == before.version + 1
    assert sorted(signal.owners) == ["ann", "ben"]
    assert (await service.get_job_by_id(bens, "ben")).paused
    assert not (await look(service, export)).paused
    await operations.resume("imports", BOSS)
    again = await look(service, mine)
    assert (again.paused, again.message, again.version) == (False, "Waiting for a worker", before.version + 2)


async def test_jobs_that_come_later_are_told_too_and_nobody_twice(
    service: JobMonitoringService, database: Database, operations: JobOperations, marks: PauseMarks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(pausing, "BATCH", 2)
    await operations.pause("imports", "", BOSS)
    for _ in range(3):
        await waiting(service, database)
    assert [await marks.mark() for _ in range(3)] == [2, 1, 0]
    await operations.pause("imports", "", BOSS)
    assert await marks.mark() == 0


async def test_another_reason_is_told_anew(
    service: JobMonitoringService, database: Database, operations: JobOperations, clock: FakeClock
) -> None:
    job_id = await waiting(service, database)
    await operations.pause("imports", "first", BOSS)
    clock.advance(60)
    await operations.pause("imports", "second", BOSS)
    assert (await look(service, job_id)).message == "Paused by the operator: second"
    (imports, _bulk) = await JobsOverview(database, clock).queues()
    assert imports.pause is not None
    assert (imports.pause.reason, imports.pause.by, imports.pause.at) == ("second", "boss", clock.now())


async def test_a_job_that_starts_before_it_is_told_does_not_say_it_any_more(
    service: JobMonitoringService, database: Database, operations: JobOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await waiting(service, database)
    await operations.pause("imports", "", BOSS)
    monkeypatch.setattr(operations.marks, "mark", _nothing)
    await operations.resume("imports", BOSS)
    await claim(service, job_id)
    job = await look(service, job_id)
    assert (job.phase, job.paused, job.message) == ("running", False, None)


async def _nothing() -> int:
    return 0


async def test_being_told_does_not_make_the_wait_begin_anew(
    service: JobMonitoringService, database: Database, operations: JobOperations, clock: FakeClock
) -> None:
    await waiting(service, database)
    began = clock.now()
    clock.advance(600)
    await operations.pause("imports", "", BOSS)
    (imports, _bulk) = await JobsOverview(database, clock).queues()
    assert (imports.waiting, imports.waiting_since) == (1, began)


async def test_a_paused_job_can_be_cancelled(
    service: JobMonitoringService, database: Database, operations: JobOperations
) -> None:
    job_id = await waiting(service, database)
    await operations.pause("imports", "", BOSS)
    assert (await service.request_cancel(job_id, OWNER)).status == "cancelled"
    assert not (await look(service, job_id)).paused
    assert await service.claim(job_id, "worker", seconds=60) is None


async def test_a_queue_that_does_not_exist_is_refused(operations: JobOperations) -> None:
    for act in (operations.pause("exports", "", BOSS), operations.resume("exports", BOSS)):
        with pytest.raises(QueueNotFound, match="exports"):
            await act


# ------------------------------------------------------------------------------------- a worker's side


class Holding:
    """A worker that looks at once, and a way to wait until it has looked so often in vain."""

    def __init__(self, service: JobMonitoringService, monkeypatch: pytest.MonkeyPatch) -> None:
        self._in_vain, self._news, self._claim = 0, asyncio.Event(), service.claim
        monkeypatch.setattr(service, "claim", self._counting)
        monkeypatch.setattr(module, "PAUSED_LOOK_SECONDS", 0.001)
        monkeypatch.setattr(module, "BACKOFF_SECONDS", (0.0,))

    async def _counting(self, *args: Any, **options: Any) -> Lease | None:
        try:
            return await self._claim(*args, **options)
        except QueuePaused:
            self._in_vain += 1
            self._news.set()
            raise

    async def looked(self, count: int) -> None:
        while self._in_vain < count:
            self._news.clear()
            await self._news.wait()


async def test_a_worker_holds_what_it_is_given_and_runs_it_afterwards(
    service: JobMonitoringService, database: Database, operations: JobOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding, started = Holding(service, monkeypatch), []

    async def run(context: TaskContext) -> None:
        started.append(context.lease.attempt)
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")

    job_id, dropped = await waiting(service, database), await waiting(service, database)
    await operations.pause("imports", "", BOSS)
    execution = executing(service, {"test": Task(run)})
    async with asyncio.timeout(20):
        running = [asyncio.create_task(execution.execute(each)) for each in (job_id, dropped)]
        await holding.looked(4)
        assert started == []
        await service.request_cancel(dropped, OWNER)
        await running[1]
        await operations.resume("imports", BOSS)
        await running[0]
    assert started == [1]
    assert (await look(service, job_id)).status == "completed"


async def test_the_time_of_a_pause_is_not_counted_as_trying(
    service: JobMonitoringService, database: Database, operations: JobOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that was away before the pause and still is after it has its quarter of an hour again."""
    holding, attempts = Holding(service, monkeypatch), []
    monkeypatch.setattr(module, "RETRY_FOR_SECONDS", -1)  # the second failure in a row is one too many

    async def run(context: TaskContext) -> None:
        attempts.append(context.lease.attempt)
        if len(attempts) == 1:
            await operations.pause("imports", "", BOSS)
        if len(attempts) < 3:
            raise Unavailable("The store is away.")
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")

    job_id = await waiting(service, database)
    async with asyncio.timeout(20):
        running = asyncio.create_task(executing(service, {"test": Task(run)}).execute(job_id))
        await holding.looked(1)
        await operations.resume("imports", BOSS)
        await running
    assert attempts == [1, 2, 3]


async def test_no_start_is_foretold_in_a_paused_queue(
    service: JobMonitoringService, database: Database, operations: JobOperations, clock: FakeClock
) -> None:
    async def count_places(_session: object) -> Places:
        return Places(imports=3, bulk=1, per_owner=2)

    await durations_known(database, clock)
    job_id = await waiting(service, database)
    before = (await WaitingLine(database, clock, count_places).places([OWNER]))[job_id]
    assert before.expected_start is not None
    await operations.pause("imports", "", BOSS)
    paused = (await WaitingLine(database, clock, count_places).places([OWNER]))[job_id]
    assert (paused.position, paused.expected_start) == (1, None)


async def durations_known(database: Database, clock: FakeClock) -> None:
    """Let it be known how long imports take."""
    async with database.write() as session:
        for _ in range(LEAST):
            await queries.add_duration(session, ("import", WHOLE, 0), clock.now(), 60.0, keep=100)
