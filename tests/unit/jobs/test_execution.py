"""One delivery of a job: every way a task can end, and what its owner sees of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from headway.errors import BadRequest, Unavailable
from headway.jobs import execution, progress
from headway.jobs.deliveries import Deliveries
from headway.jobs.execution import Execution, Task, TaskContext, TaskCrashed
from headway.jobs.logs.recording import TELL
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.executing import executing as executing_tasks
from tests.support.lines import logged_lines
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

OWNER = "ann"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "BACKOFF_SECONDS", (0.0,))


async def submit(service: JobMonitoringService, database: Database) -> UUID:
    async with database.write() as session:
        job = await service.create_in(session, OWNER, "import", kind="test", engine="test")
    return job.id


def executing(service: JobMonitoringService, run: Callable[[TaskContext], Awaitable[None]]) -> Execution:
    return executing_tasks(service, {"test": Task(run, restart_progress=40)})


async def test_a_task_finishes_its_own_job(service: JobMonitoringService, database: Database) -> None:
    async def run(context: TaskContext) -> None:
        await context.progress.report(55, "half", stage="parse")
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert (job.status, job.progress, job.attempt) == ("completed", 100, 1)


async def test_an_expected_failure_is_the_owners_problem_at_once(
    service: JobMonitoringService, database: Database
) -> None:
    async def run(_context: TaskContext) -> None:
        raise BadRequest("Line 3 is broken.", line=3)

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert job.problem is not None
    assert (job.status, job.error, job.attempt) == ("failed", "Line 3 is broken.", 1)
    assert job.problem.model_dump()["line"] == 3


async def test_what_may_pass_by_itself_is_tried_until_it_does(
    service: JobMonitoringService, database: Database
) -> None:
    attempts = []

    async def run(context: TaskContext) -> None:
        attempts.append((await service.get_job_by_id(context.job_id, OWNER)).attempt)
        if len(attempts) < 8:
            raise Unavailable("The store is away.")
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    assert attempts == list(range(1, 9))
    assert (await service.get_job_by_id(job_id, OWNER)).status == "completed"


async def test_what_does_not_pass_in_time_fails_with_its_reason(
    service: JobMonitoringService, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "RETRY_FOR_SECONDS", 0.0)

    async def run(_context: TaskContext) -> None:
        raise Unavailable("The store is away.")

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert (job.status, job.error, job.attempt) == ("failed", "The store is away.", 2)


async def test_a_process_that_dies_is_tried_again_but_not_for_ever(
    service: JobMonitoringService, database: Database
) -> None:
    async def run(_context: TaskContext) -> None:
        raise TaskCrashed(BadRequest("Killed by the file."))

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert (job.status, job.error, job.attempt) == ("failed", "Killed by the file.", execution.MAX_CRASHES)


async def test_a_failure_of_the_database_is_no_failure_of_the_job(
    service: JobMonitoringService, database: Database
) -> None:
    async def run(context: TaskContext) -> None:
        if context.lease.attempt == 1:
            raise OperationalError("update", {}, Exception("server closed the connection"))
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert (job.status, job.attempt) == ("completed", 2)


async def test_a_commit_that_failed_but_happened_is_left_as_it_is(
    service: JobMonitoringService, database: Database
) -> None:
    async def run(context: TaskContext) -> None:
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")
        raise OperationalError("commit", {}, Exception("server closed the connection"))

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert (job.status, job.attempt) == ("completed", 1)


@pytest.mark.parametrize(
    "failure", [OperationalError("update", {}, Exception("the network is cut")), RuntimeError("nobody foresaw this")]
)
async def test_a_worker_that_cannot_renew_its_lease_stops_and_asks_again(
    service: JobMonitoringService, database: Database, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(progress, "BEAT_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(progress, "LEASE_SECONDS", 0.05)
    attempts = []

    async def silent(*_args: object, **_columns: object) -> None:
        raise failure

    async def run(context: TaskContext) -> None:
        attempts.append(context.lease.attempt)
        if len(attempts) == 1:
            monkeypatch.setattr(service, "update_progress", silent)
            async with asyncio.timeout(20):
                await context.progress.stop.wait()
            monkeypatch.undo()
            context.raise_if_stopped()
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    assert attempts == [1, 2]
    assert (await service.get_job_by_id(job_id, OWNER)).status == "completed"


async def test_a_checkpoint_is_kept_for_the_next_attempt_while_its_result_is_there(
    service: JobMonitoringService, database: Database
) -> None:
    done, there = [], {1: True, 2: True, 3: False}

    async def run(context: TaskContext) -> None:
        async def work() -> dict[str, int]:
            done.append(context.lease.attempt)
            return {"made_by": context.lease.attempt}

        async def is_there(_kept: dict[str, int]) -> bool:
            return there[context.lease.attempt]

        kept = await context.checkpoint("parse", work, is_there)
        if context.lease.attempt < 3:
            assert kept == {"made_by": 1}
            raise TaskCrashed(BadRequest("gone"))
        assert kept == {"made_by": 3}
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    assert done == [1, 3]
    assert (await service.get_job_by_id(job_id, OWNER)).status == "completed"


async def test_the_unexpected_shows_a_support_id_and_nothing_else(
    service: JobMonitoringService, database: Database
) -> None:
    async def run(_context: TaskContext) -> None:
        raise ZeroDivisionError("secret detail")

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert job.problem is not None
    assert job.problem.code == "internal"
    assert "support_id" in job.problem.model_dump()
    assert "secret" not in job.model_dump_json()


async def test_whatever_is_logged_while_a_job_runs_names_it(service: JobMonitoringService, database: Database) -> None:
    async def run(context: TaskContext) -> None:
        await asyncio.to_thread(logging.getLogger("headway.anywhere").info, "from a thread of the task")
        raise ZeroDivisionError

    first, second = await submit(service, database), await submit(service, database)
    with logged_lines() as lines:
        await asyncio.gather(*(executing(service, run).execute(job_id) for job_id in (first, second)))
        logging.getLogger("headway.anywhere").info("afterwards")
    assert "job_id" not in lines.pop()
    for job_id in (first, second):
        mine = [line for line in lines if line["job_id"] == str(job_id) and line["logger"] != TELL]
        assert [line["level"] for line in mine] == ["info", "error"]
        problem = (await service.get_job_by_id(job_id, OWNER)).problem
        assert problem is not None
        assert mine[-1]["support_id"] == problem.model_dump()["support_id"]


async def test_a_cancelled_task_ends_cancelled(service: JobMonitoringService, database: Database) -> None:
    async def run(context: TaskContext) -> None:
        await service.request_cancel(context.job_id, OWNER)
        await context.progress.report(50)
        context.raise_if_stopped()

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    assert (await service.get_job_by_id(job_id, OWNER)).status == "cancelled"


async def test_an_overtaken_attempt_leaves_the_job_to_its_successor(
    service: JobMonitoringService, database: Database
) -> None:
    async def run(context: TaskContext) -> None:
        deliveries = Deliveries(database, FakeClock(), RecordingSignal(), RecordingSubmitter())
        await deliveries.take_from(["worker-1"])
        await service.claim(context.job_id, "worker-2", seconds=60)
        await context.progress.report(99, stage="store")

    job_id = await submit(service, database)
    await executing(service, run).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert (job.status, job.attempt, job.progress) == ("running", 2, 0)


async def test_a_job_that_has_ended_is_not_run_again(service: JobMonitoringService, database: Database) -> None:
    async def run(_context: TaskContext) -> None:
        raise AssertionError

    job_id = await submit(service, database)
    await service.request_cancel(job_id, OWNER)
    await executing(service, run).execute(job_id)
    assert (await service.get_job_by_id(job_id, OWNER)).status == "cancelled"


async def test_a_job_of_a_kind_that_this_version_does_not_know_is_left_for_another_worker(
    service: JobMonitoringService, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = await submit(service, database)
    await executing_tasks(service, {}).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert (job.phase, job.attempt) == ("queued", 0)
    assert "does not know" in caplog.text


async def test_stopping_hands_running_jobs_back_and_takes_no_more(
    service: JobMonitoringService, database: Database
) -> None:
    began = asyncio.Event()

    async def run(_context: TaskContext) -> None:
        began.set()
        await asyncio.Event().wait()

    running, waiting = await submit(service, database), await submit(service, database)
    runs = executing(service, run)
    delivery = asyncio.create_task(runs.execute(running))
    await began.wait()
    await runs.stop()
    late = asyncio.create_task(runs.execute(waiting))
    assert (await service.get_job_by_id(running, OWNER)).phase == "retrying"
    done, _ = await asyncio.wait({delivery, late}, timeout=0.3)
    assert not done
    assert (await service.get_job_by_id(waiting, OWNER)).phase == "queued"
    for task in (delivery, late):
        task.cancel()
    await asyncio.gather(delivery, late, return_exceptions=True)
