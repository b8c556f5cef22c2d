"""How streams end, are slow, come back and are refused, and that nothing is lost by it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Hashable
from datetime import timedelta

import pytest

from headway.jobs import live as live_module
from headway.jobs.errors import TooManyStreams
from headway.jobs.live import LiveFeed
from headway.jobs.service import JobMonitoringService
from headway.kit.actor import Actor
from tests.support.clock import FakeClock
from tests.support.stream_reader import SECONDS, StreamReader

OWNER, OTHER = "ann", "bob"


async def test_a_returning_client_gets_what_it_missed_and_no_snapshot(
    feed: LiveFeed, service: JobMonitoringService
) -> None:
    keeper, reader = StreamReader(feed, OWNER), StreamReader(feed, OWNER)
    await keeper.next()
    await reader.next()
    await service.create_job(OWNER, "export")
    await reader.next()
    await reader.leave()
    two = await service.create_job(OWNER, "export")
    await keeper.next()
    await keeper.next()
    name, job = await StreamReader(feed, OWNER, reader.last_id).next()
    assert (name, job["id"]) == ("job", str(two.id))


async def test_what_ended_while_nobody_watched_is_told_as_an_end(feed: LiveFeed, service: JobMonitoringService) -> None:
    job = await service.create_job(OWNER, "export")
    reader = StreamReader(feed, OWNER)
    await reader.next()
    await reader.leave()
    await service.complete_job(job.id)
    name, ended = await StreamReader(feed, OWNER, reader.last_id).next()
    assert (name, ended["id"], ended["status"]) == ("finished", str(job.id), "completed")


async def test_a_client_that_comes_back_after_its_events_are_forgotten_gets_a_snapshot(
    feed: LiveFeed, service: JobMonitoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events are numbered anew then, and a number of before must not pass for one of now."""
    monkeypatch.setattr(live_module, "LINGER_SECONDS", 0.0)
    reader = StreamReader(feed, OWNER)
    await reader.next()
    jobs = [await service.create_job(OWNER, "export") for _ in range(3)]
    for _ in jobs:
        await reader.next()
    await reader.leave()
    async with asyncio.timeout(SECONDS):
        while feed._channels:
            await asyncio.sleep(0.01)
    keeper = StreamReader(feed, OWNER)
    await keeper.next()
    jobs += [await service.create_job(OWNER, "export") for _ in range(4)]
    for _ in range(4):
        await keeper.next()
    name, snapshot = await StreamReader(feed, OWNER, reader.last_id).next()
    assert (name, len(snapshot["jobs"])) == ("snapshot", 7)


async def test_an_unknown_position_gets_a_snapshot(feed: LiveFeed, service: JobMonitoringService) -> None:
    keeper = StreamReader(feed, OWNER)
    await keeper.next()
    await service.create_job(OWNER, "export")
    await keeper.next()
    epoch = keeper.last_id.partition(".")[0]
    for last in (
        "other.1",
        "nonsense",
        f"{epoch}.99",
        f"{epoch}.",
        f"{epoch}.-1",
        f"{epoch}.²",
        f"{epoch}.{'0' * 5000}",
    ):
        reader = StreamReader(feed, OWNER, last)
        assert (await reader.next())[0] == "snapshot", last
        await reader.leave()


async def test_a_slow_client_gets_the_newest_state_and_every_end_and_is_bounded(
    feed: LiveFeed, service: JobMonitoringService
) -> None:
    jobs = [await service.create_job(OWNER, "export") for _ in range(3)]
    for job in jobs:
        await service.start_job(job.id)
    slow, quick = StreamReader(feed, OWNER), StreamReader(feed, OWNER)
    await slow.next()
    await quick.next()
    slow.room.clear()
    for progress in range(1, 21):
        for job in jobs:
            await service.update_progress(job.id, progress)
    await service.complete_job(jobs[0].id)
    await quick.until("finished")
    await service.dismiss(jobs[0].id, OWNER)
    await quick.until("removed")
    slow.room.set()
    events = [await slow.next()]
    while events[-1][0] != "removed":
        events.append(await slow.next())
    told = [(name, data["id"]) for name, data in events]
    assert told.count(("finished", str(jobs[0].id))) == 1
    for job in jobs[1:]:
        # One that waited to be taken when the client slowed down, and the newest.
        assert told.count(("job", str(job.id))) <= 2


