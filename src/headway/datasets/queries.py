"""Every statement on datasets. Reads start from the owner."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.errors import DatasetNotFound, VersionNotFound
from headway.datasets.models import Dataset, DatasetChange, DatasetSource, DatasetVersion
from headway.kit.pagination import Position, behind

Row = tuple[Dataset, DatasetVersion]
Keys = tuple[str | None, str | None, str | None]
"""Of the rows, of those that were rejected, and of the original; None for what there is not."""

IsAlike = Callable[[dict[str, Any]], bool]
"""Says whether a file that was read by these options shows what is asked for."""

MOST_ALIKE = 1_000
"""So many datasets of one file are compared, the newest first; beyond them the file becomes one dataset more."""

PROPOSED = "proposed"
"""State of a change that needs its file and its candidate: before it its job does, and after it a version or nobody."""


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
    session: AsyncSession, owner: str, *, limit: int, after: Position | None, name_contains: str | None
) -> Sequence[Row]:
    """Return one page by keyset, newest first, one row more than `limit` if there are more."""
    statement = _owned(owner)
    if name_contains:
        statement = statement.where(sa.func.lower(Dataset.name).contains(name_contains.lower(), autoescape=True))
    statement = statement.where(*behind(Dataset.created_at, Dataset.id, after))
    statement = statement.order_by(Dataset.created_at.desc(), Dataset.id.desc()).limit(limit + 1)
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def get_profile(
    session: AsyncSession, owner: str, dataset_id: UUID, number: int | None = None
) -> tuple[DatasetVersion, list[dict[str, Any]] | None]:
    """Return a version of an owner's dataset and what is known of its columns, or raise what is not found."""
    _, version = await get(session, owner, dataset_id, number)
    named = (DatasetVersion.dataset_id == dataset_id, DatasetVersion.number == version.number)
    return version, (await session.execute(sa.select(DatasetVersion.profile).where(*named))).scalar_one()


async def find_by_digest(session: AsyncSession, owner: str, sha256: str, is_alike: IsAlike) -> UUID | None:
    """Return an owner's newest dataset that shows what is in a file with this digest, read alike, and nothing else."""
    shown = sa.and_(DatasetVersion.dataset_id == Dataset.id, DatasetVersion.number == Dataset.current_version)
    statement = (
        sa.select(Dataset.id, DatasetVersion.options)
        .join(DatasetVersion, shown)
        .where(Dataset.user_id == owner, DatasetVersion.sha256 == sha256)
        .order_by(Dataset.created_at.desc(), DatasetVersion.part)
        .limit(MOST_ALIKE)
    )
    found = await session.execute(statement)
    return next((dataset_id for dataset_id, options in found if is_alike(options or {})), None)


def select_all_imports_in_use() -> sa.CompoundSelect[UUID]:
    """Return the imports that versions and pending changes of anybody came from."""
    return sa.union(*(sa.select(named).where(needed) for named, _dataset_id, needed in _IMPORTS))


async def sum_by_owner(session: AsyncSession) -> Sequence[sa.Row[str, int, int]]:
    """Return of each owner the number of datasets and the bytes of all their versions. Reads every version."""
    statement: sa.Select[str, int, int] = (
        sa.select(Dataset.user_id, sa.func.count(sa.distinct(Dataset.id)), sa.func.sum(DatasetVersion.bytes))
        .join(DatasetVersion, DatasetVersion.dataset_id == Dataset.id)
        .group_by(Dataset.user_id)
    )
    return (await session.execute(statement)).all()


def select_imports_in_use(owner: str) -> sa.CompoundSelect[UUID]:
    """Return the imports that an owner's versions and pending changes came from."""
    return sa.union(
        *(
            sa.select(named).join(Dataset, Dataset.id == dataset_id).where(Dataset.user_id == owner, needed)
            for named, dataset_id, needed in _IMPORTS
        )
    )


_IMPORTS: tuple[tuple[Any, Any, Any], ...] = (
    (DatasetVersion.import_id, DatasetVersion.dataset_id, sa.true()),
    (DatasetSource.import_id, DatasetSource.dataset_id, sa.true()),
    (DatasetChange.import_id, DatasetChange.dataset_id, DatasetChange.state == PROPOSED),
)
"""Every column that names an import, the dataset that it is of, and when the import is needed for that."""


async def history_bytes(session: AsyncSession, owner: str) -> int:
    """Return the room of an owner's versions that are not shown, and of changes that wait."""
    earlier = sa.select(sa.func.coalesce(sa.func.sum(DatasetVersion.bytes), 0)).join(
        Dataset, sa.and_(Dataset.id == DatasetVersion.dataset_id, Dataset.current_version != DatasetVersion.number)
    )
    waiting = sa.select(sa.func.coalesce(sa.func.sum(DatasetChange.bytes), 0)).join(
        Dataset, Dataset.id == DatasetChange.dataset_id
    )
    waiting = waiting.where(DatasetChange.rows_key.is_not(None))
    found = [await session.scalar(each.where(Dataset.user_id == owner)) for each in (earlier, waiting)]
    return sum(int(count or 0) for count in found)


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


