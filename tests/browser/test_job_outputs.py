"""What a job leaves and what it says: files to be saved, and lines that are followed until somebody reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import Watched, signed_in
from tests.browser.test_jobs_pages import create, import_file, tell
from tests.browser.test_pages import violations
from tests.support.product import Server

MANY = 120


@pytest.fixture
def email(product: Server) -> str:
    return product.new_user()


@pytest.fixture
def client(product: Server, email: str) -> Any:
    with product.client(email) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, product: Server, email: str, nothing_goes_wrong: list[Watched]) -> Page:
    watched = await signed_in(browser, product.url, email)
    nothing_goes_wrong.append(watched)
    return watched.page


def attach(client: httpx.Client, job: str, name: str, data: bytes, **params: int) -> None:
    client.put(f"/jobs/{job}/artifacts/{name}", content=data, params=params).raise_for_status()


def lines(page: Page) -> Locator:
    return page.locator("headway-job-log li .text")


def log(page: Page) -> Locator:
    return page.get_by_role("log", name="Log")


async def scroll_up(page: Page) -> None:
    await log(page).evaluate("frame => { frame.scrollTop = 0 }")


async def test_a_file_appears_while_the_job_runs_and_is_saved(page: Page, client: httpx.Client) -> None:
    job = create(client, "Report", progress=10)
    await page.goto(f"/jobs/{job}")
    await expect(page.get_by_role("heading", name="Report")).to_be_visible()
    await expect(page.get_by_role("heading", name="Files")).to_be_hidden()
    attach(client, job, "Übersicht 1.csv", b"a,b\n" * 500, rows=500)
    tell(client, job, progress=20)
    file = page.locator("headway-job-files li")
    await expect(file).to_contain_text("Übersicht 1.csv")
    await expect(file).to_contain_text("2 kB · 500 rows · kept until ")
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="Download Übersicht 1.csv").click()
    saved = await saving.value
    assert saved.suggested_filename == "Übersicht 1.csv"
    assert Path(await saved.path()).read_bytes() == b"a,b\n" * 500
    await expect(page.get_by_text("Left a file: Übersicht 1.csv")).to_be_visible()


async def test_lines_are_followed_until_somebody_reads_them(page: Page, client: httpx.Client) -> None:
    job = create(client, "Copy", log=[f"part {number}" for number in range(MANY)])
    await page.goto(f"/jobs/{job}")
    await expect(lines(page)).to_have_count(MANY)
    await log(page).scroll_into_view_if_needed()
    await expect(lines(page).last).to_be_in_viewport()
    tell(client, job, log=["one more"])
    await expect(lines(page).last).to_have_text("one more")
    await expect(lines(page).last).to_be_in_viewport()
    await scroll_up(page)
    await expect(page.get_by_role("button", name="Paused · follow")).to_be_visible()
    tell(client, job, log=["unseen 1", {"text": "unseen 2", "level": "warning"}])
    await expect(page.get_by_role("button", name="2 new lines · follow")).to_be_visible()
    await expect(lines(page).first).to_be_in_viewport()
    await page.get_by_role("button", name="2 new lines · follow").press("Enter")
    await expect(lines(page).last).to_be_in_viewport()
    await expect(lines(page).last).to_have_text("warning: unseen 2")
    await expect(log(page)).to_be_focused()
    await expect(page.get_by_role("button", name="follow")).to_have_count(0)
    tell(client, job, status="failed", error="The target is full.", log=[{"text": "gave up", "level": "error"}])
    await expect(lines(page).last).to_have_text("error: gave up")
    # What went wrong has come above it meanwhile.
    await log(page).evaluate("frame => frame.scrollIntoView({ block: 'end' })")
    await expect(lines(page).last).to_be_in_viewport()


async def test_only_who_went_to_the_lines_hears_them(page: Page, client: httpx.Client) -> None:
    job = create(client, "Copy", log=["begun"])
    await page.goto(f"/jobs/{job}")
    await expect(log(page)).to_have_attribute("aria-live", "off")
    await log(page).focus()
    await expect(log(page)).to_have_attribute("aria-live", "polite")
    await page.get_by_role("button", name="Copy", exact=True).focus()
    await expect(log(page)).to_have_attribute("aria-live", "off")


async def test_lines_are_copied_saved_and_shown_raw(page: Page, client: httpx.Client) -> None:
    job = create(client, "Copy", log=["<b>begun</b>", {"text": "slow disk", "level": "warning"}])
    tell(client, job, status="completed")
    await page.goto(f"/jobs/{job}")
    await expect(lines(page).first).to_have_text("<b>begun</b>")
    await page.get_by_role("button", name="Copy", exact=True).click()
    await expect(
        page.locator("headway-job-page > [role=status], [role=status]").filter(has_text="2 lines copied")
    ).to_have_count(1)
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="Save", exact=True).click()
    text = Path(await (await saving.value).path()).read_text()
    assert [line.split(" ", 1)[1] for line in text.splitlines()] == ["info    <b>begun</b>", "warning slow disk"]
    await page.get_by_label("Raw details").check()
    await expect(page.locator("headway-job-log .raw").last).to_contain_text("warning · program · attempt 1")


async def test_an_import_says_what_it_does(page: Page, client: httpx.Client) -> None:
    job = import_file(client, "people.csv", b"name,age\nAda,36\nBen,41\n")
    await page.goto(f"/jobs/{job['id']}")
    await expect(lines(page)).to_contain_text(["Attempt 1 began.", "Reading the file", "2 rows", "Done."])


async def test_a_job_that_said_nothing_shows_no_log(page: Page, client: httpx.Client) -> None:
    job = create(client, "Silent", status="completed")
    await page.goto(f"/jobs/{job}")
    await expect(page.get_by_role("heading", name="Facts")).to_be_visible()
    await expect(page.locator("headway-job-log")).to_be_hidden()
    await expect(page.locator("headway-job-files")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_files_and_lines_fit_a_phone_and_everybody(
    browser: Browser,
    product: Server,
    email: str,
    client: httpx.Client,
    nothing_goes_wrong: list[Watched],
    axe: str,
    scheme: Any,
) -> None:
    said = ["x" * 300, {"text": "slow disk", "level": "warning"}, {"text": "no", "level": "error"}]
    job = create(client, "Copy", log=said)
    attach(client, job, "a-long-name-without-a-blank-that-does-not-fit-a-phone-at-all.csv", b"1")
    narrow = {"width": 320, "height": 640}
    watched = await signed_in(browser, product.url, email, color_scheme=scheme, bypass_csp=True, viewport=narrow)
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.goto(f"/jobs/{job}")
    await expect(lines(page)).to_have_count(3)
    await page.get_by_label("Raw details").check()
    assert await page.evaluate("document.documentElement.scrollWidth <= 320")
    assert await violations(page, axe) == []
