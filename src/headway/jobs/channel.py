"""What the streams of one owner share: what was sent about each job, and the newest events. Nothing awaits here.

An event carries the whole job, so of two events about one job only the newer is kept for those who come back or are
slow; the end of a job is kept until it is pushed out by newer events, whatever comes after it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from headway.jobs import states
from headway.jobs.answers import active_of, to_response, with_place
from headway.jobs.line import is_news
from headway.jobs.models import BackgroundJob
from headway.jobs.schemas import Phase, QueuePlace

JOB_SECONDS, EARLY_SECONDS = 0.275, 0.1
"""How far apart progress events of a job are, and how much one may come before its time: what comes a little late on
its way here does not make the next one late, and no second has more than four. Changes of phase are never held back.
"""

RING_SIZE = 256
"""Events of an owner that a returning client can be given instead of a snapshot."""

Kind = Literal["job", "finished", "removed", "queue"]


class Stream(Protocol):
    """Somebody who is sent what comes after its position."""

    def wake(self) -> None: ...


@dataclass(frozen=True, slots=True)
class InView:
    """What a look tells of a job without reading it whole."""

    id: UUID
    version: int
    leaves_at: datetime | None
    """When it leaves the view by the clock alone; None while it runs."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The last that was sent about a job."""

    version: int
    attempt: int
    phase: Phase
    ended: bool
    waits: bool
    """Whether it stands in the line for a worker."""
    is_paused: bool
    due: float
    """When the next progress of it may be told, but for a little."""
    json: str
    """As it is sent, but without its place in that line."""


