"""The live feed: one reader of the table for all open streams of this process. State, not log.

Every event carries the whole job, so any event may be lost and the next one repairs it. A stream holds no
database session; it waits on its owner's channel and is a few dictionaries heavy.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from sqlalchemy.exc import SQLAlchemyError

from headway.jobs import states
from headway.jobs.answers import to_active, to_response
from headway.jobs.errors import TooManyStreams
from headway.jobs.models import BackgroundJob
from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import ChangeSignal
from headway.kit.clock import Clock

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0
"""A comment this often, so that proxies keep the stream and clients notice a dead one."""

LIFE_SECONDS = 900.0
"""A stream ends after about this long and the client comes back: restarts, new sessions, new rights."""

REFRESH_SECONDS = 0.05
"""Least time between two reads of the table, however many signals arrive."""

AGEING_SECONDS = 1.0
"""Ended jobs leave the view by the clock, which signals nothing; so look this often while somebody watches."""

JOB_SECONDS = 0.25
"""At most four progress events a second for a job; changes of phase are never held back."""

RING_SIZE = 256
"""Events of an owner that a returning client can be given instead of a snapshot."""


@dataclass(slots=True)
class Shown:
    """The last that was sent about a job."""

    version: int
    phase: str
    sent_at: float


@dataclass(slots=True)
class Channel:
    """What the streams of one owner share."""

    jobs: list[BackgroundJob] = field(default_factory=list)
    shown: dict[UUID, Shown] = field(default_factory=dict)
    ring: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=RING_SIZE))
    seq: int = 0
    streams: int = 0
    loaded: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()


class LiveFeed:
    """Streams of server-sent events, one or more for each owner who looks."""

    def __init__(
        self, service: JobMonitoringService, clock: Clock, signal: ChangeSignal, *, max_streams_per_user: int
    ) -> None:
        self._service = service
        self._clock = clock
        self._max_streams = max_streams_per_user
        self._channels: dict[str, Channel] = {}
        self._epoch = uuid4().hex[:8]
        self._dirty: set[str] = set()
        self._woken = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        signal.listen(self._on_signal)

    @property
    def open_streams(self) -> int:
        return sum(channel.streams for channel in self._channels.values())

    async def start(self) -> None:
        self._task = asyncio.create_task(self._forever())

    async def close(self) -> None:
        """Say `bye` to every stream and end it."""
        self._closing = True
        for channel in self._channels.values():
            channel.wake()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _on_signal(self, owners: Collection[str] | None) -> None:
        self._dirty |= self._channels.keys() if owners is None else self._channels.keys() & set(owners)
        if self._dirty:
            self._woken.set()

    # ------------------------------------------------------------- the one reader

    async def _forever(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._woken.wait(), AGEING_SECONDS)
            except TimeoutError:
                self._dirty |= self._channels.keys()
            self._woken.clear()
            owners, self._dirty = self._dirty & self._channels.keys(), set()
            try:
                await self._refresh(owners)
            except SQLAlchemyError as error:
                log.warning("the live feed could not read the jobs, trying again: %s", type(error).__name__)
                self._dirty |= owners
            await asyncio.sleep(REFRESH_SECONDS)

    async def _refresh(self, owners: Collection[str]) -> None:
        if not owners:
            return
        for owner, jobs in (await self._service.list_in_view(owners)).items():
            channel = self._channels.get(owner)
            if channel is not None:
                self._publish(channel, jobs)

    def _publish(self, channel: Channel, jobs: list[BackgroundJob]) -> None:
        channel.jobs = jobs
        before = channel.seq
        for job in reversed(jobs):
            self._publish_job(channel, job)
        gone = channel.shown.keys() - {job.id for job in jobs}
        for job_id in gone:
            del channel.shown[job_id]
            self._append(channel, "removed", f'{{"id":"{job_id}"}}')
        if channel.seq != before or not channel.loaded:
            channel.loaded = True
            channel.wake()

    def _publish_job(self, channel: Channel, job: BackgroundJob) -> None:
        phase, now = states.phase(job), time.monotonic()
        last = channel.shown.get(job.id)
        if last is not None and last.version >= job.version:
            return
        if last is not None and last.phase == phase and now - last.sent_at < JOB_SECONDS:
            return  # the next look, at most a second away, sends the newest state instead
        channel.shown[job.id] = Shown(job.version, phase, now)
        ended = job.status in states.TERMINAL
        self._append(channel, "finished" if ended else "job", to_response(job).model_dump_json())

    def _append(self, channel: Channel, event: str, data: str) -> None:
        channel.seq += 1
        channel.ring.append((channel.seq, _frame(f"{self._epoch}.{channel.seq}", event, data)))

    # ------------------------------------------------------------------- streams

    async def stream(self, owner: str, last_event_id: str | None) -> AsyncIterator[bytes]:
        """Return the events of an owner. Raises `TooManyStreams` before the first byte, not after."""
        channel = self._channels.get(owner)
        if channel is not None and channel.streams >= self._max_streams:
            raise TooManyStreams(limit=self._max_streams, retry_after_seconds=10)
        return self._events(owner, last_event_id)

    async def _events(self, owner: str, last_event_id: str | None) -> AsyncIterator[bytes]:
        # Counted here and not in `stream`: a client that is gone before the first byte never starts this.
        channel = self._channels.setdefault(owner, Channel())
        channel.streams += 1
        try:
            yield b"retry: 2000\n\n"
            await self._load(owner, channel)
            position = self._resume_position(channel, last_event_id)
            if position is None:
                position = channel.seq
                yield self._snapshot(channel)
            end = time.monotonic() + LIFE_SECONDS * random.uniform(0.9, 1.1)
            while not self._closing and time.monotonic() < end:
                for frame, seq in self._after(channel, position):
                    position = seq
                    yield frame
                try:
                    await asyncio.wait_for(channel.news.wait(), BEAT_SECONDS)
                except TimeoutError:
                    yield b": beat\n\n"
            yield b"event: bye\ndata: {}\n\n"
        finally:
            channel.streams -= 1
            if channel.streams == 0:
                self._channels.pop(owner, None)

    async def _load(self, owner: str, channel: Channel) -> None:
        """Read the owner's jobs now if nobody watched before, so that the snapshot is not an empty one."""
        if not channel.loaded:
            self._publish(channel, (await self._service.list_in_view([owner]))[owner])

    def _resume_position(self, channel: Channel, last_event_id: str | None) -> int | None:
        """Return where a returning client stands, or None if it needs a snapshot."""
        epoch, _, number = (last_event_id or "").partition(".")
        if epoch != self._epoch or not number.isdigit():
            return None
        position = int(number)
        oldest = channel.ring[0][0] if channel.ring else channel.seq + 1
        return position if oldest - 1 <= position <= channel.seq else None

    def _after(self, channel: Channel, position: int) -> list[tuple[bytes, int]]:
        """Return the frames after a position; a stream that fell behind the ring gets a snapshot instead."""
        if channel.ring and position < channel.ring[0][0] - 1:
            return [(self._snapshot(channel), channel.seq)]
        return [(frame, seq) for seq, frame in channel.ring if seq > position]

    def _snapshot(self, channel: Channel) -> bytes:
        body = to_active(channel.jobs, self._clock.now())
        return _frame(f"{self._epoch}.{channel.seq}", "snapshot", body.model_dump_json())


def _frame(event_id: str, event: str, data: str) -> bytes:
    return f"id: {event_id}\nevent: {event}\ndata: {data}\n\n".encode()
