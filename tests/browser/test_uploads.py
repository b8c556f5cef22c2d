"""Uploads that are interrupted in every way that there is, and what they come to: the file, byte for byte."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, CDPSession, Page, expect

from chaos.proxy import Kind, Mode, running_proxy
from tests.browser.conftest import Watched, signed_in
from tests.support.product import PASSWORD, Server, ended

MB = 1_000_000
SLOW = 2 * MB
"""Bytes per second: at this pace there is time to interrupt something."""

LINE_FAULTS = re.compile("net::ERR_|Failed to load resource|Failed to fetch|NetworkError")


def a_file(folder: Path, megabytes: int, seed: int = 1, name: str = "orders.csv") -> Path:
    """Write a CSV file of about so many bytes, in which no two places are alike."""
    random = Random(seed)
    path = folder / name
    with path.open("w") as file:
        file.write("id,text\n")
        for number in range(megabytes * MB // 1000):
            file.write(f"{number},{random.randbytes(495).hex()}\n")
    return path


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def choose(page: Page, path: Path) -> None:
    await page.get_by_label("choose files").set_input_files(path)


class Line:
    """What lies between a page and the network."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    async def becomes(self, *, bytes_per_second: int = -1, offline: bool = False) -> None:
        """Let the page send no faster than this; -1 is no limit."""
        limits = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
        await self._session.send("Network.emulateNetworkConditions", limits)


@asynccontextmanager
async def sending(browser: Browser, product: Server, email: str, path: Path) -> AsyncIterator[tuple[Watched, Line]]:
    """A page that is sending a file, slowly, and has got some of it through."""
    watched = await signed_in(browser, product.url, email)
    page = watched.page
    line = Line(await page.context.new_cdp_session(page))
    await line.becomes(bytes_per_second=SLOW)
    await choose(page, path)
    await expect(page.get_by_text(re.compile(r"^[2-9]\.?\d? MB of"))).to_be_visible(timeout=30_000)
    yield watched, line


def only_job(client: httpx.Client) -> dict[str, Any]:
    [job] = client.get("/jobs").json()["items"]
    found: dict[str, Any] = job
    return found


def imported(client: httpx.Client, path: Path) -> None:
    """Wait until the one job has ended, and compare what is stored with the file."""
    job = ended(client, only_job(client)["id"])
    assert job["status"] == "completed", job
    dataset = client.get(f"/datasets/{job['related_dataset_id']}").json()
    assert dataset["source"]["sha256"] == sha256_of(path)
    original = client.get(f"/datasets/{dataset['id']}/original")
    assert hashlib.sha256(original.content).hexdigest() == sha256_of(path)


def but_the_line(watched: Watched) -> Watched:
    """Forgive what the browser says about the line that was cut on purpose; nothing else."""
    watched.wrong = [text for text in watched.wrong if not LINE_FAULTS.search(text)]
    return watched


async def done(page: Page) -> None:
    await expect(page.get_by_role("link", name=re.compile("Open dataset"))).to_be_visible(timeout=90_000)


async def test_a_connection_that_is_cut_again_and_again_changes_nothing(
    browser: Browser, product: Server, tmp_path: Path, nothing_goes_wrong: list[Watched]
) -> None:
    path = a_file(tmp_path, 40)
    email = product.new_user()
    host, port = product.url.removeprefix("http://").split(":")
    with running_proxy(host, int(port), Random(5)) as proxy:
        watched = await signed_in(browser, proxy.url, email)
        before = proxy.connections
        proxy.mode = Mode(Kind.CUT, cut_after_bytes=5 * MB)
        await choose(watched.page, path)
        await done(watched.page)
        cuts = proxy.connections - before
        await watched.page.context.close()
    assert cuts >= 8, cuts
    nothing_goes_wrong.append(but_the_line(watched))
    with product.client(email) as client:
        imported(client, path)


async def test_after_a_reload_the_file_is_chosen_again_and_goes_on_where_it_stood(
    browser: Browser, product: Server, tmp_path: Path, nothing_goes_wrong: list[Watched]
) -> None:
    path, email = a_file(tmp_path, 24), product.new_user()
    other = a_file(tmp_path, 3, seed=2, name="other.csv")
    async with sending(browser, product, email, path) as (watched, _):
        page = watched.page
        page.on("dialog", lambda dialog: dialog.accept())
        await page.reload()
        await expect(
            page.get_by_text(re.compile(r"Interrupted at \d+%\. Choose the file again to go on, until"))
        ).to_be_visible()
        await expect(page.locator("headway-jobs button.open")).to_have_text("Jobs")
        await page.locator("headway-jobs button.open").click()
        await expect(page.locator("headway-job-card")).to_contain_text(re.compile(r"Paused.*\d+% sent"))
        await page.keyboard.press("Escape")
        again = page.get_by_label("Choose orders.csv again")
        await again.set_input_files(other)
        await expect(
            page.get_by_text("other.csv is a different file: its size differs. Start a new upload?")
        ).to_be_visible()
        await page.get_by_role("button", name="No", exact=True).click()
        with product.client(email) as client:
            stood = only_job(client)["done_units"]
        sent: list[int] = []
        page.on("request", lambda request: sent.append(int(request.headers.get("upload-offset", -1))))
        await again.set_input_files(path)
        await done(page)
        assert stood > MB
        assert min(offset for offset in sent if offset >= 0) == stood
        nothing_goes_wrong.append(but_the_line(watched))
    with product.client(email) as client:
        imported(client, path)


