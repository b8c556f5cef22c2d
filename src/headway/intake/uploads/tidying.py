"""What becomes of uploads that nobody asks about: they are finished, expire, or end with their job."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from uuid import UUID

from headway.intake import queries
from headway.intake.leases import UPLOAD_LEASE_SECONDS, UploadLeases
from headway.intake.models import Upload
from headway.intake.tus_errors import UploadExpired
from headway.intake.uploads.finishing import Finishing
from headway.intake.uploads.state import has_arrived, is_expired
from headway.jobs.errors import StaleLease
from headway.jobs.service import JobMonitoringService
from headway.kit.clock import Clock
from headway.kit.db import Database

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
PAGE = 500


class UploadTidying:
    """Looks at every upload that has not ended. Several processes may do so: each change compares before it sets."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        jobs: JobMonitoringService,
        leases: UploadLeases,
        finishing: Finishing,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._leases = leases
        self._finishing = finishing

    async def look(self) -> None:
        """Look once at all of them."""
        last = None
        while True:
            async with self._database.read() as session:
                page = await queries.list_receiving(session, last, PAGE)
                holders = await self._jobs.uploads.list_holders(session, [each.job_id for each in page])
            for upload in page:
                await self._judge(upload, holders)
            if len(page) < PAGE:
                return
            last = page[-1].job_id

    async def _judge(self, upload: Upload, holders: Mapping[UUID, str | None]) -> None:
        if upload.job_id not in holders:
            await self.end(upload.job_id)
        elif has_arrived(upload):
            if holders[upload.job_id] is None:
                await self.finish(upload)
        elif is_expired(upload, self._clock.now()):
            await self.expire(upload)

    async def end(self, job_id: UUID) -> None:
        """Let go of an upload whose job has ended without it: cancelled while it was paused, deleted with its owner."""
        async with self._database.write() as session:
            await queries.free_upload(session, job_id)
        await self._finishing.clear(job_id, original=True)

    async def expire(self, upload: Upload) -> None:
        """End an upload that nobody went on with in time."""
        problem = UploadExpired(f"{upload.file_name} stood at {upload.offset_bytes:,} bytes.").problem()
        async with self._database.write() as session:
            await self._jobs.uploads.end_in(session, upload.job_id, problem)
        await self.end(upload.job_id)
        log.info("upload %s has expired", upload.job_id, extra={"job_id": upload.job_id})

    async def finish(self, upload: Upload) -> None:
        """Go on where whoever received the last byte could not: their process died, or the store was away."""
        if self._finishing.is_under_way(upload.job_id):
            return
        try:
            async with self._database.write() as session:
                await self._jobs.uploads.take_in(
                    session, upload.job_id, self._leases.holder, UPLOAD_LEASE_SECONDS, message="Checking the file"
                )
        except StaleLease:
            return
        self._finishing.begin(upload, upload.sha256 if upload.copied_from is not None else None)
