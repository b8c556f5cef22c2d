"""One action on many jobs: each for itself, only the owner's, only those that it fits."""

from __future__ import annotations

from typing import cast
from uuid import UUID, uuid4

import pytest

from headway.jobs import bulk as module
from headway.jobs.bulk import FITTING, BulkActions
from headway.jobs.deliveries import Deliveries
from headway.jobs.errors import JobNotFound, UnknownFilter
from headway.jobs.filters import JobFilter
from headway.jobs.history import JobHistory
from headway.jobs.schemas import Action, BulkAnswer
from headway.jobs.service import JobMonitoringService, Lease
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

OWNER, OTHER = "ann", "bob"
ALL = JobFilter()
PROBLEM = {
    "type": "t", "title": "t", "status": 422, "detail": "broken", "code": "c", "user_action": "a", "retryable": False,
}  # fmt: skip


class Jobs:
    """An owner's jobs in every state, and what may be done to many of them."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.signal = signal = RecordingSignal()
        self.database, self.clock, self.engine = database, clock, RecordingSubmitter()
        self.service = JobMonitoringService(database, clock, signal)
        self.history = JobHistory(database)
        self.bulk = BulkActions(database, self.service, Deliveries(database, clock, signal, self.engine))

    async def waiting(self, owner: str = OWNER, title: str = "") -> UUID:
        self.clock.advance(1)
        async with self.database.write() as session:
            values = {"kind": "test", "engine": "test", "delivery": 1, "title": title}
            return (await self.service.create_in(session, owner, "import", **values)).id

    async def running(self, owner: str = OWNER) -> Lease:
        lease = await self.service.claim(await self.waiting(owner), "worker", seconds=3600)
        assert lease is not None
        return lease

    async def completed(self, owner: str = OWNER) -> UUID:
        lease = await self.running(owner)
        async with self.database.write() as session:
            await self.service.finish_in(session, lease, outcome="succeeded")
        return lease.job_id

    async def failed(self, owner: str = OWNER) -> UUID:
        lease = await self.running(owner)
        await self.service.fail(lease, PROBLEM)
        return lease.job_id

    async def cancelled(self, owner: str = OWNER) -> UUID:
        lease = await self.running(owner)
        await self.service.confirm_cancelled(lease)
        return lease.job_id

    async def reported(self) -> UUID:
        """A failed job that another program ran."""
        self.clock.advance(1)
        job = await self.service.create_job(OWNER, "export")
        await self.service.complete_job(job.id, error="no")
        return job.id

    async def phases(self, owner: str = OWNER) -> dict[UUID, str]:
        page = await self.history.list_jobs(owner, limit=100, cursor=None)
        return {job.id: job.phase for job in page.items}


@pytest.fixture
def jobs(database: Database, clock: FakeClock) -> Jobs:
    return Jobs(database, clock)


def codes(answer: BulkAnswer) -> dict[UUID, str]:
    return {refusal.id: refusal.code for refusal in answer.refused}


async def test_cancelling_ends_what_waits_takes_its_delivery_back_and_asks_what_runs(jobs: Jobs) -> None:
    waiting, another, running = await jobs.waiting(), await jobs.waiting(), (await jobs.running()).job_id
    answer = await jobs.bulk.act(OWNER, "cancel", [waiting, running, another])
    assert answer == BulkAnswer(done=[waiting, running, another], refused=[], more=False)
    assert await jobs.phases() == {running: "cancelling", waiting: "cancelled", another: "cancelled"}
    assert set(jobs.engine.cancelled) == {waiting, another}
    assert jobs.engine.told == 1, "once for all of them"


async def test_what_is_refused_says_why_and_stops_no_other(jobs: Jobs) -> None:
    waiting, completed, failed = await jobs.waiting(), await jobs.completed(), await jobs.failed()
    strangers, unknown = await jobs.failed(OTHER), uuid4()
    ids = [strangers, waiting, unknown, completed, failed]
    retried = await jobs.bulk.act(OWNER, "retry", ids)
    nowhere = {strangers: "job.not_found", unknown: "job.not_found"}
    assert retried.done == [failed]
    assert codes(retried) == {**nowhere, waiting: "job.still_running", completed: "job.not_retryable"}
    assert [one.job_id for one in jobs.engine.held] == [failed]
    deleted = await jobs.bulk.act(OWNER, "delete", ids)
    assert deleted.done == [completed]
    assert codes(deleted) == {**nowhere, waiting: "job.still_running", failed: "job.still_running"}
    dismissed = await jobs.bulk.act(OWNER, "dismiss", [waiting, strangers])
    assert codes(dismissed) == {waiting: "job.still_running", strangers: "job.not_found"}
    assert all(refusal.detail for refusal in (*retried.refused, *deleted.refused))
    assert await jobs.phases(OTHER) == {strangers: "failed"}


async def test_a_job_that_is_named_twice_is_done_once(jobs: Jobs) -> None:
    failed = await jobs.failed()
    assert await jobs.bulk.act(OWNER, "retry", [failed, failed]) == BulkAnswer(done=[failed], refused=[])


@pytest.mark.parametrize(
    ("action", "fitting"),
    [
        ("cancel", ["running", "waiting"]),
        ("retry", ["cancelled", "failed"]),
        ("dismiss", ["reported", "cancelled", "failed", "completed"]),
        ("delete", ["reported", "cancelled", "failed", "completed", "dismissed"]),
    ],
)
async def test_a_filter_takes_what_the_action_fits_newest_first(jobs: Jobs, action: Action, fitting: list[str]) -> None:
    made = {"dismissed": await jobs.completed()}
    await jobs.service.dismiss(made["dismissed"], OWNER)
    made |= {"completed": await jobs.completed(), "failed": await jobs.failed(), "cancelled": await jobs.cancelled()}
    made |= {"waiting": await jobs.waiting(), "running": (await jobs.running()).job_id}
    stopping = (await jobs.running()).job_id
    await jobs.service.request_cancel(stopping, OWNER)
    made["reported"] = await jobs.reported()
    for make in (jobs.waiting, jobs.completed, jobs.failed):
        await make(OTHER)
    strangers = await jobs.phases(OTHER)
    answer = await jobs.bulk.act_where(OWNER, action, ALL)
    assert answer == BulkAnswer(done=[made[name] for name in fitting], refused=[], more=False)
    assert await jobs.bulk.act_where(OWNER, action, ALL) == BulkAnswer(done=[], refused=[])
    assert await jobs.phases(OTHER) == strangers


async def test_more_is_said_until_none_is_left(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BULK_LIMIT", 2)
    # Running ones stay running for a while, and must not be found again and again.
    for action in cast("list[Action]", list(FITTING)):
        made = [(await jobs.running()).job_id if action == "cancel" else await jobs.failed() for _ in range(4)]
        first = await jobs.bulk.act_where(OWNER, action, ALL)
        assert (first.done, first.more) == (made[:1:-1], True)
        second = await jobs.bulk.act_where(OWNER, action, ALL)
        assert (second.done, second.more) == (made[1::-1], False)
        for job_id in made:
            if action != "delete":
                await forget(jobs, job_id)


async def forget(jobs: Jobs, job_id: UUID) -> None:
    """Take a job out of the way of the next action."""
    lease = await jobs.service.claim(job_id, "worker", seconds=3600)
    if lease is not None:
        await jobs.service.confirm_cancelled(lease)
    await jobs.service.delete(job_id, OWNER)


async def test_a_filter_is_that_of_the_list(jobs: Jobs) -> None:
    wanted, other = await jobs.waiting(title="Wanted"), await jobs.waiting(title="Other")
    with pytest.raises(UnknownFilter):
        await jobs.bulk.act_where(OWNER, "cancel", JobFilter(statuses=("done",)))
    assert (await jobs.bulk.act_where(OWNER, "cancel", JobFilter(statuses=("completed",)))).done == []
    assert (await jobs.bulk.act_where(OWNER, "cancel", JobFilter(text="wanted"))).done == [wanted]
    assert await jobs.phases() == {other: "queued", wanted: "cancelled"}


async def test_a_deleted_job_is_gone_with_its_events_and_told_at_once(jobs: Jobs) -> None:
    failed = await jobs.failed()
    jobs.signal.owners.clear()
    assert (await jobs.bulk.act(OWNER, "delete", [failed])).done == [failed]
    with pytest.raises(JobNotFound):
        await jobs.history.list_events(failed, OWNER)
    assert codes(await jobs.bulk.act(OWNER, "delete", [failed])) == {failed: "job.not_found"}
    assert jobs.signal.owners == [OWNER]
