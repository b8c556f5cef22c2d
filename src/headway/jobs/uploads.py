"""Jobs whose bytes arrive in several turns: in somebody's hands, paused, or at their end."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs import arriving
from headway.jobs.errors import StaleLease
from headway.jobs.models import BackgroundJob
from headway.jobs.queries import Lease
from headway.jobs.transitions import Transitions
from headway.kit.db import Database


class ResumableUploads:
    """What is special about such jobs; for the rest they are jobs like others."""

    def __init__(self, database: Database, move: Transitions) -> None:
        self._database = database
        self._move = move

    async def take_in(
        self, session: AsyncSession, job_id: UUID, owner: str, lease_seconds: float, **columns: Any
    ) -> BackgroundJob:
        """Go on with a resumable upload, whoever held it until now. Raises `StaleLease` if it is none any more."""
        return await self._move.take_upload(session, job_id, owner, lease_seconds, **columns)

    async def end_in(self, session: AsyncSession, job_id: UUID, problem: dict[str, Any]) -> bool:
        """Fail an upload that nobody may go on with any more, whoever holds it; say whether it was still one."""
        error = problem["detail"]
        ended = await self._move.end(session, arriving.uploading(job_id), "failed", error=error, problem=problem)
        return ended is not None

    async def list_holders(self, session: AsyncSession, job_ids: Collection[UUID]) -> dict[UUID, str | None]:
        """Return those of these jobs that have not ended, each with who holds it, if anybody does."""
        return await arriving.list_holders(session, job_ids)

    async def pause(self, lease: Lease) -> None:
        """Let an upload wait for whoever goes on with it. Raises `StaleLease` if the lease holds no more."""
        async with self._database.write() as session:
            await self._move.pause_upload(session, await self._move.held(session, lease))

    async def pause_silent(self, job: BackgroundJob) -> bool:
        """Do that for an upload whose holder has gone silent, if it still is as it was seen; say whether it was."""
        try:
            async with self._database.write() as session:
                await self._move.pause_upload(session, job)
        except StaleLease:
            return False
        return True

    async def end_restored_in(self, session: AsyncSession, problem: dict[str, Any]) -> int:
        """Fail the resumable uploads of a restored backup, which holds none of their bytes; return how many."""
        found = await arriving.list_resumable(session)
        for job in found:
            await self._move.end(
                session, arriving.uploading(job.id), "failed", error=problem["detail"], problem=problem
            )
        return len(found)
