"""The operator page for those who may not see it, cut off from the server, and in every look and width."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from playwright.async_api import Browser, expect

from headway.accounts.models import User
from headway.kit.db import Database
from tests.browser.conftest import Watched, signed_in
from tests.browser.desk import fill, look_again, opened
from tests.browser.test_pages import violations
from tests.support.office import ADA, Office
from tests.support.product import ADMIN, PASSWORD

LOOKS: tuple[dict[str, str], ...] = (
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"color_scheme": "light", "forced_colors": "active"},
)


async def test_nobody_else_sees_it(browser: Browser, office: Office, nothing_goes_wrong: list[Watched]) -> None:
    tab = await signed_in(browser, office.url, ADA, PASSWORD)
    nothing_goes_wrong.append(tab)
    page = tab.page
    await page.goto("/operator")
    await expect(page.get_by_text("Only administrators see this page.")).to_be_visible()
    await expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(["Import", "Datasets", "Jobs"])
    await expect(page.get_by_role("heading", name="Queues")).to_have_count(0)


async def test_who_ceases_to_be_an_administrator_is_told(
    browser: Browser, office: Office, database: Database, nothing_goes_wrong: list[Watched]
) -> None:
    page = await opened(browser, office, nothing_goes_wrong, watched=False)
    await page.get_by_role("heading", name="Queues").wait_for()
    async with database.write() as session:
        await session.execute(sa.update(User).where(User.email == ADMIN).values(role="user"))
    await look_again(page)
    await expect(page.get_by_text("Only administrators see this page.")).to_be_visible()
    await expect(page.get_by_role("heading", name="Queues")).to_have_count(0)


async def test_offline_keeps_what_was_known_and_says_as_of_when(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    await office.add_worker(places=2)
    page = await opened(browser, office, nothing_goes_wrong, watched=False)
    await page.get_by_text("1 worker alive.").wait_for()
    await page.context.set_offline(True)
    stale = page.get_by_role("alert").filter(has_text=re.compile(r"You are offline\. What you see is as of \d"))
    await expect(stale).to_be_visible()
    await expect(page.get_by_text("1 worker alive.")).to_be_visible()
    await page.context.set_offline(False)
    await expect(stale).to_be_hidden()


async def test_a_server_that_fails_at_first_is_asked_again(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    tab = await signed_in(browser, office.url, ADMIN, PASSWORD)
    page = tab.page
    await page.route(re.compile(r"/api/v2/operator$"), lambda route: route.abort())
    await page.goto("/operator")
    await expect(page.get_by_text("The server could not be reached.")).to_be_visible()
    await page.unroute(re.compile(r"/api/v2/operator$"))
    await page.get_by_role("button", name="Retry").click()
    await expect(page.get_by_role("heading", name="Queues")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join(look.values()))
@pytest.mark.parametrize("width", [1280, 320])
async def test_it_is_accessible_in_every_look_and_width(
    browser: Browser, office: Office, database: Database, axe: str, nothing_goes_wrong: list[Watched],
    look: dict[str, str], width: int,
) -> None:  # fmt: skip
    await fill(office, database)
    page = await opened(browser, office, nothing_goes_wrong, viewport={"width": width, "height": 900}, **look)
    await page.get_by_role("button", name=re.compile("What waits in Exports")).click()
    await page.get_by_text("The numbers as a table").click()
    await expect(page.locator("headway-operator-audit tbody tr").first).to_be_visible()
    assert await violations(page, axe) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.get_by_role("button", name="Pause… Imports").click()
    assert await violations(page, axe) == []
