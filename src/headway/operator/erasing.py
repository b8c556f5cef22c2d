"""Erases a person: everything that they brought or made, and the account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.accounts.service import AccountService, Named
from headway.audit.log import By
from headway.datasets.service import DatasetService
from headway.errors import AppError
from headway.intake.service import FileIntakeService
from headway.intake.sweep_objects import job_of
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from headway.recipes.service import RecipeService
from headway.rules.service import RuleSetService

STOP_SECONDS = 15.0
"""How long running jobs may take to stop by themselves; after that their workers find them gone."""

LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class ErasedRows:
    """How much there was of somebody, and what in the store belonged to it."""

    datasets: int
    files: int
    job_ids: list[UUID]
    object_keys: set[str]


@dataclass(frozen=True, slots=True)
class Erased:
    """How much there was of somebody; `left` counts the objects that the store did not delete, which the sweep does."""

    datasets: int
    files: int
    jobs: int
    objects: int
    left: int


CountsIn = Callable[[AsyncSession, dict[str, int]], Awaitable[None]]
"""What is done besides in the transaction that erases, given how many datasets, files and jobs there were."""


@dataclass(frozen=True, slots=True)
class Belongings:
    """Knows everybody who keeps something of an owner."""

    database: Database
    jobs: JobMonitoringService
    intake: FileIntakeService
    datasets: DatasetService
    recipes: RecipeService
    rule_sets: RuleSetService

    async def erase_rows(
        self, owner: str, *, stop_seconds: float = STOP_SECONDS, besides: CountsIn | None = None
    ) -> ErasedRows:
        """Erase all rows of an owner in one transaction. One that was broken off can be repeated."""
        await self._end_jobs(owner, stop_seconds)
        async with self.database.write() as session:
            jobs = await self.jobs.erase_owner_in(session, owner)
            originals = await self.intake.erase_owner_in(session, owner)
            datasets, keys = await self.datasets.erase_owner_in(session, owner)
            await self.recipes.erase_owner_in(session, owner)
            await self.rule_sets.erase_owner_in(session, owner)
            if besides is not None:
                await besides(session, {"datasets": datasets, "files": len(originals), "jobs": len(jobs)})
        return ErasedRows(datasets, len(originals), jobs, originals | keys)

    async def erase_objects(self, rows: ErasedRows) -> Erased:
        """Delete their objects; return how much there was in all."""
        keys, unreachable = set(rows.object_keys), 0
        # Jobs that were deleted before are known from what they stored.
        deleted = {job_id for key in keys if (job_id := job_of(key)) is not None}
        for job_id in deleted.union(rows.job_ids):
            try:
                keys |= set(await self.intake.list_objects(job_id))
            except AppError:
                unreachable += 1
        left = await self.datasets.discard(keys)
        return Erased(rows.datasets, rows.files, len(rows.job_ids), len(keys) - left, left + unreachable)

    async def _end_jobs(self, owner: str, stop_seconds: float) -> None:
        """End what waits, and let what runs stop by itself, so that it writes nothing after its rows are gone."""
        until = time.monotonic() + stop_seconds
        while await self.jobs.cancel_all(owner):
            if time.monotonic() >= until:
                return
            await asyncio.sleep(LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases the account with what it has."""

    accounts: AccountService
    belongings: Belongings

    async def erase_rows(self, named: Named, *, by: By, stop_seconds: float = STOP_SECONDS) -> ErasedRows:
        """Erase a user but for their objects. One that was broken off can be repeated. Raises `LastAdmin`."""
        # Nobody signs in or uploads from here on, and the last administrator is refused before anything is touched.
        erasing = await self.accounts.begin_erasing(named, by=by)

        async def account_in(session: AsyncSession, counts: dict[str, int]) -> None:
            await self.accounts.erase_user_in(session, erasing, **counts)

        return await self.belongings.erase_rows(str(erasing.user_id), stop_seconds=stop_seconds, besides=account_in)
