"""A real Chromium against the real product. Missing in CI is a failure, elsewhere a loud skip."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from headway.kit.db import Database
from headway.settings import Settings
from tests.support.browser import FLAGS, FOLDER, NoBrowser, find_chromium, uibuild
from tests.support.office import Office, opened_office
from tests.support.product import ADMIN, PASSWORD, Server, free_port, running_server

PATIENCE_MILLISECONDS = 15_000
"""How long a page may take to show something: a machine that does other things as well is no fault of the page."""

expect.set_options(timeout=PATIENCE_MILLISECONDS)

MARK = "BROWSER TESTS NOT RUN: "
REQUIRED = os.environ.get("CI", "").lower() in {"1", "true"} or os.environ.get("REQUIRE_BROWSER") == "1"


@pytest.fixture(scope="session")
def chromium() -> tuple[str, dict[str, str]]:
    try:
        return find_chromium()
    except NoBrowser as reason:
        (pytest.fail if REQUIRED else pytest.skip)(f"{MARK}{reason}")


@pytest.fixture(scope="session")
def axe(chromium: object) -> str:
    """The accessibility checker's source, to be run in a page."""
    uibuild().npm_install(FOLDER)
    return (FOLDER / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, chromium: object) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("browser") / "data", port=free_port()) as server:
        yield server


class KeptBrowser:
    """One browser for test after test: to start it, and Playwright's driver, takes longer than much of what they do."""

    def __init__(self, launch: Callable[[], Awaitable[Browser]]) -> None:
        self._launch = launch
        self._launched: Browser | None = None

    async def get(self) -> Browser:
        """Return the browser; another one if a test has brought it down."""
        if self._launched is None or not self._launched.is_connected():
            self._launched = await self._launch()
        return self._launched

    async def close(self) -> None:
        if self._launched is not None:
            await self._launched.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kept_browser(chromium: tuple[str, dict[str, str]]) -> AsyncIterator[KeptBrowser]:
    path, needs = chromium
    with pytest.MonkeyPatch.context() as patch:
        if (node := uibuild().find_node()) is not None:
            # The Node inside Playwright needs a library that a bare Debian lacks.
            patch.setenv("PLAYWRIGHT_NODEJS_PATH", node[0])
        async with async_playwright() as playwright:
            launch = partial(playwright.chromium.launch, executable_path=path, args=FLAGS, env={**os.environ, **needs})
            kept = KeptBrowser(launch)
            yield kept
            await kept.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(kept_browser: KeptBrowser) -> AsyncIterator[Browser]:
    """A browser as new: each context has cookies, storage and workers of its own, which end with the test."""
    opened = await kept_browser.get()
    yield opened
    for context in opened.contexts:
        await context.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have all tests of pages run in the loop of the browser that they share."""
    for item in items:
        if "nothing_goes_wrong" in getattr(item, "fixturenames", ()) and item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def office(settings: Settings, database: Database, nothing_goes_wrong: list[Watched]) -> AsyncIterator[Office]:
    """An app whose database the test fills."""
    async with opened_office(settings, database) as office, closing(nothing_goes_wrong):
        yield office


@asynccontextmanager
async def closing(pages: list[Watched]) -> AsyncIterator[None]:
    """Close pages before their server ends: one that asks again would find nobody, and that is no fault of it."""
    yield
    for watched in pages:
        await watched.page.close()


class Watched:
    """A page, and everything that went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.foreign: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        # An answer of 401 before the sign-in is the way in and no fault.
        if message.type in {"error", "warning"} and "401" not in message.text:
            self.wrong.append(message.text)

    def _request(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1", "http://localhost", "data:", "blob:")):
            self.foreign.append(request.url)


async def signed_in(
    browser: Browser, url: str, email: str = ADMIN, password: str = PASSWORD, **context: Any
) -> Watched:
    """Return a page of a person who has just signed in."""
    opened = await browser.new_context(base_url=url, **context)
    watched = Watched(await opened.new_page())
    page = watched.page
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    await page.goto("/")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Import", exact=True).wait_for()
    return watched


@pytest.fixture(autouse=True)
def nothing_goes_wrong() -> Iterator[list[Watched]]:
    """Fail a test whose pages logged an error or asked a foreign host for anything."""
    pages: list[Watched] = []
    yield pages
    assert [text for watched in pages for text in watched.wrong] == []
    assert [url for watched in pages for url in watched.foreign] == []


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = [str(r.longrepr) for r in terminalreporter.stats.get("skipped", []) if MARK in str(r.longrepr)]
    if skipped:
        terminalreporter.write_sep("!", f"{len(skipped)} BROWSER TESTS WERE NOT RUN", red=True, bold=True)
        terminalreporter.write_line(skipped[0].split(MARK, 1)[1][:300], red=True)
