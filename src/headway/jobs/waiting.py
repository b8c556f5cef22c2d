"""Requests that wait for news of one job: the long poll of a client that can hold no stream open."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Collection, Iterator
from uuid import UUID

from headway.jobs import states
from headway.jobs.errors import TooManyStreams
from headway.jobs.schemas import JobResponse
from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import ChangeSignal

LOOK_SECONDS = 1.0
"""A look this often, should a signal be lost; and for what a clock changes, of which nothing is signalled."""

LEAST_SECONDS = 0.05
"""Between two looks, however many signals come."""

MAX_WAITS_PER_USER = 32


class JobWaits:
    """Answers with the first version of a job that the client has not seen. Holds no database session meanwhile."""

    def __init__(self, service: JobMonitoringService, signal: ChangeSignal) -> None:
        self._service = service
        self._waiting: Counter[str] = Counter()
        self._news: dict[str, asyncio.Event] = {}
        self._closing = False
        signal.listen(self._on_signal)

    def close(self) -> None:
        """Answer everybody with what there is."""
        self._closing = True
        self._on_signal(None)

    async def next_version(self, job_id: UUID, owner: str, *, after_version: int, seconds: float) -> JobResponse:
        """Return the job once its version is above `after_version`, it has ended, or the time is over.

        Raise `JobNotFound`, or `TooManyStreams` if the owner waits too often at once.
        """
        end = time.monotonic() + seconds
        with self._counted(owner):
            while True:
                # Taken before the look, so that what comes in between wakes.
                news = self._news.setdefault(owner, asyncio.Event())
                job = await self._service.get_job_by_id(job_id, owner)
                left = end - time.monotonic()
                if job.version > after_version or job.status in states.TERMINAL or left <= 0 or self._closing:
                    return job
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), min(left, LOOK_SECONDS))
                await asyncio.sleep(LEAST_SECONDS)

    @contextlib.contextmanager
    def _counted(self, owner: str) -> Iterator[None]:
        if self._waiting[owner] >= MAX_WAITS_PER_USER:
            raise TooManyStreams(limit=MAX_WAITS_PER_USER, retry_after_seconds=5)
        self._waiting[owner] += 1
        try:
            yield
        finally:
            self._waiting[owner] -= 1
            if not self._waiting[owner]:
                del self._waiting[owner]
                self._news.pop(owner, None)

    def _on_signal(self, owners: Collection[str] | None) -> None:
        for owner in list(self._news) if owners is None else owners:
            if (news := self._news.pop(owner, None)) is not None:
                news.set()
