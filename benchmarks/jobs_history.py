"""A long history of jobs, asked over HTTP: the active list, pages at any depth, each filter, counts, the operator page.

`./x bench history [MILLIONS] [REQUESTS] [sqlite|postgresql]`; 5, 200 and both without arguments. One in five jobs is of
the person who asks, who is an administrator as well; the others are of 20,000 people. The database makes the rows
itself. Each figure is seen by a client on the same machine, token check included; the peer is `GET /me`, which asks for
no job, so that a ratio says what the jobs cost. A target that is missed is marked.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg

from benchmarks.history_rows import DAYS, fill_postgres, fill_sqlite
from headway.kit.processes import descendants
from tests.support.postgres import running_postgres
from tests.support.product import Server, command_line, running_server

KEEP = {"HEADWAY_KEEP_COMPLETED_DAYS": "0", "HEADWAY_KEEP_FAILED_DAYS": "0"}
"""The hourly sweep begins five minutes after the start; it would delete most of what is looked at."""

DEPTHS = 20
"""Places in the history at which each list is asked for a page."""

ACTIVE_MS, PAGE_MS, OPERATOR_MS = 5.0, 20.0, 300.0
LISTS = {
    "page": {},
    "failed": {"status": "failed"},
    "needs attention": {"status": "failed,partial"},
    "cancelled": {"status": "cancelled"},
    "running": {"status": "running"},
    "not completed": {"status": "!completed"},
    "rare type": {"job_type": "report"},
    "rare type that failed": {"job_type": "report", "status": "failed"},
    "part of a title, many": {"q": "sales"},
    "part of a title, few": {"q": "title 12345"},
    "part of a title, none": {"q": "no such title"},
    "part of a title that failed": {"q": "title 77", "status": "failed"},
    "one dataset": {"dataset_id": ""},
}


def main(arguments: list[str]) -> None:
    millions = float(arguments[0]) if arguments else 5.0
    requests = int(arguments[1]) if len(arguments) > 1 else 200
    wanted = arguments[2:] or ["sqlite", "postgresql"]
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as name:
        folder = Path(name)
        if "sqlite" in wanted:
            print(f"{millions:g} million jobs on SQLite", flush=True)
            measure(folder / "sqlite", dict(KEEP), int(millions * 1e6), requests)
        if "postgresql" in wanted:
            with running_postgres() as url:
                print(f"{millions:g} million jobs on PostgreSQL", flush=True)
                environment = {"DATABASE_URL": fresh_database(url), **KEEP}
                measure(folder / "postgres", environment, int(millions * 1e6), requests)


def fresh_database(server: str) -> str:
    name = f"bench_{uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return f"{server.rpartition('/')[0]}/{name}"


def measure(folder: Path, environment: dict[str, str], count: int, requests: int) -> None:
    folder.mkdir()
    with running_server(folder / "data", environment) as server, server.client() as client:
        me = str(client.get("/me").raise_for_status().json()["id"])
        began = time.monotonic()
        if "DATABASE_URL" in environment:
            fill_postgres(environment["DATABASE_URL"], me, count)
        else:
            fill_sqlite(folder / "data" / "headway.db", me, count)
        print(f"  filled in {time.monotonic() - began:.0f} s", flush=True)
        asker = Asker(client, lambda: processes(server, environment.get("DATABASE_URL")))
        for name, (path, number, target) in {
            "GET /me (the peer)": ("/me", requests, None),
            "active": ("/jobs/active", requests, ACTIVE_MS),
            "counts": ("/jobs/counts", requests, PAGE_MS),
            "counts of failed": ("/jobs/counts?status=failed", requests, PAGE_MS),
            "operator, the first answer": ("/operator", 1, OPERATOR_MS),
            "operator": ("/operator", max(20, requests // 10), OPERATOR_MS),
        }.items():
            asker.ask(name, itertools.repeat(path, number), target)
        for name, query in LISTS.items():
            addresses = itertools.islice(at_any_depth(client, query), requests)
            asker.ask(f"{name}, at any depth", addresses, PAGE_MS)
        asker.ask("all titles, request after request", iter(list(all_titles(client))), PAGE_MS)


class Asker:
    """Asks one address after the other, and tells how long the answers took and what they cost."""

    def __init__(self, client: httpx.Client, find_processes: Callable[[], list[int]]) -> None:
        self._client = client
        self._find_processes = find_processes

    def ask(self, name: str, addresses: Iterator[str], target: float | None) -> None:
        times = []
        computed = computing(self._find_processes())
        for address in addresses:
            began = time.perf_counter()
            self._client.get(address).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
        computed = (computing(self._find_processes()) - computed) * 1000 / len(times)
        # Twice, as there are no quantiles of a single value.
        cut = statistics.quantiles(times * 2, n=100, method="inclusive")
        missed = "" if target is None or cut[94] <= target else f"   above {target:g} ms"
        print(
            f"  {name:<44}{len(times):5} x   computing {computed:6.1f} ms   p50 {cut[49]:7.1f}   p95 {cut[94]:7.1f}   "
            f"p99 {cut[98]:7.1f} ms{missed}",
            flush=True,
        )


def processes(server: Server, database_url: str | None) -> list[int]:
    """Return the processes that answer: the API and, on PostgreSQL, the servers of its connections."""
    found = [pid for pid in descendants(server.process.pid) if "worker" not in command_line(pid)]
    if database_url is None:
        return found
    with psycopg.connect(database_url) as connection:
        asked = "select pid from pg_stat_activity where datname = current_database() and application_name not like '%worker%'"
        return found + [row[0] for row in connection.execute(asked)]


def computing(pids: list[int]) -> float:
    """Return the seconds of a processor that these processes have used."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def all_titles(client: httpx.Client) -> Iterator[str]:
    """Yield the addresses that look through all titles for one that nobody has."""
    cursor = None
    while True:
        address = str(
            httpx.URL("/jobs", params={"limit": 50, "q": "no such", **({"cursor": cursor} if cursor else {})})
        )
        yield address
        cursor = client.get(address).raise_for_status().json()["next_cursor"]
        if cursor is None:
            return


def at_any_depth(client: httpx.Client, query: dict[str, str]) -> Iterator[str]:
    """Yield addresses of pages of a list, the first one among them, again and again."""
    if "dataset_id" in query:
        pages = client.get("/jobs?limit=100&status=completed").raise_for_status().json()["items"]
        query = {"dataset_id": next(job["related_dataset_id"] for job in pages if job["related_dataset_id"])}
    addresses = [str(httpx.URL("/jobs", params={"limit": 50, **query}))]
    chance = random.Random(3)
    for _ in range(DEPTHS):
        day = datetime.now(UTC) - timedelta(days=DAYS * chance.random())
        page = client.get("/jobs", params={"limit": 1, "created_to": day.isoformat()}).raise_for_status().json()
        if page["next_cursor"]:
            addresses.append(str(httpx.URL("/jobs", params={"limit": 50, **query, "cursor": page["next_cursor"]})))
    return itertools.cycle(addresses)


if __name__ == "__main__":
    main(sys.argv[1:])
