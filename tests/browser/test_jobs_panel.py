"""The jobs button and its panel in a page of somebody else: every state, by eye, keyboard and ear, live and cut off."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import Watched, signed_in
from tests.browser.stage import Stage, a_job
from tests.browser.states import DATASET, every_state
from tests.browser.test_pages import violations
from tests.support.product import Server
from tests.support.serving import serving

SAID = {
    "failed": "Failed · This file is not a table. Choose a CSV, Excel, JSON or Parquet file.",
    "failed, may pass": "Failed · The object store could not be reached. Try again in a few minutes.",
    "partial": "Done, with rows skipped · 99,988 of 100,000 rows. 12 could not be read.",
    "stalled": r"55% No sign of life · Nothing heard since \d+:\d\d .M. If its worker is gone it is started again, or"
    " given up with a reason.",
    "running": r"43% Writing rows · 43,120 of 100,000 rows · 5,100 rows/s · about \d+ s left",
    "unknown total": "12,400 rows so far",
    "slower than usual": "60% Reading the file · slower than usual, up to 1 min left",
    "finishing": "99% Finishing · Creating the dataset",
    "uploading": "14% Uploading · 18 MB of 38 MB Cancel Keep the page that sends it open until then.",
    "cancelling": "50% Cancelling… · Stopping. The rows read so far are thrown away, the file is kept.",
    "retrying": "40% Trying again · The object store could not be reached. Trying again in 20 s. Next: attempt 2.",
    "queued": r"40% Waiting · 2 ahead of it, starts in about \d+ s.",
    "completed": "Done · 100,000 rows in 51 s",
    "duplicate": "Already there · You imported this file before. Nothing was added.",
    "completed, of others": "Done · 14 pages written in 6.0 s",
    "cancelled": "Cancelled · Nothing was imported. The file is kept.",
    "cancelled upload": "Cancelled · Nothing was kept.",
}

OFFERED = {
    "failed": ["Choose another file", "Copy", "History"],
    "failed, may pass": ["Try again", "Copy", "History"],
    "partial": ["Open dataset", "Download the 12 rows"],
    "cancelling": [],
    "completed": ["Open dataset"],
    "duplicate": ["Open dataset"],
    "completed, of others": [],
    "cancelled": ["Try again"],
    "cancelled upload": [],
}
"""What can be done with a job beside dismissing it; with all others, to cancel."""

Opening = Callable[..., Any]


@pytest_asyncio.fixture(loop_scope="session")
async def open_stage(browser: Browser, nothing_goes_wrong: list[Watched]) -> AsyncIterator[Opening]:
    """Return how to put jobs on and to open a host's page that shows them."""
    exits: list[Any] = []
    windows: list[Any] = []

    async def opened(jobs: list[dict[str, Any]], address: str = "/host", **context: Any) -> tuple[Stage, Page]:
        stage = Stage(jobs)
        world = serving(stage.app)
        exits.append(world)
        url = await world.__aenter__()
        window = await browser.new_context(base_url=url, **context)
        windows.append(window)
        watched = Watched(await window.new_page())
        nothing_goes_wrong.append(watched)
        watched.page.set_default_timeout(15_000)
        await watched.page.goto(address)
        return stage, watched.page

    yield opened
    for window in windows:
        await window.close()
    for world in exits:
        await world.__aexit__(None, None, None)


def button(page: Page) -> Locator:
    return page.locator("headway-jobs button.open")


def card(page: Page, job: dict[str, Any]) -> Locator:
    return page.locator("headway-job-card").filter(has=page.get_by_role("heading", name=job["title"], exact=True))


def title(page: Page, job: dict[str, Any]) -> Locator:
    return card(page, job).locator(".title")


