"""How the tests of the operator page look at it: its sections and rows, and whatever has the focus."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Browser, Locator, Page

from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.operator.measurements import Measurements
from tests.browser.conftest import Watched, signed_in
from tests.support.office import Office
from tests.support.product import ADMIN, PASSWORD


async def opened(
    browser: Browser, office: Office, wrong: list[Watched], *, watched: bool = True, **context: Any
) -> Page:
    """Return the page of an administrator. One that is refused something logs that, and is not `watched`."""
    tab = await signed_in(browser, office.url, ADMIN, PASSWORD, **context)
    if watched:
        wrong.append(tab)
    await tab.page.goto("/operator")
    await tab.page.get_by_role("heading", name="Operator", exact=True).wait_for()
    return tab.page


async def look_again(page: Page) -> None:
    """Have the page ask at once, as it does when the connection comes back, and wait for what it is told."""
    async with page.expect_response(re.compile(r"/api/v2/operator$")):
        await page.evaluate("window.dispatchEvent(new Event('online'))")


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def rows(page: Page, name: str) -> Locator:
    return section(page, name).locator("tbody tr")


async def focused(page: Page) -> str:
    """Return what the focused control is called, wherever it is."""
    found: str = await page.evaluate("""() => {
      let at = document.activeElement
      while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
      return at?.getAttribute('aria-label') ?? at?.innerText ?? ''
    }""")
    return found


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of this name has the focus."""
    for _ in range(80):
        if await focused(page) == name:
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not lead to {name!r}")


async def fill(office: Office, database: Database) -> None:
    """Put something of everything onto the page."""
    await office.add_worker(version="1.2.3", places=2, memory_bytes=300_000_000)
    await office.add_worker("lost", silent_seconds=600)
    await office.running(
        "a very long name of a file that somebody exported twice, final version (3).csv", message="Writing rows"
    )
    for number in range(12):
        await office.failed(f"customers {number}.csv")
    await office.waiting("export", "report")
    await office.client.post("/queues/bulk/pause", json={"reason": "moving to a larger disk, until 14:00"})
    await office.client.post("/imports?filename=a.csv", content=b"a,b\n1,2\n")
    await Measurements(database, SystemClock()).measure_storage()
