"""The schema: one history, equal to the models, and the contract's table exactly as promised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from headway.engine.dbos import ENGINE_TABLES
from headway.jobs.counters import CounterCare
from headway.kit.db import Base, Database
from headway.migrations import VERSION_TABLE, alembic_config, migrate, sync_engine
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.filled import Headway

CONTRACT_COLUMNS = [
    "id", "user_id", "job_type", "status", "progress", "message", "error", "related_dataset_id", "metadata",
    "created_at", "started_at", "completed_at", "updated_at",
]  # fmt: skip


def _relevant(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    # SQLite does not tell a descending index apart; its SQL is looked at below.
    return not (kind == "table" and name in ENGINE_TABLES) and name != "ix_background_jobs_owner"


def test_models_and_migrations_do_not_differ(database_url: str) -> None:
    with sync_engine(database_url).connect() as connection:
        options = {"include_object": _relevant, "version_table": VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


def test_migrating_twice_is_migrating_once(database_url: str) -> None:
    migrate(database_url)


def test_every_step_can_be_taken_alone(database_url: str) -> None:
    """Down to nothing and up again, one revision at a time."""
    engine = sync_engine(database_url)
    revisions = [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
        assert "background_jobs" not in sa.inspect(connection).get_table_names()
    for revision in reversed(revisions):
        with engine.begin() as connection:
            command.upgrade(alembic_config(connection), revision)
    engine.dispose()


async def test_no_row_is_lost_on_the_way_down_and_up_again(
    database: Database, database_url: str, store: ObjectStore, clock: FakeClock, tmp_path: Path
) -> None:
    """Whoever rebuilds a table on SQLite drops the old one, and with it whatever its rows own in other tables."""
    headway = Headway(database, store, clock, tmp_path)
    await headway.fill(await headway.add_user("ada@example.org"))
    engine = sync_engine(database_url)
    before = rows_of(engine)
    assert min(before[name] for name in ("job_events", "job_checkpoints", "dataset_versions", "sessions")) > 0
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0006")
    below = rows_of(engine)
    assert below == {name: before[name] for name in below}
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
    after = rows_of(engine)
    assert {name: after[name] for name in below} == below
    engine.dispose()
    assert await CounterCare(database).count_wrong() == 0


def rows_of(engine: sa.Engine) -> dict[str, int]:
    with engine.connect() as connection:
        names = Base.metadata.tables.keys() & set(sa.inspect(connection).get_table_names())
        return {name: connection.execute(sa.text(f"select count(*) from {name}")).scalar_one() for name in names}


def test_the_first_revision_is_the_contract(database_url: str) -> None:
    engine = sync_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0001")
        inspector = sa.inspect(connection)
        assert [column["name"] for column in inspector.get_columns("background_jobs")] == CONTRACT_COLUMNS
        assert inspector.get_foreign_keys("background_jobs") == []
        checks = {check["name"] for check in inspector.get_check_constraints("background_jobs")}
        assert checks == {f"ck_background_jobs_{name}" for name in ("status", "progress", "times")}
        indexes = {index["name"] for index in inspector.get_indexes("background_jobs")}
        assert indexes == {f"ix_background_jobs_{name}" for name in ("owner", "active", "recent", "dataset")}
        command.upgrade(alembic_config(connection), "head")
    engine.dispose()


def test_history_is_indexed_newest_first_and_no_index_moves_with_progress(database_url: str, backend: str) -> None:
    with sync_engine(database_url).connect() as connection:
        if backend == "sqlite":
            query = "select sql from sqlite_master where type = 'index' and tbl_name = 'background_jobs'"
        else:
            query = "select indexdef from pg_indexes where tablename = 'background_jobs'"
        definitions = [row[0].lower() for row in connection.execute(sa.text(query)) if row[0]]
    owner = next(text for text in definitions if "ix_background_jobs_owner" in text)
    assert "created_at desc, id desc" in owner
    for column in ("updated_at", "progress", "lease_expires_at", "version"):
        assert not any(column in text for text in definitions), column


def test_jobs_are_counted_by_triggers_that_no_later_migration_dropped(database_url: str, backend: str) -> None:
    """Rebuilding the table on SQLite drops them, and nothing else would say so before the next sweep."""
    with sync_engine(database_url).connect() as connection:
        if backend == "sqlite":
            query = "select name from sqlite_master where type = 'trigger' and tbl_name = 'background_jobs'"
        else:
            query = "select tgname from pg_trigger where tgrelid = 'background_jobs'::regclass and not tgisinternal"
        names = {row[0] for row in connection.execute(sa.text(query))}
    assert names >= {"job_counts_insert", "job_counts_delete", "job_counts_update"}


@pytest.mark.parametrize("name", sorted(ENGINE_TABLES))
def test_no_table_of_ours_takes_a_name_of_the_engines(name: str) -> None:
    assert name not in Base.metadata.tables
