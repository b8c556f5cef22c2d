"""Names that clients give to their uploads, so that a repeated request finds the first one's job and makes no second."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.intake import queries
from headway.intake.models import IdempotencyKey
from headway.intake.upload_errors import IdempotencyKeyInUse, IdempotencyKeyInvalid
from headway.jobs.service import JobMonitoringService
from headway.jobs.states import TERMINAL
from headway.kit.clock import Clock
from headway.kit.db import Database

MAX_KEY_LENGTH = 200


class IdempotencyKeys:
    """Looks keys up, and lets an upload have one."""

    def __init__(self, database: Database, clock: Clock, jobs: JobMonitoringService) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs

    async def find(self, owner: str, key: str | None) -> IdempotencyKey | None:
        """Return what is known of a key, unless its job was deleted: the answer went with it."""
        if key is None:
            return None
        if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
            raise IdempotencyKeyInvalid
        async with self._database.read() as session:
            known = await queries.find_key(session, owner, key)
            if known is None or await self._jobs.find_status(session, known.job_id) is None:
                return None
            return known

    async def find_answered(self, owner: str, key: str | None) -> IdempotencyKey | None:
        """Return the key if its first request came to its end."""
        known = await self.find(owner, key)
        return known if known is not None and known.fingerprint is not None else None

    async def claim_in(self, session: AsyncSession, owner: str, key: str, job_id: UUID) -> None:
        """Take the key for an upload; one that an ended upload or a deleted job left behind is free."""
        known = await queries.find_key(session, owner, key)
        if known is not None:
            status = await self._jobs.find_status(session, known.job_id)
            if status is not None and (known.fingerprint is not None or status not in TERMINAL):
                raise IdempotencyKeyInUse(retry_after_seconds=5)
            await queries.release_key(session, known.job_id)
        await queries.insert_key(session, owner, key, job_id, self._clock.now())
