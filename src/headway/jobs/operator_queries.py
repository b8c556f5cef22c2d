"""Statements that ask for the jobs of all owners together: queues, workers' jobs, trouble, what ended when.

None reads the history: each has a small index of its own, or a window of time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from headway.jobs.models import IS_HELD, IS_WAITING, BackgroundJob, EndedJobs, JobEvent, PausedQueue
from headway.jobs.runner import QUEUES, Queue
from headway.jobs.states import TERMINAL
from headway.kit.pagination import behind

_QUEUES_LOCK = 0x7061757365 << 8
"""The letters of "pause"; the number of the queue is added."""

Position = tuple[datetime, UUID]


# ------------------------------------------------------------------------------------------- queues


async def hold_queue(session: AsyncSession, queue: Queue, *, alone: bool) -> None:
    """Keep a pause from being decided while a job starts, and the other way round, until the transaction ends.

    On SQLite every writing transaction is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = sa.func.pg_advisory_xact_lock if alone else sa.func.pg_advisory_xact_lock_shared
        await session.execute(sa.select(lock(_QUEUES_LOCK + QUEUES.index(queue))))


async def find_pause(session: AsyncSession, queue: Queue) -> PausedQueue | None:
    statement = sa.select(PausedQueue).where(PausedQueue.name == queue)
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def list_pauses(session: AsyncSession) -> Sequence[PausedQueue]:
    return (await session.execute(sa.select(PausedQueue))).scalars().all()


async def insert_pause(session: AsyncSession, pause: PausedQueue) -> None:
    session.add(pause)
    await session.flush()


async def delete_pause(session: AsyncSession, queue: Queue) -> bool:
    """End a pause; say whether there was one."""
    deleted = await session.execute(sa.delete(PausedQueue).where(PausedQueue.name == queue).returning(PausedQueue.name))
    return deleted.first() is not None


async def list_ill_marked(
    session: AsyncSession, queue: Queue, pause: PausedQueue | None, limit: int, *, lock: bool = False
) -> Sequence[UUID]:
    """Return waiting jobs that do not say what is true of their queue; with `lock` nobody else marks them meanwhile."""
    marked = BackgroundJob.paused_at
    wrong = marked.is_not(None) if pause is None else sa.or_(marked.is_(None), marked != pause.paused_at)
    statement = sa.select(BackgroundJob.id).where(IS_WAITING, BackgroundJob.queue == queue, wrong)
    statement = statement.order_by(BackgroundJob.waiting_since).limit(limit)
    if lock:
        # Several API processes mark at once; each takes others, and none waits for another.
        statement = statement.with_for_update(skip_locked=True)
    return (await session.execute(statement)).scalars().all()


async def count_waiting(session: AsyncSession) -> Sequence[sa.Row[str | None, int, datetime | None]]:
    """Return of each queue in which jobs wait how many there are, and since when the first one does."""
    statement: sa.Select[str | None, int, datetime | None] = (
        sa.select(BackgroundJob.queue, sa.func.count(), sa.func.min(BackgroundJob.waiting_since))
        .where(IS_WAITING)
        .group_by(BackgroundJob.queue)
    )
    return (await session.execute(statement)).all()


async def list_waiting_in(
    session: AsyncSession, queue: Queue, after: Position | None, limit: int
) -> Sequence[BackgroundJob]:
    """Return a page of the jobs that wait in a queue, those that wait longest first."""
    statement = sa.select(BackgroundJob).where(IS_WAITING, BackgroundJob.queue == queue)
    if after is not None:
        at, job_id = after
        statement = statement.where(
            BackgroundJob.waiting_since >= at, sa.or_(BackgroundJob.waiting_since > at, BackgroundJob.id > job_id)
        )
    statement = statement.order_by(BackgroundJob.waiting_since, BackgroundJob.id).limit(limit)
    return (await session.execute(statement)).scalars().all()


# ----------------------------------------------------------------------------------- workers, trouble


