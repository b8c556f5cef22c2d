"""The pages, as a person meets them: import, watch, browse, and be told what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from headway.app import create_app
from headway.settings import Settings
from tests.browser.conftest import Watched, closing, signed_in
from tests.support.clock import FakeClock
from tests.support.product import Server
from tests.support.serving import serving

AXE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


async def violations(page: Page, axe: str) -> list[str]:
    await page.evaluate(axe)
    # What happens to lie halfway under the header, which stays when one scrolls, would count as too small to be hit.
    await page.evaluate("scrollTo(0, 0)")
    found = await page.evaluate("tags => axe.run(document, { runOnly: tags }).then(result => result.violations)", AXE)
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def a_table(rows: int) -> bytes:
    return b"id,name,amount\n" + b"".join(b"%d,Ann %d,%d.5\n" % (n, n, n) for n in range(rows))


async def test_an_upload_is_seen_while_it_runs_in_every_tab_and_after_a_reload(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    first = await signed_in(browser, product.url, product.new_user())
    nothing_goes_wrong.append(first)
    page = first.page
    second = await page.context.new_page()
    await second.goto("/datasets")
    session = await page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}
    await session.send("Network.emulateNetworkConditions", slow)
    data = a_table(400_000)
    await page.get_by_label("choose files").set_input_files({"name": "big.csv", "mimeType": "text/csv", "buffer": data})
    for tab in (page, second):
        await expect(tab.locator("headway-jobs button.open")).to_have_text("1 running job")
    await expect(page.get_by_text(re.compile("of .* MB"))).to_be_visible()
    await second.reload()
    await expect(second.locator("headway-jobs button.open")).to_have_text("1 running job")
    await expect(second).to_have_title(re.compile(r"^\(1\) "))
    await session.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    await expect(page.get_by_text("You can close this page.")).to_be_visible(timeout=60_000)
    await page.reload()
    for tab in (page, second):
        await expect(tab.locator("headway-jobs button.open")).to_have_text("Jobs", timeout=60_000)
    await second.locator("headway-jobs button.open").click()
    await second.get_by_role("link", name="Open dataset").click()
    await expect(second.get_by_role("heading", name="big")).to_be_visible()
    await expect(second.get_by_text("400,000 rows · 3 columns")).to_be_visible()


async def test_a_finished_job_stays_in_view_for_five_minutes(
    browser: Browser, settings: Settings, nothing_goes_wrong: list[Watched]
) -> None:
    clock = FakeClock()
    async with serving(create_app(settings, clock=clock)) as url, closing(nothing_goes_wrong):
        watched = await signed_in(browser, url, "admin@example.org", "correct-horse-battery")
        nothing_goes_wrong.append(watched)
        page = watched.page
        created = await page.request.post(
            "/api/v2/jobs", data={"job_type": "export", "title": "My export"}, headers={"Origin": url}
        )
        assert created.status == 201
        await expect(page.locator("headway-jobs button.open")).to_have_text("1 running job")
        job = (await created.json())["id"]
        done = {"status": "completed", "message": "All of it"}
        await page.request.post(f"/api/v2/jobs/{job}/progress", data=done, headers={"Origin": url})
        await page.locator("headway-jobs button.open").click()
        card = page.locator("headway-job-card")
        await expect(card).to_contain_text("All of it")
        clock.advance(290)
        await page.reload()
        await page.locator("headway-jobs button.open").click()
        await expect(card).to_contain_text("My export")
        clock.advance(11)
        await expect(card).to_have_count(0)
        await page.goto("/jobs")
        await expect(page.get_by_role("link", name="My export")).to_be_visible()


async def test_the_first_key_leads_past_the_navigation(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    watched = await signed_in(browser, product.url, product.new_user())
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.goto("/datasets")
    await page.get_by_role("heading", name="Datasets").wait_for()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Skip to content")).to_be_focused()
    await expect(page.get_by_role("button", name="Skip to content")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()


async def test_a_bad_file_says_what_is_wrong_and_what_to_do(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    watched = await signed_in(browser, product.url, product.new_user())
    nothing_goes_wrong.append(watched)
    page = watched.page
    bad = {"name": "bad.csv", "mimeType": "text/csv", "buffer": bytes(range(256)) * 40}
    await page.get_by_label("choose files").set_input_files(bad)
    await expect(page.locator("headway-jobs button.open")).to_have_text("1 needs attention")
    await page.locator("headway-jobs button.open").click()
    await page.locator("headway-job-card").get_by_role("link", name="bad.csv").click()
    await expect(page.get_by_text("What to do:")).to_be_visible()
    story = page.locator("headway-job-page")
    await expect(story.get_by_text("format.not_a_table").first).to_be_visible()
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_text("Tried again", exact=True)).to_be_visible()
    await expect(story.get_by_text("Failed", exact=True)).to_have_count(3)  # the state, and twice in the history


async def test_several_files_at_once_by_keyboard_alone(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    watched = await signed_in(browser, product.url, product.new_user())
    nothing_goes_wrong.append(watched)
    page = watched.page
    files = [{"name": f"f{n}.csv", "mimeType": "text/csv", "buffer": b"a,b\n%d,2\n" % n} for n in range(4)]
    await page.get_by_label("choose files").set_input_files(files)
    await expect(page.get_by_role("link", name="Open dataset")).to_have_count(4, timeout=30_000)
    await page.locator("headway-jobs button.open").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    await page.keyboard.press("Escape")
    focused = await page.evaluate("document.activeElement.shadowRoot.activeElement.tagName")
    assert focused == "HEADWAY-JOBS"


async def test_the_grid_reaches_the_last_row_and_sorts_on_the_server(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    email = product.new_user()
    with product.client(email) as client:
        answer = client.post("/imports", files={"file": ("grid.csv", a_table(20_000))})
        job = client.get(f"/jobs/{answer.json()['id']}").json()
        while job["status"] == "running":
            job = client.get(f"/jobs/{job['id']}").json()
    watched = await signed_in(browser, product.url, email)
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.goto(f"/datasets/{job['related_dataset_id']}")
    grid = page.get_by_role("grid")
    await expect(grid).to_have_attribute("aria-rowcount", "20001")
    await page.get_by_role("gridcell", name="0", exact=True).first.click()
    await page.keyboard.press("Control+End")
    await expect(page.get_by_role("gridcell", name="Ann 19999", exact=True)).to_be_visible()
    await page.keyboard.press("Control+Home")
    await page.get_by_role("columnheader", name=re.compile("amount")).get_by_role("button").first.click()
    await page.get_by_role("columnheader", name=re.compile("amount")).get_by_role("button").first.click()
    await expect(page.get_by_role("gridcell", name="Ann 19999", exact=True)).to_be_visible()
    await expect(page).to_have_url(re.compile("sort="))


async def test_names_and_cells_from_files_are_text_and_nothing_else(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    watched = await signed_in(browser, product.url, product.new_user())
    nothing_goes_wrong.append(watched)
    page = watched.page
    evil = "<img src=x onerror=alert(1)>"
    data = f'"{evil}",b\n"{evil}",2\n'.encode()
    file = {"name": f"{evil}.csv", "mimeType": "text/csv", "buffer": data}
    await page.get_by_label("choose files").set_input_files(file)
    await page.get_by_role("link", name="Open dataset").first.click()
    await expect(page.get_by_role("gridcell", name=evil)).to_be_visible()
    assert await page.locator("img[src=x]").count() == 0


async def test_a_session_that_ends_leads_back_to_where_one_was(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    email = product.new_user()
    watched = await signed_in(browser, product.url, email)
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.context.clear_cookies()
    await page.goto("/jobs?status=failed")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill("wrong-password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("do not match")
    await page.get_by_label("Password").fill("correct-horse-battery")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(re.compile(r"/jobs\?status=failed$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_accessible_and_fits_320_pixels(
    browser: Browser, product: Server, axe: str, scheme: str, nothing_goes_wrong: list[Watched], tmp_path: Path
) -> None:
    email = product.new_user()
    # The checker itself is a script that the pages' policy would rightly refuse.
    watched = await signed_in(
        browser, product.url, email, color_scheme=scheme, bypass_csp=True, viewport={"width": 320, "height": 640}
    )
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.get_by_label("choose files").set_input_files(
        [
            {"name": "good.csv", "mimeType": "text/csv", "buffer": a_table(12)},
            {"name": "bad.csv", "mimeType": "text/csv", "buffer": bytes(range(256)) * 40},
        ]
    )
    await expect(page.get_by_role("link", name="Open dataset")).to_be_visible()
    await expect(page.locator("headway-jobs button.open")).to_have_text("1 needs attention")
    assert await violations(page, axe) == []
    await page.locator("headway-jobs button.open").click()
    assert await violations(page, axe) == []
    addresses = ["/datasets", "/jobs", "/nowhere"]
    with product.client(email) as client:
        jobs = client.get("/jobs").json()["items"]
    addresses += [f"/jobs/{job['id']}" for job in jobs]
    addresses += [f"/datasets/{job['related_dataset_id']}" for job in jobs if job["related_dataset_id"]]
    for address in addresses:
        await page.goto(address)
        await page.get_by_role("heading", level=1).wait_for()
        assert await violations(page, axe) == [], address
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320, address
