"""Every statement on datasets. Reads start from the owner."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.errors import DatasetNotFound, VersionNotFound
from headway.datasets.models import Dataset, DatasetVersion

Row = tuple[Dataset, DatasetVersion]
Keys = tuple[str, str | None, str]
"""Of the rows, of those that were rejected, and of the original."""


def _owned(owner: str, number: int | None = None) -> sa.Select[Dataset, DatasetVersion]:
    """Return the statement that every read starts from: an owner's datasets, each with its current version or another."""
    shown = Dataset.current_version if number is None else sa.literal(number)
    joined = sa.and_(DatasetVersion.dataset_id == Dataset.id, DatasetVersion.number == shown)
    return sa.select(Dataset, DatasetVersion).join(DatasetVersion, joined).where(Dataset.user_id == owner)


async def get(session: AsyncSession, owner: str, dataset_id: UUID, number: int | None = None) -> Row:
    """Return an owner's dataset with its current version or another one, or raise what is not found of the two."""
    row = (await session.execute(_owned(owner, number).where(Dataset.id == dataset_id))).one_or_none()
    if row is not None:
        return row[0], row[1]
    if number is None:
        raise DatasetNotFound
    await get(session, owner, dataset_id)
    raise VersionNotFound(f"There is no version {number:,}.", version=number)


async def lock(session: AsyncSession, owner: str, dataset_id: UUID) -> Dataset:
    """Return an owner's dataset, which nobody else changes before this transaction ends; or raise `DatasetNotFound`."""
    statement = sa.select(Dataset).where(Dataset.id == dataset_id, Dataset.user_id == owner).with_for_update()
    dataset = (await session.execute(statement)).scalar_one_or_none()
    if dataset is None:
        raise DatasetNotFound
    return dataset


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


async def list_keys(session: AsyncSession, dataset_id: UUID) -> set[str]:
    """Return the keys that the versions of a dataset name."""
    return await _keys(session, DatasetVersion.dataset_id == dataset_id)


async def delete(session: AsyncSession, owner: str, dataset_id: UUID) -> None:
    """Delete a dataset and, by its foreign key, its versions."""
    await session.execute(sa.delete(Dataset).where(Dataset.id == dataset_id, Dataset.user_id == owner))


async def delete_owned(session: AsyncSession, owner: str) -> tuple[int, set[str]]:
    """Delete all datasets of an owner; return how many there were, and the keys that their versions named."""
    owned = sa.select(Dataset.id).where(Dataset.user_id == owner)
    keys = await _keys(session, DatasetVersion.dataset_id.in_(owned))
    deleted = await session.execute(sa.delete(Dataset).where(Dataset.user_id == owner).returning(Dataset.id))
    return len(deleted.all()), keys


async def list_versions(session: AsyncSession, dataset_id: UUID) -> Sequence[DatasetVersion]:
    """Return every version of a dataset, the newest first."""
    statement = sa.select(DatasetVersion).where(DatasetVersion.dataset_id == dataset_id)
    return (await session.execute(statement.order_by(DatasetVersion.number.desc()))).scalars().all()


async def set_current(session: AsyncSession, dataset_id: UUID, number: int, now: datetime) -> None:
    changed = {"current_version": number, "updated_at": now}
    await session.execute(sa.update(Dataset).where(Dataset.id == dataset_id).values(changed))


async def delete_version(session: AsyncSession, version: DatasetVersion) -> set[str]:
    """Delete a version; return the keys that it named and that no other one names."""
    await session.delete(version)
    await session.flush()
    return await unused_of(session, _keys_in(version.rows_key, version.rejects_key, version.original_key))


async def unused_of(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Return those of these keys that no version names; the parts and versions of one file share its original."""
    named = await session.execute(
        sa.select(DatasetVersion.original_key).where(DatasetVersion.original_key.in_(keys)).distinct()
    )
    return set(keys) - set(named.scalars())


async def list_import_keys(session: AsyncSession, import_ids: Collection[UUID]) -> Sequence[Keys]:
    """Return the keys of every version that came from these imports, whoever owns them."""
    return await _key_rows(session, DatasetVersion.import_id.in_(import_ids))


async def list_used_imports(session: AsyncSession, import_ids: Collection[UUID]) -> Sequence[UUID]:
    """Return those of these imports that a version came from."""
    statement = sa.select(DatasetVersion.import_id).where(DatasetVersion.import_id.in_(import_ids)).distinct()
    return (await session.execute(statement)).scalars().all()


async def list_named(session: AsyncSession, keys: Collection[str]) -> Sequence[Keys]:
    """Return the keys of every version that names one of these. Reads the whole table."""
    columns = (DatasetVersion.rows_key, DatasetVersion.rejects_key, DatasetVersion.original_key)
    return await _key_rows(session, sa.or_(*(column.in_(keys) for column in columns)))


async def _keys(session: AsyncSession, where: sa.ColumnElement[bool]) -> set[str]:
    return {key for row in await _key_rows(session, where) for key in _keys_in(*row)}


def _keys_in(*keys: str | None) -> set[str]:
    return {key for key in keys if key is not None}


async def _key_rows(session: AsyncSession, where: sa.ColumnElement[bool]) -> list[Keys]:
    columns = (DatasetVersion.rows_key, DatasetVersion.rejects_key, DatasetVersion.original_key)
    return [(row[0], row[1], row[2]) for row in await session.execute(sa.select(*columns).where(where))]
