"""Every statement on datasets. Reads start from the owner."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.models import Dataset, DatasetVersion

Row = tuple[Dataset, DatasetVersion]


def _owned(owner: str) -> sa.Select[Dataset, DatasetVersion]:
    """Return the statement that every read starts from: an owner's datasets, each with its current version."""
    return (
        sa.select(Dataset, DatasetVersion)
        .join(
            DatasetVersion,
            sa.and_(DatasetVersion.dataset_id == Dataset.id, DatasetVersion.number == Dataset.current_version),
        )
        .where(Dataset.user_id == owner)
    )


async def find(session: AsyncSession, owner: str, dataset_id: UUID) -> Row | None:
    row = (await session.execute(_owned(owner).where(Dataset.id == dataset_id))).one_or_none()
    return None if row is None else (row[0], row[1])


async def list_page(
    session: AsyncSession, owner: str, *, limit: int, after: tuple[datetime, UUID] | None, name_contains: str | None
) -> Sequence[Row]:
    """Return one page by keyset, newest first, one row more than `limit` if there are more."""
    statement = _owned(owner)
    if name_contains:
        statement = statement.where(sa.func.lower(Dataset.name).contains(name_contains.lower(), autoescape=True))
    if after is not None:
        created_at, dataset_id = after
        statement = statement.where(
            Dataset.created_at <= created_at,
            sa.or_(Dataset.created_at < created_at, Dataset.id < dataset_id),
        )
    statement = statement.order_by(Dataset.created_at.desc(), Dataset.id.desc()).limit(limit + 1)
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def find_by_digest(session: AsyncSession, owner: str, sha256: str) -> UUID | None:
    """Return an owner's newest dataset that was made from a file with this digest."""
    statement = (
        sa.select(Dataset.id)
        .join(DatasetVersion, DatasetVersion.dataset_id == Dataset.id)
        .where(Dataset.user_id == owner, DatasetVersion.sha256 == sha256)
        .order_by(Dataset.created_at.desc(), DatasetVersion.part)
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


def select_imports_in_use(owner: str) -> sa.Select[UUID]:
    return (
        sa.select(DatasetVersion.import_id)
        .join(Dataset, Dataset.id == DatasetVersion.dataset_id)
        .where(Dataset.user_id == owner)
    )


async def find_by_import(session: AsyncSession, import_id: UUID, part: int) -> UUID | None:
    statement = sa.select(DatasetVersion.dataset_id).where(
        DatasetVersion.import_id == import_id, DatasetVersion.part == part
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def insert(session: AsyncSession, dataset: Dataset, version: DatasetVersion) -> None:
    session.add(dataset)
    await session.flush()
    session.add(version)
    await session.flush()


async def rename(session: AsyncSession, owner: str, dataset_id: UUID, name: str, now: datetime) -> None:
    await session.execute(
        sa.update(Dataset).where(Dataset.id == dataset_id, Dataset.user_id == owner).values(name=name, updated_at=now)
    )


async def list_keys(session: AsyncSession, dataset_id: UUID) -> Sequence[tuple[str, str]]:
    """Return the (rows, original) keys of every version of a dataset."""
    statement = sa.select(DatasetVersion.rows_key, DatasetVersion.original_key).where(
        DatasetVersion.dataset_id == dataset_id
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def delete(session: AsyncSession, owner: str, dataset_id: UUID) -> None:
    """Delete a dataset and, by its foreign key, its versions."""
    await session.execute(sa.delete(Dataset).where(Dataset.id == dataset_id, Dataset.user_id == owner))


async def delete_owned(session: AsyncSession, owner: str) -> tuple[int, set[str]]:
    """Delete all datasets of an owner; return how many there were, and the keys that their versions named."""
    owned = sa.select(Dataset.id).where(Dataset.user_id == owner)
    named = sa.select(DatasetVersion.rows_key, DatasetVersion.original_key)
    keys = {key for row in await session.execute(named.where(DatasetVersion.dataset_id.in_(owned))) for key in row}
    deleted = await session.execute(sa.delete(Dataset).where(Dataset.user_id == owner).returning(Dataset.id))
    return len(deleted.all()), keys


async def is_original_used(session: AsyncSession, original_key: str) -> bool:
    """Return whether any dataset still comes from this original; the parts of one file share it."""
    statement = sa.select(DatasetVersion.dataset_id).where(DatasetVersion.original_key == original_key).limit(1)
    return (await session.execute(statement)).first() is not None


async def list_import_keys(session: AsyncSession, import_ids: Collection[UUID]) -> Sequence[tuple[str, str]]:
    """Return the (rows, original) keys of every version that came from these imports, whoever owns them."""
    statement = sa.select(DatasetVersion.rows_key, DatasetVersion.original_key).where(
        DatasetVersion.import_id.in_(import_ids)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def list_used_imports(session: AsyncSession, import_ids: Collection[UUID]) -> Sequence[UUID]:
    """Return those of these imports that a version came from."""
    statement = sa.select(DatasetVersion.import_id).where(DatasetVersion.import_id.in_(import_ids)).distinct()
    return (await session.execute(statement)).scalars().all()


async def list_named(session: AsyncSession, keys: Collection[str]) -> Sequence[tuple[str, str]]:
    """Return the (rows, original) keys of every version that names one of these keys. Reads the whole table."""
    statement = sa.select(DatasetVersion.rows_key, DatasetVersion.original_key).where(
        sa.or_(DatasetVersion.rows_key.in_(keys), DatasetVersion.original_key.in_(keys))
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]
