"""The list of jobs and the page of one: filters, rows that stay where they are, many at once, and how it came."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import Watched, signed_in
from tests.browser.test_pages import a_table, violations
from tests.support.product import Server, wait_for

BAD_FILE = bytes(range(256)) * 40


@pytest.fixture
def email(product: Server) -> str:
    """Somebody whom no other test knows."""
    return product.new_user()


@pytest.fixture
def client(product: Server, email: str) -> Iterator[httpx.Client]:
    """Their other program."""
    with product.client(email) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, product: Server, email: str, nothing_goes_wrong: list[Watched]) -> Page:
    """Their browser, signed in."""
    watched = await signed_in(browser, product.url, email)
    nothing_goes_wrong.append(watched)
    return watched.page


def create(client: httpx.Client, title: str, job_type: str = "export", **report: Any) -> str:
    """Create a job that this test runs, and report on it if there is something to report."""
    answer = client.post("/jobs", json={"job_type": job_type, "title": title, "heartbeat_seconds": 3600})
    job: str = answer.raise_for_status().json()["id"]
    if report:
        tell(client, job, **report)
    return job


def tell(client: httpx.Client, job: str, **report: Any) -> dict[str, Any]:
    """Report on a job, and return what the program is answered."""
    answer: dict[str, Any] = client.post(f"/jobs/{job}/progress", json=report).raise_for_status().json()
    return answer


def delete(client: httpx.Client, job: str) -> None:
    client.delete(f"/jobs/{job}").raise_for_status()


def import_file(client: httpx.Client, name: str, data: bytes) -> dict[str, Any]:
    """Import a file and return the job once it has ended."""
    path = f"/jobs/{client.post('/imports', files={'file': (name, data)}).raise_for_status().json()['id']}"

    def ended() -> dict[str, Any] | None:
        job: dict[str, Any] = client.get(path, params={"wait": 5}).raise_for_status().json()
        return job if job["status"] != "running" else None

    job = wait_for(ended)
    assert job is not None
    return job


def row(page: Page, title: str) -> Locator:
    return page.locator("headway-job-table tbody tr").filter(has=page.get_by_role("link", name=title, exact=True))


def titles(page: Page) -> Locator:
    return page.locator("headway-job-table tbody .name a")


def new_jobs(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile(r"^\d+ new jobs? · show$"))


async def test_filters_live_in_the_address_and_survive_reload_and_back(page: Page, client: httpx.Client) -> None:
    create(client, "Orders, failed", status="failed", error="The target refused.")
    create(client, "Orders, done", status="completed")
    create(client, "Customers, failed", status="failed", error="The target refused.")
    create(client, "Customers, running", job_type="validation", progress=10)
    await page.goto("/jobs")
    await expect(titles(page)).to_have_count(4)
    await page.get_by_role("link", name="Needs attention").click()
    await expect(titles(page)).to_have_text(["Customers, failed", "Orders, failed"])
    search = page.get_by_role("searchbox", name="Name")
    await search.press_sequentially("ord")
    await expect(page).to_have_url(re.compile(r"q=ord$"))
    await search.press_sequentially("ers")
    await expect(page).to_have_url(re.compile(r"/jobs\?status=failed,partial&q=orders$"))
    await expect(titles(page)).to_have_text(["Orders, failed"])
    await expect(search).to_be_focused()
    await page.reload()
    await expect(titles(page)).to_have_text(["Orders, failed"])
    await expect(search).to_have_value("orders")
    await expect(page.get_by_role("link", name="Needs attention")).to_have_attribute("aria-current", "true")
    await page.go_back()  # one step, however often the typing paused
    await expect(titles(page)).to_have_text(["Customers, failed", "Orders, failed"])
    await expect(search).to_have_value("")
    await page.go_back()
    await expect(titles(page)).to_have_count(4)
    await page.go_forward()
    await page.go_forward()
    await expect(titles(page)).to_have_text(["Orders, failed"])
    await page.get_by_role("button", name="Clear filters").click()
    await expect(page).to_have_url(re.compile(r"/jobs$"))
    await expect(titles(page)).to_have_count(4)
    await page.get_by_label("Type").select_option("validation")
    await expect(titles(page)).to_have_text(["Customers, running"])


async def test_an_empty_list_says_which_filters_hide_everything(page: Page, client: httpx.Client) -> None:
    create(client, "Orders", status="completed")
    await page.goto("/jobs?status=cancelled&q=Orders&to=2020-01-31")
    for part in ("State: Cancelled", "“Orders” in the name", "Until Jan 31, 2020"):
        await expect(page.locator("headway-jobs-page li").filter(has_text=part)).to_be_visible()
    await expect(page.get_by_role("textbox", name="Until")).to_have_value("2020-01-31")
    await page.get_by_role("link", name="Remove State: Cancelled").click()
    await expect(page).to_have_url(re.compile(r"\?q=Orders&to=2020-01-31$"))
    await page.get_by_role("link", name="Remove Until Jan 31, 2020").click()
    await expect(titles(page)).to_have_text(["Orders"])


async def test_live_jobs_move_no_row_under_the_pointer(page: Page, client: httpx.Client) -> None:
    job = create(client, "First", progress=10, message="Working")
    create(client, "Second", status="completed", message="All of it")
    await page.goto("/jobs")
    await expect(titles(page)).to_have_text(["Second", "First"])
    # Nobody points at the list: what is new comes in.
    create(client, "Third", progress=1)
    await expect(titles(page)).to_have_text(["Third", "Second", "First"])
    await row(page, "Second").hover()
    before = [await row(page, title).bounding_box() for title in ("Third", "Second", "First")]
    create(client, "Fourth")
    await expect(new_jobs(page)).to_have_text("1 new job · show")
    create(client, "Fifth")
    await expect(new_jobs(page)).to_have_text("2 new jobs · show")
    tell(client, job, status="failed", error="The target refused the connection, as it did before.")
    await expect(row(page, "First")).to_contain_text("Failed")
    await expect(titles(page)).to_have_text(["Third", "Second", "First"])
    assert [await row(page, title).bounding_box() for title in ("Third", "Second", "First")] == before
    await new_jobs(page).click()
    await expect(titles(page)).to_have_text(["Fifth", "Fourth", "Third", "Second", "First"])
    await expect(page.get_by_role("link", name="Fifth")).to_be_focused()


async def test_what_is_new_waits_while_the_list_has_the_focus_and_comes_when_it_leaves(
    page: Page, client: httpx.Client
) -> None:
    create(client, "First", status="completed")
    await page.goto("/jobs?status=completed")
    await page.get_by_role("link", name="First").focus()
    create(client, "Running, and so not asked for", progress=10)
    create(client, "Second", status="completed")
    await expect(new_jobs(page)).to_have_text("1 new job · show")
    await expect(page.get_by_role("status").filter(has_text="1 new job above the list")).to_have_count(1)
    await page.get_by_role("searchbox", name="Name").focus()
    await expect(titles(page)).to_have_text(["Second", "First"])
    await expect(new_jobs(page)).to_have_count(0)


async def test_rows_are_reached_opened_and_selected_by_keyboard_alone(page: Page, client: httpx.Client) -> None:
    for number in range(5):
        create(client, f"Job {number}", status="completed")
    await page.goto("/jobs")
    await expect(titles(page)).to_have_count(5)
    ticked = page.locator("headway-job-table tbody input:checked")
    await page.get_by_role("checkbox", name="Select all 5 shown").focus()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("checkbox", name="Select Job 4")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("link", name="Job 3")).to_be_focused()
    await page.keyboard.press("Space")
    await expect(page.get_by_role("checkbox", name="Select Job 3")).to_be_checked()
    await page.keyboard.press("Shift+ArrowDown")
    await expect(ticked).to_have_count(2)
    await expect(page.get_by_role("region", name="Selected jobs")).to_contain_text("2 jobs selected")
    await page.keyboard.press("Escape")
    await expect(ticked).to_have_count(0)
    await expect(page.get_by_role("region", name="Selected jobs")).to_have_count(0)
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Job 0")).to_be_focused()


async def test_a_range_is_selected_with_shift_and_all_that_is_shown_with_one_box(
    page: Page, client: httpx.Client
) -> None:
    for number in range(6):
        create(client, f"Job {number}", **({"progress": 5} if number % 2 else {"status": "completed"}))
    await page.goto("/jobs")
    await page.get_by_role("checkbox", name="Select Job 4").click()
    await page.get_by_role("checkbox", name="Select Job 1").click(modifiers=["Shift"])
    await expect(page.locator("headway-job-table tbody input:checked")).to_have_count(4)
    bar = page.get_by_role("region", name="Selected jobs")
    await expect(bar.get_by_role("button")).to_have_text(["Cancel 2 jobs", "Delete 2 jobs…", "Clear selection"])
    await page.get_by_role("checkbox", name="4 of 6 selected").check()
    await expect(bar).to_contain_text("6 jobs selected")
    await bar.get_by_role("button", name="Clear selection").click()
    await expect(bar).to_have_count(0)


async def test_more_is_loaded_behind_what_is_there(page: Page, client: httpx.Client) -> None:
    for number in range(53):
        create(client, f"Job {number}", status="completed")
    await page.goto("/jobs")
    await expect(titles(page)).to_have_count(50)
    await page.get_by_role("button", name="Load more").click()
    await expect(titles(page)).to_have_text([f"Job {number}" for number in reversed(range(53))])
    await expect(page.get_by_role("link", name="Job 2", exact=True)).to_be_focused()
    await expect(page.get_by_role("button", name="Load more")).to_have_count(0)


async def test_a_job_tells_its_attempts_its_stages_and_its_rows(page: Page, client: httpx.Client) -> None:
    partial = import_file(client, "partly.csv", a_table(500) + b"1,2,3,4,5\n2,3,4,5,6\n")
    broken = import_file(client, "broken.csv", BAD_FILE)
    await page.goto(f"/jobs/{partial['id']}")
    counts = page.locator("dl.counts > div")
    await expect(counts).to_have_text(
        [re.compile(r"Rows read\s*502"), re.compile("kept.*500"), re.compile("rejected.*2")]
    )
    await expect(page.get_by_role("list", name="Stages of attempt 1").get_by_role("listitem")).to_have_text(
        [re.compile(rf"{stage}\s+.* s") for stage in ("Parsing", "Storing rows", "Creating the dataset")]
    )
    await page.locator("summary", has_text="Raw details").click()
    await expect(page.get_by_role("cell", name="accepted")).to_be_visible()
    await page.get_by_role("button", name="Copy everything as JSON").click()
    await expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    receipt = page.locator("headway-job-receipt")
    await expect(receipt).to_contain_text("502 read, 500 stored, 2 rejected")
    async with page.expect_download() as download:
        await receipt.get_by_role("link", name="Download receipt").click()
    kept = json.loads((await (await download.value).path()).read_text())
    assert kept["rows"] == {"read": 502, "stored": 500, "rejected": 2}
    await page.get_by_role("link", name="Open dataset").click()
    await expect(page.get_by_role("heading", name="partly")).to_be_visible()
    await page.goto(f"/jobs/{broken['id']}")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("heading", name=re.compile(r"Attempt \d .*Failed"))).to_have_count(2)
    await expect(page.get_by_text("Tried again", exact=True)).to_be_visible()
    await expect(page.get_by_text("What to do:")).to_have_count(1)
    # What ended an earlier attempt is told there, with what to do about it.
    await expect(page.locator("headway-job-timeline .trouble").first).to_contain_text("save it as CSV")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_both_pages_are_accessible_whatever_is_open_and_fit_320_pixels(
    browser: Browser,
    product: Server,
    email: str,
    client: httpx.Client,
    axe: str,
    scheme: str,
    nothing_goes_wrong: list[Watched],
) -> None:
    long_name = "customers, the final version of the final version, " * 3
    ended = import_file(client, f"{long_name}.csv", a_table(12))
    broken = import_file(client, "broken.csv", BAD_FILE)
    running = create(client, "Export", progress=40, stage="write", done_units=4, total_units=10, unit="rows")
    narrow = {"width": 320, "height": 640}
    watched = await signed_in(browser, product.url, email, color_scheme=scheme, bypass_csp=True, viewport=narrow)
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.goto("/jobs")
    await page.get_by_role("checkbox", name="Select all 3 shown").check()
    assert await violations(page, axe) == []
    await page.get_by_role("button", name="Delete 2 jobs").click()
    await expect(page.get_by_role("dialog", name="Delete 2 jobs?")).to_contain_text("Datasets stay as they are.")
    assert await violations(page, axe) == []
    await page.keyboard.press("Escape")
    await expect(page.locator("headway-job-table tbody input:checked")).to_have_count(3)
    await page.set_viewport_size({"width": 1200, "height": 800})
    assert await violations(page, axe) == []
    await page.goto("/jobs?q=nothing&status=running")
    await expect(page.get_by_text("No job matches all of these filters:")).to_be_visible()
    assert await violations(page, axe) == []
    await page.set_viewport_size(narrow)
    for job in (ended["id"], broken["id"], running):
        await page.goto(f"/jobs/{job}")
        await page.locator("summary", has_text="Raw details").click()
        await expect(page.get_by_role("heading", name=re.compile("Attempt 1"))).to_be_visible()
        assert await violations(page, axe) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= narrow["width"]


async def test_several_running_jobs_are_cancelled_at_once(page: Page, client: httpx.Client) -> None:
    jobs = [create(client, f"Job {number}", progress=10) for number in range(2)]
    await page.goto("/jobs")
    await page.get_by_role("checkbox", name="Select all 2 shown").check()
    bar = page.get_by_role("region", name="Selected jobs")
    await bar.get_by_role("button", name="Cancel 2 jobs").click()
    await expect(bar).to_contain_text("2 jobs being cancelled.")
    await expect(page.locator("headway-job-table tbody input:checked")).to_have_count(0)
    for job in jobs:
        assert tell(client, job, progress=20)["cancel_requested"]
        tell(client, job, status="cancelled")
    await expect(page.locator("headway-job-table td.state").filter(has_text="Cancelled")).to_have_count(2)
    await bar.get_by_role("button", name="Close message").click()
    await expect(bar).to_have_count(0)


async def test_what_refuses_is_named_with_its_reason(page: Page, client: httpx.Client) -> None:
    jobs = [create(client, f"Job {number}", status="completed") for number in range(2)]
    await page.goto("/jobs")
    await page.get_by_role("checkbox", name="Select all 2 shown").check()
    # Another window is faster.
    delete(client, jobs[0])
    await page.get_by_role("button", name="Delete 2 jobs").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete 2 jobs").click()
    bar = page.get_by_role("region", name="Selected jobs")
    await expect(bar).to_contain_text("1 job deleted. 1 job refused:")
    await expect(bar.get_by_role("listitem")).to_contain_text("Job 0:")
    await expect(titles(page)).to_have_count(0)


async def test_deleting_jobs_asks_first_and_leaves_their_datasets(page: Page, client: httpx.Client) -> None:
    create(client, "Kept", status="completed")
    first = import_file(client, "first.csv", a_table(3))
    second = import_file(client, "second.csv", a_table(4))
    await page.goto("/jobs")
    await page.get_by_role("checkbox", name="Select first.csv").check()
    await page.get_by_role("button", name="Delete 1 job").click()
    dialog = page.get_by_role("dialog", name="Delete first.csv?")
    await dialog.get_by_role("button", name="Keep").click()
    await expect(page.get_by_role("checkbox", name="Select first.csv")).to_be_checked()
    wanted = page.get_by_role("button", name="Delete 1 job")
    await wanted.click()
    # The browser tells of the close when the dialog is open again.
    again = "(dialog, button) => { dialog.close(); button.click() }"
    await dialog.evaluate(again, await wanted.first.element_handle())
    await dialog.get_by_role("button", name="Delete 1 job").click()
    await expect(titles(page)).to_have_text(["second.csv", "Kept"])
    await page.get_by_role("link", name="second.csv", exact=True).click()
    await page.get_by_role("button", name="Delete…").click()
    await page.get_by_role("dialog", name="Delete second.csv?").get_by_role("button", name="Delete 1 job").click()
    await expect(titles(page)).to_have_text(["Kept"])
    await page.reload()
    await expect(titles(page)).to_have_text(["Kept"])
    for job in (first, second):
        await page.goto(f"/datasets/{job['related_dataset_id']}")
        await expect(page.get_by_role("gridcell", name="Ann 1", exact=True)).to_be_visible()
