"""What an owner finds of the past: pages, filters, events, attempts."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from headway.jobs import queries
from headway.jobs.errors import JobNotFound, UnknownFilter
from headway.jobs.filters import JobFilter
from headway.jobs.history import JobHistory
from headway.jobs.service import JobMonitoringService
from headway.kit.pagination import BadCursor
from tests.support.clock import FakeClock

OWNER, OTHER = "ann", "bob"
PROBLEM = {"type": "urn:headway:problem:limit.memory", "title": "Too much", "status": 422, "detail": "It took all."}


async def test_history_pages_by_keyset_without_loss_or_repeat(
    service: JobMonitoringService, history: JobHistory, clock: FakeClock
) -> None:
    made = []
    for number in range(7):
        made.append((await service.create_job(OWNER, "export", title=str(number))).id)
        if number % 3 == 0:  # several jobs share a moment, so the id must break the tie
            clock.advance(1)
    seen, cursor = [], None
    while True:
        page = await history.list_jobs(OWNER, limit=2, cursor=cursor)
        seen += [job.id for job in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == 7
    assert set(seen) == set(made)
    with pytest.raises(BadCursor):
        await history.list_jobs(OWNER, limit=2, cursor="nonsense")


async def test_history_filters_by_status_as_it_is_shown(service: JobMonitoringService, history: JobHistory) -> None:
    waiting = await service.create_job(OWNER, "export")
    done = await service.create_job(OWNER, "import")
    await service.complete_job(done.id)
    running = await history.list_jobs(OWNER, limit=10, cursor=None, where=JobFilter(statuses=("running",)))
    assert [job.id for job in running.items] == [waiting.id]
    imports = await history.list_jobs(OWNER, limit=10, cursor=None, where=JobFilter(job_type="import"))
    assert [job.id for job in imports.items] == [done.id]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("completed",), {"whole", "half"}),
        (("completed", "!partial"), {"whole"}),
        (("partial", "failed"), {"half", "broken"}),
        (("!completed", "!failed"), {"waiting", "stopped"}),
        (("running",), {"waiting"}),
        (("!running", "!cancelled"), {"whole", "half", "broken"}),
        ((), {"waiting", "whole", "half", "broken", "stopped"}),
    ],
)
async def test_statuses_can_be_asked_for_and_left_out(
    service: JobMonitoringService, history: JobHistory, words: tuple[str, ...], found: set[str]
) -> None:
    jobs = {name: await service.create_job(OWNER, "import", title=name) for name in (
        "waiting", "whole", "half", "broken", "stopped"
    )}  # fmt: skip
    await service.complete_job(jobs["whole"].id)
    await service.complete_job(jobs["half"].id, outcome="partial")
    await service.complete_job(jobs["broken"].id, "It broke.")
    await service.request_cancel(jobs["stopped"].id, OWNER)
    page = await history.list_jobs(OWNER, limit=10, cursor=None, where=JobFilter(statuses=words))
    assert {job.title for job in page.items} == found


async def test_a_word_that_no_status_has_is_refused(history: JobHistory) -> None:
    for words in (("done",), ("!done",), ("!",)):
        with pytest.raises(UnknownFilter, match="There is no status"):
            await history.list_jobs(OWNER, limit=10, cursor=None, where=JobFilter(statuses=words))


async def test_text_dataset_and_time_narrow_the_list(
    service: JobMonitoringService, history: JobHistory, clock: FakeClock
) -> None:
    dataset = uuid4()
    old = await service.create_job(OWNER, "import", title="Umsätze_2023 100%.csv")
    await service.complete_job(old.id, related_dataset_id=dataset)
    clock.advance(86_400)
    new = await service.create_job(OWNER, "import", title="umsätze 2024.csv")

    async def found(**where: object) -> list[UUID]:
        page = await history.list_jobs(OWNER, limit=10, cursor=None, where=JobFilter(**where))  # type: ignore[arg-type]
        return [job.id for job in page.items]

    assert await found(text="UMS") == [new.id, old.id]
    assert await found(text="_2023 100%") == [old.id], "what has a meaning in SQL is text here"
    assert await found(text="%") == [old.id]
    assert await found(dataset_id=dataset) == [old.id]
    assert await found(since=new.created_at) == [new.id]
    assert await found(until=new.created_at) == [old.id]
    assert await found(since=old.created_at, until=new.created_at + timedelta(seconds=1)) == [new.id, old.id]


async def test_what_happened_is_for_the_owner_only(service: JobMonitoringService, history: JobHistory) -> None:
    job = await service.create_job(OWNER, "export")
    for asked in (history.list_events(job.id, OTHER), history.list_attempts(job.id, OTHER)):
        with pytest.raises(JobNotFound):
            await asked
    assert (await history.list_jobs(OTHER, limit=10, cursor=None)).items == []


async def test_attempts_tell_each_beginning_with_its_stages_and_its_end(
    service: JobMonitoringService, history: JobHistory, clock: FakeClock
) -> None:
    job = await service.create_job(OWNER, "import")
    assert (await history.list_attempts(job.id, OWNER)).items == []

    first = await service.claim(job.id, "worker-1", seconds=60)
    assert first is not None
    clock.advance(1)
    await service.update_progress(job.id, 45, lease=first, stage="parse")
    clock.advance(2)
    await service.record_crash(first, PROBLEM, max_crashes=3)

    second = await service.claim(job.id, "worker-2", seconds=-1)
    assert second is not None
    clock.advance(4)
    third = await service.claim(job.id, "worker-3", seconds=60)
    assert third is not None, "the second one let its lease run out"
    await service.update_progress(job.id, 45, lease=third, stage="parse")
    clock.advance(8)
    await service.update_progress(job.id, 80, lease=third, stage="store")
    clock.advance(16)
    await service.fail(third, PROBLEM)

    attempts = (await history.list_attempts(job.id, OWNER)).items
    told = [(each.number, each.worker, each.outcome, each.problem is not None) for each in attempts]
    assert told == [
        (1, "worker-1", "crashed", True),
        (2, "worker-2", "worker_lost", False),
        (3, "worker-3", "failed", True),
    ]
    assert [(each.ended_at - each.started_at).total_seconds() for each in attempts if each.ended_at] == [3, 4, 24]
    lasted = [
        (stage.name, (stage.ended_at - stage.started_at).total_seconds())
        for stage in attempts[2].stages
        if stage.ended_at
    ]
    assert lasted == [("parse", 8), ("store", 16)]
    assert [stage.ended_at == attempts[0].ended_at for stage in attempts[0].stages] == [True]


async def test_an_attempt_that_runs_has_no_end(service: JobMonitoringService, history: JobHistory) -> None:
    job = await service.create_job(OWNER, "export")
    await service.start_job(job.id)
    (attempt,) = (await history.list_attempts(job.id, OWNER)).items
    assert (attempt.number, attempt.outcome, attempt.ended_at, attempt.worker) == (1, "running", None, None)


async def test_of_a_job_without_end_the_newest_events_are_kept_and_the_cut_is_said(
    service: JobMonitoringService, history: JobHistory, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_EVENTS", 5)
    monkeypatch.setattr(queries, "SPARE_EVENTS", 3)
    job = await service.create_job(OWNER, "external")
    kept = []
    for number in range(20):
        clock.advance(1)
        await service.update_progress(job.id, 1, stage=f"stage {number}")
        events = await history.list_events(job.id, OWNER)
        kept.append(len(events.items))
        assert events.items[-1].data["stage"] == f"stage {number}"
        # Said from the first cut on, and of none before.
        assert (events.events_dropped_at is not None) == (events.items[0].kind != "created")
    assert max(kept) == 7
    assert min(kept[7:]) == 5
    clock.advance(1)
    await service.complete_job(job.id)
    assert (await history.list_attempts(job.id, OWNER)).events_dropped_at is not None
