"""A long history of jobs, asked over HTTP: the active list, pages at any depth, filters.

`./x bench history [MILLIONS] [REQUESTS]`; 5 and 300 without arguments. One in five jobs is of the person who asks, the
others are of a thousand people. Each figure is seen by a client on the same machine, token check included; the peer is
`GET /me`, which asks for no job, so that a ratio says what the jobs cost.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psycopg

from tests.support.postgres import running_postgres
from tests.support.product import running_server

COLUMNS = (
    "id", "user_id", "job_type", "status", "progress", "title", "outcome", "engine", "version", "created_at",
    "started_at", "completed_at", "updated_at",
)  # fmt: skip
BATCH = 50_000
OTHERS = 1_000
ENDINGS = ("completed",) * 90 + ("failed",) * 7 + ("cancelled",) * 3
DAYS = 700
ACTIVE = 3

Row = tuple[object, ...]


def main(arguments: list[str]) -> None:
    millions = float(arguments[0]) if arguments else 5.0
    requests = int(arguments[1]) if len(arguments) > 1 else 300
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as name:
        folder = Path(name)
        print(f"{millions:g} million jobs on SQLite")
        measure(folder / "sqlite", {}, int(millions * 1e6), requests)
        with running_postgres() as url:
            print(f"{millions:g} million jobs on PostgreSQL")
            measure(folder / "postgres", {"DATABASE_URL": fresh_database(url)}, int(millions * 1e6), requests)


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
        if environment:
            fill_postgres(environment["DATABASE_URL"], rows(me, count, as_text=False))
        else:
            fill_sqlite(folder / "data" / "headway.db", rows(me, count, as_text=True))
        print(f"  filled in {time.monotonic() - began:.0f} s")
        deep = cursor_in_the_middle(client)
        bare = timed(client, "/me", requests)
        for name, path in {
            "GET /me (the peer)": "/me",
            "active": "/jobs/active",
            "first page": "/jobs?limit=50",
            "page in the middle of all": f"/jobs?limit=50&cursor={deep}",
            "failed ones": "/jobs?limit=50&status=failed",
            "part of a title, few": "/jobs?limit=50&q=title%20123",
        }.items():
            times = timed(client, path, requests)
            percentiles = statistics.quantiles(times, n=100)
            ratio = statistics.median(times) / statistics.median(bare)
            print(
                f"  {name:<36}p50 {percentiles[49]:7.1f} ms   p95 {percentiles[94]:7.1f} ms   "
                f"p99 {percentiles[98]:7.1f} ms   {ratio:5.1f} x"
            )


def timed(client: httpx.Client, path: str, requests: int) -> list[float]:
    """Ask so often, one after the other; return the milliseconds of each."""
    found = []
    for _ in range(requests):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        found.append((time.perf_counter() - began) * 1000)
    return found


def cursor_in_the_middle(client: httpx.Client) -> str:
    """Return the cursor of a page as old as half of the jobs."""
    day = datetime.now(UTC) - timedelta(days=DAYS / 2)
    page = client.get("/jobs", params={"limit": 1, "created_to": day.isoformat()}).raise_for_status().json()
    return str(page["next_cursor"])


def rows(me: str, count: int, *, as_text: bool) -> Iterator[Row]:
    """Yield rows of `COLUMNS`. A few of each person's are active; the others ended up to two years ago."""
    chance = random.Random(7)
    others = [str(UUID(int=chance.getrandbits(128))) for _ in range(OTHERS)]
    now = datetime.now(UTC)

    def moment(at: datetime) -> object:
        return at.replace(tzinfo=None).isoformat(" ") if as_text else at

    for number in range(count):
        owner = me if number % 5 == 0 else others[number % OTHERS]
        job_id = UUID(int=chance.getrandbits(128))
        at = now - timedelta(days=chance.random() * DAYS, hours=2)
        ending, ended = ENDINGS[number % 100], at + timedelta(seconds=20)
        if number < ACTIVE * 5:
            ending, ended = "running", None
        yield (
            job_id.hex if as_text else job_id, owner, "import", ending, 100 if ending == "completed" else 40,
            f"title {number}", "succeeded" if ending == "completed" else None, "external", 12, moment(at), moment(at),
            moment(ended) if ended else None, moment(ended or now),
        )  # fmt: skip


def fill_sqlite(path: Path, found: Iterator[Row]) -> None:
    statement = f"insert into background_jobs ({', '.join(COLUMNS)}) values ({', '.join('?' * len(COLUMNS))})"
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as connection:
        connection.execute("pragma synchronous = off")
        while batch := [row for row, _ in zip(found, range(BATCH), strict=False)]:
            with connection:
                connection.executemany(statement, batch)
        connection.execute("pragma optimize = 0x10002")


def fill_postgres(url: str, found: Iterator[Row]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.cursor().copy(f"copy background_jobs ({', '.join(COLUMNS)}) from stdin") as copy:
            for row in found:
                copy.write_row(row)
        connection.execute("vacuum analyze background_jobs")


if __name__ == "__main__":
    main(sys.argv[1:])
