"""The HTTP side of exports. Made by a function that takes the host's way to say who is calling."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from headway.audit.dependencies import by_request
from headway.datasets.errors import BadFilter, DatasetNotFound, UnknownColumn, VersionNotFound
from headway.errors import Unauthorized
from headway.exports.errors import TooManyColumns
from headway.exports.schemas import ExportRequest
from headway.exports.service import ExportService
from headway.jobs.errors import TooManyJobs
from headway.jobs.schemas import JobResponse
from headway.kit.actor import Actor, Scope
from headway.kit.dependencies import address_of, needs
from headway.kit.problems import responses


def build_exports_router(service: ExportService, actor: Callable[..., Any]) -> APIRouter:
    """Return the routes under `/datasets/{id}/exports`. `actor` is a FastAPI dependency that returns an `Actor`."""
    router = APIRouter(prefix="/datasets/{dataset_id}/exports", tags=["datasets"], responses=responses(Unauthorized))
    reader = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_READ))]

    @router.post(
        "",
        status_code=202,
        responses=responses(DatasetNotFound, VersionNotFound, UnknownColumn, BadFilter, TooManyColumns, TooManyJobs),
    )
    async def export_dataset(
        who: reader, request: Request, response: Response, dataset_id: UUID, body: ExportRequest
    ) -> JobResponse:
        """Have a job write a dataset, or a part of it, into a file: CSV, NDJSON, JSON, XLSX or Parquet.

        The file is an artifact of the job once it has completed, with its rows, bytes and SHA-256, and is fetched with
        `GET /jobs/{id}/artifacts/{name}` by a token that has both `jobs:read` and `datasets:read`. `result.file` of the
        job is its name. What a format could not keep is told in `result`.
        """
        job = await service.export(who.owner, dataset_id, body, by_request(who, request))
        response.headers["Location"] = address_of(request, "get_job_by_id", job_id=job.id)
        return job

    return router
