"""Statements on jobs, of all owners, that are past their time. Each walks the index of ends, the first ones first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from headway.jobs.models import BackgroundJob, JobEvent
from headway.kit.tally import Tally, tally_rows


@dataclass(frozen=True, slots=True)
class Old:
    """Jobs that ended so before a moment: of one type, or of all types but some. None is whether they ended or not."""

    status: str | None
    before: datetime
    only: str | None = None
    but: tuple[str, ...] = ()

    @property
    def which(self) -> tuple[str | None, str | None]:
        """Return what stays the same of these jobs while time goes on."""
        return self.status, self.only

    def condition(self) -> ColumnElement[bool]:
        conditions = [BackgroundJob.status == self.status, BackgroundJob.completed_at < self.before, *self.of_type()]
        return sa.and_(*conditions)

    def of_type(self) -> list[ColumnElement[bool]]:
        if self.only is not None:
            return [BackgroundJob.job_type == self.only]
        return [BackgroundJob.job_type.not_in(self.but)] if self.but else []


_HAS_EVENTS = sa.or_(
    BackgroundJob.events_dropped_at.is_(None), BackgroundJob.events_dropped_at <= BackgroundJob.completed_at
)
"""As far as is known: a job that is tried again writes new ones."""


async def count_old(session: AsyncSession, old: Old, *, with_events: bool = False) -> Tally:
    """Return how many there are."""
    where = sa.and_(old.condition(), _HAS_EVENTS) if with_events else old.condition()
    return await tally_rows(session, BackgroundJob.completed_at, where, delete=False)


async def count_among_oldest(session: AsyncSession, old: Old, limit: int) -> int:
    """Return how many there are among the first `limit` to end so: looking further tells nobody more."""
    ended = (BackgroundJob.status == old.status, BackgroundJob.completed_at < old.before)
    first = sa.select(BackgroundJob.id, BackgroundJob.job_type).where(*ended)
    looked_at = first.order_by(BackgroundJob.completed_at).limit(limit).subquery()
    counted = sa.select(sa.func.count()).select_from(looked_at)
    if old.only is not None:
        counted = counted.where(looked_at.c.job_type == old.only)
    elif old.but:
        counted = counted.where(looked_at.c.job_type.not_in(old.but))
    return (await session.execute(counted)).scalar_one()


async def list_oldest(
    session: AsyncSession, old: Old, since: datetime | None, limit: int, *, with_events: bool = False
) -> tuple[Sequence[UUID], datetime | None]:
    """Return the first to end, from a moment on, and the moment of the last of them.

    The moment keeps those that another rule keeps from being looked at again and again.
    """
    statement: sa.Select[UUID, datetime | None] = sa.select(BackgroundJob.id, BackgroundJob.completed_at).where(
        old.condition(),
        *([BackgroundJob.completed_at >= since] if since is not None else []),
        *([_HAS_EVENTS] if with_events else []),
    )
    rows = (await session.execute(statement.order_by(BackgroundJob.completed_at).limit(limit))).all()
    return [row[0] for row in rows], rows[-1][1] if rows else since


async def delete_those(session: AsyncSession, old: Old, job_ids: Collection[UUID]) -> int:
    """Delete these jobs, as far as they are still old; return how many were."""
    # The condition stands here too: what is tried again meanwhile no longer fits it.
    statement = sa.delete(BackgroundJob).where(BackgroundJob.id.in_(job_ids), old.condition())
    return len((await session.execute(statement.returning(BackgroundJob.id))).all())


async def drop_events(session: AsyncSession, old: Old, job_ids: Collection[UUID], now: datetime) -> int:
    """Delete the events of these jobs, as far as they are still old, and say so in them; return how many jobs were."""
    # No new version of the job: nothing that its lists and streams tell has changed.
    said = sa.update(BackgroundJob).where(BackgroundJob.id.in_(job_ids), old.condition(), _HAS_EVENTS)
    statement = said.values(events_dropped_at=now).returning(BackgroundJob.id)
    dropped = (await session.execute(statement.execution_options(synchronize_session=False))).scalars().all()
    await session.execute(sa.delete(JobEvent).where(JobEvent.job_id.in_(dropped)))
    return len(dropped)
