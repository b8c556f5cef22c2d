"""An engine that delivers nothing, and remembers what it was given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs.runner import Living, Submission


class RecordingSubmitter:
    """Keeps submissions until a test takes them out of `held`."""

    def __init__(self) -> None:
        self.held: list[Submission] = []
        self.cancelled: list[UUID] = []
        self.told = 0
        self.forgotten: list[datetime] = []

    async def enqueue(self, _session: AsyncSession, submission: Submission) -> None:
        self.held.append(submission)

    async def cancel(self, submissions: Collection[Submission]) -> None:
        self.told += 1
        self.cancelled += [one.job_id for one in submissions]

    async def undelivered(self, submissions: Collection[Submission]) -> Sequence[UUID]:
        return [one.job_id for one in submissions if one not in self.held]

    async def forget_ended(self, before: datetime, living: Living) -> int:
        """Ask who of those that it holds is alive; forget the others, whenever they ended."""
        alive = await living([one.job_id for one in self.held])
        over = [one for one in self.held if one.job_id not in alive]
        self.held = [one for one in self.held if one.job_id in alive]
        self.forgotten.append(before)
        return len(over)

    async def close(self) -> None:
        """Nothing is held open."""