async def list_held(session: AsyncSession, limit: int) -> Sequence[BackgroundJob]:
    """Return the jobs that our workers run; there are no more than they have places."""
    statement = sa.select(BackgroundJob).where(IS_HELD).order_by(BackgroundJob.lease_owner).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def begun_at(session: AsyncSession, job_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Return when the present attempt of each of these jobs began."""
    statement = (
        sa.select(JobEvent.job_id, sa.func.max(JobEvent.at))
        .where(JobEvent.job_id.in_(job_ids), JobEvent.kind == "started")
        .group_by(JobEvent.job_id)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def list_stalled(session: AsyncSession, after: Position | None, limit: int) -> Sequence[BackgroundJob]:
    """Return a page of the jobs of which nobody has been heard, the newest silence first."""
    stalled = BackgroundJob.stalled_at.is_not(None)
    return await _newest_first(session, [stalled], BackgroundJob.stalled_at, after, limit)


async def list_failed(session: AsyncSession, after: Position | None, limit: int) -> Sequence[BackgroundJob]:
    """Return a page of failed jobs, the last one first."""
    failed = [BackgroundJob.status == "failed", BackgroundJob.completed_at.is_not(None)]
    return await _newest_first(session, failed, BackgroundJob.completed_at, after, limit)


async def _newest_first(
    session: AsyncSession,
    where: Collection[ColumnElement[bool]],
    moment: InstrumentedAttribute[datetime | None],
    after: Position | None,
    limit: int,
) -> Sequence[BackgroundJob]:
    statement = sa.select(BackgroundJob).where(*where)
    statement = statement.where(*behind(moment, BackgroundJob.id, after))
    statement = statement.order_by(moment.desc(), BackgroundJob.id.desc()).limit(limit)
    return (await session.execute(statement)).scalars().all()


# ----------------------------------------------------------------------------------------- what ended


async def first_ended(session: AsyncSession, start: datetime, end: datetime) -> datetime | None:
    """Return when the first of the jobs ended that ended in a span of time."""
    ended = BackgroundJob.completed_at
    found = []
    for status in TERMINAL:  # one at a time, as below
        fitting = (BackgroundJob.status == status, ended >= start, ended < end)
        found.append((await session.execute(sa.select(sa.func.min(ended)).where(*fitting))).scalar_one())
    return min((each for each in found if each is not None), default=None)


async def count_ended_by_minute(session: AsyncSession, start: datetime, end: datetime) -> list[tuple[int, str, int]]:
    """Return minute since 1970, status and number of the jobs that ended in a span of time."""
    ended = BackgroundJob.completed_at
    seconds = (
        sa.cast(sa.func.strftime("%s", ended), sa.Integer)
        if session.get_bind().dialect.name == "sqlite"
        else sa.cast(sa.func.floor(sa.extract("epoch", ended)), sa.Integer)
    )
    minute = (seconds // 60).label("minute")
    counted = []
    # One status at a time is one piece of the index of ends; all three at once are for some plans the whole of another.
    for status in TERMINAL:
        fitting = (BackgroundJob.status == status, ended >= start, ended < end)
        statement = sa.select(minute, sa.func.count()).where(*fitting).group_by(minute)
        counted += [(row[0], status, row[1]) for row in await session.execute(statement)]
    return counted


async def keep_ended(session: AsyncSession, counts: Collection[tuple[int, str, int]]) -> None:
    """Keep the numbers of minutes. A job that was deleted or is tried again has ended then all the same."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(EndedJobs).values([{"minute": minute, "status": word, "count": n} for minute, word, n in counts])
    most = sa.case((EndedJobs.count > statement.excluded.count, EndedJobs.count), else_=statement.excluded.count)
    await session.execute(statement.on_conflict_do_update(index_elements=["minute", "status"], set_={"count": most}))


async def list_kept(session: AsyncSession, start: int, end: int, minutes: int) -> Sequence[sa.Row[int, str, int]]:
    """Return span, status and number of what ended in a span of so many minutes; spans are numbered from 1970."""
    span = (EndedJobs.minute // minutes).label("span")
    statement: sa.Select[int, str, int] = (
        sa.select(span, EndedJobs.status, sa.func.sum(EndedJobs.count))
        .where(EndedJobs.minute >= start, EndedJobs.minute < end)
        .group_by(span, EndedJobs.status)
    )
    return (await session.execute(statement)).all()


async def newest_kept(session: AsyncSession) -> int | None:
    return (await session.execute(sa.select(sa.func.max(EndedJobs.minute)))).scalar_one()


async def forget_kept(session: AsyncSession, before: int) -> None:
    await session.execute(sa.delete(EndedJobs).where(EndedJobs.minute < before))
