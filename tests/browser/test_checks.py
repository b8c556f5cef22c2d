"""Rules in the page of a dataset: written in forms, kept, checked, and what was found with its remedies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Watched, signed_in
from tests.browser.test_import_choices import press
from tests.browser.test_import_flow import LOOK
from tests.browser.test_jobs_pages import import_file
from tests.browser.test_pages import violations
from tests.browser.test_recipes import add
from tests.support.product import Server

pytestmark = pytest.mark.timeout(120)

ORDERS = b"id,country,amount,ordered,sent\n1,DE,10,2024-01-02,2024-01-03\n2,FR,-3,2024-01-05,2024-01-04\n2,XX,5,2024-01-06,\n"
COUNTRIES = b"code,name\nDE,Germany\nFR,France\n"


async def opened(browser: Browser, product: Server, wrong: list[Watched]) -> Page:
    """A new person at the rules of a dataset."""
    email = product.new_user()
    with product.client(email) as client:
        import_file(client, "countries.csv", COUNTRIES)
        orders = import_file(client, "orders.csv", ORDERS)["related_dataset_id"]
    watched = await signed_in(browser, product.url, email)
    wrong.append(watched)
    await watched.page.goto(f"/datasets/{orders}?tab=check")
    return watched.page


async def write_rules(page: Page) -> None:
    await add(page, "Nothing twice", "rule")
    bounds = await add(page, "Within bounds", "rule")
    await expect(bounds.get_by_text("It still needs a bound.")).to_be_visible()
    await bounds.get_by_label("Column").select_option("amount")
    await bounds.get_by_label("At least").fill("0")
    await bounds.get_by_label("At least").press("Enter")
    await add(page, "Dates in order", "rule")
    known = await add(page, "Stands in another dataset", "rule")
    await known.get_by_role("combobox", name="Column", exact=True).select_option("country")
    await known.get_by_role("combobox", name="Dataset", exact=True).select_option(label="countries")
    await known.get_by_label("Its column").select_option("code")
    await expect(known.get_by_label("Its column")).to_have_value("code")
    await expect(page.get_by_text("still needs")).to_have_count(0)


async def test_rules_are_written_kept_checked_and_reworded(
    browser: Browser, product: Server, axe: str, nothing_goes_wrong: list[Watched]
) -> None:
    page = await opened(browser, product, nothing_goes_wrong)
    await expect(page.get_by_text("Nothing was checked yet.")).to_be_visible()
    assert await violations(page, axe) == []
    await write_rules(page)
    await press(page, "Keep and check", "button", "Enter")
    await expect(page.get_by_text("2 of 3 rows break 4 of 4 rules.")).to_be_visible()
    await expect(page.get_by_role("heading", name="What was found")).to_be_focused()
    twice = page.get_by_role("region", name="Rule 1", exact=True)
    await expect(twice).to_contain_text("1 row repeats what an earlier one has in “id”.")
    await expect(twice.get_by_role("row").last).to_have_text(re.compile(r"^\s*3\s*2\s*2\s*$"))
    assert await violations(page, axe) == []
    async with page.expect_download() as saved:
        await press(page, "Download 2 failing rows (CSV)", "link", "Enter")
    failing = Path(await (await saved.value).path()).read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in failing[1:]] == ['"2"', '"3"']
    await _reword(page)
    await _on_a_narrow_screen_in_the_dark(page, axe)


async def _reword(page: Page) -> None:
    """Take a remedy that was tried, and check by the next version of the rules."""
    await press(page, re.compile("^Begin with -3"), "button", "Enter")
    bounds = page.get_by_role("group", name="2. Within bounds")
    await expect(bounds.get_by_label("At least")).to_have_value("-3")
    await expect(page.get_by_text("Will be kept as version 2.")).to_be_visible()
    await press(page, "Keep and check", "button", "Enter")
    await expect(page.get_by_text("2 of 3 rows break 3 of 4 rules.")).to_be_visible()
    await page.get_by_text("1 rule holds in every row").click()
    await expect(page.get_by_text("Rule 2: Within bounds (amount)")).to_be_visible()


async def _on_a_narrow_screen_in_the_dark(page: Page, axe: str) -> None:
    await page.set_viewport_size({"width": 320, "height": 700})
    await page.emulate_media(color_scheme="dark")
    await page.reload()
    await expect(page.get_by_text("2 of 3 rows break 3 of 4 rules.")).to_be_visible()
    await expect(page.get_by_role("list", name="Rules").get_by_role("listitem")).to_have_count(4)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await violations(page, axe) == []
    await page.locator("headway-jobs button.open").click()
    await expect(page.get_by_role("link", name="Open report Check orders by orders").first).to_be_visible()
    await page.keyboard.press("Escape")
    await press(page, "orders, version 1", "button", "Enter")
    await expect(page.get_by_text("2 of 3 rows break 4 of 4 rules.")).to_be_visible()


async def test_a_rule_that_cannot_run_is_named_and_a_set_is_deleted(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    page = await opened(browser, product, nothing_goes_wrong)
    wrong = await add(page, "Within bounds", "rule")
    await wrong.get_by_label("Column").select_option("country")
    await wrong.get_by_label("At most").fill("5")
    await wrong.get_by_label("At most").press("Enter")
    await press(page, "Keep and check", "button", "Enter")
    await expect(wrong.get_by_text("ranges are of numbers, dates and times")).to_be_visible()
    # The refusal is what this is about, and a browser logs every one.
    nothing_goes_wrong[-1].wrong.clear()
    await press(page, "Delete the rule set orders", "button", "Enter")
    await expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    await press(page, "Delete all versions", "button", "Enter")
    await expect(page.get_by_text("orders is deleted.")).to_be_visible()
    await expect(page.get_by_label("Kept rule set")).to_have_count(0)


async def test_a_new_dataset_is_checked_by_rules_that_are_kept(
    browser: Browser, product: Server, axe: str, nothing_goes_wrong: list[Watched]
) -> None:
    email = product.new_user()
    with product.client(email) as client:
        kept = {"name": "known countries", "rules": [{"rule": "one_of", "column": "country", "values": ["DE", "FR"]}]}
        client.post("/rule-sets", json=kept).raise_for_status()
    watched = await signed_in(browser, product.url, email)
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.get_by_label(LOOK).check()
    await page.get_by_label("choose files").set_input_files(
        {"name": "orders.csv", "mimeType": "text/csv", "buffer": ORDERS}
    )
    await page.get_by_label("Check it by").select_option("known countries")
    assert await violations(page, axe) == []
    await page.get_by_role("button", name="Import orders.csv", exact=True).click()
    await expect(page.get_by_role("link", name=re.compile("Open dataset"))).to_be_visible(timeout=30_000)
    await page.locator("headway-jobs button.open").click()
    card = page.locator("headway-job-card").filter(has_text="Check orders by known countries")
    await expect(card).to_contain_text("1 row breaks 1 of 1 rule", timeout=30_000)


async def test_a_table_schema_becomes_rules_and_rules_become_one(
    browser: Browser, product: Server, axe: str, nothing_goes_wrong: list[Watched]
) -> None:
    page = await opened(browser, product, nothing_goes_wrong)
    schema = {
        "fields": [{"name": "id", "type": "integer", "constraints": {"unique": True}}, {"name": "country"}],
        "foreignKeys": [{"fields": "country", "reference": {"resource": "countries", "fields": "code"}}],
        "missingValues": ["-"],
    }
    await page.get_by_text("Table Schema", exact=True).click()
    file: Any = {"name": "orders.schema.json", "mimeType": "application/json", "buffer": json.dumps(schema).encode()}
    await page.get_by_label("Read rules from a Table Schema").set_input_files(file)
    await expect(page.get_by_text("orders.schema.json is kept as orders. What has no equal:")).to_be_visible()
    await expect(page.get_by_text("/missingValues")).to_be_visible()
    known = page.get_by_role("group", name=re.compile(r"\d\. Stands in another dataset"))
    await expect(known.get_by_label("Its column")).to_have_value("code")
    assert await violations(page, axe) == []
    async with page.expect_download() as saved:
        await press(page, "Save orders, version 1", "button", "Enter")
    assert (await saved.value).suggested_filename == "orders.schema.json"
    written = json.loads(Path(await (await saved.value).path()).read_text())
    assert {"name": "id", "type": "integer", "constraints": {"unique": True}} in written["fields"]
