"""Which workers are alive, and whose jobs must be delivered again.

DBOS has no heartbeat of its own: what a dead process held stays with it for ever. So every worker beats a row,
and every worker looks for rows that stopped. On SQLite there is one machine and one worker, and a file lock
proves it: whoever holds the lock knows at once that all others are dead.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from headway.engine.models import WorkerLease
from headway.jobs.deliveries import Deliveries
from headway.jobs.line import Places
from headway.jobs.runner import BULK_CONCURRENCY, JobRunner
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.processes import resident_tree_bytes

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.5
STALE_SECONDS = 6.0
"""Four missed beats. With the look of a living worker a beat later, a dead one's job runs again within 10 s."""

KEEP_LOST_SECONDS = 24 * 3600.0
"""How long operators are told of a worker that stopped without a word."""

OWN_BEATS_BEFORE_JUDGING = 3
"""After an outage of the database everybody looks dead, so nobody is judged before this many own beats."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker as it last spoke of itself. What an older version did not say is None."""

    id: str
    host: str
    pid: int
    version: str | None
    import_places: int | None
    bulk_places: int
    memory_bytes: int | None
    started_at: datetime
    beat_at: datetime
    is_alive: bool


class AnotherWorkerRuns(Exception):
    """Raised on SQLite when the data folder already has its one worker."""


class WorkerLeases:
    """Beats for this worker and delivers again what dead ones held."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        runner: JobRunner,
        deliveries: Deliveries,
        executor_id: str,
        data_dir: Path,
        *,
        places: int,
        owner_places: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._runner = runner
        self._deliveries = deliveries
        self._executor_id = executor_id
        self._data_dir = data_dir
        self._places = {"places": places, "owner_places": owner_places}
        self._lock: IO[str] | None = None
        self._beats = 0
        self._task: asyncio.Task[None] | None = None

    def take_lock(self) -> None:
        """On SQLite, become the one worker of this data folder, or raise `AnotherWorkerRuns`."""
        if not self._database.is_sqlite:
            return
        self._lock = hold_worker_lock(self._data_dir)

    async def start(self) -> None:
        """Announce this worker, take over from the dead where that is certain, and go on beating."""
        await self._beat()
        if self._lock is not None:
            await self._recover(await self._runner.held_by_others())
        self._task = asyncio.create_task(self._forever())

    async def close(self) -> None:
        """Take the announcement back, so that the next worker need not wait to be sure."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        async with self._database.write() as session:
            await session.execute(sa.delete(WorkerLease).where(WorkerLease.executor_id == self._executor_id))

    async def _forever(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._beat()
                if self._lock is None and self._beats >= OWN_BEATS_BEFORE_JUDGING:
                    await self._recover(await self._dead())
            except Exception as error:
                # Whatever it is, of the engine too: without beats this worker's jobs would be taken for a dead one's.
                self._beats = 0
                unforeseen, name = not isinstance(error, SQLAlchemyError), type(error).__name__
                log.warning("no sign of life could be written: %s", name, exc_info=unforeseen)

    async def _beat(self) -> None:
        async with self._database.write() as session:
            now = self._database.moment(self._clock)
            said = {"beat_at": now, "memory_bytes": resident_tree_bytes(os.getpid()) or None}
            beaten = await session.execute(
                sa.update(WorkerLease).where(WorkerLease.executor_id == self._executor_id).values(said)
            )
            if beaten.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE returns a CursorResult
                values = {
                    "executor_id": self._executor_id,
                    "host": socket.gethostname(),
                    "pid": os.getpid(),
                    "version": version("headway"),
                    **self._places,
                }
                await session.execute(sa.insert(WorkerLease).values(**values, **said, started_at=now))
        self._beats += 1

    async def _dead(self) -> Sequence[str]:
        """Return the executors that stopped beating, and those that hold jobs and never beat."""
        holders = set(await self._runner.held_by_others())
        async with self._database.read() as session:
            alive = set((await session.execute(select_alive(self._database, self._clock))).scalars())
        return sorted(holders - alive)

    async def _recover(self, dead: Sequence[str]) -> None:
        if dead:
            # First the jobs, then their delivery: a job that still looked held would be left alone.
            await self._deliveries.take_from(dead)
            count = await self._runner.recover(dead)
            log.warning("delivering %d jobs again that dead workers held: %s", count, ", ".join(dead))
        await self._forget_dead()

    async def _forget_dead(self) -> None:
        """Delete the rows of workers that have been dead for long, and that hold nothing any more."""
        holders = await self._runner.held_by_others()
        async with self._database.write() as session:
            long_ago = self._database.moment(self._clock, -KEEP_LOST_SECONDS)
            await session.execute(
                sa.delete(WorkerLease).where(
                    WorkerLease.beat_at < long_ago, WorkerLease.executor_id.not_in(list(holders))
                )
            )


def hold_worker_lock(data_dir: Path) -> IO[str]:
    """Keep every worker from a data folder with SQLite until the file is closed, or raise `AnotherWorkerRuns`."""
    lock = (data_dir / "jobs.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise AnotherWorkerRuns(f"another worker already uses {data_dir}") from None
    return lock


def select_alive(database: Database, clock: Clock) -> sa.Select[str]:
    """Return the statement for the executors that have beaten lately."""
    return sa.select(WorkerLease.executor_id).where(WorkerLease.beat_at > database.moment(clock, -STALE_SECONDS))


async def count_places(session: AsyncSession, database: Database, clock: Clock) -> Places:
    """Return how many jobs the living workers run at once. One that does not say counts for none: wait, see less."""
    alive = select_alive(database, clock)
    numbers = sa.func.sum(WorkerLease.places), sa.func.min(WorkerLease.owner_places), sa.func.count()
    statement = sa.select(*numbers).where(WorkerLease.executor_id.in_(alive))
    places, owner_places, workers = (await session.execute(statement)).one()
    return Places(imports=places or 0, bulk=workers * BULK_CONCURRENCY, per_owner=owner_places or 1)


async def list_workers(session: AsyncSession, database: Database, clock: Clock) -> list[Worker]:
    """Return the workers that are alive, and those that stopped without a word in the last day."""
    alive = (WorkerLease.beat_at > database.moment(clock, -STALE_SECONDS)).label("alive")
    statement: sa.Select[WorkerLease, bool] = sa.select(WorkerLease, alive).order_by(WorkerLease.started_at)
    return [_worker(lease, bool(is_alive)) for lease, is_alive in (await session.execute(statement)).all()]


def _worker(lease: WorkerLease, is_alive: bool) -> Worker:
    return Worker(
        lease.executor_id, lease.host, lease.pid, lease.version, lease.places, BULK_CONCURRENCY, lease.memory_bytes,
        lease.started_at, lease.beat_at, is_alive,
    )  # fmt: skip


async def count_alive(session: AsyncSession, database: Database, clock: Clock) -> int:
    """Return how many workers have beaten lately."""
    return len((await session.execute(select_alive(database, clock))).scalars().all())
