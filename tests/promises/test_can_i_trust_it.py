"""Can I trust and control it?"""

from __future__ import annotations

import json
import os
import signal
import threading
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
from playwright.async_api import expect

from tests.browser.test_live import jobs_button
from tests.browser.test_pages import a_table
from tests.promises.conftest import LARGE_ROWS, Opening, Person
from tests.promises.onlooker import looking_on
from tests.support.product import Server, until

NOT_A_TABLE = bytes(range(256)) * 40
TWO_BAD_ROWS = b"lone\n7,too,many,cells,here\n"


def test_11_running_for_ever_after_a_crash(ann: Person, product: Server) -> None:
    """It is "running" for ever after a crash.

    A job whose worker is killed runs again by itself, makes one dataset, and tells how often it was begun. Within an
    attempt its progress never goes back.
    """
    with looking_on(ann.client) as onlooker:
        job = ann.send("crash.csv", a_table(LARGE_ROWS) + b"1,crash,1.5\n")
        onlooker.until(job, lambda state: state["phase"] == "running" and state["attempt"] == 1)
        (worker,) = product.pids("headway.worker")
        os.kill(worker, signal.SIGKILL)
        assert onlooker.until_ended(job)["status"] == "completed"
    attempts = ann.client.get(f"/jobs/{job}/attempts").json()["items"]
    assert [attempt["outcome"] for attempt in attempts] == ["worker_lost", "completed"]
    assert len(ann.datasets_of(job)) == 1
    told = [(state["attempt"], state["progress"]) for state in onlooker.of(job)]
    assert all(before[0] < after[0] or before[1] <= after[1] for before, after in pairwise(told)), told


def test_11_who_is_silent_is_given_up_and_who_is_slow_is_not(ann: Person) -> None:
    """It is "running" for ever after a crash.

    A program that is silent is shown as stalled, and its job then fails with a reason. A job that makes no progress
    but gives signs of life is never called dead.
    """
    with looking_on(ann.client) as onlooker:
        slow, silent = (ann.create(name, heartbeat_seconds=1) for name in ("Slow", "Silent"))
        for job in (slow, silent):
            ann.tell(job, progress=10)

        def is_given_up() -> bool:
            ann.tell(slow)
            return any(state["status"] == "failed" for state in onlooker.of(silent))

        until(is_given_up)
    assert "stalled" in {state["phase"] for state in onlooker.of(silent)}
    assert ann.job(silent)["problem"]["code"] == "job.silent"
    assert {state["phase"] for state in onlooker.of(slow)} <= {"queued", "running"}


def test_12_cancel_does_not_stop_it(ann: Person) -> None:
    """Cancel: nothing seems to happen, or it does not stop.

    A waiting job ends at once. A running one says "cancelling" at once and then stops; nothing half-made is left, and
    to cancel it twice does no harm. A program is told with its next report.
    """
    waiting = ann.create("Waiting")
    answer = ann.client.post(f"/jobs/{waiting}/cancel")
    assert (answer.status_code, answer.json()["phase"]) == (200, "cancelled")
    reported = ann.create("Reported")
    ann.tell(reported, progress=1)
    assert ann.client.post(f"/jobs/{reported}/cancel").status_code == 202
    assert ann.tell(reported, progress=2)["cancel_requested"] is True
    with looking_on(ann.client) as onlooker:
        job = ann.send("cancelled.csv", a_table(LARGE_ROWS) + b"1,cancelled,1.5\n")
        onlooker.until(job, lambda state: state["phase"] == "running")
        first, again = (ann.client.post(f"/jobs/{job}/cancel") for _ in range(2))
        assert (first.status_code, first.json()["phase"]) == (202, "cancelling")
        assert again.status_code in {202, 409}
        assert onlooker.until_ended(job)["status"] == "cancelled"
    assert ann.datasets_of(job) == []
    late = ann.client.post(f"/jobs/{job}/cancel")
    assert (late.status_code, late.json()["code"]) == (409, "job.ended")


async def test_12_the_button_says_that_it_was_heard(ann: Person, open_page: Opening) -> None:
    """Cancel: nothing seems to happen, or it does not stop.

    The button turns into "Cancelling…" in every tab and says what happens to what was done so far.
    """
    job = ann.create("Long copy")
    ann.tell(job, progress=50)
    page = await open_page(ann)
    other = await page.context.new_page()
    await other.goto("/datasets")
    for tab in (page, other):
        await jobs_button(tab).click()
    await page.get_by_role("button", name="Cancel Long copy").click()
    for tab in (page, other):
        card = tab.locator("headway-job-card")
        await expect(card).to_contain_text("Cancelling…")
        await expect(card).to_contain_text("Asked to stop. What it has finished by then may stay.")
    ann.tell(job, status="cancelled")
    await expect(other.locator("headway-job-card")).to_contain_text("Stopped at 50%.")


