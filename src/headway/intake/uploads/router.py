"""The HTTP side of resumable uploads: tus 1.0, its verbs and headers. What they mean is decided in the service."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute

from headway.datasets.errors import DatasetNotFound
from headway.errors import AppError, Unauthorized
from headway.intake import tus, tus_errors, upload_errors
from headway.intake.router import declared_bytes, read_permitted, until_disconnect
from headway.intake.uploads.service import UploadService
from headway.intake.uploads.state import UploadState
from headway.jobs.embedding import IMPORT_ALL
from headway.kit.actor import Actor, Scope
from headway.kit.dependencies import address_of, needs
from headway.kit.problems import problem_response, responses
from headway.rules.errors import RuleSetNotFound
from headway.storage.errors import StoreFull, StoreUnavailable

SPOKEN = {"Tus-Resumable": tus.VERSION, "Access-Control-Expose-Headers": ", ".join(tus.EXPOSED)}

BYTES_DOCS: dict[str, Any] = {
    "requestBody": {"content": {tus.CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}

Version = Annotated[str | None, Header(alias="Tus-Resumable", examples=[tus.VERSION])]
Offset = Annotated[str | None, Header(alias="Upload-Offset", examples=["0"])]
Length = Annotated[str | None, Header(alias="Upload-Length", description="Bytes of the whole file.", examples=["9"])]
Sum = Annotated[
    str | None,
    Header(alias="Upload-Checksum", description="`sha256` or `sha1`, and that of this request's body in Base64."),
]
Kind = Annotated[str | None, Header(alias="Content-Type", include_in_schema=False)]

ENDED = (
    tus_errors.UploadNotFound, tus_errors.UploadGone, tus_errors.UploadExpired, tus_errors.UploadLost,
    tus_errors.VersionUnsupported,
)  # fmt: skip
SENDING = (
    tus_errors.NotBytes, tus_errors.ChecksumMismatch, tus_errors.ChecksumUnsupported, tus_errors.LengthInvalid,
    tus_errors.LengthExceeded, tus_errors.DigestMismatch, tus_errors.NotAllowedAnyMore, tus_errors.UploadTakenOver,
    tus_errors.UploadLocked, upload_errors.UploadTooLarge, upload_errors.TooManyUploads,
    upload_errors.UploadInterrupted, upload_errors.UploadCancelled, upload_errors.QuotaExceeded, StoreFull,
    StoreUnavailable, DatasetNotFound, RuleSetNotFound,
)  # fmt: skip
CREATING = (
    tus_errors.MetadataInvalid, tus_errors.TooManyOpenUploads, upload_errors.ImportOptionsInvalid,
    upload_errors.IdempotencyKeyInUse, upload_errors.IdempotencyKeyReused, upload_errors.IdempotencyKeyInvalid,
)  # fmt: skip
PATCHING = (tus_errors.OffsetInvalid, tus_errors.OffsetMismatch, tus_errors.UploadFinished)


class TusRoute(APIRoute):
    """A route whose every answer, a refusal too, says which protocol it speaks and how the upload stands."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def spoken(request: Request) -> Response:
            try:
                response = await answer(request)
            except AppError as error:
                if error.status >= AppError.status:
                    raise
                response = problem_response(error, _facts(error))
            response.headers.update(SPOKEN)
            return response

        return spoken


