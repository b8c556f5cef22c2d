"""What jobs did, in lines: what is kept of them, who reads them, and what never gets among them."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Header
from sqlalchemy.exc import OperationalError

from headway.errors import BadRequest, Unavailable
from headway.jobs import execution
from headway.jobs.errors import JobNotFound
from headway.jobs.execution import Task, TaskCancelled, TaskContext
from headway.jobs.logs import recording, ring
from headway.jobs.logs.recording import Recorder, Tape, tell
from headway.jobs.logs.ring import Line
from headway.jobs.logs.router import build_logs_router
from headway.jobs.logs.service import LogBook
from headway.jobs.queries import Lease
from headway.jobs.schemas import ReportProgress
from headway.jobs.service import JobMonitoringService
from headway.kit.actor import Actor
from headway.kit.db import Database
from headway.kit.logs import about
from headway.kit.problems import install_problem_handlers
from tests.support.clock import FakeClock
from tests.support.executing import executing
from tests.support.lines import logged_lines

ANN, BOB = "ann", "bob"
NOW = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
SECRET = "postgresql://headway:s3cret-pa55@db.internal/headway"


@pytest.fixture
def book(database: Database, clock: FakeClock) -> LogBook:
    return LogBook(database, clock)


def lines(*texts: str, source: Any = "worker") -> list[Line]:
    return [Line(NOW, "info", source, text) for text in texts]


async def submit(service: JobMonitoringService, database: Database, owner: str = ANN) -> UUID:
    async with database.write() as session:
        return (await service.create_in(session, owner, "import", kind="test", engine="test")).id


async def claimed(service: JobMonitoringService, database: Database, owner: str = ANN) -> Lease:
    lease = await service.claim(await submit(service, database, owner), "worker-1", seconds=10)
    assert lease is not None
    return lease


async def texts(book: LogBook, job_id: UUID, owner: str = ANN) -> list[str]:
    return [line.text for line in (await book.read(owner, job_id, after=None, limit=1000)).items]


# ------------------------------------------------------------------------------- the ring


async def test_of_each_attempt_the_last_lines_are_kept_and_the_cut_is_said(
    service: JobMonitoringService, database: Database, book: LogBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring, "BLOCK_LINES", 10)
    monkeypatch.setattr("headway.jobs.logs.queries.BLOCKS_OF_ATTEMPT", 3)
    lease = await claimed(service, database)
    for start in range(0, 100, 4):
        await book.write(lease, lines(*(f"line {number}" for number in range(start, start + 4))))
    found = await book.read(ANN, lease.job_id, after=None, limit=1000)
    assert [line.number for line in found.items] == list(range(71, 101))
    assert found.items[0].text == "line 70"
    assert (found.total, found.dropped, found.more, found.next_after) == (100, 70, False, 100)
    await service.hand_back(lease, "again")
    second = await service.claim(lease.job_id, "worker-1", seconds=10)
    assert second is not None
    await book.write(second, lines("anew"))
    found = await book.read(ANN, lease.job_id, after=99, limit=1000)
    assert [(line.number, line.attempt, line.text) for line in found.items] == [(100, 1, "line 99"), (101, 2, "anew")]


async def test_a_job_that_is_tried_for_ever_does_not_grow_for_ever(
    service: JobMonitoringService, database: Database, book: LogBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headway.jobs.logs.queries.BLOCKS_OF_JOB", 2)
    lease = await claimed(service, database)
    for number in range(4):
        await book.write(lease, lines(f"attempt {number}"))
        await service.hand_back(lease, "again")
        again = await service.claim(lease.job_id, "worker-1", seconds=10)
        assert again is not None
        lease = again
    assert await texts(book, lease.job_id) == ["attempt 2", "attempt 3"]


async def test_pages_follow_one_another_without_a_hole(
    service: JobMonitoringService, database: Database, book: LogBook
) -> None:
    lease = await claimed(service, database)
    await book.write(lease, lines(*map(str, range(250))))
    after, seen = 0, []
    while True:
        found = await book.read(ANN, lease.job_id, after=after, limit=70)
        seen += [line.text for line in found.items]
        after = found.next_after
        if not found.more:
            break
    assert seen == [str(number) for number in range(250)]
    assert [line.text for line in (await book.read(ANN, lease.job_id, after=None, limit=3)).items] == [
        "247",
        "248",
        "249",
    ]
    end = await book.read(ANN, lease.job_id, after=250, limit=3)
    assert (end.items, end.next_after, end.more) == ([], 250, False)


async def test_an_attempt_that_was_overtaken_writes_nothing(
    service: JobMonitoringService, database: Database, book: LogBook
) -> None:
    lease = await claimed(service, database)
    assert await book.write(lease, lines("first"))
    await service.hand_back(lease, "again")
    assert await book.write(lease, lines("handed back"))
    await service.claim(lease.job_id, "worker-2", seconds=10)
    assert not await book.write(lease, lines("zombie"))
    assert await texts(book, lease.job_id) == ["first", "handed back"]


# ------------------------------------------------------------------------------- programs


async def test_a_program_says_lines_with_its_reports(service: JobMonitoringService, book: LogBook) -> None:
    job = await service.create_job(ANN, "external")
    await service.report(
        job.id, ANN, ReportProgress(progress=5, log=["begun", {"text": "slow\ndisk", "level": "warning"}])
    )
    await service.report(job.id, ANN, ReportProgress(status="failed", error="No.", log=["that was it"]))
    found = (await book.read(ANN, job.id, after=None, limit=10)).items
    assert [(line.level, line.source, line.text) for line in found] == [
        ("info", "program", "begun"), ("warning", "program", "slow"), ("warning", "program", "disk"),
        ("info", "program", "that was it"),
    ]  # fmt: skip


async def test_a_report_that_is_refused_says_nothing(service: JobMonitoringService, book: LogBook) -> None:
    job = await service.create_job(ANN, "external")
    with pytest.raises(JobNotFound):
        await service.report(job.id, BOB, ReportProgress(log=["mine"]))
    with pytest.raises(JobNotFound):
        await book.read(BOB, job.id, after=None, limit=10)
    assert await texts(book, job.id) == []


# --------------------------------------------------------------------------------- workers


async def run(service: JobMonitoringService, database: Database, work: Any, owner: str = ANN) -> UUID:
    job_id = await submit(service, database, owner)
    await executing(service, {"test": Task(work)}).execute(job_id)
    return job_id


async def test_an_attempt_tells_its_stages_and_its_end(
    service: JobMonitoringService, database: Database, book: LogBook
) -> None:
    async def work(context: TaskContext) -> None:
        await context.progress.report(10, "Reading the file", stage="parse")
        await context.progress.report(11, "Reading the file", stage="parse")
        tell.info("Read it as csv: %d rows.", 3)
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")

    job_id = await run(service, database, work)
    assert await texts(book, job_id) == ["Attempt 1 began.", "Reading the file", "Read it as csv: 3 rows.", "Done."]


@pytest.mark.parametrize(
    ("error", "last"),
    [
        (BadRequest("Line 3 is broken."), "Failed: Line 3 is broken. (request.malformed)"),
        (TaskCancelled(), "Stopped, as it was asked to."),
    ],
)
async def test_every_end_is_told(
    service: JobMonitoringService, database: Database, book: LogBook, error: Exception, last: str
) -> None:
    async def work(_context: TaskContext) -> None:
        raise error

    assert (await texts(book, await run(service, database, work)))[-1] == last


async def test_each_attempt_has_its_lines(
    service: JobMonitoringService, database: Database, book: LogBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "BACKOFF_SECONDS", (0.0,))

    async def work(context: TaskContext) -> None:
        if context.lease.attempt == 1:
            raise Unavailable("The store is away.")
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")

    job_id = await run(service, database, work)
    found = (await book.read(ANN, job_id, after=None, limit=10)).items
    assert [(line.attempt, line.level, line.text) for line in found] == [
        (1, "info", "Attempt 1 began."), (1, "warning", "The store is away. Trying again in 0 s."),
        (2, "info", "Attempt 2 began."), (2, "info", "Done."),
    ]  # fmt: skip


async def test_an_attempt_that_was_overtaken_here_leaves_the_next_one_its_lines(
    service: JobMonitoringService, database: Database, book: LogBook
) -> None:
    """A worker that was cut off may be given the same job again before it has stopped its first attempt."""
    recorder, first = Recorder(book), await claimed(service, database)
    old = recorder.recording(first)
    await old.__aenter__()
    await service.hand_back(first, "again")
    second = await service.claim(first.job_id, "worker-1", seconds=10)
    assert second is not None
    with about(job_id=first.job_id):
        async with recorder.recording(second):
            await old.__aexit__(None, None, None)
            tell.info("still heard")
    assert await texts(book, first.job_id) == ["still heard"]
    assert not tell.handlers


async def test_secrets_and_traces_stay_in_the_log_of_the_process(
    service: JobMonitoringService, database: Database, book: LogBook
) -> None:
    async def work(_context: TaskContext) -> None:
        logging.getLogger("headway.intake.tasks").warning("connecting to %s", SECRET)
        raise RuntimeError(SECRET)

    with logged_lines() as logged:
        job_id = await run(service, database, work)
    assert SECRET in str(logged)
    kept = " ".join(await texts(book, job_id))
    assert "s3cret" not in kept
    assert "Traceback" not in kept
    support_id = next(line["support_id"] for line in logged if "support_id" in line)
    assert support_id in kept


async def test_what_is_told_of_one_job_is_not_told_to_the_owner_of_another(
    service: JobMonitoringService, database: Database, book: LogBook
) -> None:
    both = asyncio.Barrier(2)

    async def work(context: TaskContext) -> None:
        await both.wait()
        for number in range(20):
            await asyncio.to_thread(tell.info, "%s %d", context.job_id, number)
        await both.wait()

    jobs = [await submit(service, database, owner) for owner in (ANN, BOB)]
    worker = executing(service, {"test": Task(work)})
    await asyncio.gather(*(worker.execute(job_id) for job_id in jobs))
    for job_id, owner in zip(jobs, (ANN, BOB), strict=True):
        kept = await texts(book, job_id, owner)
        assert [text for text in kept if text.startswith(str(job_id))] == [f"{job_id} {number}" for number in range(20)]
        assert len(kept) == 22


async def test_what_nobody_records_is_dropped(service: JobMonitoringService, database: Database, book: LogBook) -> None:
    lease = await claimed(service, database)
    async with Recorder(book).recording(lease):
        tell.info("about no job")
        with about(job_id=UUID(int=7)):
            tell.info("about another job")
        with about(job_id=lease.job_id):
            tell.info("about this one")
    with about(job_id=lease.job_id):
        tell.info("too late")
    assert await texts(book, lease.job_id) == ["about this one"]
    assert not [handler for handler in tell.handlers if isinstance(handler, Recorder)]


async def test_many_lines_are_few_transactions_and_a_flood_leaves_a_gap(
    service: JobMonitoringService, database: Database, book: LogBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes, write = [], book.write

    async def counted(*given: Any) -> bool:
        writes.append(len(given[1]))
        return await write(*given)

    monkeypatch.setattr(book, "write", counted)
    lease = await claimed(service, database)
    async with Recorder(book).recording(lease):
        with about(job_id=lease.job_id):
            for number in range(recording.MOST_WAITING + 500):
                tell.info("line %d", number)
    assert writes == [recording.MOST_WAITING]
    found = await book.read(ANN, lease.job_id, after=None, limit=1000)
    assert (found.items[0].number, found.items[0].text) == (501, "line 500")
    assert (found.total, found.dropped) == (1500, 500)


async def test_a_database_that_is_away_costs_no_line_and_no_job(
    service: JobMonitoringService, database: Database, book: LogBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "FLUSH_SECONDS", 0.001)
    failed, write = asyncio.Event(), book.write

    async def away(*given: Any) -> bool:
        if not failed.is_set():
            failed.set()
            raise OperationalError("insert", {}, Exception("server closed the connection"))
        return await write(*given)

    monkeypatch.setattr(book, "write", away)
    lease = await claimed(service, database)
    async with Recorder(book).recording(lease):
        with about(job_id=lease.job_id):
            tell.info("one")
            await failed.wait()
            tell.info("two")
    assert await texts(book, lease.job_id) == ["one", "two"]


def test_what_is_put_back_stands_before_what_came_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_WAITING", 3)
    tape = Tape()
    for line in lines("b", "c"):
        tape.add(line)
    tape.put_back(lines("x", "a"), 5)
    kept, skipped = tape.take()
    assert ([line.text for line in kept], skipped) == (["a", "b", "c"], 6)


# --------------------------------------------------------------------------------- answers


def who(x_who: Annotated[str, Header()] = ANN) -> Actor:
    return Actor(owner=x_who)


async def test_lines_are_answered_as_json_and_as_text(
    service: JobMonitoringService, database: Database, book: LogBook
) -> None:
    lease = await claimed(service, database)
    await book.write(lease, lines("one"))
    await book.write(lease, lines("two <b>"), skipped=4)
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(build_logs_router(book, who))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        path = f"/jobs/{lease.job_id}/logs"
        found = (await http.get(path)).json()
        assert [line["number"] for line in found["items"]] == [1, 6]
        assert (found["total"], found["dropped"]) == (6, 4)
        text = await http.get(path, params={"format": "text"})
        assert text.text == (
            "2026-11-27T18:00:00.000Z info    one\n[4 lines are not kept]\n2026-11-27T18:00:00.000Z info    two <b>\n"
        )
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        assert text.headers["x-content-type-options"] == "nosniff"
        assert (await http.get(path, headers={"Accept": "text/plain"}, params={"after": 1})).text.startswith("[4 lines")
        assert (await http.get(path, params={"limit": 1, "format": "text"})).text.startswith("[5 earlier lines")
        for wrong in ({"limit": 0}, {"limit": 1001}, {"after": -1}, {"format": "xml"}):
            assert (await http.get(path, params=wrong)).status_code == 422
        assert (await http.get(path, headers={"X-Who": BOB})).json()["code"] == "job.not_found"
