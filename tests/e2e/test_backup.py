"""A product is backed up while it works, and goes on elsewhere as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.places import fresh_place
from tests.support.product import Server, ended, running_server, until

ONE_AT_A_TIME = {"HEADWAY_WORKER_CONCURRENCY": "1", "HEADWAY_USER_CONCURRENCY": "1"}
LONG_ROWS = 150_000
LONG = b"a,b\n" + b"1,some text that is long enough to take a while\n" * LONG_ROWS


@pytest.fixture
def place(request: pytest.FixtureRequest, backend: str) -> Iterator[dict[str, str]]:
    """A database and a store that no other test knows."""
    with fresh_place(request, backend) as place:
        yield place


def headway(data_dir: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWAY_", "DATABASE_"))}
    return subprocess.run(
        [sys.executable, "-m", "headway.cli", *arguments],
        env={**inherited, "HEADWAY_DATA_DIR": str(data_dir), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def submit(client: httpx.Client, name: str, data: bytes) -> str:
    return str(client.post("/imports", files={"file": (name, data)}).raise_for_status().json()["id"])


def seen(client: httpx.Client) -> dict[str, Any]:
    """Return what a person sees of what had ended."""
    datasets = client.get("/datasets").raise_for_status().json()["items"]
    (dataset,) = [each for each in datasets if each["name"] == "done"]
    job = client.get(f"/jobs/{dataset['job_id']}").json()
    address = f"/datasets/{dataset['id']}"
    return {
        "me": client.get("/me").json(),
        "dataset": dataset,
        "rows": client.get(f"{address}/rows").raise_for_status().json(),
        "original": client.get(f"{address}/original").raise_for_status().content,
        "job": job,
        "events": client.get(f"/jobs/{job['id']}/events").json(),
    }


def back_up_while_it_works(server: Server, place: dict[str, str], archive: Path) -> tuple[str, str]:
    """Take a backup with one job running and one waiting, and return both."""
    with server.client() as client:
        ended(client, submit(client, "done.csv", "name,n\nÄnne,1\n".encode()))
        running = submit(client, "running.csv", LONG)
        waiting = submit(client, "waiting.csv", b"a\n1\n2\n")
        until(lambda: client.get(f"/jobs/{running}").json()["phase"] == "running")
    (worker,) = server.pids("worker")
    # Stood still, the worker cannot end the job before the backup is made.
    os.kill(worker, signal.SIGSTOP)
    made = headway(server.data_dir, place, "backup", str(archive))
    os.kill(worker, signal.SIGCONT)
    assert made.returncode == 0, made.stderr
    assert "as secret as a password" in made.stdout
    return running, waiting


@pytest.mark.timeout(300)  # two products, one after the other
def test_a_product_goes_on_elsewhere_from_its_backup(tmp_path: Path, place: dict[str, str]) -> None:
    archive, there = tmp_path / "all.tar", tmp_path / "there"
    with running_server(tmp_path / "here", {**place, **ONE_AT_A_TIME}) as server:
        running, waiting = back_up_while_it_works(server, place, archive)
        with server.client() as client:
            before, token = seen(client), client.headers["Authorization"]
    restored = headway(there, {}, "restore", str(archive))
    assert restored.returncode == 0, restored.stderr
    with (
        running_server(there, {"HEADWAY_ADMIN_PASSWORD": ""}) as server,
        httpx.Client(base_url=f"{server.url}/api/v2", headers={"Authorization": token}, trust_env=False) as client,
    ):
        assert not any(line.startswith("Password") for line in server.lines), "somebody was there already"
        assert seen(client) == before
        job = ended(client, waiting, 90)
        assert (job["status"], job["result"]["rows"]) == ("completed", 2)
        job = ended(client, running, 90)
        assert (job["status"], job["result"]["rows"], job["attempt"]) == ("completed", LONG_ROWS, 2)
        kinds = [event["kind"] for event in client.get(f"/jobs/{running}/events").json()["items"]]
        assert kinds[kinds.index("restored") :][:2] == ["restored", "redelivered"]


def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path: Path) -> None:
    no_database = headway(tmp_path / "none", {}, "backup", str(tmp_path / "a.tar"))
    assert (no_database.returncode, no_database.stdout) == (1, "")
    assert "There is no database at" in no_database.stderr
    (tmp_path / "text.tar").write_text("no archive")
    for name, said in (("text.tar", "is no backup"), ("absent.tar", "No such file")):
        refused = headway(tmp_path / "none", {}, "restore", str(tmp_path / name))
        assert refused.returncode == 1
        assert said in refused.stderr
        assert "Traceback" not in refused.stderr
    assert not (tmp_path / "none" / "headway.db").exists()
