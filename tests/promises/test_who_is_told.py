"""Who sees it, who gets told, and does it last for those who run it?"""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
from playwright.async_api import Browser, expect

from headway.app import create_app
from headway.settings import Settings
from tests.browser.conftest import Watched, signed_in
from tests.browser.test_jobs_away import PRETEND, go_away
from tests.browser.test_live import jobs_button
from tests.browser.test_pages import a_table
from tests.promises.conftest import LargeImport, Person
from tests.promises.onlooker import looking_on
from tests.support.clock import FakeClock
from tests.support.product import ADMIN, PASSWORD, Server, until
from tests.support.serving import serving


def test_17_others_can_look_at_it(ann: Person, bob: Person) -> None:
    """Others can look at it.

    Somebody else's job, and all that came of it, is answered like one that does not exist, and their stream says
    nothing of it. A token is taken from a header only, never from an address.
    """
    with looking_on(bob.client) as onlooker:
        job = ann.ended(ann.send("private.csv", a_table(20) + b"lone\n"))
        job_id, dataset = job["id"], job["related_dataset_id"]
        asked = [("GET", f"/jobs/{job_id}{what}") for what in ("", "/events", "/attempts", "/receipt")]
        asked += [("POST", f"/jobs/{job_id}/{what}") for what in ("cancel", "retry", "dismiss", "notified")]
        asked += [("DELETE", f"/jobs/{job_id}"), ("DELETE", f"/datasets/{dataset}")]
        asked += [
            ("GET", f"/datasets/{dataset}{what}")
            for what in ("", "/rows", "/decisions", "/original", "/rejected", "/rejected.csv", "/versions")
        ]
        answers = {f"{method} {path}": bob.client.request(method, path).status_code for method, path in asked}
        answers["progress"] = bob.client.post(f"/jobs/{job_id}/progress", json={"progress": 1}).status_code
        assert set(answers.values()) == {404}, answers
        own = bob.create("Own")
        until(lambda: onlooker.of(own))
    assert onlooker.of(job_id) == []
    assert ann.job(job_id)["version"] == job["version"]
    token = ann.client.headers["Authorization"].removeprefix("Bearer ")
    with httpx.Client(base_url=ann.client.base_url, trust_env=False) as stranger:
        for name in ("token", "access_token", "jwt"):
            for path in ("/jobs/stream", "/jobs/active", f"/jobs/{job_id}"):
                assert stranger.get(path, params={name: token}).status_code == 401


async def test_18_tell_me_when_it_is_done(
    browser: Browser, settings: Settings, nothing_goes_wrong: list[Watched]
) -> None:
    """Tell me when it is done, and let me switch that off.

    The title of the tab tells it by itself. A notification comes once, whatever tabs and devices there are, only to who
    asked for it, only while they are elsewhere; nobody is asked on load, and one press turns it off.
    """
    clock = FakeClock()
    async with serving(create_app(settings, clock=clock)) as url:
        watched = await signed_in(browser, url, ADMIN, PASSWORD)
        nothing_goes_wrong.append(watched)
        context = watched.page.context
        await context.add_init_script(PRETEND)
        page, other = watched.page, await context.new_page()
        for tab in (page, other):
            await tab.goto(f"{url}/nowhere")
        jobs = []
        for name in ("First copy", "Second copy"):
            body = {"job_type": "export", "title": name, "heartbeat_seconds": 3600}
            created = await page.request.post("/api/v2/jobs", data=body, headers={"Origin": url})
            jobs.append((await created.json())["id"])
        await expect(jobs_button(page)).to_have_text("2 running jobs")
        assert await page.evaluate("window.asked") == 0
        await jobs_button(page).click()
        await page.get_by_role("button", name=re.compile("^Notify me when")).first.click()
        await expect(page.get_by_text("You are told of ends while you are elsewhere.")).to_be_visible()
        for tab in (page, other):
            await go_away(tab)
        clock.advance(60)
        await _complete(page, url, jobs[0])
        await expect(page).to_have_title(re.compile("^\\(✓\\) First copy"))
        await _told(page, other, 1)
        await go_away(page, away=False)
        await page.get_by_role("button", name="Turn off").click()
        await go_away(page)
        await _complete(page, url, jobs[1])
        await expect(page).to_have_title(re.compile("^\\(✓\\)"))
        await _told(page, other, 1)


