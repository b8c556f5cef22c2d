"""The services that tests of jobs stand on."""

from __future__ import annotations

import pytest

from headway.jobs.history import JobHistory
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
