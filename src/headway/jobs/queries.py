"""Every statement on the job tables. An owner's reads start from `owned_by`; writes compare before they set."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from headway.jobs.errors import JobNotFound
from headway.jobs.models import IS_ACTIVE, BackgroundJob, JobCheckpoint, JobDuration, JobEvent
from headway.jobs.states import TERMINAL
from headway.kit.tally import Tally, tally_rows

MOST_EVENTS, SPARE_EVENTS = 1000, 100
"""Facts of a job that are kept: the newest ones, and some more until it is worth to delete."""

VERSION = tuple(
    getattr(BackgroundJob, name) for name in ("id", "user_id", "version", "status", "created_at", "completed_at")
)
"""What tells whether a job has changed, and when it leaves the view."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write on a job: this attempt, run by this owner. Every write of a worker carries it."""

    job_id: UUID
    attempt: int
    owner: str


def owned_by(owner: str) -> ColumnElement[bool]:
    """Return the condition that every read for an owner starts from."""
    return BackgroundJob.user_id == owner


def held_by(lease: Lease) -> ColumnElement[bool]:
    """Return the condition that fences a write: a live job, still in this attempt and of this lease owner."""
    return sa.and_(
        BackgroundJob.id == lease.job_id,
        IS_ACTIVE,
        BackgroundJob.attempt == lease.attempt,
        BackgroundJob.lease_owner == lease.owner,
    )


def held_among(owner: str, job_ids: Collection[UUID]) -> ColumnElement[bool]:
    """Return the condition that a job is one of these, live, and in the hands of this lease owner."""
    return sa.and_(BackgroundJob.id.in_(job_ids), IS_ACTIVE, BackgroundJob.lease_owner == owner)


def unchanged_since(job: BackgroundJob) -> ColumnElement[bool]:
    """Return the condition that a live job is as it was read: nobody has renewed its lease or delivered it again."""
    return sa.and_(BackgroundJob.id == job.id, IS_ACTIVE, BackgroundJob.version == job.version)


def claimable(job_id: UUID, owner: str, now: ColumnElement[datetime], after: int | None) -> ColumnElement[bool]:
    """Return the condition that a job may be taken: live, in nobody else's hands, and not taken since attempt `after`."""
    free = sa.or_(
        BackgroundJob.lease_owner.is_(None), BackgroundJob.lease_owner == owner, BackgroundJob.lease_expires_at < now
    )
    conditions = [BackgroundJob.id == job_id, IS_ACTIVE, free]
    return sa.and_(*conditions, *([BackgroundJob.attempt == after] if after is not None else []))


def never_before(column: Any, now: datetime) -> ColumnElement[datetime]:
    """Return `max(column, now)`: a clock that jumps back must not abort a completion."""
    moment = sa.literal(now, type_=column.type)
    return sa.case((column > moment, column), else_=moment)


def never_below(column: Any, value: int) -> ColumnElement[int]:
    """Return `max(column, value)` for progress, decided by the database and not by what a worker remembers."""
    return sa.case((column > value, column), else_=value)


async def insert(session: AsyncSession, job: BackgroundJob) -> None:
    session.add(job)
    await session.flush()


async def update(
    session: AsyncSession, now: datetime, where: ColumnElement[bool], values: dict[str, Any]
) -> BackgroundJob | None:
    """Change the one job that fits `where`; return it as it is afterwards, or None if none fits."""
    jobs = await update_all(session, now, where, values)
    return jobs[0] if jobs else None


