"""Alembic's entry: runs on the connection that `migrations.migrate` or a developer's command hands over."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context

from headway.engine.dbos import ENGINE_TABLES
from headway.migrations import LOCK_SECONDS, VERSION_TABLE, sync_engine
from headway.migrations.schema import METADATA
from headway.settings import Settings


def include_object(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """Leave the engine's tables alone: they share the SQLite file, and their names are reserved."""
    return not (kind == "table" and name in ENGINE_TABLES)


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        version_table=VERSION_TABLE,
        include_object=include_object,
        compare_server_default=False,
    )
    if connection.dialect.name == "postgresql":
        # A migration that cannot get its lock soon must fail and not queue in front of everybody's reads.
        connection.execute(sa.text(f"set local lock_timeout = '{LOCK_SECONDS}s'"))
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with sync_engine(Settings().effective_database_url).begin() as own:
        run(own)
