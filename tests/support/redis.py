"""A real Redis as a broker: the machine's own `redis-server`, on a loopback port, with nothing on disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis


@dataclass
class Broker:
    """A running Redis that can be stopped and started again, empty."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self.folder}
        command = ["redis-server", *(str(part) for name, value in options.items() for part in (f"--{name}", value))]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(redis.ConnectionError), self.client as client:
                client.ping()
                return
            assert time.monotonic() < end, "redis-server did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def require_redis() -> None:
    """Skip loudly without Redis; fail in CI, where it was installed unless apt had none."""
    if shutil.which("redis-server") is None:
        if os.environ.get("HEADWAY_CI_HAS_REDIS"):
            pytest.fail("redis-server was installed for these tests, and is not there")
        pytest.skip("no redis-server: apt-get install redis-server. Celery is NOT tested.")


@contextlib.contextmanager
def running_redis(folder: Path) -> Iterator[Broker]:
    require_redis()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        broker = Broker(int(probe.getsockname()[1]), folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