async def update_all(
    session: AsyncSession, now: datetime, where: ColumnElement[bool], values: dict[str, Any]
) -> Sequence[BackgroundJob]:
    """Change every job that fits `where`; return them as they are afterwards."""
    statement = (
        sa.update(BackgroundJob)
        .where(where)
        .values(**values, version=BackgroundJob.version + 1, updated_at=never_before(BackgroundJob.updated_at, now))
        .returning(BackgroundJob)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return (await session.execute(statement)).scalars().all()


async def append_event(session: AsyncSession, job: BackgroundJob, kind: str, data: dict[str, Any]) -> None:
    """Write one fact. The job's version is its number, so events of a job are ordered without another counter."""
    session.add(JobEvent(job_id=job.id, seq=job.version, at=job.updated_at, kind=kind, attempt=job.attempt, data=data))
    await session.flush()
    if job.version > MOST_EVENTS:
        await _drop_oldest_events(session, job)


async def _drop_oldest_events(session: AsyncSession, job: BackgroundJob) -> None:
    """Keep the newest facts, and say in the job that there were others: a program can report stages without end."""
    of_job = JobEvent.job_id == job.id
    beyond = sa.select(JobEvent.seq).where(of_job).order_by(JobEvent.seq.desc()).offset(MOST_EVENTS)
    # Several at once, so that not every further fact costs a deletion.
    too_many = (await session.execute(beyond.limit(SPARE_EVENTS))).scalars().all()
    if len(too_many) < SPARE_EVENTS:
        return
    await session.execute(sa.delete(JobEvent).where(of_job, JobEvent.seq <= too_many[0]))
    said = sa.update(BackgroundJob).where(BackgroundJob.id == job.id).values(events_dropped_at=job.updated_at)
    await session.execute(said.execution_options(synchronize_session=False))


async def find(session: AsyncSession, job_id: UUID, owner: str | None = None) -> BackgroundJob | None:
    """Return a job, an owner's own where one is named. Only code that acts for the system leaves `owner` out."""
    where = [BackgroundJob.id == job_id] + ([owned_by(owner)] if owner is not None else [])
    statement = sa.select(BackgroundJob).where(*where).execution_options(populate_existing=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_keyed(session: AsyncSession, owner: str, engine: str, key: str) -> BackgroundJob | None:
    """Return the job of an owner that whoever runs it knows by this name."""
    named = sa.and_(owned_by(owner), BackgroundJob.engine == engine, BackgroundJob.engine_ref == key)
    return (await session.execute(sa.select(BackgroundJob).where(named))).scalar_one_or_none()


async def get_own(session: AsyncSession, job_id: UUID, owner: str) -> BackgroundJob:
    """Return an owner's job, or raise `JobNotFound`: for anybody else's as for one that is unknown."""
    job = await find(session, job_id, owner)
    if job is None:
        raise JobNotFound
    return job


async def list_versions_lately(session: AsyncSession, moment: datetime) -> Sequence[sa.Row[Any]]:
    """Return `VERSION` of every live job of all owners, and of those that ended after a moment."""
    lately = sa.and_(BackgroundJob.status.in_(TERMINAL), BackgroundJob.completed_at > moment)
    live = (await session.execute(sa.select(*VERSION).where(IS_ACTIVE))).all()
    undismissed = sa.select(*VERSION).where(lately, BackgroundJob.dismissed_at.is_(None))
    return [*live, *(await session.execute(undismissed)).all()]


async def list_by_ids(session: AsyncSession, job_ids: Collection[UUID]) -> Sequence[BackgroundJob]:
    """Return jobs that were found by their owner before."""
    return (await session.execute(sa.select(BackgroundJob).where(BackgroundJob.id.in_(job_ids)))).scalars().all()


def select_all_unfinished() -> sa.Select[UUID]:
    return sa.select(BackgroundJob.id).where(BackgroundJob.status != "completed")


def select_unfinished(owner: str) -> sa.Select[UUID]:
    return sa.select(BackgroundJob.id).where(owned_by(owner), BackgroundJob.status != "completed")


async def list_events(session: AsyncSession, job_id: UUID) -> Sequence[JobEvent]:
    """Return all facts of a job that are kept, which are `MOST_EVENTS` or a few more."""
    statement = sa.select(JobEvent).where(JobEvent.job_id == job_id).order_by(JobEvent.seq)
    return (await session.execute(statement)).scalars().all()


async def count_begun(session: AsyncSession, job_id: UUID) -> int:
    """Return how often a job was begun since it was last tried again by its owner's wish."""
    of_job = JobEvent.job_id == job_id
    wished = sa.select(sa.func.max(JobEvent.seq)).where(of_job, JobEvent.kind == "retried").scalar_subquery()
    begun = sa.and_(of_job, JobEvent.kind == "started", JobEvent.seq > sa.func.coalesce(wished, 0))
    return (await session.execute(sa.select(sa.func.count()).where(begun))).scalar_one()


async def list_live(session: AsyncSession, owner: str) -> Sequence[BackgroundJob]:
    """Return an owner's jobs that have not ended."""
    statement = sa.select(BackgroundJob).where(owned_by(owner), IS_ACTIVE)
    return (await session.execute(statement.execution_options(populate_existing=True))).scalars().all()


async def count_live_of(session: AsyncSession, owner: str, most: int) -> int:
    """Return how many of an owner's jobs have not ended, and no more than `most`."""
    live = sa.select(BackgroundJob.id).where(owned_by(owner), IS_ACTIVE).limit(most).subquery()
    return (await session.execute(sa.select(sa.func.count()).select_from(live))).scalar_one()


async def delete_owned(session: AsyncSession, owner: str) -> list[UUID]:
    """Delete all jobs of an owner and, by their foreign keys, what belongs to them; return their ids."""
    statement = sa.delete(BackgroundJob).where(owned_by(owner)).returning(BackgroundJob.id)
    return list((await session.execute(statement)).scalars())


async def delete_ended(session: AsyncSession, job_ids: Collection[UUID], owner: str) -> set[UUID]:
    """Delete those of an owner's jobs, with what belongs to them, that have ended; return their ids."""
    # One statement: between a look and a delete a job could be tried again.
    ended = sa.delete(BackgroundJob).where(
        owned_by(owner), BackgroundJob.id.in_(job_ids), BackgroundJob.status.in_(TERMINAL)
    )
    return set((await session.execute(ended.returning(BackgroundJob.id))).scalars())


async def mark_notified(session: AsyncSession, job_id: UUID, owner: str, now: datetime) -> bool:
    """Note that the end of an owner's job is being told; return False if that was noted before, or nothing ended.

    No new version of the job: nothing of what it shows has changed.
    """
    untold = sa.update(BackgroundJob).where(
        owned_by(owner),
        BackgroundJob.id == job_id,
        BackgroundJob.status.in_(TERMINAL),
        BackgroundJob.notified_at.is_(None),
    )
    return (await session.execute(untold.values(notified_at=now).returning(BackgroundJob.id))).first() is not None


async def list_leased(session: AsyncSession) -> Sequence[BackgroundJob]:
    """Return the live jobs that somebody holds, or has held and let go silent."""
    statement = sa.select(BackgroundJob).where(IS_ACTIVE, BackgroundJob.lease_expires_at.is_not(None))
    return (await session.execute(statement)).scalars().all()


async def list_held_by(session: AsyncSession, owners: Collection[str]) -> Sequence[BackgroundJob]:
    """Return the live jobs in the hands of these workers."""
    statement = sa.select(BackgroundJob).where(IS_ACTIVE, BackgroundJob.lease_owner.in_(owners))
    return (await session.execute(statement)).scalars().all()


async def list_waiting(
    session: AsyncSession, engine_not: str, after: BackgroundJob | None, limit: int
) -> Sequence[BackgroundJob]:
    """Return a page, in the order of the index of live jobs, of the accepted ones of an engine that nobody holds."""
    statement = sa.select(BackgroundJob).where(
        IS_ACTIVE,
        BackgroundJob.engine != engine_not,
        BackgroundJob.delivery > 0,
        BackgroundJob.lease_owner.is_(None),
    )
    order = (BackgroundJob.user_id, BackgroundJob.created_at, BackgroundJob.id)
    if after is not None:
        last = [sa.literal(getattr(after, column.key), column.type) for column in order]
        statement = statement.where(sa.tuple_(*order) > sa.tuple_(*last))
    return (await session.execute(statement.order_by(*order).limit(limit))).scalars().all()


async def count_live(session: AsyncSession, engine_not: str) -> Sequence[sa.Row[str, str, int, datetime | None]]:
    """Return type, status, number and first moment of waiting of the live jobs.

    Waiting is what `list_waiting` lists: accepted, and in nobody's hands. A job that an older version made wait does
    not say since when; it waits since its last change.
    """
    waiting = sa.and_(
        BackgroundJob.status == "pending",
        BackgroundJob.engine != engine_not,
        BackgroundJob.delivery > 0,
        BackgroundJob.lease_owner.is_(None),
    )
    waits_since = sa.func.coalesce(BackgroundJob.waiting_since, BackgroundJob.updated_at)
    since = sa.func.min(sa.case((waiting, waits_since)))
    statement: sa.Select[str, str, int, datetime | None] = (
        sa.select(BackgroundJob.job_type, BackgroundJob.status, sa.func.count(), since)
        .where(IS_ACTIVE)
        .group_by(BackgroundJob.job_type, BackgroundJob.status)
    )
    return (await session.execute(statement)).all()


async def count_ended_since(session: AsyncSession, moment: datetime) -> Sequence[sa.Row[str, str, str | None, int]]:
    """Return type, status, problem code and number of the jobs that ended after a moment."""
    code = BackgroundJob.problem["code"].as_string().label("code")
    statement = (
        sa.select(BackgroundJob.job_type, BackgroundJob.status, code, sa.func.count())
        .where(BackgroundJob.status.in_(TERMINAL), BackgroundJob.completed_at > moment)
        .group_by(BackgroundJob.job_type, BackgroundJob.status, code)
    )
    return (await session.execute(statement)).all()


def _alike(alike: tuple[str, str, int]) -> ColumnElement[bool]:
    job_type, stage, size_class = alike
    return sa.and_(JobDuration.job_type == job_type, JobDuration.stage == stage, JobDuration.size_class == size_class)


async def list_durations(session: AsyncSession, alike: tuple[str, str, int], limit: int) -> Sequence[float]:
    """Return the newest durations, in seconds, of jobs of a (type, stage, size class)."""
    newest = JobDuration.measured_at.desc()
    statement = sa.select(JobDuration.seconds).where(_alike(alike)).order_by(newest).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def add_duration(
    session: AsyncSession, alike: tuple[str, str, int], at: datetime, seconds: float, keep: int
) -> None:
    """Keep a duration, and of its like no more than the newest `keep`."""
    job_type, stage, size_class = alike
    session.add(
        JobDuration(id=uuid4(), job_type=job_type, stage=stage, size_class=size_class, measured_at=at, seconds=seconds)
    )
    await session.flush()
    newest = sa.select(JobDuration.id).where(_alike(alike)).order_by(JobDuration.measured_at.desc()).limit(keep)
    await session.execute(sa.delete(JobDuration).where(_alike(alike), JobDuration.id.not_in(newest)))


async def find_checkpoint(session: AsyncSession, job_id: UUID, name: str) -> dict[str, Any] | None:
    statement = sa.select(JobCheckpoint.value).where(JobCheckpoint.job_id == job_id, JobCheckpoint.name == name)
    return (await session.execute(statement)).scalar_one_or_none()


async def replace_checkpoint(session: AsyncSession, checkpoint: JobCheckpoint) -> None:
    same = sa.and_(JobCheckpoint.job_id == checkpoint.job_id, JobCheckpoint.name == checkpoint.name)
    await session.execute(sa.delete(JobCheckpoint).where(same))
    session.add(checkpoint)
    await session.flush()


async def list_statuses(session: AsyncSession, job_ids: Collection[UUID]) -> dict[UUID, str]:
    statement = sa.select(BackgroundJob.id, BackgroundJob.status).where(BackgroundJob.id.in_(job_ids))
    return {row[0]: row[1] for row in await session.execute(statement)}


async def list_asked_to_stop(session: AsyncSession, job_ids: Collection[UUID]) -> Sequence[UUID]:
    asked = sa.select(BackgroundJob.id).where(
        BackgroundJob.id.in_(job_ids), BackgroundJob.cancel_requested_at.is_not(None)
    )
    return (await session.execute(asked)).scalars().all()


async def list_checkpoint_values(session: AsyncSession, job_ids: Collection[UUID]) -> Sequence[dict[str, Any]]:
    statement = sa.select(JobCheckpoint.value).where(JobCheckpoint.job_id.in_(job_ids))
    return (await session.execute(statement)).scalars().all()


async def forget_checkpoints(session: AsyncSession, ended_before: datetime, *, delete: bool) -> Tally:
    # There are few checkpoints and many jobs: `job_id in (select …)` read a million of them, for 4 s, in a write.
    over = sa.exists().where(
        BackgroundJob.id == JobCheckpoint.job_id,
        BackgroundJob.status.in_(("completed", "cancelled")),
        BackgroundJob.completed_at < ended_before,
    )
    return await tally_rows(session, JobCheckpoint.created_at, over, delete=delete)
