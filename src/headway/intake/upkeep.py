"""What uploads leave in the database: room that was claimed for them, and names that clients gave them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.upkeep import DatasetUpkeep
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

    def __init__(self, database: Database, clock: Clock, jobs: JobUpkeep, datasets: DatasetUpkeep) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._datasets = datasets

    async def imports_of(self, job_ids: Collection[UUID]) -> Sequence[Import]:
        async with self._database.read() as session:
            return await queries.list_imports(session, job_ids)

    async def imports_after(self, job_id: UUID | None) -> Sequence[Import]:
        """Return the next page of all imports, by the ids of their jobs; the last one is empty."""
        async with self._database.read() as session:
            return await queries.list_imports_after(session, job_id, PAGE)

    async def forget_imports(self, *, dry_run: bool) -> Tally:
        """Forget imports whose job was deleted and from which no dataset came, or none is left."""
        total, page = Tally(), await self.imports_after(None)
        while page:
            if unneeded := await self._unneeded(page):
                async with self._database.write() as session:
                    total = total.merged(await queries.forget_imports(session, unneeded, delete=not dry_run))
            page = await self.imports_after(page[-1].job_id)
        return total

    async def _unneeded(self, imports: Sequence[Import]) -> list[UUID]:
        # In this order: once a job is gone, nothing makes a dataset of its import any more.
        statuses = await self._jobs.statuses([each.job_id for each in imports])
        orphans = [each.id for each in imports if each.job_id not in statuses]
        used = await self._datasets.imports_in_use(orphans) if orphans else set()
        return [each for each in orphans if each not in used]

    async def receiving(self, job_ids: Collection[UUID]) -> set[UUID]:
        """Return those of these jobs whose uploads have not ended."""
        async with self._database.read() as session:
            return set(await queries.list_receiving_among(session, job_ids))

    async def forget_uploads(self, *, dry_run: bool) -> Tally:
        """Forget uploads whose job was deleted; until then they tell a late client what became of them."""
        total, last = Tally(), None
        while True:
            async with self._database.read() as session:
                page = await queries.list_uploads_after(session, last, PAGE)
            statuses = await self._jobs.statuses([each.job_id for each in page])
            if orphans := [each.job_id for each in page if each.job_id not in statuses]:
                async with self._database.write() as session:
                    total = total.merged(await queries.forget_uploads(session, orphans, delete=not dry_run))
            if len(page) < PAGE:
                return total
            last = page[-1].job_id

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
