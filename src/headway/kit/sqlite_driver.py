"""The driver of SQLite, with one way to its thread and back for each statement.

aiosqlite makes a way of each call of the `sqlite3` module, four for a small question: cursor, execute, fetch, close. Each
one wakes a thread, which then waits for the interpreter: more work than most questions. Here a statement brings its first
rows along, and needs no other call if those are all.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Self, cast

import aiosqlite

FIRST_ROWS = 500
"""So many come with the statement itself; whoever reads a long table in pieces holds no more than them."""


async def connect(path: str, **options: Any) -> Connection:
    """Open a file; `options` are those of `sqlite3.connect`."""
    connection = Connection(lambda: sqlite3.connect(path, **options), FIRST_ROWS)
    # A process that ends does not wait for connections that nobody closed.
    connection._thread.daemon = True  # noqa: SLF001 - there is no other way to it; SQLAlchemy goes it too
    return cast("Connection", await connection)


class Connection(aiosqlite.Connection):
    """A connection whose cursors are those below; everything else is as it is."""

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in the thread of the connection."""
        return await self._execute(function, *arguments)  # type: ignore[no-untyped-call]  # the one method that aiosqlite left untyped

    def begin(self, how: str, sql: str, parameters: Iterable[Any]) -> sqlite3.Cursor:
        """Run a statement, in the thread of the connection."""
        cursor: sqlite3.Cursor = getattr(self._conn, how)(sql, parameters)
        return cursor

    def cursor(self) -> Cursor:  # type: ignore[override]  # aiosqlite's is waited for; this one asks nothing of the thread
        return Cursor(self)


class Cursor:
    """What SQLAlchemy uses of a cursor."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor: sqlite3.Cursor | None = None
        self._rows: deque[Any] = deque()
        self._has_more = False
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> None:
        await self._connection.run(self._begin, "execute", sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> None:
        await self._connection.run(self._begin, "executemany", sql, parameters)

    def _begin(self, how: str, sql: str, parameters: Iterable[Any]) -> None:
        self._cursor = self._connection.begin(how, sql, parameters)
        if self._cursor.description is not None:
            self._rows.extend(self._cursor.fetchmany(FIRST_ROWS))
            self._has_more = len(self._rows) == FIRST_ROWS

    async def fetchone(self) -> Any:
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        size = size or self.arraysize
        missing = size - len(self._rows)
        if missing > 0 and self._has_more and self._cursor is not None:
            more = await self._connection.run(self._cursor.fetchmany, missing)
            self._has_more = len(more) == missing
            self._rows.extend(more)
        return [self._rows.popleft() for _ in range(min(size, len(self._rows)))]

    async def fetchall(self) -> list[Any]:
        rows = list(self._rows)
        self._rows.clear()
        if self._has_more and self._cursor is not None:
            rows += await self._connection.run(self._cursor.fetchall)
            self._has_more = False
        return rows

    async def __aiter__(self) -> AsyncIterator[Any]:
        while rows := await self.fetchmany(FIRST_ROWS):
            for row in rows:
                yield row

    async def close(self) -> None:
        """Let the statement go. One that was read to its end has done so by itself."""
        if self._has_more and self._cursor is not None:
            await self._connection.run(self._cursor.close)
        self._has_more = False

    @property
    def description(self) -> Any:
        return self._cursor.description if self._cursor is not None else None

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount if self._cursor is not None else -1

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid if self._cursor is not None else None
