"""An owner's jobs, newest first, by filters: each statement reads a bounded stretch of one index, at any depth.

A filter is *sought* where an index leads to what it wants: dates, a dataset, what lives, what ended badly. Any other one
is *looked at*, job by job, and no further than `REACH` jobs in one request: of a million jobs whose title does not fit,
each costs microseconds, and all together a second.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from headway.jobs.filters import JobFilter
from headway.jobs.models import BackgroundJob
from headway.jobs.queries import owned_by
from headway.kit.pagination import Position, behind

REACH = 2000
"""Jobs that one request looks at. 2,000 take 3 to 6 ms; a person with fewer never meets the limit."""

"""The moment of creation and the id of a job, by which lists are ordered."""

_NEWEST_FIRST = (BackgroundJob.created_at.desc(), BackgroundJob.id.desc())


async def list_page(
    session: AsyncSession, owner: str, *, limit: int, after: Position | None, where: JobFilter
) -> tuple[Sequence[BackgroundJob], Position | None]:
    """Return one page, one row more than `limit` if there are more, and the last job looked at unless that was all."""
    candidates = [*_candidates(owner, where), *behind(BackgroundJob.created_at, BackgroundJob.id, after)]
    looked_at = where.looked_at()
    end = await _find_end(session, candidates) if looked_at else None
    statement = sa.select(BackgroundJob).where(*candidates, *looked_at, *_down_to(end))
    statement = statement.order_by(*_NEWEST_FIRST).limit(limit + 1)
    return (await session.execute(statement)).scalars().all(), end


async def list_newest_ids(
    session: AsyncSession, owner: str, where: JobFilter, fitting: Collection[ColumnElement[bool]], limit: int
) -> Sequence[UUID]:
    """Return the ids of an owner's newest jobs that fit, however far back they are."""
    statement = sa.select(BackgroundJob.id).where(*_candidates(owner, where), *where.looked_at(), *fitting)
    return (await session.execute(statement.order_by(*_NEWEST_FIRST).limit(limit))).scalars().all()


def _candidates(owner: str, where: JobFilter) -> list[ColumnElement[bool]]:
    """Return what leads to the jobs: their owner's index in its order or, where it holds few, another one."""
    if where.dataset_id is not None:
        # The owner is hidden from the index of owners, which SQLite would take for its order.
        own = sa.func.coalesce(BackgroundJob.user_id, "") == owner
        few = sa.select(BackgroundJob.id).where(BackgroundJob.related_dataset_id == where.dataset_id, own)
        return [BackgroundJob.id.in_(few), *where.sought()]
    if where.wants_live:
        few = sa.select(BackgroundJob.id).where(owned_by(owner), *where.sought())
        return [BackgroundJob.id.in_(few)]
    return [owned_by(owner), *where.sought()]


async def _find_end(session: AsyncSession, candidates: Collection[ColumnElement[bool]]) -> Position | None:
    """Return where the reach of one request ends, or None if that is beyond the last job."""
    last: Any = sa.select(BackgroundJob.created_at, BackgroundJob.id).where(*candidates)
    row = (await session.execute(last.order_by(*_NEWEST_FIRST).offset(REACH - 1).limit(1))).first()
    return (row[0], row[1]) if row is not None else None


def _down_to(position: Position | None) -> list[ColumnElement[bool]]:
    """Return the conditions that a job comes before a position, or is the one there."""
    if position is None:
        return []
    at, job_id = position
    return [BackgroundJob.created_at >= at, sa.or_(BackgroundJob.created_at > at, BackgroundJob.id >= job_id)]
