"""Every statement on imports and reservations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.intake.models import IdempotencyKey, Import, UploadReservation
from headway.kit.tally import Tally, tally_rows


async def used_bytes(
    session: AsyncSession, owner: str, now: datetime, in_use: sa.CompoundSelect[UUID], unfinished: sa.Select[UUID]
) -> int:
    """Return the room that an owner's files take and running uploads have claimed.

    A file counts while a dataset needs it (`in_use`, imports) or its job may still run (`unfinished`, jobs).
    """
    stored = sa.select(sa.func.coalesce(sa.func.sum(Import.size_bytes), 0)).where(
        Import.user_id == owner, sa.or_(Import.id.in_(in_use), Import.job_id.in_(unfinished))
    )
    claimed = sa.select(sa.func.coalesce(sa.func.sum(UploadReservation.size_bytes), 0)).where(
        UploadReservation.user_id == owner, UploadReservation.expires_at > now
    )
    return int((await session.execute(stored)).scalar_one()) + int((await session.execute(claimed)).scalar_one())


async def sum_by_owner(
    session: AsyncSession, in_use: sa.CompoundSelect[UUID], unfinished: sa.Select[UUID]
) -> Sequence[sa.Row[str, int, int]]:
    """Return of each owner the number and the bytes of the files that count, as in `used_bytes`. Reads every import."""
    statement: sa.Select[str, int, int] = (
        sa.select(Import.user_id, sa.func.count(), sa.func.sum(Import.size_bytes))
        .where(sa.or_(Import.id.in_(in_use), Import.job_id.in_(unfinished)))
        .group_by(Import.user_id)
    )
    return (await session.execute(statement)).all()


async def reserve(session: AsyncSession, job_id: UUID, owner: str, size_bytes: int, expires_at: datetime) -> None:
    session.add(UploadReservation(job_id=job_id, user_id=owner, size_bytes=size_bytes, expires_at=expires_at))
    await session.flush()


async def prolong(session: AsyncSession, job_id: UUID, size_bytes: int, expires_at: datetime) -> None:
    """Keep a reservation alive, and let it grow with what has arrived where no length was declared."""
    grown = sa.case((UploadReservation.size_bytes > size_bytes, UploadReservation.size_bytes), else_=size_bytes)
    await session.execute(
        sa.update(UploadReservation)
        .where(UploadReservation.job_id == job_id)
        .values(size_bytes=grown, expires_at=expires_at)
    )


async def prolong_all(session: AsyncSession, job_ids: Collection[UUID], expires_at: datetime) -> None:
    """Keep the reservations of these jobs alive."""
    await session.execute(
        sa.update(UploadReservation).where(UploadReservation.job_id.in_(job_ids)).values(expires_at=expires_at)
    )


async def release(session: AsyncSession, job_id: UUID) -> None:
    await session.execute(sa.delete(UploadReservation).where(UploadReservation.job_id == job_id))


async def insert_import(session: AsyncSession, record: Import) -> None:
    session.add(record)
    await session.flush()


async def get_import(session: AsyncSession, job_id: UUID) -> Import:
    """Return the import of a job; an engine delivers only jobs that were accepted, so there is one."""
    return (await session.execute(sa.select(Import).where(Import.job_id == job_id))).scalar_one()


async def find_import(session: AsyncSession, job_id: UUID) -> Import | None:
    return (await session.execute(sa.select(Import).where(Import.job_id == job_id))).scalar_one_or_none()


async def find_key(session: AsyncSession, owner: str, key: str) -> IdempotencyKey | None:
    statement = sa.select(IdempotencyKey).where(IdempotencyKey.user_id == owner, IdempotencyKey.key == key)
    return (await session.execute(statement)).scalar_one_or_none()


async def insert_key(session: AsyncSession, owner: str, key: str, job_id: UUID, now: datetime) -> None:
    session.add(IdempotencyKey(user_id=owner, key=key, job_id=job_id, fingerprint=None, created_at=now))
    await session.flush()


async def answer_key(session: AsyncSession, job_id: UUID, fingerprint: str) -> None:
    """Keep what the request with this key carried, in the transaction that accepts it."""
    await session.execute(
        sa.update(IdempotencyKey).where(IdempotencyKey.job_id == job_id).values(fingerprint=fingerprint)
    )


async def delete_owned(session: AsyncSession, owner: str) -> set[str]:
    """Delete an owner's imports, reservations and keys; return the objects that the imports named."""
    await session.execute(sa.delete(UploadReservation).where(UploadReservation.user_id == owner))
    await session.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.user_id == owner))
    deleted = await session.execute(sa.delete(Import).where(Import.user_id == owner).returning(Import.original_key))
    return set(deleted.scalars())


async def release_key(session: AsyncSession, job_id: UUID) -> None:
    """Free the key of an upload that failed, so that the client may repeat it."""
    await session.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.job_id == job_id))


async def list_imports(session: AsyncSession, job_ids: Collection[UUID]) -> Sequence[Import]:
    """Return the imports of these jobs, whoever owns them."""
    return (await session.execute(sa.select(Import).where(Import.job_id.in_(job_ids)))).scalars().all()


async def list_imports_after(session: AsyncSession, job_id: UUID | None, limit: int) -> Sequence[Import]:
    """Return a page of all imports, by the ids of their jobs."""
    statement = sa.select(Import).order_by(Import.job_id).limit(limit)
    if job_id is not None:
        statement = statement.where(Import.job_id > job_id)
    return (await session.execute(statement)).scalars().all()


async def forget_imports(session: AsyncSession, import_ids: Collection[UUID], *, delete: bool) -> Tally:
    return await tally_rows(session, Import.created_at, Import.id.in_(import_ids), delete=delete)


async def list_expired_reservations(session: AsyncSession, now: datetime, limit: int) -> Sequence[UploadReservation]:
    statement = sa.select(UploadReservation).where(UploadReservation.expires_at < now)
    statement = statement.order_by(UploadReservation.expires_at).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def list_keys_before(
    session: AsyncSession, unanswered: datetime, answered: datetime, limit: int
) -> Sequence[IdempotencyKey]:
    """Return a page of the oldest keys: those without an answer from before one moment, and all from before another."""
    old = sa.or_(
        sa.and_(IdempotencyKey.fingerprint.is_(None), IdempotencyKey.created_at < unanswered),
        IdempotencyKey.created_at < answered,
    )
    statement = sa.select(IdempotencyKey).where(old).order_by(IdempotencyKey.created_at).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def forget_reservations(session: AsyncSession, job_ids: Collection[UUID], *, delete: bool) -> Tally:
    these = UploadReservation.job_id.in_(job_ids)
    return await tally_rows(session, UploadReservation.expires_at, these, delete=delete)


async def forget_keys(session: AsyncSession, job_ids: Collection[UUID], *, delete: bool) -> Tally:
    return await tally_rows(session, IdempotencyKey.created_at, IdempotencyKey.job_id.in_(job_ids), delete=delete)
