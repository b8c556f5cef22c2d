"""`headway users delete`: of the person nothing is left, and of everybody else everything."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headway.accounts.errors import LastAdmin, UserNotFound
from headway.audit.log import HEADWAY
from headway.cli import main
from headway.jobs.errors import StaleLease
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.operator.erasing import Belongings, ErasedRows, Eraser
from headway.recipes.service import RecipeService
from headway.storage.errors import StoreUnavailable
from headway.storage.opening import open_store
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.executing import executing
from tests.support.filled import Headway

ADA, BOB = "ada@example.org", "bob@example.org"


@pytest.fixture
def headway(database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path) -> Headway:
    return Headway(database, store, clock, tmp_path / "here")


async def erase(headway: Headway, email: str, stop_seconds: float = 0) -> tuple[ErasedRows, int, int]:
    """Erase a user as the command does; return how much there was, and how many objects went and stayed."""
    recipes = RecipeService(headway.database, SystemClock())
    belongings = Belongings(
        headway.database, headway.jobs, headway.intake, headway.datasets, recipes, headway.rule_sets
    )
    eraser = Eraser(headway.accounts, belongings)
    rows = await eraser.erase_rows(email, by=HEADWAY, stop_seconds=stop_seconds)
    erased = await belongings.erase_objects(rows)
    return rows, erased.objects, erased.left


def naming(rows: dict[str, list[dict[str, Any]]], *words: object) -> list[tuple[str, str]]:
    """Return where in the database one of these words stands."""
    return [
        (table, column)
        for table, found in rows.items()
        for row in found
        for column, value in row.items()
        if any(str(word) in str(value) for word in words)
    ]


async def test_nothing_of_the_person_is_left_and_nothing_of_others_is_touched(headway: Headway) -> None:
    bob = await headway.add_user(BOB, "admin")
    await headway.fill(bob)
    rows, objects = await headway.rows(), await headway.objects()
    ada = await headway.add_user(ADA)
    jobs = await headway.fill(ada)
    # What an attempt leaves that came to nothing, and an upload that was cut off.
    await headway.put(f"rows/{jobs['running']}/1/0.parquet", b"half")
    await headway.put(f"originals/{jobs['uploading']}", b"half")
    assert naming(await headway.rows(), ada, ADA)

    erased, gone, stayed = await erase(headway, ADA)
    assert (erased.datasets, erased.files, len(erased.job_ids), gone, stayed) == (1, 4, 7, 12, 0)
    left = await headway.rows()
    # What was done with the account and its programs stays, under an id that nobody has any more.
    audit = [entry for entry in left.pop("audit_log") if entry not in rows["audit_log"]]
    assert naming({"audit_log": audit}, ADA) == []
    assert {(entry["action"], entry["address"]) for entry in audit if entry["action"] != "queue.pause"} == {
        (action, None) for action in ("user.create", "token.create", "user.delete")
    }
    assert naming(left, ada, ADA, *jobs.values()) == []
    # How long stages took is known of nobody in particular.
    assert len(left.pop("job_durations")) == len(rows.pop("job_durations")) + 2
    del rows["audit_log"]
    assert left == rows
    assert await headway.objects() == objects
    with pytest.raises(UserNotFound):
        await erase(headway, ADA)


async def test_objects_of_jobs_that_were_deleted_before_go_too(headway: Headway) -> None:
    ada = await headway.add_user(ADA)
    jobs = await headway.fill(ada)
    for name, left in (("done", "0.rejects"), ("failed", "0.parquet")):
        await headway.put(f"rows/{jobs[name]}/1/{left}", b"half")
        await headway.jobs.delete(jobs[name], ada)
    await erase(headway, ADA)
    assert await headway.objects() == {}


async def test_a_running_job_is_asked_to_stop_first(headway: Headway) -> None:
    lease = await headway.claim(await headway.upload(await headway.add_user(ADA), "a.csv"))
    erasing = asyncio.create_task(erase(headway, ADA, stop_seconds=3600))
    while not (await headway.jobs.update_progress(lease.job_id, 50, lease=lease)).cancel_requested:
        assert not erasing.done()
    await headway.jobs.confirm_cancelled(lease)
    assert len((await erasing)[0].job_ids) == 1


async def test_a_worker_that_goes_on_publishes_nothing(headway: Headway) -> None:
    job_id = await headway.upload(await headway.add_user(ADA), "a.csv")
    lease = await headway.claim(job_id)
    await erase(headway, ADA)
    with pytest.raises(StaleLease):
        await headway.jobs.update_progress(job_id, 50, lease=lease)
    async with headway.database.write() as session:
        with pytest.raises(StaleLease):
            await headway.jobs.finish_in(session, lease, outcome="succeeded")
    # A delivery that comes too late ends; raising, it would be repeated for ever.
    await executing(headway.jobs, {}, "a worker").execute(job_id)


async def test_the_last_administrator_stays_with_everything(headway: Headway) -> None:
    ada = await headway.add_user(ADA, "admin")
    await headway.fill(ada)
    rows, objects = await headway.rows(), await headway.objects()
    with pytest.raises(LastAdmin):
        await erase(headway, ADA)
    after = await headway.rows()
    [refused] = [entry for entry in after.pop("audit_log") if entry not in rows["audit_log"]]
    assert (refused["action"], refused["target"], refused["result"]) == ("user.delete", ada, "users.last_admin")
    del rows["audit_log"]
    assert after == rows
    assert await headway.objects() == objects
    await headway.add_user(BOB, "admin")
    await erase(headway, ADA)


async def test_what_the_store_keeps_is_counted(headway: Headway, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await headway.add_user(ADA)
    await headway.publish(ada, await headway.upload(ada, "a.csv"))

    async def away(_key: str) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(headway.store, "delete", away)
    assert (await erase(headway, ADA))[1:] == (0, 2)
    left = await headway.rows()
    del left["audit_log"]
    assert naming(left, ada, ADA) == []


async def test_this_machines_copies_go_too(headway: Headway) -> None:
    ada = await headway.add_user(ADA)
    await headway.publish(ada, await headway.upload(ada, "a.csv"))
    (key,) = [key for key in await headway.objects() if key.startswith("rows/")]
    copy = headway.data_dir / "cache" / f"{sha256(key.encode()).hexdigest()}.parquet"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"rows")
    await erase(headway, ADA)
    assert not copy.exists()


@pytest.fixture
def runner(database_url: str, storage_url: str, tmp_path: Path) -> CliRunner:
    settings = {"HEADWAY_DATA_DIR": str(tmp_path / "here"), "DATABASE_URL": database_url, "JWT_SECRET": ""}
    return CliRunner(env={**settings, "HEADWAY_STORAGE_URL": storage_url})


def test_the_command_asks_and_tells(runner: CliRunner, database_url: str, storage_url: str, tmp_path: Path) -> None:
    async def fill() -> None:
        database, store = Database(database_url), open_store(storage_url)
        headway = Headway(database, store, SystemClock(), tmp_path / "here")
        await headway.add_user(BOB, "admin")
        ada = await headway.add_user(ADA)
        await headway.publish(ada, await headway.upload(ada, "a.csv"))
        await headway.upload(ada, "b.csv")
        await store.close()
        await database.close()

    asyncio.run(fill())
    refused = runner.invoke(main, ["users", "delete", ADA])
    assert (refused.exit_code, "Say --yes" in refused.output) == (1, True)
    done = runner.invoke(main, ["users", "delete", ADA, "--yes"])
    assert done.exit_code == 0, done.output
    assert done.output == f"Erased {ADA}: 1 dataset, 2 uploaded files, 2 jobs, 3 objects.\n"
    listed = runner.invoke(main, ["users", "list"]).output
    assert (ADA in listed, BOB in listed) == (False, True)
    for email, said in ((ADA, "There is no such user"), (BOB, "This is the last administrator")):
        result = runner.invoke(main, ["users", "delete", email, "--yes"])
        assert (result.exit_code, said in result.output) == (1, True)
