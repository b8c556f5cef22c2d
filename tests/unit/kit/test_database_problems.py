"""What callers are told when a real database is full, locked, gone, or used wrongly."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from headway.errors import Unavailable
from headway.kit.db import Database
from headway.kit.problems import install_problem_handlers
from headway.storage.errors import StoreUnavailable

Work = Callable[[], Awaitable[object]]


async def answer_to(work: Work) -> httpx.Response:
    """Return what a caller of a route gets that does the work."""
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/")
    async def route() -> None:
        await work()

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get("/")


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "database.unavailable"
    assert answer.json()["retryable"] is True


def doing(database: Database, *statements: str) -> Work:
    async def work() -> None:
        async with database.write() as session:
            for statement in statements:
                await session.execute(sa.text(statement))

    return work


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


# ----------------------------------------------------------------------------------------- SQLite


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(f"sqlite:///{tmp_path / 'some.db'}") as database:
        await doing(database, "create table things (name text primary key, content blob)")()
        yield database


async def test_a_full_sqlite_file_is_no_room(sqlite: Database) -> None:
    fill = doing(sqlite, "pragma max_page_count = 5", "insert into things values ('a', zeroblob(100000))")
    answer = await answer_to(fill)
    assert (answer.status_code, answer.json()["code"]) == (507, "database.no_room")
    assert "retry-after" not in answer.headers


async def test_room_that_is_made_is_used(sqlite: Database) -> None:
    await answer_to(doing(sqlite, "pragma max_page_count = 5", "insert into things values ('a', zeroblob(100000))"))
    again = doing(sqlite, "pragma max_page_count = 500", "insert into things values ('a', zeroblob(100000))")
    assert (await answer_to(again)).status_code == 200


async def test_a_locked_sqlite_file_is_unavailable(sqlite: Database, tmp_path: Path) -> None:
    await doing(sqlite, "pragma busy_timeout = 0")()
    with contextlib.closing(sqlite3.connect(tmp_path / "some.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        assert_unavailable(await answer_to(doing(sqlite, "insert into things values ('a', null)")))
        other.execute("rollback")
    assert (await answer_to(doing(sqlite, "insert into things values ('a', null)"))).status_code == 200


async def test_a_reader_that_writes_too_late_is_unavailable(sqlite: Database) -> None:
    async def work() -> None:
        async with sqlite.snapshot() as session:
            await session.execute(sa.text("select * from things"))
            await doing(sqlite, "insert into things values ('a', null)")()
            await session.execute(sa.text("insert into things values ('b', null)"))

    assert_unavailable(await answer_to(work))


async def test_a_sqlite_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    async with opened(f"sqlite:///{tmp_path / 'missing' / 'some.db'}") as database:
        assert_unavailable(await answer_to(database.ping))
    # The driver's thread says goodbye to this loop, which must still be there then.
    for thread in set(threading.enumerate()) - before:
        if "connection_worker" in thread.name:
            await asyncio.to_thread(thread.join, 10)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into things values ('twice', null), ('twice', null)",
        "select * from nothing",
        "this is no SQL",
    ],
)
async def test_a_fault_of_ours_stays_unexpected(
    sqlite: Database, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await answer_to(doing(sqlite, statement))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    record = next(record for record in caplog.records if answer.json()["support_id"] in record.message)
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], sa.exc.DBAPIError), "the log must tell what really happened"


async def test_a_pool_without_a_free_connection_is_unavailable(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'some.db'}", pool_size=1, max_overflow=0, pool_timeout=0.01)

    async def connect() -> None:
        engine.connect()

    with engine.connect():
        assert_unavailable(await answer_to(connect))
    engine.dispose()


# ------------------------------------------------------------------------------------- PostgreSQL


async def test_a_server_that_refuses_connections_is_unavailable() -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        async with opened(f"postgresql://someone@127.0.0.1:{nobody_listens.getsockname()[1]}/some") as database:
            assert_unavailable(await answer_to(database.ping))


@pytest.fixture
async def postgres(postgres_server: str) -> AsyncIterator[Database]:
    async with opened(postgres_server) as database:
        yield database


async def test_a_connection_that_the_server_ends_is_unavailable(postgres: Database) -> None:
    assert_unavailable(await answer_to(doing(postgres, "select pg_terminate_backend(pg_backend_pid())")))


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ("53100", 507, "database.no_room"),
        ("53300", 503, "database.unavailable"),
        ("57P03", 503, "database.unavailable"),
        ("08006", 503, "database.unavailable"),
        ("23505", 500, "internal"),
        ("42P01", 500, "internal"),
        ("57014", 500, "internal"),
    ],
)
async def test_what_the_server_says_decides(postgres: Database, state: str, status: int, code: str) -> None:
    says = f"do $$ begin raise exception 'as asked' using errcode = '{state}'; end $$"
    answer = await answer_to(doing(postgres, says))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


# ------------------------------------------------------------------------------------ Retry-After


@pytest.mark.parametrize(
    ("error", "seconds"), [(Unavailable(), "5"), (StoreUnavailable(), "5"), (Unavailable(retry_after_seconds=60), "60")]
)
async def test_every_503_says_when_to_come_again(error: Unavailable, seconds: str) -> None:
    async def fail() -> None:
        raise error

    answer = await answer_to(fail)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, seconds)
