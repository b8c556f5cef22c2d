"""Stages, their weights, and the rate of units in one of them."""

from __future__ import annotations

from typing import Any

import pytest

from headway.jobs import stages
from headway.jobs.schemas import JobResponse, ReportProgress
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from tests.support.clock import FakeClock

OWNER = "ann"
DECLARED: stages.Declared = [
    {"key": "read", "weight": 1.0},
    {"key": "check", "weight": 2.0},
    {"key": "write", "weight": 1.0},
]


class Script:
    """A program that reports on its own job."""

    def __init__(self, service: JobMonitoringService, clock: FakeClock) -> None:
        self.service, self.clock = service, clock

    async def begin(self, declared: stages.Declared | None = DECLARED) -> None:
        self.id = (await self.service.create_job(OWNER, "external", stages=declared)).id

    async def say(self, seconds: float = 0.0, **report: Any) -> JobResponse:
        self.clock.advance(seconds)
        await self.service.report(self.id, OWNER, ReportProgress(**report))
        return await self.service.get_job_by_id(self.id, OWNER)


@pytest.fixture
async def script(service: JobMonitoringService, clock: FakeClock) -> Script:
    made = Script(service, clock)
    await made.begin()
    return made


async def test_the_percent_of_whoever_counts_units_comes_from_the_weights(script: Script) -> None:
    shown = [
        (job.stage_index, job.stage_count, job.progress)
        for job in [
            await script.say(stage="read"),
            await script.say(done_units=50, total_units=100),
            await script.say(done_units=999, total_units=100),
            await script.say(stage="check", done_units=0, total_units=10),
            await script.say(done_units=5),
            await script.say(stage="write", done_units=3, total_units=3),
        ]
    ]
    assert shown == [(1, 3, 0), (1, 3, 12), (1, 3, 24), (2, 3, 24), (2, 3, 49), (3, 3, 99)]


async def test_a_percent_that_is_told_is_the_one_that_counts(script: Script) -> None:
    assert (await script.say(stage="check", progress=5, done_units=1, total_units=1)).progress == 5


async def test_units_without_a_stage_or_a_total_say_nothing_of_the_whole(script: Script) -> None:
    assert (await script.say(done_units=5, total_units=9)).progress == 0
    other = await script.say(stage="elsewhere", done_units=5, total_units=9)
    assert (other.stage_index, other.stage_count, other.progress) == (None, 3, 0)
    assert (await script.say(stage="check", done_units=7)).progress == 24
    await script.begin(None)
    undeclared = await script.say(stage="read", done_units=5, total_units=9)
    assert (undeclared.stage_index, undeclared.stage_count, undeclared.progress) == (None, None, 0)


def test_weights_follow_what_was_measured_the_more_the_more_was() -> None:
    def shares(count: int) -> list[float]:
        # In truth reading takes 6 of 10 seconds, checking 3, writing 1.
        left = {"read": [10.0] * count, "check": [4.0] * count, "write": [1.0] * count}
        weighed = [stage["weight"] for stage in stages.weigh(DECLARED, left)]
        return [round(weight / sum(weighed), 3) for weight in weighed]

    assert shares(0) == [0.25, 0.5, 0.25]
    assert shares(stages.TRUST) == [0.425, 0.4, 0.175]
    assert shares(1000) == pytest.approx([0.6, 0.3, 0.1], abs=0.01)


async def test_a_job_of_ours_is_created_with_what_its_like_have_taught(
    service: JobMonitoringService, database: Database, clock: FakeClock
) -> None:
    async def create() -> Any:
        async with database.write() as session:
            return await service.create_in(session, OWNER, "export", engine="test", stages=DECLARED)

    assert (await create()).stages == DECLARED
    for _ in range(stages.TRUST):
        job = await create()
        lease = await service.claim(job.id, "w", seconds=60)
        assert lease is not None
        for key, seconds in (("read", 6), ("check", 3), ("write", 1)):
            await service.update_progress(job.id, None, lease=lease, stage=key)
            clock.advance(seconds)
        async with database.write() as session:
            await service.finish_in(session, lease, outcome="succeeded")
    taught = await create()
    assert [round(stage["weight"], 3) for stage in taught.stages] == [0.425, 0.4, 0.175]


async def test_the_rate_is_that_of_the_last_seconds_however_often_somebody_reports(script: Script) -> None:
    assert (await script.say(stage="read", done_units=0, unit="rows")).rate is None
    assert (await script.say(0.5, done_units=50)).rate is None
    assert (await script.say(0.5, done_units=100)).rate == 100
    for number in range(1, 50):
        slow = await script.say(1, done_units=100 + 10 * number)
    assert slow.rate == pytest.approx(10, abs=1)
    for number in range(1, 500):
        fast = await script.say(0.1, done_units=590 + 100 * number)
    assert fast.rate == pytest.approx(1000, rel=0.05)


async def test_signs_of_life_without_units_let_the_rate_sink(script: Script) -> None:
    await script.say(stage="read", done_units=0)
    await script.say(10, done_units=1000)
    for _ in range(20):
        idle = await script.say(2)
    assert idle.rate is not None
    assert 0 <= idle.rate < 5


async def test_another_stage_another_unit_or_a_new_count_is_measured_anew(script: Script) -> None:
    for change in ({"stage": "check"}, {"unit": "bytes"}, {"done_units": 1}):
        await script.say(done_units=1, stage="read", unit="rows")
        assert (await script.say(2, done_units=90)).rate is not None
        assert (await script.say(2, **change)).rate is None
        await script.say(2, stage="write")


async def test_an_ended_job_has_no_rate(script: Script) -> None:
    await script.say(done_units=1)
    assert (await script.say(2, done_units=90)).rate is not None
    assert (await script.say(2, status="completed")).rate is None
