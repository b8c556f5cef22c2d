"""How a change of a job reaches the processes that show it. A signal wakes; the table tells.

PostgreSQL: NOTIFY, at once and then for 25 ms together, from a connection of its own, because a NOTIFY inside each
progress transaction costs 80 % of the throughput (measured: 388 instead of 2,430 writes a second).
SQLite: other processes are noticed by `PRAGMA data_version`, this process by a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

import psycopg

from headway.kit.db import POSTGRES_CONNECTION, Database

log = logging.getLogger(__name__)

CHANNEL = "headway_jobs"
INTERVAL_SECONDS = 0.025
"""Between two looks of what is shown to people, and between two signals of one process."""

LAST_SECONDS = 2.0
"""How long a process that stops tries to tell its last changes; PostgreSQL may be away."""

MAX_PAYLOAD_BYTES = 7_500
"""PostgreSQL refuses 8,000 and more; a longer list of owners is sent in parts."""

Listener = Callable[[Collection[str] | None], None]
"""Called in the event loop with the owners whose jobs changed, or None when that is not known."""


class ChangeSignal(Protocol):
    """Tells every process that jobs of an owner changed."""

    def changed(self, owner: str) -> None: ...

    def listen(self, listener: Listener) -> None: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...


def open_signal(database: Database, *, listening: bool, look_seconds: float = INTERVAL_SECONDS) -> ChangeSignal:
    """Return the signal that fits the database; a process that shows nothing to anybody need not listen.

    `look_seconds` is how soon it notices others on SQLite, which costs a look each time.
    """
    if database.is_sqlite:
        return SqliteSignal(str(database.url.database), listening=listening, look_seconds=look_seconds)
    return PostgresSignal(database.url.set(drivername="postgresql").render_as_string(hide_password=False), listening)


class SqliteSignal:
    """Watches the file's change counter from a thread of its own, on a connection that never writes."""

    def __init__(self, path: str, *, listening: bool, look_seconds: float = INTERVAL_SECONDS) -> None:
        self._path = path
        self._listening = listening
        self._look_seconds = look_seconds
        self._listeners: list[Listener] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def changed(self, owner: str) -> None:
        for listener in self._listeners:
            listener({owner})

    def _wake(self) -> None:
        for listener in self._listeners:
            listener(None)

    async def start(self) -> None:
        if self._listening:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._watch, args=(loop,), name="job-changes", daemon=True)
            self._thread.start()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        seen, failing = None, False
        while not self._stop.wait(self._look_seconds):
            try:
                version = connection.execute("PRAGMA data_version").fetchone()[0]
            except sqlite3.Error:
                # Once, and not forty times a second for as long as it lasts.
                if not failing:
                    log.exception("the change counter of the database could not be read; trying again")
                failing = True
                continue
            failing = False
            if version != seen:  # the first time, too: what changed before is unknown
                with contextlib.suppress(RuntimeError):  # the loop closed while we were reading
                    loop.call_soon_threadsafe(self._wake)
            seen = version
        connection.close()

    async def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)


class PostgresSignal:
    """Sends and receives NOTIFY on two connections of its own; either comes back by itself after an outage."""

    def __init__(self, dsn: str, listening: bool) -> None:
        self._dsn = dsn
        self._listening = listening
        self._listeners: list[Listener] = []
        self._owners: set[str] = set()
        self._pending = asyncio.Event()
        self._all_sent = asyncio.Event()
        self._all_sent.set()
        self._tasks: list[asyncio.Task[None]] = []

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def changed(self, owner: str) -> None:
        self._owners.add(owner)
        self._pending.set()
        self._all_sent.clear()

    async def start(self) -> None:
        self._tasks.append(asyncio.create_task(self._forever(self._send)))
        if self._listening:
            self._tasks.append(asyncio.create_task(self._forever(self._receive)))

    async def _forever(self, work: Callable[[psycopg.AsyncConnection], Awaitable[None]]) -> None:
        while True:
            try:
                # With keepalives: on a connection that is dead and does not know it, silence would be all there is.
                opening = psycopg.AsyncConnection.connect(self._dsn, autocommit=True, **POSTGRES_CONNECTION)
                async with await opening as connection:
                    await work(connection)
            except Exception as error:
                # Whatever it is: nobody else would begin again, and other processes' changes would not be seen.
                unforeseen, name = not isinstance(error, psycopg.Error), type(error).__name__
                log.warning("the connection for job changes was lost, opening another: %s", name, exc_info=unforeseen)
                await asyncio.sleep(1)

    async def _send(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            await self._pending.wait()
            self._pending.clear()
            owners, self._owners = self._owners, set()
            try:
                await connection.execute(
                    "select pg_notify(%s, part) from unnest(%s::text[]) part", (CHANNEL, parts(owners))
                )
            except psycopg.Error:
                self._owners |= owners
                self._pending.set()
                raise
            if not self._owners:
                self._all_sent.set()
            await asyncio.sleep(INTERVAL_SECONDS)

    async def _receive(self, connection: psycopg.AsyncConnection) -> None:
        await connection.execute(f"LISTEN {CHANNEL}")
        # Whatever changed while nobody listened is unknown: everybody looks once.
        self._tell(None)
        async for notification in connection.notifies():
            self._tell(set(json.loads(notification.payload)) if notification.payload else None)

    def _tell(self, owners: Collection[str] | None) -> None:
        for listener in self._listeners:
            listener(owners)

    async def close(self) -> None:
        # The last changes of a process that stops are those that nobody else will tell.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS if self._tasks else 0):
                await self._all_sent.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def parts(owners: Collection[str]) -> list[str]:
    """Return JSON arrays of the owners, none larger than a notification may be; an empty text is "everybody"."""
    lists: list[list[str]] = []
    room = 0
    for owner in sorted(owners):
        length = len(json.dumps([owner]))
        if length > MAX_PAYLOAD_BYTES:
            return [""]  # a host's owners may be of any length
        if length > room:
            lists.append([])
            room = MAX_PAYLOAD_BYTES
        lists[-1].append(owner)
        room -= length
    return [json.dumps(names) for names in lists]