async def test_every_state_says_what_it_is_and_what_can_be_done_in_every_look(open_stage: Opening, axe: str) -> None:
    states = every_state()
    stage, page = await open_stage(list(states.values()), bypass_csp=True, viewport={"width": 900, "height": 900})
    await expect(button(page)).to_have_text("3 need attention · 9 running jobs")
    await button(page).click()
    await expect(page.locator("headway-job-card")).to_have_count(5)
    await page.get_by_role("button", name=f"Show all {len(states)}").click()
    for name, job in states.items():
        row = card(page, job)
        await expect(row, name).to_contain_text(re.compile(SAID[name].replace(" ", r"\s+")))
        await expect(row.locator("button:not(.quiet), a:not(.title)"), name).to_have_text(OFFERED.get(name, ["Cancel"]))
        await expect(row.get_by_role("button", name=f"Dismiss {job['title']}"), name).to_have_count(
            0 if job["status"] == "running" else 1
        )
    await expect(card(page, states["partial"]).get_by_role("link", name="Download")).to_have_attribute(
        "href", f"/api/v2/datasets/{DATASET}/rejected.csv"
    )
    await expect(card(page, states["running"]).get_by_role("img", name="Stage 3 of 4")).to_be_visible()
    for details in await page.locator("headway-job-card summary").all():
        await details.click()
    await page.get_by_role("button", name=f"Cancel {states['running']['title']}").click()
    await expect(page.get_by_role("button", name="Keep it running")).to_be_focused()
    for look in ({"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}):
        await page.emulate_media(**look)
        assert await violations(page, axe) == [], look
    await page.emulate_media(color_scheme="light", forced_colors="none")
    for width, direction in ((320, "ltr"), (320, "rtl"), (900, "rtl")):
        await page.set_viewport_size({"width": width, "height": 640})
        await page.evaluate("direction => { document.documentElement.dir = direction }", direction)
        assert await overflowing(page) == [], (width, direction)
    assert await violations(page, axe) == []
    assert stage.asked == []


async def overflowing(page: Page) -> list[str]:
    """Return what sticks out of the panel or of the window."""
    found: list[str] = await page.evaluate(
        """() => {
          const panel = document.querySelector('headway-jobs').shadowRoot.querySelector('#panel')
          const frame = panel.getBoundingClientRect()
          const out = frame.left < 0 || frame.right > innerWidth || frame.bottom > innerHeight ? ['the panel itself'] : []
          const inside = panel.querySelector('headway-job-panel').shadowRoot
          for (const card of inside.querySelectorAll('headway-job-card'))
            for (const node of card.shadowRoot.querySelectorAll('*')) {
              const box = node.getBoundingClientRect()
              if (box.left < frame.left - 1 || box.right > frame.right + 1) out.push(node.outerHTML.slice(0, 120))
            }
          return out
        }"""
    )
    return found


async def test_the_panel_is_used_by_keyboard_alone(open_stage: Opening) -> None:
    jobs = [a_job(number, "completed", f"{number}.csv", related_dataset_id=DATASET) for number in range(1, 4)]
    running = a_job(9, "running", "running.csv")
    stage, page = await open_stage([*jobs, running])
    await page.route("**/datasets/*", lambda route: route.fulfill(content_type="text/html", body="A dataset"))
    await expect(button(page)).to_have_text("1 running job")
    await page.keyboard.press("Tab")
    await expect(button(page)).to_be_focused()
    await expect(button(page)).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("Enter")
    await expect(button(page)).to_have_attribute("aria-expanded", "true")
    await expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    for _ in range(3):  # past "Clear finished" and "Collapse"
        await page.keyboard.press("Tab")
    await expect(title(page, running)).to_be_focused()
    order = [running, *sorted(jobs, key=lambda job: job["completed_at"], reverse=True)]
    await page.keyboard.press("ArrowDown")
    await expect(title(page, order[1])).to_be_focused()
    await page.keyboard.press("End")
    await expect(title(page, order[3])).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Delete")
    await expect(card(page, order[2])).to_have_count(0)
    await expect(title(page, order[3])).to_be_focused()
    assert stage.asked == [("POST", f"{order[2]['id']}/dismiss", None)]
    await page.keyboard.press("Home")
    await page.keyboard.press("Delete")  # it runs, and so it stays
    await expect(title(page, running)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(button(page)).to_be_focused()
    await expect(button(page)).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("Enter")
    for _ in range(3):
        await page.keyboard.press("Tab")
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/datasets/{DATASET}$"))


async def test_what_happens_moves_neither_rows_nor_focus(open_stage: Opening) -> None:
    first, second = a_job(1, "running", "first.csv", age=5), a_job(2, "running", "second.csv", age=3)
    stage, page = await open_stage([first, second])
    await button(page).click()
    names = page.locator("headway-job-card h3")
    await expect(names).to_have_text(["second.csv", "first.csv"])
    await card(page, first).get_by_role("button", name="Cancel").focus()
    stage.put({**first, "progress": 70, "message": "Storing rows"}, a_job(3, "failed", "third.csv", error="It broke."))
    await expect(card(page, first)).to_contain_text("Storing rows")
    await expect(names).to_have_text(["second.csv", "first.csv", "third.csv"])
    await expect(card(page, first).get_by_role("button", name="Cancel")).to_be_focused()
    stage.put(a_job(1, "completed", "first.csv", message="7 rows"))
    # The button is gone with the phase; the row is still there.
    await expect(title(page, first)).to_be_focused()
    stage.remove(first)
    await expect(names).to_have_text(["second.csv", "third.csv"])
    await expect(page.locator("headway-job-card").nth(1).locator(".title")).to_be_focused()
    await button(page).focus()
    await expect(names).to_have_text(["third.csv", "second.csv"])
    stage.remove(second)
    await expect(button(page)).to_be_focused()


async def test_beginnings_and_ends_are_spoken_in_one_place_that_stays(open_stage: Opening) -> None:
    stage, page = await open_stage([])
    status = page.locator("headway-jobs [role=status]").first
    await expect(button(page)).to_have_text("Jobs")
    await status.evaluate("node => { node.isFirst = true }")
    await page.clock.install()
    job = a_job(1, "running", "first.csv")
    stage.put(job)
    await expect(status).to_have_text("first.csv: started.")
    stage.put({**job, "progress": 60}, a_job(2, "failed", "second.csv", error="It broke."))
    await expect(page.locator("headway-jobs [role=alert]").first).to_have_text("second.csv: Failed. It broke.")
    await expect(status).to_have_text("first.csv: started.")
    stage.put(a_job(1, "completed", "first.csv", message="7 rows"))
    await page.clock.fast_forward(10_000)
    await expect(status).to_have_text("first.csv: Done. 7 rows.")
    assert await status.evaluate("node => node.isFirst")


async def test_a_job_too_short_to_watch_shows_its_result_only(open_stage: Opening) -> None:
    stage, page = await open_stage([])
    await expect(button(page)).to_have_text("Jobs")
    await page.clock.install()
    stage.put(a_job(1, "running", "first.csv", age=1))
    stage.put(a_job(2, "running", "second.csv", age=1))
    stage.put(a_job(1, "completed", "first.csv", message="7 rows"))
    await expect(button(page).locator(".tick")).to_have_count(1)
    await expect(button(page)).to_have_text("Jobs")
    await page.clock.fast_forward(1_000)
    await expect(button(page)).to_have_text("1 running job")
    stage.put(a_job(2, "completed", "second.csv", message="7 rows"))
    await expect(button(page).locator(".tick")).to_have_count(1)
    await page.clock.fast_forward(5_100)
    await expect(button(page).locator("svg")).to_have_count(0)


async def test_what_is_not_heard_of_any_more_is_frozen_and_says_since_when(open_stage: Opening) -> None:
    stage, page = await open_stage([a_job(1, "running", "first.csv"), a_job(2, "completed", "second.csv")])
    await button(page).click()
    await expect(page.get_by_text("You can close this page; the jobs go on.")).to_be_visible()
    frozen = page.locator("headway-job-card[stale]")
    await expect(frozen).to_have_count(0)
    await page.context.set_offline(True)
    lost = page.locator("headway-job-panel .lost")
    await expect(lost).to_have_text(
        re.compile(r"You are offline\. Last update \d+:\d\d .M\. The jobs themselves go on\.")
    )
    await expect(frozen).to_have_count(2)
    await expect(page.locator("headway-jobs button.open.stale")).to_have_count(1)
    await page.context.set_offline(False)
    await expect(lost).to_have_count(0)
    await expect(frozen).to_have_count(0)
    stage.put(a_job(1, "completed", "first.csv", message="7 rows"))
    await expect(page.get_by_text("7 rows in")).to_be_visible()
    await page.get_by_role("button", name="Clear finished").click()
    await expect(page.locator("headway-job-card")).to_have_count(0)
    await expect(page.get_by_text("Nothing is running.")).to_be_visible()
    assert [path for _, path, _ in stage.asked] == ["bulk"]


async def test_cancelling_asks_where_work_is_lost_and_escape_takes_the_question_back(open_stage: Opening) -> None:
    young, old = a_job(1, "running", "young.csv", age=3), a_job(2, "running", "old.csv", age=300)
    stage, page = await open_stage([young, old])
    await button(page).click()
    await page.get_by_role("button", name="Cancel old.csv").click()
    await expect(page.get_by_role("group", name=re.compile("Cancel it. It has run for .* min"))).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Cancel old.csv")).to_be_focused()
    assert stage.asked == []
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Cancel the job").click()
    await page.get_by_role("button", name="Cancel young.csv").click()
    await expect(page.get_by_role("button", name="Cancelling young.csv")).to_be_visible()
    assert [path for _, path, _ in stage.asked] == [f"{old['id']}/cancel", f"{young['id']}/cancel"]


async def test_what_is_dismissed_on_one_device_is_gone_on_the_other(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    email = product.new_user()
    with product.client(email) as client:
        for name in ("First", "Second"):
            created = client.post("/jobs", json={"job_type": "export", "title": name}).json()
            client.post(f"/jobs/{created['id']}/progress", json={"status": "failed", "error": "It broke."})
    devices = [await signed_in(browser, product.url, email) for _ in range(2)]
    nothing_goes_wrong.extend(devices)
    here, there = [device.page for device in devices]
    for page in (here, there):
        await expect(button(page)).to_have_text("2 need attention")
        await button(page).click()
    await here.get_by_role("button", name="Dismiss First").click()
    for page in (here, there):
        await expect(page.locator("headway-job-card h3")).to_have_text(["Second"])
        await expect(button(page)).to_have_text("1 needs attention")
