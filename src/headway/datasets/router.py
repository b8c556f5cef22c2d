"""The HTTP side of datasets. Made by a function that takes the host's way to say who is calling."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse

from headway.datasets.errors import (
    BadFilter,
    DatasetNotFound,
    RowsTooSlow,
    UnknownColumn,
    VersionInUse,
    VersionNotFound,
)
from headway.datasets.filters import ask
from headway.datasets.rejections import DatasetRejections
from headway.datasets.schemas import (
    DatasetResponse,
    DecisionsResponse,
    ProfileResponse,
    RejectedResponse,
    RenameDataset,
    RowsResponse,
    VersionsResponse,
)
from headway.datasets.service import DatasetService
from headway.datasets.versions import DatasetVersions
from headway.errors import Unauthorized
from headway.kit.actor import Actor, Scope
from headway.kit.dependencies import needs
from headway.kit.downloads import attachment
from headway.kit.pagination import BadCursor, Page
from headway.kit.problems import responses
from headway.kit.text import PlainText
from headway.storage.errors import ObjectMissing, StoreUnavailable

Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of a version.")]
Shown = Annotated[int | None, Query(alias="version", ge=1, le=2**31 - 1, description="Default: the current one.")]
STORED = (DatasetNotFound, VersionNotFound, ObjectMissing, StoreUnavailable)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def build_datasets_router(
    service: DatasetService, versions: DatasetVersions, rejections: DatasetRejections, actor: Callable[..., Any]
) -> APIRouter:
    """Return the routes under `/datasets`. `actor` is a FastAPI dependency that returns an `Actor` or raises."""
    router = APIRouter(prefix="/datasets", tags=["datasets"], responses=responses(Unauthorized))
    _add_datasets(router, service, actor)
    _add_content(router, service, actor)
    _add_rejected(router, rejections, actor)
    _add_versions(router, versions, actor)
    return router


def _add_datasets(router: APIRouter, service: DatasetService, actor: Callable[..., Any]) -> None:
    """What datasets there are."""
    reader = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_READ))]
    writer = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_WRITE))]

    @router.get("", responses=responses(BadCursor))
    async def list_datasets(
        who: reader,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        cursor: str | None = None,
        q: Annotated[PlainText | None, Query(max_length=200, description="Part of the name.")] = None,
    ) -> Page[DatasetResponse]:
        """Your datasets, newest first."""
        return await service.list_datasets(who.owner, limit=limit, cursor=cursor, q=q)

    @router.get("/{dataset_id}", responses=responses(DatasetNotFound, VersionNotFound))
    async def get_dataset(who: reader, dataset_id: UUID, version: Shown = None) -> DatasetResponse:
        """One of your datasets, with its columns and why each has its type."""
        return await service.get_dataset(who.owner, dataset_id, version)

    @router.patch("/{dataset_id}", responses=responses(DatasetNotFound))
    async def rename_dataset(who: writer, dataset_id: UUID, body: RenameDataset) -> DatasetResponse:
        """Give a dataset another name."""
        return await service.rename(who.owner, dataset_id, body.name)

    @router.delete("/{dataset_id}", status_code=204, responses=responses(DatasetNotFound))
    async def delete_dataset(who: writer, dataset_id: UUID) -> None:
        """Delete a dataset, its rows and, if nothing else was made from it, the original file."""
        await service.delete(who.owner, dataset_id)


def _add_content(router: APIRouter, service: DatasetService, actor: Callable[..., Any]) -> None:
    """What is in a dataset, and where it came from."""
    reader = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_READ))]

    @router.get(
        "/{dataset_id}/rows",
        response_model=RowsResponse,
        responses=responses(*STORED, UnknownColumn, BadFilter, RowsTooSlow),
    )
    async def read_rows(
        who: reader,
        dataset_id: UUID,
        offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=0, le=1000)] = 100,
        columns: Annotated[list[str] | None, Query(description="Repeat for several; default: all.")] = None,
        sort: Annotated[list[str] | None, Query(description="Column, or -column for descending; repeatable.")] = None,
        filter_: Annotated[
            list[str] | None, Query(alias="filter", description="column:operator:value; repeatable, all must hold.")
        ] = None,
        q: Annotated[str | None, Query(max_length=200, description="Found in any column, ignoring case.")] = None,
        values: Annotated[
            Literal["typed", "written"], Query(description="written: as it stands in the file.")
        ] = "typed",
        version: Shown = None,
    ) -> Response:
        """A page of rows. Operators: eq ne lt le gt ge contains starts empty notempty."""
        known = await service.get_columns(who.owner, dataset_id, version)
        question = ask(
            known,
            offset=offset,
            limit=limit,
            names=columns or (),
            sort=sort or (),
            filters=filter_ or (),
            search=q,
            written=values == "written",
        )
        page = await service.read_rows(who.owner, dataset_id, question, version)
        shown = [{"name": column.name, "type": column.type} for column in question.columns]
        body = orjson.dumps({"columns": shown, "rows": page.rows, "total": page.total})
        return Response(body, media_type="application/json")

    @router.get("/{dataset_id}/profile", responses=responses(DatasetNotFound, VersionNotFound))
    async def get_profile(who: reader, dataset_id: UUID, version: Shown = None) -> ProfileResponse:
        """What each column holds: empty cells, different values, bounds, mean, histogram, the most frequent values."""
        return await service.get_profile(who.owner, dataset_id, version)

    @router.get("/{dataset_id}/decisions", responses=responses(DatasetNotFound, VersionNotFound))
    async def list_decisions(who: reader, dataset_id: UUID, version: Shown = None) -> DecisionsResponse:
        """What was found out about the file: format, encoding, dialect, types, each with its evidence.

        `option` names the import option that decides it otherwise, `instead` the options that take the runner-up.
        """
        return await service.list_decisions(who.owner, dataset_id, version)

    @router.get("/{dataset_id}/original", response_class=StreamingResponse, responses=responses(*STORED))
    async def download_original(who: reader, dataset_id: UUID, version: Shown = None) -> StreamingResponse:
        """The uploaded file, byte by byte as it came."""
        name, size, chunks = await service.open_original(who.owner, dataset_id, version)
        return _download(chunks, name, "application/octet-stream", size)


def _add_rejected(router: APIRouter, rejections: DatasetRejections, actor: Callable[..., Any]) -> None:
    """Rows that did not fit the table."""
    reader = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_READ))]

    @router.get("/{dataset_id}/rejected", responses=responses(*STORED))
    async def list_rejected(
        who: reader,
        dataset_id: UUID,
        offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=0, le=1000)] = 100,
        version: Shown = None,
    ) -> RejectedResponse:
        """The rows of the file that are not in the table: each with its place and reason, and all of them by reason."""
        return await rejections.list_rejected(who.owner, dataset_id, offset=offset, limit=limit, version=version)

    @router.get("/{dataset_id}/rejected.csv", response_class=StreamingResponse, responses=responses(*STORED))
    async def download_rejected_csv(who: reader, dataset_id: UUID, version: Shown = None) -> StreamingResponse:
        """The rejected rows as CSV, to be corrected: `_row` names each, `_errors` says what is wrong with it.

        What a row has beyond the table's columns stands in `_more`.
        """
        pieces = await rejections.open_csv(who.owner, dataset_id, version)
        return _download(pieces, "rejected.csv", "text/csv; charset=utf-8")

    @router.get("/{dataset_id}/rejected.xlsx", response_class=StreamingResponse, responses=responses(*STORED))
    async def download_rejected_xlsx(who: reader, dataset_id: UUID, version: Shown = None) -> StreamingResponse:
        """The rejected rows as a workbook, to be corrected. Every cell is text."""
        pieces = await rejections.open_xlsx(who.owner, dataset_id, version)
        return _download(pieces, "rejected.xlsx", XLSX)


def _add_versions(router: APIRouter, versions: DatasetVersions, actor: Callable[..., Any]) -> None:
    """The states that a dataset had."""
    reader = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_READ))]
    writer = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_WRITE))]

    @router.get("/{dataset_id}/versions", responses=responses(DatasetNotFound))
    async def list_versions(who: reader, dataset_id: UUID) -> VersionsResponse:
        """Every version that is kept, the newest first. `?version=` shows one of them wherever a dataset is read."""
        return await versions.list_versions(who.owner, dataset_id)

    @router.post("/{dataset_id}/versions/{number}/restore", responses=responses(DatasetNotFound, VersionNotFound))
    async def restore_version(who: writer, dataset_id: UUID, number: Number) -> DatasetResponse:
        """Make a version the current one, at once. Later ones stay, so that this can be taken back."""
        return await versions.restore(who.owner, dataset_id, number)

    @router.delete(
        "/{dataset_id}/versions/{number}",
        status_code=204,
        responses=responses(DatasetNotFound, VersionNotFound, VersionInUse),
    )
    async def delete_version(who: writer, dataset_id: UUID, number: Number) -> None:
        """Delete a version that is not the current one, and the room that it takes."""
        await versions.delete(who.owner, dataset_id, number)


def _download(
    chunks: AsyncIterator[bytes], name: str, media_type: str, size_bytes: int | None = None
) -> StreamingResponse:
    headers = attachment(name)
    if size_bytes is not None:
        headers["Content-Length"] = str(size_bytes)
    return StreamingResponse(chunks, media_type=media_type, headers=headers)
