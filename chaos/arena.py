"""What most experiments need: the product, two users who upload and watch, the watchers, and the checker at the end."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import httpx
import sqlalchemy as sa

from chaos.backends import Backend, running_backend
from chaos.checker import Checker
from chaos.experiment import Options, Outcome
from chaos.ledger import Ledger
from chaos.leftovers import check_leftovers
from chaos.product import Product, running_product
from chaos.uploaders import Uploader
from chaos.watchers import DatabaseWatcher, StreamWatcher, open_database
from headway.supervisor import SETTLED_SECONDS
from tests.support.product import age_seconds, until, wait_for

USERS = ("ada@example.org", "grace@example.org")
UPLOADERS_PER_USER = 4
MOST_WAITING = 24
"""Jobs under way at which uploaders pause: what is tested is the end of each, and that all end in time."""

ACKNOWLEDGE_SECONDS = 60
DRAIN_SECONDS = 60
POLL_SECONDS = 0.25


@dataclass
class _Presence:
    """Whether the API answers and has its database, asked a few times a second."""

    product: Product
    answered_at: float = 0.0

    def is_there(self) -> bool:
        return time.monotonic() - self.answered_at < 2 * POLL_SECONDS

    def ask(self, stop: threading.Event) -> None:
        with httpx.Client(base_url=self.product.url, timeout=1, trust_env=False) as client:
            while not stop.wait(POLL_SECONDS):
                with contextlib.suppress(httpx.HTTPError, ValueError):
                    if client.get("/readyz").json().get("database") == "ok":
                        self.answered_at = time.monotonic()


@dataclass
class Arena:
    """A running product under observation."""

    options: Options
    product: Product
    backend: Backend
    database_url: str
    ledger: Ledger
    clients: dict[str, httpx.Client]
    """By the id of their user."""
    watcher: DatabaseWatcher
    streams: list[StreamWatcher]
    presence_stop: threading.Event
    engine: sa.Engine
    """For plain statements on the product's database."""
    most_waiting: int = MOST_WAITING

    @contextlib.contextmanager
    def uploading(self) -> Iterator[None]:
        """Have the users upload while the block runs; then let every file be acknowledged."""
        uploaders = [
            Uploader(
                self.product.client(email), email, self.options.random(f"{email} {number}"), self.ledger, self._has_room
            )
            for email in USERS
            for number in range(UPLOADERS_PER_USER)
        ]
        for uploader in uploaders:
            uploader.start()
        try:
            yield
        finally:
            end = time.monotonic() + ACKNOWLEDGE_SECONDS
            for uploader in uploaders:
                uploader.stop(max(0.0, end - time.monotonic()))

    def judge(self, outcome: Outcome, meant_to_fail: frozenset[str] = frozenset()) -> None:
        """Wait until every job has ended, stop watching, and check every promise."""
        self.drain(outcome)
        self.stop_watching()
        watches = [self.watcher.watch, *(stream.watch for stream in self.streams)]
        outcome.figures["looks of the watchers"] = sum(watch.looks for watch in watches)
        Checker(self.database_url, self.clients, self.ledger, outcome, meant_to_fail).check()
        check_leftovers(self.product, self.database_url, outcome)
        left = self.product.stop()
        outcome.expect(not left, f"processes that SIGTERM did not end: {left}")

    def id_parameter(self, job_id: str) -> str | UUID:
        """Return the id of a job as the database has it."""
        return job_id if self.engine.dialect.name == "sqlite" else UUID(job_id)

    def wait_until_settled(self, pid: int) -> None:
        """Wait until a process has lived so long that its supervisor does not hold its death against it."""
        until(lambda: age_seconds(pid) > SETTLED_SECONDS)

    def wait_for_room(self, most_waiting: int) -> None:
        """Wait until fewer jobs than that are under way, so that all of them can end in time."""
        wait_for(lambda: len(self.watcher.active) < most_waiting, DRAIN_SECONDS)

    def stop_watching(self) -> None:
        self.presence_stop.set()
        self.watcher.stop()
        for stream in self.streams:
            stream.stop()

    def _has_room(self) -> bool:
        return len(self.watcher.active) < self.most_waiting

    def drain(self, outcome: Outcome) -> None:
        """Wait until every job has ended and the product is ready."""
        began, looks = time.monotonic(), self.watcher.watch.looks
        # An empty list from before the last upload proves nothing.
        wait_for(lambda: not self.watcher.active and self.watcher.watch.looks >= looks + 5, DRAIN_SECONDS)
        outcome.figures["drained after s"] = round(time.monotonic() - began, 1)
        waiting = len(self.watcher.active)
        outcome.expect(not waiting, f"{waiting} jobs had not ended after {DRAIN_SECONDS} s of quiet")
        outcome.expect(bool(wait_for(self.product.is_ready, DRAIN_SECONDS)), "the product did not become ready again")


@contextlib.contextmanager
def running_arena(options: Options, *, workers: int = 0, settings: dict[str, str] | None = None) -> Iterator[Arena]:
    """Start backend, product (`workers` beside its own one), users and watchers; end all of them with the block."""
    ledger = Ledger(options.folder / "ledger.jsonl")
    data = options.folder / "data"
    with (
        running_backend(options) as backend,
        running_product(data, backend.environment | (settings or {}), workers) as product,
    ):
        product.add_users(list(USERS))
        clients = [product.client(email) for email in USERS]
        url = backend.environment.get("DATABASE_URL", f"sqlite:///{data / 'headway.db'}")
        presence, stop = _Presence(product), threading.Event()
        threading.Thread(target=presence.ask, args=(stop,), daemon=True).start()
        watcher = DatabaseWatcher(url, ledger, presence.is_there)
        streams = [StreamWatcher(product.client(email), email, ledger) for email in USERS]
        owners = {str(client.get("/me").raise_for_status().json()["id"]): client for client in clients}
        watcher.start()
        for stream in streams:
            stream.start()
        arena = Arena(options, product, backend, url, ledger, owners, watcher, streams, stop, open_database(url))
        try:
            yield arena
        finally:
            arena.stop_watching()
            arena.engine.dispose()
            ledger.close()
