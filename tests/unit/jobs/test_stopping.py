"""A running attempt learns of a request to stop when it is made, whether it reports or not."""

from __future__ import annotations

import asyncio
from uuid import UUID

from headway.jobs.execution import Task, TaskContext
from headway.jobs.service import JobMonitoringService
from headway.jobs.stopping import StopRequests
from headway.kit.chores import doing, every
from headway.kit.db import Database
from tests.support.executing import executing
from tests.support.signals import RecordingSignal

OWNER = "ann"
SECONDS = 20


async def submit(service: JobMonitoringService, database: Database) -> UUID:
    async with database.write() as session:
        job = await service.create_in(session, OWNER, "import", kind="test", engine="test")
    return job.id


async def test_an_attempt_that_reports_nothing_is_stopped(
    service: JobMonitoringService, database: Database, signal: RecordingSignal
) -> None:
    async def run(context: TaskContext) -> None:
        await service.request_cancel(context.job_id, OWNER)
        await context.progress.stop.wait()
        context.raise_if_stopped()

    job_id = await submit(service, database)
    execution = executing(service, {"test": Task(run)})
    stops = StopRequests(database, signal, execution.stops)
    async with asyncio.timeout(SECONDS), doing(every(0, stops.look_when_told)):
        await execution.execute(job_id)
    assert (await service.get_job_by_id(job_id, OWNER)).status == "cancelled"
    assert execution.stops == {}


async def test_only_the_one_that_was_asked_to_stop_is_stopped(
    service: JobMonitoringService, database: Database, signal: RecordingSignal
) -> None:
    asked, other = await submit(service, database), await submit(service, database)
    for job_id in (asked, other):
        await service.claim(job_id, "worker-1", seconds=60)
    running = {asked: asyncio.Event(), other: asyncio.Event()}
    stops = StopRequests(database, signal, running)
    async with asyncio.timeout(SECONDS):
        await service.request_cancel(asked, OWNER)
        await stops.look_when_told()
    assert (running[asked].is_set(), running[other].is_set()) == (True, False)
