"""The list of jobs of somebody who has very many: numbers beside the filters, and how far back was looked."""

from __future__ import annotations

import contextlib
import re
import sqlite3

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.test_jobs_pages import client, create, delete, email, page, tell
from tests.support.product import Server

__all__ = ["client", "email", "page"]

LOOKED_AT_BY_THE_PAGE = 40_000
"""20 requests of 2,000 jobs: then it asks its reader."""


def add_history(product: Server, owner: str, count: int) -> None:
    """Give somebody so many ended jobs, one for each minute before today; the oldest one is a needle."""
    moment = "strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 day', '-' || n || ' minutes') || '000'"
    statement = f"""
        insert into background_jobs (id, user_id, job_type, status, progress, title, outcome, engine, created_at,
            started_at, completed_at, updated_at)
        with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < :count)
        select lower(hex(randomblob(16))), :owner, 'import', 'completed', 100,
            case when n = :count then 'needle' else 'hay ' || n end, 'succeeded', 'external',
            {moment}, {moment}, {moment}, {moment} from numbers
    """
    with contextlib.closing(sqlite3.connect(product.data_dir / "headway.db", timeout=60)) as connection, connection:
        connection.execute(statement, {"owner": owner, "count": count})


async def test_each_filter_says_how_many_jobs_it_shows_also_when_they_change(page: Page, client: httpx.Client) -> None:
    first = create(client, "Orders", progress=10)
    create(client, "Returns", status="failed", error="no")
    create(client, "Stock", "validation", status="completed")
    await page.goto("/jobs")
    states = page.get_by_role("navigation", name="Filter by state")
    await expect(states.get_by_role("link")).to_have_text(
        ["All 3", "Running 1", "Paused 0", "Needs attention 1", "Completed 1", "Cancelled 0"]
    )
    tell(client, first, status="completed")
    await expect(states.get_by_role("link", name="Completed")).to_have_text("Completed 2")
    await expect(states.get_by_role("link", name="Running")).to_have_text("Running 0")
    kinds = page.get_by_label("Type")
    await expect(kinds.get_by_role("option")).to_have_text(["Any", "Export (2)", "Validation (1)"])
    await kinds.select_option("validation")
    await expect(states.get_by_role("link", name="All")).to_have_text("All 1")
    await page.get_by_label("Name").fill("sto")
    await expect(page).to_have_url(re.compile("q=sto"))
    await expect(states.get_by_role("link", name="All")).to_have_text("All"), "names are not counted"
    await page.goto("/jobs")
    delete(client, first)
    await expect(states.get_by_role("link", name="All")).to_have_text("All 2")


@pytest.fixture
def _much_was_done(client: httpx.Client, product: Server) -> None:
    add_history(product, client.get("/me").json()["id"], LOOKED_AT_BY_THE_PAGE + 5)


@pytest.mark.usefixtures("_much_was_done")
async def test_a_search_says_how_far_back_it_looked_and_goes_on(page: Page) -> None:
    await page.goto("/jobs?q=needle")
    await expect(page.get_by_text("No job so far matches this filter:")).to_be_visible()
    await expect(page.get_by_text(re.compile(r"^Looked back to .*\d{4}\.$"))).to_be_visible()
    await page.get_by_role("button", name="Look further back").click()
    await expect(page.get_by_role("link", name="needle")).to_be_visible()
    await expect(page.get_by_role("button", name="Look further back")).to_have_count(0)
    await page.goto("/jobs")
    await expect(page.get_by_role("link", name="All")).to_have_text(f"All {LOOKED_AT_BY_THE_PAGE + 5:,}")
