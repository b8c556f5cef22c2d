"""Several machines around one PostgreSQL and one S3 store: hand-over of jobs, and how many connections that takes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from headway.engine.dbos import CLIENT_CONNECTIONS, RUNNER_CONNECTIONS
from headway.kit.db import POOL_CONNECTIONS, POOL_OVERFLOW
from tests.support.machines import Machine, Site, site
from tests.support.product import ended, until

TEST = "a test"
ROWS = 1_000_000
API_CONNECTIONS = POOL_CONNECTIONS + POOL_OVERFLOW + CLIENT_CONNECTIONS + 2
WORKER_CONNECTIONS = POOL_CONNECTIONS + POOL_OVERFLOW + CLIENT_CONNECTIONS + RUNNER_CONNECTIONS + 1
"""The sums that docs/how-to/deploy.md gives: pools, the engine's, and those that carry changes of jobs."""


pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def several(tmp_path: Path, backend: str, database_url: str, storage_url: str) -> Iterator[Site]:
    if backend == "sqlite":
        pytest.skip("SQLite has one machine and one worker")
    with site(tmp_path, {"DATABASE_URL": database_url, "HEADWAY_STORAGE_URL": storage_url}) as opened:
        yield opened


def submit(client: httpx.Client, rows: int) -> str:
    # A name that no earlier test used, or the file would be known already.
    data = f"a,b,{uuid4().hex}\n".encode() + b"1,2.5,some text that is long enough\n" * rows
    return str(client.post("/imports", files={"file": ("long.csv", data)}).raise_for_status().json()["id"])


def row(site: Site, job_id: str) -> dict[str, object]:
    with psycopg.connect(site.environment["DATABASE_URL"], row_factory=dict_row, application_name=TEST) as connection:
        found = connection.execute("select * from background_jobs where id = %s", [job_id]).fetchone()
    assert found is not None
    return found


def holder(site: Site, job_id: str, workers: list[Machine]) -> Machine:
    """Wait until a worker is in the middle of the job and return it."""
    names = {site.executor(worker): worker for worker in workers}

    def look() -> Machine | None:
        job = row(site, job_id)
        return names.get(str(job["lease_owner"])) if job["status"] == "running" and job["stage"] == "parse" else None

    return until(look)


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_a_worker_that_goes_leaves_its_job_to_the_other(several: Site, how: str) -> None:
    workers, api = [several.worker("worker-1"), several.worker("worker-2")], several.api()
    with several.client(api) as client:
        job_id = submit(client, ROWS)
        first = holder(several, job_id, workers)
        (second,) = [worker for worker in workers if worker is not first]
        if how == "SIGTERM":
            assert first.stop() == 0
        else:
            first.kill()
        job = ended(client, job_id, 90)
        assert (job["status"], job["attempt"]) == ("completed", 2)
        made = [dataset for dataset in client.get("/datasets").json()["items"] if dataset["job_id"] == job_id]
        assert len(made) == 1
    counts = row(several, job_id)
    assert counts["crash_count"] == 0
    assert counts["worker_losses"] == (1 if how == "SIGKILL" else 0)
    assert second.process.poll() is None


def test_each_process_keeps_to_its_connections(several: Site) -> None:
    """Twenty requests at once, two jobs at work and an open stream: the most that PostgreSQL ever counts."""
    worker, api = several.worker("worker"), several.api()
    most: Counter[str] = Counter()
    done = threading.Event()

    def count() -> None:
        with psycopg.connect(several.environment["DATABASE_URL"], autocommit=True, application_name=TEST) as connection:
            while not done.is_set():
                query = (
                    "select application_name, count(*) from pg_stat_activity"
                    " where datname = current_database() and application_name <> %s"
                    # PostgreSQL tidies a table now and then, by a process without a name.
                    " and backend_type = 'client backend' group by 1"
                )
                for name, number in connection.execute(query, [TEST]):
                    most[name] = max(most[name], number)
                done.wait(0.05)

    counting = threading.Thread(target=count, daemon=True)
    with several.client(api) as client, ThreadPoolExecutor(20) as requests:
        assert several.executor(worker)
        counting.start()
        jobs = [submit(client, ROWS) for _ in range(2)]
        with client.stream("GET", "/jobs/stream", headers={"Accept": "text/event-stream"}) as stream:
            assert stream.status_code == 200
            until(lambda: all(row(several, job_id)["status"] == "running" for job_id in jobs))
            paths = ["/jobs/active", "/jobs", "/datasets", "/me"] * 150
            answers = list(requests.map(lambda path: client.get(path).status_code, paths))
        assert Counter(answers) == Counter({200: len(paths)})
        assert {ended(client, job_id, 90)["status"] for job_id in jobs} == {"completed"}
        done.set()
        counting.join()
    assert set(most) <= {"headway api", "headway worker"}
    assert 0 < most["headway api"] <= API_CONNECTIONS
    assert 0 < most["headway worker"] <= WORKER_CONNECTIONS
