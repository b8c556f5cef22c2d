"""Whatever becomes of a Celery task, its row ends right, and none runs for ever. On a real Redis, with a real worker."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from headway.jobs.tracked import TrackedJobs
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from tests.support.celery_host import Host, Worker
from tests.support.redis import Broker
from tests.support.signals import RecordingSignal

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "celery"
GUIDE = ROOT / "docs" / "how-to" / "track-celery.md"

pytestmark = pytest.mark.timeout(60)


async def runs(host: Host, name: str = "go") -> int:
    """Wait until a task that goes on runs; return the process that runs it."""
    await host.sees(lambda job: job.phase == "running")
    pid = host.path(f"{name}").with_suffix(".pid")
    async with asyncio.timeout(20):
        while not pid.exists() or not pid.read_text():
            await asyncio.sleep(0.02)
    return int(pid.read_text())


async def test_a_task_that_succeeds(host: Host) -> None:
    await host.send("succeeds")
    job = await host.ends()
    assert (job.title, job.status, job.progress, job.attempt) == ("succeeds", "completed", 100, 1)
    events = [event.kind for event in (await host.history.list_events(job.id, host.owner)).items]
    assert events[0] == "created", "the row is there before the message"
    assert {"started", "completed"} <= set(events)


async def test_a_task_that_fails_says_why(host: Host) -> None:
    await host.send("fails")
    job = await host.ends()
    assert job.problem is not None
    assert (job.status, job.problem.code, job.error) == (
        "failed", "job.reported_failure", "ValueError: disk 3 is full",
    )  # fmt: skip


async def test_a_retry_is_an_attempt_of_the_same_job(host: Host) -> None:
    await host.send("tries_again")
    job = await host.ends()
    assert (job.status, job.attempt, len(await host.jobs())) == ("completed", 3, 1)
    attempts = await host.attempts(job)
    assert [each.outcome for each in attempts] == ["failed", "failed", "completed"]
    assert dict(attempts[0].problem or {})["detail"] == "ConnectionError: the line is busy"


async def test_a_child_that_is_killed(host: Host) -> None:
    await host.send("kills_itself")
    job = await host.ends()
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", "task.process_lost")


async def test_a_child_that_is_killed_with_a_task_that_is_delivered_again(host: Host) -> None:
    await host.send("goes_on_late", str(host.path()))
    child = await runs(host)
    host.path().with_suffix(".pid").unlink()
    os.kill(child, signal.SIGKILL)
    await host.sees(lambda job: job.attempt == 2)
    host.path().touch()
    job = await host.ends()
    assert (job.status, [each.outcome for each in await host.attempts(job)]) == (
        "completed",
        ["worker_lost", "completed"],
    )


async def test_a_task_that_takes_too_long(host: Host) -> None:
    await host.send("takes_too_long")
    job = await host.ends()
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", "task.time_limit")
    assert job.error == "It ran for longer than 1 s."


async def test_a_running_task_that_may_be_ended_is_ended(host: Host) -> None:
    await host.send("goes_on_until", str(host.path()))
    await runs(host)
    await host.service.request_cancel((await host.jobs())[0].id, host.owner)
    assert (await host.ends()).status == "cancelled"


async def test_a_task_that_reports_shows_it_and_stops_by_itself(host: Host) -> None:
    await host.send("reports_until_stopped")
    job = await host.sees(lambda job: job.done_units)
    assert (job.message, job.total_units, job.unit) == ("Copying", 1_000_000, "rows")
    await host.service.request_cancel(job.id, host.owner)
    assert (await host.ends()).status == "cancelled"


async def test_a_task_that_is_cancelled_before_its_time_never_runs(host: Host) -> None:
    await host.send("goes_on_until", str(host.path()), countdown=1.5)
    [job] = await host.jobs()
    await host.service.request_cancel(job.id, host.owner)
    await host.send("succeeds", countdown=2)
    await host.sees(lambda job: job.title == "succeeds" and job.status == "completed")
    assert not host.path().with_suffix(".pid").exists()
    assert (await host.sees(lambda job: job.title == "goes_on_until")).status == "cancelled"


async def test_a_task_that_expires(host: Host) -> None:
    await host.send("succeeds", expires=0.001, countdown=0.5)
    job = await host.ends()
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", "task.expired")


async def test_a_task_that_no_worker_knows(host: Host) -> None:
    await host.send("nobody_knows")
    job = await host.ends()
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", "task.unknown")


@pytest.mark.parametrize(("task", "status"), [("ignores", "completed"), ("rejects", "failed")])
async def test_a_task_without_a_result(host: Host, task: str, status: str) -> None:
    await host.send(task)
    assert (await host.ends()).status == status


async def test_what_a_task_sends_is_its_owners_too(host: Host) -> None:
    await host.send("sends_another")
    await host.sees(lambda job: job.title == "succeeds" and job.status == "completed")
    assert {job.title for job in await host.jobs()} == {"sends_another", "succeeds"}


async def test_a_task_of_nobody_is_not_tracked(host: Host, celery_place: str) -> None:
    sent = await asyncio.to_thread(host.app.send_task, "succeeds")
    await host.send("succeeds")
    await host.ends()
    database = Database(celery_place)
    job_id = TrackedJobs(database, SystemClock(), RecordingSignal(), "celery").id_of(sent.id)
    async with database.read() as session:
        assert await host.service.find_status(session, job_id) is None
    await database.close()


async def test_a_message_that_is_nowhere_fails_its_job_and_one_that_waits_does_not(
    host: Host, redis_broker: Broker
) -> None:
    await host.send("succeeds", queue="nobody_reads")
    redis_broker.client.delete("nobody_reads")
    await host.send("fails", queue="nobody_reads")
    job = await host.sees(lambda job: job.completed_at is not None)
    assert job.problem is not None
    assert (job.title, job.problem.code) == ("succeeds", "task.message_lost")
    assert (await host.sees(lambda job: job.title == "fails")).phase == "queued"


async def test_a_broker_that_is_away_when_a_task_is_sent(host: Host) -> None:
    with pytest.raises(OperationalError):
        await host.send("succeeds", connection=Connection("redis://127.0.0.1:1/0"), retry=False)
    assert len(await host.jobs()) == 1, "the row is there before the message"
    job = await host.ends()
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", "task.not_sent")


async def test_a_broker_that_goes_away_and_comes_back_empty(host: Host, redis_broker: Broker) -> None:
    await host.send("goes_on_until", str(host.path()))
    await runs(host)
    await host.send("succeeds", queue="nobody_reads")
    redis_broker.stop()
    host.path().touch()
    assert (await host.sees(lambda job: job.title == "goes_on_until" and job.completed_at)).status == "completed"
    assert (await host.sees(lambda job: job.title == "succeeds")).phase == "queued", "nobody knows without a broker"
    redis_broker.start()
    lost = await host.sees(lambda job: job.title == "succeeds" and job.completed_at)
    assert lost.problem is not None
    assert lost.problem.code == "task.message_lost"


async def test_a_whole_worker_that_is_killed(host: Host) -> None:
    await host.send("goes_on_until", str(host.path()))
    await runs(host)
    host.worker.kill()
    await host.sees(lambda job: job.phase == "stalled")
    job = await host.ends()
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", "job.silent")


async def test_the_example_runs(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(host.worker.broker, host.worker.database_url, host.worker.log, "tasks", EXAMPLE)
    for name, value in {
        "BROKER_URL": worker.broker.url,
        "DATABASE_URL": worker.database_url,
        "SHOP_SECONDS": "0.2",
    }.items():
        monkeypatch.setenv(name, value)
    # It reads the same queue as the worker of the other tests, which knows no task of a shop.
    await asyncio.to_thread(host.worker.kill)
    await asyncio.to_thread(worker.start)
    try:
        sending = await asyncio.create_subprocess_exec(sys.executable, "send.py", host.owner, cwd=EXAMPLE)
        assert await sending.wait() == 0
        await host.sees(lambda job: job.title == "Rebuild the index" and job.status == "completed")
        copied = await host.sees(lambda job: job.title == "Copy the orders" and job.status == "completed")
    finally:
        await asyncio.to_thread(worker.kill)
    assert (copied.total_units, copied.unit, copied.message) == (500, "orders", "Copying orders")


def test_the_python_of_the_guide_runs(celery_place: str) -> None:
    making, _sending, reporting = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    making = making.replace("postgresql://headway@db.internal/headway", celery_place)
    program = (
        f"{making}\n{reporting}\ncopied = []\ncopy = copied.append\ncopy_orders(['one'])\nassert copied == ['one']"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
