"""How much an owner may keep and send at once, and how much room there is; what was announced counts from its start."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.service import DatasetService
from headway.intake import queries
from headway.intake.codecs import CODECS
from headway.intake.identity import reads_alike
from headway.intake.schemas import ImportOptions, Limits, UploadAdvice
from headway.intake.tus import CHECKSUM_ALGORITHMS, CHUNK_ADVICE_BYTES, EXTENSIONS, VERSION
from headway.intake.upload_errors import QuotaExceeded, UploadTooLarge
from headway.jobs.artifacts.upkeep import used_bytes as artifact_bytes
from headway.jobs.service import JobMonitoringService
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.storage.errors import StoreFull
from headway.storage.store import ObjectStore

FORM_BYTES = 512 * 1024
"""A form's declared length is a little longer than its file; what arrives is counted and decides."""

FORMATS = [
    *("csv", "tsv", "xlsx", "xlsb", "xls", "ods", "json", "ndjson", "parquet", "arrow"),
    *(f"{name} of these" for name in ("zip", *(codec.name for codec in CODECS))),
]


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How much may arrive: bytes, and files of one owner at the same time at one server, or begun and not ended."""

    max_upload_bytes: int
    max_user_bytes: int
    min_free_bytes: int
    max_uploads_at_once: int = 32
    max_open_uploads: int = 100
    upload_idle_seconds: int = 24 * 3600
    upload_age_seconds: int = 7 * 24 * 3600


class Quota:
    """Says whether a file may come in, and keeps room for it while it does."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        clock: Clock,
        jobs: JobMonitoringService,
        datasets: DatasetService,
        limits: IntakeLimits,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._jobs = jobs
        self._datasets = datasets
        self.limits = limits

    async def used_bytes(self, session: AsyncSession, owner: str) -> int:
        """Return the room that an owner's files and those of their jobs take, and running uploads have claimed."""
        in_use, unfinished = self._datasets.select_imports_in_use(owner), self._jobs.select_unfinished(owner)
        originals = await queries.used_bytes(session, owner, self._clock.now(), in_use, unfinished)
        artifacts = await artifact_bytes(session, owner)
        return originals + artifacts + await self._datasets.history_bytes(session, owner)

    async def limits_of(self, owner: str, sha256: str | None = None, *, uploads_path: str = "/uploads") -> Limits:
        """Return what the owner may still upload, and the dataset that they have from a file with this digest.

        `uploads_path` is where resumable uploads begin.
        """
        async with self._database.read() as session:
            used = await self.used_bytes(session, owner)
            open_uploads = await queries.count_open_uploads(session, owner)
            alike = reads_alike(ImportOptions())
            known = await self._datasets.find_by_digest(session, owner, sha256, alike) if sha256 is not None else None
        return Limits(
            max_upload_bytes=self.limits.max_upload_bytes,
            max_user_bytes=self.limits.max_user_bytes,
            used_bytes=used,
            left_bytes=max(0, self.limits.max_user_bytes - used),
            formats=FORMATS,
            max_uploads_at_once=self.limits.max_uploads_at_once,
            uploads=UploadAdvice(
                path=uploads_path,
                version=VERSION,
                extensions=list(EXTENSIONS),
                checksum_algorithms=list(CHECKSUM_ALGORITHMS),
                chunk_bytes=CHUNK_ADVICE_BYTES,
                idle_seconds=self.limits.upload_idle_seconds,
                max_age_seconds=self.limits.upload_age_seconds,
                max_open=self.limits.max_open_uploads,
                open=open_uploads,
            ),
            known_dataset_id=known,
        )

    def refuse_too_large(self, size_bytes: int) -> None:
        if size_bytes > self.limits.max_upload_bytes:
            raise UploadTooLarge(
                f"The file has {size_bytes:,} bytes; this service accepts up to {self.limits.max_upload_bytes:,}.",
                size_bytes=size_bytes,
                max_upload_bytes=self.limits.max_upload_bytes,
            )

    async def refuse_without_room(self, size_bytes: int) -> None:
        """Raise `StoreFull` unless the disk holds this file beside all that was announced and has not arrived yet."""
        free = await self._store.free_bytes()
        if free is None:
            return
        async with self._database.read() as session:
            promised = await queries.promised_bytes(session, self._clock.now())
        left = free - promised - self.limits.min_free_bytes
        if size_bytes > left:
            raise StoreFull(
                f"The file has {size_bytes:,} bytes; there is room for {max(0, left):,} on the disk of this service.",
                size_bytes=size_bytes,
                free_bytes=free,
                promised_bytes=promised,
                left_bytes=max(0, left),
            )

    async def refuse_over_quota_in(self, session: AsyncSession, owner: str, size_bytes: int) -> None:
        """Raise `QuotaExceeded` unless the owner has room for so many bytes more."""
        await queries.lock_owner(session, owner)
        used, most = await self.used_bytes(session, owner), self.limits.max_user_bytes
        if used + size_bytes > most:
            raise QuotaExceeded(
                f"You use {used:,} of {most:,} bytes; this file needs {size_bytes:,}.",
                used_bytes=used,
                max_user_bytes=most,
                left_bytes=max(0, most - used),
                size_bytes=size_bytes,
            )