async def _complete(page: Any, url: str, job: str) -> None:
    done = {"status": "completed", "message": "All of it"}
    answer = await page.request.post(f"/api/v2/jobs/{job}/progress", data=done, headers={"Origin": url})
    assert answer.status == 200


async def _told(page: Any, other: Any, count: int) -> None:
    for _ in range(200):
        told = [text for tab in (page, other) for text in await tab.evaluate("window.told")]
        if len(told) == count:
            return
        await page.evaluate("new Promise(requestAnimationFrame)")
    assert len(told) == count, told


def test_18_one_of_all_devices_is_the_one_to_tell(ann: Person, product: Server) -> None:
    """Tell me when it is done, and let me switch that off.

    Whoever wants to notify somebody asks the server first, which lets one of all tabs and devices do it for each end.
    Nobody needs the operator's pages for that, or may see them.
    """
    job = ann.create("Copy")
    early = ann.client.post(f"/jobs/{job}/notified")
    assert (early.status_code, early.json()["code"]) == (409, "job.still_running")
    ann.tell(job, status="completed")
    firsts = [ann.client.post(f"/jobs/{job}/notified").json()["first"] for _ in range(3)]
    assert firsts == [True, False, False]
    assert ann.client.get("/operator").status_code == 403


def test_19_the_list_dies_at_scale(ann: Person, admin: httpx.Client) -> None:
    """The list dies when there are many jobs.

    No answer grows with the history: pages have a limit and go on from where the last one ended, so that at any depth
    one costs the same and none repeats or leaves out a job while others come. The active list holds what is active.
    The operator's figures are counters.
    """
    jobs = [ann.create(f"Job {number}") for number in range(120)]
    for job in jobs[3:]:
        ann.tell(job, status="completed")
        ann.client.post(f"/jobs/{job}/dismiss").raise_for_status()
    assert ann.client.get("/jobs", params={"limit": 101}).status_code == 422
    found: list[str] = []
    cursor: str | None = None
    while cursor is not None or not found:
        page = ann.client.get("/jobs", params={"limit": 25, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["items"]) <= 25
        assert "total" not in page
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        ann.create("Comes while somebody turns the pages")
    assert [job for job in found if job in set(jobs)] == jobs[::-1]
    assert len(set(found)) == len(found)
    active = {job["id"] for job in ann.client.get("/jobs/active").json()["jobs"]}
    assert active & set(jobs) == set(jobs[:3])
    spans = admin.get("/operator/throughput").json()["spans"]
    assert sum(span["completed"] for span in spans) >= 117


def test_20_reporting_progress_is_too_expensive(large_import: LargeImport) -> None:
    """Reporting progress costs too much.

    An import of 1,200,000 rows writes its progress once for each percent, and beyond that twice a second: never once for
    each row or batch.
    """
    job = large_import.answered
    seconds = (_moment(job["completed_at"]) - _moment(job["created_at"])).total_seconds()
    assert job["version"] <= 100 + 3 * seconds


def test_20_a_program_that_reports_all_the_time_floods_nobody(ann: Person) -> None:
    """Reporting progress costs too much.

    Of one job at most four states a second are sent to who looks on, and always the newest. "Waiting" and "unknown"
    are two things: who asks for a job that does not exist is told so.
    """
    job = ann.create("Chatty")
    assert ann.job(job)["phase"] == "queued"
    assert ann.client.get(f"/jobs/{uuid4()}").status_code == 404
    with looking_on(ann.client) as onlooker:
        began = time.monotonic()
        for number in range(150):
            ann.tell(job, done_units=number, total_units=1000, unit="files")
        onlooker.until(job, lambda state: state["done_units"] == 149)
        seconds = time.monotonic() - began
    # The first state, the change to "running" and the last one are told whenever they come.
    assert len(onlooker.of(job)) <= 4 * seconds + 3


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
