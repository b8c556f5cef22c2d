"""How many jobs ended when, of all owners together.

Minutes that are over are counted once, from the index of ends, and kept: asking for a week reads some thousand small
rows, however many jobs ended in it. The last minutes are counted as they are asked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from headway.jobs import operator_queries
from headway.kit.clock import Clock
from headway.kit.db import Database

KEEP_SECONDS = 30.0
"""Time between two counts."""

LATE_MINUTES = 5
"""An end is committed, and clocks of machines agree, within this; minutes are counted again until then."""

KEPT_DAYS = 8
CHUNK_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended in a span that begins `at`."""

    at: datetime
    completed: int
    failed: int
    cancelled: int


class Throughput:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept_to: int | None = None

    async def keep(self) -> None:
        """Count the minutes that are over since the last time; after a start, all that nobody has counted."""
        now = _minute(self._clock.now())
        earliest = now - KEPT_DAYS * 24 * 60
        start = max(earliest, (await self._begin(earliest)) - LATE_MINUTES)
        while (first := await self._next_end(start, now)) is not None:
            start = min(now, first + CHUNK_MINUTES)
            await self._keep_span(first, start)
        async with self._database.write() as session:
            await operator_queries.forget_kept(session, earliest)
        self._kept_to = now

    async def _begin(self, earliest: int) -> int:
        if self._kept_to is not None:
            return self._kept_to
        async with self._database.read() as session:
            newest = await operator_queries.newest_kept(session)
        return earliest if newest is None else newest

    async def _next_end(self, start: int, end: int) -> int | None:
        """Return the first minute of a span in which a job ended: in most hours of a week, none did."""
        async with self._database.read() as session:
            first = await operator_queries.first_ended(session, _moment(start), _moment(end))
        return None if first is None else _minute(first)

    async def _keep_span(self, start: int, end: int) -> None:
        async with self._database.read() as session:
            counts = await operator_queries.count_ended_by_minute(session, _moment(start), _moment(end))
        if counts:
            async with self._database.write() as session:
                await operator_queries.keep_ended(session, counts)

    async def read(self, hours: int, minutes: int) -> list[Ended]:
        """Return the last hours in spans of so many minutes, the present one last and the empty ones among them."""
        now = _minute(self._clock.now())
        last = now // minutes
        first = last - hours * 60 // minutes + 1
        counted: Counter[tuple[int, str]] = Counter()
        recent = max(first * minutes, now - LATE_MINUTES)
        async with self._database.read() as session:
            for span, status, count in await operator_queries.list_kept(session, first * minutes, recent, minutes):
                counted[span, status] += count
            end = _moment(now) + timedelta(days=1)  # some clock may be ahead
            for minute, status, count in await operator_queries.count_ended_by_minute(session, _moment(recent), end):
                counted[min(last, minute // minutes), status] += count
        return [
            Ended(_moment(span * minutes), *(counted[span, word] for word in ("completed", "failed", "cancelled")))
            for span in range(first, last + 1)
        ]


def _minute(moment: datetime) -> int:
    return int(moment.timestamp() // 60)


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
