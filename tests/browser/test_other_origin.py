"""The jobs button in a page of another origin: a token of that page's own server, live, and nothing but looking."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.async_api import Browser, Page, expect

from headway.app import PREFIX, create_app
from headway.settings import Settings
from tests.browser.conftest import Watched, closing
from tests.browser.test_live import jobs_button
from tests.support.product import ADMIN, PASSWORD
from tests.support.serving import serving

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title><link rel="icon" href="data:,">
<script type="module" src="{headway}/headway-jobs.js"></script></head>
<body><main><h1>A shop</h1><headway-jobs base="{headway}" token-url="/headway-token"></headway-jobs></main></body></html>"""


class Shop:
    """Another application, with pages and a server of its own, whose people have no account at Headway."""

    def __init__(self) -> None:
        self.app = FastAPI(openapi_url=None)
        self.app.state.live = self
        self.headway = ""
        self.client = httpx.AsyncClient(trust_env=False, timeout=60)
        self.may_cancel: list[str] = []

        @self.app.get("/")
        async def page() -> HTMLResponse:
            policy = f"default-src 'none'; script-src {self.headway}; connect-src 'self' {self.headway}; img-src data:"
            return HTMLResponse(PAGE.format(headway=self.headway), headers={"Content-Security-Policy": policy})

        @self.app.post("/headway-token")
        async def token() -> dict[str, str]:
            scopes = ["jobs:read:user", *(f"job:cancel:{job}" for job in self.may_cancel)]
            answer = await self.client.post("/jobs/tokens", json={"scopes": scopes})
            return {"token": answer.raise_for_status().json()["token"]}

    async def close(self) -> None:
        """Its pages hold nothing open."""

    async def join(self, headway: str) -> None:
        """Get to know Headway, by its address there."""
        self.headway, self.client.base_url = headway, httpx.URL(f"{headway}{PREFIX}")
        answer = await self.client.post("/auth/token", data={"username": ADMIN, "password": PASSWORD})
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    async def create(self, title: str) -> str:
        body = {"job_type": "external", "title": title, "heartbeat_seconds": 3600}
        return str((await self.client.post("/jobs", json=body)).raise_for_status().json()["id"])

    async def tell(self, job: str, **report: object) -> None:
        (await self.client.post(f"/jobs/{job}/progress", json=report)).raise_for_status()


@pytest_asyncio.fixture(loop_scope="session")
async def shop(settings: Settings, nothing_goes_wrong: list[Watched]) -> AsyncIterator[tuple[Shop, str]]:
    """A shop on one port and Headway on another, which knows the shop's origin."""
    shop = Shop()
    async with serving(shop.app) as origin:
        app = create_app(settings.model_copy(update={"allowed_origins": origin}))
        async with serving(app) as headway, closing(nothing_goes_wrong):
            await shop.join(headway)
            yield shop, origin
        await shop.client.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, shop: tuple[Shop, str], nothing_goes_wrong: list[Watched]) -> Page:
    watched = Watched(await (await browser.new_context()).new_page())
    nothing_goes_wrong.append(watched)
    return watched.page


async def test_a_page_of_another_origin_shows_jobs_live_and_offers_only_what_its_token_may(
    page: Page, shop: tuple[Shop, str]
) -> None:
    owner, origin = shop
    first, second = await owner.create("First copy"), await owner.create("Second copy")
    owner.may_cancel = [second]
    await page.goto(origin)
    await expect(jobs_button(page)).to_have_text("2 running jobs")
    await jobs_button(page).click()
    await owner.tell(first, progress=40, message="Copying pictures")
    card = page.locator("headway-job-card")
    await expect(card.filter(has_text="First copy")).to_contain_text("Copying pictures")
    await expect(page.get_by_role("button", name="Cancel First copy")).to_have_count(0)
    await page.get_by_role("button", name="Cancel Second copy").click()
    await expect(card.filter(has_text="Second copy")).to_contain_text("Cancelled")
    await owner.tell(first, status="completed", message="All of it")
    await expect(card.filter(has_text="First copy")).to_contain_text("All of it")
    await expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)
    await expect(card.get_by_role("link")).to_have_count(0)
    assert await page.context.cookies() == []


async def test_a_page_of_an_origin_that_is_not_named_is_given_nothing(browser: Browser, settings: Settings) -> None:
    shop = Shop()
    async with serving(shop.app) as origin:
        elsewhere = settings.model_copy(update={"allowed_origins": "https://shop.example.org"})
        async with serving(create_app(elsewhere)) as headway:
            await shop.join(headway)
            page = await (await browser.new_context()).new_page()
            failed: list[str] = []
            page.on("requestfailed", lambda request: failed.append(request.url))
            await page.goto(origin)
            await page.wait_for_load_state("networkidle")
            assert failed == [f"{headway}/headway-jobs.js"]
            read = "address => fetch(address).then(answer => answer.status, () => 'refused')"
            assert await page.evaluate(read, f"{headway}{PREFIX}/jobs/active") == "refused"
        await shop.client.aclose()
