"""The headings of the grid tell what their columns hold, to eyes, ears and the keyboard."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import Watched, signed_in
from tests.browser.test_pages import violations
from tests.support.product import Server

ROWS = 400
TOWNS = ["Köln", "Bonn, Beuel", "東京"]


def a_table() -> bytes:
    lines = [
        f'{number},"{TOWNS[number % 3]}",{number % 50}.50,2024-{number % 12 + 1:02d}-01,{"" if number % 4 else "yes"},same'
        for number in range(ROWS)
    ]
    return ("id,town,price,day,note,always\n" + "\n".join(lines) + "\n").encode()


async def opened(browser: Browser, product: Server, **context: Any) -> Watched:
    """Import the table and open its dataset as a new user."""
    email = product.new_user()
    with product.client(email) as client:
        answer = client.post("/imports", files={"file": ("towns.csv", a_table())})
        job = client.get(f"/jobs/{answer.json()['id']}?wait=25").json()
        while job["status"] == "running":
            job = client.get(f"/jobs/{job['id']}", params={"wait": 25, "after_version": job["version"]}).json()
        assert client.get(f"/datasets/{job['related_dataset_id']}/profile").json()["is_known"]
    watched = await signed_in(browser, product.url, email, **context)
    await watched.page.goto(f"/datasets/{job['related_dataset_id']}")
    return watched


async def test_headings_say_what_their_columns_hold(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    watched = await opened(browser, product, viewport={"width": 1280, "height": 800})
    nothing_goes_wrong.append(watched)
    page = watched.page
    for name, line in {
        "id": "0 to 399",
        "town": "3 values · Köln 34%",
        "price": "0.50 to 49.50",
        "day": "2024-01-01 to 2024-12-01",
        "note": "yes or empty",
        "always": "always same",
    }.items():
        await expect(page.get_by_role("button", name=f"What {name} holds: {line}", exact=True)).to_be_visible()
    await page.get_by_role("button", name=re.compile("What town holds")).click()
    dialog = page.get_by_role("dialog", name="town")
    await expect(dialog.get_by_role("row", name="Bonn, Beuel 133 33%")).to_be_visible()
    await expect(dialog.get_by_text("4 to 11 characters")).to_have_count(0)
    await expect(dialog.get_by_text("2 to 11 characters")).to_be_visible()


async def test_the_keyboard_reaches_it_and_comes_back(
    browser: Browser, product: Server, nothing_goes_wrong: list[Watched]
) -> None:
    watched = await opened(browser, product, viewport={"width": 1280, "height": 800})
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.get_by_role("gridcell", name="Köln").first.click()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Tab")
    button = page.get_by_role("button", name=re.compile("What price holds"))
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="price")
    await expect(dialog.get_by_text("0.50", exact=True).first).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(button).to_be_focused()
    await expect(page).to_have_url(re.compile(r"/datasets/[^?]*$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_accessible_and_fits_a_phone(
    browser: Browser, product: Server, axe: str, scheme: str, nothing_goes_wrong: list[Watched]
) -> None:
    watched = await opened(
        browser, product, color_scheme=scheme, bypass_csp=True, viewport={"width": 320, "height": 640}
    )
    nothing_goes_wrong.append(watched)
    page = watched.page
    await page.get_by_role("button", name=re.compile("What id holds")).wait_for()
    assert await violations(page, axe) == []
    await page.get_by_role("button", name=re.compile("What id holds")).click()
    await page.get_by_role("dialog", name="id").wait_for()
    assert await violations(page, axe) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
