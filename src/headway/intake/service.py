"""`FileIntakeService`: from the first byte of an upload to a job that is promised to end in a dataset.

The sequence keeps three promises under a kill at any point. T0: the job exists while bytes arrive, under a
lease of this process. Then the bytes are made durable. T1: one transaction makes them an import and enqueues
the job, and only after its commit is anything promised to the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.changes import Order
from headway.datasets.service import DatasetService
from headway.errors import AppError
from headway.intake import queries
from headway.intake.arrival import ARRIVING, Arrival, Arrivals
from headway.intake.identity import display_name, fingerprint, original_key
from headway.intake.models import IdempotencyKey, Import
from headway.intake.schemas import ImportOptions, Limits
from headway.intake.upload_errors import (
    IdempotencyKeyInUse,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    QuotaExceeded,
    UploadCancelled,
    UploadInterrupted,
    UploadTooLarge,
)
from headway.jobs.answers import to_response
from headway.jobs.errors import StaleLease
from headway.jobs.runner import JobSubmitter, Submission
from headway.jobs.schemas import JobResponse
from headway.jobs.service import JobMonitoringService, Lease
from headway.jobs.states import TERMINAL
from headway.kit.chores import every
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.storage.errors import ObjectMissing, StoreFull
from headway.storage.store import ObjectStore

log = logging.getLogger(__name__)

KIND = "intake.import_file"
ENGINE = "dbos"
UPLOAD_LEASE_SECONDS = 10
"""An API process that dies leaves its uploads alone for about this long before they are called interrupted."""

UPLOAD_BEAT_SECONDS = 3.0
"""The server lives, although a client may be silent and a store slow; how slow a client may be is decided where its
connection is watched."""

MAX_KEY_LENGTH = 200

FORM_BYTES = 512 * 1024
"""A form's declared length is a little longer than its file; what arrives is counted and decides."""