async def delete(session: AsyncSession, owner: str, dataset_id: UUID) -> None:
    """Delete a dataset and, by its foreign key, its versions."""
    await session.execute(sa.delete(Dataset).where(Dataset.id == dataset_id, Dataset.user_id == owner))


async def delete_owned(session: AsyncSession, owner: str) -> tuple[int, set[str]]:
    """Delete all datasets of an owner; return how many there were, and the keys that their versions named."""
    owned = sa.select(Dataset.id).where(Dataset.user_id == owner)
    keys = _all_of(
        await _key_rows(
            session,
            *(table.dataset_id.in_(owned) for table in (DatasetVersion, DatasetSource, DatasetChange)),
        )
    )
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
    """Delete a version; return the keys that it named and that nothing else names."""
    named = await list_keys(session, version.dataset_id, version.number)
    await session.delete(version)
    await session.flush()
    return await unused_of(session, named)


async def list_sources(session: AsyncSession, dataset_id: UUID, number: int) -> Sequence[DatasetSource]:
    statement = sa.select(DatasetSource).where(DatasetSource.dataset_id == dataset_id, DatasetSource.version == number)
    return (await session.execute(statement.order_by(DatasetSource.position))).scalars().all()


async def list_changes(session: AsyncSession, dataset_id: UUID, limit: int) -> Sequence[DatasetChange]:
    """Return the newest changes of a dataset."""
    statement = sa.select(DatasetChange).where(DatasetChange.dataset_id == dataset_id)
    statement = statement.order_by(DatasetChange.created_at.desc(), DatasetChange.job_id).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def list_expired_changes(session: AsyncSession, now: datetime) -> Sequence[DatasetChange]:
    """Return the proposals whose time is over, nobody else changing them before this transaction ends."""
    statement = sa.select(DatasetChange).where(DatasetChange.state == PROPOSED, DatasetChange.expires_at <= now)
    return (await session.execute(statement.with_for_update(skip_locked=True))).scalars().all()


# -------------------------------------------------------------------------------------------------- objects


async def list_keys(session: AsyncSession, dataset_id: UUID, number: int | None = None) -> set[str]:
    """Return the keys that a dataset names, or one version of it."""
    versions, sources = DatasetVersion.dataset_id == dataset_id, DatasetSource.dataset_id == dataset_id
    changes: sa.ColumnElement[bool] = DatasetChange.dataset_id == dataset_id
    if number is not None:
        versions &= DatasetVersion.number == number
        sources &= DatasetSource.version == number
        changes = sa.false()
    return _all_of(await _key_rows(session, versions, sources, changes))


async def unused_of(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Return those of these keys that nothing names; the parts and versions of one file share its original."""
    return set(keys) - _all_of(await list_named(session, keys)) if keys else set()


async def list_import_keys(session: AsyncSession, import_ids: Collection[UUID]) -> Sequence[Keys]:
    """Return the keys of everything that came from these imports, whoever owns it."""
    return await _key_rows(
        session, *(table.import_id.in_(import_ids) for table in (DatasetVersion, DatasetSource, DatasetChange))
    )


async def list_used_imports(session: AsyncSession, import_ids: Collection[UUID]) -> Sequence[UUID]:
    """Return those of these imports that something came from."""
    statement = sa.union(*(sa.select(named).where(named.in_(import_ids), needed) for named, _, needed in _IMPORTS))
    return (await session.execute(statement)).scalars().all()


async def list_named(session: AsyncSession, keys: Collection[str]) -> Sequence[Keys]:
    """Return the keys of everything that names one of these. Reads whole tables."""
    return await _key_rows(
        session,
        sa.or_(
            *(
                column.in_(keys)
                for column in (DatasetVersion.rows_key, DatasetVersion.rejects_key, DatasetVersion.original_key)
            )
        ),
        DatasetSource.original_key.in_(keys),
        sa.or_(
            *(
                column.in_(keys)
                for column in (DatasetChange.rows_key, DatasetChange.rejects_key, DatasetChange.original_key)
            )
        ),
    )


async def _key_rows(
    session: AsyncSession,
    versions: sa.ColumnElement[bool],
    sources: sa.ColumnElement[bool],
    changes: sa.ColumnElement[bool],
) -> list[Keys]:
    nothing = sa.null()
    statements: tuple[sa.Select[Any, Any, Any], ...] = (
        sa.select(DatasetVersion.rows_key, DatasetVersion.rejects_key, DatasetVersion.original_key).where(versions),
        sa.select(nothing, nothing, DatasetSource.original_key).where(sources),
        sa.select(DatasetChange.rows_key, DatasetChange.rejects_key, DatasetChange.original_key).where(changes),
    )
    return [(row[0], row[1], row[2]) for each in statements for row in await session.execute(each)]


def _all_of(found: Iterable[Keys]) -> set[str]:
    return {key for keys in found for key in keys if key is not None}
