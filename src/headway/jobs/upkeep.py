"""What tidying up needs to know of jobs, and what of theirs it may forget. It acts for the system, for no owner."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from headway.jobs import queries
from headway.kit.db import Database
from headway.kit.tally import Tally


class JobUpkeep:
    """Jobs as left-overs see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def statuses(self, job_ids: Collection[UUID]) -> dict[UUID, str]:
        """Return the status of each of these jobs that exists."""
        async with self._database.read() as session:
            return await queries.list_statuses(session, job_ids)

    async def checkpoint_values(self, job_ids: Collection[UUID]) -> list[dict[str, Any]]:
        """Return what these jobs have kept of their attempts."""
        async with self._database.read() as session:
            return list(await queries.list_checkpoint_values(session, job_ids))

    async def forget_checkpoints(self, before: datetime, *, dry_run: bool) -> Tally:
        """Forget the checkpoints of jobs that completed or were cancelled before a moment.

        A failed job keeps its own: trying it again is what they are for. A cancelled one starts anew after that.
        """
        async with self._database.write() as session:
            return await queries.forget_checkpoints(session, before, delete=not dry_run)


def select_unfinished() -> sa.Select[UUID]:
    """Return the statement for the jobs, of everybody, that have not completed, and so may run (again)."""
    return queries.select_all_unfinished()
