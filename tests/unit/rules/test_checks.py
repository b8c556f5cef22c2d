"""Orders to check datasets: which rule set they name, and when there may be another one."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from headway.jobs import submitting
from headway.jobs.errors import TooManyJobs
from headway.jobs.service import JobMonitoringService
from headway.jobs.submitting import JobSubmissions
from headway.kit.db import Database
from headway.rules.checks import Checkable, CheckOrder, DatasetChecks
from headway.rules.errors import RuleSetNotFound
from headway.rules.schemas import ChangeRuleSet, RuleSetBody, RuleSetResponse
from headway.rules.service import RuleSetService
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

ANN, BEN = "ann", "ben"


class Checks:
    """What has datasets checked, on a database, with one rule set."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.jobs = JobMonitoringService(database, clock, RecordingSignal())
        self.rule_sets = RuleSetService(database, clock)
        self.checks = DatasetChecks(self.rule_sets, JobSubmissions(database, self.jobs, RecordingSubmitter()))
        self.dataset = Checkable(uuid4(), "may", 3)

    async def keep(self) -> RuleSetResponse:
        return await self.rule_sets.create(
            ANN, RuleSetBody.model_validate({"name": "orders", "rules": [{"rule": "required", "column": "id"}]})
        )

    async def followed(self, rule_set: str | None) -> list[tuple[str, CheckOrder]]:
        """Return the titles of the jobs that follow, and their orders."""
        async with self.database.write() as session:
            result = await self.checks.follow_in(session, ANN, rule_set, [self.dataset])
        jobs = [await self.jobs.get_job_by_id(UUID(job_id), ANN) for job_id in result.get("validations", [])]
        return [(job.title, CheckOrder.model_validate(job.metadata["parameters"])) for job in jobs]


@pytest.fixture
def world(database: Database, clock: FakeClock) -> Checks:
    return Checks(database, clock)


async def test_the_rules_are_those_of_the_moment_when_there_is_something_to_check(world: Checks) -> None:
    kept = await world.keep()
    async with world.database.read() as session:
        resolved = await world.checks.resolve_in(session, ANN, "orders")
    assert resolved == str(kept.id)
    other = RuleSetBody.model_validate({"name": "x", "rules": [{"rule": "required", "column": "n"}]}).rules
    await world.rule_sets.change(ANN, kept.id, ChangeRuleSet(name="all orders", rules=other))
    [(title, order)] = await world.followed(resolved)
    assert (title, order.rule_set_id, order.rule_set_version) == ("Check may by all orders", kept.id, 2)
    assert (order.dataset_id, order.version) == (world.dataset.id, 3)


async def test_a_rule_set_that_was_deleted_meanwhile_leaves_a_job_that_will_say_so(world: Checks) -> None:
    kept = await world.keep()
    await world.rule_sets.delete(ANN, kept.id)
    [(title, order)] = await world.followed(str(kept.id))
    assert (title, order.rule_set_version) == ("Check may by a rule set that was deleted", None)


async def test_it_is_its_owners_and_none_is_asked_for_by_default(world: Checks) -> None:
    await world.keep()
    assert await world.followed(None) == []
    async with world.database.read() as session:
        assert await world.checks.resolve_in(session, ANN, None) is None
        with pytest.raises(RuleSetNotFound):
            await world.checks.resolve_in(session, BEN, "orders")


async def test_checks_that_follow_from_imports_are_no_more_than_these(
    world: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await world.keep()
    monkeypatch.setattr(submitting, "MOST_LIVE", 1)
    assert len(await world.followed(str(kept.id))) == 1
    with pytest.raises(TooManyJobs):
        async with world.database.write() as session:
            await world.checks.submit_in(session, ANN, world.dataset, kept)
    assert len(await world.followed(str(kept.id))) == 1
