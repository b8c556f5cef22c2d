"""A pause holds, whoever is killed: real workers, one on SQLite and two on PostgreSQL, and an engine that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from headway.migrations import sync_engine
from tests.support.machines import Site, site
from tests.support.product import ended, until

FILES = 2


@pytest.fixture
def place(tmp_path: Path, database_url: str, storage_url: str) -> Iterator[Site]:
    with site(tmp_path, {"DATABASE_URL": database_url, "HEADWAY_STORAGE_URL": storage_url}) as opened:
        yield opened


def upload(client: httpx.Client) -> str:
    data = f"a,b,{uuid4().hex}\n1,2,3\n".encode()
    return str(client.post("/imports", files={"file": ("a.csv", data)}).raise_for_status().json()["id"])


def holders(database_url: str, jobs: list[str]) -> set[str]:
    """Return the workers to whom the engine has delivered one of these jobs."""
    schema = "" if database_url.startswith("sqlite") else "dbos."
    query = f"select executor_id, workflow_uuid from {schema}workflow_status where status = 'PENDING'"
    engine = sync_engine(database_url)
    with engine.connect() as connection:
        held = {row[0] for row in connection.execute(sa.text(query)) if row[1].partition(".")[0] in jobs}
    engine.dispose()
    return held


def told(client: httpx.Client, job_id: str) -> dict[str, Any] | None:
    """Return the job once it says that it is paused, which follows within a second or so."""
    job: dict[str, Any] = client.get(f"/jobs/{job_id}").raise_for_status().json()
    return job if job["paused"] else None


@pytest.mark.timeout(180)
def test_a_pause_holds_for_every_worker_and_through_kills(place: Site, database_url: str, backend: str) -> None:
    several = backend != "sqlite"
    api, worker = place.api(), place.worker("worker-1")
    others = [place.worker("worker-2")] if several else []
    names = {place.executor(each): each for each in (worker, *others)}
    with place.client(api) as client:
        client.post("/queues/imports/pause", json={"reason": "moving house"}).raise_for_status()
        jobs = [upload(client) for _ in range(FILES)]
        # The engine delivers all the same: only our own claim keeps the jobs from starting.
        dead = until(lambda: holders(database_url, jobs)).pop()
    names.pop(dead).kill()
    api.kill()
    api = place.api("api-2")
    if not several:
        again = place.worker("worker-3")
        names[place.executor(again)] = again
    with place.client(api) as client:
        until(lambda: holders(database_url, jobs) and holders(database_url, jobs) <= names.keys())
        imports, _bulk = client.get("/operator").raise_for_status().json()["queues"]
        assert (imports["waiting"], imports["running"], imports["paused"]["reason"]) == (FILES, 0, "moving house")
        for job_id in jobs:
            job = until(lambda job_id=job_id: told(client, job_id))
            assert (job["attempt"], job["phase"]) == (0, "queued")
            assert job["message"] == "Paused by the operator: moving house"
        client.post("/queues/imports/resume").raise_for_status()
        for job_id in jobs:
            job = ended(client, job_id)
            assert (job["status"], job["attempt"]) == ("completed", 1)
