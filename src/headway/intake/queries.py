"""Every statement on imports and reservations."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.intake.models import IdempotencyKey, Import, UploadReservation


async def used_bytes(session: AsyncSession, owner: str, now: datetime) -> int:
    """Return the room that an owner's accepted files take and running uploads have claimed."""
    stored = sa.select(sa.func.coalesce(sa.func.sum(Import.size_bytes), 0)).where(Import.user_id == owner)
    claimed = sa.select(sa.func.coalesce(sa.func.sum(UploadReservation.size_bytes), 0)).where(
        UploadReservation.user_id == owner, UploadReservation.expires_at > now
    )
    return int((await session.execute(stored)).scalar_one()) + int((await session.execute(claimed)).scalar_one())


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


async def release(session: AsyncSession, job_id: UUID) -> None:
    await session.execute(sa.delete(UploadReservation).where(UploadReservation.job_id == job_id))


async def insert_import(session: AsyncSession, record: Import) -> None:
    session.add(record)
    await session.flush()


async def get_import(session: AsyncSession, job_id: UUID) -> Import:
    """Return the import of a job; an engine delivers only jobs that were accepted, so there is one."""
    return (await session.execute(sa.select(Import).where(Import.job_id == job_id))).scalar_one()


async def delete_expired_reservations(session: AsyncSession, now: datetime) -> None:
    await session.execute(sa.delete(UploadReservation).where(UploadReservation.expires_at < now))


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


async def release_key(session: AsyncSession, job_id: UUID) -> None:
    """Free the key of an upload that failed, so that the client may repeat it."""
    await session.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.job_id == job_id))
