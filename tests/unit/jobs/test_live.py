"""The live feed: a snapshot first, then whole jobs with rising versions, to their owner only."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any
from uuid import UUID

import pytest

from headway.jobs import live as live_module
from headway.jobs.live import LiveFeed
from headway.jobs.schemas import QueuePlace
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.stream_reader import SECONDS, StreamReader

OWNER, OTHER = "ann", "bob"


async def test_snapshot_then_versions_that_rise_then_finished(feed: LiveFeed, service: JobMonitoringService) -> None:
    first = await service.create_job(OWNER, "export", title="before")
    reader = StreamReader(feed, OWNER)
    name, snapshot = await reader.next()
    assert name == "snapshot"
    assert [job["id"] for job in snapshot["jobs"]] == [str(first.id)]
    assert (snapshot["counts"]["running"], snapshot["next_poll_ms"]) == (1, 5_000)
    await service.start_job(first.id)
    await service.update_progress(first.id, 50)
    await service.complete_job(first.id)
    versions = [snapshot["jobs"][0]["version"]]
    while True:
        name, job = await reader.next()
        versions.append(job["version"])
        if name == "finished":
            break
    assert versions == sorted(set(versions))
    assert (job["status"], job["progress"]) == ("completed", 100)


async def test_nobody_sees_anybody_elses_jobs(feed: LiveFeed, service: JobMonitoringService) -> None:
    reader = StreamReader(feed, OTHER)
    assert (await reader.next())[1]["jobs"] == []
    await service.create_job(OWNER, "export")
    mine = await service.create_job(OTHER, "export")
    assert (await reader.next())[1]["id"] == str(mine.id)


async def test_a_job_that_ages_out_of_view_is_removed(
    feed: LiveFeed, service: JobMonitoringService, clock: FakeClock
) -> None:
    job = await service.create_job(OWNER, "export")
    await service.complete_job(job.id)
    reader = StreamReader(feed, OWNER)
    assert len((await reader.next())[1]["jobs"]) == 1
    clock.advance(301)
    assert (await reader.until("removed")) == {"id": str(job.id)}


async def test_a_deleted_job_is_removed_at_once(feed: LiveFeed, service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    await service.complete_job(job.id, error="no")
    reader = StreamReader(feed, OWNER)
    assert len((await reader.next())[1]["jobs"]) == 1
    await service.delete(job.id, OWNER)
    assert (await reader.until("removed")) == {"id": str(job.id)}


async def test_a_place_that_moves_is_told_without_a_new_version(
    database: Database,
    service: JobMonitoringService,
    clock: FakeClock,
    signal: RecordingSignal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: dict[UUID, QueuePlace] = {}

    async def places(owners: Collection[str]) -> dict[UUID, QueuePlace]:
        assert set(owners) == {OWNER}
        return dict(found)

    monkeypatch.setattr(live_module, "TICK_SECONDS", 0.02)
    live = LiveFeed(database, clock, signal, max_streams_per_user=2, places=places)
    await live.start()
    reader = StreamReader(live, OWNER)
    assert (await reader.next())[1]["jobs"] == []
    async with database.write() as session:
        job = await service.create_in(session, OWNER, "import", title='a "queue":null}', engine="test", delivery=1)
        found[job.id] = QueuePlace(position=401, ahead=400, expected_start=None)
    assert (await reader.until("job"))["queue"] == found[job.id].model_dump()
    found[job.id] = QueuePlace(position=396, ahead=395, expected_start=None)  # no step that is worth an event
    late = StreamReader(live, OWNER)
    assert (await late.next())[1]["jobs"][0]["queue"]["ahead"] == 400
    await late.leave()
    found[job.id] = QueuePlace(position=1, ahead=0, expected_start=clock.now())
    moved = {"id": str(job.id), "queue": found[job.id].model_dump(mode="json")}
    assert await reader.next() == ("queue", moved)
    again = StreamReader(live, OWNER)
    (shown,) = (await again.next())[1]["jobs"]
    assert (shown["queue"], shown["title"], shown["version"]) == (moved["queue"], job.title, job.version)
    await again.leave()
    # Whoever comes back has missed both, the job and where it stands now.
    back = StreamReader(live, OWNER, f"{reader.last_id.partition('.')[0]}.0")
    assert [(await back.next())[0] for _ in range(2)] == ["job", "queue"]
    found.clear()
    await service.start_job(job.id)
    assert (await reader.until("job"))["queue"] is None
    await live.close()


async def test_progress_comes_four_times_a_second_at_most_and_its_last_state_always(
    feed: LiveFeed, service: JobMonitoringService
) -> None:
    job = await service.create_job(OWNER, "export")
    await service.start_job(job.id)
    reader = StreamReader(feed, OWNER)
    await reader.next()
    for progress in range(1, 61):
        await service.update_progress(job.id, progress)
    seen = []
    while not seen or seen[-1]["progress"] < 60:
        seen.append((await reader.next())[1])
    assert len(seen) < 30
    await service.update_progress(job.id, 70)
    await service.complete_job(job.id)
    # An ending is not held back behind the progress of a moment ago.
    assert (await reader.until("finished"))["progress"] == 100


async def test_a_job_that_was_held_back_is_sent_though_nothing_signals_again(
    feed: LiveFeed, service: JobMonitoringService, signal: RecordingSignal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "RELOOK_SECONDS", 3600)
    job = await service.create_job(OWNER, "export")
    await service.start_job(job.id)
    reader = StreamReader(feed, OWNER)
    await reader.next()
    await service.update_progress(job.id, 10)
    assert (await reader.next())[1]["progress"] == 10
    await service.update_progress(job.id, 20)
    assert (await reader.next())[1]["progress"] == 20


async def test_the_end_of_a_job_is_told_once_whatever_is_noted_on_it_later(
    feed: LiveFeed, service: JobMonitoringService, signal: RecordingSignal
) -> None:
    job = await service.create_job(OWNER, "export")
    reader = StreamReader(feed, OWNER)
    await reader.next()
    await service.complete_job(job.id, error="no")
    assert (await reader.next())[0] == "finished"
    async with service._database.write() as session:
        await session.execute(live_module.BackgroundJob.__table__.update().values(version=99))
    signal.changed(OWNER)
    name, changed = await reader.next()
    assert (name, changed["version"]) == ("job", 99)


@pytest.mark.parametrize("failure", [live_module.SQLAlchemyError(), RuntimeError("nobody foresaw this")])
async def test_a_database_that_is_away_ends_no_stream_and_loses_nothing(
    feed: LiveFeed,
    service: JobMonitoringService,
    signal: RecordingSignal,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
) -> None:
    reader = StreamReader(feed, OWNER)
    await reader.next()
    look = feed._reader.look
    away = asyncio.Event()

    async def failing(owners: Any) -> Any:
        away.set()
        raise failure

    monkeypatch.setattr(feed._reader, "look", failing)
    job = await service.create_job(OWNER, "export")
    async with asyncio.timeout(SECONDS):
        await away.wait()
    monkeypatch.setattr(feed._reader, "look", look)
    assert (await reader.next())[1]["id"] == str(job.id)


async def test_a_signal_without_names_is_turned_into_names(
    feed: LiveFeed, service: JobMonitoringService, signal: RecordingSignal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another process wrote into SQLite's file; with many who watch it is worth to find out whose it was."""
    monkeypatch.setattr(live_module, "FEW_OWNERS", 1)
    monkeypatch.setattr(signal, "changed", lambda _owner: None)
    running, ending = [await service.create_job(OWNER, "export") for _ in range(2)]
    mine, other = StreamReader(feed, OWNER), StreamReader(feed, OTHER)
    await mine.next()
    await other.next()
    looked: list[str] = []
    look = feed._reader.look

    async def noting(owners: Collection[str]) -> Any:
        looked.extend(owners)
        return await look(list(owners))

    monkeypatch.setattr(feed._reader, "look", noting)
    await service.start_job(running.id)
    await service.complete_job(ending.id)
    feed._on_signal(None)
    told = {(name, UUID(job["id"])) for name, job in [await mine.next(), await mine.next()]}
    assert told == {("job", running.id), ("finished", ending.id)}
    assert looked == [OWNER]


async def test_one_with_very_many_jobs_takes_no_room_from_others(
    feed: LiveFeed, service: JobMonitoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headway.jobs.feed_reader.MOST_ROWS", 4)
    for owner, count in ((OWNER, 6), (OTHER, 1)):
        for _ in range(count):
            await service.create_job(owner, "export")
    found = await feed._reader.look([OTHER, OWNER])
    assert (len(found[OWNER]), len(found[OTHER])) == (6, 1)
