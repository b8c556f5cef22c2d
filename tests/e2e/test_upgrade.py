"""One version is exchanged for the next: schema first, then process by process, while jobs go on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from alembic.script import ScriptDirectory

from headway.migrations import alembic_config
from tests.support.machines import START_SECONDS, Site, later_version, site
from tests.support.product import ended, running_server, until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def environment(database_url: str, storage_url: str) -> dict[str, str]:
    """A database of its own with the schema of this version, under an address that every process is told."""
    return {"DATABASE_URL": database_url, "HEADWAY_STORAGE_URL": storage_url}


@pytest.fixture
def machines(tmp_path: Path, environment: dict[str, str]) -> Iterator[Site]:
    with site(tmp_path, environment) as opened:
        yield opened


@pytest.fixture
def later(tmp_path: Path) -> Path:
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None
    return later_version(tmp_path, head)


def submit(client: httpx.Client, rows: int = 3) -> str:
    # A name that no earlier upload had, or the file would be known already.
    data = f"a,b,{uuid4().hex}\n".encode() + b"1,2.5,some text that is long enough\n" * rows
    return str(client.post("/imports", files={"file": ("long.csv", data)}).raise_for_status().json()["id"])


def test_this_version_starts_and_works_on_the_schema_of_a_later_one(
    tmp_path: Path, environment: dict[str, str], machines: Site, later: Path
) -> None:
    machines.migrate(later)
    with running_server(tmp_path / "data", environment) as server, server.client() as client:
        assert ended(client, submit(client))["status"] == "completed"
    assert "was migrated by a later version of Headway" in (tmp_path / "data.log").read_text()


def test_jobs_go_on_while_a_later_version_migrates(
    tmp_path: Path, environment: dict[str, str], machines: Site, later: Path, backend: str
) -> None:
    with running_server(tmp_path / "data", environment) as server, server.client() as client:
        job_id = submit(client, 1_000_000)
        until(lambda: client.get(f"/jobs/{job_id}").json()["phase"] == "running")
        with _somebody_reading(environment, backend):
            migration = machines.start("migrating", "migrate", package=later)
            if backend != "sqlite":
                # It does not stand in the way of everybody else until the reader is done.
                until(lambda: "the migration gave way" in migration.said)
                assert client.get("/jobs/active").status_code == 200
        assert migration.process.wait(START_SECONDS) == 0, migration.said
        job = ended(client, job_id, 90)
        assert (job["status"], job["attempt"]) == ("completed", 1)
        assert ended(client, submit(client))["status"] == "completed"


@contextlib.contextmanager
def _somebody_reading(environment: dict[str, str], backend: str) -> Iterator[None]:
    """Keep a transaction open that has read from the table of jobs, as a backup does."""
    if backend == "sqlite":
        yield
        return
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("select count(*) from background_jobs")
        yield


def test_a_later_version_waits_until_its_schema_is_there(machines: Site, later: Path) -> None:
    worker = machines.start("worker", "worker", package=later)
    until(lambda: "waits for `headway migrate`" in worker.said, START_SECONDS)
    assert "is ready" not in worker.said
    machines.migrate(later)
    assert machines.executor(worker)
    assert worker.stop() == 0
