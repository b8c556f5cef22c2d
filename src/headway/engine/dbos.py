"""The one file that imports DBOS. It delivers jobs; `background_jobs` owns their states.

Six traps that cost hours, all from measured studies of 3.4: the default executor id "local" lets a second
process steal the first one's jobs; the default application version is a hash of the source, so that an upgrade
strands every waiting job; without `worker_concurrency` one process claims the whole backlog; a queue with
partitions never delivers a job that has no partition key; partitions draw lots for a free place, so that one owner
can win it again and again; and a queue's limits stand in the database, where the worker that started last sets them
for all.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID

import dbos
import sqlalchemy as sa
from dbos import DBOS, DBOSClient
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from headway.engine.turns import Turns
from headway.jobs.runner import BULK_CONCURRENCY, Deliver, Living, Submission
from headway.kit.db import POSTGRES_CONNECTION, normalize_url

ENGINE_TABLES = frozenset(
    {
        "dbos_migrations", "workflow_status", "notifications", "workflow_events", "streams",
        "workflow_events_history", "workflow_schedules", "application_versions", "queues", "workflow_input",
        "workflow_output", "operation_outputs",
    }
)  # fmt: skip
"""DBOS's tables on SQLite, where they stand beside ours; the names are reserved. PostgreSQL has them in a schema."""

APPLICATION = "headway"
APPLICATION_VERSION = "1"
"""Constant. A change of a workflow's step order needs a new workflow name, with the old one kept until drained."""

WORKFLOW = "headway.run_job"
QUEUE = "headway"
POLL_SECONDS = 0.1
"""DBOS polls; this is the price of a start: p50 58 ms from commit to first line, 4 % of one idle core."""

BULK_QUEUE = "headway.bulk"
BULK_POLL_SECONDS = 0.5

CLIENT_CONNECTIONS, RUNNER_CONNECTIONS = 2, 5
"""Connections to PostgreSQL, at most: of everybody who enqueues or asks, and of the worker's engine besides."""

BACKSTOP_ATTEMPTS = 50
"""DBOS counts graceful restarts too, so its own limit only catches what our crash count does not."""

LIVE = ["ENQUEUED", "PENDING", "DELAYED"]
ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]

PAGE = 500
"""Ended deliveries that are looked at, and forgotten, in one go."""


def migrate_engine_tables(url: str) -> None:
    """Create or upgrade the engine's tables."""
    DBOS.migrate(_engine_url(url))


def _engine_url(url: str) -> str:
    parsed = normalize_url(url)
    name = "sqlite" if parsed.drivername == "sqlite" else "postgresql"
    return parsed.set(drivername=name).render_as_string(hide_password=False)


def _client_pool(url: str) -> sa.Engine | None:
    """Return a pool for the client on PostgreSQL: its own would wait a quarter of an hour for a network that was cut."""
    if (parsed := normalize_url(url)).drivername == "sqlite":
        return None
    return sa.create_engine(
        parsed, pool_size=CLIENT_CONNECTIONS, max_overflow=0, pool_pre_ping=True, connect_args=POSTGRES_CONNECTION
    )


def _runner_options(url: str) -> dict[str, Any]:
    return {} if normalize_url(url).drivername == "sqlite" else {"connect_args": dict(POSTGRES_CONNECTION)}


class DbosSubmitter:
    """The API's half: enqueues in our transaction and asks; it never runs anything."""

    def __init__(self, url: str) -> None:
        self._pool = _client_pool(url)
        self._client = DBOSClient(
            system_database_url=_engine_url(url),
            system_database_engine=self._pool,
            system_database_pool_size=CLIENT_CONNECTIONS,
            # With True a database outage would freeze the request for ever instead of failing it.
            retry_connection_errors=False,
            serializer=dbos.DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
        )

    async def enqueue(self, session: AsyncSession, submission: Submission) -> None:
        options: dbos.EnqueueOptions = {
            "queue_name": BULK_QUEUE if submission.bulk else QUEUE,
            "workflow_name": WORKFLOW,
            "workflow_id": _workflow_id(submission),
            "queue_partition_key": submission.owner,
            "app_version": APPLICATION_VERSION,
        }

        def insert(sync_session: Session) -> None:
            self._client.enqueue_in_transaction(sync_session, options, str(submission.job_id))

        await session.run_sync(insert)

    async def cancel(self, submissions: Collection[Submission]) -> None:
        # One statement, by full names: a prefix is looked for in all of them, 15 ms for each job.
        names = [_workflow_id(one, number) for one in submissions for number in range(1, one.delivery + 1)]
        if names:
            await self._client.cancel_workflows_async(names)

    async def undelivered(self, submissions: Collection[Submission]) -> Sequence[UUID]:
        if not submissions:
            return []
        known = await self._client.list_workflows_async(
            workflow_ids=[_workflow_id(one) for one in submissions], status=LIVE, load_input=False, load_output=False
        )
        held = {workflow.workflow_id for workflow in known}
        return [one.job_id for one in submissions if _workflow_id(one) not in held]

    async def forget_ended(self, before: datetime, living: Living) -> int:
        forgotten = kept = 0
        while True:
            page = await self._client.list_workflows_async(
                name=WORKFLOW, status=ENDED, completed_before=before.isoformat(), limit=PAGE, offset=kept,
                load_input=False, load_output=False,
            )  # fmt: skip
            jobs = {workflow.workflow_id: _job_of(workflow.workflow_id) for workflow in page}
            alive = set(await living(set(jobs.values())))
            over = [name for name, job_id in jobs.items() if job_id not in alive]
            if over:
                # No child of it exists, and none of these is ever resumed: a retry is a delivery of another name.
                await self._client.delete_workflows_async(over)
            forgotten, kept = forgotten + len(over), kept + len(page) - len(over)
            if len(page) < PAGE:
                return forgotten

    async def close(self) -> None:
        await asyncio.to_thread(self._client.destroy)
        if self._pool is not None:
            self._pool.dispose()


