"""What uploads leave in the database: room that was claimed for them, and names that clients gave them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.intake import queries
from headway.intake.models import IdempotencyKey, Import, UploadReservation
from headway.jobs.states import TERMINAL
from headway.jobs.upkeep import JobUpkeep
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.tally import Tally

PAGE = 500
ANSWERED_KEY_DAYS = 7
"""How long a repeated request finds its first answer. After that the file itself tells that it is a duplicate."""

ListPage = Callable[[AsyncSession], Awaitable[Sequence[UploadReservation | IdempotencyKey]]]
Forget = Callable[[AsyncSession, Collection[UUID]], Awaitable[Tally]]


class IntakeUpkeep:
    """Uploads as left-overs see them."""

    def __init__(self, database: Database, clock: Clock, jobs: JobUpkeep) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs

    async def imports_of(self, job_ids: Collection[UUID]) -> Sequence[Import]:
        async with self._database.read() as session:
            return await queries.list_imports(session, job_ids)

    async def imports_after(self, job_id: UUID | None) -> Sequence[Import]:
        """Return the next page of all imports, by the ids of their jobs; the last one is empty."""
        async with self._database.read() as session:
            return await queries.list_imports_after(session, job_id, PAGE)

    async def forget_reservations(self, *, dry_run: bool) -> Tally:
        """Release the room that ended jobs still claim. A job that lives keeps its claim, however late it is."""
        now = self._clock.now()
        expired = partial(queries.list_expired_reservations, now=now, limit=PAGE)
        return await self._forget_ended(expired, partial(queries.forget_reservations, delete=not dry_run), dry_run)

    async def forget_keys(self, before: datetime, *, dry_run: bool) -> Tally:
        """Forget the keys of ended jobs: those without an answer from before a moment, others after some days."""
        answered = self._clock.now() - timedelta(days=ANSWERED_KEY_DAYS)
        old = partial(queries.list_keys_before, unanswered=before, answered=answered, limit=PAGE)
        return await self._forget_ended(old, partial(queries.forget_keys, delete=not dry_run), dry_run)

    async def _forget_ended(self, list_page: ListPage, forget: Forget, dry_run: bool) -> Tally:
        """Go through what is listed, page by page, and forget what belongs to jobs that have ended."""
        total = Tally()
        while True:
            async with self._database.read() as session:
                page = await list_page(session)
            ended = await self._ended([each.job_id for each in page])
            async with self._database.write() as session:
                total = total.merged(await forget(session, ended))
            if len(page) < PAGE or not ended or dry_run:
                return total

    async def _ended(self, job_ids: Collection[UUID]) -> list[UUID]:
        statuses = await self._jobs.statuses(job_ids)
        return [job_id for job_id in job_ids if statuses.get(job_id) in {*TERMINAL, None}]
