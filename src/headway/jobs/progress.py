"""Progress from inside a running task: coalesced writes that are sign of life and cancel check at once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from headway.jobs.errors import StaleLease
from headway.jobs.logs.recording import tell
from headway.jobs.queries import Lease
from headway.jobs.service import JobMonitoringService
from headway.kit.tracing import Stages

log = logging.getLogger(__name__)

WRITE_EVERY_SECONDS = 0.5
BEAT_EVERY_SECONDS = 2.0
LEASE_SECONDS = 10.0
"""A lease outlives four missed beats; a job of a dead worker may be taken over when it has run out."""


class Progress:
    """Reports on one attempt. Writes at 1 % or 500 ms or a new stage; the first and last value always.

    `stop` is set when the work should end: the owner cancelled or, with `lost`, the job may be another attempt's:
    it was taken over or, with `silent`, no sign of life could be written for as long as the lease is.
    """

    def __init__(self, service: JobMonitoringService, lease: Lease) -> None:
        self._service = service
        self.lease = lease
        self.stop = asyncio.Event()
        self.lost = False
        self.silent = False
        self._renewed_at = time.monotonic()
        self._writing = asyncio.Lock()
        self._written_at = 0.0
        self._percent = -1
        self._stage: str | None = None
        self._stages = Stages()

    async def report(self, percent: int, message: str | None = None, *, stage: str | None = None, **units: Any) -> None:
        """Tell how far the job is. Raises `StaleLease` once another attempt owns the job."""
        now = time.monotonic()
        new_stage = stage is not None and stage != self._stage
        if not new_stage and percent <= self._percent and now - self._written_at < WRITE_EVERY_SECONDS:
            return
        self._percent, self._stage, self._written_at = max(percent, self._percent), stage or self._stage, now
        if new_stage:
            self._stages.begin(f"stage {stage}")
            tell.info(message or stage)
        await self._write(percent, message, stage=stage, **units)

    async def _write(self, percent: int | None, message: str | None = None, **columns: Any) -> None:
        async with self._writing:
            try:
                answer = await self._service.update_progress(
                    self.lease.job_id, percent, message, lease=self.lease, lease_seconds=LEASE_SECONDS, **columns
                )
            except StaleLease:
                self.lost = True
                self.stop.set()
                raise
        self._renewed_at = time.monotonic()
        if answer.cancel_requested:
            self.stop.set()

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Renew the lease in the background while the block runs."""
        beat = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            self._stages.end()
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)

    async def _beat(self) -> None:
        while not self.lost:
            await asyncio.sleep(BEAT_EVERY_SECONDS)
            try:
                async with asyncio.timeout(BEAT_EVERY_SECONDS):
                    await self._write(None)
            except StaleLease:
                return  # `lost` is set, which is how the task learns of it
            except Exception as error:
                # A database that is away for a moment is no reason to give up the work; nor is anything else a reason
                # to work on without a sign of life, for another attempt to begin beside this one.
                unforeseen = not isinstance(error, (SQLAlchemyError, TimeoutError))
                job_id = self.lease.job_id
                log.warning("no sign of life could be written for job %s: %s", job_id, error, exc_info=unforeseen)
                self._give_up_if_silent()

    def _give_up_if_silent(self) -> None:
        """Stop working once others may believe that this worker is dead; its processes end with it."""
        if time.monotonic() - self._renewed_at >= LEASE_SECONDS:
            self.lost = self.silent = True
            self.stop.set()
