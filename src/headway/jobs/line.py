"""Where a waiting job stands: how many start before it, and about when it starts itself.

A place that becomes free goes to the owner with the fewest jobs running, and of one owner's jobs to the one that was
accepted first. So a job's turn is a number: how many of its owner's jobs run or wait before it. Lower turns start
first; among equal ones the order is not known beforehand, and whose owner has waited longest is counted as first.

That holds for what waits now. Somebody who comes with nothing running still goes before whoever has something running,
so a position can rise, and every answer is one for this moment.
"""

from __future__ import annotations

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs import line_queries, operator_queries, states
from headway.jobs.durations import KEPT, LEAST, WHOLE
from headway.jobs.models import BackgroundJob
from headway.jobs.schemas import QueuePlace
from headway.kit.clock import Clock
from headway.kit.db import Database

LOOK_SECONDS = 1.0
"""A look at all that waits serves everybody who asks within this time."""

LOOK_SHARE = 0.05
"""Most of a process's time that such looks may take: with 50,000 jobs waiting they come less often."""

ROUNDED_SECONDS = 5
"""An expected start is no more exact than that, and so does not change with every look."""


@dataclass(frozen=True, slots=True)
class Places:
    """How many jobs all living workers together run at once, and of one owner at most."""

    imports: int
    bulk: int
    per_owner: int


CountPlaces = Callable[[AsyncSession], Awaitable[Places]]


