"""How processes hear of each other's changes: by name on PostgreSQL, by the file on SQLite, and after an outage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection

import pytest
import sqlalchemy as sa

from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import MAX_PAYLOAD_BYTES, ChangeSignal, open_signal, parts
from headway.kit.db import Database
from tests.support.clock import FakeClock

SECONDS = 20


class Heard:
    """What one process is told."""

    def __init__(self, signal: ChangeSignal) -> None:
        self.owners: set[str] = set()
        self.times_anybody = 0
        self._something = asyncio.Event()
        signal.listen(self._hear)

    def _hear(self, owners: Collection[str] | None) -> None:
        self.owners |= owners or set()
        self.times_anybody += owners is None
        self._something.set()

    async def until(self, condition: Callable[[Heard], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition(self):
                self._something.clear()
                await self._something.wait()


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[ChangeSignal]:
    """The signal of a process that shows nothing to anybody."""
    signal = open_signal(database, listening=False)
    await signal.start()
    yield signal
    await signal.close()


@pytest.fixture
async def api(database: Database) -> AsyncIterator[Heard]:
    signal = open_signal(database, listening=True)
    heard = Heard(signal)
    await signal.start()
    yield heard
    await signal.close()


async def test_another_process_hears_of_every_committed_change_also_after_an_outage(
    database: Database, clock: FakeClock, worker: ChangeSignal, api: Heard
) -> None:
    service = JobMonitoringService(database, clock, worker)
    # From the moment on at which it listens nothing is missed, so whatever was before may have changed.
    await api.until(lambda heard: heard.times_anybody > 0)
    for owner in ("ann", "bob"):
        before = api.times_anybody
        await service.create_job(owner, "export")
        if database.is_sqlite:
            await api.until(lambda heard, before=before: heard.times_anybody > before)
            continue
        await api.until(lambda heard, owner=owner: owner in heard.owners)
        assert api.times_anybody == before
        await cut_all_others(database)
        await api.until(lambda heard, before=before: heard.times_anybody > before)


async def test_the_last_changes_of_a_process_that_stops_are_told(
    database: Database, clock: FakeClock, api: Heard
) -> None:
    await api.until(lambda heard: heard.times_anybody > 0)
    for owner in ("ann", "bob", "cem"):
        before = api.times_anybody
        stopping = open_signal(database, listening=False)
        await stopping.start()
        await JobMonitoringService(database, clock, stopping).create_job(owner, "export")
        await stopping.close()
        if database.is_sqlite:
            await api.until(lambda heard, before=before: heard.times_anybody > before)
        else:
            await api.until(lambda heard, owner=owner: owner in heard.owners)


async def cut_all_others(database: Database) -> None:
    async with database.write() as session:
        others = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
        await session.execute(sa.text(f"{others} and datname = current_database()"))


def test_names_are_sent_in_parts_that_fit_into_a_notification() -> None:
    owners = {f"owner-{number}-{'ü' * 30}" for number in range(500)}
    sent = list(parts(owners))
    assert all(len(part.encode()) <= MAX_PAYLOAD_BYTES for part in sent)
    assert sorted(owner for part in sent for owner in json.loads(part)) == sorted(owners)
    assert len(sent) < 25
    assert parts(["x" * (MAX_PAYLOAD_BYTES - 4)]) == [json.dumps(["x" * (MAX_PAYLOAD_BYTES - 4)])]


def test_a_name_that_fits_into_no_notification_means_anybody() -> None:
    assert parts(["ann", "x" * 10_000]) == [""]
