"""`DatasetService`: publishing, listing and reading datasets, each for its owner only."""

from __future__ import annotations

import asyncio
import os
import unicodedata
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets import queries
from headway.datasets.answers import columns_of, to_profile, to_response
from headway.datasets.cache import RowsCache
from headway.datasets.changes import DatasetChanges, Source, digest_of, rows_of
from headway.datasets.columns import Column
from headway.datasets.decisions import asked_for, explained
from headway.datasets.filters import RowsQuestion
from headway.datasets.models import Dataset, DatasetVersion
from headway.datasets.objects import DatasetObjects
from headway.datasets.reader import RowsPage, RowsReader
from headway.datasets.schemas import DatasetResponse, DecisionsResponse, ProfileResponse
from headway.datasets.versions import DatasetVersions
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.pagination import Page, decode_cursor, encode_cursor
from headway.storage.store import ObjectStore

READS_AT_ONCE = 2 * (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class PublishRequest:
    """One table of one import, whose rows are already durable under `rows_key`."""

    owner: str
    import_id: UUID
    part: int
    job_id: UUID
    name: str
    rows: int
    rejected_rows: int
    bytes: int
    rows_key: str
    original_key: str
    source: dict[str, Any]
    columns: list[Column]
    decisions: list[dict[str, Any]]
    rejects_key: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    profile: list[dict[str, Any]] | None = None
    sources: list[Source] = field(default_factory=list)
    """What it was made from, if that is more than the file that it names."""


@dataclass(frozen=True, slots=True)
class StoredRows:
    """The rows of one version, as they lie in the store under `key`."""

    key: str
    rows: int
    columns: list[Column]


class DatasetService:
    """Datasets of all owners; every method but `publish` acts for one."""

    def __init__(
        self, database: Database, store: ObjectStore, clock: Clock, cache: RowsCache, *, keep_versions: int = 30
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._cache = cache
        self._objects = DatasetObjects(store, cache)
        self.changes = DatasetChanges(database, clock, self._objects, keep=keep_versions)
        self.versions = DatasetVersions(database, clock, self._objects, keep=keep_versions)
        self._reader = RowsReader(cache.directories, cache.scratch)
        self._reading = asyncio.Semaphore(READS_AT_ONCE)

    async def publish(self, session: AsyncSession, request: PublishRequest) -> UUID:
        """Create the dataset of an import's part, or return the one that an earlier attempt created."""
        existing = await queries.find_by_import(session, request.import_id, request.part)
        if existing is not None:
            return existing
        now = self._clock.now()
        dataset = Dataset(
            id=uuid4(),
            user_id=request.owner,
            name=clean_name(request.name),
            current_version=1,
            created_at=now,
            updated_at=now,
        )
        version = DatasetVersion(
            dataset_id=dataset.id,
            number=1,
            import_id=request.import_id,
            part=request.part,
            job_id=request.job_id,
            rows=request.rows,
            rejected_rows=request.rejected_rows,
            bytes=request.bytes,
            rows_key=request.rows_key,
            rejects_key=request.rejects_key,
            original_key=request.original_key,
            sha256=digest_of(request.sources) if request.sources else request.source["sha256"],
            source=request.source,
            columns=[column.to_json() for column in request.columns],
            decisions=request.decisions,
            action=request.sources[-1].action if request.sources else "import",
            options=None if len(request.sources) > 1 else request.options,
            profile=request.profile,
            created_at=now,
        )
        await queries.insert(session, dataset, version)
        session.add_all(rows_of(request.sources, dataset.id, 1))
        await session.flush()
        return dataset.id

    async def hold(self, session: AsyncSession, owner: str, dataset_id: UUID) -> None:
        """Keep a dataset from being changed or deleted before the transaction ends. Raises `DatasetNotFound`."""
        await queries.lock(session, owner, dataset_id)

    def select_imports_in_use(self, owner: str) -> sa.CompoundSelect[UUID]:
        """Return the statement for the imports whose files an owner's datasets need; for use inside another one."""
        return queries.select_imports_in_use(owner)

    async def history_bytes(self, session: AsyncSession, owner: str) -> int:
        """Return the room that an owner's earlier versions and waiting changes take."""
        return await queries.history_bytes(session, owner)

    async def find_by_digest(
        self, session: AsyncSession, owner: str, sha256: str, is_alike: queries.IsAlike
    ) -> UUID | None:
        """Return the owner's newest dataset made from a file with this digest and by such options, if there is one."""
        return await queries.find_by_digest(session, owner, sha256, is_alike)

    async def list_datasets(
        self, owner: str, *, limit: int, cursor: str | None, q: str | None = None
    ) -> Page[DatasetResponse]:
        """Return one page of an owner's datasets, newest first."""
        after = decode_cursor(cursor) if cursor else None
        async with self._database.read() as session:
            found = await queries.list_page(session, owner, limit=limit, after=after, name_contains=q)
        page = found[:limit]
        more = encode_cursor(page[-1][0].created_at, page[-1][0].id) if len(found) > limit else None
        return Page[DatasetResponse](items=[to_response(*row) for row in page], next_cursor=more)

    async def get_dataset(self, owner: str, dataset_id: UUID, version: int | None = None) -> DatasetResponse:
        """Return a dataset as its current version shows it, or as another one does."""
        return to_response(*await self._get(owner, dataset_id, version))

    async def get_columns(self, owner: str, dataset_id: UUID, version: int | None = None) -> list[Column]:
        _, shown = await self._get(owner, dataset_id, version)
        return columns_of(shown)

    async def get_stored(self, owner: str, dataset_id: UUID, version: int) -> StoredRows:
        """Return where the rows of a version are, for whoever reads all of them."""
        _, shown = await self._get(owner, dataset_id, version)
        return StoredRows(shown.rows_key, shown.rows, columns_of(shown))

    @asynccontextmanager
    async def open_rows(self, owner: str, dataset_id: UUID, version: int) -> AsyncIterator[Path]:
        """Lend the rows file of a version, on this machine."""
        stored = await self.get_stored(owner, dataset_id, version)
        async with self._cache.open(stored.key) as path:
            yield path

    async def list_decisions(self, owner: str, dataset_id: UUID, version: int | None = None) -> DecisionsResponse:
        async with self._database.read() as session:
            _, shown = await queries.get(session, owner, dataset_id, version)
            sources = await queries.list_sources(session, dataset_id, shown.number)
        options = asked_for(sources[0].options) if sources else {}
        return DecisionsResponse(items=[explained(decision) for decision in shown.decisions], options=options)

    async def get_profile(self, owner: str, dataset_id: UUID, version: int | None = None) -> ProfileResponse:
        """Return what the columns hold."""
        async with self._database.read() as session:
            shown, profile = await queries.get_profile(session, owner, dataset_id, version)
        return to_profile(shown, profile)

    async def rename(self, owner: str, dataset_id: UUID, name: str) -> DatasetResponse:
        async with self._database.write() as session:
            await queries.get(session, owner, dataset_id)
            await queries.rename(session, owner, dataset_id, clean_name(name), self._clock.now())
        return await self.get_dataset(owner, dataset_id)

    async def delete(self, owner: str, dataset_id: UUID) -> None:
        """Delete a dataset; its objects go once nothing refers to them any more."""
        async with self._database.write() as session:
            await queries.lock(session, owner, dataset_id)
            keys = await queries.list_keys(session, dataset_id)
            await queries.delete(session, owner, dataset_id)
            unused = await queries.unused_of(session, keys)
        await self._objects.discard(unused)

    async def erase_owner_in(self, session: AsyncSession, owner: str) -> tuple[int, set[str]]:
        """Delete every dataset of an owner; return how many there were, and the objects to `discard` after that."""
        return await queries.delete_owned(session, owner)

    async def discard(self, keys: Collection[str]) -> int:
        """Delete objects that no row names any more, and this machine's copies; return how many could not be."""
        return await self._objects.discard(keys)

    async def read_rows(
        self, owner: str, dataset_id: UUID, question: RowsQuestion, version: int | None = None
    ) -> RowsPage:
        """Return one page of rows."""
        _, shown = await self._get(owner, dataset_id, version)
        async with self._cache.open(shown.rows_key) as path, self._reading:
            return await asyncio.to_thread(self._reader.read, path, question)

    async def open_original(
        self, owner: str, dataset_id: UUID, version: int | None = None
    ) -> tuple[str, int, AsyncIterator[bytes]]:
        """Return the uploaded file's name, its size in bytes, and its bytes as they came."""
        _, shown = await self._get(owner, dataset_id, version)
        size = (await self._store.stat(shown.original_key)).size_bytes
        return shown.source["file_name"], size, self._store.read(shown.original_key)

    async def _get(self, owner: str, dataset_id: UUID, version: int | None = None) -> queries.Row:
        async with self._database.read() as session:
            return await queries.get(session, owner, dataset_id, version)


def clean_name(name: str) -> str:
    """Return a name fit for showing: composed, without control and direction characters, at most 255 long."""
    visible = (c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
    return "".join(visible).strip()[:255] or "unnamed"
