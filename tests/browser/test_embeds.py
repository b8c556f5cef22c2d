"""Both elements in pages of hosts, plain and in React: a strict policy, tokens that are renewed, other words, axe."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, Page, Request, expect

from headway.app import PREFIX, create_app
from headway.settings import Settings
from tests.browser.conftest import Watched, closing
from tests.browser.test_live import jobs_button
from tests.browser.test_pages import violations
from tests.support.browser import uibuild
from tests.support.clock import FakeClock
from tests.support.product import ADMIN, PASSWORD, free_port
from tests.support.serving import serving

ROOT = Path(__file__).resolve().parents[2]
HTML, REACT = ROOT / "examples" / "embed-html", ROOT / "examples" / "embed-react"
ELEMENTS = ROOT / "dist" / "headway-elements"
TOKEN_SECONDS = 15 * 60
CUSTOMERS = b"name,born\nAda,1815-12-10\nBen,1990-01-02\n"

REPLACE = "(element, words) => { element.strings = Object.fromEntries(words.map(word => [word, `«${word}»`])) }"
SAID = """() => {
    const said = []
    const walk = node => {
        if (node.nodeType === Node.TEXT_NODE && node.data.trim()) said.push(node.data)
        if (node.localName === 'style') return
        for (const name of ['aria-label', 'title', 'placeholder'])
            if (node.getAttribute?.(name)) said.push(node.getAttribute(name))
        for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) walk(child)
    }
    document.querySelectorAll('headway-jobs, headway-importer').forEach(walk)
    return said
}"""
"""All that the elements say, by sight or by voice."""


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, chromium: object) -> dict[str, Path]:
    """The pages of each host. React's are checked and built by the script that its guide names."""
    tools = uibuild()
    tools.pack_elements(ELEMENTS)
    tools.npm_install(REACT)
    built = tmp_path_factory.mktemp("react")
    node, npm = tools.find_node()
    environment = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"}
    build = [*npm, "run", "--silent", "build", "--", "--outDir", str(built), "--logLevel", "warn"]
    subprocess.run(build, cwd=REACT, env=environment, check=True, timeout=100)
    return {"html": HTML / "pages", "react": built}


def create_site(headway: str, api_token: str, pages: Path) -> FastAPI:
    """The examples' own server."""
    spec = importlib.util.spec_from_file_location("embed_site", HTML / "server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    site: FastAPI = module.create_site(headway, api_token, pages)
    site.state.live = NothingOpen()
    return site


class NothingOpen:
    async def close(self) -> None:
        """Its pages hold nothing open."""


@dataclass
class Host:
    """A site, and an account at Headway whose jobs it shows."""

    browser: Browser
    url: str
    owner: httpx.AsyncClient
    clock: FakeClock
    watched: list[Watched]
    tokens: list[str] = field(default_factory=list)
    """Requests for tokens."""

    async def open(self, **context: Any) -> Page:
        """Open its page, with one job to show."""
        job = {"job_type": "external", "title": "Nightly copy", "heartbeat_seconds": 3600}
        (await self.owner.post("/jobs", json=job)).raise_for_status()
        opened = await self.browser.new_context(viewport={"width": 800, "height": 700}, **context)
        watched = Watched(await opened.new_page())
        self.watched.append(watched)
        watched.page.on("request", self._note)
        await watched.page.goto(self.url)
        await expect(jobs_button(watched.page)).to_have_text("1 running job")
        return watched.page

    def _note(self, request: Request) -> None:
        if request.url.endswith("-token"):
            self.tokens.append(request.url)


@pytest_asyncio.fixture(params=["html", "react"], loop_scope="session")
async def host(
    request: pytest.FixtureRequest,
    browser: Browser,
    settings: Settings,
    pages: dict[str, Path],
    nothing_goes_wrong: list[Watched],
) -> AsyncIterator[Host]:
    """A site on one port and Headway on another, which knows the site's origin."""
    clock, port = FakeClock(), free_port()
    app = create_app(settings.model_copy(update={"allowed_origins": f"http://127.0.0.1:{port}"}), clock=clock)
    async with serving(app) as headway, httpx.AsyncClient(base_url=f"{headway}{PREFIX}", trust_env=False) as owner:
        answer = await owner.post("/auth/token", data={"username": ADMIN, "password": PASSWORD})
        owner.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        wanted = {"name": "site", "scopes": ["jobs:read", "imports:write"]}
        api_token = (await owner.post("/tokens", json=wanted)).json()["token"]
        site = create_site(headway, api_token, pages[request.param])
        async with serving(site, port) as origin, closing(nothing_goes_wrong):
            yield Host(browser, origin, owner, clock, nothing_goes_wrong)


async def look_at_a_file(page: Page) -> None:
    await page.get_by_role("checkbox").first.check()
    file = {"name": "customers.csv", "mimeType": "text/csv", "buffer": CUSTOMERS}
    await page.locator("input[type=file]").first.set_input_files(file)
    await expect(page.locator("headway-reading table")).to_contain_text("Ada")


async def test_a_host_shows_jobs_and_takes_files_in(host: Host) -> None:
    page = await host.open()
    given = len(host.tokens)
    assert given >= 1
    await look_at_a_file(page)
    await page.get_by_label("Stop").check()
    host.clock.advance(TOKEN_SECONDS + 1)
    await page.get_by_role("button", name="Import customers.csv").click()
    await expect(page.get_by_text("You can close this page.")).to_be_visible()
    assert len(host.tokens) > given, "the token had expired, and nobody asked for another"
    [job] = (await host.owner.get("/jobs?job_type=import")).json()["items"]
    assert (job["title"], job["progress"]) == ("customers.csv", 40)
    await page.get_by_role("button", name="Cancel customers.csv").click()
    await expect(page.locator("#said")).to_have_text("Your file was dealt with.")
    assert await page.context.cookies() == []


async def test_every_word_can_be_replaced_and_all_of_it_is_accessible(host: Host, axe: str) -> None:
    # The checker itself is no guest that a strict policy lets in.
    page = await host.open(bypass_csp=True)
    words = json.loads((ELEMENTS / "strings.json").read_text())
    for name, strings in words.items():
        await page.locator(f"headway-{name}").evaluate(REPLACE, strings)
    await expect(jobs_button(page)).to_have_text("«1 running job»")
    await look_at_a_file(page)
    await jobs_button(page).click()
    await expect(page.locator("headway-job-card")).to_contain_text("Nightly copy")
    looked = await host.owner.post("/imports/preview", params={"filename": "customers.csv"}, content=CUSTOMERS)
    theirs = json.dumps(looked.raise_for_status().json(), ensure_ascii=False) + "customers.csv Nightly copy"
    said = {re.sub("«[^»]*»", "", " ".join(text.split())) for text in await page.evaluate(SAID)}
    assert [part for text in said for part in text.split(", ") if part.strip(" ·»") not in theirs] == []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        assert await violations(page, axe) == [], scheme
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