class DbosRunner(DbosSubmitter):
    """The worker's half. One in a process: DBOS keeps its state in globals."""

    def __init__(self, url: str, executor_id: str, *, concurrency: int, user_concurrency: int) -> None:
        super().__init__(url)
        self._executor_id = executor_id
        self._concurrency = concurrency
        self._user_concurrency = user_concurrency
        self._url = url

    async def start(self, deliver: Deliver) -> None:
        engine = DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": _engine_url(self._url),
                "executor_id": self._executor_id,
                "application_version": APPLICATION_VERSION,
                "sys_db_pool_size": RUNNER_CONNECTIONS,
                "db_engine_kwargs": _runner_options(self._url),
                "max_executor_threads": 64,
                "log_level": "WARNING",
                "run_migrations": False,
                "serializer": dbos.DBOSPortableJSONSerializer(),
                "use_listen_notify": False,
            }
        )

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=BACKSTOP_ATTEMPTS)
        async def run_job(job_id: str) -> None:
            await deliver(UUID(job_id))

        # Launched inside the running loop, DBOS runs asynchronous workflows in it, where our database sessions live.
        DBOS.launch()
        self._take_turns(engine._sys_db)  # noqa: SLF001 - see there
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=self._concurrency,
            partition_concurrency=self._user_concurrency,
            # Never reached. It keeps DBOS off a batched path for one job an owner, which asks nobody whose turn it is.
            partition_limiter={"limit": 1_000_000, "period": 1.0} if self._user_concurrency == 1 else None,
            polling_interval_sec=POLL_SECONDS,
            on_conflict="always_update",
        )
        await DBOS.register_queue_async(
            BULK_QUEUE,
            worker_concurrency=BULK_CONCURRENCY,
            partition_concurrency=1,
            polling_interval_sec=BULK_POLL_SECONDS,
            on_conflict="always_update",
        )

    def _take_turns(self, system: Any) -> None:
        """Let DBOS see one waiting owner at a time, the one whose turn it is, and this worker's own limit.

        Both calls are private to DBOS, which offers no order among partitions. `tests/conformance/test_fairness.py`
        fails the day that they are gone.
        """
        turns = Turns(self._user_concurrency)
        find_queue, list_waiting = system.get_queue, system.get_queue_partitions

        def get_queue(name: str, **options: Any) -> Any:
            queue = find_queue(name, **options)
            if queue is not None and name == QUEUE:
                queue._worker_concurrency = self._concurrency  # noqa: SLF001 - see above
            return queue

        def get_queue_partitions(name: str) -> Sequence[str]:
            waiting = list_waiting(name)
            if name != QUEUE or not waiting:
                return list(waiting)
            return list(turns.next(waiting, self._running_by_owner()))

        system.get_queue, system.get_queue_partitions = get_queue, get_queue_partitions

    def _running_by_owner(self) -> Counter[str]:
        """Count what all workers run; these are few, whatever waits."""
        running = self._client.list_workflows(queue_name=QUEUE, status="PENDING", load_input=False, load_output=False)
        return Counter(workflow.queue_partition_key or "" for workflow in running)

    async def recover(self, executor_ids: Collection[str]) -> int:
        # Private, and the only call that keeps the attempt count; present in every version from 2.0 to 3.4, which
        # is pinned. `tests/conformance/test_job_runner.py` fails the day it is gone.
        handles = await asyncio.to_thread(DBOS._recover_pending_workflows, list(executor_ids))  # noqa: SLF001
        return len(handles)

    async def held_by_others(self) -> Sequence[str]:
        pending = await self._client.list_workflows_async(status="PENDING", load_input=False, load_output=False)
        return sorted({w.executor_id for w in pending if w.executor_id and w.executor_id != self._executor_id})

    async def stop(self) -> None:
        # DBOS puts its own thread pool under the event loop and shuts it down; give the loop another one.
        pool = ThreadPoolExecutor(thread_name_prefix="after-engine")
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(pool, lambda: DBOS.destroy(destroy_registry=True))
        loop.set_default_executor(pool)


def _workflow_id(submission: Submission, delivery: int | None = None) -> str:
    """Return a name of its own for each delivery: enqueuing a name again that has ended is a silent no-op in DBOS."""
    number = delivery or submission.delivery
    later = f".{number}" if number > 1 else ""
    return f"{submission.job_id}{later}"


def _job_of(workflow_id: str) -> UUID:
    return UUID(workflow_id.partition(".")[0])
