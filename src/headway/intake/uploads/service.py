"""`UploadService`: begins uploads, tells where they stand, takes their bytes, and ends them.

The offset that is told is the one in the database, and it moves only after the bytes before it are durable.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from headway.errors import AppError
from headway.intake import queries
from headway.intake.identity import arriving_prefix, original_key
from headway.intake.leases import UPLOAD_LEASE_SECONDS
from headway.intake.models import Upload
from headway.intake.service import FileIntakeService
from headway.intake.tus import Announced, Checksum, refuse_longer
from headway.intake.tus_errors import (
    LengthInvalid,
    OffsetMismatch,
    UploadExpired,
    UploadFinished,
    UploadGone,
    UploadLocked,
    UploadLost,
    UploadNotFound,
    UploadTakenOver,
)
from headway.intake.upload_errors import (
    UploadCancelled,
    UploadInterrupted,
    UploadTooLarge,
)
from headway.intake.uploads.beginning import Beginning
from headway.intake.uploads.finishing import Finishing, MayImport
from headway.intake.uploads.receiving import Hashes, Receiving, SaveOffset
from headway.intake.uploads.state import UploadState, expiry, has_arrived, is_expired
from headway.intake.uploads.tidying import UploadTidying
from headway.intake.uploads.turns import PATIENCE_SECONDS, Stopped, Turn, Turns
from headway.jobs.errors import StaleLease
from headway.jobs.service import JobMonitoringService
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.storage.errors import ObjectMissing
from headway.storage.store import Appender, HeldElsewhere, ObjectStore, Piece

log = logging.getLogger(__name__)

HELD_LOOK_SECONDS = 0.05
BROKEN_OFF = (UploadInterrupted, Stopped, asyncio.CancelledError)
"""Ends of a request that say nothing against what came before them."""


class UploadService:
    """Resumable uploads of all owners; every method acts for one."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        clock: Clock,
        jobs: JobMonitoringService,
        intake: FileIntakeService,
        may_import: MayImport,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._jobs = jobs
        self._intake = intake
        self._leases = intake.leases
        self._turns = Turns()
        self._hashes = Hashes()
        self._beginning = Beginning(database, store, clock, jobs, intake)
        self._finishing = Finishing(database, store, intake.acceptance, intake.quota, intake.leases, may_import)
        self.tidying = UploadTidying(database, clock, jobs, intake.leases, self._finishing)

    @property
    def max_upload_bytes(self) -> int:
        return self._intake.quota.limits.max_upload_bytes

    async def close(self) -> None:
        await self._finishing.close()

    # --------------------------------------------------------------------- beginning

    async def create(self, owner: str, announced: Announced, idempotency_key: str | None = None) -> UploadState:
        """Begin an upload; its job is visible from here on. Nothing is to be sent of what the owner has sent before."""
        repeated = await self._beginning.find_repeated(owner, announced, idempotency_key)
        if repeated is not None:
            return await self._look_at_arrived(repeated) if has_arrived(repeated) else UploadState.of(repeated)
        upload = await self._beginning.create(owner, announced, idempotency_key)
        if has_arrived(upload):
            await self.tidying.finish(upload)
            await self._finishing.wait(upload.job_id)
        return UploadState.of(upload)

    # ------------------------------------------------------------------------ asking

    async def look(self, owner: str, job_id: UUID) -> UploadState:
        """Tell where an upload stands. Whoever sends to it stops and saves first, so that this stays true."""
        upload = await self._get(owner, job_id)
        if has_arrived(upload):
            return await self._look_at_arrived(upload)
        await self._turns.let_end(job_id)
        if await self._find_holder(job_id) not in {None, self._leases.holder}:
            await self._take_from_another_process(job_id)
        return UploadState.of(await self._get(owner, job_id))

    async def _look_at_arrived(self, upload: Upload) -> UploadState:
        if upload.state == "receiving":
            if await self._find_holder(upload.job_id) is None:
                await self.tidying.finish(upload)
            await self._finishing.wait(upload.job_id)
        return UploadState.of(upload)

    async def _find_holder(self, job_id: UUID) -> str | None:
        """Return which process holds an upload, if any does. Raises `UploadGone` if its job has ended."""
        async with self._database.read() as session:
            holders = await self._jobs.uploads.list_holders(session, [job_id])
        if job_id not in holders:
            raise UploadGone
        return holders[job_id]

    async def _take_from_another_process(self, job_id: UUID) -> None:
        with contextlib.suppress(StaleLease):
            async with self._database.write() as session:
                await self._jobs.uploads.take_in(session, job_id, self._leases.holder, UPLOAD_LEASE_SECONDS)

    async def _get(self, owner: str, job_id: UUID) -> Upload:
        async with self._database.read() as session:
            upload = await queries.find_upload(session, owner, job_id)
        return await self._present(upload)

    async def _present(self, upload: Upload | None) -> Upload:
        """Return an upload that goes on or is finished; raise what became of any other."""
        if upload is None:
            raise UploadNotFound
        now = self._clock.now()
        if upload.state == "receiving" and is_expired(upload, now):
            await self.tidying.expire(upload)
            raise UploadExpired
        if upload.state == "ended":
            raise UploadExpired if is_expired(upload, now) else UploadGone
        return upload

    # ---------------------------------------------------------------------- receiving

    async def append(
        self,
        owner: str,
        job_id: UUID,
        offset: int,
        chunks: AsyncIterator[bytes],
        *,
        body_bytes: int | None = None,
        length: int | None = None,
        checksum: Checksum | None = None,
    ) -> UploadState:
        """Take the bytes that begin at `offset`. With the last one the upload is finished, and its job goes on."""
        upload = await self._get(owner, job_id)
        if has_arrived(upload):
            return await self._append_to_arrived(upload, offset, chunks)
        present = self._turns.find(job_id)
        if present is not None and present.at not in {None, offset}:
            raise OffsetMismatch("Another request is sending it, and is further.")
        with self._intake.arrivals.one_more(owner):
            async with self._turns.take(job_id) as turn:
                upload = await self._open(owner, job_id, offset, body_bytes, length)
                turn.at = upload.offset_bytes
                sha256 = await self._receive(upload, turn, chunks, checksum)
            upload = await self._get(owner, job_id)
            if has_arrived(upload):
                self._finishing.begin(upload, sha256)
                await self._finishing.wait(job_id)
        return UploadState.of(upload)

    async def _append_to_arrived(self, upload: Upload, offset: int, chunks: AsyncIterator[bytes]) -> UploadState:
        """Answer a request whose first answer got lost as it was answered; refuse every other one."""
        state = await self._look_at_arrived(upload)
        if not await self._are_stored(upload, offset, chunks):
            raise UploadFinished(job_id=str(upload.job_id), offset=upload.offset_bytes)
        return state

    async def _are_stored(self, upload: Upload, offset: int, chunks: AsyncIterator[bytes]) -> bool:
        """Say whether these bytes are the end of the file, from `offset` on."""
        sent, left = hashlib.sha256(), upload.offset_bytes - offset
        async for chunk in chunks:
            sent.update(chunk)
            left -= len(chunk)
            if left < 0:
                return False
        if left or offset == upload.offset_bytes:
            return not left
        stored = hashlib.sha256()
        try:
            async for chunk in self._store.read(original_key(upload.job_id), offset):
                stored.update(chunk)
        except ObjectMissing:
            return False
        return sent.digest() == stored.digest()

    async def _open(self, owner: str, job_id: UUID, offset: int, body_bytes: int | None, length: int | None) -> Upload:
        """Begin a turn: from here on the job is in the hands of this process, whoever had it before."""
        await self._get(owner, job_id)
        async with self._database.write() as session:
            try:
                await self._jobs.uploads.take_in(
                    session, job_id, self._leases.holder, UPLOAD_LEASE_SECONDS, message="Uploading"
                )
            except StaleLease:
                raise UploadGone from None
            upload = await queries.find_upload(session, owner, job_id)
            if upload is None or upload.state != "receiving":
                raise UploadGone
            if upload.offset_bytes != offset:
                raise OffsetMismatch(f"It stands at {upload.offset_bytes:,}.", offset=upload.offset_bytes)
            if length is not None:
                await self._declare_in(session, upload, length)
            refuse_longer(upload.length_bytes, upload.offset_bytes, body_bytes)
        return upload

    async def _declare_in(self, session: AsyncSession, upload: Upload, length: int) -> None:
        """Keep the length of an upload that was begun without one."""
        if upload.length_bytes not in {None, length} or length < upload.offset_bytes:
            raise LengthInvalid(f"It was {upload.length_bytes or upload.offset_bytes:,} bytes before.")
        if upload.length_bytes is None:
            self._intake.quota.refuse_too_large(length)
            await self._intake.quota.refuse_over_quota_in(session, upload.user_id, length - upload.offset_bytes)
            await queries.declare_length(session, upload.job_id, length)
            upload.length_bytes = length

    async def _receive(
        self, upload: Upload, turn: Turn, chunks: AsyncIterator[bytes], checksum: Checksum | None
    ) -> str | None:
        """Take the bytes of one request; return the digest of the whole file, if this process has seen it all."""
        appender = await self._open_appender(upload)
        receiving = Receiving(
            upload, appender, self._hashes, self._saver(upload), most_bytes=self.max_upload_bytes, checksum=checksum
        )

        def told(at: int) -> None:
            self._intake.arrivals.received_bytes += at - (turn.at or 0)
            turn.at = at

        try:
            async with (
                self._leases.beating(upload.job_id, turn.stop),
                contextlib.aclosing(turn.unless_stopped(chunks)) as coming,
            ):
                await receiving.take(coming, told)
        except BaseException as error:
            meaning = await asyncio.shield(self._break_off(upload, receiving, error))
            raise meaning from error
        finally:
            await asyncio.shield(appender.close())
        return receiving.sha256

    async def _break_off(self, upload: Upload, receiving: Receiving, error: BaseException) -> BaseException:
        """Save what came, and let the job say what is true now; return what is to be told to the sender."""
        try:
            if isinstance(error, BROKEN_OFF):
                await receiving.save_rest()
            if isinstance(error, UploadCancelled | UploadTooLarge):
                await self._finishing.give_up(upload.job_id, error)
            elif not isinstance(error, Stopped):
                await self._jobs.uploads.pause(self._leases.on(upload.job_id))
        except UploadCancelled as cancelled:
            await self._finishing.give_up(upload.job_id, cancelled)
            return cancelled
        except (StaleLease, AppError, SQLAlchemyError):
            # What could not be saved is sent again; if nobody could be told, the lease runs out.
            log.info("upload %s was broken off", upload.job_id, exc_info=True, extra={"job_id": upload.job_id})
        return UploadTakenOver() if isinstance(error, Stopped | StaleLease) else error

    def _saver(self, upload: Upload) -> SaveOffset:
        lease, is_deferred = self._leases.on(upload.job_id), upload.length_bytes is None

        async def save(before: int, after: int, percent: int, message: str, pieces: Sequence[Piece]) -> None:
            expires_at = expiry(self._intake.quota.limits, upload.created_at, self._clock.now())
            async with self._database.write() as session:
                answer = await self._jobs.progress_in(
                    session, upload.job_id, percent, message, lease=lease, lease_seconds=UPLOAD_LEASE_SECONDS,
                    done_units=after, total_units=upload.length_bytes, resumable_until=expires_at,
                )  # fmt: skip
                await queries.prolong(session, upload.job_id, after, expires_at)
                if is_deferred:
                    await self._intake.quota.refuse_over_quota_in(session, upload.user_id, 0)
                if not await queries.advance_upload(session, upload.job_id, before, after, expires_at, pieces):
                    raise StaleLease
            if answer.cancel_requested:
                raise UploadCancelled

        return save

    async def _open_appender(self, upload: Upload) -> Appender:
        """Wait for whoever has not heard yet that the turn is another's; where files have no locks nobody waits."""
        key = arriving_prefix(upload.job_id).rstrip("/")
        async with self._database.read() as session:
            pieces = await queries.list_pieces(session, upload.job_id)
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            try:
                return await self._store.open_appender(key, upload.offset_bytes, pieces)
            except HeldElsewhere:
                if asyncio.get_running_loop().time() > deadline:
                    raise UploadLocked(retry_after_seconds=5) from None
                await asyncio.sleep(HELD_LOOK_SECONDS)
            except ObjectMissing as error:
                lost = UploadLost(f"{upload.offset_bytes:,} bytes had arrived.")
                await self._finishing.give_up(upload.job_id, lost)
                raise lost from error

    # -------------------------------------------------------------------------- ending

    async def terminate(self, owner: str, job_id: UUID) -> None:
        """Give an upload up: its job is cancelled, and nothing of it stays."""
        upload = await self._get(owner, job_id)
        if has_arrived(upload):
            raise UploadFinished(job_id=str(job_id), offset=upload.offset_bytes)
        async with self._turns.take(job_id):
            await self._take_from_another_process(job_id)
            await self._finishing.give_up(job_id, UploadCancelled())
        self._hashes.forget(job_id)
