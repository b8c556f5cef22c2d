"""The HTTP side of intake: one address that takes a file, as a form or as the bare body."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from headway.datasets.errors import DatasetNotFound
from headway.errors import ScopeMissing, Unauthorized
from headway.intake.errors import (
    DiskLimit,
    FormatUnsupported,
    ParseCrashed,
    TimeLimit,
)
from headway.intake.multipart import MultipartForm
from headway.intake.preview_errors import PreviewBusy, PreviewNeedsWhole
from headway.intake.previews import Previews
from headway.intake.schemas import (
    ImportOptions,
    Limits,
    PreviewRequest,
    PreviewResponse,
    SentRanges,
    read_as,
    read_options,
    read_ranges,
)
from headway.intake.service import FileIntakeService
from headway.intake.upload_errors import (
    IdempotencyKeyInUse,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    ImportOptionsInvalid,
    QuotaExceeded,
    TooManyUploads,
    UploadCancelled,
    UploadInterrupted,
    UploadMalformed,
    UploadMissingFile,
    UploadTooLarge,
)
from headway.jobs.embedding import IMPORT_ALL
from headway.jobs.errors import JobNotFound
from headway.jobs.schemas import JobResponse
from headway.kit.actor import Actor, Scope
from headway.kit.body_guard import check_json
from headway.kit.dependencies import address_of, needs
from headway.kit.problems import responses
from headway.rules.errors import RuleSetNotFound
from headway.storage.errors import ObjectMissing, StoreFull, StoreUnavailable

BODY_DOCS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "options": {"type": "string", "description": "JSON object, see ImportOptions."},
                    },
                }
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


UPLOAD_FAULTS = (
    UploadTooLarge, TooManyUploads, UploadMissingFile, UploadMalformed, UploadInterrupted, UploadCancelled,
    ImportOptionsInvalid, QuotaExceeded, StoreFull, StoreUnavailable, IdempotencyKeyInUse, IdempotencyKeyReused,
    IdempotencyKeyInvalid, DatasetNotFound, RuleSetNotFound,
)  # fmt: skip


PREVIEW_DOCS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            **BODY_DOCS["requestBody"]["content"],
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "dataset_id": {"type": "string", "format": "uuid"},
                        "job_id": {"type": "string", "format": "uuid"},
                        "options": {"type": "object", "description": "See ReadingOptions."},
                    },
                }
            },
        },
    }
}
REFERENCE_BYTES = 256 * 1024


def build_imports_router(service: FileIntakeService, previews: Previews, actor: Callable[..., Any]) -> APIRouter:
    """Return the routes of intake. `actor` is a FastAPI dependency that returns an `Actor` or raises."""
    router = APIRouter(tags=["imports"], responses=responses(Unauthorized))
    uploader = Annotated[Actor, Depends(needs(actor, Scope.IMPORTS_WRITE, IMPORT_ALL))]

    @router.post("/imports", status_code=202, openapi_extra=BODY_DOCS, responses=responses(*UPLOAD_FAULTS))
    async def import_file(
        who: uploader,
        request: Request,
        response: Response,
        filename: Annotated[str | None, Query(description="Name of the file, for a bare body.")] = None,
        options: Annotated[str | None, Query(description="ImportOptions as JSON, for a bare body.")] = None,
        idempotency_key: Annotated[str | None, Header(description="Repeat with it safely.")] = None,
    ) -> JobResponse:
        """Import a file. Answers 202 with its job once the bytes are safe; the job is visible from the first byte."""
        # Never declare an UploadFile here: FastAPI would read the whole body before this function begins.
        job = await take(service, who, request, filename, options, idempotency_key)
        response.headers["Location"] = address_of(request, "get_job_by_id", job_id=job.id)
        response.headers["Retry-After"] = "1"
        return job

    @router.post(
        "/imports/preview",
        openapi_extra=PREVIEW_DOCS,
        responses=responses(
            UploadMissingFile, UploadMalformed, ImportOptionsInvalid, PreviewNeedsWhole, PreviewBusy, JobNotFound,
            DatasetNotFound, ObjectMissing, StoreUnavailable, FormatUnsupported, TimeLimit, DiskLimit, ParseCrashed,
        ),
    )  # fmt: skip
    async def preview(
        who: uploader,
        request: Request,
        filename: Annotated[str | None, Query(description="Name of the file, for a bare body.")] = None,
        options: Annotated[str | None, Query(description="ReadingOptions as JSON, for a bare body.")] = None,
        ranges: Annotated[
            str | None,
            Query(
                pattern=r"^\d{1,15}-\d{1,15}(,\d{1,15}-\d{1,15})*$",
                max_length=10_000,
                description="Which bytes of the file a bare body holds, one range after another: `0-1023,9216-10239`.",
            ),
        ] = None,
        size: Annotated[int | None, Query(ge=1, le=10**15, description="How long the file is, with `ranges`.")] = None,
    ) -> PreviewResponse:
        """What a file looks like: first rows, columns, decisions, rows that do not fit. Nothing is kept.

        Send the first 2 MiB of a file (a form may say `options` before it), or refer to a stored one by `dataset_id` or
        `job_id` as JSON. A workbook or an archive lists at its end what is in it: of a larger one send `ranges`, its end
        and the beginning of each file in it, 64 MiB at most. What is sent beyond is not read: the answer comes and the connection is closed. A file that is
        wrong answers with the problem that its import would end with.
        """
        sent = read_ranges(ranges, size) if ranges is not None else None
        return await _preview(previews, who, request, filename, options, sent)

    @router.get("/limits")
    async def get_limits(
        who: uploader,
        request: Request,
        sha256: Annotated[
            str | None,
            Query(pattern="^[0-9a-f]{64}$", description="Digest of a file: is it one that you imported before?"),
        ] = None,
    ) -> Limits:
        """What you may upload and how, how much room is left, and whether a file is known already."""
        uploads_path = address_of(request, "create_upload")
        return await service.quota.limits_of(who.owner, sha256, uploads_path=uploads_path)

    return router


async def _preview(
    previews: Previews, who: Actor, request: Request, filename: str | None, options: str | None, sent: SentRanges | None
) -> PreviewResponse:
    kind, parameters = parse_options_header(request.headers.get("content-type", ""))
    chunks = until_disconnect(request)
    if kind == b"application/json" and filename is None:
        if Scope.IMPORTS_WRITE not in who.scopes:
            raise ScopeMissing(
                f"Without the scope {Scope.IMPORTS_WRITE} a token looks only at files that it sends.",
                scope=Scope.IMPORTS_WRITE.value,
            )
        return await previews.of_stored(who.owner, await _reference(chunks))
    if kind == b"multipart/form-data":
        form = MultipartForm(chunks, parameters.get(b"boundary", b""))
        filename = await form.find_file()
        chunks = form.file_bytes()
        said = form.fields.get("options")
        options = said.decode("utf-8", "replace") if said is not None else None
    if not filename:
        raise UploadMissingFile("A bare body needs its file name: POST /imports/preview?filename=data.csv")
    if sent is not None:
        return await previews.of_ranges(filename, chunks, read_options(options), sent)
    return await previews.of_sent(filename, chunks, read_options(options))


async def _reference(chunks: AsyncIterator[bytes]) -> PreviewRequest:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > REFERENCE_BYTES:
            raise ImportOptionsInvalid(f"The reference has more than {REFERENCE_BYTES:,} bytes.")
    check_json(bytes(body), max_depth=16)
    return read_as(PreviewRequest, bytes(body))


async def take(
    service: FileIntakeService,
    who: Actor,
    request: Request,
    filename: str | None,
    options: str | None,
    idempotency_key: str | None,
    decided: ImportOptions | None = None,
) -> JobResponse:
    """Take a file in out of a request. Where its options are decided, the request has none to say."""
    kind, parameters = parse_options_header(request.headers.get("content-type", ""))
    declared = declared_bytes(request)
    chunks = until_disconnect(request)
    if kind == b"multipart/form-data":
        form = MultipartForm(chunks, parameters.get(b"boundary", b""))
        return await _take_form(service, who, form, declared, idempotency_key, decided)
    if not filename:
        raise UploadMissingFile("A bare body needs its file name: POST /imports?filename=data.csv")
    chosen = decided or read_permitted(who, options)
    return await service.upload_file(
        who.owner,
        filename,
        chunks,
        options=lambda: chosen,
        declared_bytes=declared,
        idempotency_key=idempotency_key,
    )


async def _take_form(
    service: FileIntakeService,
    who: Actor,
    form: MultipartForm,
    declared: int | None,
    idempotency_key: str | None,
    decided: ImportOptions | None,
) -> JobResponse:
    file_name = await form.find_file()
    if file_name is None:
        raise UploadMissingFile
    if "options" in form.fields:
        read_permitted(who, form.fields["options"])  # refuses bad options before the file is read

    def options() -> ImportOptions:
        return decided or read_permitted(who, form.fields.get("options"))

    return await service.upload_file(
        who.owner,
        file_name,
        form.file_bytes(),
        options=options,
        declared_bytes=declared,
        idempotency_key=idempotency_key,
    )


def read_permitted(who: Actor, text: str | bytes | None) -> ImportOptions:
    """Return the options in a JSON text. Raises `ScopeMissing` if a token for an embed would change a dataset."""
    options = read_options(text)
    if options.into is not None and Scope.IMPORTS_WRITE not in who.scopes:
        raise ScopeMissing(
            f"Without the scope {Scope.IMPORTS_WRITE} a token makes new datasets, and changes none that is there.",
            scope=Scope.IMPORTS_WRITE.value,
        )
    return options


def declared_bytes(request: Request) -> int | None:
    """Return the length that the body of a request is said to have."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdigit() and len(length) < 19 else None


async def until_disconnect(request: Request) -> AsyncIterator[bytes]:
    """Yield the body of a request as it arrives. Raises `UploadInterrupted`."""
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect:
        raise UploadInterrupted from None
