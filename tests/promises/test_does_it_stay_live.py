"""Does it stay live?"""

from __future__ import annotations

import os
import signal

import httpx
from playwright.async_api import Browser, expect

from tests.browser.conftest import signed_in
from tests.browser.test_live import jobs_button, settled, settled_streams, streams
from tests.promises.conftest import Opening, Person
from tests.promises.onlooker import looking_on
from tests.support.product import Server, until

TABS = 8
"""More than the six connections that a browser has for one address over HTTP/1.1."""


async def test_07_lost_on_reload_or_in_another_browser(ann: Person, open_page: Opening) -> None:
    """It is lost on reload, or in another browser.

    What runs is shown to its owner on every device, after a reload and after a new sign-in, also if it was begun by a
    program and not by a page; what is dismissed on one device is gone on all.
    """
    laptop = await open_page(ann)
    job = ann.create("Nightly copy")
    ann.tell(job, progress=43)
    await laptop.reload()
    phone = await open_page(ann, viewport={"width": 360, "height": 700})
    for page in (laptop, phone):
        await expect(jobs_button(page)).to_have_text("1 running job")
        await jobs_button(page).click()
        await expect(page.locator("headway-job-card")).to_contain_text("43%")
    ann.tell(job, status="failed", error="The target refused.")
    for page in (laptop, phone):
        await expect(jobs_button(page)).to_have_text("1 needs attention")
    await laptop.reload()
    await jobs_button(laptop).click()
    await laptop.get_by_role("button", name="Dismiss Nightly copy").click()
    for page in (laptop, phone):
        await expect(page.locator("headway-job-card")).to_have_count(0)


async def test_08_dead_after_sleep_or_a_lost_network(ann: Person, browser: Browser, product: Server) -> None:
    """It is dead after sleep, or when the network was away.

    A page is current again by itself after sleep, after being offline, which it says, and after a server that was
    killed: also what ended meanwhile is told.
    """
    # Of its own: that the server cannot be reached is logged, and no fault here.
    page = (await signed_in(browser, product.url, ann.email)).page
    jobs = [ann.create(f"Job {number}") for number in range(3)]
    await expect(jobs_button(page)).to_have_text("3 running jobs")
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    ann.tell(jobs[0], status="completed")
    await devtools.send("Page.setWebLifecycleState", {"state": "active"})
    await expect(jobs_button(page)).to_have_text("2 running jobs")
    await jobs_button(page).click()
    await page.context.set_offline(True)
    await expect(page.locator("headway-job-panel .lost")).to_contain_text("You are offline.")
    ann.tell(jobs[1], status="completed")
    await page.context.set_offline(False)
    await expect(jobs_button(page)).to_have_text("1 running job")
    await expect(page.locator("headway-job-panel .lost")).to_have_count(0)
    kill_api(product)
    ann.tell(jobs[2], status="completed")
    await expect(jobs_button(page)).to_have_text("Jobs", timeout=30_000)


def kill_api(product: Server) -> None:
    """Kill the API and wait until another one answers at the same address."""
    ready = len(product.lines)
    (api,) = product.pids("headway.app")
    os.kill(api, signal.SIGKILL)
    until(lambda: any("ready on" in line for line in product.lines[ready:]))


async def test_09_many_tabs_freeze_the_application(ann: Person, open_page: Opening, product: Server) -> None:
    """Many tabs freeze the whole application.

    All tabs of a browser share one stream. Every tab loads and is live, and when the one that holds the stream is
    closed another takes over.
    """
    await settled_streams(product, 0)
    first = await open_page(ann)
    tabs = [first, *[await first.context.new_page() for _ in range(TABS - 1)]]
    for tab in tabs[1:]:
        await tab.goto("/datasets")
    job = ann.create("Shared")
    for tab in tabs:
        await expect(jobs_button(tab)).to_have_text("1 running job")
    assert streams(product) == 1
    await first.close()
    ann.tell(job, status="failed", error="No")
    for tab in tabs[1:]:
        await expect(jobs_button(tab)).to_have_text("1 needs attention")
    await settled(tabs[1], lambda: streams(product) == 1)


def test_10_updates_arrive_late(ann: Person) -> None:
    """Updates arrive late, never end, or exhaust the server.

    The stream is neither stored nor compressed nor buffered on its way; it begins with the present state, also of what
    has just ended, and each change comes without waiting for the next one.
    """
    ended = ann.create("Ended before")
    ann.tell(ended, status="completed")
    with ann.client.stream("GET", "/jobs/stream", headers={"Accept-Encoding": "gzip, br"}) as answer:
        assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
        assert "content-encoding" not in answer.headers
    with looking_on(ann.client) as onlooker:
        assert [(state["id"], state["status"]) for state in onlooker.of(ended)] == [(ended, "completed")]
        job = ann.create("New")
        onlooker.until(job, lambda state: state["phase"] == "queued")
        ann.tell(job, progress=10)
        onlooker.until(job, lambda state: state["progress"] == 10)
        ann.tell(job, status="completed")
        onlooker.until_ended(job)


def test_10_streams_of_one_person_are_bounded_and_end_with_their_clients(
    ann: Person, bob: Person, product: Server, admin: httpx.Client
) -> None:
    """Updates arrive late, never end, or exhaust the server.

    One person has so many streams at most and is told so; nobody else is shut out by that. A stream is gone when its
    client is, and ends by itself when what opened it is no longer valid.
    """
    until(lambda: streams(product) == 0)
    limit = 0
    opened = []
    while (answer := ann.client.send(ann.client.build_request("GET", "/jobs/stream"), stream=True)).status_code == 200:
        opened.append(answer)
        limit += 1
        assert limit < 100
    assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
    assert int(answer.headers["retry-after"]) > 0
    answer.close()
    with looking_on(bob.client):
        assert streams(product) == limit + 1
    for each in opened:
        each.close()
    until(lambda: streams(product) == 0)
    with looking_on(ann.client) as onlooker:
        users = admin.get("/users", params={"limit": 100}).json()["items"]
        assert any(user["email"] == ann.email for user in users)
        changed = {"current_password": "correct-horse-battery", "new_password": "another-horse-battery"}
        ann.client.post("/me/password", json=changed).raise_for_status()
        until(lambda: ("bye", {"reason": "revoked"}) in onlooker.told)
