"""Every statement on the counters of jobs but the triggers that keep them, which stand in their migration."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs.models import IS_ACTIVE, IS_PAUSED, BackgroundJob, JobCount

_COUNTERS_LOCK = 0x636F756E74
"""The letters of "count"."""

Difference = sa.Row[str, str, str, int]
"""Owner, type, state, and how many jobs the counter lacks."""

_KEY = (JobCount.user_id, JobCount.job_type, JobCount.state)
_SUM = sa.func.sum(JobCount.count)


async def list_counts(session: AsyncSession, owner: str) -> Sequence[sa.Row[str, str, int]]:
    """Return type, state and number of an owner's jobs; a type and state may come twice, and their numbers add up."""
    number = sa.cast(_SUM, sa.BigInteger)
    kept = (
        sa.select(JobCount.job_type, JobCount.state, number)
        .where(JobCount.user_id == owner)
        .group_by(JobCount.job_type, JobCount.state)
        .having(_SUM != 0)
    )
    paused = (each.where(BackgroundJob.user_id == owner) for each in _paused())
    return (await session.execute(sa.union_all(kept, *paused))).all()


async def total_counts(session: AsyncSession) -> Sequence[sa.Row[str, str, int]]:
    """Return type, state and number of the jobs of all owners, as above. It reads a few rows for each owner."""
    number = sa.cast(_SUM, sa.BigInteger)
    kept = sa.select(JobCount.job_type, JobCount.state, number).group_by(JobCount.job_type, JobCount.state)
    return (await session.execute(sa.union_all(kept, *_paused()))).all()


def _paused() -> list[sa.Select[str, str, int]]:
    """Take paused uploads out of the pending jobs, which is what the triggers know them as. There are few."""
    number = sa.cast(sa.func.count(), sa.BigInteger)
    return [
        sa.select(BackgroundJob.job_type, sa.literal(state), change)
        .where(IS_ACTIVE, IS_PAUSED)
        .group_by(BackgroundJob.job_type)
        for state, change in (("pending", -number), ("paused", number))
    ]


async def list_differences(session: AsyncSession) -> Sequence[Difference]:
    """Return where counters are not what there is. One statement, and so one moment."""
    state = sa.case(
        (sa.and_(BackgroundJob.status == "completed", BackgroundJob.outcome == "partial"), "partial"),
        else_=BackgroundJob.status,
    ).label("state")
    real = sa.select(BackgroundJob.user_id, BackgroundJob.job_type, state, sa.func.count().label("number")).group_by(
        BackgroundJob.user_id, BackgroundJob.job_type, state
    )
    kept = sa.select(*_KEY, -_SUM).group_by(*_KEY)
    both = sa.union_all(real, kept).subquery()
    key = (both.c.user_id, both.c.job_type, both.c.state)
    lacking = sa.func.sum(both.c.number)
    statement: sa.Select[str, str, str, int] = (
        sa.select(both.c.user_id, both.c.job_type, both.c.state, sa.cast(lacking, sa.BigInteger))
        .group_by(*key)
        .having(lacking != 0)
    )
    return (await session.execute(statement)).all()


async def hold_counters(session: AsyncSession) -> None:
    """Be the only one who mends counters until the transaction ends. On SQLite every writer is alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_COUNTERS_LOCK)))


async def add(session: AsyncSession, differences: Sequence[Difference]) -> None:
    """Count what the counters lack."""
    if session.get_bind().dialect.name == "postgresql":
        statement = sa.text("select headway_add_to_job_counts(:owner, :kind, :word, :change)")
    else:
        statement = sa.text(
            "insert into job_counts (user_id, job_type, state, slot, count) values (:owner, :kind, :word, 0, :change)"
            " on conflict (user_id, job_type, state, slot) do update set count = count + excluded.count"
        )
    for owner, kind, word, change in differences:
        await session.execute(statement, {"owner": owner, "kind": kind, "word": word, "change": change})


async def join_slots(session: AsyncSession, owner: str | None = None) -> None:
    """Make one slot of several, and none of an empty one: of an owner's counts, or of everybody's.

    What somebody else is counting in at the moment stays as it is.
    """
    if session.get_bind().dialect.name != "postgresql":
        empty = sa.delete(JobCount).where(JobCount.count == 0)
        await session.execute(empty if owner is None else empty.where(JobCount.user_id == owner))
        return
    untidy = sa.select(*_KEY).group_by(*_KEY).having(sa.or_(sa.func.count() > 1, _SUM == 0))
    if owner is not None:
        untidy = untidy.where(JobCount.user_id == owner)
    free = sa.select(*_KEY, JobCount.slot).where(sa.tuple_(*_KEY).in_(untidy)).with_for_update(skip_locked=True)
    its_own = sa.tuple_(*_KEY, JobCount.slot).in_(sa.select(free.cte("free")))
    taken = sa.delete(JobCount).where(its_own).returning(*_KEY, JobCount.count).cte("taken")
    key = (taken.c.user_id, taken.c.job_type, taken.c.state)
    number = sa.func.sum(taken.c.count)
    joined = sa.select(*key, sa.func.txid_current(), number).group_by(*key).having(number != 0)
    columns = ["user_id", "job_type", "state", "slot", "count"]
    await session.execute(sa.insert(JobCount).from_select(columns, joined))
