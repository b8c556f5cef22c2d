"""What tidying up needs to know of datasets. It acts for the system, for no owner."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets import queries
from headway.kit.db import Database


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """The objects that dataset versions name: their rows with the rejected ones, and the originals."""

    rows: frozenset[str]
    originals: frozenset[str]

    @classmethod
    def of(cls, found: Iterable[queries.Keys]) -> StoredKeys:
        keys = list(found)
        rows = frozenset(key for rows, rejects, _ in keys for key in (rows, rejects) if key is not None)
        return cls(rows, frozenset(original for _, _, original in keys if original is not None))


class DatasetUpkeep:
    """Datasets as left-overs see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keys_of(self, import_ids: Collection[UUID]) -> StoredKeys:
        """Return what the versions name that came from these imports."""
        async with self._database.read() as session:
            found = await queries.list_import_keys(session, import_ids)
        return StoredKeys.of(found)

    async def imports_in_use(self, import_ids: Collection[UUID]) -> set[UUID]:
        """Return those of these imports that a dataset came from."""
        async with self._database.read() as session:
            return set(await queries.list_used_imports(session, import_ids))

    async def naming(self, keys: Collection[str]) -> StoredKeys:
        """Return what the versions name that name one of these keys. Slow; for the few that are to be deleted."""
        async with self._database.read() as session:
            found = await queries.list_named(session, keys)
        return StoredKeys.of(found)


def select_imports_in_use() -> sa.CompoundSelect[UUID]:
    """Return the statement for the imports, of everybody, that a dataset came from."""
    return queries.select_all_imports_in_use()


async def datasets_by_owner(session: AsyncSession) -> dict[str, tuple[int, int]]:
    """Return how many datasets each owner has, and their bytes. Slow; for a measurement."""
    return {row[0]: (row[1], int(row[2])) for row in await queries.sum_by_owner(session)}


def cache_leftovers(cache_dir: Path) -> Iterator[Path]:
    """Yield half-fetched copies and what large sorts spill; those of a living process are among them."""
    yield from cache_dir.glob("*.part")
    yield from (path for path in (cache_dir / "scratch").rglob("*") if path.is_file())
