"""What a file is taken for, chosen before it is imported: its sheets or members, its encoding and marks, by keyboard."""

from __future__ import annotations

import io
import random
import re
import zipfile
from typing import Any

import openpyxl
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import Watched, signed_in
from tests.browser.test_import_flow import LOOK, file, reach
from tests.browser.test_pages import violations
from tests.support.product import Server, until

pytestmark = pytest.mark.timeout(300)
PATIENCE = 30_000


def workbook() -> bytes:
    """Three sheets: more than a preview is sent as it is."""
    rng, book, out = random.Random(5), openpyxl.Workbook(write_only=True), io.BytesIO()
    for name, rows in (("prices", 3), ("orders", 40_000), ("secret", 2)):
        sheet = book.create_sheet(name)
        sheet.append(["id", f"{name} value"])
        for number in range(rows):
            sheet.append([number, " ".join(str(rng.random()) for _ in range(4))])
    book["secret"].sheet_state = "hidden"
    book.save(out)
    assert len(out.getvalue()) > 2 * 1024 * 1024
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("march.csv", "id,amount\n1,5\n2,6\n")
        packed.writestr("april.csv", "id,amount\n3,7\n4,8\n5,9\n")
        packed.writestr("logo.png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    return out.getvalue()


async def looking(browser: Browser, product: Server, name: str, data: bytes) -> tuple[Watched, str]:
    """A new person's page that looks at a file."""
    email = product.new_user()
    watched = await signed_in(browser, product.url, email, bypass_csp=True)
    await watched.page.get_by_label(LOOK).check()
    await watched.page.get_by_label("choose files").set_input_files(file(name, data))
    return watched, email


async def press(page: Page, name: str | re.Pattern[str], role: Any, *keys: str) -> None:
    await reach(page, name, role)
    for key in keys:
        await page.keyboard.press(key)


def head(page: Page, name: str) -> Locator:
    return page.get_by_role("columnheader", name=re.compile(name))


def datasets(product: Server, email: str, count: int) -> dict[str, int]:
    with product.client(email) as client:
        found = until(lambda: len(items := client.get("/datasets").json()["items"]) == count and items)
        return {item["name"]: item["rows"] for item in found}


async def test_several_sheets_of_a_large_workbook_are_chosen_by_keyboard(
    browser: Browser, product: Server, axe: str, nothing_goes_wrong: list[Watched]
) -> None:
    watched, email = await looking(browser, product, "book.xlsx", workbook())
    nothing_goes_wrong.append(watched)
    page = watched.page
    await expect(head(page, "prices value")).to_be_visible(timeout=PATIENCE)
    await press(page, "Import", "combobox", "ArrowDown")
    await expect(head(page, "orders value")).to_be_visible(timeout=PATIENCE)
    await expect(page.get_by_text("the whole file decides")).to_be_visible()
    await press(page, "One sheet", "radio", "ArrowUp")
    await expect(page.get_by_role("group", name="Sheets").last).to_be_visible()
    await press(page, "secret hidden", "checkbox", "Space")
    await expect(page.get_by_label("A dataset that is there")).to_be_disabled()
    assert await violations(page, axe) == []
    await press(page, "Show below", "combobox", "End")
    await expect(head(page, "secret value")).to_be_visible(timeout=PATIENCE)
    await press(page, "Import book.xlsx", "button", "Enter")
    await expect(page.get_by_role("link", name=re.compile("book.xlsx"))).to_be_visible(timeout=PATIENCE)
    assert datasets(product, email, 2) == {"book · orders": 40_000, "book · secret": 2}


async def test_files_of_an_archive_are_united_and_what_is_no_table_is_named(
    browser: Browser, product: Server, axe: str, nothing_goes_wrong: list[Watched]
) -> None:
    watched, email = await looking(browser, product, "months.zip", archive())
    nothing_goes_wrong.append(watched)
    page = watched.page
    await expect(page.get_by_text("No tables: logo.png")).to_be_visible(timeout=PATIENCE)
    await press(page, "One file", "radio", "ArrowDown")
    await press(page, re.compile("^Unite them"), "checkbox", "Space")
    assert await violations(page, axe) == []
    await press(page, "Import months.zip", "button", "Enter")
    await expect(page.get_by_role("link", name="Open dataset months.zip")).to_be_visible(timeout=PATIENCE)
    assert list(datasets(product, email, 1).values()) == [5]


async def test_encoding_and_marks_are_chosen_freely_and_a_wrong_one_says_so_where_it_is(
    browser: Browser, product: Server, axe: str, nothing_goes_wrong: list[Watched]
) -> None:
    data = "id~name\n1~'Zoë; Ann'\n2~'Łukasz'\n".encode("windows-1250")
    watched, email = await looking(browser, product, "odd.csv", data)
    page = watched.page
    await page.get_by_role("group", name="Read it with").wait_for(timeout=PATIENCE)
    await reach(page, "Encoding", "combobox")
    await page.keyboard.type("windows-1250")
    await page.keyboard.press("Tab")
    await press(page, "Separator", "combobox", "End")
    await press(page, "Another separator", "textbox", "~", "Enter")
    await expect(head(page, "^name")).to_be_visible(timeout=PATIENCE)
    await press(page, "Quotation mark", "combobox", *["ArrowDown"] * 2)
    await expect(page.get_by_role("cell", name="Łukasz", exact=True)).to_be_visible(timeout=PATIENCE)
    await reach(page, "Encoding", "combobox")
    await page.keyboard.press("Control+A")
    await page.keyboard.type("utf-88")
    await page.keyboard.press("Tab")
    field = page.get_by_role("combobox", name="Encoding")
    await expect(field).to_have_attribute("aria-invalid", "true", timeout=PATIENCE)
    await expect(field).to_have_accessible_description(re.compile("utf-88"))
    assert await violations(page, axe) == []
    await press(page, "Take the last choice back", "button", "Enter")
    await expect(field).not_to_have_attribute("aria-invalid", "true", timeout=PATIENCE)
    await expect(field).to_have_value("windows-1250")
    await press(page, "Import odd.csv", "button", "Enter")
    await expect(page.get_by_role("link", name="Open dataset odd.csv")).to_be_visible(timeout=PATIENCE)
    with product.client(email) as client:
        [dataset] = client.get("/datasets").json()["items"]
        rows = client.get(f"/datasets/{dataset['id']}/rows").json()["rows"]
    assert [row["name"] for row in rows] == ["Zoë; Ann", "Łukasz"]
    # The answer that says what is wrong with the choice is no fault of the page.
    watched.wrong = [text for text in watched.wrong if "422" not in text]
    nothing_goes_wrong.append(watched)
