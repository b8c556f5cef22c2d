"""Orders to check a dataset by a rule set: what one says, and the job that carries it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs.answers import to_response
from headway.jobs.schemas import JobResponse
from headway.jobs.submitting import JobSubmissions
from headway.rules.errors import RuleSetNotFound
from headway.rules.schemas import RuleSetSummary
from headway.rules.service import RuleSetService

KIND = "validations.validate_dataset"
"""The task that runs such a job."""

JOB_TYPE = "validation"


class CheckOrder(BaseModel):
    """The parameters of the job."""

    model_config = ConfigDict(extra="forbid")

    dataset_id: UUID
    version: int
    rule_set_id: UUID
    rule_set_version: int | None
    """None: the set was deleted before there was a dataset, which the job says."""


@dataclass(frozen=True, slots=True)
class Checkable:
    """A dataset in one version."""

    id: UUID
    name: str
    version: int


class DatasetChecks:
    """Has datasets checked. Whatever it is asked is part of the caller's transaction."""

    def __init__(self, rule_sets: RuleSetService, submissions: JobSubmissions) -> None:
        self._rule_sets = rule_sets
        self._submissions = submissions

    async def resolve_in(self, session: AsyncSession, owner: str, ref: str | None) -> str | None:
        """Return the id of a rule set that options name by its id or its name. Raises `RuleSetNotFound`."""
        if ref is None:
            return None
        rule_set = await self._rule_sets.find_in(session, owner, ref)
        if rule_set is None:
            raise RuleSetNotFound(f"There is no rule set {ref[:100]!r}.")
        return str(rule_set.id)

    async def submit_in(
        self, session: AsyncSession, owner: str, dataset: Checkable, rule_set: RuleSetSummary
    ) -> JobResponse:
        """Have a dataset checked because its owner asks for it. Raises `TooManyJobs`."""
        job = await self._submissions.submit_in(session, owner, JOB_TYPE, **_job(dataset, rule_set.id, rule_set))
        return to_response(job)

    async def follow_in(
        self, session: AsyncSession, owner: str, rule_set: str | None, datasets: Sequence[Checkable]
    ) -> dict[str, list[str]]:
        """Have what an import made checked, if its options name a rule set; return what its result says of that.

        It is for these jobs to say that the set is gone, or cannot be applied: the import has done its part.
        """
        if rule_set is None:
            return {}
        rule_set_id = UUID(rule_set)
        found = await self._rule_sets.find_in(session, owner, rule_set_id)
        jobs = [
            await self._submissions.follow_in(session, owner, JOB_TYPE, **_job(dataset, rule_set_id, found))
            for dataset in datasets
        ]
        return {"validations": [str(job.id) for job in jobs]}


def _job(dataset: Checkable, rule_set_id: UUID, rule_set: RuleSetSummary | None) -> dict[str, Any]:
    order = CheckOrder(
        dataset_id=dataset.id,
        version=dataset.version,
        rule_set_id=rule_set_id,
        rule_set_version=rule_set.version if rule_set else None,
    )
    by = rule_set.name[:90] if rule_set else "a rule set that was deleted"
    return {
        "kind": KIND,
        "queue": "bulk",
        "title": f"Check {dataset.name[:90]} by {by}",
        "parameters": order.model_dump(mode="json"),
        "related_dataset_id": dataset.id,
    }
