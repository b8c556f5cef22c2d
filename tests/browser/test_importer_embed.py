"""The importer in a page of an application beside Headway, which gives it tokens."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import Request
from fastapi.responses import HTMLResponse
from playwright.async_api import Browser, expect

from headway.app import PREFIX, create_app
from headway.settings import Settings
from headway.web.static import SECURITY_HEADERS
from tests.browser.conftest import Watched, closing
from tests.browser.test_pages import violations
from tests.browser.test_uploads import SLOW, Line, a_file, but_the_line
from tests.support.serving import serving

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title><link rel="icon" href="data:,">
<meta name="color-scheme" content="light dark"><script type="module" src="/headway-importer.js"></script></head>
<body><main><h1>A shop</h1><headway-importer token-url="/shop/token"></headway-importer></main></body></html>"""


class Shop:
    """Pages beside Headway. It makes an API token for each time that a page asks."""

    def __init__(self, url: str) -> None:
        self.client = httpx.AsyncClient(base_url=f"{url}{PREFIX}", trust_env=False, timeout=60)
        self.given: list[str] = []
        """Ids of the tokens."""

    async def sign_in(self) -> None:
        login = {"username": "admin@example.org", "password": "correct-horse-battery"}
        answer = await self.client.post("/auth/token", data=login)
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    async def give(self) -> dict[str, str]:
        body = {"name": f"shop {len(self.given)}", "scopes": ["imports:write", "jobs:read", "jobs:write"]}
        made = (await self.client.post("/tokens", json=body)).raise_for_status().json()
        self.given.append(made["id"])
        return {"token": made["token"]}

    async def revoke(self) -> None:
        """End every token that was given."""
        for token in self.given:
            (await self.client.delete(f"/tokens/{token}")).raise_for_status()


@pytest_asyncio.fixture(loop_scope="session")
async def shop(settings: Settings, nothing_goes_wrong: list[Watched]) -> AsyncIterator[tuple[Shop, str]]:
    app = create_app(settings)

    @app.get("/shop")
    async def page() -> HTMLResponse:
        return HTMLResponse(PAGE, headers=SECURITY_HEADERS)

    @app.post("/shop/token")
    async def token(request: Request) -> dict[str, str]:
        return await found[0].give()

    async with serving(app) as url, closing(nothing_goes_wrong):
        found = [Shop(url)]
        await found[0].sign_in()
        yield found[0], url
        await found[0].client.aclose()


async def test_a_token_that_ends_in_the_middle_of_an_upload_is_renewed_and_nothing_is_lost(
    browser: Browser, shop: tuple[Shop, str], tmp_path: Path, nothing_goes_wrong: list[Watched]
) -> None:
    owner, url = shop
    path = a_file(tmp_path, 24)
    context = await browser.new_context()
    watched = Watched(await context.new_page())
    page = watched.page
    await page.goto(f"{url}/shop")
    line = Line(await context.new_cdp_session(page))
    await line.becomes(bytes_per_second=SLOW)
    await page.get_by_label("choose files").set_input_files(path)
    await expect(page.get_by_text(re.compile(r"^[2-9]\.?\d? MB of"))).to_be_visible(timeout=60_000)
    await owner.revoke()
    before = len(owner.given)
    await line.becomes()
    await expect(page.get_by_text("You can close this page.")).to_be_visible(timeout=60_000)
    assert len(owner.given) > before
    [job] = (await owner.client.get("/jobs")).json()["items"]
    assert (job["phase"], job["progress"]) == ("queued", 40)
    assert job["metadata"]["bytes"] == path.stat().st_size
    assert await context.cookies() == []
    nothing_goes_wrong.append(but_the_line(watched))


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_brings_its_looks_and_is_accessible(
    browser: Browser, shop: tuple[Shop, str], axe: str, scheme: str, nothing_goes_wrong: list[Watched]
) -> None:
    _, url = shop
    context = await browser.new_context(color_scheme=scheme, bypass_csp=True, viewport={"width": 320, "height": 640})
    watched = Watched(await context.new_page())
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.goto(f"{url}/shop")
    await page.get_by_label("choose files").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    )
    await expect(page.get_by_text("You can close this page.")).to_be_visible(timeout=30_000)
    assert await violations(page, axe) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
