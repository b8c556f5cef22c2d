"""From a file with problems to a dataset without: looked at, imported, repaired, changed and gone back, by keyboard."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Watched, signed_in
from tests.browser.test_pages import violations
from tests.support.product import Server, ended

pytestmark = pytest.mark.timeout(300)
"""Each is a whole story, and a machine with other work takes its time for the previews in it."""

LOOK = "Look at each file before it is imported"


def people(rows: int = 40) -> bytes:
    """A table with two faults: row 18 has a cell too many, and row 30 says a word where there are numbers."""
    lines = ["id;name;amount;code"]
    lines += [f"{n};Ann {n};{n}.50;{n:05d}" for n in range(1, rows + 1)]
    lines[18] += ";extra"
    return ("\n".join(lines) + "\n").encode()


def file(name: str, data: bytes) -> Any:
    return {"name": name, "mimeType": "text/csv", "buffer": data}


async def reach(page: Page, name: str | re.Pattern[str], role: Any = "button") -> None:
    """Go on with Tab until something of this name has the focus, as somebody without a mouse does."""
    wanted = page.get_by_role(role, name=name, exact=isinstance(name, str))
    await wanted.first.wait_for()
    for _ in range(80):
        if await wanted.first.evaluate("e => e === e.getRootNode().activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by Tab")


def only_dataset(client: httpx.Client) -> dict[str, Any]:
    [dataset] = client.get("/datasets").json()["items"]
    found: dict[str, Any] = dataset
    return found


def with_dataset(product: Server, data: bytes) -> tuple[str, str]:
    """A new person with one dataset of this file; return their address and its id."""
    email = product.new_user()
    with product.client(email) as client:
        job = client.post("/imports", files={"file": ("people.csv", data)}).json()
        dataset: str = ended(client, job["id"])["related_dataset_id"]
    return email, dataset


async def test_the_whole_flow_by_keyboard_with_problems_repair_and_a_new_merge(
    browser: Browser, product: Server, axe: str, nothing_goes_wrong: list[Watched]
) -> None:
    email = product.new_user()
    watched = await signed_in(browser, product.url, email, bypass_csp=True)
    nothing_goes_wrong.append(watched)
    page = watched.page
    await reach(page, LOOK, "checkbox")
    await page.keyboard.press("Space")
    # The one thing that no keyboard does in a test is the browser's own window.
    await page.get_by_label("choose files").set_input_files(file("people.csv", people()))
    await expect(page.get_by_text("1 row has more cells than the table has columns")).to_be_visible(timeout=30_000)
    await expect(page.get_by_role("button", name="Give the table 1 more column")).to_contain_text("fixes 1 of 1")
    assert await violations(page, axe) == []
    await reach(page, "Type of id", "combobox")
    await page.keyboard.type("as text")
    await expect(page.get_by_role("cell", name="1", exact=True)).not_to_have_class("number", timeout=30_000)
    await reach(page, "Import people.csv")
    await page.keyboard.press("Enter")
    await reach_open_dataset(page)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("39 rows · 4 columns")).to_be_visible()
    with product.client(email) as client:
        assert [column["type"] for column in only_dataset(client)["columns"]] == ["text", "text", "decimal", "text"]
    await reach(page, "Rows", "tab")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_text("1 row: has more cells than the table has columns")).to_be_visible()
    assert await violations(page, axe) == []
    await reach(page, "Too much, row 19", "textbox")
    await page.keyboard.press("Control+A")
    await page.keyboard.press("Delete")
    await page.keyboard.press("Enter")
    # It is also spoken, in a place that is hidden.
    await expect(page.get_by_text("1 row corrected").last).to_be_visible(timeout=30_000)
    await expect(page.get_by_text("Every row of the file is in the dataset.")).to_be_visible()
    await expect(page.get_by_text("40 rows · 4 columns")).to_be_visible()
    with product.client(email) as client:
        dataset = only_dataset(client)
        assert (dataset["rows"], dataset["rejected_rows"], dataset["version"]) == (40, 0, 2)


async def reach_open_dataset(page: Page) -> None:
    await expect(page.get_by_role("link", name="Open dataset people.csv")).to_be_visible(timeout=30_000)
    await reach(page, "Open dataset people.csv", "link")


async def test_a_remedy_that_was_tried_is_one_click_a_look_at_what_changes_and_one_more(
    browser: Browser, product: Server, axe: str, nothing_goes_wrong: list[Watched]
) -> None:
    email, dataset = with_dataset(product, people())
    watched = await signed_in(browser, product.url, email, bypass_csp=True)
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.goto(f"/datasets/{dataset}?tab=rejected")
    await page.get_by_role("button", name=re.compile("Give the table 1 more column")).click()
    await expect(page.get_by_text("39 rows become 40.")).to_be_visible(timeout=30_000)
    await expect(page.get_by_text("1 rejected row becomes 0.")).to_be_visible()
    assert await violations(page, axe) == []
    with product.client(email) as client:
        assert client.get(f"/datasets/{dataset}").json()["version"] == 1, "nothing has changed yet"
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_text("40 rows · 5 columns")).to_be_visible()
    await page.get_by_role("tab", name="History").click()
    await page.get_by_role("button", name="Go back to version 1").click()
    await expect(page.get_by_text("39 rows · 4 columns")).to_be_visible()
    await expect(page.get_by_text("Version 1 · shown")).to_be_visible()
    assert await violations(page, axe) == []


async def test_another_reading_is_seen_at_once_and_given_up_without_a_trace(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    email, dataset = with_dataset(product, people())
    watched = await signed_in(browser, product.url, email)
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.goto(f"/datasets/{dataset}?tab=reading")
    await page.get_by_role("button", name="The first row is data").click(timeout=30_000)
    await expect(page.get_by_role("columnheader", name=re.compile("column_1"))).to_be_visible(timeout=30_000)
    await page.get_by_role("button", name="Show what would change").click()
    await expect(page.get_by_text("39 rows become 40.")).to_be_visible(timeout=30_000)
    await page.get_by_role("button", name="Give it up").click()
    await expect(page.get_by_text("Given up. The dataset stays as it is.")).to_be_visible()
    with product.client(email) as client:
        assert len(client.get(f"/datasets/{dataset}/versions").json()["items"]) == 1


async def test_a_file_that_goes_into_a_dataset_shows_what_it_would_change_first(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    email, dataset = with_dataset(product, b"id,name\n1,Ann\n2,Bob\n3,Cid\n")
    watched = await signed_in(browser, product.url, email)
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.get_by_label(LOOK).check()
    await page.get_by_label("choose files").set_input_files(file("more.csv", b"id,name\n2,Bo\n3,Cid\n4,Dan\n"))
    await page.get_by_label("A dataset that is there").check()
    await page.get_by_label("Update by key").check()
    await expect(page.get_by_role("alert").filter(has_text="Without one, nothing can be updated")).to_be_visible()
    await expect(page.get_by_role("button", name="Import more.csv", exact=True)).to_be_disabled()
    await page.get_by_label("id", exact=True).check()
    await page.get_by_role("button", name="Import more.csv", exact=True).click()
    await page.get_by_role("link", name="Look at the change by more.csv").click(timeout=30_000)
    for sentence in ("1 row added.", "1 row updated.", "1 row as before.", "1 row not in the file, which stay."):
        await expect(page.get_by_text(sentence)).to_be_visible()
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_text("4 rows · 2 columns")).to_be_visible()
    with product.client(email) as client:
        rows = client.get(f"/datasets/{dataset}/rows").json()["rows"]
    assert [row["name"] for row in rows] == ["Ann", "Bo", "Cid", "Dan"]


async def test_what_cannot_be_looked_at_says_why_and_is_imported_all_the_same(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    watched = await signed_in(browser, product.url, product.new_user())
    page = watched.page
    await page.get_by_label(LOOK).check()
    await page.get_by_label("choose files").set_input_files(
        [file("bad.csv", bytes(range(256)) * 40), file("good.csv", b"a,b\n1,2\n")]
    )
    await expect(page.get_by_text(re.compile("its bytes are not text"))).to_be_visible(timeout=30_000)
    await page.get_by_role("button", name="Import good.csv as it is").click()
    await expect(page.get_by_role("link", name="Open dataset good.csv")).to_be_visible(timeout=30_000)
    await page.get_by_role("button", name="Remove bad.csv from this list").click()
    await expect(page.get_by_role("listitem").filter(has_text="bad.csv")).to_have_count(0)
    # The answer that says what is wrong with the file is no fault of the page.
    watched.wrong = [text for text in watched.wrong if "422" not in text]
    nothing_goes_wrong.append(watched)


@pytest.mark.parametrize(("scheme", "forced"), [("light", "none"), ("dark", "none"), ("light", "active")])
async def test_every_tab_of_a_dataset_is_accessible_and_fits_320_pixels(
    browser: Browser, product: Server, axe: str, scheme: Any, forced: Any, nothing_goes_wrong: list[Watched]
) -> None:
    email, dataset = with_dataset(product, people())
    watched = await signed_in(
        browser, product.url, email,
        color_scheme=scheme, forced_colors=forced, bypass_csp=True, viewport={"width": 320, "height": 640},
    )  # fmt: skip
    nothing_goes_wrong.append(watched)
    page = watched.page
    shown = {
        "rejected": "Correct them here",
        "reading": "This is the whole file.",
        "history": "Version 1",
        "about": "Download original",
    }
    for tab, text in shown.items():
        await page.goto(f"/datasets/{dataset}?tab={tab}")
        await page.get_by_text(text).first.wait_for(timeout=30_000)
        assert await violations(page, axe) == [], tab
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320, tab
    await page.goto("/import")
    await page.get_by_label(LOOK).check()
    await page.get_by_label("choose files").set_input_files(file("people.csv", people()))
    await page.get_by_text("This is the whole file.").wait_for(timeout=30_000)
    assert await violations(page, axe) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
