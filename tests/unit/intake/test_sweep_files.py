"""The sweep of a machine's files: what killed processes left goes, what a living one uses stays."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from headway.intake.sweep import Leftover
from headway.kit.db import Database
from headway.storage.local import TEMPORARY, LocalStore
from tests.support.clock import FakeClock
from tests.support.imports_world import World


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


@pytest.fixture
def world(database: Database, store: LocalStore, clock: FakeClock, tmp_path: Path) -> World:
    return World(database, store, clock, tmp_path)


async def swept(world: World, *, dry_run: bool = False) -> dict[str, int]:
    report = await world.sweep.run(dry_run=dry_run)
    return {each.kind: each.tally.count for each in report.leftovers if each.tally.count}


def make(path: Path, data: bytes = b"12345") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


async def test_a_half_written_file_goes_unless_its_writer_lives(world: World, tmp_path: Path) -> None:
    living = await world.store.open_writer("originals/a")
    await living.write(b"data")
    dead = make(tmp_path / "objects" / TEMPORARY / f"{uuid4().hex}.part")
    probe = make(tmp_path / "objects" / f".{uuid4().hex}.checkup")
    assert await swept(world) == {}
    world.a_day_later()
    assert await swept(world, dry_run=True) == {"unfinished files": 2}
    assert dead.exists()
    assert await swept(world) == {"unfinished files": 2}
    assert not dead.exists()
    assert not probe.exists()
    await living.commit()
    assert "originals/a" in await world.objects()


async def test_empty_folders_go_but_not_those_of_living_jobs(world: World, tmp_path: Path) -> None:
    rows = tmp_path / "objects" / "rows"
    dataset_id, _ = await world.published()
    await world.datasets.delete("ann", dataset_id)
    living = await world.upload()
    (rows / str(living) / "1").mkdir(parents=True)
    (rows / str(uuid4()) / "1").mkdir(parents=True)
    await world.published()
    world.a_day_later()
    # Two: the one of the deleted dataset, whose objects went with it, and the one of a job that never was.
    assert (await swept(world))["empty folders"] == 2
    left = {path.relative_to(rows).as_posix() for path in rows.rglob("*") if path.is_dir()}
    assert {f"{living}", f"{living}/1"} < left
    assert len(left) == 4
    assert await swept(world) == {}


async def test_work_folders_go_but_not_those_of_living_jobs(world: World) -> None:
    spool = world.folders.spool_dir
    living, ended = await world.upload(), (await world.attempt(await world.upload()))
    await world.fail(ended)
    folders = [spool / f"{job}-1" for job in (living, ended.job_id, uuid4())]
    for folder in folders:
        make(folder / "out" / "0.parquet")
    assert await swept(world) == {}
    world.clock.advance(2 * world.folders.parse_seconds)
    assert await swept(world, dry_run=True) == {"work folders": 2}
    assert await swept(world) == {"work folders": 2}
    assert [folder.exists() for folder in folders] == [True, False, False]


async def test_a_work_folder_is_as_young_as_what_was_last_written_into_it(world: World) -> None:
    folder = world.folders.spool_dir / f"{uuid4()}-1"
    make(folder / "out" / "0.parquet")
    old = world.clock.now().timestamp() - 10 * world.folders.parse_seconds
    for path in (folder, folder / "out"):
        os.utime(path, (old, old))
    assert await swept(world) == {}
    os.utime(folder / "out" / "0.parquet", (old, old))
    assert await swept(world) == {"work folders": 1}


async def test_half_fetched_copies_and_drafts_of_the_secret_go(world: World) -> None:
    cache, data = world.folders.cache_dir, world.folders.data_dir
    left = [cache / "a.part", cache / "scratch" / "duckdb_temp_storage-0.tmp", data / ".jwt_secret.0123"]
    kept = [cache / "a.parquet", data / "jwt_secret", data / "headway.db"]
    for path in (*left, *kept):
        make(path)
    assert await swept(world) == {}
    world.a_day_later()
    assert await swept(world) == {"cache files": 2, "secret drafts": 1}
    assert [path.exists() for path in (*left, *kept)] == [False] * 3 + [True] * 3


async def test_a_folder_that_cannot_be_read_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    make(world.folders.spool_dir / f"{uuid4()}-1")

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    report = await world.sweep.run(older_than=timedelta(0))
    failed: list[Leftover] = [each for each in report.leftovers if each.failure]
    assert [each.kind for each in failed] == ["work folders"]
    assert "Permission denied" in next(report.problems)
