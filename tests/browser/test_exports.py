"""A dataset becomes a file again, in the page: asked for, followed, saved."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from tests.browser.conftest import Watched, signed_in
from tests.browser.test_jobs_pages import import_file
from tests.browser.test_pages import violations
from tests.support.product import Server


async def test_the_rows_that_are_shown_are_exported_and_saved(
    browser: Browser, product: Server, axe: str, nothing_goes_wrong: list[Watched]
) -> None:
    email = product.new_user()
    with product.client(email) as client:
        dataset = import_file(client, "people.csv", b"id,name\n1,Ann\n2,B;en\n3,Anna\n")["related_dataset_id"]
    watched = await signed_in(browser, product.url, email)
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.goto(f"/datasets/{dataset}?q=ann&sort=-id")
    await page.get_by_role("button", name="Export people").click()
    dialog = page.get_by_role("dialog", name="Export people")
    await expect(dialog).to_be_visible()
    await expect(dialog.get_by_label("Rows")).to_have_value("shown")
    await dialog.get_by_label("Format").select_option("xlsx")
    await expect(dialog.get_by_role("group", name="CSV")).to_have_count(0)
    await dialog.get_by_label("Format").select_option("csv")
    await dialog.get_by_label("Between cells").select_option(";")
    await dialog.get_by_label("Begin with a mark").check()
    assert await violations(page, axe) == []
    await dialog.get_by_role("button", name="Export").click()
    await expect(dialog).to_be_hidden()
    ready = page.get_by_role("status").filter(has_text="people.csv is ready: 2 rows.")
    await expect(ready).to_be_visible()
    assert await violations(page, axe) == []
    async with page.expect_download() as saved:
        await ready.get_by_role("link", name="Download").click()
    assert (await saved.value).suggested_filename == "people.csv"
    assert Path(await (await saved.value).path()).read_bytes() == b"\xef\xbb\xbfid;name\n3;Anna\n1;Ann\n"
    await page.locator("headway-jobs button.open").click()
    card = page.locator("headway-job-card").filter(has_text="Export people as CSV")
    await expect(card.get_by_role("link", name="Download Export people as CSV")).to_be_visible()
