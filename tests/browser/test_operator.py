"""The operator page: what happens to everybody's jobs, and what is done about it by keyboard."""

from __future__ import annotations

import re

from playwright.async_api import Browser, expect

from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.operator.measurements import Measurements
from tests.browser.conftest import Watched, signed_in
from tests.browser.desk import focused, look_again, opened, rows, section, tab_to
from tests.support.office import ADA, Office
from tests.support.product import ADMIN, PASSWORD


async def test_an_installation_at_rest_says_what_is_missing(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    page = await opened(browser, office, nothing_goes_wrong)
    for sentence in (
        "No worker is running. Jobs will wait. Start one: headway worker",
        "None has been heard of in the last day.",
        "Every running job has been heard of.",
        "None that is still kept.",
        "No job ended in the last 24 hours.",
        "Not measured yet.",
        "No sweep yet.",
    ):
        await expect(page.get_by_text(sentence)).to_be_visible()
    await expect(page.locator("headway-operator-audit")).to_contain_text("Added a user")


async def test_everything_is_on_one_page(
    browser: Browser, office: Office, database: Database, nothing_goes_wrong: list[Watched]
) -> None:
    await office.add_worker(version="1.2.3", places=2, memory_bytes=300_000_000)
    await office.add_worker("lost", silent_seconds=600)
    await office.running("prices.csv", message="Writing rows")
    await office.failed("customers.csv")
    await office.waiting("export", "report")
    await Measurements(database, SystemClock()).measure_storage()
    page = await opened(browser, office, nothing_goes_wrong)
    await expect(page.get_by_text("1 worker alive. 1 job runs, 1 waits.")).to_be_visible()
    alive, lost = rows(page, "Workers").first, rows(page, "Workers").nth(1)
    for words in ("alive.internal", "Headway 1.2.3", "prices.csv", ADA, "Writing rows", "45%", "300 MB"):
        await expect(alive).to_contain_text(words)
    await expect(lost).to_contain_text("Stopped without a word")
    await expect(rows(page, "Queues").first).to_contain_text("1 of 2")
    await expect(rows(page, "Queues").nth(1)).to_contain_text("Exports and other long jobs")
    await expect(rows(page, "Failed jobs")).to_contain_text(["Line 3 is broken."])
    chart = page.locator("headway-operator-chart")
    await expect(chart).to_contain_text("0 completed")
    await expect(chart).to_contain_text("1 failed")
    await expect(page.get_by_text("0 owners: 0 files")).to_be_visible()
    await expect(page.get_by_text("Completed jobs stay for 30 days")).to_be_visible()


async def test_the_first_paint_takes_one_question(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    tab = await signed_in(browser, office.url, ADMIN, PASSWORD)
    nothing_goes_wrong.append(tab)
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url.partition("/api/v2")[2]))
    await tab.page.get_by_role("link", name="Operator").click()
    await tab.page.get_by_role("heading", name="Queues").wait_for()
    # The jobs button asks for its own, whenever it comes to that.
    assert next(path for path in asked if path and not path.startswith("/jobs/")) == "/operator"
    assert [path for path in asked if path.startswith(("/operator", "/queues"))] == ["/operator"]


