"""Every statement on the files of jobs. Reads for an owner start from `owned_by`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from headway.jobs.models import IS_ACTIVE, BackgroundJob, JobArtifact

IS_KEPT = JobArtifact.object_key.is_not(None)


def owned_by(owner: str) -> ColumnElement[bool]:
    """Return the condition that every read for an owner starts from."""
    return JobArtifact.user_id == owner


def reported_as(job_id: UUID, owner: str, engine: str, attempt: int) -> ColumnElement[bool]:
    """Return the condition that fences a program: its own live job, still in this attempt."""
    return sa.and_(
        BackgroundJob.id == job_id,
        BackgroundJob.user_id == owner,
        IS_ACTIVE,
        BackgroundJob.engine == engine,
        BackgroundJob.attempt == attempt,
    )


async def find_owner_and_type(session: AsyncSession, where: ColumnElement[bool]) -> sa.Row[str, str] | None:
    """Return whose the job that fits is, and of which type."""
    statement: sa.Select[str, str] = sa.select(BackgroundJob.user_id, BackgroundJob.job_type).where(where)
    return (await session.execute(statement)).one_or_none()


async def list_of_job(session: AsyncSession, owner: str, job_id: UUID) -> Sequence[JobArtifact]:
    """Return the files of an owner's job, those that were written first before the others."""
    statement = sa.select(JobArtifact).where(owned_by(owner), JobArtifact.job_id == job_id)
    return (await session.execute(statement.order_by(JobArtifact.created_at, JobArtifact.name))).scalars().all()


async def find(session: AsyncSession, owner: str, job_id: UUID, name: str) -> JobArtifact | None:
    statement = sa.select(JobArtifact).where(owned_by(owner), JobArtifact.job_id == job_id, JobArtifact.name == name)
    return (await session.execute(statement)).scalar_one_or_none()


async def count_of_job(session: AsyncSession, job_id: UUID) -> int:
    statement = sa.select(sa.func.count()).where(JobArtifact.job_id == job_id)
    return int((await session.execute(statement)).scalar_one())


async def replace(session: AsyncSession, artifact: JobArtifact) -> str | None:
    """Insert a file in the place of the one of that name; return the object that this one was in, if there is one."""
    same = sa.and_(JobArtifact.job_id == artifact.job_id, JobArtifact.name == artifact.name)
    removed = sa.delete(JobArtifact).where(same).returning(JobArtifact.object_key)
    replaced = (await session.execute(removed.execution_options(synchronize_session="fetch"))).scalar_one_or_none()
    session.add(artifact)
    await session.flush()
    return replaced


async def sum_bytes(session: AsyncSession, owner: str) -> int:
    """Return the room that an owner's files of jobs take."""
    statement = sa.select(sa.func.coalesce(sa.func.sum(JobArtifact.bytes), 0)).where(owned_by(owner), IS_KEPT)
    return int((await session.execute(statement)).scalar_one())


async def sum_by_owner(session: AsyncSession) -> Sequence[sa.Row[str, int]]:
    """Return the room that the files of jobs take, of each owner. Reads all of them."""
    statement: sa.Select[str, int] = (
        sa.select(JobArtifact.user_id, sa.func.sum(JobArtifact.bytes)).where(IS_KEPT).group_by(JobArtifact.user_id)
    )
    return (await session.execute(statement)).all()


async def list_expired(session: AsyncSession, now: datetime, limit: int) -> Sequence[JobArtifact]:
    """Return the files, of all owners, that are past their time and still in the store, oldest first."""
    statement = sa.select(JobArtifact).where(IS_KEPT, JobArtifact.expires_at <= now)
    return (await session.execute(statement.order_by(JobArtifact.expires_at).limit(limit))).scalars().all()


async def count_expired(session: AsyncSession, now: datetime) -> tuple[int, int, datetime | None]:
    """Return how many files of all owners are past their time, their bytes, and since when the oldest one is."""
    sums = (sa.func.count(), sa.func.coalesce(sa.func.sum(JobArtifact.bytes), 0), sa.func.min(JobArtifact.expires_at))
    count, size, oldest = (await session.execute(sa.select(*sums).where(IS_KEPT, JobArtifact.expires_at <= now))).one()
    return int(count), int(size), oldest


async def forget_objects(session: AsyncSession, artifacts: Collection[JobArtifact]) -> None:
    """Note that the objects of these files are no more: what they were stays known."""
    # By their jobs first, which an index leads to. By their objects too: a new one of the same name stays.
    jobs, keys = {each.job_id for each in artifacts}, [each.object_key for each in artifacts]
    named = sa.update(JobArtifact).where(JobArtifact.job_id.in_(jobs), JobArtifact.object_key.in_(keys))
    await session.execute(named.values(object_key=None).execution_options(synchronize_session=False))


async def list_keys_of(session: AsyncSession, job_ids: Collection[UUID]) -> Sequence[str]:
    """Return the objects that the files of these jobs are in."""
    statement = sa.select(JobArtifact.object_key).where(JobArtifact.job_id.in_(job_ids), IS_KEPT)
    return [key for key in (await session.execute(statement)).scalars() if key is not None]


async def list_keys_after(
    session: AsyncSession, after: tuple[UUID, str] | None, limit: int
) -> Sequence[sa.Row[UUID, str, str | None]]:
    """Return a page of job, name and object of all files, by job and name; the last one is empty."""
    statement: sa.Select[UUID, str, str | None] = sa.select(
        JobArtifact.job_id, JobArtifact.name, JobArtifact.object_key
    )
    if after is not None:
        last = (sa.literal(after[0], sa.Uuid), sa.literal(after[1], sa.Text))
        statement = statement.where(sa.tuple_(JobArtifact.job_id, JobArtifact.name) > sa.tuple_(*last))
    statement = statement.order_by(JobArtifact.job_id, JobArtifact.name).limit(limit)
    return (await session.execute(statement)).all()
