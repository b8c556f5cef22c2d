"""Watchers that never ask the product's own code: one reads the table of jobs, one reads the live stream.

Both hold every job to the same promises: within an attempt progress does not go back, attempts and versions only
rise, an end is an end. The reader of the table also counts for how long a job is "running" while nobody says so.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa

from chaos.ledger import Ledger

LOOK_SECONDS = 0.05
RETURN_SECONDS = 0.2
"""So soon a reader comes back whose stream has broken."""

STOP_SECONDS = 5
SILENCE_SECONDS = 15.0
"""Longer than this, no job may be shown as running without a sign of life."""

ENDED = frozenset({"completed", "failed", "cancelled"})
COLUMNS = "id, user_id, status, stage, progress, attempt, version, stalled_at, engine"


def open_database(url: str) -> sa.Engine:
    """Return an engine for plain statements on the product's database."""
    drivers = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
    scheme, rest = url.split("://", 1)
    options: dict[str, Any] = {} if scheme == "sqlite" else {"pool_pre_ping": True}
    return sa.create_engine(f"{drivers.get(scheme, scheme)}://{rest}", **options)


@dataclass
class _Known:
    attempt: int
    progress: int
    version: int
    status: str
    since: float
    """When this version was first seen, less the time in which nobody was there to say anything."""


@dataclass
class Watch:
    """What is known of each job, and every broken promise. One for each watcher."""

    name: str
    ledger: Ledger
    known: dict[str, _Known] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    looks: int = 0

    def see(self, job: dict[str, Any], now: float) -> None:
        """Compare one observation with the last one."""
        job_id, before = job["id"], self.known.get(job["id"])
        attempt, progress = int(job["attempt"]), int(job["progress"])
        version, status = int(job["version"]), str(job["status"])
        if before is not None:
            if version < before.version:
                self.tell(f"job {job_id} went from version {before.version} back to {version}")
            if attempt < before.attempt:
                self.tell(f"job {job_id} went from attempt {before.attempt} back to {attempt}")
            if attempt == before.attempt and progress < before.progress:
                self.tell(f"job {job_id} went from {before.progress} back to {progress} % in attempt {attempt}")
            if before.status in ENDED and status != before.status:
                self.tell(f"job {job_id} was {before.status} and then {status}")
        since = before.since if before is not None and before.version == version else now
        self.known[job_id] = _Known(attempt, progress, version, status, since)

    def tell(self, sentence: str) -> None:
        """Note a broken promise, once."""
        if sentence not in self.told:
            self.told.add(sentence)
            self.ledger.record("violation", watcher=self.name, sentence=sentence)


class _Watcher:
    """Watches in a thread of its own until it is stopped."""

    def __init__(self, name: str, ledger: Ledger) -> None:
        self.watch = Watch(name, ledger)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        raise NotImplementedError


class DatabaseWatcher(_Watcher):
    """Reads the active jobs twenty times a second, and each ended one once more."""

    def __init__(self, url: str, ledger: Ledger, is_anybody_there: Callable[[], bool]) -> None:
        super().__init__("database", ledger)
        self.active: dict[str, dict[str, Any]] = {}
        self._engine = open_database(url)
        self._is_anybody_there = is_anybody_there

    def stop(self) -> None:
        super().stop()
        self._engine.dispose()

    def _run(self) -> None:
        looked_at = time.monotonic()
        while not self._stop.wait(LOOK_SECONDS):
            present = self._is_anybody_there()
            now = time.monotonic()
            if not present:
                self._forgive(now - looked_at)
            looked_at = now
            # Away for a moment, as the experiment wants it.
            with suppress(sa.exc.SQLAlchemyError):
                self._look(now)

    def _forgive(self, seconds: float) -> None:
        """Nobody can say that a job stalled while nobody is there."""
        for known in self.watch.known.values():
            known.since += seconds

    def _look(self, now: float) -> None:
        with self._engine.connect() as connection:
            found = self._select(connection, "status in ('pending', 'running')")
            gone = set(self.active) - set(found)
            for job_id in gone:
                literal = f"id = '{job_id}'" if self._engine.dialect.name == "sqlite" else f"id = '{UUID(job_id)}'"
                for job in self._select(connection, literal).values():
                    self.watch.see(job, now)
        for job in found.values():
            self.watch.see(job, now)
            self._judge_silence(job, now)
        self.active = found
        self.watch.looks += 1

    def _select(self, connection: sa.Connection, where: str) -> dict[str, dict[str, Any]]:
        rows = connection.execute(sa.text(f"select {COLUMNS} from background_jobs where {where}"))
        jobs = [dict(row) | {"id": UUID(str(row["id"])).hex} for row in rows.mappings()]
        return {job["id"]: job for job in jobs}

    def _judge_silence(self, job: dict[str, Any], now: float) -> None:
        silent = now - self.watch.known[job["id"]].since
        shown_as_running = job["status"] == "running" and job["stalled_at"] is None and job["engine"] != "external"
        if shown_as_running and silent > SILENCE_SECONDS:
            attempt = f"attempt {job['attempt']}, version {job['version']}"
            self.watch.tell(
                f"job {job['id']} is running for {SILENCE_SECONDS:.0f} s without a sign of life ({attempt})"
            )


class StreamWatcher(_Watcher):
    """Reads one user's live stream, and comes back whenever it breaks."""

    def __init__(self, client: httpx.Client, name: str, ledger: Ledger) -> None:
        super().__init__(f"stream of {name}", ledger)
        self._client = client

    def stop(self) -> None:
        self._stop.set()
        self._client.close()  # it may be waiting for the next event
        super().stop()

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(httpx.HTTPError, RuntimeError):  # the product, or our own client, was closed
                self._listen()
            self._stop.wait(RETURN_SECONDS)

    def _listen(self) -> None:
        with self._client.stream("GET", "/jobs/stream", timeout=30) as answer:
            if answer.status_code == 200:
                self._read(answer.iter_lines())

    def _read(self, lines: Iterator[str]) -> None:
        event = ""
        for line in lines:
            if line.startswith("event:"):
                event = line.partition(":")[2].strip()
            elif line.startswith("data:") and event in {"snapshot", "job", "finished"}:
                self._take(json.loads(line.partition(":")[2]))
            if self._stop.is_set():
                return

    def _take(self, data: dict[str, Any]) -> None:
        self.watch.looks += 1
        for job in data.get("jobs", [data]):
            self.watch.see(job | {"id": UUID(job["id"]).hex}, time.monotonic())
