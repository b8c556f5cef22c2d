"""The HTTP side of changes: reading a dataset otherwise, and deciding on what jobs have prepared."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from headway.datasets.changes import DatasetChanges
from headway.datasets.errors import ChangeNotFound, ChangeNotPending, DatasetMoved, DatasetNotFound, MadeByRecipe
from headway.datasets.schemas import ChangeResponse, ChangesResponse, DatasetResponse
from headway.errors import Unauthorized
from headway.intake.changes.service import ReparseService
from headway.intake.router import UPLOAD_FAULTS, take
from headway.intake.schemas import ImportOptions, ReparseRequest
from headway.intake.service import FileIntakeService
from headway.jobs.schemas import JobResponse
from headway.kit.actor import Actor, Scope
from headway.kit.dependencies import address_of, needs
from headway.kit.problems import responses

CORRECTED_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


def build_changes_router(
    service: ReparseService, changes: DatasetChanges, intake: FileIntakeService, actor: Callable[..., Any]
) -> APIRouter:
    """Return the routes of changes. `actor` is a FastAPI dependency that returns an `Actor` or raises."""
    router = APIRouter(prefix="/datasets/{dataset_id}", tags=["datasets"], responses=responses(Unauthorized))
    reader = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_READ))]
    writer = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_WRITE))]

    @router.post("/reparse", status_code=202, responses=responses(DatasetNotFound, MadeByRecipe))
    async def reparse(
        who: writer, dataset_id: UUID, body: ReparseRequest, request: Request, response: Response
    ) -> JobResponse:
        """Read the dataset's file once more, with other options. The job ends with what would be different.

        Nothing changes before that is applied, unless `apply` is true. Types, encoding, delimiter, header, sheet: what
        `GET …/decisions` names as `option` can be another one.
        """
        job = await service.reparse(who.owner, dataset_id, body)
        response.headers["Location"] = address_of(request, "get_job_by_id", job_id=job.id)
        return job

    @router.post(
        "/rejected", status_code=202, openapi_extra=CORRECTED_BODY, responses=responses(DatasetNotFound, *UPLOAD_FAULTS)
    )
    async def send_corrected(
        who: writer,
        dataset_id: UUID,
        request: Request,
        response: Response,
        filename: Annotated[str, Query(description="Name of the file, for a bare body.")] = "corrected",
        idempotency_key: Annotated[str | None, Header(description="Repeat with it safely.")] = None,
    ) -> JobResponse:
        """Send rejected rows back, corrected in the file that was downloaded, or as JSON with the same names.

        Each row that fits now joins the table once, in a new version; sending it again changes nothing. A row that
        still does not fit stays rejected, with the new reason.
        """
        options = ImportOptions(into=dataset_id, mode="repair")
        await changes.get_base(who.owner, dataset_id)
        job = await take(intake, who, request, filename, None, idempotency_key, options)
        response.headers["Location"] = address_of(request, "get_job_by_id", job_id=job.id)
        return job

    @router.get("/changes", responses=responses(DatasetNotFound))
    async def list_changes(who: reader, dataset_id: UUID) -> ChangesResponse:
        """Changes that are prepared, wait to be applied, or were decided on, the newest first."""
        return await changes.list_changes(who.owner, dataset_id)

    @router.get("/changes/{job_id}", responses=responses(DatasetNotFound, ChangeNotFound))
    async def get_change(who: reader, dataset_id: UUID, job_id: UUID) -> ChangeResponse:
        """What the change that a job prepared would do, or did."""
        return await changes.get_change(who.owner, dataset_id, job_id)

    @router.post(
        "/changes/{job_id}/apply",
        responses=responses(DatasetNotFound, ChangeNotFound, ChangeNotPending, DatasetMoved),
    )
    async def apply_change(who: writer, dataset_id: UUID, job_id: UUID) -> DatasetResponse:
        """Make a proposed change the version that the dataset shows, at once. Repeating it is safe."""
        return await changes.apply(who.owner, dataset_id, job_id)

    @router.delete(
        "/changes/{job_id}", status_code=204, responses=responses(DatasetNotFound, ChangeNotFound, ChangeNotPending)
    )
    async def discard_change(who: writer, dataset_id: UUID, job_id: UUID) -> None:
        """Give a proposed change up, and the room that it takes."""
        await changes.discard(who.owner, dataset_id, job_id)

    return router
