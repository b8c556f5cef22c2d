"""The schema's history, applied under a lock: WAL first, then our tables by Alembic, then the engine's own.

A migration only adds (expand); what no code uses any more is removed one version later (contract). So the code of one
version also works on the schema of the next, and both run side by side while they are exchanged.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import logging
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import LockNotAvailable

from headway.engine.dbos import migrate_engine_tables
from headway.kit.db import configure_sqlite, normalize_url

log = logging.getLogger(__name__)

VERSION_TABLE = "headway_alembic_version"
"""Our own, so that a host application with Alembic of its own can share the database."""

ADVISORY_LOCK = 0x68656164776179
"""The letters of "headway"; two processes that start together migrate one after the other."""

LOCK_SECONDS = 2
"""How long a migration may wait for a table: everybody else's reads and writes wait behind it, heartbeats included."""

LOCK_TRIES = 60


class Standing(enum.Enum):
    """How a database's schema stands to this code."""

    BEHIND = "behind"
    CURRENT = "current"
    AHEAD = "ahead"
    """A later version has migrated. This one works on: what was added since is nothing that it must know."""


def alembic_config(connection: sa.Connection | None = None) -> Config:
    """Return the Alembic configuration; it runs on `connection` where one is given."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def sync_engine(url: str) -> sa.Engine:
    """Return a synchronous engine for schema work, without a pool."""
    parsed = normalize_url(url)
    engine = sa.create_engine(parsed, poolclass=sa.NullPool)
    if parsed.drivername == "sqlite":
        configure_sqlite(engine, "BEGIN IMMEDIATE")
    return engine


def present_revision(connection: sa.Connection) -> str | None:
    """Return the revision that a database has; None for one without our tables."""
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def newest_revision() -> str:
    """Return the revision that this version needs."""
    head = _scripts().get_current_head()
    if head is None:
        raise LookupError("no migrations are installed")
    return head


def standing_of(connection: sa.Connection) -> Standing:
    """Compare the revision that a database has with those that this version knows."""
    present = present_revision(connection)
    if present == newest_revision():
        return Standing.CURRENT
    known = {script.revision for script in _scripts().walk_revisions()}
    return Standing.BEHIND if present is None or present in known else Standing.AHEAD


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def migrate(url: str) -> Standing:
    """Bring the database at `url` to the newest schema, ours and the engine's. Safe to call from many processes.

    Return how the schema stands now: one that a later version made is left as it is.
    """
    parsed = normalize_url(url)
    if parsed.drivername == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sync_engine(url)
    try:
        with _locked(engine):
            with engine.connect() as connection:
                if standing_of(connection) is Standing.AHEAD:
                    return Standing.AHEAD
            _upgrade(engine)
            migrate_engine_tables(parsed.render_as_string(hide_password=False))
            return Standing.CURRENT
    finally:
        engine.dispose()


def _upgrade(engine: sa.Engine) -> None:
    """Apply our revisions in one transaction; one that does not get its tables soon gives way and tries again."""
    for left in reversed(range(LOCK_TRIES)):
        try:
            with engine.begin() as connection:
                command.upgrade(alembic_config(connection), "head")
        except sa.exc.OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable) or not left:
                raise
            log.warning("a table is in use; the migration gave way and tries again (%d times more)", left)
        else:
            return


@contextlib.contextmanager
def _locked(engine: sa.Engine) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        with Path(f"{engine.url.database}.migrate.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("select pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        try:
            yield
        finally:
            connection.execute(sa.text("select pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
