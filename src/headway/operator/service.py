"""Puts together what operators look at, from what each slice tells of itself. Nothing in it reads the history."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from headway.audit.reading import AuditReader, Wanted
from headway.engine.lease import Worker, list_workers
from headway.jobs.overview import JobsOverview, QueueState, SeenJob, SeenPage
from headway.jobs.retention import KeepJobs
from headway.jobs.throughput import Throughput as EndedCounts
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.pagination import Page
from headway.kit.room import disk_room
from headway.operator.measurements import STORAGE, SWEEP, Measured, Measurements
from headway.operator.people import FindEmails, People
from headway.operator.schemas import (
    AuditAnswer,
    Disk,
    EndedJobs,
    JobTotals,
    KeepType,
    LastSweep,
    OldJobs,
    OperatorJob,
    Overview,
    OwnerUse,
    QueueAnswer,
    QueuePause,
    Retention,
    SomeJobs,
    StorageUse,
    Throughput,
    Versions,
    WorkerAnswer,
    WorkerPlaces,
)

BUSY_POLL_MS, IDLE_POLL_MS = 5_000, 15_000
FIRST_ROWS = 10
"""Jobs in trouble that the overview names."""

Window = Literal["3h", "24h", "7d"]
SPANS: dict[Window, tuple[int, int]] = {"3h": (3, 1), "24h": (24, 10), "7d": (7 * 24, 60)}
"""Hours of a window, and minutes of its spans: some 150 bars each."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What does not change while this process runs."""

    folders: Mapping[str, Path]
    store: str
    keep: KeepJobs
    keep_audit_days: int
    keep_artifact_days: int


