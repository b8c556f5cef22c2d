"""The services that tests of jobs stand on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Hashable

import pytest

from headway.jobs import live as live_module
from headway.jobs.history import JobHistory
from headway.jobs.live import LiveFeed
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal


@pytest.fixture
def signal() -> RecordingSignal:
    return RecordingSignal()


@pytest.fixture
def service(database: Database, clock: FakeClock, signal: RecordingSignal) -> JobMonitoringService:
    return JobMonitoringService(database, clock, signal)


@pytest.fixture
def history(database: Database) -> JobHistory:
    return JobHistory(database)


@pytest.fixture
def revoked() -> set[Hashable]:
    """Proofs that open nothing any more."""
    return set()


@pytest.fixture
async def feed(
    database: Database,
    clock: FakeClock,
    signal: RecordingSignal,
    revoked: set[Hashable],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[LiveFeed]:
    async def ended(proofs: Collection[Hashable]) -> Collection[Hashable]:
        return revoked & set(proofs)

    # The clock of these tests stands still, so what goes by it may be looked at as often as one likes.
    monkeypatch.setattr(live_module, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(live_module, "PROOF_SECONDS", 0.02)
    live = LiveFeed(database, clock, signal, max_streams_per_user=2, ended=ended)
    await live.start()
    yield live
    await live.close()
