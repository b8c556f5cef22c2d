"""The product under fire: its processes, kept running as systemd would, and named so that they can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from headway.kit.processes import descendants
from tests.support.product import (
    ADMIN,
    PASSWORD,
    STOP_SECONDS,
    Server,
    command_line,
    free_port,
    is_alive,
    running_as,
    wait_for,
)

READY_SECONDS = 90
RESTART_SECONDS = 0.3
WORDS = {
    "supervisor": "headway.cli serve",
    "api": "headway.app",
    "worker": "headway.worker",
    "child": "headway.intake.sandbox_child",
}
"""What the command line of each kind of process holds."""


@dataclass
class Product:
    """`headway serve` on a fixed port and, on PostgreSQL, further workers. Whoever ends is started again."""

    environment: dict[str, str]
    data_dir: Path
    workers: int = 0
    url: str = ""
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start everything, and wait until the product says that it is ready."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        commands = {"serve": ["serve", "--port", str(port)]} | {f"worker {n}": ["worker"] for n in range(self.workers)}
        for name, arguments in commands.items():
            threading.Thread(target=self._keep, args=(name, arguments), daemon=True).start()
        if not wait_for(self.is_ready, READY_SECONDS):
            raise RuntimeError(f"the product did not become ready; see {self.data_dir.parent}")

    def stop(self) -> list[str]:
        """End everything by SIGTERM; return the command lines of what was left after the promised time."""
        self._stopping.set()
        family = self.all_pids()
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        wait_for(lambda: all(process.poll() is not None for process in self._processes.values()), STOP_SECONDS)
        left = [command_line(pid) for pid in family if is_alive(pid)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return left

    def is_ready(self) -> bool:
        """Say whether database, store and worker are there, as a load balancer asks."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200
        return False

    def pids(self, kind: str) -> list[int]:
        """Return the processes of one of the kinds of `WORDS`."""
        return [pid for pid in running_as(WORDS[kind], self.all_pids()) if is_alive(pid)]

    def all_pids(self) -> list[int]:
        """Return every process of the product."""
        tops = [process.pid for process in self._processes.values() if process.poll() is None]
        return [pid for top in tops for pid in (top, *descendants(top))]

    def client(self, email: str = ADMIN) -> httpx.Client:
        """Return a client that carries a token of this user."""
        process = next(iter(self._processes.values()))
        # The product's own restarts do not concern a `Server`, which only needs the address here.
        return Server(self.url, process, self.data_dir).client(email)  # type: ignore[arg-type]

    def add_users(self, emails: list[str]) -> None:
        with self.client() as admin:
            for email in emails:
                admin.post("/users", json={"email": email, "password": PASSWORD, "role": "user"}).raise_for_status()

    def _keep(self, name: str, arguments: list[str]) -> None:
        log = (self.data_dir.parent / f"{name.replace(' ', '-')}.log").open("ab")
        command = [sys.executable, "-m", "headway.cli", *arguments]
        with log:
            while not self._stopping.is_set():
                self._processes[name] = subprocess.Popen(
                    command, env=self.environment, stdout=log, stderr=log, start_new_session=True
                )
                self._processes[name].wait()
                self._stopping.wait(RESTART_SECONDS)


@contextlib.contextmanager
def running_product(data_dir: Path, environment: dict[str, str], workers: int = 0) -> Iterator[Product]:
    """Run the product until the block ends; whatever it leaves is killed."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    settings = {
        "HEADWAY_DATA_DIR": str(data_dir),
        "HEADWAY_ADMIN_EMAIL": ADMIN,
        "HEADWAY_ADMIN_PASSWORD": PASSWORD,
        "HEADWAY_MIN_FREE_BYTES": "0",
    }
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    product = Product({**inherited, **settings, **environment}, data_dir, workers)
    try:
        product.start()
        yield product
    finally:
        product.stop()
