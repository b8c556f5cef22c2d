"""What is kept of a job that has ended, as its owner can check it later."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from headway.jobs.errors import JobNotFound, JobStillRunning, WorkerSilent
from headway.jobs.history import JobHistory
from headway.jobs.models import BackgroundJob
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database

OWNER, OTHER = "ann", "bob"
FILE = {"file_name": "a.csv", "bytes": 12, "sha256": "ab" * 32}


async def test_a_job_that_made_a_dataset(
    service: JobMonitoringService, history: JobHistory, database: Database
) -> None:
    async with database.write() as session:
        made = await service.create_in(session, OWNER, "import", title="a.csv", details=FILE)
    lease = await service.claim(made.id, "w", seconds=60)
    assert lease is not None
    with pytest.raises(JobStillRunning):
        await history.receipt(made.id, OWNER)
    async with database.write() as session:
        result = {"datasets": [str(made.id)], "rows": 90, "rejected_rows": 10}
        await service.finish_in(session, lease, outcome="partial", result=result)
    receipt = await history.receipt(made.id, OWNER)
    assert receipt.input is not None
    assert receipt.input.model_dump() == FILE
    assert receipt.rows is not None
    assert receipt.rows.model_dump() == {"read": 100, "stored": 90, "rejected": 10}
    assert (receipt.datasets, receipt.attempts, receipt.headway) == ([made.id], 1, version("headway"))
    with pytest.raises(JobNotFound):
        await history.receipt(made.id, OTHER)


@pytest.mark.parametrize("ending", ["succeeded", "duplicate", "failed", "cancelled", "waiting", "silent"])
async def test_every_ending_has_its_receipt(
    service: JobMonitoringService, history: JobHistory, database: Database, ending: str
) -> None:
    async with database.write() as session:
        job_id = (await service.create_in(session, OWNER, "import", title="a.csv", engine="test", details=FILE)).id
    if ending != "waiting":
        lease = await service.claim(job_id, "w", seconds=60)
        assert lease is not None
    match ending:
        case "succeeded" | "duplicate":
            async with database.write() as session:
                await service.finish_in(session, lease, outcome=ending)
        case "failed":
            await service.fail(lease, {**WorkerSilent().problem(), "support_id": "s1"})
        case "cancelled":
            await service.request_cancel(job_id, OWNER)
            await service.confirm_cancelled(lease)
        case "waiting":
            await service.request_cancel(job_id, OWNER)
        case "silent":
            async with database.read() as session:
                seen = await session.get_one(BackgroundJob, job_id)
            assert await service.end_overdue(seen, WorkerSilent().problem())
    receipt = await history.receipt(job_id, OWNER)
    status, outcome, code = {
        "succeeded": ("completed", "succeeded", None),
        "duplicate": ("completed", "duplicate", None),
        "failed": ("failed", None, "job.silent"),
        "cancelled": ("cancelled", None, None),
        "waiting": ("cancelled", None, None),
        "silent": ("failed", None, "job.silent"),
    }[ending]
    said = receipt.problem.code if receipt.problem is not None else None
    assert (receipt.status, receipt.outcome, said) == (status, outcome, code)
    assert receipt.input is not None
    assert (receipt.input.sha256, receipt.attempts) == (FILE["sha256"], 0 if ending == "waiting" else 1)
    assert receipt.created_at <= receipt.completed_at


async def test_a_job_that_failed_and_that_another_program_ran(
    service: JobMonitoringService, history: JobHistory
) -> None:
    job = await service.create_job(OWNER, "export")
    await service.start_job(job.id)
    await service.complete_job(job.id, "The disk of the program was full.")
    receipt = await history.receipt(job.id, OWNER)
    assert (receipt.status, receipt.error) == ("failed", "The disk of the program was full.")
    assert (receipt.input, receipt.rows, receipt.datasets, receipt.headway) == (None, None, [], None)
