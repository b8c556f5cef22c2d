"""An engine that delivers nothing, and remembers what it was given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs.runner import Submission


class RecordingSubmitter:
    """Keeps submissions until a test takes them out of `held`."""

    def __init__(self) -> None:
        self.held: list[Submission] = []
        self.cancelled: list[UUID] = []

    async def enqueue(self, _session: AsyncSession, submission: Submission) -> None:
        self.held.append(submission)

    async def cancel(self, job_id: UUID) -> None:
        self.cancelled.append(job_id)

    async def undelivered(self, submissions: Collection[Submission]) -> Sequence[UUID]:
        return [one.job_id for one in submissions if one not in self.held]

    async def close(self) -> None:
        """Nothing is held open."""