@dataclass(slots=True)
class _Queue:
    """What waits in one queue, and when its places become free."""

    places: int
    per_owner: int
    seconds: float | None
    waiting: dict[str, int] = field(default_factory=dict)
    first: dict[str, datetime] = field(default_factory=dict)
    ends: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def positions(self) -> dict[str, list[int]]:
        """Return of each owner how many jobs of all start before the first, the second, … of theirs."""
        found: dict[str, list[int]] = {owner: [] for owner in self.waiting}
        begins = {owner: len(self.ends.get(owner, ())) for owner in self.waiting}
        # By the turn at which they come in, the next ones last.
        coming = sorted(self.waiting, key=lambda owner: (begins[owner], self.first[owner]), reverse=True)
        ahead, turn, taking = 0, 0, list[str]()
        while coming or taking:
            turn = turn if taking else begins[coming[-1]]
            while coming and begins[coming[-1]] == turn:
                taking.append(coming.pop())
            taking.sort(key=self.first.__getitem__)
            for owner in taking:
                found[owner].append(ahead)
                ahead += 1
            taking = [owner for owner in taking if len(found[owner]) < self.waiting[owner]]
            turn += 1
        return found

    def expected_start(self, owner: str, ahead: int, own_ahead: int, now: datetime) -> datetime | None:
        """Return when a job should start: once a place is free for it, and its owner may have one more."""
        if self.seconds is None or self.places <= 0:
            return None
        everybody = [end for ends in self.ends.values() for end in ends]
        free = self._free(everybody, self.places, ahead, now)
        allowed = self._free(self.ends.get(owner, ()), min(self.per_owner, self.places), own_ahead, now)
        return max(free, allowed)

    def _free(self, ends: Iterable[datetime], places: int, ahead: int, now: datetime) -> datetime:
        """Return when, after so many others, one of some places becomes free."""
        busy = sorted(max(end, now) for end in ends)
        # More may run than there are places, when a worker went: the first to end then make room for nobody.
        frees = ([now] * (places - len(busy)) + busy)[-places:]
        return frees[ahead % places] + timedelta(seconds=(self.seconds or 0.0) * (ahead // places))


FindPlaces = Callable[[Collection[BackgroundJob]], Awaitable[Mapping[UUID, QueuePlace]]]
"""Returns where those of some jobs stand that wait; it may return places of other jobs as well."""


async def nowhere(_jobs: Collection[BackgroundJob]) -> Mapping[UUID, QueuePlace]:
    """Say nothing about places, for whoever shows jobs to nobody."""
    return {}


class WaitingLine:
    """Tells owners where their waiting jobs stand, from one look at all that waits."""

    def __init__(self, database: Database, clock: Clock, count_places: CountPlaces) -> None:
        self._database = database
        self._clock = clock
        self._count_places = count_places
        self._queues: dict[bool, _Queue] = {}
        self._positions: dict[bool, dict[str, list[int]]] = {}
        self._looking = asyncio.Lock()
        self._look_again_at = float("-inf")

    async def places_of(self, jobs: Collection[BackgroundJob]) -> Mapping[UUID, QueuePlace]:
        """Return where those of these jobs stand that wait. Nothing is asked if none does."""
        owners = {job.user_id for job in jobs if states.is_in_line(job)}
        return await self.places(owners) if owners else {}

    async def places(self, owners: Collection[str]) -> dict[UUID, QueuePlace]:
        """Return where each job of these owners stands that waits for a worker. One that came just now is left out."""
        async with self._looking:
            if self._clock.monotonic() >= self._look_again_at:
                await self._look()
        now = self._clock.now()
        async with self._database.read() as session:
            waiting = await line_queries.list_waiting_of(session, owners, now)
        found: dict[UUID, QueuePlace] = {}
        before: dict[tuple[str, bool], int] = defaultdict(int)
        for owner, bulk, job_id, next_attempt_at in waiting:
            if next_attempt_at is not None:
                # It is in the hands of a worker, who keeps its place for it.
                found[job_id] = QueuePlace(position=1, ahead=0, expected_start=next_attempt_at)
                continue
            own_ahead, positions = before[owner, bulk], self._positions[bulk].get(owner, [])
            before[owner, bulk] += 1
            if own_ahead < len(positions):
                ahead = positions[own_ahead]
                start = self._queues[bulk].expected_start(owner, ahead, own_ahead, now)
                found[job_id] = QueuePlace(position=ahead + 1, ahead=ahead, expected_start=_rounded(start))
        return found

    async def _look(self) -> None:
        began, now = self._clock.monotonic(), self._clock.now()
        async with self._database.read() as session:
            places = await self._count_places(session)
            paused = {pause.name for pause in await operator_queries.list_pauses(session)}
            rows = await line_queries.list_lines(session, now)
            seconds = {
                bulk: _mean(await line_queries.list_newest_durations(session, WHOLE, KEPT, bulk=bulk))
                for bulk in (False, True)
            }
        queues = {
            # A paused queue has no places, and nobody knows when it goes on.
            False: _Queue(0 if "imports" in paused else places.imports, places.per_owner, seconds[False]),
            True: _Queue(0 if "bulk" in paused else places.bulk, 1, seconds[True]),
        }
        for owner, bulk, number, first, ends in rows:
            queue = queues[bool(bulk)]
            if number:
                queue.waiting[owner], queue.first[owner] = number, first
            else:
                # Half of what is usual, where nobody knows how far it is.
                queue.ends[owner].append(ends or now + timedelta(seconds=(queue.seconds or 0.0) / 2))
        self._queues, self._positions = queues, {bulk: queue.positions() for bulk, queue in queues.items()}
        took = self._clock.monotonic() - began
        self._look_again_at = began + took + max(LOOK_SECONDS, took / LOOK_SHARE)


def is_news(told: QueuePlace, place: QueuePlace, now: datetime) -> bool:
    """Say whether a place differs so much from the one that was told that it is worth to tell it.

    That is a tenth of the way that was left: else a thousand waiting jobs would be told anew whenever one starts.
    """
    if abs(place.ahead - told.ahead) * 10 > told.ahead:
        return True
    if place.expected_start is None or told.expected_start is None:
        return place.expected_start is not told.expected_start
    left = (told.expected_start - now).total_seconds()
    return abs((place.expected_start - told.expected_start).total_seconds()) > max(ROUNDED_SECONDS, left / 10)


def _mean(seconds: Collection[float]) -> float | None:
    return statistics.fmean(seconds) if len(seconds) >= LEAST else None


def _rounded(moment: datetime | None) -> datetime | None:
    """Return the next whole five seconds."""
    if moment is None:
        return None
    seconds = -(-moment.timestamp() // ROUNDED_SECONDS) * ROUNDED_SECONDS
    return datetime.fromtimestamp(seconds, moment.tzinfo)
