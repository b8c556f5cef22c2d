"""The real product as its own processes, as a user starts it, with HTTP clients for its users."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from headway.kit.processes import descendants

ADMIN, PASSWORD = "admin@example.org", "correct-horse-battery"
READY_SECONDS = 60
STOP_SECONDS = 15
"""The promise: SIGTERM ends every process of it within this time."""

Found = TypeVar("Found")


@dataclass
class Server:
    """A running product."""

    url: str
    process: subprocess.Popen[str]
    data_dir: Path
    lines: list[str] = field(default_factory=list)

    def client(self, email: str = ADMIN, password: str = PASSWORD) -> httpx.Client:
        """Return a client that carries a token of this user."""
        answer = httpx.post(
            f"{self.url}/api/v2/auth/token", data={"username": email, "password": password}, trust_env=False
        )
        answer.raise_for_status()
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx.Client(base_url=f"{self.url}/api/v2", headers=headers, timeout=60, trust_env=False)

    def new_user(self, email: str | None = None) -> str:
        """Add somebody, and return the address. Without one it is new: fixtures may be set up twice for one server."""
        email = email or f"user-{uuid4().hex[:8]}@example.org"
        with self.client() as admin:
            admin.post("/users", json={"email": email, "password": PASSWORD, "role": "user"}).raise_for_status()
        return email

    def new_client(self) -> httpx.Client:
        """Return a client that carries a token of a new user."""
        return self.client(self.new_user())

    def pids(self, word: str) -> list[int]:
        """Return the product's processes whose command line holds `word`."""
        return running_as(word, descendants(self.process.pid))

    def stop(self) -> float:
        """End it by SIGTERM; return how many seconds that took. Fails if a process is left."""
        family = [self.process.pid, *descendants(self.process.pid)]
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS)
        left = [pid for pid in family if is_alive(pid)]
        assert left == [], [command_line(pid) for pid in left]
        return time.monotonic() - began


@contextlib.contextmanager
def running_server(data_dir: Path, environment: dict[str, str] | None = None, port: int = 0) -> Iterator[Server]:
    """Start the product, on any free port unless one is named, and wait until it says that it is ready."""
    command = [sys.executable, "-m", "headway.cli", "serve", "--port", str(port)]
    settings = {
        "HEADWAY_DATA_DIR": str(data_dir),
        "HEADWAY_ADMIN_EMAIL": ADMIN,
        "HEADWAY_ADMIN_PASSWORD": PASSWORD,
        "HEADWAY_MIN_FREE_BYTES": "0",
        **(environment or {}),
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    log = (data_dir.parent / f"{data_dir.name}.log").open("w")
    process = subprocess.Popen(
        command, env={**inherited, **settings}, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
    )
    server = Server("", process, data_dir)
    try:
        server.url = _read_until_ready(server)
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        for pid in [*descendants(process.pid), process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        log.close()


def _read_until_ready(server: Server) -> str:
    ready = threading.Event()
    found: list[str] = []

    def read() -> None:
        assert server.process.stdout is not None
        for line in server.process.stdout:
            server.lines.append(line.rstrip())
            if match := re.search(r"ready on (http://\S+)", line):
                found.append(match.group(1))
                ready.set()
        ready.set()  # it has ended, ready or not

    threading.Thread(target=read, daemon=True).start()
    if not ready.wait(READY_SECONDS) or not found:
        raise AssertionError(f"the product did not become ready; it said {server.lines}")
    return found[0]


def free_port() -> int:
    """Return a port below those that clients take by chance, so that the product finds it free after a restart."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


def wait_for(look: Callable[[], Found], seconds: float = 60, *, every: float = 0.02) -> Found | None:
    """Look until there is something to see, and return it; None if nothing came in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if seen := look():
            return seen
        time.sleep(every)
    return None


def until(look: Callable[[], Found | None], seconds: float = 60) -> Found:
    """Look until there is something to see; return it."""
    seen = wait_for(look, seconds)
    if not seen:
        raise AssertionError(f"nothing came within {seconds:.0f} s")
    return seen


def ended(client: httpx.Client, job_id: str, seconds: float = 60) -> dict[str, Any]:
    """Wait for the end of a job and return it."""

    def look() -> dict[str, Any] | None:
        job: dict[str, Any] = client.get(f"/jobs/{job_id}").raise_for_status().json()
        return job if job["status"] in {"completed", "failed", "cancelled"} else None

    return until(look, seconds)


def command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def running_as(word: str, pids: Iterable[int]) -> list[int]:
    """Return those of the processes whose command line holds `word`.

    A child has the command line of its parent until it becomes what it was started for, so a process that is
    called like its parent does not count.
    """
    return [pid for pid in pids if word in (line := command_line(pid)) and line != command_line(_parent(pid))]


def _parent(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(_stat(pid)[1])
    return 0


def _stat(pid: int) -> list[str]:
    """Return the fields of proc_pid_stat(5) from the third one, the state, on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended and waits to be collected does not."""
    with contextlib.suppress(OSError):
        return _stat(pid)[0] != "Z"
    return False


def age_seconds(pid: int) -> float:
    """Return how long a process has run."""
    started = int(_stat(pid)[19]) / os.sysconf("SC_CLK_TCK")
    return float(Path("/proc/uptime").read_text().split()[0]) - started
