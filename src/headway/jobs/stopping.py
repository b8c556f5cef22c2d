"""Running attempts learn at once that they are to stop, and not only from the answer to their next report."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from uuid import UUID

from headway.jobs import queries
from headway.jobs.signal import ChangeSignal
from headway.kit.db import Database

LEAST_SECONDS = 0.1
"""Between two looks, however many signals come."""


class StopRequests:
    """Looks for requests to stop when jobs have changed, as long as attempts run here.

    A signal that is lost costs nothing but the time until the next report, which asks the same.
    """

    def __init__(self, database: Database, signal: ChangeSignal, stops: Mapping[UUID, asyncio.Event]) -> None:
        """`stops` holds what tells each job to stop that runs here."""
        self._database = database
        self._stops = stops
        self._news = asyncio.Event()
        signal.listen(self._on_signal)

    async def look_when_told(self) -> None:
        """Wait until a job has changed, whosever it is, then look whether those that run here are to stop."""
        await self._news.wait()
        self._news.clear()
        async with self._database.read() as session:
            asked = await queries.list_asked_to_stop(session, list(self._stops))
        for job_id in asked:
            if (stop := self._stops.get(job_id)) is not None:
                stop.set()

    def _on_signal(self, owners: Collection[str] | None) -> None:
        if self._stops:
            self._news.set()