class Channel:
    """One owner's jobs as their streams know them. Events are numbered; their ids begin with a random epoch."""

    def __init__(self, owner: str, at: float) -> None:
        self.owner = owner
        self.streams: set[Stream] = set()
        self.is_current = False
        """Whether somebody looks whenever something changes: from the first look on, while there are streams."""
        self.looked_at = self.left_at = at
        """When it was last looked at, and when the last stream went, by the event loop's clock."""
        self.next_departure: datetime | None = None
        """When the first job leaves the view by the clock, which signals nothing."""
        self.seq = 0
        self._dropped = 0
        """The number of the newest event that is kept no more without a newer one about the same job."""
        self._epoch = secrets.token_hex(4)
        self._shown: dict[UUID, Shown] = {}
        self._places: dict[UUID, QueuePlace] = {}
        """Where the waiting ones stand, as it was last told."""
        self._order: list[UUID] = []
        self._events: dict[tuple[UUID, Kind], tuple[int, bytes]] = {}
        self._is_new = True

    # --------------------------------------------------------------- taking in a look

    def unread(self, looked: Collection[InView]) -> list[UUID]:
        """Return which of the jobs have changed, or come, since they were shown."""
        return [one.id for one in looked if self.lacks(one.id, one.version)]

    def lacks(self, job_id: UUID, version: int) -> bool:
        """Tell whether this version of a job is news."""
        last = self._shown.get(job_id)
        return last is None or last.version < version

    @property
    def has_waiting(self) -> bool:
        """Tell whether a job stands in line, so that something changes without any signal."""
        return any(one.waits for one in self._shown.values())

    def publish(
        self,
        looked: Sequence[InView],
        read: Mapping[UUID, BackgroundJob],
        at: float,
        places: Mapping[UUID, QueuePlace],
        now: datetime,
    ) -> float | None:
        """Take in what a look found, newest job first, the jobs that were read, and where the waiting ones stand.

        Return in how many seconds to look again because a job was held back, or None.
        """
        told, self._places = self._places, {one.id: places[one.id] for one in looked if one.id in places}
        before = self.seq
        waits = [self._show(read[one.id], at) for one in reversed(looked) if one.id in read]
        self._order = [one.id for one in looked if one.id in self._shown]
        self._tell_places(told, before, now)
        for job_id in self._shown.keys() - set(self._order):
            del self._shown[job_id]
            self._append(job_id, "removed", f'{{"id":"{job_id}"}}')
        self.next_departure = min((one.leaves_at for one in looked if one.leaves_at is not None), default=None)
        self.looked_at, self._is_new = at, False
        return min((wait for wait in waits if wait is not None), default=None)

    def _show(self, job: BackgroundJob, at: float) -> float | None:
        """Make an event of a job, or return for how many seconds it is held back."""
        last, phase, due = self._shown.get(job.id), states.phase(job), at
        if last is not None:
            if last.version >= job.version:
                return None
            is_progress = last.phase == phase and last.attempt == job.attempt
            if is_progress and at < last.due - EARLY_SECONDS:
                return last.due - EARLY_SECONDS - at
            due = max(at, last.due) if is_progress else at
        ended = job.status in states.TERMINAL
        told = last is not None and last.ended and (last.phase, last.attempt) == (phase, job.attempt)
        waits, written = states.is_in_line(job), to_response(job).model_dump_json()
        self._shown[job.id] = shown = Shown(
            job.version, job.attempt, phase, ended, waits, states.is_paused(job), due + JOB_SECONDS, written
        )
        if not self._is_new:  # what was there before the first look is told by snapshots
            # Of each end one event is called so, whatever is noted on the job afterwards.
            self._append(job.id, "finished" if ended and not told else "job", self._json(job.id, shown))
        return None

    def _tell_places(self, told: Mapping[UUID, QueuePlace], since: int, now: datetime) -> None:
        """Make events of places that have changed, which is no new version of a job. Small steps are left out."""
        for job_id, place in self._places.items():
            if self._is_new or self._events.get((job_id, "job"), (0, b""))[0] > since:
                continue  # it was told with the job
            before, shown = told.get(job_id), self._shown.get(job_id)
            if before is not None and not is_news(before, place, now):
                self._places[job_id] = before
            elif shown is not None and shown.waits:
                self._append(job_id, "queue", f'{{"id":"{job_id}","queue":{place.model_dump_json()}}}')

    def _json(self, job_id: UUID, shown: Shown) -> str:
        return with_place(shown.json, self._places.get(job_id) if shown.waits else None)

    def _append(self, job_id: UUID, kind: Kind, data: str) -> None:
        self.seq += 1
        # A job carries its place with it, but not the other way round.
        replaced: tuple[Kind, ...] = (kind,) if kind == "queue" else (kind, "job", "queue")
        for older in replaced:
            self._events.pop((job_id, older), None)
        self._events[job_id, kind] = (self.seq, frame(kind, data, self._id()))
        if len(self._events) > RING_SIZE:
            self._dropped, _ = self._events.pop(next(iter(self._events)))

    def _id(self) -> str:
        return f"{self._epoch}.{self.seq}"

    # ----------------------------------------------------------------- what a stream is sent

    def position(self, last_event_id: str | None) -> int | None:
        """Return where a returning client stands, or None if it needs a snapshot."""
        epoch, _, number = (last_event_id or "").partition(".")
        if epoch != self._epoch or not (number.isascii() and number.isdigit()) or len(number) > len(str(self.seq)):
            return None
        position = int(number)
        return position if self._dropped <= position <= self.seq else None

    def after(self, position: int | None, now: datetime) -> tuple[bytes, int]:
        """Return what brings a stream up to date, and where it stands then; a snapshot if nothing less does."""
        if position is None or position < self._dropped:
            return self._snapshot(now), self.seq
        frames = []
        for seq, sent in reversed(self._events.values()):
            if seq <= position:
                break
            frames.append(sent)
        return b"".join(reversed(frames)), self.seq

    def _snapshot(self, now: datetime) -> bytes:
        """Return the list of all jobs as they were last sent, so that no version is sent twice."""
        shown = [self._shown[job_id] for job_id in self._order]
        paused = sum(one.is_paused for one in shown)
        around = active_of([], [one.phase for one in shown], paused, now).model_dump_json()
        jobs = ",".join(self._json(job_id, self._shown[job_id]) for job_id in self._order)
        return frame("snapshot", around.replace('"jobs":[]', f'"jobs":[{jobs}]', 1), self._id())


def frame(event: str, data: str, event_id: str | None = None) -> bytes:
    """Return one event as it goes over the wire. JSON has no line breaks in it."""
    name = f"id: {event_id}\n" if event_id is not None else ""
    return f"{name}event: {event}\ndata: {data}\n\n".encode()
