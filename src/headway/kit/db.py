"""The metadata database: SQLite in one file or PostgreSQL, one transaction per `write()` block.

SQLite's default transactions begin as readers and race when they turn into writers (a quota of 5 became 30
in our measurements), so every write here begins with BEGIN IMMEDIATE, on a pool of its own.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry

from headway.kit import sqlite_driver
from headway.kit.clock import Clock

BUSY_TIMEOUT_SECONDS = 15
"""How long a SQLite writer waits for another one; chosen so that a slow fsync never becomes an error."""

POOL_CONNECTIONS, POOL_OVERFLOW = 5, 5
"""Connections of one process that stay open, and that a rush may add; docs/how-to/deploy.md sums up all of them."""

POOL_TIMEOUT_SECONDS = 10
RESTED_SECONDS = 1.0
"""A connection that was used so lately is taken to be alive; if it is not, the request fails as in mid-statement."""

POSTGRES_CONNECTION: dict[str, Any] = {
    "connect_timeout": 5,
    # A cut network must become an error before a lease runs out, not after the kernel's quarter of an hour.
    "tcp_user_timeout": 8000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}


class Base(DeclarativeBase):
    """The one registry of tables, with names for constraints that both databases agree on."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
"""What JSON is kept as, so that None is the absence of a value and not JSON's null."""


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A timezone-aware UTC moment: `timestamptz` on PostgreSQL, fixed-width text on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a timezone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def normalize_url(url: str) -> URL:
    """Return the URL with our driver: psycopg for every spelling of PostgreSQL, sqlite without a driver."""
    parsed = make_url(url)
    if parsed.drivername in {
        "postgres",
        "postgresql",
        "postgresql+psycopg",
        "postgresql+asyncpg",
        "postgresql+psycopg2",
    }:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername.split("+")[0] == "sqlite":
        if parsed.database in {None, "", ":memory:"}:
            raise ValueError("DATABASE_URL must name a file: API and worker are two processes and share it")
        return parsed.set(drivername="sqlite")
    raise ValueError(f"DATABASE_URL must begin with sqlite:/// or postgresql://, not {parsed.drivername}://")


class Database:
    """Two doors to one database: `write()` is a transaction that commits at the end, `read()` never writes."""

    def __init__(self, url: str, *, pool_size: int = POOL_CONNECTIONS) -> None:
        self.url = normalize_url(url)
        self.is_sqlite = self.url.drivername == "sqlite"
        if self.is_sqlite:
            self._writer = _sqlite_engine(self.url, pool_size=1)
            configure_sqlite(self._writer.sync_engine, begin="BEGIN IMMEDIATE")
            # Each statement is a way to the driver's thread and back; to begin and to end would be two more.
            self._reader = _sqlite_engine(
                self.url, pool_size=pool_size, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True
            )
            configure_sqlite(self._reader.sync_engine, begin=None)
        else:
            self._writer = create_async_engine(
                self.url,
                pool_size=pool_size,
                max_overflow=POOL_OVERFLOW,
                pool_timeout=POOL_TIMEOUT_SECONDS,
                connect_args=POSTGRES_CONNECTION,
            )
            _ping_what_has_rested(self._writer.sync_engine)
            # As in a transaction at PostgreSQL's usual level, without the two round trips that begin and end one.
            self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")
        self._writing = async_sessionmaker(self._writer, expire_on_commit=False)
        self._reading = async_sessionmaker(self._reader, expire_on_commit=False)

    @property
    def sync_url(self) -> str:
        """Return the URL for synchronous users (Alembic, the engine), password included."""
        return self.url.render_as_string(hide_password=False)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open one transaction; it commits when the block ends and rolls back when the block raises."""
        async with self._writing() as session, session.begin():
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session for reading. Each statement sees what is committed; nothing undoes what one would write."""
        async with self._reading() as session:
            yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """Open a session for reading to which the database stands still."""
        async with self._reading() as session:
            if not self.is_sqlite:
                await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                yield session
                return
            await session.execute(sa.text("BEGIN"))
            try:
                yield session
            finally:
                await session.execute(sa.text("ROLLBACK"))

    def moment(self, clock: Clock, seconds: float = 0.0) -> sa.ColumnElement[datetime]:
        """Return this moment, or one some seconds away, by the clock that all processes share.

        That is the database's own on PostgreSQL, whose machines may disagree, and this machine's on SQLite.
        """
        return self._moment(sa.literal(self.moment_value(clock, seconds), self._moment_type))

    def moment_in(self, parameter: str) -> sa.ColumnElement[datetime]:
        """Return `moment` for a statement that is made once: its parameter takes what `moment_value` returns."""
        return self._moment(sa.bindparam(parameter, type_=self._moment_type))

    def moment_value(self, clock: Clock, seconds: float) -> datetime | timedelta:
        away = timedelta(seconds=seconds)
        return clock.now() + away if self.is_sqlite else away

    @property
    def _moment_type(self) -> Any:
        return UtcDateTime if self.is_sqlite else sa.Interval

    def _moment(self, value: sa.ColumnElement[Any]) -> sa.ColumnElement[datetime]:
        if self.is_sqlite:
            return value
        return sa.type_coerce(sa.func.clock_timestamp(type_=UtcDateTime) + value, UtcDateTime)

    async def write_once(self, statement: sa.Executable, values: dict[str, Any]) -> Sequence[sa.Row[Any]]:
        """Run one statement that is a transaction by itself; on PostgreSQL in one round trip instead of three."""
        engine = self._writer if self.is_sqlite else self._reader
        async with engine.begin() as connection:
            return (await connection.execute(statement, values)).all()

    async def ping(self) -> None:
        """Raise if the database does not answer."""
        async with self._reader.connect() as connection:
            await connection.execute(sa.text("select 1"))

    async def close(self) -> None:
        await self._writer.dispose()
        if self.is_sqlite:
            await self._reader.dispose()


def _ping_what_has_rested(engine: sa.Engine) -> None:
    """Ask connections that were not used for a while whether they still live, and open others in place of the dead.

    `pool_pre_ping` would ask each time, one round trip more for every look at the database.
    """

    @sa.event.listens_for(engine, "connect")
    @sa.event.listens_for(engine, "checkin")
    def on_use(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @sa.event.listens_for(engine, "checkout")
    def on_checkout(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("rests_since", 0.0) < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error  # the pool opens another one, and others for those that are as old


def _sqlite_engine(url: URL, *, pool_size: int, **options: Any) -> AsyncEngine:
    return create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        pool_size=pool_size,
        max_overflow=0,
        connect_args={
            "timeout": BUSY_TIMEOUT_SECONDS,
            "check_same_thread": False,
            "async_creator_fn": sqlite_driver.connect,
        },
        **options,
    )


def configure_sqlite(engine: sa.Engine, begin: str | None) -> None:
    """Make every connection of the engine durable; transactions start with `begin`, or there are none."""

    @sa.event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        # pysqlite would otherwise begin transactions by its own rules, and never for reads.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # NORMAL loses acknowledged commits at a power cut (517 of 31,404 measured); FULL lost none.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}")
        cursor.close()

    if begin is not None:

        @sa.event.listens_for(engine, "begin")
        def on_begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql(begin)
