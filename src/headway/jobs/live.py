"""The live feed: one reader of the tables for all open streams of this process. State, not log.

Every event carries the whole job, so any event may be lost and the next one repairs it. A stream holds no database
session and asks nothing: what changed is read once for all who watch, and whether those may still watch, too.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from headway.jobs import states
from headway.jobs.channel import Channel, InView
from headway.jobs.errors import TooManyStreams
from headway.jobs.feed_reader import OWNERS_AT_ONCE, FeedReader, chunks
from headway.jobs.models import BackgroundJob
from headway.jobs.schemas import QueuePlace
from headway.jobs.signal import ChangeSignal
from headway.jobs.streams import EventStream
from headway.kit.actor import Actor
from headway.kit.asgi import Receive, Send
from headway.kit.chores import every
from headway.kit.clock import Clock
from headway.kit.db import Database

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0
"""A comment this often, so that proxies keep the stream and clients notice a dead one."""

SLOTS = 100
"""Streams beat in so many groups, one after the other: thousands at once would hold up every answer."""

LIFE_SECONDS = 900.0
"""A stream ends after about this long and the client comes back: restarts, new sessions, new rights."""

LEAST_REST_SECONDS, MOST_REST_SECONDS = 0.01, 0.05
"""Between two looks at the tables, however many signals arrive: as long as the last one took, so that looking takes half
of the time at most, and a look that is cheap is not waited for."""

CHANNELS_OF_A_TURN = 100
"""So many are looked at by the clock until others have their turn."""

TICK_SECONDS = 1.0
"""How often the clock is looked at for what no change signals: jobs leave the view, streams have lasted long enough."""

RELOOK_SECONDS = 30.0
"""Whoever watches is looked at this often, should a signal have been lost."""

PROOF_SECONDS = 2.0
"""How often it is asked whether those who watch may still do so."""

LINGER_SECONDS = 60.0
"""How long the events of an owner are kept for a client that comes back."""

FEW_OWNERS = 20
"""So many are simply all looked at when somebody's jobs changed; with more it is worth to find out whose."""

EndedProofs = Callable[[Collection[Hashable]], Awaitable[Collection[Hashable]]]
"""Returns which of these proofs of actors open nothing any more."""


PlacesOfOwners = Callable[[Collection[str]], Awaitable[Mapping[UUID, QueuePlace]]]
"""Returns where the waiting jobs of some owners stand."""


