"""Statements on SQLite: one way to the driver's thread each, and every row of every size of answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from headway.kit import sqlite_driver
from headway.kit.db import Database
from headway.kit.sqlite_driver import FIRST_ROWS, Connection

COUNT_TO = "with recursive n(i) as (select 1 union all select i + 1 from n limit {most}) select i from n"


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'some.db'}")
    async with database.write() as session:
        await session.execute(sa.text("create table things (id integer primary key, name text unique)"))
    yield database
    await database.close()


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was called in the thread of a connection."""
    called: list[str] = []
    run = Connection.run

    async def note(self: Connection, function: Any, *arguments: Any) -> Any:
        called.append(function.__name__)
        return await run(self, function, *arguments)

    monkeypatch.setattr(sqlite_driver.Connection, "run", note)
    return called


async def test_a_question_is_one_way(sqlite: Database, ways: list[str]) -> None:
    async with sqlite.read() as session:
        assert (await session.execute(sa.text("select 1"))).all() == [(1,)]
        ways.clear()
        assert (await session.execute(sa.text("select 1"))).all() == [(1,)]
    assert ways == ["_begin"]


@pytest.mark.parametrize("most", [0, 1, FIRST_ROWS - 1, FIRST_ROWS, FIRST_ROWS + 1, 3 * FIRST_ROWS, 2_345])
async def test_every_row_comes_at_once(sqlite: Database, most: int) -> None:
    async with sqlite.read() as session:
        found = (await session.execute(sa.text(COUNT_TO.format(most=most)))).scalars().all()
    assert found == list(range(1, most + 1))


@pytest.mark.parametrize("size", [1, 7, FIRST_ROWS, 4 * FIRST_ROWS])
@pytest.mark.parametrize("most", [0, FIRST_ROWS, 2_345])
async def test_every_row_comes_in_pieces(sqlite: Database, most: int, size: int) -> None:
    statement = sa.text(COUNT_TO.format(most=most)).execution_options(yield_per=size)
    async with sqlite.read() as session:
        found = [row[0] async for row in await session.stream(statement)]
    assert found == list(range(1, most + 1))


async def test_whoever_reads_in_pieces_holds_no_more_of_them(sqlite: Database, ways: list[str]) -> None:
    statement = sa.text(COUNT_TO.format(most=10_000)).execution_options(yield_per=100)
    async with sqlite.read() as session:
        rows = await session.stream(statement)
        ways.clear()
        for _row in range(FIRST_ROWS - 100):
            await anext(rows)
        assert ways == []
        for _row in range(500):
            await anext(rows)
        assert 4 <= len(ways) <= 6
        await rows.close()


async def test_a_statement_that_nobody_reads_to_its_end_is_let_go(tmp_path: Path) -> None:
    connection = await sqlite_driver.connect(str(tmp_path / "some.db"), isolation_level=None, check_same_thread=False)
    cursor = connection.cursor()
    await cursor.execute("create table numbers as " + COUNT_TO.format(most=2 * FIRST_ROWS))
    await cursor.execute("select * from numbers")
    await cursor.close()
    # Refused while a statement of the connection still reads from it.
    await connection.cursor().execute("drop table numbers")
    await connection.close()


async def test_what_was_changed_is_told(sqlite: Database) -> None:
    async with sqlite.write() as session:
        many = [{"name": name} for name in ("a", "b", "c")]
        await session.execute(sa.text("insert into things (name) values (:name)"), many)
        found: Any = await session.execute(sa.text("update things set name = name || '!' where id < 3"))
        assert found.rowcount == 2
        one: Any = await session.execute(sa.text("insert into things (name) values ('d')"))
        assert one.lastrowid == 4
        returned = await session.execute(sa.text("delete from things where id > 1 returning name"))
        assert returned.scalars().all() == ["b!", "c", "d"]


async def test_what_is_refused_raises_and_the_connection_goes_on(sqlite: Database) -> None:
    async with sqlite.write() as session:
        await session.execute(sa.text("insert into things (name) values ('a')"))
    with pytest.raises(IntegrityError):
        async with sqlite.write() as session:
            await session.execute(sa.text("insert into things (name) values ('a')"))
    async with sqlite.write() as session:
        await session.execute(sa.text("insert into things (name) values ('b')"))
    async with sqlite.read() as session:
        assert (await session.execute(sa.text("select name from things"))).scalars().all() == ["a", "b"]
