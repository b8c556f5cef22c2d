"""A real S3 server for tests: SeaweedFS from its wheel, on loopback, telling nobody about it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60


@dataclass(frozen=True)
class SeaweedFS:
    endpoint: str
    bucket: str = "test"
    access_key: str = "AKIATEST0000000000"
    secret_key: str = "secretsecretsecretsecret"

    @property
    def environment(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}

    def url(self, prefix: str) -> str:
        return f"s3://{self.bucket}/{prefix}?endpoint={self.endpoint}&region=us-east-1"


def find_weed() -> str:
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise RuntimeError("the S3 server for tests is missing: it comes with requirements/dev.txt")
    return found


class SeaweedServer:
    """A server with its data in one folder: started, killed, started again."""

    def __init__(self, folder: Path) -> None:
        s3, master, volume, filer = _low_ports()
        self.address = SeaweedFS(f"http://127.0.0.1:{s3}")
        self._folder = folder
        data = folder / "data"
        data.mkdir(parents=True)
        self._command = [
            find_weed(), "-v=0", "mini", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            f"-bucket={self.address.bucket}", f"-s3.port={s3}", f"-master.port={master}", f"-volume.port={volume}",
            f"-filer.port={filer}", "-admin.ui=false", "-webdav=false", "-master.telemetry=false",
            "-s3.port.iceberg=0", "-s3.port.lance=0",
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self._folder / "weed.log").open("a") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **self.address.environment},
            )  # fmt: skip
        _wait(self.address.endpoint, self._process, self._folder / "weed.log")

    def kill(self) -> int:
        """Kill it as `kill -9` does; return its process id."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        return self._process.pid


@contextlib.contextmanager
def running_seaweed(folder: Path) -> Iterator[SeaweedFS]:
    """Run the server with its data below `folder` until the block ends."""
    server = SeaweedServer(folder)
    server.start()
    try:
        yield server.address
    finally:
        server.kill()


def _low_ports() -> list[int]:
    """Ports below 32,768, which no client takes by chance while the server starts."""
    ports: list[int] = []
    candidate = 10_000 + os.getpid() % 10_000
    while len(ports) < 4:
        candidate += 7
        with socket.socket() as one, socket.socket() as two, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", candidate))
            two.bind(("127.0.0.1", candidate + 10_000))
            ports.append(candidate)
    return ports


def _wait(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers and refuses strangers, which it does once its keys are loaded."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the S3 server ended: {log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(endpoint, timeout=2)  # noqa: S310 - a loopback address made above
        except urllib.error.HTTPError as answer:
            if answer.code == 403:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"the S3 server did not start within {START_SECONDS} s: {log.read_text()[-2000:]}")
