"""Recipes in the page of a dataset: steps with what they make at once, problems first, run, kept, and run on the next file."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import Watched, signed_in
from tests.browser.test_import_choices import press
from tests.browser.test_import_flow import reach
from tests.browser.test_jobs_pages import import_file
from tests.browser.test_pages import violations
from tests.support.product import Server

pytestmark = pytest.mark.timeout(120)

MAY = b"id,amount,city\n1,10,Oslo\n2,x,Bergen\n3,30, Oslo\n"
JUNE = b"id,amount,city\n4,40,Bergen\n5,y, Bergen\n"


def looked(page: Page) -> Locator:
    """The rows that the steps leave, below their heading."""
    return page.get_by_role("region", name="Rows after the last step").get_by_role("row")


async def add(page: Page, label: str, what: str = "step") -> Locator:
    """Add something to a list as somebody without a mouse does; return its form, which has the focus."""
    await reach(page, f"Add a {what}", "combobox")
    await page.keyboard.type(label)
    await press(page, "Add", "button", "Enter")
    group = page.get_by_role("group", name=re.compile(rf"^\d+\. {label}"))
    await expect(group.locator("legend").first).to_be_focused()
    return group


async def opened(browser: Browser, product: Server, wrong: list[Watched]) -> tuple[Page, str, str]:
    """A new person at the recipe of one of two datasets."""
    email = product.new_user()
    with product.client(email) as client:
        may, june = (
            import_file(client, name, data)["related_dataset_id"]
            for name, data in (("may.csv", MAY), ("june.csv", JUNE))
        )
    watched = await signed_in(browser, product.url, email)
    wrong.append(watched)
    await watched.page.goto(f"/datasets/{may}?tab=recipe")
    return watched.page, may, june


async def test_steps_are_looked_at_run_kept_gone_back_from_and_run_on_the_next_file(
    browser: Browser, product: Server, axe: str, nothing_goes_wrong: list[Watched]
) -> None:
    page, may, june = await opened(browser, product, nothing_goes_wrong)
    await expect(looked(page)).to_have_count(4)
    assert await violations(page, axe) == []
    await add(page, "Trim blanks")
    await _lose_a_value(page)
    assert await violations(page, axe) == []
    await press(page, "Let them become empty, step 2", "button", "Enter")
    await expect(page.get_by_role("button", name="Run", exact=True)).not_to_have_attribute("aria-disabled", "true")
    filtered = await add(page, "Filter rows")
    await filtered.get_by_label("Keep rows where").select_option("city")
    await filtered.get_by_label("Comparison").select_option(label="is")
    await expect(filtered.get_by_text("It still needs a value to compare with.")).to_be_visible()
    await filtered.get_by_label("Value").fill("Oslo")
    await filtered.get_by_label("Value").press("Enter")
    await expect(looked(page)).to_have_count(3)
    await expect(filtered.get_by_text("3 rows become 2.")).to_be_visible()
    await _keep_and_run(page)
    made = page.get_by_role("list", name="What made this version").get_by_role("listitem")
    await expect(made.last).to_contain_text("Oslo only, version 1: Trim blanks, Change a type, Filter rows")
    await expect(made.last).to_contain_text("Accepted in step 2: 1 of 3 values of 'amount' would become empty.")
    assert await violations(page, axe) == []
    await _go_back(page, may)
    await _run_again(page, june, axe)


async def _lose_a_value(page: Page) -> None:
    """Ask for a type that one of the values has not, and be told before anything is run."""
    cast = await add(page, "Change a type")
    await cast.get_by_label("Column").select_option("amount")
    await cast.get_by_role("combobox", name="To", exact=True).select_option(label="whole number")
    await expect(page.get_by_text("1 of 3 values of 'amount' would become empty.")).to_be_visible()
    await expect(page.get_by_role("button", name="Run", exact=True)).to_have_attribute("aria-disabled", "true")
    await expect(page.get_by_text("What is marked has to be decided first.")).to_be_visible()


async def _keep_and_run(page: Page) -> None:
    await press(page, "Name", "textbox")
    await page.keyboard.type("Oslo only")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Kept as version 1 of Oslo only.")).to_be_visible()
    # Whoever looks at the rows meanwhile finds the steps again.
    await page.get_by_role("tab", name="Rows").click()
    await page.get_by_role("tab", name="Recipe").click()
    await expect(page.get_by_role("list", name="Steps").get_by_role("listitem")).to_have_count(3)
    await page.get_by_label("Kept recipe").wait_for()
    await press(page, "Use it", "button", "Enter")
    await press(page, "Show what would change", "button", "Enter")
    await expect(page.get_by_role("heading", name="What the steps make")).to_be_visible()
    await expect(page.get_by_text("3 rows become 2.").last).to_be_visible()
    await press(page, "Apply", "button", "Enter")


async def _go_back(page: Page, may: str) -> None:
    await expect(page.get_by_text("2 rows · 3 columns")).to_be_visible()
    await page.goto(f"/datasets/{may}?tab=history")
    await expect(page.get_by_text("Version 2 · shown · Made by a recipe")).to_be_visible()
    await press(page, "Go back to version 1", "button", "Enter")
    await expect(page.get_by_text("3 rows · 3 columns")).to_be_visible()


async def _run_again(page: Page, june: str, axe: str) -> None:
    """Use the recipe on the next file, on a narrow screen, without the step that does not fit it."""
    await page.set_viewport_size({"width": 320, "height": 700})
    await page.goto(f"/datasets/{june}?tab=recipe")
    await press(page, "Use it", "button", "Enter")
    await expect(page.get_by_text("No row is left.")).to_be_visible()
    await press(page, "Remove step 3", "button", "Enter")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await expect(looked(page)).to_have_count(3)
    await page.get_by_label("As a new dataset").check()
    await page.get_by_label("Its name").fill("June, tidy")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await violations(page, axe) == []
    await page.get_by_label("Its name").press("Enter")
    await press(page, "Open the new dataset", "link", "Enter")
    await expect(page.get_by_role("heading", name="June, tidy")).to_be_visible()
    await page.emulate_media(color_scheme="dark")
    await page.get_by_role("tab", name="Recipe").click()
    await expect(page.get_by_role("list", name="What made this version").get_by_role("listitem")).to_have_count(2)
    await expect(looked(page)).to_have_count(3)
    assert await violations(page, axe) == []

    await _delete(page)


async def _delete(page: Page) -> None:
    """Delete the recipe; what it made stays, with its steps."""
    await press(page, "Delete the recipe Oslo only", "button", "Enter")
    await expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    await press(page, "Delete all versions", "button", "Enter")
    await expect(page.get_by_text("Oslo only is deleted.")).to_be_visible()
    await expect(page.get_by_label("Kept recipe")).to_have_count(0)
    await press(page, "Use these steps", "button", "Enter")
    await expect(page.get_by_role("list", name="Steps").get_by_role("listitem")).to_have_count(2)
