"""The job table for code that is not async: calls run on one event loop, in a thread of its own for each process.

Whoever forks must have nothing open: in the child, SQLite would believe the parent's locks to be its own for ever, and
a connection to PostgreSQL would be one for two. So the ledger closes before a fork and opens again when it is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from headway.jobs.signal import ChangeSignal, open_signal
from headway.jobs.tracked import TrackedJobs
from headway.kit.clock import SystemClock
from headway.kit.db import Database

Answer = TypeVar("Answer")

CALL_SECONDS = 10.0
"""Longer than that nobody's task waits for the job table."""


class Ledger:
    """Opens the database when it is first needed, in each process."""

    _opened: _Opened | None
    _calls: int
    _is_forking: bool

    def __init__(self, database_url: str, engine: str) -> None:
        self._url = database_url
        self._engine = engine
        self._begin_anew()
        _ledgers.add(self)

    def call(self, work: Callable[[TrackedJobs], Coroutine[Any, Any, Answer]]) -> Answer:
        """Run it, wait, and return its answer or raise what it raises; `TimeoutError` if the table is away too long."""
        with self.unforked():
            with self._changes:
                if self._opened is None:
                    self._opened = _Opened(self._url, self._engine)
                opened = self._opened
            return opened.run(work(opened.jobs))

    @contextlib.contextmanager
    def unforked(self) -> Iterator[None]:
        """Let nobody fork while the block runs: a child would find locks that nobody there will ever release."""
        depth = getattr(self._of_thread, "depth", 0)
        with self._changes:
            # Whoever is inside already is what the fork waits for.
            self._changes.wait_for(lambda: depth > 0 or not self._is_forking)
            self._calls += 1
        self._of_thread.depth = depth + 1
        try:
            yield
        finally:
            self._of_thread.depth = depth
            with self._changes:
                self._calls -= 1
                self._changes.notify_all()

    def close(self) -> None:
        """Wait for the calls that run, and close; the next call opens it again."""
        with self._changes:
            self._changes.wait_for(lambda: self._calls == 0, 2 * CALL_SECONDS)
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def before_fork(self) -> None:
        with self._changes:
            self._is_forking = True
        self.close()

    def after_fork_in_parent(self) -> None:
        with self._changes:
            self._is_forking = False
            self._changes.notify_all()

    def after_fork_in_child(self) -> None:
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._changes = threading.Condition()
        self._of_thread = threading.local()
        self._calls = 0
        self._is_forking = False
        self._opened = None


class _Opened:
    def __init__(self, url: str, engine: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="headway ledger", daemon=True)
        self._thread.start()
        database = Database(url, pool_size=2)
        signal = open_signal(database, listening=False)
        self.run(signal.start())
        self.jobs = TrackedJobs(database, SystemClock(), signal, engine)
        self._parts: tuple[ChangeSignal, Database] = (signal, database)

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(CALL_SECONDS)
        except TimeoutError:
            future.cancel()
            raise

    def close(self) -> None:
        for part in self._parts:
            self.run(part.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_SECONDS)
        self._loop.close()


_ledgers: weakref.WeakSet[Ledger] = weakref.WeakSet()


def _with_all(do: Callable[[Ledger], None]) -> Callable[[], None]:
    def with_all() -> None:
        for ledger in tuple(_ledgers):
            do(ledger)

    return with_all


os.register_at_fork(
    before=_with_all(Ledger.before_fork),
    after_in_parent=_with_all(Ledger.after_fork_in_parent),
    after_in_child=_with_all(Ledger.after_fork_in_child),
)
