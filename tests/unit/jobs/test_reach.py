"""A list that looks no further than one request may says so, and misses nothing on the way."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from headway.jobs import history_queries
from headway.jobs.filters import JobFilter
from headway.jobs.history import JobHistory
from headway.jobs.schemas import HistoryPage
from headway.jobs.service import JobMonitoringService
from tests.support.clock import FakeClock

OWNER = "ann"
DATASET = uuid4()
REACH = 4


@pytest.fixture(autouse=True)
def _short_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_queries, "REACH", REACH)


async def fill(service: JobMonitoringService, clock: FakeClock) -> None:
    """Make 23 jobs, several of them at each moment: every fifth is a needle, and they end in every way."""
    for number in range(23):
        title = f"{'needle' if number % 5 == 0 else 'hay'} {number}"
        job = await service.create_job(OWNER, "export" if number == 2 else "import", title=title)
        match number % 4:
            case 0:
                await service.complete_job(
                    job.id, outcome="partial" if number % 8 else None, related_dataset_id=DATASET
                )
            case 1:
                await service.complete_job(job.id, "no")
            case 2:
                await service.request_cancel(job.id, OWNER)
        await service.create_job("bob", "import", title="needle of somebody else")
        clock.advance(number % 2)


async def walk(history: JobHistory, limit: int, where: JobFilter) -> list[HistoryPage]:
    pages = [await history.list_jobs(OWNER, limit=limit, cursor=None, where=where)]
    while (cursor := pages[-1].next_cursor) is not None:
        pages.append(await history.list_jobs(OWNER, limit=limit, cursor=cursor, where=where))
    return pages


def ids(*pages: HistoryPage) -> list[UUID]:
    return [job.id for page in pages for job in page.items]


FILTERS = {
    "nothing": JobFilter(),
    "text": JobFilter(text="NEEDLE"),
    "no such text": JobFilter(text="pin"),
    "type": JobFilter(job_type="export"),
    "failed": JobFilter(statuses=("failed",)),
    "needs attention": JobFilter(statuses=("failed", "partial")),
    "text that failed": JobFilter(text="needle", statuses=("failed",)),
    "running": JobFilter(statuses=("running",)),
    "not completed": JobFilter(statuses=("!completed",)),
    "not partial": JobFilter(statuses=("completed", "!partial")),
    "dataset": JobFilter(dataset_id=DATASET),
    "text of a dataset": JobFilter(dataset_id=DATASET, text="needle"),
}


@pytest.mark.parametrize("limit", [1, 3, 50])
@pytest.mark.parametrize("name", FILTERS)
async def test_page_by_page_the_whole_list_is_found(
    service: JobMonitoringService,
    history: JobHistory,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    limit: int,
) -> None:
    await fill(service, clock)
    pages = await walk(history, limit, FILTERS[name])
    monkeypatch.setattr(history_queries, "REACH", 1000)
    whole = await history.list_jobs(OWNER, limit=100, cursor=None, where=FILTERS[name])
    assert (whole.next_cursor, whole.searched_back_to) == (None, None)
    assert ids(*pages) == ids(whole)
    assert all(len(page.items) <= limit for page in pages)


async def test_each_page_says_how_far_was_looked(
    service: JobMonitoringService, history: JobHistory, clock: FakeClock
) -> None:
    made = []
    for number in range(10):
        clock.advance(1)
        made.append(await service.create_job(OWNER, "import", title="needle" if number == 1 else "hay"))
    made.reverse()
    first, second, third = await walk(history, 50, JobFilter(text="needle"))
    assert (first.items, second.items, ids(third)) == ([], [], [made[8].id])
    assert first.searched_back_to == made[REACH - 1].created_at
    assert second.searched_back_to == made[2 * REACH - 1].created_at
    assert (third.searched_back_to, third.next_cursor) == (None, None)


async def test_a_full_page_says_nothing_of_how_far_was_looked(
    service: JobMonitoringService, history: JobHistory
) -> None:
    for _ in range(10):
        await service.create_job(OWNER, "import", title="needle")
    page = await history.list_jobs(OWNER, limit=2, cursor=None, where=JobFilter(text="needle"))
    assert (len(page.items), page.searched_back_to) == (2, None)
    assert page.next_cursor is not None


async def test_what_is_counted_need_not_be_looked_for(
    service: JobMonitoringService, history: JobHistory, clock: FakeClock
) -> None:
    """Of ten jobs one is an export, and it is within reach: nobody looks at the others for another one."""
    for _ in range(9):
        await service.create_job(OWNER, "import")
        clock.advance(1)
    newest = await service.create_job(OWNER, "export")
    found = await history.list_jobs(OWNER, limit=50, cursor=None, where=JobFilter(job_type="export"))
    assert (ids(found), found.next_cursor, found.searched_back_to) == ([newest.id], None, None)
    none = await history.list_jobs(OWNER, limit=50, cursor=None, where=JobFilter(job_type="report"))
    assert (none.items, none.next_cursor) == ([], None)
    later = JobFilter(job_type="export", since=newest.created_at - timedelta(days=1))
    uncounted = await history.list_jobs(OWNER, limit=50, cursor=None, where=later)
    assert (ids(uncounted), uncounted.next_cursor is not None) == ([newest.id], True)


@pytest.mark.parametrize("where", [JobFilter(), JobFilter(since=FakeClock().now())])
async def test_without_such_filters_no_job_is_looked_at_in_vain(
    service: JobMonitoringService, history: JobHistory, where: JobFilter
) -> None:
    for _ in range(10):
        await service.create_job(OWNER, "import")
    page = await history.list_jobs(OWNER, limit=50, cursor=None, where=where)
    assert (len(page.items), page.next_cursor, page.searched_back_to) == (10, None, None)
