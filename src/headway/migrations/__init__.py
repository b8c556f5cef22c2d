"""The schema's history, applied under a lock: WAL first, then our tables by Alembic, then the engine's own."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from headway.engine.dbos import migrate_engine_tables
from headway.kit.db import configure_sqlite, normalize_url

VERSION_TABLE = "headway_alembic_version"
"""Our own, so that a host application with Alembic of its own can share the database."""

ADVISORY_LOCK = 0x68656164776179
"""The letters of "headway"; two processes that start together migrate one after the other."""


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


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema, ours and the engine's. Safe to call from many processes."""
    parsed = normalize_url(url)
    if parsed.drivername == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sync_engine(url)
    try:
        with _locked(engine):
            with engine.begin() as connection:
                command.upgrade(alembic_config(connection), "head")
            migrate_engine_tables(parsed.render_as_string(hide_password=False))
    finally:
        engine.dispose()


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
