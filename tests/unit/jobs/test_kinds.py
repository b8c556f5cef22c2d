"""Kinds of jobs: what can be one, what is taken in, where it waits, and what becomes of one that may not be repeated."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from headway.errors import Unavailable
from headway.jobs import submitting
from headway.jobs.deliveries import Deliveries
from headway.jobs.errors import ParametersInvalid, TooManyJobs, UnknownKind
from headway.jobs.kinds import AnyKind, Done, JobKind, KindUnusable, TaskContext, by_name, load_kinds, with_tasks_of
from headway.jobs.schemas import CreateJob
from headway.jobs.service import JobMonitoringService
from headway.jobs.submitting import JobSubmissions
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.executing import executing
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

OWNER = "ann"


class Order(BaseModel):
    count: int = Field(ge=1)


async def count(context: TaskContext, order: Order) -> Done:
    return Done(f"{order.count} for {context.owner}", {"count": order.count}, "partial")


COUNT = JobKind("things.count", Order, count, title="Counted things")


@pytest.fixture
def submitter() -> RecordingSubmitter:
    return RecordingSubmitter()


@pytest.fixture
def submissions(database: Database, service: JobMonitoringService, submitter: RecordingSubmitter) -> JobSubmissions:
    return JobSubmissions(database, service, submitter, by_name([COUNT]))


def order(job_type: str = "things.count", **members: Any) -> CreateJob:
    return CreateJob.model_validate({"job_type": job_type, "parameters": {"count": 3}, **members})


async def submit(submissions: JobSubmissions, **members: Any) -> UUID:
    job = await submissions.submit(OWNER, order(**members))
    assert job is not None
    return job.id


async def test_a_kind_is_checked_run_and_completed(submissions: JobSubmissions, service: JobMonitoringService) -> None:
    job_id = await submit(submissions)
    await executing(service, {COUNT.name: COUNT.task()}).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert (job.status, job.outcome, job.title) == ("completed", "partial", "Counted things")
    assert (job.message, job.result) == ("3 for ann", {"count": 3})


async def test_a_type_that_is_no_kind_is_its_creators_to_run(submissions: JobSubmissions) -> None:
    assert await submissions.submit(OWNER, CreateJob(job_type="export")) is None
    with pytest.raises(UnknownKind) as refused:
        await submissions.submit(OWNER, order("export"))
    assert refused.value.data == {"kinds": ["things.count"]}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"parameters": None}, "/parameters/count: Field required"),
        ({"parameters": {"count": 0}}, "/parameters/count: Input should be greater than or equal to 1"),
        ({"heartbeat_seconds": 5, "stages": [{"key": "a"}]}, "heartbeat_seconds, stages: only for a job that you run"),
    ],
)
async def test_what_does_not_fit_is_refused(submissions: JobSubmissions, members: dict[str, Any], said: str) -> None:
    with pytest.raises(ParametersInvalid, match=said):
        await submissions.submit(OWNER, order(**members))


async def test_somebody_has_no_more_than_so_many_live_jobs(
    submissions: JobSubmissions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "MOST_LIVE", 2)
    await submit(submissions)
    await submit(submissions)
    with pytest.raises(TooManyJobs):
        await submit(submissions)
    assert await submissions.submit("bob", order()) is not None


@pytest.mark.parametrize("queue", ["imports", "bulk"])
async def test_a_kind_says_where_its_jobs_wait_and_they_stay_there(
    database: Database,
    service: JobMonitoringService,
    submitter: RecordingSubmitter,
    clock: FakeClock,
    signal: RecordingSignal,
    queue: Any,
) -> None:
    kind: AnyKind = JobKind("things.wait", Order, count, queue=queue)
    job_id = await submit(JobSubmissions(database, service, submitter, by_name([kind])), job_type=kind.name)
    lease = await service.claim(job_id, "worker", seconds=10)
    assert lease is not None
    await service.fail(lease, {"detail": "no", "code": "no"})
    await Deliveries(database, clock, signal, submitter).retry(job_id, OWNER)
    assert [one.bulk for one in submitter.held] == [queue == "bulk"] * 2
    assert (await service.get_delivered(job_id)).queue == queue


async def test_what_an_older_version_took_in_is_checked_again(
    submissions: JobSubmissions, service: JobMonitoringService
) -> None:
    class Stricter(BaseModel):
        count: int = Field(ge=10)

    job_id = await submit(submissions)
    await executing(service, {COUNT.name: JobKind(COUNT.name, Stricter, count).task()}).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", "job.parameters_invalid")


class OneLetter:
    """A kind that must not be repeated. It is broken off once it has begun, or does what its test says."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = 0
        self.is_at_it = asyncio.Event()
        self._error = error
        self.kind: AnyKind = JobKind("letters.send", Order, self.send, repeats=False)

    async def send(self, _context: TaskContext, _order: Order) -> Done:
        self.begun += 1
        self.is_at_it.set()
        if self._error is not None:
            raise self._error
        if self.begun == 1:
            await asyncio.Event().wait()
        return Done("Sent")


