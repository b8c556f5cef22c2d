"""What is asked of the tables to tell where a waiting job stands. All of it reads live jobs only, never the history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from headway.jobs.models import IS_ACTIVE, BackgroundJob, JobDuration
from headway.jobs.transitions import EXTERNAL

IS_BULK = sa.func.coalesce(BackgroundJob.queue, "imports") == "bulk"
WAITS_SINCE = sa.func.coalesce(BackgroundJob.queued_at, BackgroundJob.updated_at)


def _accepted() -> ColumnElement[bool]:
    return sa.and_(IS_ACTIVE, BackgroundJob.engine != EXTERNAL, BackgroundJob.delivery > 0)


def _in_line(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an accepted job waits for a place; one that waits for its next attempt has a place."""
    return sa.and_(
        BackgroundJob.status == "pending",
        BackgroundJob.lease_owner.is_(None),
        sa.or_(BackgroundJob.scheduled_for.is_(None), BackgroundJob.scheduled_for <= now),
    )


async def list_lines(
    session: AsyncSession, now: datetime
) -> Sequence[sa.Row[str, bool, int, datetime, datetime | None]]:
    """Return (owner, bulk, number, first moment, expected end).

    That is one row for what waits of each owner and queue, and one with number 0 for each job that has a place.
    """
    waits = _in_line(now)
    placed = sa.case((sa.not_(waits), BackgroundJob.id))
    statement: sa.Select[str, bool, int, datetime, datetime | None] = (
        sa.select(
            BackgroundJob.user_id,
            IS_BULK.label("bulk"),
            sa.func.sum(sa.case((waits, 1), else_=0)).label("number"),
            sa.func.min(WAITS_SINCE).label("first"),
            sa.func.min(BackgroundJob.likely_end_at).label("ends"),
        )
        .where(_accepted())
        .group_by(BackgroundJob.user_id, IS_BULK, placed)
    )
    return (await session.execute(statement)).all()


async def list_waiting_of(
    session: AsyncSession, owners: Collection[str], now: datetime
) -> Sequence[sa.Row[str, bool, UUID, datetime | None]]:
    """Return (owner, bulk, job, when its next attempt is due or None) of what waits, in the order of acceptance."""
    statement: sa.Select[str, bool, UUID, datetime | None] = (
        sa.select(
            BackgroundJob.user_id,
            IS_BULK.label("bulk"),
            BackgroundJob.id,
            sa.case((BackgroundJob.scheduled_for > now, BackgroundJob.scheduled_for)),
        )
        .where(
            BackgroundJob.user_id.in_(owners),
            _accepted(),
            BackgroundJob.status == "pending",
            BackgroundJob.lease_owner.is_(None),
        )
        .order_by(WAITS_SINCE, BackgroundJob.id)
    )
    return (await session.execute(statement)).all()


async def list_newest_durations(session: AsyncSession, stage: str, limit: int, *, bulk: bool) -> Sequence[float]:
    """Return how many seconds the newest jobs of a queue took from a stage on: imports, or those of all other types."""
    is_import = JobDuration.job_type == "import"
    statement = (
        sa.select(JobDuration.seconds)
        .where(sa.not_(is_import) if bulk else is_import, JobDuration.stage == stage)
        .order_by(JobDuration.measured_at.desc())
        .limit(limit)
    )
    return (await session.execute(statement)).scalars().all()
