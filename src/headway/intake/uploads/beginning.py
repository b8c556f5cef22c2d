"""The beginning of an upload (T0): its job, its room, and a look whether anything has to be sent at all."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from headway.intake import queries
from headway.intake.identity import display_name
from headway.intake.models import Upload
from headway.intake.schemas import read_options
from headway.intake.service import FileIntakeService
from headway.intake.tus import Announced
from headway.intake.tus_errors import TooManyOpenUploads
from headway.intake.upload_errors import IdempotencyKeyReused
from headway.intake.uploads.state import expiry
from headway.jobs.service import JobMonitoringService
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.storage.errors import ObjectMissing
from headway.storage.store import ObjectStore


class Beginning:
    """Begins uploads."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        clock: Clock,
        jobs: JobMonitoringService,
        intake: FileIntakeService,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._jobs = jobs
        self._intake = intake

    async def find_repeated(self, owner: str, announced: Announced, idempotency_key: str | None) -> Upload | None:
        """Return the upload of a creation with the same key, whose answer got lost."""
        known = await self._intake.keys.find(owner, idempotency_key)
        if known is None:
            return None
        async with self._database.read() as session:
            upload = await queries.find_upload(session, owner, known.job_id)
        if upload is None or upload.upload_metadata != announced.metadata:
            raise IdempotencyKeyReused
        if announced.length is not None and announced.length != upload.length_bytes:
            raise IdempotencyKeyReused
        return upload

    async def create(self, owner: str, announced: Announced, idempotency_key: str | None) -> Upload:
        """Begin an upload. Its bytes are all there where the owner has sent them before, or where there are none."""
        quota, length = self._intake.quota, announced.length or 0
        quota.refuse_too_large(length)
        source = await self._find_original(owner, announced)
        if source is None:
            await quota.refuse_without_room(length)
        now = self._clock.now()
        upload = Upload(
            user_id=owner,
            state="receiving",
            length_bytes=announced.length,
            offset_bytes=length if source is not None else 0,
            file_name=display_name(announced.file_name),
            upload_metadata=announced.metadata,
            sha256=announced.sha256,
            copied_from=source,
            created_at=now,
            expires_at=expiry(quota.limits, now, now),
        )
        async with self._database.write() as session:
            await self._begin_in(session, upload, announced, idempotency_key)
        return upload

    async def _begin_in(
        self, session: AsyncSession, upload: Upload, announced: Announced, idempotency_key: str | None
    ) -> None:
        owner, length = upload.user_id, upload.length_bytes or 0
        # Whatever the options name has to be there before the first byte is sent.
        options = await self._intake.acceptance.resolve_in(session, owner, read_options(announced.options))
        upload.options = options.stored()
        await self._intake.quota.refuse_over_quota_in(session, owner, length)
        present, most = await queries.count_open_uploads(session, owner), self._intake.quota.limits.max_open_uploads
        if present >= most:
            raise TooManyOpenUploads(f"{present} of at most {most} are open.", open=present, max_open=most)
        job = await self._jobs.create_in(
            session,
            owner,
            "import",
            title=upload.file_name,
            done_units=upload.offset_bytes,
            total_units=upload.length_bytes,
            resumable_until=upload.expires_at,
            details=_details(upload, announced),
            **self._intake.leases.columns(),
        )
        upload.job_id = job.id
        await queries.reserve(session, job.id, owner, length, upload.expires_at)
        if idempotency_key is not None:
            await self._intake.keys.claim_in(session, owner, idempotency_key, job.id)
        await queries.insert_upload(session, upload)

    async def _find_original(self, owner: str, announced: Announced) -> str | None:
        """Return where the very file is stored already that is announced, if it is one of the same owner's."""
        if announced.sha256 is None or announced.length is None:
            return None
        async with self._database.read() as session:
            key = await queries.find_original(session, owner, announced.sha256, announced.length)
        if key is None:
            return None
        try:
            found = await self._store.stat(key)
        except ObjectMissing:
            return None
        return key if found.size_bytes == announced.length else None


def _details(upload: Upload, announced: Announced) -> dict[str, object]:
    """Return what the job says of the file, from which its sender knows it again."""
    known = {"bytes": announced.length, "sha256": announced.sha256, **announced.facts}
    return {"file_name": upload.file_name, **{name: value for name, value in known.items() if value is not None}}