class OperatorService:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        jobs: JobsOverview,
        ended: EndedCounts,
        find_emails: FindEmails,
        installation: Installation,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._ended = ended
        self._find_emails = find_emails
        self._installation = installation
        self._measurements = Measurements(database, clock)
        self._audit = AuditReader(database)

    async def overview(self) -> Overview:
        """Return all that an operator looks at first."""
        workers, queues = await self._workers(), await self._jobs.queues()
        running = await self._jobs.running()
        stalled = await self._jobs.stalled(limit=FIRST_ROWS)
        failed = await self._jobs.failed(limit=FIRST_ROWS)
        storage = await self._measurements.find(STORAGE)
        people = await People.named(
            self._find_emails,
            [
                *(job.owner for job in (*running, *stalled.jobs, *failed.jobs)),
                *(queue.pause.by for queue in queues if queue.pause),
                *(use["owner"] for use in (storage.value["largest"] if storage else ())),
            ],
        )
        busy = running or any(queue.waiting for queue in queues)
        return Overview(
            server_time=self._clock.now(),
            next_poll_ms=BUSY_POLL_MS if busy else IDLE_POLL_MS,
            workers=[_worker(each, running, people) for each in workers if each.is_alive],
            lost_workers=[_worker(each, running, people) for each in workers if not each.is_alive],
            queues=[_queue(each, workers, people) for each in queues],
            jobs=JobTotals(**await self._jobs.totals()),
            stalled=_some(stalled, people),
            failed=_some(failed, people),
            throughput=await self.throughput("24h"),
            storage=_storage(storage, people),
            disks=self._disks(),
            retention=await self._retention(),
            versions=await self._versions(),
        )

    async def queues(self) -> list[QueueAnswer]:
        workers, queues = await self._workers(), await self._jobs.queues()
        people = await People.named(self._find_emails, (queue.pause.by for queue in queues if queue.pause))
        return [_queue(each, workers, people) for each in queues]

    async def queue(self, name: str) -> QueueAnswer:
        """Return a queue that exists."""
        return next(queue for queue in await self.queues() if queue.name == name)

    async def waiting_in(self, name: str, *, limit: int, cursor: str | None) -> Page[OperatorJob]:
        return await self._page(await self._jobs.waiting_in(name, limit=limit, cursor=cursor))

    async def jobs(self, state: Literal["stalled", "failed"], *, limit: int, cursor: str | None) -> Page[OperatorJob]:
        look = self._jobs.stalled if state == "stalled" else self._jobs.failed
        return await self._page(await look(limit=limit, cursor=cursor))

    async def named(self, job: SeenJob) -> OperatorJob:
        """Return a job with its owner's name."""
        return (await People.named(self._find_emails, [job.owner])).job(job)

    async def throughput(self, window: Window) -> Throughput:
        hours, minutes = SPANS[window]
        spans = await self._ended.read(hours, minutes)
        return Throughput(minutes=minutes, spans=[EndedJobs(**asdict(span)) for span in spans])

    async def audit(self, wanted: Wanted, *, limit: int, cursor: str | None) -> Page[AuditAnswer]:
        """Return a page of the audit, newest first."""
        page = await self._audit.list_entries(wanted, limit=limit, cursor=cursor)
        users = (entry.target for entry in page.entries if entry.target_type == "user")
        people = await People.named(self._find_emails, [*(entry.actor for entry in page.entries), *users])
        items = [
            AuditAnswer(
                id=entry.id, at=entry.at, actor=people[entry.actor], address=entry.address,
                request_id=entry.request_id, action=entry.action, target_type=entry.target_type,
                target=people[entry.target], result=entry.result, details=entry.details,
            )
            for entry in page.entries
        ]  # fmt: skip
        return Page(items=items, next_cursor=page.next_cursor)

    async def _page(self, page: SeenPage) -> Page[OperatorJob]:
        people = await People.named(self._find_emails, (job.owner for job in page.jobs))
        return Page(items=[people.job(job) for job in page.jobs], next_cursor=page.next_cursor)

    async def _workers(self) -> list[Worker]:
        async with self._database.read() as session:
            return await list_workers(session, self._database, self._clock)

    async def _retention(self) -> Retention:
        keep, swept = self._installation.keep, await self._measurements.find(SWEEP)
        due = await self._jobs.old(keep)
        return Retention(
            keep_completed_days=keep.completed_days,
            keep_failed_days=keep.failed_days,
            keep_cancelled_days=keep.failed_days if keep.cancelled_days is None else keep.cancelled_days,
            keep_events_days=keep.events_days,
            keep_types={
                name: KeepType(**{f"{ending}_days": number for ending, number in asdict(days).items()})
                for name, days in keep.types.items()
            },
            keep_audit_days=self._installation.keep_audit_days,
            keep_artifact_days=self._installation.keep_artifact_days,
            keep_log_days=keep.log_days,
            due=OldJobs(completed=due.completed, failed=due.failed),
            last_sweep=LastSweep(at=swept.at, **swept.value) if swept else None,
        )

    async def _versions(self) -> Versions:
        async with self._database.read() as session:
            asked = "select sqlite_version()" if self._database.is_sqlite else "show server_version"
            number = str((await session.execute(sa.text(asked))).scalar_one()).split()[0]
        return Versions(
            headway=version("headway"),
            python=platform.python_version(),
            database=f"{'SQLite' if self._database.is_sqlite else 'PostgreSQL'} {number}",
            store=self._installation.store,
        )

    def _disks(self) -> list[Disk]:
        """Return the room on each disk; one that cannot be looked at is told by `headway doctor`."""
        found = []
        for name, folder in self._installation.folders.items():
            room = disk_room(folder)
            found.append(Disk(folder=name, free_bytes=room.free, size_bytes=room.total))
        return found


def _worker(worker: Worker, running: Sequence[SeenJob], people: People) -> WorkerAnswer:
    return WorkerAnswer(
        id=worker.id, host=worker.host, pid=worker.pid, version=worker.version,
        places=WorkerPlaces(imports=worker.import_places, bulk=worker.bulk_places), memory_bytes=worker.memory_bytes,
        started_at=worker.started_at, beat_at=worker.beat_at,
        jobs=[people.job(job) for job in running if job.worker == worker.id],
    )  # fmt: skip


def _queue(queue: QueueState, workers: Sequence[Worker], people: People) -> QueueAnswer:
    alive = [worker for worker in workers if worker.is_alive]
    places = {
        "imports": sum(each.import_places or 0 for each in alive),
        "bulk": sum(each.bulk_places for each in alive),
    }
    pause = queue.pause and QueuePause(at=queue.pause.at, by=people[queue.pause.by], reason=queue.pause.reason)
    return QueueAnswer(
        name=queue.name, waiting=queue.waiting, waiting_since=queue.waiting_since, running=queue.running,
        places=places[queue.name], paused=pause,
    )  # fmt: skip


def _some(page: SeenPage, people: People) -> SomeJobs:
    return SomeJobs(items=[people.job(job) for job in page.jobs], more=page.next_cursor is not None)


def _storage(measured: Measured | None, people: People) -> StorageUse | None:
    if measured is None:
        return None
    largest = [OwnerUse(**{**use, "owner": people[use["owner"]]}) for use in measured.value["largest"]]
    return StorageUse(measured_at=measured.at, **{**measured.value, "largest": largest})
