"""How often a job's progress is told: at once after a quiet time, four times a second at most, its last state always."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from headway.jobs.channel import Channel, InView
from headway.jobs.models import BackgroundJob
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.support.datasets_world import OWNER

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def job(database: Database, service: JobMonitoringService) -> BackgroundJob:
    made = await service.create_job(OWNER, "export")
    await service.start_job(made.id)
    async with database.read() as session:
        found = await session.get(BackgroundJob, made.id)
    assert found is not None
    return found


class Told:
    """A channel that looks whenever a version is due, and again when it is told to."""

    def __init__(self, job: BackgroundJob) -> None:
        self._job = job
        self._channel = Channel(OWNER, 0.0)
        self.versions: dict[int, float] = {}
        self._look(0.0)

    def run(self, reports: list[float]) -> None:
        """Have a report arrive at each of these times, and every look happen that was asked for."""
        due = [(at, True) for at in reports]
        while due:
            due.sort()
            at, is_report = due.pop(0)
            if is_report:
                self._job.version += 1
            if (wait := self._look(at)) is not None:
                due.append((at + wait, False))

    def _look(self, at: float) -> float | None:
        before = self._channel.seq
        view: list[Any] = [InView(self._job.id, self._job.version, None)]
        wait = self._channel.publish(view, {self._job.id: self._job}, at, {}, NOW)
        if self._channel.seq > before:
            self.versions[self._job.version] = at
        return wait


async def test_no_second_has_more_than_four_and_the_last_state_is_always_told(job: BackgroundJob) -> None:
    told, first = Told(job), job.version
    told.run([10 + number / 100 for number in range(1_000)])
    at = list(told.versions.values())
    assert at[0] == 10, "the first one after a quiet time is not held back"
    assert max(sum(begin <= each < begin + 1 for each in at) for begin in at) == 4
    assert max(after - before for before, after in pairwise(at)) < 0.3, "evenly, and not in bursts"
    assert max(told.versions) == job.version == first + 1_000
    assert at[-1] < 20.3


async def test_one_that_was_late_on_its_way_does_not_make_the_next_one_late(job: BackgroundJob) -> None:
    told = Told(job)
    reports = [10.0, 10.35, 10.7 + 0.15, 11.05, 11.4]
    told.run(reports)
    assert list(told.versions.values()) == reports
