"""Every statement on imports and reservations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.intake.models import IS_RECEIVING, IdempotencyKey, Import, Upload, UploadPiece, UploadReservation
from headway.kit.tally import Tally, tally_rows
from headway.storage.store import Piece


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


async def lock_owner(session: AsyncSession, owner: str) -> None:
    """Let one transaction at a time decide by how much room an owner has; on SQLite each one is alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(owner, 0))))


async def reserve(session: AsyncSession, job_id: UUID, owner: str, size_bytes: int, expires_at: datetime) -> None:
    session.add(UploadReservation(job_id=job_id, user_id=owner, size_bytes=size_bytes, expires_at=expires_at))
    await session.flush()


async def promised_bytes(session: AsyncSession, now: datetime) -> int:
    """Return how many bytes, of all owners, were announced and have not arrived yet."""
    left = UploadReservation.size_bytes - UploadReservation.received_bytes
    statement = sa.select(sa.func.coalesce(sa.func.sum(left), 0)).where(UploadReservation.expires_at > now)
    return int((await session.execute(statement)).scalar_one())


async def prolong(session: AsyncSession, job_id: UUID, received_bytes: int, expires_at: datetime) -> None:
    """Keep a reservation alive, and let it grow with what has arrived where no length was declared."""
    size = UploadReservation.size_bytes
    grown = sa.case((size > received_bytes, size), else_=received_bytes)
    await session.execute(
        sa.update(UploadReservation)
        .where(UploadReservation.job_id == job_id)
        .values(size_bytes=grown, received_bytes=received_bytes, expires_at=expires_at)
    )


async def prolong_all(session: AsyncSession, job_ids: Collection[UUID], expires_at: datetime) -> None:
    """Keep the reservations of these jobs alive; those of resumable uploads last longer than that anyway."""
    await session.execute(
        sa.update(UploadReservation)
        .where(UploadReservation.job_id.in_(job_ids), UploadReservation.expires_at < expires_at)
        .values(expires_at=expires_at)
    )


async def release(session: AsyncSession, job_id: UUID) -> None:
    await session.execute(sa.delete(UploadReservation).where(UploadReservation.job_id == job_id))


async def count_open_uploads(session: AsyncSession, owner: str) -> int:
    """Return how many uploads of an owner have begun and not ended."""
    statement = sa.select(sa.func.count()).where(Upload.user_id == owner, IS_RECEIVING)
    return int((await session.execute(statement)).scalar_one())


async def find_upload(session: AsyncSession, owner: str, job_id: UUID) -> Upload | None:
    statement = sa.select(Upload).where(Upload.user_id == owner, Upload.job_id == job_id)
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def insert_upload(session: AsyncSession, upload: Upload) -> None:
    session.add(upload)
    await session.flush()


async def declare_length(session: AsyncSession, job_id: UUID, length_bytes: int) -> None:
    """Keep the length of an upload that was begun without one, and room for all of it."""
    reserved = sa.update(UploadReservation).where(UploadReservation.job_id == job_id)
    await session.execute(reserved.values(size_bytes=length_bytes))
    await session.execute(sa.update(Upload).where(Upload.job_id == job_id).values(length_bytes=length_bytes))


async def advance_upload(
    session: AsyncSession, job_id: UUID, before: int, after: int, expires_at: datetime, pieces: Sequence[Piece]
) -> bool:
    """Move the offset of an upload to where its bytes are durable by now, if it still stands where it stood."""
    stands = sa.and_(Upload.job_id == job_id, IS_RECEIVING, Upload.offset_bytes == before)
    moved = sa.update(Upload).where(stands).values(offset_bytes=after, expires_at=expires_at).returning(Upload.job_id)
    if (await session.execute(moved)).first() is None:
        return False
    if pieces:
        replaced = sa.and_(UploadPiece.job_id == job_id, UploadPiece.start_bytes >= pieces[0].start_bytes)
        await session.execute(sa.delete(UploadPiece).where(replaced))
        values = [
            {"start_bytes": each.start_bytes, "size_bytes": each.size_bytes, "name": each.name} for each in pieces
        ]
        await session.execute(sa.insert(UploadPiece), [{"job_id": job_id, **each} for each in values])
    return True


async def list_pieces(session: AsyncSession, job_id: UUID) -> list[Piece]:
    """Return the pieces of an upload in the order of its bytes."""
    columns = (UploadPiece.start_bytes, UploadPiece.size_bytes, UploadPiece.name)
    statement = sa.select(*columns).where(UploadPiece.job_id == job_id).order_by(UploadPiece.start_bytes)
    return [Piece(*row) for row in await session.execute(statement)]


async def list_receiving(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Upload]:
    """Return a page of the uploads, of all owners, that have not ended."""
    statement = sa.select(Upload).where(IS_RECEIVING).order_by(Upload.job_id).limit(limit)
    if after is not None:
        statement = statement.where(Upload.job_id > after)
    return (await session.execute(statement)).scalars().all()


async def find_original(session: AsyncSession, owner: str, sha256: str, size_bytes: int) -> str | None:
    """Return where an owner's newest file with this digest and size was stored."""
    same = sa.and_(Import.user_id == owner, Import.sha256 == sha256, Import.size_bytes == size_bytes)
    statement = sa.select(Import.original_key).where(same).order_by(Import.created_at.desc()).limit(1)
    return (await session.execute(statement)).scalar_one_or_none()


async def finish_upload(session: AsyncSession, job_id: UUID) -> None:
    """Say that the upload of a job became an import or a duplicate; most jobs have no resumable one."""
    await session.execute(sa.update(Upload).where(Upload.job_id == job_id).values(state="finished"))


async def free_upload(session: AsyncSession, job_id: UUID) -> None:
    """Give back the room and the key of an upload that has come to nothing, and say so to whoever asks for it."""
    await release(session, job_id)
    await release_key(session, job_id)
    await session.execute(
        sa.update(Upload).where(Upload.job_id == job_id, Upload.state == "receiving").values(state="ended")
    )


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
    """Delete an owner's imports, uploads, reservations and keys; return the objects that the imports named."""
    await session.execute(sa.delete(Upload).where(Upload.user_id == owner))
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


async def list_uploads_after(session: AsyncSession, job_id: UUID | None, limit: int) -> Sequence[Upload]:
    """Return a page of all uploads, by the ids of their jobs."""
    statement = sa.select(Upload).order_by(Upload.job_id).limit(limit)
    if job_id is not None:
        statement = statement.where(Upload.job_id > job_id)
    return (await session.execute(statement)).scalars().all()


async def list_receiving_among(session: AsyncSession, job_ids: Collection[UUID]) -> Sequence[UUID]:
    """Return those of these jobs whose uploads have not ended."""
    statement = sa.select(Upload.job_id).where(Upload.job_id.in_(job_ids), IS_RECEIVING)
    return (await session.execute(statement)).scalars().all()


async def forget_uploads(session: AsyncSession, job_ids: Collection[UUID], *, delete: bool) -> Tally:
    return await tally_rows(session, Upload.created_at, Upload.job_id.in_(job_ids), delete=delete)


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