def test_13_sent_twice_imported_twice(ann: Person) -> None:
    """What is sent twice is imported twice.

    The same key gives the same job, also for two requests at the same moment. Without a key a file that was imported
    before is found by its bytes, and ends as a duplicate that leads to what there is.
    """
    data = f"a,{uuid4().hex}\n1,2\n".encode()
    headers = {"Idempotency-Key": uuid4().hex}
    answers: list[httpx.Response] = []

    def send() -> None:
        answers.append(ann.client.post("/imports", files={"file": ("twice.csv", data)}, headers=headers))

    both = [threading.Thread(target=send) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    # Of two at the same moment the second may be told to wait; then it repeats itself.
    assert {answer.status_code for answer in answers} <= {202, 409}
    send()
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert len(set(accepted)) == 1
    job = ann.ended(accepted[0])
    assert len(ann.client.get("/datasets").json()["items"]) == 1
    again = ann.ended(ann.send("twice.csv", data))
    assert (again["outcome"], again["related_dataset_id"]) == ("duplicate", job["related_dataset_id"])
    assert len(ann.client.get("/datasets").json()["items"]) == 1


def test_14_trying_again_repeats_what_had_worked(ann: Person) -> None:
    """Trying again repeats what had worked already.

    A failed job is tried again as itself, with another attempt; one that runs or has completed is not. Rejected rows
    are corrected and sent back, each joins once, however often the same file is sent.
    """
    failed = ann.ended(ann.send("failed.csv", NOT_A_TABLE))["id"]
    assert ann.client.post(f"/jobs/{failed}/retry").json()["id"] == failed
    assert [item["number"] for item in ann.client.get(f"/jobs/{ann.ended(failed)['id']}/attempts").json()["items"]] == [
        1,
        2,
    ]
    partly = ann.ended(ann.send("partly.csv", a_table(500) + b"lone\n"))
    refused = ann.client.post(f"/jobs/{partly['id']}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "job.not_retryable")
    dataset = f"/datasets/{partly['related_dataset_id']}"
    (row,) = ann.client.get(f"{dataset}/rejected").json()["items"]
    corrected = {"rows": [{"_row": row["id"], "id": "500", "name": "Ann 500", "amount": "500.5"}]}
    for _ in range(2):
        sent = ann.client.post(f"{dataset}/rejected", json=corrected)
        assert sent.status_code == 202, sent.text
        ann.ended(sent.json()["id"])
    assert ann.client.get(f"{dataset}/rows", params={"limit": 1}).json()["total"] == 501
    assert ann.client.get(f"{dataset}/rejected").json()["total"] == 0


async def test_15_partly_done_is_called_done(ann: Person, open_page: Opening) -> None:
    """What was done in part is called done, and what is missing cannot be had.

    An import that had to leave rows out says so, counts them, and offers them as a file with the reason beside each.
    """
    job = ann.ended(ann.send("partly.csv", a_table(500) + TWO_BAD_ROWS))
    assert (job["status"], job["phase"], job["outcome"]) == ("completed", "partial", "partial")
    assert (job["done_units"], job["failed_units"]) == (500, 2)
    page = await open_page(ann)
    await expect(jobs_button(page)).to_have_text("1 needs attention")
    await jobs_button(page).click()
    card = page.locator("headway-job-card")
    await expect(card).to_contain_text("Done, with rows skipped")
    await expect(card).to_contain_text("500 of 502 rows. 2 could not be read.")
    async with page.expect_download() as download:
        await card.get_by_role("link", name="Download the 2 rows").click()
    lines = (await (await download.value).path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 3
    assert "_errors" in lines[0]
    assert "lone" in lines[1]
    assert "7,too,many" in lines[2]


async def test_16_the_error_is_missing_or_useless(ann: Person, open_page: Opening) -> None:
    """The error is missing, or says nothing.

    A failed job says what is wrong and what to do, in words for whoever sent the file, and no longer that it is being
    read. There is a code for programs; there are no traces, paths or names of libraries.
    """
    job = ann.ended(ann.send("photo.csv", NOT_A_TABLE))
    assert (job["status"], job["error"]) == ("failed", job["problem"]["detail"])
    problem: dict[str, Any] = job["problem"]
    assert {"code", "title", "detail", "user_action", "retryable"} <= problem.keys()
    assert all(problem[name] for name in ("code", "title", "detail", "user_action"))
    everything = json.dumps(job).lower()
    assert [word for word in ("traceback", "duckdb", "pyarrow", "exception", "/tmp", ".py") if word in everything] == []
    page = await open_page(ann)
    await expect(jobs_button(page)).to_have_text("1 needs attention")
    await jobs_button(page).click()
    card = page.locator("headway-job-card")
    await expect(card).to_contain_text(problem["title"])
    await expect(card).to_contain_text(problem["user_action"])
    await expect(card).not_to_contain_text("Reading the file")
