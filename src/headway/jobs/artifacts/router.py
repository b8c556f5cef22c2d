"""The HTTP side of the files of jobs. Made by a function that takes the host's way to say who is calling."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.requests import ClientDisconnect

from headway.errors import TooMany, Unauthorized
from headway.jobs.artifacts.errors import (
    ArtifactExpired,
    ArtifactInterrupted,
    ArtifactNameInvalid,
    ArtifactNotFound,
    ArtifactTooLarge,
    MediaTypeInvalid,
    TooManyArtifacts,
)
from headway.jobs.artifacts.schemas import ArtifactResponse, JobArtifacts
from headway.jobs.artifacts.service import ArtifactService
from headway.jobs.errors import JobEnded, JobNotFound, NotYoursToReport, StaleLease
from headway.jobs.models import JobArtifact
from headway.kit.actor import Actor, Scope
from headway.kit.dependencies import needs
from headway.kit.downloads import RangeNotSatisfiable, asked_range, attachment, is_known
from headway.kit.problems import problem_response, responses
from headway.storage.errors import ObjectMissing, StoreFull, StoreUnavailable

BYTES: dict[str, Any] = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
DOWNLOADS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", **BYTES},
    206: {"description": "The bytes that `Range` asked for.", **BYTES},
    304: {"description": "You have this very file."},
    307: {"description": "The store serves the file itself, for a minute."},
}
OneMore = Callable[[str], AbstractContextManager[None]]
"""Counts a body while it arrives, by its owner, and raises if there are too many of them."""


def build_artifacts_router(service: ArtifactService, one_more: OneMore, actor: Callable[..., Any]) -> APIRouter:
    """Return the routes under `/jobs/{id}/artifacts`. `actor` is a FastAPI dependency that returns an `Actor`."""
    router = APIRouter(prefix="/jobs/{job_id}/artifacts", tags=["jobs"], responses=responses(Unauthorized))
    reader = Annotated[Actor, Depends(needs(actor, Scope.JOBS_READ))]
    writer = Annotated[Actor, Depends(needs(actor, Scope.JOBS_WRITE))]

    @router.get("", responses=responses(JobNotFound))
    async def list_artifacts(who: reader, job_id: UUID) -> JobArtifacts:
        """The files that the job left, in the order in which they were written, with size and digest."""
        return await service.list_artifacts(who.owner, job_id)

    @router.get(
        "/{name}",
        response_class=StreamingResponse,
        responses={
            **DOWNLOADS,
            **responses(
                JobNotFound, ArtifactNotFound, ArtifactExpired, ObjectMissing, RangeNotSatisfiable, StoreUnavailable
            ),
        },
    )
    async def download_artifact(
        who: reader,
        job_id: UUID,
        name: str,
        range_: Annotated[str | None, Header(alias="Range")] = None,
        if_range: Annotated[str | None, Header()] = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """One of them, or a part of it: a download that broke off can be gone on with. Expired files answer 410.

        The file of an export shows a dataset, so it also takes the scope `datasets:read`.
        """
        found = await service.get_stored(who, job_id, name)
        tag = f'"{found.sha256}"'
        if is_known(tag, if_none_match):
            return Response(status_code=304, headers={"ETag": tag})
        if (elsewhere := await service.find_redirect(found)) is not None:
            return RedirectResponse(elsewhere, headers={"Cache-Control": "no-store"})
        return await _download(service, found, tag, range_ if if_range in {None, tag} else None)

    @router.put(
        "/{name}",
        openapi_extra={"requestBody": {"required": True, **BYTES}},
        responses={
            201: {"description": "The job has the file now.", "model": ArtifactResponse},
            **responses(
                JobNotFound, JobEnded, StaleLease, NotYoursToReport, ArtifactNameInvalid, MediaTypeInvalid,
                TooManyArtifacts, ArtifactTooLarge, ArtifactInterrupted, TooMany, StoreFull, StoreUnavailable,
            ),
        },
    )  # fmt: skip
    async def put_artifact(
        who: writer,
        request: Request,
        response: Response,
        job_id: UUID,
        name: str,
        attempt: Annotated[
            int | None, Query(ge=0, le=2**31 - 1, description="If given and not the job's present attempt: 409.")
        ] = None,
        rows: Annotated[int | None, Query(ge=0, le=2**62, description="How many rows the file has.")] = None,
    ) -> ArtifactResponse:
        """Attach a file to a job that you run, in place of one of the same name. The body is the file.

        Its bytes count against your room, and are a sign of life as reports are. Attach files before you report the
        end of the job.
        """
        with one_more(who.owner):
            stored = await service.receive(
                who.owner,
                job_id,
                name,
                request.headers.get("content-type"),
                _until_disconnect(request),
                attempt=attempt,
                rows=rows,
                declared_bytes=_declared(request),
            )
        response.status_code = 201
        response.headers["Location"] = quote(request.scope["path"])
        return stored

    return router


async def _download(service: ArtifactService, artifact: JobArtifact, tag: str, asked: str | None) -> Response:
    headers = {
        **attachment(artifact.name),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "ETag": tag,
    }
    try:
        part = asked_range(asked, artifact.bytes)
    except RangeNotSatisfiable as error:
        return problem_response(error, {"Content-Range": f"bytes */{artifact.bytes}"})
    start, length = part or (0, artifact.bytes)
    chunks = await service.read(artifact, start, length)
    headers["Content-Length"] = str(length)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{artifact.bytes}"
    return StreamingResponse(
        chunks, status_code=200 if part is None else 206, media_type=artifact.media_type, headers=headers
    )


def _declared(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdigit() and len(length) < 19 else None


async def _until_disconnect(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect:
        raise ArtifactInterrupted from None