class LiveFeed:
    """Streams of server-sent events, one or more for each owner who looks."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        signal: ChangeSignal,
        *,
        max_streams_per_user: int,
        ended: EndedProofs | None = None,
        places: PlacesOfOwners | None = None,
    ) -> None:
        """Without `ended`, as for a host's own callers, a stream ends only when its actor has expired."""
        self._places = places
        self._reader = FeedReader(database, clock)
        self._clock = clock
        self._max_streams = max_streams_per_user
        self._ended = ended
        self._channels: dict[str, Channel] = {}
        self._slots: list[set[EventStream]] = [set() for _ in range(SLOTS)]
        self._next_slot = itertools.cycle(self._slots)
        self._changed: set[str] = set()
        self._anybody_changed = False
        self._woken = asyncio.Event()
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []
        signal.listen(self._on_signal)

    @property
    def open_streams(self) -> int:
        return sum(map(len, self._slots))

    async def start(self) -> None:
        chores = [self._read_forever(), self._beat_forever(), every(TICK_SECONDS, self._tick)]
        if self._ended is not None:
            chores.append(every(PROOF_SECONDS, self._end_those_without_proof))
        self._tasks = [asyncio.create_task(chore) for chore in chores]

    async def close(self) -> None:
        """Say `bye` to every stream and end it; new ones are told so at once."""
        self._closing = True
        for stream in self._streams():
            stream.end("stopping")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --------------------------------------------------------------------- streams

    async def serve(
        self, who: Actor, last_event_id: str | None, headers: list[tuple[bytes, bytes]], receive: Receive, send: Send
    ) -> None:
        """Answer with a stream of the caller's jobs until either side ends it. Raises `TooManyStreams` before it."""
        stream = self._attach(who, last_event_id, headers, send)
        try:
            # The end of our own answer is told like the end of the client.
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self._detach(stream)

    def _attach(
        self, who: Actor, last_event_id: str | None, headers: list[tuple[bytes, bytes]], send: Send
    ) -> EventStream:
        channel = self._channels.get(who.owner)
        if channel is None:
            channel = self._channels[who.owner] = Channel(who.owner, self._time())
        if len(channel.streams) >= self._max_streams:
            raise TooManyStreams(limit=self._max_streams, retry_after_seconds=10)
        ends_at = self._time() + LIFE_SECONDS * random.uniform(0.9, 1.1)
        stream = EventStream(
            channel, next(self._next_slot), who, last_event_id, send, headers, ends_at, self._clock.now
        )
        channel.streams.add(stream)
        stream.slot.add(stream)
        if not channel.is_current:
            self._look_at([who.owner])
        if self._closing:
            stream.end("stopping")
        stream.wake()
        return stream

    def _detach(self, stream: EventStream) -> None:
        stream.abandon()
        stream.slot.discard(stream)
        channel = stream.channel
        channel.streams.discard(stream)
        if not channel.streams:
            channel.is_current, channel.left_at = False, self._time()

    def _streams(self) -> Iterator[EventStream]:
        return itertools.chain.from_iterable(map(tuple, self._slots))

    async def _beat_forever(self) -> None:
        for slot in itertools.cycle(self._slots):
            await asyncio.sleep(BEAT_SECONDS / SLOTS)
            for stream in tuple(slot):
                stream.beat()

    async def _tick(self) -> None:
        now, at = self._clock.now(), self._time()
        for slot in self._slots:
            for stream in tuple(slot):
                stream.check(now, at)
            await asyncio.sleep(0)  # between two groups others have their turn
        for number, channel in enumerate(tuple(self._channels.values())):
            if number % CHANNELS_OF_A_TURN == 0:
                await asyncio.sleep(0)
            if not channel.streams:
                if at - channel.left_at >= LINGER_SECONDS:
                    del self._channels[channel.owner]
            elif at - channel.looked_at >= RELOOK_SECONDS or (channel.next_departure or now) < now:
                self._look_at([channel.owner])
            elif self._places is not None and channel.has_waiting:
                # Others move its jobs forward, of which it hears nothing.
                self._look_at([channel.owner])

    async def _end_those_without_proof(self) -> None:
        if self._ended is None:
            return
        proofs = {stream.proof for stream in self._streams() if stream.proof is not None}
        if proofs and (ended := set(await self._ended(proofs))):
            for stream in self._streams():
                if stream.proof in ended:
                    stream.end("revoked")

    # ------------------------------------------------------------- the one reader

    def _on_signal(self, owners: Collection[str] | None) -> None:
        if owners is None:
            self._anybody_changed = True
            self._woken.set()
        else:
            self._look_at(owners)

    def _look_at(self, owners: Iterable[str]) -> None:
        watched = self._channels.keys() & set(owners)
        if watched:
            self._changed |= watched
            self._woken.set()

    async def _read_forever(self) -> None:
        away = False
        while True:
            await self._woken.wait()
            self._woken.clear()
            began = self._time()
            try:
                await self._look()
                away = False
            except Exception as error:
                # Whatever it is: nobody else would begin to read again, and every page would stand still.
                if not away:
                    unforeseen = not isinstance(error, SQLAlchemyError)
                    name = type(error).__name__
                    log.warning("the live feed cannot read the jobs, trying again: %s", name, exc_info=unforeseen)
                away = True
                await asyncio.sleep(TICK_SECONDS)
                self._woken.set()
            took = self._time() - began
            await asyncio.sleep(min(MOST_REST_SECONDS, max(LEAST_REST_SECONDS, took)))

    async def _look(self) -> None:
        if self._anybody_changed:
            await self._find_out_who()
        owners, self._changed = self._changed, set()
        for some in chunks(owners, OWNERS_AT_ONCE):
            watched = [owner for owner in some if (found := self._channels.get(owner)) and found.streams]
            try:
                await self._look_at_some(watched)
            except Exception:
                self._changed |= owners
                raise

    async def _find_out_who(self) -> None:
        """Turn "somebody's jobs changed" into names."""
        self._anybody_changed = False
        if len(self._channels) <= FEW_OWNERS:
            self._changed |= self._channels.keys()
            return
        try:
            lately = await self._reader.versions_lately()
        except Exception:
            self._anybody_changed = True
            raise
        for owner, job_id, version in lately:
            if (channel := self._channels.get(owner)) is not None and channel.lacks(job_id, version):
                self._changed.add(owner)

    async def _look_at_some(self, owners: Sequence[str]) -> None:
        if not owners:
            return
        looked = await self._reader.look(owners)
        channels = [channel for owner in owners if (channel := self._channels.get(owner)) is not None]
        read = await self._reader.read([job for one in channels for job in one.unread(looked[one.owner])])
        places = await self._find_places(channels, read.values())
        for channel in channels:
            self._publish(channel, looked[channel.owner], read, places)

    async def _find_places(
        self, channels: Iterable[Channel], read: Iterable[BackgroundJob]
    ) -> Mapping[UUID, QueuePlace]:
        owners = {job.user_id for job in read if states.is_in_line(job)}
        owners |= {channel.owner for channel in channels if channel.has_waiting}
        return await self._places(owners) if self._places is not None and owners else {}

    def _publish(
        self,
        channel: Channel,
        looked: Sequence[InView],
        read: Mapping[UUID, BackgroundJob],
        places: Mapping[UUID, QueuePlace],
    ) -> None:
        before = (channel.seq, channel.is_current)
        look_again_in = channel.publish(looked, read, self._time(), places, self._clock.now())
        channel.is_current = bool(channel.streams)
        if (channel.seq, channel.is_current) != before:
            for stream in channel.streams:
                stream.wake()
        if look_again_in is not None:
            asyncio.get_running_loop().call_later(look_again_in, self._look_at, [channel.owner])

    def _time(self) -> float:
        return asyncio.get_running_loop().time()
