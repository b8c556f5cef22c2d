"""`headway import` of a large file: through a line that is cut, on after an interruption, and of what is known nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from chaos.proxy import Kind, Mode, running_proxy
from tests.support.product import Server, ended, running_server, until

MB = 1_000_000


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> object:
    with running_server(tmp_path_factory.mktemp("cli") / "data") as server:
        yield server


def a_file(folder: Path, megabytes: int, seed: int) -> Path:
    random, path = Random(seed), folder / f"orders-{seed}.csv"
    with path.open("w") as file:
        file.write("id,text\n")
        for number in range(megabytes * MB // 1000):
            file.write(f"{number},{random.randbytes(495).hex()}\n")
    return path


def started(product: Server, url: str, path: Path, *options: str) -> subprocess.Popen[str]:
    with product.client() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
    return subprocess.Popen(
        [sys.executable, "-m", "headway.cli", "import", "--server", url, *options, str(path)],
        env={**os.environ, "HEADWAY_TOKEN": token, "NO_PROXY": "*"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def proxy_of(product: Server, seed: int) -> object:
    host, port = product.url.removeprefix("http://").split(":")
    return running_proxy(host, int(port), Random(seed))


def test_a_line_that_is_cut_again_and_again_costs_time_and_nothing_else(product: Server, tmp_path: Path) -> None:
    path = a_file(tmp_path, 30, seed=1)
    with proxy_of(product, 3) as proxy:
        proxy.mode = Mode(Kind.CUT, cut_after_bytes=6 * MB)
        run = started(product, proxy.url, path, "--no-watch")
        said, complained = run.communicate(timeout=100)
        assert proxy.connections > 5
    assert run.returncode == 0, complained
    job = ended_of(product, said)
    with product.client() as client:
        dataset = client.get(f"/datasets/{job['related_dataset_id']}").json()
        assert client.get(f"/datasets/{dataset['id']}/original").content == path.read_bytes()


def ended_of(product: Server, said: str) -> dict[str, object]:
    found = re.search(r"job ([0-9a-f-]{36})", said)
    assert found, said
    with product.client() as client:
        job = ended(client, found[1])
    assert job["status"] == "completed", job
    return job


def test_what_was_interrupted_is_gone_on_with_and_what_is_known_is_not_sent(product: Server, tmp_path: Path) -> None:
    path = a_file(tmp_path, 30, seed=2)
    with proxy_of(product, 4) as proxy:
        proxy.mode = Mode(Kind.SLOW, bytes_per_second=4 * MB)
        run = started(product, proxy.url, path)
        until(lambda: _begun(product, path) > 2 * MB)
        run.send_signal(signal.SIGINT)
        _, complained = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "The same command goes on with it." in complained
    stood = until(lambda: _paused(product, path))
    again = started(product, product.url, path)
    said, complained = again.communicate(timeout=100)
    assert again.returncode == 0, complained
    assert f"going on at {stood / MB:.1f} MB" in complained
    assert "30,000 rows" in said
    third = started(product, product.url, path)
    said, complained = third.communicate(timeout=60)
    assert third.returncode == 0
    assert "the server has this file: nothing to send" in complained
    assert "the same file as before" in said


def _begun(product: Server, path: Path) -> int:
    return max((job["done_units"] or 0 for job in _uploads(product, path)), default=0)


def _paused(product: Server, path: Path) -> int:
    return max((job["done_units"] for job in _uploads(product, path) if job["resumable_until"]), default=0)


def _uploads(product: Server, path: Path) -> list[dict[str, object]]:
    with product.client() as client:
        jobs = client.get("/jobs/active").json()["jobs"]
    return [job for job in jobs if job["title"] == path.name and job["phase"] == "uploading"]