def build_uploads_router(service: UploadService, actor: Callable[..., Any]) -> APIRouter:
    """Return the routes of resumable uploads. `actor` is a FastAPI dependency that returns an `Actor` or raises."""
    router = APIRouter(tags=["uploads"], route_class=TusRoute, responses=responses(Unauthorized))
    uploader = Annotated[Actor, Depends(needs(actor, Scope.IMPORTS_WRITE, IMPORT_ALL))]

    # Nobody has to say who they are to learn what is spoken: browsers ask so before they ask properly.
    @router.options("/uploads", status_code=204, include_in_schema=False)
    @router.options("/uploads/{upload_id}", status_code=204, include_in_schema=False)
    async def tell_abilities() -> Response:
        return Response(status_code=204, headers=tus.abilities(service.max_upload_bytes))

    @router.post(
        "/uploads",
        status_code=201,
        openapi_extra=BYTES_DOCS,
        responses=responses(*CREATING, *SENDING, tus_errors.VersionUnsupported),
    )
    async def create_upload(
        who: uploader,
        request: Request,
        version: Version = None,
        length: Length = None,
        deferred: Annotated[str | None, Header(alias="Upload-Defer-Length", description="`1`, or left out.")] = None,
        metadata: Annotated[
            str | None,
            Header(
                alias="Upload-Metadata",
                description="`filename`, `options` (ImportOptions as JSON) and `sha256` (in hexadecimal), each with its"
                " value in Base64. A file that you have sent before is found by `sha256`, and need not be sent.",
            ),
        ] = None,
        checksum: Sum = None,
        content_type: Kind = None,
        idempotency_key: Annotated[str | None, Header(description="Repeat with it safely.")] = None,
    ) -> Response:
        """Begin an upload, with some or all of its bytes if you like. `Location` is where the others go."""
        tus.require_version(version)
        announced, expected = tus.read_announced(length, deferred, metadata), tus.read_checksum(checksum)
        read_permitted(who, announced.options)
        has_body = _has_body(request)
        if has_body:
            tus.require_bytes(content_type)
            tus.refuse_longer(announced.length, 0, declared_bytes(request))
        state = await service.create(who.owner, announced, idempotency_key)
        if has_body and state.offset == 0 and state.expires_at is not None:
            state = await service.append(
                who.owner, state.job_id, 0, until_disconnect(request),
                body_bytes=declared_bytes(request), checksum=expected,
            )  # fmt: skip
        place = {"Location": address_of(request, "look_at_upload", upload_id=state.job_id)}
        return Response(status_code=201, headers={**_headers(state), **place})

    @router.head("/uploads/{upload_id}", responses=responses(*ENDED, tus_errors.UploadLocked))
    async def look_at_upload(who: uploader, upload_id: UUID, version: Version = None) -> Response:
        """Where an upload stands. Whoever is sending to it stops, so that the answer stays true."""
        tus.require_version(version)
        state = await service.look(who.owner, upload_id)
        metadata = {"Upload-Metadata": state.metadata} if state.metadata else {}
        return Response(headers={**_headers(state), **metadata, "Cache-Control": "no-store"})

    async def take_bytes(
        who: Actor, request: Request, upload_id: UUID, offset: str | None, length: str | None, checksum: str | None
    ) -> Response:
        tus.require_bytes(request.headers.get("Content-Type"))
        state = await service.append(
            who.owner,
            upload_id,
            tus.read_offset(offset),
            until_disconnect(request),
            body_bytes=declared_bytes(request),
            length=tus.read_known_length(length) if length is not None else None,
            checksum=tus.read_checksum(checksum),
        )
        return Response(status_code=204, headers=_headers(state))

    async def give_up(who: Actor, upload_id: UUID) -> Response:
        await service.terminate(who.owner, upload_id)
        return Response(status_code=204)

    @router.patch(
        "/uploads/{upload_id}",
        status_code=204,
        openapi_extra=BYTES_DOCS,
        responses=responses(*ENDED, *PATCHING, *SENDING),
    )
    async def continue_upload(
        who: uploader,
        request: Request,
        upload_id: UUID,
        version: Version = None,
        offset: Offset = None,
        length: Annotated[str | None, Header(alias="Upload-Length", description="If it was deferred.")] = None,
        checksum: Sum = None,
    ) -> Response:
        """Send the bytes from an offset on. The answer to the last ones comes when the file is accepted."""
        tus.require_version(version)
        return await take_bytes(who, request, upload_id, offset, length, checksum)

    @router.delete(
        "/uploads/{upload_id}",
        status_code=204,
        responses=responses(*ENDED, tus_errors.UploadFinished, tus_errors.UploadLocked),
    )
    async def end_upload(who: uploader, upload_id: UUID, version: Version = None) -> Response:
        """Give an upload up. Its job is cancelled, and nothing of it stays."""
        tus.require_version(version)
        return await give_up(who, upload_id)

    @router.post(
        "/uploads/{upload_id}",
        status_code=204,
        openapi_extra=BYTES_DOCS,
        responses=responses(*ENDED, *PATCHING, *SENDING, tus_errors.MethodOverrideInvalid),
    )
    async def continue_or_end_upload(
        who: uploader,
        request: Request,
        upload_id: UUID,
        method: Annotated[str | None, Header(alias="X-HTTP-Method-Override", examples=["PATCH"])] = None,
        version: Version = None,
        offset: Offset = None,
        length: Annotated[str | None, Header(alias="Upload-Length", description="If it was deferred.")] = None,
        checksum: Sum = None,
    ) -> Response:
        """`PATCH` or `DELETE`, for networks in which these do not get through."""
        tus.require_version(version)
        match method:
            case "PATCH":
                return await take_bytes(who, request, upload_id, offset, length, checksum)
            case "DELETE":
                return await give_up(who, upload_id)
            case _:
                raise tus_errors.MethodOverrideInvalid

    return router


def _headers(state: UploadState) -> dict[str, str]:
    return tus.state_headers(state.offset, state.length, state.expires_at, state.job_id)


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _facts(error: AppError) -> dict[str, str]:
    """Return what a refusal says in headers, for clients that read no bodies."""
    facts = {"Upload-Offset": error.data.get("offset"), tus.JOB_HEADER: error.data.get("job_id")}
    if isinstance(error, upload_errors.UploadTooLarge):
        facts["Tus-Max-Size"] = error.data.get("max_upload_bytes")
    if isinstance(error, tus_errors.VersionUnsupported):
        facts["Tus-Version"] = tus.VERSION
    return {name: str(fact) for name, fact in facts.items() if fact is not None}
