"""After a worker was killed while it stored rows, the sweep leaves exactly what the database names."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from headway.kit.db import Database
from headway.storage.local import TEMPORARY
from headway.storage.opening import open_store
from tests.support.places import fresh_place
from tests.support.product import Server, ended, running_server, until, wait_for

ROWS = 50_000
TRIES = 8


@pytest.fixture
def own(
    request: pytest.FixtureRequest, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """A database and a store that no other test knows, for the product and for this test."""
    data = tmp_path / "data"
    local = {"DATABASE_URL": f"sqlite:///{data}/headway.db", "HEADWAY_STORAGE_URL": f"file://{data}/objects"}
    with fresh_place(request, backend) as place:
        found = place or local
        for name, value in found.items():
            monkeypatch.setenv(name, value)
        yield {**found, "HEADWAY_DATA_DIR": str(data)}


def objects(own: dict[str, str]) -> set[str]:
    async def listed() -> set[str]:
        store = open_store(own["HEADWAY_STORAGE_URL"])
        try:
            return {found.key async for found in store.list("")}
        finally:
            await store.close()

    return asyncio.run(listed())


def forgotten(own: dict[str, str]) -> str:
    """Store what a kill between the object and its row would have left; return its key."""

    async def put() -> str:
        store = open_store(own["HEADWAY_STORAGE_URL"])
        key = f"originals/{uuid4()}"
        try:
            await (await store.open_writer(key)).commit()
        finally:
            await store.close()
        return key

    return asyncio.run(put())


def named(own: dict[str, str]) -> set[str]:
    async def read() -> set[str]:
        database = Database(own["DATABASE_URL"])
        try:
            async with database.read() as session:
                rows = await session.execute(sa.text("select rows_key, original_key from dataset_versions"))
                return {key for row in rows for key in row}
        finally:
            await database.close()

    return asyncio.run(read())


def unfinished(own: dict[str, str]) -> list[Path]:
    """Return the files that a killed writer of a local store left; S3 shows nobody what it keeps of such uploads."""
    root = Path(own["HEADWAY_STORAGE_URL"].removeprefix("file://"))
    return list((root / TEMPORARY).iterdir()) if root.is_absolute() else []


def kill_while_it_stores(server: Server, client: httpx.Client, own: dict[str, str]) -> None:
    """Import a table whose rows take a while to store, and kill the worker when it begins to."""
    [worker] = server.pids("headway.worker")
    rows = "".join(f"{os.urandom(100).hex()}\n" for _ in range(ROWS))
    answer = client.post("/imports", files={"file": ("long.csv", f"text\n{rows}")}).raise_for_status()
    job_id = answer.json()["id"]
    if own["HEADWAY_STORAGE_URL"].startswith("file:"):
        wait_for(lambda: unfinished(own), 30, every=0.001)
    else:
        until(lambda: client.get(f"/jobs/{job_id}").json()["stage"] in {"store", "publish", "done"})
    os.kill(worker, signal.SIGKILL)
    assert ended(client, job_id, 90)["status"] == "completed"


@pytest.mark.timeout(300)  # a whole start, two attempts and a command, on a machine that may be busy
def test_after_a_kill_the_sweep_leaves_what_is_named_and_nothing_else(tmp_path: Path, own: dict[str, str]) -> None:
    local = own["HEADWAY_STORAGE_URL"].startswith("file:")
    with running_server(tmp_path / "data", own) as server, server.client() as client:
        for _ in range(TRIES if local else 1):  # a worker that was just done leaves nothing
            kill_while_it_stores(server, client, own)
            if unfinished(own):
                break
        assert bool(unfinished(own)) == local
        orphan = forgotten(own)
        assert objects(own) >= named(own) | {orphan}
        command = [sys.executable, "-m", "headway.cli", "sweep", "--older-than", "0"]
        swept = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=True)
        assert swept.stderr == ""
        assert objects(own) == named(own)
        assert unfinished(own) == []
        (newest, *_) = client.get("/datasets").json()["items"]
        assert client.get(f"/datasets/{newest['id']}/rows", params={"limit": 1}).json()["rows"]
    assert list((tmp_path / "data" / "spool").iterdir()) == []
