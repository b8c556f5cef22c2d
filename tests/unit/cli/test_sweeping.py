"""`headway sweep` and what `headway doctor` says of stored files, as commands on a real database and store."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from headway.cli import main
from headway.cli.sweeping import age
from headway.jobs.models import JobCount
from headway.kit.db import Database
from headway.storage.leftovers import LIFECYCLE_NOTE
from headway.storage.opening import open_store
from tests.support.clock import FakeClock
from tests.support.imports_world import World, rows_keys

Work = Callable[[World], Awaitable[str]]


class Machine:
    """A terminal where the product is installed, and what its services did there."""

    def __init__(self, database_url: str, storage_url: str, folder: Path) -> None:
        self._database_url, self._storage_url, self._folder = database_url, storage_url, folder

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(main, list(words))

    def have(self, work: Work) -> str:
        """Do something with the services; each run has its own loop, as each command has."""

        async def done() -> str:
            database, store = Database(self._database_url), open_store(self._storage_url)
            try:
                return await work(World(database, store, FakeClock(), self._folder))
            finally:
                await store.close()
                await database.close()

        return asyncio.run(done())


@pytest.fixture
def machine(database_url: str, storage_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    (tmp_path / "data").mkdir(mode=0o700)
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("HEADWAY_STORAGE_URL", storage_url)
    return Machine(database_url, storage_url, tmp_path)


async def leave(world: World) -> str:
    return await world.put(f"originals/{uuid4()}")


async def lose(world: World) -> str:
    lease = await world.attempt(await world.upload())
    await world.publish(lease)
    await world.store.delete(rows_keys(lease)[0])
    return rows_keys(lease)[0]


def lines(result: Result) -> dict[str, list[str]]:
    found = (line.split("\t") for line in result.stdout.splitlines() if "\t" in line)
    return {name: more for name, *more in found}


def test_it_shows_first_and_removes_then(machine: Machine) -> None:
    machine.have(leave)
    assert lines(machine.run("sweep"))["originals without a row"] == ["0", "-", "-"]
    shown = machine.run("sweep", "--dry-run", "--older-than", "0")
    assert lines(shown)["originals without a row"][:2] == ["1", "5 B"]
    assert "Nothing was removed" in shown.stdout
    removed = machine.run("sweep", "--older-than", "0")
    assert (removed.exit_code, removed.stderr) == (0, "")
    assert lines(removed)["originals without a row"][:2] == ["1", "5 B"]
    assert lines(machine.run("sweep", "--older-than", "0"))["originals without a row"] == ["0", "-", "-"]


def test_lost_files_are_a_problem_for_both_commands(machine: Machine) -> None:
    assert "stored files\tok" in machine.run("doctor").stdout
    key = machine.have(lose)
    swept = machine.run("sweep")
    assert swept.exit_code == 0
    assert key in swept.stderr
    assert lines(swept)["lost rows"][0] == "1"
    examined = machine.run("doctor")
    assert examined.exit_code == 1
    assert any(line.startswith("stored files\tproblem") and key in line for line in examined.stdout.splitlines())


async def miscount(world: World) -> str:
    await world.publish(await world.attempt(await world.upload()))
    async with world.database.write() as session:
        await session.execute(sa.update(JobCount).values(count=JobCount.count + 1))
    return ""


def test_counts_that_are_wrong_are_a_problem_until_the_next_sweep(machine: Machine) -> None:
    assert "job counts\tok" in machine.run("doctor").stdout
    machine.have(miscount)
    assert lines(machine.run("doctor"))["job counts"][0] == "problem"
    wrong = lines(machine.run("sweep", "--dry-run"))["wrong counts of jobs"][0]
    assert int(wrong) >= 1
    assert lines(machine.run("sweep"))["wrong counts of jobs"][0] == wrong
    assert lines(machine.run("doctor"))["job counts"][0] == "ok"


def test_of_s3_both_commands_ask_for_a_lifecycle_rule(machine: Machine) -> None:
    needed = os.environ["HEADWAY_STORAGE_URL"].startswith("s3:")
    assert (LIFECYCLE_NOTE in machine.run("sweep").stdout) == needed
    assert (f"object store\tnote\t{LIFECYCLE_NOTE}" in machine.run("doctor").stdout) == needed


def test_a_disk_that_is_nearly_full_is_worth_a_note(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(10**12, 10**12 - 10**10, 10**10))
    assert "data folder\tnote\tThe disk of" in machine.run("doctor").stdout


def test_without_a_schema_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(tmp_path))
    failed = CliRunner().invoke(main, ["sweep"])
    assert failed.exit_code == 1
    assert "headway migrate" in failed.output


@pytest.mark.parametrize(
    ("seconds", "said"), [(-5, "0 min"), (59 * 60, "59 min"), (90 * 60, "1 h 30 min"), (27 * 3600, "1 d 3 h")]
)
def test_ages(seconds: float, said: str) -> None:
    assert age(timedelta(seconds=seconds)) == said
