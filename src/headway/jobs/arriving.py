"""Conditions and statements on jobs whose bytes are still arriving."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from headway.jobs.models import IS_ACTIVE, BackgroundJob
from headway.jobs.states import UPLOAD_STAGE


def uploading(job_id: UUID) -> ColumnElement[bool]:
    """Return the condition that the bytes of a job have not arrived whole."""
    return sa.and_(BackgroundJob.id == job_id, IS_ACTIVE, BackgroundJob.stage == UPLOAD_STAGE)


def resumable(job_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a job is an upload that anybody may go on with."""
    may_go_on = sa.and_(BackgroundJob.resumable_until.is_not(None), BackgroundJob.cancel_requested_at.is_(None))
    return sa.and_(uploading(job_id), may_go_on)


async def list_holders(session: AsyncSession, job_ids: Collection[UUID]) -> dict[UUID, str | None]:
    statement = sa.select(BackgroundJob.id, BackgroundJob.lease_owner).where(BackgroundJob.id.in_(job_ids), IS_ACTIVE)
    return {row[0]: row[1] for row in await session.execute(statement)}


async def list_resumable(session: AsyncSession) -> Sequence[BackgroundJob]:
    """Return the live uploads, held or paused, that could be gone on with."""
    resumable_until = BackgroundJob.resumable_until.is_not(None)
    statement = sa.select(BackgroundJob).where(IS_ACTIVE, BackgroundJob.stage == UPLOAD_STAGE, resumable_until)
    return (await session.execute(statement)).scalars().all()
