"""What an adapter of another engine tells, early, late and twice, is what the row says, and no more than that."""

from __future__ import annotations

from uuid import UUID

import pytest

from headway.errors import AppError
from headway.jobs import tracked as tracked_module
from headway.jobs.deliveries import Deliveries
from headway.jobs.errors import (
    MessageNotSent,
    NotRetryable,
    NotYoursToReport,
    ReportedFailure,
    StaleLease,
    WorkerSilent,
)
from headway.jobs.history import JobHistory
from headway.jobs.queries import Lease
from headway.jobs.reaper import Reaper
from headway.jobs.schemas import JobResponse, ReportProgress
from headway.jobs.service import JobMonitoringService
from headway.jobs.tracked import Announcement, TrackedJobs
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal

WHAT = Announcement("task-7", "ann", "Nightly copy", "host.copy", queue="celery", details={"task": "host.copy"})
BROKEN = ReportedFailure("ValueError: disk 3 is full")


class NoEngine:
    """An engine that is never asked: every job here is run elsewhere."""


class World:
    """Ann, whose only job another engine runs."""

    def __init__(self, database: Database, clock: FakeClock, signal: RecordingSignal) -> None:
        self.tracked = TrackedJobs(database, clock, signal, "celery")
        self.service = JobMonitoringService(database, clock, signal)
        self.history = JobHistory(database)
        self.deliveries = Deliveries(database, clock, signal, NoEngine())  # type: ignore[arg-type]
        self.reaper = Reaper(database, clock, self.service, self.deliveries)
        self.clock = clock
        self.id: UUID = self.tracked.id_of(WHAT.ref)

    async def seen(self) -> JobResponse:
        return await self.service.get_job_by_id(self.id, "ann")

    async def state(self) -> tuple[str, str, int]:
        job = await self.seen()
        return job.status, job.phase, job.attempt

    async def started(self, worker: str = "w1") -> Lease:
        lease = await self.tracked.start(WHAT, worker)
        assert lease is not None
        return lease

    async def pass_by(self, seconds: int) -> None:
        """Let time go by while the reaper looks every second."""
        for _ in range(seconds):
            self.clock.advance(1)
            await self.reaper.sweep({})


@pytest.fixture
def world(database: Database, clock: FakeClock, signal: RecordingSignal) -> World:
    return World(database, clock, signal)


async def test_the_row_is_there_before_the_message_and_once(world: World) -> None:
    await world.tracked.announce(WHAT)
    await world.tracked.announce(WHAT)
    job = await world.seen()
    assert (job.title, job.phase, job.metadata, job.job_type) == (
        "Nightly copy", "queued", {"task": "host.copy"}, "external",
    )  # fmt: skip
    await world.tracked.sent(WHAT.ref)
    assert (await world.seen()).message == "Waiting for a worker"
    await world.pass_by(600)
    assert (await world.seen()).phase == "queued", "a message may wait for as long as it takes"


async def test_a_task_that_was_never_sent_has_failed_and_says_so(world: World) -> None:
    await world.tracked.announce(WHAT)
    await world.pass_by(3 * tracked_module.SENT_WITHIN_SECONDS + 2)
    job = await world.seen()
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", MessageNotSent.code)


async def test_from_start_to_end_with_progress(world: World) -> None:
    lease = await world.started()
    answer = await world.tracked.progress(lease, 40, "Copying", {"done_units": 4, "total_units": 10, "unit": "files"})
    assert (answer.progress, answer.cancel_requested) == (40, False)
    await world.tracked.complete(WHAT.ref, "w1", lease.attempt)
    job = await world.seen()
    assert (job.status, job.progress, job.attempt, job.done_units) == ("completed", 100, 1, 4)


async def test_a_retry_is_another_attempt_of_the_same_job(world: World) -> None:
    first = await world.started()
    await world.tracked.give_back(WHAT.ref, "w1", first.attempt, BROKEN, "Trying again")
    assert await world.state() == ("running", "retrying", 1)
    second = await world.started("w2")
    with pytest.raises(StaleLease):
        await world.tracked.progress(first, 99, None, {})
    await world.tracked.complete(WHAT.ref, "w1", first.attempt)
    assert await world.state() == ("running", "running", 2), "the first attempt's word counts no more"
    await world.tracked.complete(WHAT.ref, "w2", second.attempt)
    attempts = (await world.history.list_attempts(world.id, "ann")).items
    assert [(each.worker, each.outcome) for each in attempts] == [("w1", "failed"), ("w2", "completed")]
    assert dict(attempts[0].problem or {})["detail"] == "ValueError: disk 3 is full"


