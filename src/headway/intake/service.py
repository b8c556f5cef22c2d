"""`FileIntakeService`: from the first byte of an upload to a job that is promised to end in a dataset.

The sequence keeps three promises under a kill at any point. T0: the job exists while bytes arrive, under a
lease of this process. Then the bytes are made durable. T1: one transaction makes them an import and enqueues
the job, and only after its commit is anything promised to the client.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.service import DatasetService
from headway.errors import AppError
from headway.intake import queries
from headway.intake.acceptance import Acceptance, ArrivedFile
from headway.intake.arrival import Arrival, Arrivals
from headway.intake.idempotency import IdempotencyKeys
from headway.intake.identity import arriving_prefix, display_name, fingerprint, original_key, rows_prefix
from headway.intake.leases import UPLOAD_LEASE_SECONDS, UploadLeases
from headway.intake.models import IdempotencyKey
from headway.intake.quota import FORM_BYTES, IntakeLimits, Quota
from headway.intake.schemas import ImportOptions
from headway.intake.upload_errors import IdempotencyKeyReused, UploadCancelled, UploadInterrupted
from headway.jobs.artifacts.naming import artifacts_prefix
from headway.jobs.errors import StaleLease
from headway.jobs.runner import JobSubmitter
from headway.jobs.schemas import JobResponse
from headway.jobs.service import JobMonitoringService, Lease
from headway.jobs.submitting import JobSubmissions
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.rules.checks import DatasetChecks
from headway.rules.service import RuleSetService
from headway.storage.errors import ObjectMissing
from headway.storage.store import ObjectStore

log = logging.getLogger(__name__)


class FileIntakeService:
    """Accepts files for import."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        clock: Clock,
        jobs: JobMonitoringService,
        datasets: DatasetService,
        submitter: JobSubmitter,
        limits: IntakeLimits,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._jobs = jobs
        self._limits = limits
        self.arrivals = Arrivals(limits.max_uploads_at_once)
        self.quota = Quota(database, store, clock, jobs, datasets, limits)
        self.leases = UploadLeases(database, clock, jobs)
        self.keys = IdempotencyKeys(database, clock, jobs)
        checks = DatasetChecks(RuleSetService(database, clock), JobSubmissions(database, jobs, submitter))
        self.acceptance = Acceptance(database, clock, jobs, datasets, submitter, checks)

    async def upload_file(
        self,
        owner: str,
        file_name: str,
        chunks: AsyncIterator[bytes],
        *,
        options: Callable[[], ImportOptions] = ImportOptions,
        declared_bytes: int | None = None,
        idempotency_key: str | None = None,
    ) -> JobResponse:
        """Take a file in and return its job, accepted and enqueued, or ended as a duplicate.

        `options` is asked once the bytes are there, because a form may carry them after the file. Any failure
        ends the job with the same problem that is raised, and leaves nothing in the store. A request repeated
        with its idempotency key gets the first one's job.
        """
        name = display_name(file_name)
        with self.arrivals.one_more(owner):
            self.quota.refuse_too_large((declared_bytes or 0) - FORM_BYTES)
            await self.quota.refuse_without_room(declared_bytes or 0)
            known = await self.keys.find_answered(owner, idempotency_key)
            if known is not None:
                return await self._replay(owner, known, chunks, options)
            lease = await self._begin(owner, name, declared_bytes or 0, idempotency_key)
            return await self._take_in(owner, name, lease, chunks, options, declared_bytes)

    async def _take_in(
        self,
        owner: str,
        name: str,
        lease: Lease,
        chunks: AsyncIterator[bytes],
        options: Callable[[], ImportOptions],
        declared_bytes: int | None,
    ) -> JobResponse:
        arrival = None
        try:
            arrival = Arrival(
                await self._store.open_writer(original_key(lease.job_id)), name, max_bytes=self._limits.max_upload_bytes,
                expected_bytes=declared_bytes, report=self._reporter(lease),
            )  # fmt: skip
            async with self.leases.beating(lease.job_id):
                async for chunk in chunks:
                    self.arrivals.received_bytes += len(chunk)
                    await arrival.write(chunk)
                await arrival.end()
                return await self._accept(owner, name, lease, arrival, options())
        except BaseException as error:
            await asyncio.shield(self._give_up(lease, arrival, error))
            raise

    async def erase_owner_in(self, session: AsyncSession, owner: str) -> set[str]:
        """Delete every import of an owner, with reservations and keys; return the objects that they named."""
        return await queries.delete_owned(session, owner)

    async def list_objects(self, job_id: UUID) -> list[str]:
        """Return the objects that a job has in the store, also those of attempts that came to nothing."""
        places = (rows_prefix(job_id), arriving_prefix(job_id), artifacts_prefix(job_id))
        found = [info.key for place in places async for info in self._store.list(place)]
        try:
            return [(await self._store.stat(original_key(job_id))).key, *found]
        except ObjectMissing:
            return found

    # ---------------------------------------------------------------------- T0

    async def _begin(self, owner: str, name: str, declared_bytes: int, key: str | None) -> Lease:
        async with self._database.write() as session:
            await self.quota.refuse_over_quota_in(session, owner, declared_bytes)
            job = await self._jobs.create_in(
                session,
                owner,
                "import",
                title=name,
                total_units=declared_bytes or None,
                details={"file_name": name},
                **self.leases.columns(),
            )
            expires_at = self._clock.now() + timedelta(seconds=UPLOAD_LEASE_SECONDS)
            await queries.reserve(session, job.id, owner, declared_bytes, expires_at)
            if key is not None:
                await self.keys.claim_in(session, owner, key, job.id)
        return self.leases.on(job.id)

    def _reporter(self, lease: Lease) -> Callable[..., Any]:
        async def report(progress: int, message: str, received_bytes: int) -> None:
            expires_at = self._clock.now() + timedelta(seconds=UPLOAD_LEASE_SECONDS)
            async with self._database.write() as session:
                answer = await self._jobs.progress_in(
                    session, lease.job_id, progress, message, lease=lease,
                    lease_seconds=UPLOAD_LEASE_SECONDS, done_units=received_bytes,
                )  # fmt: skip
                await queries.prolong(session, lease.job_id, received_bytes, expires_at)
            if answer.cancel_requested:
                raise UploadCancelled

        return report

    # ---------------------------------------------------------------------- T1

    async def _accept(
        self, owner: str, name: str, lease: Lease, arrival: Arrival, options: ImportOptions
    ) -> JobResponse:
        file = ArrivedFile(owner, name, arrival.size_bytes, arrival.sha256, options)
        existing = await self.acceptance.find_duplicate(lease, file)
        if existing is not None:
            await arrival.discard()
            return await self.acceptance.end_as_duplicate(lease, file, existing)
        await arrival.make_durable()
        return await self.acceptance.promise(lease, file)

    # ------------------------------------------------------------------ repeating

    async def _replay(
        self, owner: str, known: IdempotencyKey, chunks: AsyncIterator[bytes], options: Callable[[], ImportOptions]
    ) -> JobResponse:
        """Answer as the first time, after a look that the request is the same one."""
        digest = hashlib.sha256()
        async for chunk in chunks:
            digest.update(chunk)
        if fingerprint(digest.hexdigest(), options()) != known.fingerprint:
            raise IdempotencyKeyReused
        return await self._jobs.get_job_by_id(known.job_id, owner)

    # ----------------------------------------------------------------- giving up

    async def _give_up(self, lease: Lease, arrival: Arrival | None, error: BaseException) -> None:
        """End the job of a failed upload, then remove its bytes.

        In this order: a commit that failed may have happened, and then the bytes are promised. Only who could still
        end the job knows that they are not. If even that fails, the lease runs out and the reaper ends the job.
        """
        if arrival is not None and not arrival.is_durable:
            await arrival.discard()
        problem = error if isinstance(error, AppError) else UploadInterrupted()
        job = {"job_id": lease.job_id}
        try:
            await self.acceptance.refuse(lease, problem)
            if arrival is not None and arrival.is_durable:
                await arrival.discard()
                await self._store.delete(original_key(lease.job_id))
        except StaleLease:
            log.info("upload %s had already been ended", lease.job_id, extra=job)
        except Exception:
            log.exception("upload %s could not be ended; its lease will run out", lease.job_id, extra=job)
