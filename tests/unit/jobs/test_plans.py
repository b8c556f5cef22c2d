"""However long the history is, each look reads the small index that is made for it and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs import history_queries, line_queries, operator_queries, queries, retention_queries, view_queries
from headway.jobs.artifacts.queries import forget_objects
from headway.jobs.census import take_census
from headway.jobs.filters import JobFilter
from headway.jobs.models import BackgroundJob, JobArtifact, PausedQueue
from headway.jobs.retention_queries import Old
from headway.kit.db import Database
from tests.support.clock import FakeClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LAST = BackgroundJob(id=uuid4(), user_id="ann", created_at=NOW)

Look = Callable[[AsyncSession], Awaitable[Any]]
ACTIVE, RECENT, ENDED, OWNER = (f"ix_background_jobs_{name}" for name in ("active", "recent", "ended", "owner"))
ENDED_BADLY, DATASET = "ix_background_jobs_ended_badly", "ix_background_jobs_dataset"
WAITING, HELD, STALLED = (f"ix_background_jobs_{name}" for name in ("waiting", "held", "stalled"))
OURS = "from pg_class where relnamespace = 'public'::regnamespace"
AFTER = (NOW, uuid4())
PAUSE = PausedQueue(name="bulk", paused_at=NOW, paused_by="boss", reason="")
LOOKS: dict[str, tuple[Look, list[str]]] = {
    "in view": (lambda session: view_queries.list_in_view(session, "ann", NOW), [f"{ACTIVE} {RECENT}"]),
    "in view of many": (
        lambda session: view_queries.list_versions_in_view(session, ["ann", "bob", "eve"], NOW, 2000),
        [f"{ACTIVE} {RECENT}"],
    ),
    "lately": (lambda session: queries.list_versions_lately(session, NOW), [ACTIVE, ENDED]),
    "live": (lambda session: queries.list_live(session, "ann"), [ACTIVE]),
    "leased": (queries.list_leased, [ACTIVE]),
    "held": (lambda session: queries.list_held_by(session, ["a", "b"]), [ACTIVE]),
    "waiting": (lambda session: queries.list_waiting(session, "external", None, 500), [ACTIVE]),
    "more that wait": (lambda session: queries.list_waiting(session, "external", LAST, 500), [ACTIVE]),
    "census": (lambda session: take_census(session, FakeClock()), [ACTIVE, ENDED]),
    "line": (lambda session: line_queries.list_lines(session, NOW), [ACTIVE]),
    "line of some": (lambda session: line_queries.list_waiting_of(session, ["ann"], NOW), [ACTIVE]),
    "history": (lambda session: page(session, JobFilter()), [OWNER]),
    "failed": (lambda session: page(session, JobFilter(statuses=("failed",))), [ENDED_BADLY] * 2),
    "in part": (lambda session: page(session, JobFilter(statuses=("failed", "partial"))), [ENDED_BADLY] * 2),
    "live ones": (lambda session: page(session, JobFilter(statuses=("running",))), [ACTIVE] * 2),
    "of a dataset": (lambda session: page(session, JobFilter(dataset_id=uuid4())), [DATASET]),
    "of a dataset and failed": (
        lambda session: page(session, JobFilter(dataset_id=uuid4(), statuses=("failed",))),
        [DATASET] * 2,
    ),
    "of a type": (lambda session: page(session, JobFilter(job_type="export")), [OWNER] * 2),
    "between days": (lambda session: page(session, JobFilter(since=NOW, until=NOW)), [OWNER]),
    "queues": (operator_queries.count_waiting, [WAITING]),
    "waiting in a queue": (lambda session: operator_queries.list_waiting_in(session, "bulk", AFTER, 50), [WAITING]),
    "not told": (lambda session: operator_queries.list_ill_marked(session, "bulk", PAUSE, 500), [WAITING]),
    "told in vain": (lambda session: operator_queries.list_ill_marked(session, "bulk", None, 500), [WAITING]),
    "run by workers": (lambda session: operator_queries.list_held(session, 1000), [HELD]),
    "stalled of all": (lambda session: operator_queries.list_stalled(session, AFTER, 50), [STALLED]),
    "failed of all": (lambda session: operator_queries.list_failed(session, AFTER, 50), [ENDED]),
    "ended by minute": (lambda session: operator_queries.count_ended_by_minute(session, NOW, NOW), [ENDED] * 3),
    "old": (lambda session: retention_queries.count_among_oldest(session, Old("failed", NOW), 10), [ENDED]),
    "the oldest": (lambda session: retention_queries.list_oldest(session, Old("completed", NOW), NOW, 500), [ENDED]),
    "the oldest of a type": (
        lambda session: retention_queries.list_oldest(session, Old("failed", NOW, only="export"), NOW, 500),
        [ENDED],
    ),
    "with events": (
        lambda session: retention_queries.list_oldest(session, Old("failed", NOW), NOW, 500, with_events=True),
        [ENDED],
    ),
    "text": (lambda session: page(session, JobFilter(text="a")), [OWNER] * 2),
}


async def page(session: AsyncSession, where: JobFilter) -> Any:
    after = (NOW, uuid4())
    return await history_queries.list_page(session, "ann", limit=50, after=after, where=where)


@pytest.fixture
async def asked(database: Database) -> AsyncIterator[list[tuple[str, Any]]]:
    """Every question about jobs and every change of their files, as it is sent."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "FROM background_jobs" in statement or "UPDATE job_artifacts" in statement:
            seen.append((statement, parameters))

    engines = {database._reader.sync_engine, database._writer.sync_engine}
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    yield seen
    for engine in engines:
        sa.event.remove(engine, "before_cursor_execute", note)


async def plans_of(session: AsyncSession, asked: list[tuple[str, Any]]) -> list[str]:
    """Return how the database does what was asked."""
    connection = await session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:
        # The tables of a test are empty, and reading an empty one whole is the best plan.
        await connection.exec_driver_sql("set local enable_seqscan = off")
        await connection.exec_driver_sql("set local enable_sort = off")
        # What the server has counted in the rows of other tests says nothing about the plans of many.
        await connection.exec_driver_sql(f"delete from pg_statistic where starelid in (select oid {OURS})")
        await connection.exec_driver_sql(
            f"update pg_class set reltuples = -1, relpages = 0 where oid in (select oid {OURS})"
        )
    explain = "explain query plan " if is_sqlite else "explain "
    plans = []
    for statement, parameters in list(asked):
        rows = (await connection.exec_driver_sql(explain + statement, parameters)).all()
        plans.append("\n".join(str(row[-1]) for row in rows))
    return plans


@pytest.mark.parametrize("name", LOOKS)
async def test_each_look_uses_the_index_that_is_made_for_it(
    database: Database, asked: list[tuple[str, Any]], name: str
) -> None:
    look, expected = LOOKS[name]
    async with database.write() as session:
        await look(session)
        plans = await plans_of(session, asked)
    assert len(plans) == len(expected)
    for plan, indexes in zip(plans, expected, strict=True):
        assert all(index in plan for index in indexes.split())


async def test_files_that_expire_are_found_by_their_jobs(database: Database, asked: list[tuple[str, Any]]) -> None:
    async with database.write() as session:
        await forget_objects(session, [JobArtifact(job_id=uuid4(), name="a.csv", object_key="artifacts/a")])
        (plan,) = await plans_of(session, asked)
    assert ("sqlite_autoindex_job_artifacts_1" if database.is_sqlite else "pk_job_artifacts") in plan
