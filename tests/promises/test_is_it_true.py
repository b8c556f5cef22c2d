"""Is the bar telling the truth?"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
from playwright.async_api import expect

from tests.browser.test_live import jobs_button
from tests.browser.test_pages import a_table
from tests.promises.conftest import TOLD_ROWS, LargeImport, Opening, Person
from tests.promises.onlooker import looking_on
from tests.support.product import Server, until


def test_01_zero_percent_then_done(large_import: LargeImport) -> None:
    """It says 0 %, and then it is done.

    An import of 1,200,000 rows tells of itself all along: the bytes that arrive, the rows that are read, the rows that
    are stored. No two states that are told are further apart than half of the way.
    """
    told = [state["progress"] for state in large_import.told]
    assert (told[0] < 20, told[-1]) == (True, 100)
    assert len({percent for percent in told if 0 < percent < 100}) >= 4, told
    assert max(after - before for before, after in pairwise(told)) <= 50, told


def test_02_stuck_at_the_end_while_the_real_work_runs(large_import: LargeImport) -> None:
    """It is stuck at 95 to 100 % while the real work runs.

    100 % means that the result can be used: at the moment in which an import is called finished, all its rows are
    there. Until then at most 99 is shown, and above 90 nothing is left but to create the dataset.
    """
    running = [state for state in large_import.told if state["status"] == "running"]
    assert running
    assert {state["stage"] for state in running if state["progress"] > 90} <= {"publish"}
    assert max(state["progress"] for state in running) <= 99
    assert large_import.totals == [TOLD_ROWS]


def test_02_a_program_that_says_100_too_early_is_shown_as_finishing(ann: Person) -> None:
    """It is stuck at 95 to 100 % while the real work runs.

    A program that reports 100 % of a job is shown at 99 and "finishing", until it says that the job has completed.
    """
    job = ann.create("Copy")
    ann.tell(job, progress=100)
    shown = ann.job(job)
    assert (shown["progress"], shown["phase"], shown["status"]) == (99, "finishing", "running")
    ann.tell(job, status="completed")
    assert ann.job(job)["progress"] == 100


def test_03_backwards(ann: Person) -> None:
    """It goes backwards.

    Progress only rises while a job runs, whatever its program reports, and the program is told that its report was
    clamped. A new stage that counts from nothing again does not take the bar back.
    """
    job = ann.create("Copy", stages=[{"key": "read", "weight": 1}, {"key": "write", "weight": 3}])
    with looking_on(ann.client) as onlooker:
        ann.tell(job, progress=20)
        assert ann.tell(job, progress=5)["clamped"] is True
        assert ann.tell(job, progress=-4)["progress"] == 20
        ann.tell(job, stage="read", done_units=100, total_units=100, unit="files")
        ann.tell(job, stage="write", done_units=0, total_units=4000, unit="files")
        ann.tell(job, stage="write", done_units=2000, total_units=8000)
        ann.tell(job, progress=1, status="completed")
        onlooker.until_ended(job)
    told = [state["progress"] for state in onlooker.of(job)]
    assert told == sorted(told)
    assert told[-1] == 100


def test_04_the_time_left_is_wrong(ann: Person, product: Server) -> None:
    """The time left is wrong.

    Nothing is promised before three imports of about that size have completed. Then it is told when half of its like
    have ended, and nine in ten; a job that hangs at its beginning is not given hours for it, and never more from one
    look to the next.
    """
    # No other test sends files of this size.
    with looking_on(ann.client) as onlooker:
        first = [ann.ended(ann.send(f"{number}.csv", a_table(5_000 + number)))["id"] for number in range(3)]
    assert [state["expected_end"] for job in first for state in onlooker.of(job) if state["expected_end"]] == []
    with looking_on(ann.client) as onlooker, frozen_parsers(product):
        job = ann.send("next.csv", a_table(5_003))
        told = onlooker.until(job, lambda state: state["expected_end"] is not None)["expected_end"]
        likely, late = (datetime.fromisoformat(told[name]) for name in ("likely_at", "late_at"))
        longest = max(map(seconds_of, map(ann.job, first)))
        assert likely <= late <= datetime.now(UTC) + timedelta(seconds=longest)
        assert ann.job(job)["expected_end"] == told
    assert ann.ended(job)["expected_end"] is None


def seconds_of(job: dict[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(job[name]) for name in ("created_at", "completed_at"))
    return (ended - began).total_seconds()


@contextlib.contextmanager
def frozen_parsers(product: Server) -> Iterator[None]:
    """Let no file be read while the block runs."""
    parsers = until(lambda: product.pids("sandbox_child"))
    for pid in parsers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in parsers:
            os.kill(pid, signal.SIGCONT)


async def test_05_waiting_is_shown_as_working(ann: Person, open_page: Opening) -> None:
    """What waits is shown as working, and nobody says for how long.

    A job that waits says so in words and with its place: how many are ahead of it. It has begun only when a worker
    begins.
    """
    page = await open_page(ann)
    tables = [a_table(TOLD_ROWS + number) for number in range(2)]
    running = [ann.send(f"{number}.csv", table) for number, table in enumerate(tables)]
    until(lambda: all(ann.job(job)["started_at"] for job in running))
    waiting = [ann.send(f"{name}.csv", f"a,{name}\n1,2\n".encode()) for name in ("third", "fourth")]
    until(lambda: all(ann.job(job)["queue"] for job in waiting))
    third, fourth = (ann.job(job) for job in waiting)
    assert [(job["phase"], job["started_at"]) for job in (third, fourth)] == [("queued", None)] * 2
    assert [job["queue"]["position"] for job in (third, fourth)] == [1, 2]
    assert [job["queue"]["ahead"] for job in (third, fourth)] == [0, 1]
    await jobs_button(page).click()
    for words in ("Waiting", "1 ahead of it"):
        await expect(page.locator("headway-job-card").filter(has_text="fourth.csv")).to_contain_text(words)
    for job in running:
        ann.client.post(f"/jobs/{job}/cancel").raise_for_status()
    for job in waiting:
        assert ann.ended(job)["started_at"] is not None


async def test_05_who_waits_for_the_operator_is_told(ann: Person, admin: httpx.Client, open_page: Opening) -> None:
    """What waits is shown as working, and nobody says for how long.

    A job in a queue that the operator has paused says that, and why.
    """
    page = await open_page(ann)
    with paused_imports(admin, "New disks"):
        job = ann.send("first.csv", b"a,b\n1,2\n")
        until(lambda: ann.job(job)["paused"])
        await jobs_button(page).click()
        card = page.locator("headway-job-card")
        for words in ("Waiting", "Paused by the operator: New disks"):
            await expect(card).to_contain_text(words)
        assert ann.job(job)["started_at"] is None
    assert ann.ended(job)["status"] == "completed"


@contextlib.contextmanager
def paused_imports(admin: httpx.Client, reason: str) -> Iterator[None]:
    admin.post("/queues/imports/pause", json={"reason": reason}).raise_for_status()
    try:
        yield
    finally:
        admin.post("/queues/imports/resume").raise_for_status()


async def test_06_a_percentage_is_all_that_is_said(ann: Person, open_page: Opening) -> None:
    """A percentage is all that is said.

    A job says what it does, in which of its stages it is, how many of how many units it has done and how many failed.
    """
    stages = [{"key": key} for key in ("fetch", "check", "write")]
    job = ann.create("Catalogue", stages=stages)
    counts = {"done_units": 43_120, "total_units": 100_000, "failed_units": 12, "unit": "products"}
    ann.tell(job, stage="check", message="Checking prices", **counts)
    shown = ann.job(job)
    assert {name: shown[name] for name in counts} == counts
    assert (shown["stage_index"], shown["stage_count"]) == (2, 3)
    page = await open_page(ann)
    await jobs_button(page).click()
    card = page.locator("headway-job-card")
    for words in ("Checking prices", "43,120 of 100,000 products", "12 failed"):
        await expect(card).to_contain_text(words)
    await expect(card.get_by_role("img", name="Stage 2 of 3")).to_be_visible()


def test_06_an_import_counts_its_rows(ann: Person) -> None:
    """A percentage is all that is said.

    An import counts the rows that it stored and those that it had to reject.
    """
    job = ann.ended(ann.send("partly.csv", a_table(500) + b"1,2,3,4,5\n2,3,4,5,6\n"))
    assert (job["done_units"], job["failed_units"], job["unit"]) == (500, 2, "rows")
