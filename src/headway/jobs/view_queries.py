"""Statements for what the active lists show: one owner's jobs whole, and of many owners no more than the versions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from headway.jobs.models import IS_ACTIVE, BackgroundJob
from headway.jobs.queries import VERSION
from headway.jobs.states import COMPLETED_VISIBLE, ENDED_BADLY_VISIBLE
from headway.kit.db import UtcDateTime

PAGE_LIMIT = 1000
"""Most jobs that one owner's active list may hold; beyond it the newest are shown."""


async def list_in_view(session: AsyncSession, owner: str, now: datetime) -> Sequence[BackgroundJob]:
    """Return what the active list of an owner shows, newest first.

    They are rows with the attributes of a job, for reading only: to make entities of them took nearly as long as to find them.
    """
    moments = {"owner": owner, "badly": now - ENDED_BADLY_VISIBLE, "well": now - COMPLETED_VISIBLE}
    jobs = cast("Sequence[BackgroundJob]", (await session.execute(_VIEW_OF_ONE, moments)).all())
    return sorted(jobs, key=lambda job: (job.created_at, job.id), reverse=True)


async def list_versions_in_view(
    session: AsyncSession, owners: Collection[str], now: datetime, limit: int
) -> Sequence[sa.Row[Any]]:
    """Return what `list_in_view` shows of several owners, no more of it than `VERSION`; at most `limit` rows or so."""
    of_them = BackgroundJob.user_id.in_(owners)
    parts = _in_view(of_them, now - ENDED_BADLY_VISIBLE, now - COMPLETED_VISIBLE, *VERSION)
    rows = (await session.execute(_united(parts, limit))).all()
    return sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)


def _in_view(
    of_them: ColumnElement[bool], badly: Any, well: Any, *columns: Any
) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """Return the statements for what active lists show, newest first: live, and ended after `badly` or, well, `well`.

    Two reads, each on its own partial index; one with OR would scan.
    """
    live = sa.select(*columns).where(of_them, IS_ACTIVE)
    ended = sa.select(*columns).where(
        of_them,
        BackgroundJob.completed_at > badly,
        BackgroundJob.dismissed_at.is_(None),
        sa.or_(BackgroundJob.status != "completed", BackgroundJob.completed_at > well),
    )
    # Not by the id as well: SQLite would take the index of all jobs, which has that order.
    return live.order_by(BackgroundJob.created_at.desc()), ended.order_by(BackgroundJob.completed_at.desc())


def _united(parts: Collection[sa.Select[Any]], limit: int) -> sa.CompoundSelect[Any]:
    """Return one statement for all parts: it sees every job in one state, and so in one part."""
    return sa.union_all(*(sa.select(part.limit(limit).subquery()) for part in parts))


def _view_of_one() -> sa.Executable:
    """Return the statement for one active list, made once: pages ask for it more often than for anything else."""
    badly, well = sa.bindparam("badly", type_=UtcDateTime), sa.bindparam("well", type_=UtcDateTime)
    of_one = BackgroundJob.user_id == sa.bindparam("owner")
    columns = [column.class_attribute.label(column.key) for column in sa.inspect(BackgroundJob).column_attrs]
    return _united(_in_view(of_one, badly, well, *columns), PAGE_LIMIT)


_VIEW_OF_ONE = _view_of_one()