FORMATS = ["csv", "tsv", "xlsx", "xlsb", "xls", "ods", "json", "ndjson", "parquet", "arrow", "gzip of these"]


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How much may arrive: bytes, and files of one owner at the same time at one server."""

    max_upload_bytes: int
    max_user_bytes: int
    min_free_bytes: int
    max_uploads_at_once: int = 32


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
        self._datasets = datasets
        self._submitter = submitter
        self._limits = limits
        self._holder = f"api-{uuid4().hex[:12]}"
        self.arrivals = Arrivals(limits.max_uploads_at_once)
        self._beating_for: set[UUID] = set()
        self._beat: asyncio.Task[None] | None = None

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
            await self._refuse_what_cannot_fit(declared_bytes)
            known = await self._find_answered(owner, idempotency_key)
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
            key = original_key(lease.job_id)
            arrival = Arrival(
                await self._store.open_writer(key), name, max_bytes=self._limits.max_upload_bytes,
                expected_bytes=declared_bytes, report=self._reporter(lease),
            )  # fmt: skip
            async with self._beating(lease.job_id):
                async for chunk in chunks:
                    self.arrivals.received_bytes += len(chunk)
                    await arrival.write(chunk)
                await arrival.end()
                return await self._accept(owner, name, key, lease, arrival, options())
        except BaseException as error:
            await asyncio.shield(self._give_up(lease, arrival, error))
            raise

    async def limits(self, owner: str) -> Limits:
        """Return what the owner may still upload."""
        async with self._database.read() as session:
            used = await self._used_bytes(session, owner)
        return Limits(
            max_upload_bytes=self._limits.max_upload_bytes,
            max_user_bytes=self._limits.max_user_bytes,
            used_bytes=used,
            formats=FORMATS,
        )

    async def erase_owner_in(self, session: AsyncSession, owner: str) -> set[str]:
        """Delete every import of an owner, with reservations and keys; return the objects that they named."""
        return await queries.delete_owned(session, owner)

    async def list_objects(self, job_id: UUID) -> list[str]:
        """Return the objects that a job has in the store, also those of attempts that came to nothing."""
        found = [info.key async for info in self._store.list(f"rows/{job_id}/")]
        try:
            return [(await self._store.stat(original_key(job_id))).key, *found]
        except ObjectMissing:
            return found

    async def _used_bytes(self, session: AsyncSession, owner: str) -> int:
        in_use, unfinished = self._datasets.select_imports_in_use(owner), self._jobs.select_unfinished(owner)
        originals = await queries.used_bytes(session, owner, self._clock.now(), in_use, unfinished)
        return originals + await self._datasets.history_bytes(session, owner)

    # ---------------------------------------------------------------------- T0

    async def _refuse_what_cannot_fit(self, declared_bytes: int | None) -> None:
        declared = declared_bytes or 0
        if declared - FORM_BYTES > self._limits.max_upload_bytes:
            raise UploadTooLarge(
                f"The file has {declared:,} bytes; this service accepts up to {self._limits.max_upload_bytes:,}.",
                max_upload_bytes=self._limits.max_upload_bytes,
            )
        free = await self._store.free_bytes()
        if free is not None and free - declared < self._limits.min_free_bytes:
            raise StoreFull("The file does not fit on the disk of this service.", free_bytes=free)

    async def _begin(self, owner: str, name: str, declared_bytes: int, key: str | None) -> Lease:
        now = self._clock.now()
        expires_at = now + timedelta(seconds=UPLOAD_LEASE_SECONDS)
        async with self._database.write() as session:
            used = await self._used_bytes(session, owner)
            if used + declared_bytes > self._limits.max_user_bytes:
                raise QuotaExceeded(
                    f"You use {used:,} of {self._limits.max_user_bytes:,} bytes; this file needs {declared_bytes:,}.",
                    used_bytes=used,
                    max_user_bytes=self._limits.max_user_bytes,
                )
            job = await self._jobs.create_in(
                session,
                owner,
                "import",
                title=name,
                kind=KIND,
                engine=ENGINE,
                total_units=declared_bytes or None,
                lease_owner=self._holder,
                lease_expires_at=self._database.moment(self._clock, UPLOAD_LEASE_SECONDS),
                heartbeat_seconds=UPLOAD_LEASE_SECONDS,
                details={"file_name": name},
                **ARRIVING,
            )
            await queries.reserve(session, job.id, owner, declared_bytes, expires_at)
            if key is not None:
                await self._claim_key(session, owner, key, job.id)
        return Lease(job.id, 0, self._holder)

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

    @contextlib.asynccontextmanager
    async def _beating(self, job_id: UUID) -> AsyncIterator[None]:
        """Keep the lease of an upload alive while the block runs; one beat serves all uploads of this process."""
        self._beating_for.add(job_id)
        if self._beat is None:
            # In no request's context: what it logs concerns them all.
            self._beat = asyncio.create_task(every(UPLOAD_BEAT_SECONDS, self._renew), context=Context())
        try:
            yield
        finally:
            self._beating_for.discard(job_id)
            if not self._beating_for and self._beat is not None:
                beat, self._beat = self._beat, None
                beat.cancel()
                await asyncio.gather(beat, return_exceptions=True)

    async def _renew(self) -> None:
        """Renew all leases at once. Whoever lost a job learns of it with the next report, or at acceptance."""
        expires_at = self._clock.now() + timedelta(seconds=UPLOAD_LEASE_SECONDS)
        async with self._database.write() as session:
            held = await self._jobs.renew_in(session, self._holder, self._beating_for, UPLOAD_LEASE_SECONDS)
            await queries.prolong_all(session, held, expires_at)

    # ---------------------------------------------------------------------- T1

    async def _accept(
        self, owner: str, name: str, key: str, lease: Lease, arrival: Arrival, options: ImportOptions
    ) -> JobResponse:
        existing = await self._find_duplicate(owner, arrival.sha256, lease, options)
        if existing is not None:
            await arrival.discard()
            return await self._end_as_duplicate(lease, existing, arrival, fingerprint(arrival.sha256, options))
        await arrival.make_durable()
        async with self._database.write() as session:
            # Everywhere the job first, then its reservation: the beat locks them so, and PostgreSQL ends who does not.
            job = await self._jobs.accept_in(
                session,
                lease,
                progress=40,
                message="Waiting to be parsed",
                size_bytes=arrival.size_bytes,
                details=arrival.facts,
                related_dataset_id=options.into,
            )
            import_id = uuid4()
            if options.into is not None:
                order = Order(options.into, lease.job_id, import_id, options.mode, options.apply, {"key": options.key})
                await self._datasets.changes.order_in(session, owner, order)
            await queries.insert_import(
                session,
                Import(
                    id=import_id,
                    user_id=owner,
                    job_id=lease.job_id,
                    file_name=name,
                    size_bytes=arrival.size_bytes,
                    sha256=arrival.sha256,
                    original_key=key,
                    options=options.model_dump(mode="json"),
                    created_at=self._clock.now(),
                ),
            )
            await queries.release(session, lease.job_id)
            await queries.answer_key(session, lease.job_id, fingerprint(arrival.sha256, options))
            await self._submitter.enqueue(session, Submission(lease.job_id, owner))
        return to_response(job)

    async def _find_duplicate(self, owner: str, sha256: str, lease: Lease, options: ImportOptions) -> UUID | None:
        async with self._database.write() as session:
            await self._jobs.progress_in(
                session, lease.job_id, 20, "Looked for duplicates", lease=lease, lease_seconds=UPLOAD_LEASE_SECONDS
            )
            if options.duplicate == "import":
                return None
            if options.into is None:
                return await self._datasets.find_by_digest(session, owner, sha256)
            changes = self._datasets.changes
            known = await changes.is_known_in(session, owner, options.into, options.mode, sha256)
            return options.into if known else None

    async def _end_as_duplicate(self, lease: Lease, dataset_id: UUID, arrival: Arrival, carried: str) -> JobResponse:
        async with self._database.write() as session:
            job = await self._jobs.finish_in(
                session,
                lease,
                outcome="duplicate",
                related_dataset_id=dataset_id,
                message="You imported this file before",
                details=arrival.facts,
                result={"datasets": [str(dataset_id)]},
            )
            await queries.release(session, lease.job_id)
            await queries.answer_key(session, lease.job_id, carried)
        return to_response(job)

    # ------------------------------------------------------------------ repeating

    async def _find_answered(self, owner: str, key: str | None) -> IdempotencyKey | None:
        if key is None:
            return None
        if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
            raise IdempotencyKeyInvalid
        async with self._database.read() as session:
            known = await queries.find_key(session, owner, key)
            if known is None or known.fingerprint is None:
                return None
            # The answer went with its job, if that was deleted.
            return known if await self._jobs.find_status(session, known.job_id) is not None else None

    async def _claim_key(self, session: AsyncSession, owner: str, key: str, job_id: UUID) -> None:
        """Take the key for this upload; one that an ended upload or a deleted job left behind is free."""
        known = await queries.find_key(session, owner, key)
        if known is not None:
            status = await self._jobs.find_status(session, known.job_id)
            if status is not None and (known.fingerprint is not None or status not in TERMINAL):
                raise IdempotencyKeyInUse(retry_after_seconds=5)
            await queries.release_key(session, known.job_id)
        await queries.insert_key(session, owner, key, job_id, self._clock.now())

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
            async with self._database.write() as session:
                if isinstance(problem, UploadCancelled):
                    await self._jobs.cancel_in(session, lease)
                else:
                    await self._jobs.fail_in(session, lease, problem.problem())
                await queries.release(session, lease.job_id)
                await queries.release_key(session, lease.job_id)
            if arrival is not None and arrival.is_durable:
                await arrival.discard()
                await self._store.delete(original_key(lease.job_id))
        except StaleLease:
            log.info("upload %s had already been ended", lease.job_id, extra=job)
        except Exception:
            log.exception("upload %s could not be ended; its lease will run out", lease.job_id, extra=job)
