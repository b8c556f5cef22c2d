"""The live feed: a snapshot first, then whole jobs with rising versions, to their owner only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from headway.jobs.errors import TooManyStreams
from headway.jobs.live import LiveFeed
from headway.jobs.service import JobMonitoringService
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal

OWNER, OTHER = "ann", "bob"


@pytest.fixture
async def feed(service: JobMonitoringService, clock: FakeClock, signal: RecordingSignal) -> AsyncIterator[LiveFeed]:
    live = LiveFeed(service, clock, signal, max_streams_per_user=2)
    await live.start()
    yield live
    await live.close()


class Reader:
    """Reads one stream event by event."""

    def __init__(self, frames: AsyncIterator[bytes]) -> None:
        self._frames = frames
        self.last_id = ""

    async def next(self) -> tuple[str, Any]:
        while True:
            frame = (await asyncio.wait_for(anext(self._frames), 5)).decode()
            lines = dict(line.split(": ", 1) for line in frame.strip().splitlines())
            if "event" in lines:
                self.last_id = lines.get("id", self.last_id)
                return lines["event"], json.loads(lines["data"])

    async def until(self, event: str) -> Any:
        while True:
            name, data = await self.next()
            if name == event:
                return data


async def test_snapshot_then_versions_that_rise_then_finished(feed: LiveFeed, service: JobMonitoringService) -> None:
    first = await service.create_job(OWNER, "export", title="before")
    reader = Reader(await feed.stream(OWNER, None))
    name, snapshot = await reader.next()
    assert name == "snapshot"
    assert [job["id"] for job in snapshot["jobs"]] == [str(first.id)]
    assert snapshot["counts"]["running"] == 1
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
    reader = Reader(await feed.stream(OTHER, None))
    assert (await reader.next())[1]["jobs"] == []
    await service.create_job(OWNER, "export")
    mine = await service.create_job(OTHER, "export")
    assert (await reader.next())[1]["id"] == str(mine.id)


async def test_a_job_that_ages_out_of_view_is_removed(
    feed: LiveFeed, service: JobMonitoringService, clock: FakeClock
) -> None:
    job = await service.create_job(OWNER, "export")
    await service.complete_job(job.id)
    reader = Reader(await feed.stream(OWNER, None))
    assert len((await reader.next())[1]["jobs"]) == 1
    clock.advance(301)
    assert (await reader.until("removed")) == {"id": str(job.id)}


async def test_a_deleted_job_is_removed_at_once(feed: LiveFeed, service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    await service.complete_job(job.id, error="no")
    reader = Reader(await feed.stream(OWNER, None))
    assert len((await reader.next())[1]["jobs"]) == 1
    await service.delete(job.id, OWNER)
    assert (await reader.until("removed")) == {"id": str(job.id)}


async def test_a_returning_client_gets_what_it_missed_and_no_snapshot(
    feed: LiveFeed, service: JobMonitoringService
) -> None:
    keeper = Reader(await feed.stream(OWNER, None))
    frames = await feed.stream(OWNER, None)
    reader = Reader(frames)
    await keeper.next()
    await reader.next()
    one = await service.create_job(OWNER, "export")
    await reader.next()
    await frames.aclose()  # type: ignore[attr-defined]
    two = await service.create_job(OWNER, "export")
    await keeper.next()
    await keeper.next()
    name, job = await Reader(await feed.stream(OWNER, reader.last_id)).next()
    assert (name, job["id"]) == ("job", str(two.id))
    assert one.id != two.id


async def test_an_unknown_position_gets_a_snapshot(feed: LiveFeed, service: JobMonitoringService) -> None:
    await service.create_job(OWNER, "export")
    for last in ("other.1", "nonsense", f"{'0' * 8}.99"):
        frames = await feed.stream(OWNER, last)
        assert (await Reader(frames).next())[0] == "snapshot"
        await frames.aclose()  # type: ignore[attr-defined]


async def test_too_many_streams_are_refused_before_they_begin_and_a_closed_one_makes_room(feed: LiveFeed) -> None:
    frames = [await feed.stream(OWNER, None) for _ in range(2)]
    for stream in frames:
        await anext(stream)
    with pytest.raises(TooManyStreams):
        await feed.stream(OWNER, None)
    await frames[0].aclose()  # type: ignore[attr-defined]
    await (await feed.stream(OWNER, None)).aclose()  # type: ignore[attr-defined]


async def test_closing_says_bye(feed: LiveFeed) -> None:
    reader = Reader(await feed.stream(OWNER, None))
    await reader.next()
    await feed.close()
    assert (await reader.next())[0] == "bye"
