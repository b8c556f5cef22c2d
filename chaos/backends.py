"""What the product stands on in a run: SQLite and a folder, or PostgreSQL and an S3 server that can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import psycopg

from chaos.experiment import SQLITE, Options
from tests.support.postgres import PostgresServer
from tests.support.seaweed import SeaweedServer

LEAST_AWAY_SECONDS, MOST_AWAY_SECONDS = 0.5, 2.0


@dataclass
class Backend:
    """The settings that make the product stand on it, and its servers, if it has any."""

    environment: dict[str, str]
    postgres: PostgresServer | None = None
    store: SeaweedServer | None = None
    _restarts: list[threading.Thread] = field(default_factory=list)

    def kill(self, kind: str, random: Random) -> int:
        """Kill a part of the servers and have it back soon; return the process that was killed, 0 for none."""
        self._restarts = [restart for restart in self._restarts if restart.is_alive()]
        if self._restarts or self.postgres is None or self.store is None:
            return 0
        if kind == "database backend":
            return self._kill_backend(self.postgres, random)
        server = self.store if kind == "store" else self.postgres
        killed = server.kill()
        pause = random.uniform(LEAST_AWAY_SECONDS, MOST_AWAY_SECONDS)
        restart = threading.Timer(pause, server.start)
        restart.start()
        self._restarts.append(restart)
        return killed

    def wait(self) -> None:
        """Wait until everything that was killed runs again."""
        for restart in self._restarts:
            restart.join()

    def _kill_backend(self, postgres: PostgresServer, random: Random) -> int:
        """Kill one process that serves a connection; the postmaster then throws all others out and recovers."""
        try:
            with psycopg.connect(postgres.url, connect_timeout=2, autocommit=True) as connection:
                query = (
                    "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
                )
                serving = [int(row[0]) for row in connection.execute(query)]
        except psycopg.Error:
            return 0  # it still recovers from the last one
        if not serving:
            return 0
        pid = random.choice(serving)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return pid


@contextlib.contextmanager
def running_backend(options: Options) -> Iterator[Backend]:
    """Start what the backend needs; end it with the block."""
    if options.backend == SQLITE:
        yield Backend(dict(options.environment))
        return
    postgres, store = PostgresServer(), SeaweedServer(options.folder / "seaweed")
    try:
        postgres.start()
        store.start()
        environment = {
            **options.environment,
            "DATABASE_URL": postgres.url,
            "HEADWAY_STORAGE_URL": store.address.url("chaos"),
            **store.address.environment,
        }
        backend = Backend(environment, postgres, store)
        yield backend
        backend.wait()
    finally:
        postgres.close()
        store.kill()
