"""The rejected rows of a dataset for its owner: as pages, as CSV and as XLSX."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from headway.datasets import queries
from headway.datasets.cache import RowsCache
from headway.datasets.correction import CorrectionLayout
from headway.datasets.models import DatasetVersion
from headway.datasets.rejected import Rejected, Written
from headway.datasets.rejected_files import csv_pieces, write_xlsx
from headway.datasets.schemas import RejectedResponse
from headway.kit.db import Database

CHUNK_BYTES = 256 * 1024


class DatasetRejections:
    """What a version left out. A version without any answers with empty pages and files."""

    def __init__(self, database: Database, cache: RowsCache) -> None:
        self._database = database
        self._cache = cache

    async def list_rejected(
        self, owner: str, dataset_id: UUID, *, offset: int, limit: int, version: int | None = None
    ) -> RejectedResponse:
        shown = await self._get(owner, dataset_id, version)
        async with self._opened(shown) as rejected:
            return await asyncio.to_thread(rejected.page, offset, limit)

    async def open_csv(self, owner: str, dataset_id: UUID, version: int | None = None) -> AsyncIterator[bytes]:
        """Return the pieces of a CSV file with all rejected rows."""
        shown = await self._get(owner, dataset_id, version)
        async with self._opened(shown):
            # Once the answer has begun it is too late to say that there is nothing to read.
            return self._csv(shown)

    async def _csv(self, shown: DatasetVersion) -> AsyncIterator[bytes]:
        async with self._opened(shown) as rejected:
            pieces = csv_pieces(rejected, _layout(shown))
            while piece := await asyncio.to_thread(next, pieces, b""):
                yield piece

    async def open_xlsx(self, owner: str, dataset_id: UUID, version: int | None = None) -> AsyncIterator[bytes]:
        """Return the pieces of a workbook with all rejected rows; it is written before the first one."""
        shown = await self._get(owner, dataset_id, version)
        path = self._cache.scratch / f"rejected-{uuid4().hex}.xlsx"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            async with self._opened(shown) as rejected:
                await asyncio.to_thread(write_xlsx, rejected, _layout(shown), path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return _pieces(path)

    @asynccontextmanager
    async def _opened(self, shown: DatasetVersion) -> AsyncIterator[Rejected]:
        async with self._database.read() as session:
            sources = await queries.list_sources(session, shown.dataset_id, shown.number)
        files = [_written(each.source, shown) for each in sources] or [Written(delimiter_of(shown), _names(shown))]
        async with contextlib.AsyncExitStack() as stack:
            key = rejects_key_of(shown)
            path = None if key is None else await stack.enter_async_context(self._cache.open(key))
            yield Rejected(path, files)

    async def _get(self, owner: str, dataset_id: UUID, version: int | None) -> DatasetVersion:
        async with self._database.read() as session:
            _, shown = await queries.get(session, owner, dataset_id, version)
        return shown


def rejects_key_of(version: DatasetVersion) -> str | None:
    """Return where a version's rejected rows lie. An older Headway did not say, and put them beside the rows."""
    if version.rejects_key is not None or not version.rejected_rows:
        return version.rejects_key
    return f"{version.rows_key.rpartition('.')[0]}.rejects"


def delimiter_of(version: DatasetVersion) -> str | None:
    for decision in version.decisions:
        if decision["subject"] == "dialect" and isinstance(decision["value"], dict):
            return decision["value"].get("delimiter")
    return None


def _written(source: dict[str, Any], version: DatasetVersion) -> Written:
    """Return how a file is written; one that says nothing of it is the first one, whose decisions the version keeps."""
    if "names" not in source:
        return Written(delimiter_of(version), _names(version))
    return Written(source["delimiter"], source["names"])


def _names(version: DatasetVersion) -> list[str]:
    return [column["name"] for column in version.columns]


def _layout(version: DatasetVersion) -> CorrectionLayout:
    return CorrectionLayout.of(_names(version))


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    """Yield a file and remove it, however far that came."""
    try:
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield piece
    finally:
        path.unlink(missing_ok=True)