async def submit_letter(
    letter: OneLetter, database: Database, service: JobMonitoringService, submitter: RecordingSubmitter
) -> UUID:
    return await submit(JobSubmissions(database, service, submitter, by_name([letter.kind])), job_type="letters.send")


async def test_what_is_not_to_be_repeated_is_begun_again_only_by_its_owner(
    database: Database,
    service: JobMonitoringService,
    submitter: RecordingSubmitter,
    clock: FakeClock,
    signal: RecordingSignal,
) -> None:
    letter = OneLetter()
    job_id = await submit_letter(letter, database, service, submitter)
    tasks = {letter.kind.name: letter.kind.task()}
    first = executing(service, tasks)
    delivery = asyncio.create_task(first.execute(job_id))
    await asyncio.wait_for(letter.is_at_it.wait(), 10)
    await first.stop()
    delivery.cancel()

    await executing(service, tasks, "worker-2").execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert job.problem is not None
    assert (letter.begun, job.status, job.problem.code) == (1, "failed", "job.not_repeated")

    await Deliveries(database, clock, signal, submitter).retry(job_id, OWNER)
    await executing(service, tasks, "worker-3").execute(job_id)
    assert (letter.begun, (await service.get_job_by_id(job_id, OWNER)).status) == (2, "completed")


async def test_what_is_not_to_be_repeated_fails_with_its_own_reason(
    database: Database, service: JobMonitoringService, submitter: RecordingSubmitter
) -> None:
    letter = OneLetter(Unavailable("The post office is closed."))
    job_id = await submit_letter(letter, database, service, submitter)
    await executing(service, {letter.kind.name: letter.kind.task()}).execute(job_id)
    job = await service.get_job_by_id(job_id, OWNER)
    assert (letter.begun, job.status, job.error) == (1, "failed", "The post office is closed.")


@pytest.mark.parametrize("name", ["export", "Things.count", "things.", ".count", "a." + "b" * 63, "things.count;"])
def test_a_name_that_cannot_be_one(name: str) -> None:
    with pytest.raises(KindUnusable, match="cannot be the name"):
        by_name([JobKind(name, Order, count)])


def test_two_kinds_of_one_name() -> None:
    with pytest.raises(KindUnusable, match=r"two kinds of jobs have the name 'things\.count'"):
        by_name([COUNT, COUNT])


def test_no_kind_takes_the_place_of_our_own_tasks() -> None:
    own = {"intake.import_file": COUNT.task()}
    assert with_tasks_of({"things.count": COUNT}, own).keys() == {"intake.import_file", "things.count"}
    with pytest.raises(KindUnusable, match="a task of Headway itself"):
        with_tasks_of({"intake.import_file": COUNT}, own)


def test_kinds_are_found_by_their_places() -> None:
    assert load_kinds([f"{__name__}:COUNT"]) == {"things.count": COUNT}
    assert load_kinds([]) == {}


@pytest.mark.parametrize(
    "place", ["nowhere_at_all:kind", f"{__name__}:nothing", f"{__name__}:Order", __name__, ":", "a..b:kind"]
)
def test_a_place_where_there_is_no_kind(place: str) -> None:
    with pytest.raises(KindUnusable, match="kind of job"):
        load_kinds([place])
