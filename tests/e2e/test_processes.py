"""The product's processes: what is killed comes back, what was promised is kept, what is stopped is gone."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.support.places import fresh_place
from tests.support.product import Server, ended, running_server, until

LONG = 3_000_000
"""Rows that a worker is busy with for many seconds: the test must look, and act, while it is."""
ROW = b"1,2.50,2013-01-02T03:04:05,98765.4321,00042\n"


@pytest.fixture
def place(request: pytest.FixtureRequest, backend: str) -> Iterator[dict[str, str]]:
    """A database of the test's own: in a shared one the worker of another product could take what it submits."""
    with fresh_place(request, backend) as place:
        yield place


def submit(client: httpx.Client, rows: int) -> str:
    # A name that no earlier test used, or the file would be known already.
    data = f"a,b,c,d,{uuid4().hex}\n".encode() + ROW * rows
    answer = client.post("/imports", files={"file": ("long.csv", data)})
    assert answer.status_code == 202
    return str(answer.json()["id"])


def wait_for_phase(client: httpx.Client, job_id: str, phase: str) -> None:
    until(lambda: client.get(f"/jobs/{job_id}").json()["phase"] == phase)


def test_a_killed_worker_comes_back_and_finishes_what_it_had(tmp_path: Path, place: dict[str, str]) -> None:
    with running_server(tmp_path / "data", place) as server, server.client() as client:
        # Looked up before: the job must not end while that is done.
        (before,) = server.pids("worker")
        job_id = submit(client, LONG)
        wait_for_phase(client, job_id, "running")
        os.kill(before, signal.SIGKILL)
        job = ended(client, job_id, 90)
        assert (job["status"], job["attempt"]) == ("completed", 2)
        assert before not in server.pids("worker")
        made = [dataset for dataset in client.get("/datasets").json()["items"] if dataset["job_id"] == job_id]
        assert len(made) == 1


def test_sigterm_ends_everything_and_the_next_start_goes_on(tmp_path: Path, place: dict[str, str]) -> None:
    with running_server(tmp_path / "data", place) as server, server.client() as client:
        job_id = submit(client, LONG)
        wait_for_phase(client, job_id, "running")
        assert server.stop() < 15
    with running_server(tmp_path / "data", place) as server, server.client() as client:
        job = ended(client, job_id, 90)
        assert (job["status"], job["attempt"]) == ("completed", 2)


def test_a_killed_api_comes_back_and_the_work_goes_on(tmp_path: Path, place: dict[str, str]) -> None:
    with running_server(tmp_path / "data", {**place, "HEADWAY_PORT": "0"}) as server, server.client() as client:
        job_id = submit(client, 200_000)
        (api,) = server.pids("headway.app")
        os.kill(api, signal.SIGKILL)
        until(lambda: sum("ready on" in line for line in server.lines) > 1)
        server.url = server.lines[-1].split()[-1]
        with server.client() as anew:
            assert ended(anew, job_id)["status"] == "completed"


def test_only_workers_say_worker(server: Server) -> None:
    assert len(server.pids("worker")) == 1
    assert "worker" not in " ".join(server.process.args)  # type: ignore[arg-type]


def test_the_secret_and_the_data_are_for_their_owner_only(server: Server) -> None:
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.data_dir / "jwt_secret").stat().st_mode) == 0o600


def test_a_weak_secret_refuses_to_start(tmp_path: Path) -> None:
    with pytest.raises(AssertionError), running_server(tmp_path / "data", {"JWT_SECRET": "changeme"}):
        pass
    assert "JWT_SECRET" in (tmp_path / "data.log").read_text()


def test_without_a_given_password_one_is_made_and_said_once(tmp_path: Path) -> None:
    settings = {"HEADWAY_ADMIN_PASSWORD": ""}
    with running_server(tmp_path / "data", settings) as server:
        said = next(line for line in server.lines if line.startswith("Password"))
        server.client(password=said.split()[-1]).close()
    with running_server(tmp_path / "data", settings) as server:
        assert not any(line.startswith("Password") for line in server.lines)