async def test_a_retry_that_overtakes_the_word_of_its_reason_is_not_taken_back(world: World) -> None:
    first = await world.started()
    await world.started("w2")
    await world.tracked.give_back(WHAT.ref, "w1", first.attempt, BROKEN, "Trying again")
    assert await world.state() == ("running", "running", 2)


async def test_a_worker_that_is_silent_stalls_and_then_has_lost_the_job(world: World) -> None:
    await world.started()
    for _ in range(3):
        await world.pass_by(tracked_module.HEARTBEAT_SECONDS - 1)
        assert await world.tracked.beat("w1", [WHAT.ref, "unknown"]) == []
    assert (await world.seen()).phase == "running"
    await world.pass_by(tracked_module.HEARTBEAT_SECONDS + 2)
    assert (await world.seen()).phase == "stalled"
    await world.pass_by(2 * tracked_module.HEARTBEAT_SECONDS + 2)
    job = await world.seen()
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", WorkerSilent.code)


async def test_a_failed_job_that_the_engine_begins_again_runs_again(world: World) -> None:
    await world.started()
    await world.tracked.fail(WHAT.ref, "w1", 1, BROKEN)
    await world.started("w2")
    job = await world.seen()
    assert (job.status, job.phase, job.attempt, job.error, job.completed_at) == ("running", "running", 2, None, None)


async def test_what_has_completed_stays_so(world: World) -> None:
    await world.started()
    await world.tracked.complete(WHAT.ref, "w1", 1)
    assert await world.tracked.start(WHAT, "w2") is None
    await world.tracked.fail(WHAT.ref, "w1", 1, BROKEN)
    assert await world.state() == ("completed", "completed", 1)


async def test_cancelling_what_waits_ends_it_and_one_that_begins_all_the_same_is_being_cancelled(world: World) -> None:
    await world.tracked.announce(WHAT)
    assert await world.tracked.list_cancelled([WHAT.ref, "unknown"]) == []
    await world.service.request_cancel(world.id, "ann")
    assert await world.tracked.list_cancelled([WHAT.ref, "unknown"]) == [WHAT.ref]
    await world.started()
    assert await world.state() == ("running", "cancelling", 1)
    assert await world.tracked.beat("w1", [WHAT.ref]) == [WHAT.ref]


async def test_a_running_task_learns_of_it_by_the_next_beat_and_no_retry_forgets_it(world: World) -> None:
    lease = await world.started()
    await world.service.request_cancel(world.id, "ann")
    assert await world.tracked.beat("w1", [WHAT.ref]) == [WHAT.ref]
    assert (await world.tracked.progress(lease, 1, None, {})).cancel_requested
    await world.tracked.give_back(WHAT.ref, "w1", 1, BROKEN, "Trying again")
    assert (await world.seen()).status == "cancelled", "what was to stop is not tried again"


async def test_only_what_has_waited_long_enough_can_be_lost_and_only_as_it_was_seen(world: World) -> None:
    await world.tracked.announce(WHAT)
    assert await world.tracked.list_waiting(0) == [], "not sent yet"
    await world.tracked.sent(WHAT.ref)
    assert await world.tracked.list_waiting(60) == []
    world.clock.advance(61)
    [waiting] = await world.tracked.list_waiting(60)
    assert (waiting.ref, waiting.queue) == (WHAT.ref, "celery")
    lease = await world.started()
    assert not await world.tracked.lose(waiting, AppError("nowhere"))
    await world.tracked.give_back(WHAT.ref, "w1", lease.attempt, BROKEN, "Trying again")
    world.clock.advance(61)
    [waiting] = await world.tracked.list_waiting(60)
    assert await world.tracked.lose(waiting, AppError("nowhere"))
    assert (await world.seen()).error == "nowhere"


async def test_only_its_engine_reports_on_it_and_tries_it_again(world: World) -> None:
    await world.started()
    with pytest.raises(NotYoursToReport):
        await world.service.report(world.id, "ann", ReportProgress(status="completed"))
    await world.tracked.fail(WHAT.ref, "w1", 1, BROKEN)
    with pytest.raises(NotRetryable, match="Another program ran it"):
        await world.deliveries.retry(world.id, "ann")
