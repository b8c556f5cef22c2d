"""Every statement on the lines of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from headway.jobs.logs.ring import BLOCKS_OF_ATTEMPT, BLOCKS_OF_JOB, Block, Line
from headway.jobs.models import BackgroundJob, JobLog
from headway.jobs.retention_queries import Old
from headway.kit.tally import Tally, tally_rows


async def hold_attempt(session: AsyncSession, job_id: UUID, attempt: int) -> bool:
    """Say whether this is a job's present attempt, and let it be so until the transaction ends."""
    present = sa.and_(BackgroundJob.id == job_id, BackgroundJob.attempt == attempt)
    # Two writers would give the same number to two lines. On SQLite each one is alone anyway.
    return (await session.execute(sa.select(BackgroundJob.id).where(present).with_for_update())).first() is not None


async def attempt_of(session: AsyncSession, job_id: UUID) -> int:
    return int((await session.execute(sa.select(BackgroundJob.attempt).where(BackgroundJob.id == job_id))).scalar_one())


async def find_newest(session: AsyncSession, job_id: UUID) -> Block | None:
    newest = sa.select(JobLog).where(JobLog.job_id == job_id).order_by(JobLog.first_number.desc()).limit(1)
    found = (await session.execute(newest)).scalar_one_or_none()
    return None if found is None else _to_block(found)


async def save(session: AsyncSession, job_id: UUID, blocks: Sequence[Block], now: datetime) -> None:
    """Keep new blocks, and the first one in the place of itself where it was there; drop the oldest ones."""
    first = blocks[0].first
    known = sa.and_(JobLog.job_id == job_id, JobLog.first_number == first)
    filled = sa.update(JobLog).where(known).values(_values(blocks[0], now)).returning(JobLog.first_number)
    was_there = (await session.execute(filled)).first() is not None
    new = blocks[1:] if was_there else blocks
    if not new:
        return
    values = [{"job_id": job_id, "first_number": each.first, **_values(each, now)} for each in new]
    await session.execute(sa.insert(JobLog), values)
    of_job = JobLog.job_id == job_id
    for kept, among in (
        (BLOCKS_OF_ATTEMPT, sa.and_(of_job, JobLog.attempt == new[-1].attempt)),
        (BLOCKS_OF_JOB, of_job),
    ):
        newest = sa.select(JobLog.first_number).where(among).order_by(JobLog.first_number.desc()).limit(kept)
        await session.execute(sa.delete(JobLog).where(among, JobLog.first_number.not_in(newest)))


def _values(block: Block, now: datetime) -> dict[str, object]:
    return {
        "attempt": block.attempt,
        "line_count": len(block.lines),
        "bytes": block.size_bytes,
        "lines": [line.to_json() for line in block.lines],
        "written_at": now,
    }


async def count_lines(session: AsyncSession, job_id: UUID) -> tuple[int, int]:
    """Return the number of the last line of a job, and how many lines are kept."""
    last = sa.func.coalesce(sa.func.max(JobLog.first_number + JobLog.line_count - 1), 0)
    kept = sa.func.coalesce(sa.func.sum(JobLog.line_count), 0)
    number, count = (await session.execute(sa.select(last, kept).where(JobLog.job_id == job_id))).one()
    return int(number), int(count)


async def list_after(session: AsyncSession, job_id: UUID, after: int, limit: int) -> list[Block]:
    """Return the blocks that hold the first lines after a number, as many as hold so many lines at least, or all."""
    later = sa.select(JobLog).where(JobLog.job_id == job_id, JobLog.first_number + JobLog.line_count - 1 > after)
    return _enough((await session.execute(later.order_by(JobLog.first_number))).scalars().all(), limit)


async def list_last(session: AsyncSession, job_id: UUID, limit: int) -> list[Block]:
    """Return the blocks that hold the last lines, in order."""
    newest = sa.select(JobLog).where(JobLog.job_id == job_id).order_by(JobLog.first_number.desc())
    return _enough((await session.execute(newest)).scalars().all(), limit)[::-1]


def _enough(rows: Sequence[JobLog], limit: int) -> list[Block]:
    blocks: list[Block] = []
    count = 0
    for row in rows:
        if count >= limit:
            break
        blocks.append(_to_block(row))
        count += row.line_count
    return blocks


def _to_block(row: JobLog) -> Block:
    return Block(row.first_number, row.attempt, tuple(Line.from_json(line) for line in row.lines), row.bytes)


def _old_lines(old: Old) -> list[ColumnElement[bool]]:
    """Return what must hold of blocks that were last written before a moment, and belong to such jobs."""
    conditions: list[ColumnElement[bool]] = [JobLog.written_at < old.before]
    if of_type := old.of_type():
        # Asked of each block: most lines are of the same few types, so that listing their jobs would be no help.
        conditions.append(sa.exists().where(BackgroundJob.id == JobLog.job_id, *of_type))
    return conditions


async def tally_old(session: AsyncSession, old: Old) -> Tally:
    """Return how many such blocks of all owners there are."""
    return await tally_rows(session, JobLog.written_at, sa.and_(*_old_lines(old)), delete=False)


async def delete_oldest(session: AsyncSession, old: Old, limit: int) -> int:
    """Delete the oldest of them; return how many there were."""
    key = sa.tuple_(JobLog.job_id, JobLog.first_number)
    oldest = sa.select(JobLog.job_id, JobLog.first_number).where(*_old_lines(old))
    oldest = oldest.order_by(JobLog.written_at).limit(limit)
    statement = sa.delete(JobLog).where(key.in_(oldest)).returning(JobLog.first_number)
    return len((await session.execute(statement)).all())
