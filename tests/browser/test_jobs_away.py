"""Told while away: the tab's title and icon, and one notification for each job, whatever tabs and devices there are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Watched
from tests.browser.stage import Stage, a_job
from tests.support.serving import serving

PRETEND = """
  window.told = []
  window.asked = 0
  window.away = false
  class Told {
    static permission = localStorage.getItem('permission') ?? 'default'
    static async requestPermission() {
      window.asked += 1
      localStorage.setItem('permission', 'granted')
      return (Told.permission = 'granted')
    }
    constructor(title, { body }) { window.told.push(`${title}: ${body}`) }
    close() {}
  }
  window.Notification = Told
  document.hasFocus = () => !window.away
  Object.defineProperty(document, 'visibilityState', { get: () => (window.away ? 'hidden' : 'visible') })
"""
"""A headless browser shows no notifications and has no tabs behind others."""


@pytest_asyncio.fixture(loop_scope="session")
async def stage() -> Stage:
    return Stage([a_job(1, "running", "first.csv", age=60)])


@pytest_asyncio.fixture(loop_scope="session")
async def device(browser: Browser, stage: Stage, nothing_goes_wrong: list[Watched]) -> AsyncIterator[Any]:
    """Return how to open one more device, that is a browser with its own permissions and its own storage."""
    devices: list[BrowserContext] = []
    async with serving(stage.app) as url:

        async def opened() -> BrowserContext:
            context = await browser.new_context(base_url=url)
            await context.add_init_script(PRETEND)
            devices.append(context)
            return context

        yield opened
        for context in devices:
            await context.close()


async def tab(context: BrowserContext, nothing_goes_wrong: list[Watched]) -> Page:
    """Open a page of the app that shows nothing but its head."""
    watched = Watched(await context.new_page())
    nothing_goes_wrong.append(watched)
    await watched.page.goto("/nowhere")
    await expect(watched.page.locator("headway-jobs button.open")).to_be_visible()
    return watched.page


async def go_away(page: Page, *, away: bool = True) -> None:
    await page.evaluate("away => { window.away = away; document.dispatchEvent(new Event('visibilitychange')) }", away)


async def turn_on(page: Page) -> None:
    await page.locator("headway-jobs button.open").click()
    await page.get_by_role("button", name=re.compile("^Notify me when")).first.click()
    await expect(page.get_by_text("You are told of ends while you are elsewhere.")).to_be_visible()


async def all_told(*pages: Page) -> list[str]:
    return [text for page in pages for text in await page.evaluate("window.told")]


class Answers:
    """Counts the tabs that have been told whether they are the one to tell."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        context.on("requestfinished", lambda request: self._take(request.url))

    def _take(self, url: str) -> None:
        if url.endswith("/notified"):
            self.paths.append(url)

    async def reach(self, count: int, *pages: Page) -> None:
        """Wait until so many answers have come, and until the pages have dealt with them."""
        async with asyncio.timeout(15):
            while len(self.paths) < count:
                await pages[0].evaluate("new Promise(requestAnimationFrame)")
        for page in pages:
            await page.evaluate("new Promise(resolve => setTimeout(resolve))")


async def test_the_tab_says_what_runs_and_what_ended_while_nobody_looked(
    stage: Stage, device: Any, nothing_goes_wrong: list[Watched]
) -> None:
    page = await tab(await device(), nothing_goes_wrong)
    icon = page.locator("link[rel=icon]")
    await expect(page).to_have_title("(1) Not found · Headway")
    await expect(icon).to_have_attribute("href", re.compile("^data:image/svg"))
    await go_away(page)
    stage.put(a_job(1, "completed", "first.csv", age=60, message="7 rows"))
    await expect(page).to_have_title("(✓) first.csv imported · Headway")
    await go_away(page, away=False)
    await expect(page).to_have_title("Not found · Headway")
    await expect(icon).to_have_attribute("href", "/logo.svg")


async def test_one_tab_of_one_device_tells_once_and_only_who_asked_for_it(
    stage: Stage, device: Any, nothing_goes_wrong: list[Watched]
) -> None:
    first, second, silent = await device(), await device(), await device()
    answers = Answers()
    for context in (first, second, silent):
        answers.watch(context)
    page = await tab(first, nothing_goes_wrong)
    assert await page.evaluate("window.asked") == 0, "nobody is asked on load"
    await turn_on(page)
    assert await page.evaluate("window.asked") == 1
    other = await tab(first, nothing_goes_wrong)
    elsewhere = await tab(second, nothing_goes_wrong)
    await turn_on(elsewhere)
    unasked = await tab(silent, nothing_goes_wrong)
    pages = [page, other, elsewhere, unasked]
    for each in pages:
        await go_away(each)
    stage.put(a_job(1, "completed", "first.csv", age=60, message="7 rows"))
    await answers.reach(3, *pages)
    assert await all_told(*pages) == ["first.csv imported: 7 rows in 59 s"]
    assert await all_told(unasked) == []


async def test_nobody_is_told_of_what_they_see_or_of_what_was_short(
    stage: Stage, device: Any, nothing_goes_wrong: list[Watched]
) -> None:
    context = await device()
    answers = Answers()
    answers.watch(context)
    page = await tab(context, nothing_goes_wrong)
    await turn_on(page)
    hidden = await tab(context, nothing_goes_wrong)
    await go_away(hidden)
    short = a_job(2, "running", "short.csv", age=3)
    stage.put(short)
    await expect(hidden).to_have_title(re.compile(r"^\(2\)"))
    stage.put(a_job(2, "completed", "short.csv", age=3), a_job(1, "completed", "first.csv", age=60))
    await answers.reach(2, page, hidden)
    assert len(set(answers.paths)) == 1
    assert await all_told(page, hidden) == []
    await page.get_by_role("button", name="Collapse").click()


async def test_what_was_turned_on_is_turned_off_in_every_tab(
    stage: Stage, device: Any, nothing_goes_wrong: list[Watched]
) -> None:
    context = await device()
    page = await tab(context, nothing_goes_wrong)
    await turn_on(page)
    other = await tab(context, nothing_goes_wrong)
    await other.locator("headway-jobs button.open").click()
    await other.get_by_role("button", name="Turn off").click()
    for each in (page, other):
        await expect(each.get_by_role("button", name="Notify me when first.csv ends")).to_be_visible()
