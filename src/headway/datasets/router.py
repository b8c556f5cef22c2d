"""The HTTP side of datasets. Made by a function that takes the host's way to say who is calling."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from headway.datasets.errors import BadFilter, DatasetNotFound, RowsTooSlow, UnknownColumn
from headway.datasets.filters import ask
from headway.datasets.schemas import DatasetResponse, DecisionsResponse, RenameDataset, RowsResponse
from headway.datasets.service import DatasetService
from headway.errors import Unauthorized
from headway.kit.actor import Actor, Scope
from headway.kit.dependencies import needs
from headway.kit.pagination import BadCursor, Page
from headway.kit.problems import responses
from headway.kit.text import PlainText
from headway.storage.errors import ObjectMissing, StoreUnavailable


def build_datasets_router(service: DatasetService, actor: Callable[..., Any]) -> APIRouter:
    """Return the routes under `/datasets`. `actor` is a FastAPI dependency that returns an `Actor` or raises."""
    router = APIRouter(prefix="/datasets", tags=["datasets"], responses=responses(Unauthorized))
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

    @router.get("/{dataset_id}", responses=responses(DatasetNotFound))
    async def get_dataset(who: reader, dataset_id: UUID) -> DatasetResponse:
        """One of your datasets, with its columns and why each has its type."""
        return await service.get_dataset(who.owner, dataset_id)

    @router.patch("/{dataset_id}", responses=responses(DatasetNotFound))
    async def rename_dataset(who: writer, dataset_id: UUID, body: RenameDataset) -> DatasetResponse:
        """Give a dataset another name."""
        return await service.rename(who.owner, dataset_id, body.name)

    @router.delete("/{dataset_id}", status_code=204, responses=responses(DatasetNotFound))
    async def delete_dataset(who: writer, dataset_id: UUID) -> None:
        """Delete a dataset, its rows and, if nothing else was made from it, the original file."""
        await service.delete(who.owner, dataset_id)

    @router.get(
        "/{dataset_id}/rows",
        response_model=RowsResponse,
        responses=responses(DatasetNotFound, UnknownColumn, BadFilter, RowsTooSlow, ObjectMissing, StoreUnavailable),
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
    ) -> Response:
        """A page of rows. Operators: eq ne lt le gt ge contains starts empty notempty."""
        known = await service.get_columns(who.owner, dataset_id)
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
        page = await service.read_rows(who.owner, dataset_id, question)
        shown = [{"name": column.name, "type": column.type} for column in question.columns]
        body = orjson.dumps({"columns": shown, "rows": page.rows, "total": page.total})
        return Response(body, media_type="application/json")

    @router.get("/{dataset_id}/decisions", responses=responses(DatasetNotFound))
    async def list_decisions(who: reader, dataset_id: UUID) -> DecisionsResponse:
        """What was found out about the file: format, encoding, dialect, types, each with its evidence."""
        return await service.list_decisions(who.owner, dataset_id)

    @router.get(
        "/{dataset_id}/original",
        response_class=StreamingResponse,
        responses=responses(DatasetNotFound, ObjectMissing, StoreUnavailable),
    )
    async def download_original(who: reader, dataset_id: UUID) -> StreamingResponse:
        """The uploaded file, byte by byte as it came."""
        name, size, chunks = await service.open_original(who.owner, dataset_id)
        headers = {
            # Never shown in the browser, whatever it contains.
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "Content-Length": str(size),
            "X-Content-Type-Options": "nosniff",
        }
        return StreamingResponse(chunks, media_type="application/octet-stream", headers=headers)

    return router