async def test_a_client_that_falls_far_behind_gets_a_snapshot(
    feed: LiveFeed, service: JobMonitoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headway.jobs.channel.RING_SIZE", 5)
    slow, quick = StreamReader(feed, OWNER), StreamReader(feed, OWNER)
    await slow.next()
    await quick.next()
    slow.room.clear()
    for _ in range(8):
        await service.create_job(OWNER, "export")
        await quick.next()
    slow.room.set()
    told = [await slow.next()]
    while told[-1][0] != "snapshot":
        told.append(await slow.next())
    # At most what was on its way when the client slowed down.
    assert [name for name, _ in told[:-1]] in ([], ["job"])
    assert len(told[-1][1]["jobs"]) == 8


async def test_too_many_streams_are_refused_before_they_begin_and_a_closed_one_makes_room(feed: LiveFeed) -> None:
    readers = [StreamReader(feed, OWNER) for _ in range(2)]
    for reader in readers:
        await reader.next()
    refused = StreamReader(feed, OWNER)
    with pytest.raises(EOFError):
        await refused.next()
    assert (refused.status, feed.open_streams) == (TooManyStreams.status, 2)
    await readers[0].leave()
    await StreamReader(feed, OWNER).next()


async def test_closing_says_bye_and_why(feed: LiveFeed) -> None:
    reader = StreamReader(feed, OWNER)
    await reader.next()
    await feed.close()
    assert await reader.next() == ("bye", {"reason": "stopping"})
    with pytest.raises(EOFError):
        await reader.next()
    assert await StreamReader(feed, OWNER).until("bye") == {"reason": "stopping"}
    assert feed.open_streams == 0


async def test_a_stream_says_that_its_token_expires_and_then_ends(feed: LiveFeed, clock: FakeClock) -> None:
    who = Actor(OWNER, expires_at=clock.now() + timedelta(minutes=15))
    reader, lasting = StreamReader(feed, who), StreamReader(feed, OWNER)
    assert (await reader.next())[0] == "snapshot"
    clock.advance(14 * 60 + 1)
    name, data = await reader.next()
    assert (name, data["expires_at"]) == ("auth_expiring", "2026-01-02T03:19:05+00:00")
    clock.advance(60)
    assert await reader.next() == ("bye", {"reason": "expired"})
    assert (await lasting.next())[0] == "snapshot"
    await lasting.leave()


async def test_a_token_that_lives_for_seconds_is_told_at_once(feed: LiveFeed, clock: FakeClock) -> None:
    reader = StreamReader(feed, Actor(OWNER, expires_at=clock.now() + timedelta(seconds=5)))
    assert {(await reader.next())[0], (await reader.next())[0]} == {"snapshot", "auth_expiring"}


async def test_a_stream_ends_once_what_it_was_opened_with_is_revoked(feed: LiveFeed, revoked: set[Hashable]) -> None:
    mine, other, plain = (
        StreamReader(feed, Actor(OWNER, proof="a")),
        StreamReader(feed, Actor(OTHER, proof="b")),
        StreamReader(feed, OWNER),
    )
    for reader in (mine, other, plain):
        await reader.next()
    revoked.add("a")
    assert await mine.next() == ("bye", {"reason": "revoked"})
    with pytest.raises(EOFError):
        await mine.next()
    assert feed.open_streams == 2


async def test_leaving_while_something_is_sent_leaves_nothing_behind(
    feed: LiveFeed, service: JobMonitoringService
) -> None:
    reader = StreamReader(feed, OWNER)
    await reader.next()
    reader.room.clear()
    await service.create_job(OWNER, "export")
    async with asyncio.timeout(SECONDS):
        while not any(stream._writing for stream in feed._streams()):
            await asyncio.sleep(0.01)
        (stream,) = feed._streams()
        writing = stream._writing
        await reader.leave()
        assert writing is not None
        with contextlib.suppress(asyncio.CancelledError):
            await writing
    assert feed.open_streams == 0
