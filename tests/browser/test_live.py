"""One stream for a browser whatever the number of tabs, and pages that repair themselves after whatever cut them off."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from headway.app import create_app
from headway.jobs import live
from headway.settings import Settings
from tests.browser.conftest import signed_in
from tests.browser.test_jobs_pages import create, tell
from tests.support.browser import FLAGS
from tests.support.clock import FakeClock
from tests.support.product import ADMIN, PASSWORD, Server, until
from tests.support.serving import serving

TABS = 12
NAME = "app.test"


def jobs_button(page: Page) -> Locator:
    return page.locator("headway-jobs button.open")


def streams(product: Server) -> int:
    """Return how many streams are open to the product."""
    with product.client() as client:
        page = client.get(f"{product.url}/metrics").raise_for_status().text
    return next(int(float(line.split()[1])) for line in page.splitlines() if line.startswith("headway_event_streams "))


async def settled(page: Page, condition: Callable[[], bool]) -> None:
    """Wait for something outside of the page."""
    for _ in range(200):
        if condition():
            return
        await page.wait_for_timeout(50)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize("host", ["127.0.0.1", NAME], ids=["secure origin", "plain HTTP by name"])
async def test_twelve_tabs_have_one_stream_and_outlive_the_one_that_holds_it(
    product: Server, chromium: tuple[str, dict[str, str]], browser: Browser, host: str
) -> None:
    path, needs = chromium
    url = product.url.replace("127.0.0.1", host)
    email = product.new_user()
    await settled_streams(product, 0)
    async with async_playwright() as playwright:
        flags = [*FLAGS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
        own = await playwright.chromium.launch(executable_path=path, args=flags, env={**os.environ, **needs})
        first = (await signed_in(own, url, email)).page
        assert await first.evaluate("isSecureContext") is (host != NAME)
        assert await first.evaluate("'locks' in navigator") is (host != NAME)
        tabs = [first, *[await first.context.new_page() for _ in range(TABS - 1)]]
        for tab in tabs[1:]:
            await tab.goto(f"{url}/datasets")
        with product.client(email) as client:
            job = create(client, "Shared", progress=10)
            for tab in tabs:
                await expect(jobs_button(tab)).to_have_text("1 running job")
            assert streams(product) == 1
            await first.close()
            tell(client, job, status="failed", error="No")
            for tab in tabs[1:]:
                await expect(jobs_button(tab)).to_have_text("1 needs attention")
        await settled(tabs[1], lambda: streams(product) == 1)
        await own.close()


async def test_a_page_is_current_again_after_sleep_offline_and_a_killed_server(
    product: Server, browser: Browser
) -> None:
    email = product.new_user()
    page = (await signed_in(browser, product.url, email)).page
    other = await page.context.new_page()
    await other.goto("/datasets")
    with product.client(email) as client:
        job = create(client, "Long", progress=10)
        await expect(jobs_button(page)).to_have_text("1 running job")
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
        tell(client, job, status="failed", error="No")
        await expect(jobs_button(other)).to_have_text("1 needs attention")
        await devtools.send("Page.setWebLifecycleState", {"state": "active"})
        await expect(jobs_button(page)).to_have_text("1 needs attention")
        await page.context.set_offline(True)
        create(client, "While offline", progress=10)
        await page.context.set_offline(False)
        for tab in (page, other):
            await expect(jobs_button(tab)).to_have_text("1 needs attention · 1 running job")
    ready = len(product.lines)
    (api,) = product.pids("headway.app")
    os.kill(api, signal.SIGKILL)
    until(lambda: any("ready on" in line for line in product.lines[ready:]))
    with product.client(email) as client:
        create(client, "After the restart", progress=10)
    for tab in (page, other):
        await expect(jobs_button(tab)).to_have_text("1 needs attention · 2 running jobs", timeout=20_000)


async def test_a_session_that_ends_clears_every_tab_and_no_other_device(
    browser: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    monkeypatch.setattr(live, "TICK_SECONDS", 0.05)
    short = settings.model_copy(update={"session_lifetime_seconds": 600})
    async with serving(create_app(short, clock=clock)) as url:
        laptop = (await signed_in(browser, url, ADMIN, PASSWORD)).page
        tab = await laptop.context.new_page()
        await tab.goto("/datasets")
        clock.advance(300)
        phone = (await signed_in(browser, url, ADMIN, PASSWORD)).page
        await laptop.request.post("/api/v2/jobs", data={"job_type": "export"}, headers={"Origin": url})
        for page in (laptop, tab, phone):
            await expect(jobs_button(page)).to_have_text("1 running job")
        clock.advance(301)
        for page in (laptop, tab):
            await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
            await expect(jobs_button(page)).to_have_count(0)
        await phone.request.post("/api/v2/jobs", data={"job_type": "export"}, headers={"Origin": url})
        await expect(jobs_button(phone)).to_have_text("2 running jobs")


async def settled_streams(product: Server, count: int) -> None:
    until(lambda: streams(product) == count or None, 30)
