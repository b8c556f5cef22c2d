"""`JobHistory`: an owner's jobs, past and present, page by page, and what happened to each of them."""

from __future__ import annotations

from uuid import UUID

from headway.jobs import counters, history_queries, queries
from headway.jobs.answers import to_response
from headway.jobs.attempts import read_attempts
from headway.jobs.filters import JobFilter
from headway.jobs.line import FindPlaces, nowhere
from headway.jobs.receipts import read_receipt
from headway.jobs.schemas import HistoryCounts, HistoryPage, JobAttempts, JobEventResponse, JobEvents, Receipt
from headway.kit.db import Database
from headway.kit.pagination import decode_cursor, encode_cursor

EVERYTHING = JobFilter()


class JobHistory:
    """Reads what is kept of jobs."""

    def __init__(self, database: Database, places_of: FindPlaces = nowhere) -> None:
        self._database = database
        self._places_of = places_of

    async def list_jobs(
        self, user_id: str, *, limit: int, cursor: str | None, where: JobFilter = EVERYTHING
    ) -> HistoryPage:
        """Return one page of an owner's jobs, newest first, and how far was looked if that was not to the end."""
        after = decode_cursor(cursor) if cursor else None
        async with self._database.read() as session:
            rows, end = await history_queries.list_page(session, user_id, limit=limit, after=after, where=where)
            if end is not None and after is None and where.is_counted:
                known = await counters.count_own(session, user_id, where)
                end = end if known.matching > len(rows) else None
        page, is_full = rows[:limit], len(rows) > limit
        last = (page[-1].created_at, page[-1].id) if is_full else end
        places = await self._places_of(page)
        return HistoryPage(
            items=[to_response(job, places.get(job.id)) for job in page],
            next_cursor=encode_cursor(*last) if last is not None else None,
            searched_back_to=end[0] if end is not None and not is_full else None,
        )

    async def count_jobs(self, user_id: str, where: JobFilter = EVERYTHING) -> HistoryCounts:
        """Return how many jobs of an owner each status and type has, and both together. No other filter counts."""
        async with self._database.read() as session:
            return await counters.count_own(session, user_id, where)

    async def list_events(self, job_id: UUID, user_id: str) -> JobEvents:
        """Return what happened to an owner's job, in order."""
        async with self._database.read() as session:
            job = await queries.get_own(session, job_id, user_id)
            events = await queries.list_events(session, job_id)
        items = [JobEventResponse.model_validate(event, from_attributes=True) for event in events]
        return JobEvents(items=items, events_dropped_at=job.events_dropped_at)

    async def receipt(self, job_id: UUID, user_id: str) -> Receipt:
        """Return what an owner's ended job was given and what came of it. Raise `JobStillRunning`."""
        async with self._database.read() as session:
            job = await queries.get_own(session, job_id, user_id)
            return read_receipt(job, await queries.list_events(session, job_id))

    async def list_attempts(self, job_id: UUID, user_id: str) -> JobAttempts:
        """Return how often an owner's job was begun, with the stages and the end of each time."""
        async with self._database.read() as session:
            job = await queries.get_own(session, job_id, user_id)
            events = await queries.list_events(session, job_id)
        return JobAttempts(items=read_attempts(job, events), events_dropped_at=job.events_dropped_at)