async def test_an_interrupted_file_that_is_brought_like_any_other_goes_on_too(
    browser: Browser, product: Server, tmp_path: Path, nothing_goes_wrong: list[Watched]
) -> None:
    path, email = a_file(tmp_path, 24), product.new_user()
    async with sending(browser, product, email, path) as (watched, _):
        await watched.page.context.close()
    watched = await signed_in(browser, product.url, email)
    await watched.page.get_by_text("Interrupted at").wait_for()
    await choose(watched.page, path)
    await done(watched.page)
    nothing_goes_wrong.append(watched)
    with product.client(email) as client:
        imported(client, path)


async def test_an_upload_is_paused_resumed_and_cancelled_by_its_person(
    browser: Browser, product: Server, tmp_path: Path, nothing_goes_wrong: list[Watched]
) -> None:
    path, email = a_file(tmp_path, 24), product.new_user()
    async with sending(browser, product, email, path) as (watched, _):
        page = watched.page
        await page.get_by_role("button", name="Pause orders.csv").click()
        await expect(page.get_by_text(re.compile("of 24 MB are sent"))).to_be_visible()
        await expect(page.locator("headway-jobs button.open")).to_have_text("Jobs")
        # The button has become the other one, and still has the focus.
        await page.keyboard.press("Enter")
        await expect(page.locator("headway-jobs button.open")).to_have_text("1 running job")
        await expect(page.get_by_role("button", name="Pause orders.csv")).to_be_focused()
        await page.get_by_role("button", name="Pause orders.csv").click()
        await page.get_by_role("button", name="Cancel orders.csv").click()
        await expect(page.get_by_text("Nothing was imported.", exact=True)).to_be_visible()
        nothing_goes_wrong.append(but_the_line(watched))
    with product.client(email) as client:
        assert ended(client, only_job(client)["id"])["status"] == "cancelled"


async def test_a_browser_that_is_offline_waits_and_goes_on_by_itself(
    browser: Browser, product: Server, tmp_path: Path, nothing_goes_wrong: list[Watched]
) -> None:
    path, email = a_file(tmp_path, 24), product.new_user()
    async with sending(browser, product, email, path) as (watched, line):
        page = watched.page
        await line.becomes(offline=True)
        await expect(page.get_by_text("No connection. It goes on by itself")).to_be_visible()
        await line.becomes()
        await done(page)
        nothing_goes_wrong.append(but_the_line(watched))
    with product.client(email) as client:
        imported(client, path)


async def test_a_session_that_ends_in_the_middle_costs_a_sign_in_and_no_bytes(
    browser: Browser, product: Server, tmp_path: Path, nothing_goes_wrong: list[Watched]
) -> None:
    path, email = a_file(tmp_path, 40), product.new_user()
    async with sending(browser, product, email, path) as (watched, line):
        page = watched.page
        await page.context.clear_cookies()
        await line.becomes()
        await page.get_by_label("E-mail").fill(email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await done(page)
        nothing_goes_wrong.append(but_the_line(watched))
    with product.client(email) as client:
        imported(client, path)


async def test_a_file_that_is_known_already_is_not_sent(
    browser: Browser, product: Server, tmp_path: Path, nothing_goes_wrong: list[Watched]
) -> None:
    path, email = a_file(tmp_path, 24), product.new_user()
    watched = await signed_in(browser, product.url, email)
    nothing_goes_wrong.append(watched)
    page = watched.page
    bodies: list[str] = []
    page.on("request", lambda request: bodies.append(request.method) if request.method == "PATCH" else None)
    await choose(page, path)
    await done(page)
    assert len(bodies) == 2, "the first time it is sent, in two pieces"
    copy = path.with_name("copy of orders.csv")
    copy.write_bytes(path.read_bytes())
    await choose(page, copy)
    await expect(page.get_by_text("You imported this file before.", exact=True)).to_be_visible()
    assert len(bodies) == 2, bodies


@pytest.mark.parametrize("kind", ["table", "file", "field"])
async def test_what_is_pasted_is_imported_but_not_what_is_pasted_into_a_field(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched], kind: str
) -> None:
    watched = await signed_in(browser, product.url, product.new_user())
    nothing_goes_wrong.append(watched)
    await watched.page.evaluate(
        """kind => {
          const clipboardData = new DataTransfer()
          if (kind === 'file') clipboardData.items.add(new File(['a,b\\n1,2\\n'], 'pasted.csv'))
          else clipboardData.setData('text/plain', 'a\\tb\\n1\\t2\\n')
          const field = document.body.appendChild(document.createElement('input'))
          const target = kind === 'field' ? field : document.body
          target.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, composed: true }))
        }""",
        kind,
    )
    page = watched.page
    if kind == "field":
        await expect(page.get_by_role("list", name="Files")).to_have_count(0)
    else:
        await expect(
            page.get_by_text("Pasted table.tsv" if kind == "table" else "pasted.csv", exact=True)
        ).to_be_visible()
        await done(page)
