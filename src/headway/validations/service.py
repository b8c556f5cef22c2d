"""`ValidationService`: takes in the wish to check a dataset, and hands out what its job found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from headway.datasets.columns import Column
from headway.datasets.errors import DatasetNotFound
from headway.datasets.service import DatasetService
from headway.jobs.artifacts.service import ArtifactService
from headway.jobs.errors import JobNotFound
from headway.jobs.schemas import JobResponse
from headway.jobs.service import JobMonitoringService
from headway.kit.actor import Actor
from headway.kit.db import Database
from headway.rules.checks import JOB_TYPE, Checkable, DatasetChecks
from headway.rules.errors import ReferenceNotFound
from headway.rules.schemas import Reference
from headway.rules.service import RuleSetService
from headway.validations.checking.conditions import Check, planned, refuse_reference
from headway.validations.errors import NoReport, ValidationNotFound
from headway.validations.schemas import ValidationReport, ValidationRequest

REPORT = "report.json"


class ValidationService:
    """Validations of all owners; every method acts for one."""

    def __init__(
        self,
        database: Database,
        datasets: DatasetService,
        rule_sets: RuleSetService,
        checks: DatasetChecks,
        jobs: JobMonitoringService,
        artifacts: ArtifactService,
    ) -> None:
        self._database = database
        self._datasets = datasets
        self._rule_sets = rule_sets
        self._checks = checks
        self._jobs = jobs
        self._artifacts = artifacts

    async def validate(self, owner: str, dataset_id: UUID, request: ValidationRequest) -> JobResponse:
        """Return the job that checks the dataset. Rules that cannot run are refused before there is one."""
        dataset = await self._datasets.get_dataset(owner, dataset_id, request.version)
        columns = await self._datasets.get_columns(owner, dataset_id, dataset.version)
        rule_set = await self._rule_sets.get(owner, request.rule_set, request.rule_set_version)
        await referred(self._datasets, owner, planned(rule_set.rules, columns, {}))
        checkable = Checkable(dataset_id, dataset.name, dataset.version)
        async with self._database.write() as session:
            return await self._checks.submit_in(session, owner, checkable, rule_set)

    async def get_report(self, who: Actor, dataset_id: UUID, job_id: UUID) -> ValidationReport:
        """Return what a validation found. Raises `ValidationNotFound`, `NoReport` or `ArtifactExpired`."""
        await self._datasets.get_dataset(who.owner, dataset_id)
        try:
            job = await self._jobs.get_job_by_id(job_id, who.owner)
        except JobNotFound:
            raise ValidationNotFound from None
        if job.job_type != JOB_TYPE or job.related_dataset_id != dataset_id:
            raise ValidationNotFound
        if job.status != "completed":
            raise NoReport(f"Its job is {job.phase}.", phase=job.phase)
        stored = await self._artifacts.get_stored(who, job_id, REPORT)
        text = b"".join([chunk async for chunk in await self._artifacts.read(stored)])
        return ValidationReport.model_validate_json(text)


async def referred(datasets: DatasetService, owner: str, checks: Sequence[Check]) -> dict[int, tuple[int, str, Column]]:
    """Return of rules that refer to a dataset, by number: its present version, its name, and the column.

    Raises `ReferenceNotFound` with the place, and `RuleCannotRun` for a column of another kind.
    """
    found: dict[int, tuple[int, str, Column]] = {}
    for check in checks:
        if isinstance(check.rule, Reference):
            version, name, column = await _referred(datasets, owner, check, check.rule)
            refuse_reference(check, column)
            found[check.number] = (version, name, column)
    return found


async def _referred(datasets: DatasetService, owner: str, check: Check, rule: Reference) -> tuple[int, str, Column]:
    place: dict[str, Any] = {"pointer": f"/rules/{check.number}", "dataset": str(rule.dataset), "column": rule.to}
    try:
        other = await datasets.get_dataset(owner, rule.dataset)
        columns = await datasets.get_columns(owner, rule.dataset, other.version)
    except DatasetNotFound:
        raise ReferenceNotFound(f"{place['pointer']}: there is no dataset {rule.dataset}.", **place) from None
    for column in columns:
        if column.name == rule.to:
            return other.version, other.name, column
    raise ReferenceNotFound(f"{place['pointer']}: {other.name!r} has no column {rule.to[:100]!r}.", **place)
