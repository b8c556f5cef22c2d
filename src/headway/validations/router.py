"""The HTTP side of validations. Made by a function that takes the host's way to say who is calling."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from headway.datasets.errors import DatasetNotFound, VersionNotFound
from headway.errors import Unauthorized
from headway.jobs.artifacts.errors import ArtifactExpired, ArtifactNotFound
from headway.jobs.errors import TooManyJobs
from headway.jobs.schemas import JobResponse
from headway.kit.actor import Actor, Scope
from headway.kit.dependencies import address_of, needs
from headway.kit.problems import responses
from headway.rules.errors import (
    ReferenceNotFound,
    RuleCannotRun,
    RuleSetNotFound,
    RuleSetVersionNotFound,
    UnknownRuleColumn,
)
from headway.storage.errors import ObjectMissing, StoreUnavailable
from headway.validations.errors import NoReport, ValidationNotFound
from headway.validations.schemas import ValidationReport, ValidationRequest
from headway.validations.service import ValidationService


def build_validations_router(service: ValidationService, actor: Callable[..., Any]) -> APIRouter:
    """Return the routes under `/datasets/{id}/validations`. `actor` is a dependency that returns an `Actor`."""
    router = APIRouter(
        prefix="/datasets/{dataset_id}/validations", tags=["rule sets"], responses=responses(Unauthorized)
    )
    reader = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_READ))]

    @router.post(
        "",
        status_code=202,
        responses=responses(
            DatasetNotFound, VersionNotFound, RuleSetNotFound, RuleSetVersionNotFound, UnknownRuleColumn,
            RuleCannotRun, ReferenceNotFound, TooManyJobs,
        ),
    )  # fmt: skip
    async def validate_dataset(
        who: reader, request: Request, response: Response, dataset_id: UUID, body: ValidationRequest
    ) -> JobResponse:
        """Have a job check a dataset by a rule set.

        It completes whatever it finds, with `outcome: partial` if a rule was broken; counts are in `result`. Its report
        is read below, and is a file of the job, as are the failing rows.
        """
        job = await service.validate(who.owner, dataset_id, body)
        response.headers["Location"] = address_of(request, "get_job_by_id", job_id=job.id)
        return job

    @router.get(
        "/{validation_id}",
        responses=responses(
            DatasetNotFound, ValidationNotFound, NoReport, ArtifactNotFound, ArtifactExpired, ObjectMissing,
            StoreUnavailable,
        ),
    )  # fmt: skip
    async def get_validation_report(who: reader, dataset_id: UUID, validation_id: UUID) -> ValidationReport:
        """What a validation found; `validation_id` is the id of its job. Issues are grouped by rule."""
        return await service.get_report(who, dataset_id, validation_id)

    return router
