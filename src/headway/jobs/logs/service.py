"""`JobLogs` keeps the lines of jobs, and shows each owner their own."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs.logs import queries
from headway.jobs.logs.ring import Block, Line, append, said
from headway.jobs.logs.schemas import JobLogs, LogLine
from headway.jobs.queries import Lease, get_own
from headway.jobs.schemas import ReportedLine
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.plurals import counted


class LogBook:
    """The lines of jobs, last ones first to be kept."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def write(self, lease: Lease, lines: Sequence[Line], skipped: int = 0) -> bool:
        """Keep lines of the attempt that a lease is for; say whether that is the present one still."""
        async with self._database.write() as session:
            if not await queries.hold_attempt(session, lease.job_id, lease.attempt):
                return False
            await self._append(session, lease.job_id, lease.attempt, lines, skipped)
        return True

    async def report_in(self, session: AsyncSession, job_id: UUID, reported: Sequence[ReportedLine]) -> None:
        """Keep lines that a program said with a report, in the transaction of that."""
        now = self._clock.now()
        lines = [Line(now, each.level, "program", text) for each in reported for text in said(each.text)]
        if lines:
            await self._append(session, job_id, await queries.attempt_of(session, job_id), lines, 0)

    async def _append(
        self, session: AsyncSession, job_id: UUID, attempt: int, lines: Sequence[Line], skipped: int
    ) -> None:
        newest = await queries.find_newest(session, job_id)
        if blocks := append(newest, attempt, lines, skipped):
            await queries.save(session, job_id, blocks, self._clock.now())

    async def read(self, owner: str, job_id: UUID, *, after: int | None, limit: int) -> JobLogs:
        """Return the first lines after a number, or the last ones of all. Raises `JobNotFound`."""
        async with self._database.read() as session:
            await get_own(session, job_id, owner)
            total, kept = await queries.count_lines(session, job_id)
            if after is None:
                blocks = await queries.list_last(session, job_id, limit)
                items = _lines(blocks, 0)[-limit:]
            else:
                blocks = await queries.list_after(session, job_id, after, limit)
                items = _lines(blocks, after)[:limit]
        last = items[-1].number if items else (after or 0)
        return JobLogs(items=items, next_after=last, more=last < total, total=total, dropped=total - kept)


def _lines(blocks: Sequence[Block], after: int) -> list[LogLine]:
    return [
        LogLine(number=number, attempt=block.attempt, at=line.at, level=line.level, source=line.source, text=line.text)
        for block in blocks
        for number, line in enumerate(block.lines, start=block.first)
        if number > after
    ]


def as_text(found: JobLogs, after: int | None) -> str:
    """Return lines as text, one a line; what is not kept is said where it stood."""
    written, expected = [], (after + 1 if after is not None else None)
    if after is None and found.items and found.items[0].number > 1:
        written.append(f"[{found.items[0].number - 1:,} earlier lines are not shown]")
    for line in found.items:
        if expected is not None and line.number > expected:
            written.append(f"[{counted(line.number - expected, 'line is', 'lines are')} not kept]")
        moment = line.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        written.append(f"{moment} {line.level:<7} {line.text}")
        expected = line.number + 1
    return "\n".join(written) + "\n" if written else ""