async def test_a_queue_is_paused_with_a_reason_and_resumed_by_keyboard(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    # Heard of in the future: it must not be silent before a slow machine has come to the end of this.
    await office.add_worker(places=2, silent_seconds=-3600)
    await office.waiting(title="orders.csv")
    page = await opened(browser, office, nothing_goes_wrong)
    await tab_to(page, "Pause… Imports")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Pause Imports?")
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    assert await focused(page) == "Pause… Imports"
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    await page.keyboard.type("moving to a larger disk")
    await page.keyboard.press("Enter")
    queue = rows(page, "Queues").first
    await expect(queue).to_contain_text("Paused: moving to a larger disk")
    await expect(queue).to_contain_text(f"by {ADMIN}")
    await expect(page.get_by_role("status").filter(has_text="Imports: paused")).to_have_count(1)
    assert await focused(page) == "Resume Imports"
    await expect(page.locator("headway-operator-audit tbody tr").first).to_contain_text(
        "reason: moving to a larger disk"
    )
    await page.keyboard.press("Enter")
    await expect(queue).to_contain_text("Open")
    assert await focused(page) == "Pause… Imports"
    answer = await office.client.get("/audit?action=queue.resume")
    assert [entry["actor"]["email"] for entry in answer.json()["items"]] == [ADMIN]


CLOSED_AND_ASKED_AGAIN = "(dialog, button) => { dialog.close(); button.click() }"
"""The browser tells of the close when the dialog is open again."""


async def test_a_dialog_that_is_closed_and_asked_for_at_once_is_whole(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    await office.add_worker(places=2, silent_seconds=-3600)
    page = await opened(browser, office, nothing_goes_wrong)
    pause = page.get_by_role("button", name="Pause… Imports")
    await pause.click()
    dialog = page.get_by_role("dialog", name="Pause Imports?")
    await dialog.evaluate(CLOSED_AND_ASKED_AGAIN, await pause.element_handle())
    await dialog.get_by_label("Reason").fill("a larger disk")
    await dialog.get_by_role("button", name="Pause").click()
    await expect(rows(page, "Queues").first).to_contain_text("Paused: a larger disk")


async def test_jobs_of_others_are_cancelled_and_tried_again_by_keyboard(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    await office.add_worker(places=2)
    await office.failed("customers.csv")
    await office.waiting(title="orders.csv")
    page = await opened(browser, office, nothing_goes_wrong)
    await tab_to(page, "Try again customers.csv")
    await page.keyboard.press("Enter")
    failed = rows(page, "Failed jobs")
    await expect(failed).to_contain_text(["Trying again"])
    assert await focused(page) == "Cancel… customers.csv"  # it does not vanish under who is about to press a key

    await tab_to(page, "What waits in Imports")
    await page.keyboard.press("Enter")
    await tab_to(page, "Cancel… orders.csv")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Cancel orders.csv?")
    await expect(dialog).to_contain_text(f"It belongs to {ADA}")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    assert await focused(page) == "Cancel… orders.csv"
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    waiting = section(page, "Queues").locator("headway-operator-list tbody tr").filter(has_text="orders.csv")
    await expect(waiting).to_contain_text("Cancelled")
    assert await focused(page) == "Queues"
    entries = (await office.client.get("/audit?action=job.cancel")).json()["items"]
    assert [entry["result"] for entry in entries] == ["done"]


async def test_what_is_refused_says_why(browser: Browser, office: Office, nothing_goes_wrong: list[Watched]) -> None:
    await office.add_worker(places=2)
    job_id = await office.waiting(title="orders.csv")
    page = await opened(browser, office, nothing_goes_wrong, watched=False)
    await page.get_by_role("button", name="What waits in Imports").click()
    await page.get_by_role("button", name="Cancel… orders.csv").wait_for()
    await office.client.post(f"/operator/jobs/{job_id}/cancel")
    await page.get_by_role("button", name="Cancel… orders.csv").click()
    await page.get_by_role("button", name="Cancel the job").click()
    alert = page.get_by_role("alert").filter(has_text="orders.csv: ")
    await expect(alert).to_contain_text("already")
    await alert.get_by_role("button", name="Close").click()
    await expect(alert).to_be_hidden()


async def test_rows_stand_still_under_the_pointer_and_numbers_change(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    await office.add_worker(places=2)
    await office.failed("first.csv")
    page = await opened(browser, office, nothing_goes_wrong)
    failed = rows(page, "Failed jobs")
    await expect(failed).to_have_count(1)
    # Nobody points at anything: what is new comes in.
    await office.failed("second.csv")
    await look_again(page)
    await expect(failed).to_have_count(2)
    await failed.nth(1).hover()
    place = await failed.nth(1).bounding_box()
    await office.failed("third.csv")
    await office.waiting("export", "report")
    await look_again(page)
    await expect(rows(page, "Queues").nth(1).locator("td").nth(1)).to_have_text("1")
    await expect(failed).to_have_count(2)
    assert await failed.nth(1).bounding_box() == place
    await expect(page.get_by_role("button", name="Show what has changed")).to_be_visible()
    await page.mouse.move(0, 0)
    await expect(failed).to_have_count(3)
    await expect(failed.first).to_contain_text("third.csv")
    await expect(page.get_by_role("button", name="Show what has changed")).to_be_hidden()


async def test_rows_stand_still_for_who_uses_the_keyboard(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    await office.add_worker(places=2)
    await office.failed("first.csv")
    page = await opened(browser, office, nothing_goes_wrong)
    await tab_to(page, "Try again first.csv")
    await office.failed("second.csv")
    await look_again(page)
    show = page.get_by_role("button", name="Show what has changed")
    await show.wait_for()
    await expect(rows(page, "Failed jobs")).to_have_count(1)
    assert await focused(page) == "Try again first.csv"
    await show.press("Enter")
    await expect(rows(page, "Failed jobs")).to_have_count(2)
    assert await focused(page) == "Operator"


async def test_it_follows_by_itself_while_somebody_looks(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    tab = await signed_in(browser, office.url, ADMIN, PASSWORD)
    nothing_goes_wrong.append(tab)
    page = tab.page
    await page.clock.install()
    await page.goto("/operator")
    await page.get_by_text("No worker is running.").wait_for()
    await office.add_worker(places=2)
    async with page.expect_response(re.compile(r"/api/v2/operator$")):
        await page.clock.run_for(15_100)
    await expect(page.get_by_text("1 worker alive. Nothing to do.")).to_be_visible()


async def test_more_failed_jobs_than_ten_are_had_by_pages(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    for number in range(52):
        await office.failed(f"file {number}.csv")
    page = await opened(browser, office, nothing_goes_wrong)
    failed = rows(page, "Failed jobs")
    await expect(failed).to_have_count(10)
    await section(page, "Failed jobs").get_by_role("button", name="Show all").click()
    await expect(failed).to_have_count(50)
    await section(page, "Failed jobs").get_by_role("button", name="Load more").click()
    await expect(failed).to_have_count(52)
    await section(page, "Failed jobs").get_by_role("button", name="Only the newest").click()
    await expect(failed).to_have_count(10)


async def test_the_audit_is_filtered_in_the_address_and_read_by_pages(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    for number in range(60):
        await office.client.post("/queues/bulk/pause", json={"reason": f"reason {number}"})
    await office.client.post("/queues/imports/pause", json={})
    page = await opened(browser, office, nothing_goes_wrong)
    entries = page.locator("headway-operator-audit tbody tr")
    await expect(entries).to_have_count(50)
    await page.get_by_role("button", name="Load more").click()
    await expect(entries).to_have_count(62)
    await page.get_by_label("Deed").select_option("Added a user")
    await expect(page).to_have_url(re.compile(r"/operator\?deed=user\.create$"))
    await expect(entries).to_have_count(1)
    await page.get_by_label("Deed").select_option("All deeds")
    await page.get_by_role("button", name="Only to Imports").click()
    await expect(entries).to_have_count(1)
    await page.get_by_role("button", name=f"Only by {ADMIN}").click()
    await expect(page).to_have_url(re.compile(r"target=queue%3Aimports$"))
    await page.reload()
    await expect(entries).to_have_count(1)
    await page.get_by_role("button", name="To Imports: remove this filter").click()
    await expect(entries).to_have_count(50)
    await page.get_by_label("Deed").select_option("Restored a backup")
    await page.get_by_role("button", name="Show all").click()
    await expect(page).to_have_url(re.compile(r"/operator$"))
    await page.go_back()
    await expect(page.get_by_text("No entry matches.")).to_be_visible()


async def test_the_chart_has_its_numbers_as_a_table(
    browser: Browser, office: Office, nothing_goes_wrong: list[Watched]
) -> None:
    await office.failed("a.csv")
    page = await opened(browser, office, nothing_goes_wrong)
    chart = page.locator("headway-operator-chart")
    await expect(chart.locator("rect.failed")).to_have_count(2)  # one in the key
    await expect(chart.locator("line.zero")).to_have_count(1)
    await chart.get_by_text("The numbers as a table").click()
    await expect(chart.locator("tbody tr")).to_have_count(1)
    await expect(chart.locator("tbody td")).to_have_text(["0", "1", "0"])
    await chart.get_by_role("button", name="7 days").click()
    await expect(chart.get_by_role("img")).to_have_accessible_name(re.compile("the last 7 days"))
    await expect(chart.get_by_role("button", name="7 days")).to_have_attribute("aria-pressed", "true")
    await look_again(page)
    await expect(chart.get_by_role("img")).to_have_accessible_name(re.compile("the last 7 days"))
