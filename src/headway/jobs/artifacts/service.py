"""`ArtifactService`: takes in the files of jobs, and hands them to their owners.

An object is stored before the row that names it, under a new key, and the row is written by the job's present
attempt or not at all. So a zombie leaves an object that nothing names, which is swept, and never a file.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from headway.errors import AppError, ScopeMissing
from headway.jobs.artifacts import queries
from headway.jobs.artifacts.errors import ArtifactExpired, ArtifactNotFound, TooManyArtifacts
from headway.jobs.artifacts.naming import checked_media_type, checked_name, new_key
from headway.jobs.artifacts.schemas import ArtifactResponse, JobArtifacts
from headway.jobs.artifacts.writing import ArtifactWriter
from headway.jobs.errors import StaleLease
from headway.jobs.models import JobArtifact
from headway.jobs.queries import Lease, held_by
from headway.jobs.schemas import ReportProgress
from headway.jobs.service import EXTERNAL, JobMonitoringService
from headway.kit.actor import Actor, Scope
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.downloads import attachment
from headway.storage.store import ObjectStore, Presigns

log = logging.getLogger(__name__)

MOST_OF_A_JOB = 100
"""A job is no archive; this many fit on its page."""

BEAT_SECONDS = 1.0
"""How often bytes that arrive are taken for a sign of life, at most."""

REDIRECT_SECONDS = 60


class Room(Protocol):
    """Says how much an owner may keep, of whatever kind, and how much the store can."""

    async def refuse_without_room(self, size_bytes: int) -> None: ...

    async def refuse_over_quota_in(self, session: AsyncSession, owner: str, size_bytes: int) -> None: ...


@dataclass(frozen=True, slots=True)
class ArtifactRules:
    """How large a file of a job may be, and for how many days it is kept; 0 is as long as its job is."""

    max_bytes: int
    keep_days: int
    # Whether browsers reach the store themselves, so that it can serve what is downloaded.
    redirects: bool = False
    # Other days for some types of jobs.
    types: Mapping[str, int] = field(default_factory=dict)

    def expiry(self, job_type: str, now: datetime) -> datetime | None:
        """Return when a file that a job of this type leaves now is to go."""
        days = self.types.get(job_type, self.keep_days)
        return now + timedelta(days=days) if days else None


@dataclass(frozen=True, slots=True)
class _Holder:
    """Whoever may write files of a job, and the condition that it is so still."""

    job_id: UUID
    attempt: int
    condition: ColumnElement[bool]


class ArtifactService:
    """The files of jobs."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        clock: Clock,
        jobs: JobMonitoringService,
        room: Room,
        rules: ArtifactRules,
        guards: Mapping[str, Scope] | None = None,
    ) -> None:
        """`guards` names the scope that it takes besides to fetch files of some kinds of jobs."""
        self._guards = guards or {}
        self._database = database
        self._store = store
        self._clock = clock
        self._jobs = jobs
        self._room = room
        self._rules = rules

    # ------------------------------------------------------- whoever runs a job

    @asynccontextmanager
    async def writing(self, lease: Lease, name: str, media_type: str | None = None) -> AsyncIterator[ArtifactWriter]:
        """Lend a writer for a file of a job that a lease holds; the file is there once the block has ended.

        Raises `StaleLease` if another attempt owns the job by then, and leaves nothing if anything is raised.
        """
        holder = _Holder(lease.job_id, lease.attempt, held_by(lease))
        async with self._writing(holder, checked_name(name), checked_media_type(media_type)) as writer:
            yield writer

    async def receive(
        self,
        owner: str,
        job_id: UUID,
        name: str,
        media_type: str | None,
        chunks: AsyncIterator[bytes],
        *,
        attempt: int | None = None,
        rows: int | None = None,
        declared_bytes: int | None = None,
    ) -> ArtifactResponse:
        """Take in a file of a job that its owner runs. Its bytes are a sign of life, as every report is."""
        plain, kind = checked_name(name), checked_media_type(media_type)
        await self._jobs.report(job_id, owner, ReportProgress(attempt=attempt))
        job = await self._jobs.get_job_by_id(job_id, owner)
        await self._room.refuse_without_room(declared_bytes or 0)
        holder = _Holder(job_id, job.attempt, queries.reported_as(job_id, owner, EXTERNAL, job.attempt))
        try:
            async with self._writing(holder, plain, kind) as writer:
                writer.rows = rows
                await self._take(chunks, writer, owner, holder)
        except StaleLease:
            # The job may have ended, or be gone; then a report is told which.
            await self._jobs.report(job_id, owner, ReportProgress(attempt=holder.attempt))
            raise
        return await self._get(owner, job_id, plain)

    async def _take(self, chunks: AsyncIterator[bytes], writer: ArtifactWriter, owner: str, holder: _Holder) -> None:
        beaten_at = asyncio.get_running_loop().time()
        async for chunk in chunks:
            await writer.write(chunk)
            if asyncio.get_running_loop().time() - beaten_at >= BEAT_SECONDS:
                await self._jobs.report(holder.job_id, owner, ReportProgress(attempt=holder.attempt))
                beaten_at = asyncio.get_running_loop().time()

    @asynccontextmanager
    async def _writing(self, holder: _Holder, name: str, media_type: str) -> AsyncIterator[ArtifactWriter]:
        key = new_key(holder.job_id, holder.attempt)
        told = {"Content-Type": media_type, "Content-Disposition": attachment(name)["Content-Disposition"]}
        writer = ArtifactWriter(await self._store.open_writer(key, told), self._rules.max_bytes)
        try:
            yield writer
            await writer.commit()
            replaced = await self._record(holder, name, media_type, key, writer)
        except BaseException as error:
            # A commit that failed may have happened, and then a row names the object; the sweep finds out.
            if isinstance(error, AppError) or not writer.is_durable:
                await asyncio.shield(writer.abort())
            raise
        if replaced is not None:
            with contextlib.suppress(AppError):
                await self._store.delete(replaced)

    async def _record(
        self, holder: _Holder, name: str, media_type: str, key: str, writer: ArtifactWriter
    ) -> str | None:
        """Name a stored file, if its writer still holds the job; return the object that it replaces."""
        now = self._clock.now()
        async with self._database.write() as session:
            found = await queries.find_owner_and_type(session, holder.condition)
            if found is None:
                raise StaleLease
            owner, job_type = found
            before = await queries.find(session, owner, holder.job_id, name)
            freed = before.bytes if before is not None and before.object_key is not None else 0
            # The owner's lock before the job's, as everywhere.
            await self._room.refuse_over_quota_in(session, owner, max(0, writer.size_bytes - freed))
            if before is None and await queries.count_of_job(session, holder.job_id) >= MOST_OF_A_JOB:
                raise TooManyArtifacts(f"A job may have {MOST_OF_A_JOB} files.", max_artifacts=MOST_OF_A_JOB)
            await self._jobs.note_in(session, holder.condition, "artifact", name=name, bytes=writer.size_bytes)
            return await queries.replace(
                session,
                JobArtifact(
                    job_id=holder.job_id, name=name, user_id=owner, attempt=holder.attempt, media_type=media_type,
                    bytes=writer.size_bytes, sha256=writer.sha256, rows=writer.rows, object_key=key, created_at=now,
                    expires_at=self._rules.expiry(job_type, now),
                ),
            )  # fmt: skip

    # ------------------------------------------------------------ a job's owner

    async def list_artifacts(self, owner: str, job_id: UUID) -> JobArtifacts:
        """Return the files of an owner's job, in the order in which they were written. Raises `JobNotFound`."""
        await self._jobs.require_own([job_id], owner)
        async with self._database.read() as session:
            found = await queries.list_of_job(session, owner, job_id)
        return JobArtifacts(items=[self._to_response(each) for each in found])

    async def _get(self, owner: str, job_id: UUID, name: str) -> ArtifactResponse:
        return self._to_response(await self._find(owner, job_id, name))

    async def get_stored(self, who: Actor, job_id: UUID, name: str) -> JobArtifact:
        """Return a file that can be read. Raises `JobNotFound`, `ArtifactNotFound` or `ArtifactExpired`.

        Raises `ScopeMissing` if it shows what the caller may not see.
        """
        await self._jobs.require_own([job_id], who.owner)
        guard = self._guards.get((await self._jobs.get_delivered(job_id)).kind or "")
        if guard is not None and guard not in who.scopes:
            raise ScopeMissing(f"This file needs a token with the scope {guard} as well.", scope=guard.value)
        found = await self._find(who.owner, job_id, name)
        if self._has_expired(found):
            gone = found.expires_at.isoformat() if found.expires_at else None
            raise ArtifactExpired(f"{found.name} was kept until {gone}.", expired_at=gone)
        return found

    async def read(self, artifact: JobArtifact, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Return the bytes of a stored file. Raises `ObjectMissing` before the first one."""
        assert artifact.object_key is not None  # noqa: S101 - `get_stored` raises for others
        await self._store.stat(artifact.object_key)
        return self._store.read(artifact.object_key, start, length)

    async def find_redirect(self, artifact: JobArtifact) -> str | None:
        """Return an address at which the store itself serves the file for a minute, where it may."""
        if not self._rules.redirects or artifact.object_key is None or not isinstance(self._store, Presigns):
            return None
        return await self._store.presigned(artifact.object_key, REDIRECT_SECONDS)

    async def _find(self, owner: str, job_id: UUID, name: str) -> JobArtifact:
        async with self._database.read() as session:
            found = await queries.find(session, owner, job_id, name)
        if found is None:
            raise ArtifactNotFound
        return found

    def _has_expired(self, artifact: JobArtifact) -> bool:
        is_due = artifact.expires_at is not None and artifact.expires_at <= self._clock.now()
        return artifact.object_key is None or is_due

    def _to_response(self, artifact: JobArtifact) -> ArtifactResponse:
        names = ("name", "media_type", "bytes", "sha256", "rows", "attempt", "created_at", "expires_at")
        return ArtifactResponse(
            expired=self._has_expired(artifact), **{name: getattr(artifact, name) for name in names}
        )
