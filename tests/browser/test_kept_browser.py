"""The browser that all tests of pages share: of what one leaves, or breaks, the next one finds nothing."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from playwright.async_api import Browser, Error

from tests.browser.conftest import KeptBrowser


async def test_a_browser_that_crashed_is_followed_by_another(browser: Browser, kept_browser: KeptBrowser) -> None:
    await browser.new_context()
    assert await kept_browser.get() is browser
    gone = asyncio.Event()
    browser.on("disconnected", lambda _browser: gone.set())
    session = await browser.new_browser_cdp_session()
    with contextlib.suppress(Error):  # It cannot answer any more.
        await session.send("Browser.crash")
    await asyncio.wait_for(gone.wait(), 30)
    another = await kept_browser.get()
    page = await another.new_page()
    assert await page.evaluate("1 + 1") == 2
    await page.close()


@pytest.mark.parametrize("turn", ["first", "next"])
async def test_nothing_is_left_of_the_test_before(browser: Browser, turn: str) -> None:
    assert browser.contexts == [], turn
    await browser.new_context()
