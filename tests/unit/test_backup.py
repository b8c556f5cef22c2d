"""Backup and restore: everything comes back, on either database and store, and half a backup is none."""

from __future__ import annotations

import fcntl
import io
import json
import stat
import tarfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.accounts.secrets import FILE_NAME, find_secret, keep_secret
from headway.audit.log import By
from headway.backup import manifest as manifests
from headway.backup.archive import open_archive
from headway.backup.manifest import BackupFailed, Manifest
from headway.backup.restoring import restore
from headway.backup.rows import TABLES, dump, load
from headway.backup.saving import save
from headway.engine.models import WorkerLease
from headway.kit.db import Database
from headway.migrations import migrate, sync_engine
from headway.storage.local import LocalStore
from headway.storage.store import ObjectInfo, ObjectStore, ObjectWriter
from tests.support.clock import FakeClock
from tests.support.filled import SECRET, Headway, arrived

LET_GO = {"status", "lease_owner", "lease_expires_at", "stage", "stalled_at", "queue", "queued_at"}
RESUMED = LET_GO | {"message", "version", "updated_at"}
JOBS = next(table for table in TABLES if table.name == "background_jobs")


@pytest.fixture
def here(database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path) -> Headway:
    """The product on the backend that the tests run on."""
    return Headway(database, store, clock, made(tmp_path / "here"))


@pytest.fixture
async def there(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Headway]:
    """Another one, always on SQLite and a folder, without a schema yet."""
    folder = made(tmp_path / "there")
    database = Database(f"sqlite:///{folder}/headway.db")
    yield Headway(database, LocalStore(folder / "objects"), clock, folder)
    await database.close()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "backup.tar"


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def back_up(product: Headway, path: Path, *, force: bool = False) -> Manifest:
    return await save(
        path, database=product.database, store=product.store, clock=product.clock, product="1.2.3",
        secret=find_secret(product.data_dir), force=force, tell=lambda _sentence: None,
    )  # fmt: skip


async def bring_back(path: Path, product: Headway, *, has_own_secret: bool = False) -> Manifest:
    return await restore(
        path, database=product.database, store=product.store, clock=product.clock, jobs=product.jobs,
        product="1.2.3", data_dir=product.data_dir, has_own_secret=has_own_secret, by=By("local:ada"), tell=str,
    )  # fmt: skip


async def is_untouched(product: Headway) -> bool:
    """Whether neither a row nor an object is there."""
    async with product.database.read() as session:
        names = await session.run_sync(lambda sync: sa.inspect(sync.connection()).get_table_names())
    rows = await product.rows() if names else {}
    return not any(rows.values()) and not await product.objects()


def unlike(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one if one[name] != other[name]}


@pytest.mark.parametrize("backwards", [False, True])
async def test_everything_comes_back(here: Headway, there: Headway, archive: Path, *, backwards: bool) -> None:
    source, target = (there, here) if backwards else (here, there)
    if backwards:
        await target_with_schema(source)
    keep_secret(source.data_dir, SECRET)
    ada, bob = await source.add_user("ada@example.org", "admin"), await source.add_user("bob@example.org")
    jobs = await source.fill(ada)
    await source.fill(bob)
    manifest = await back_up(source, archive)
    assert manifest.missing == []
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600

    await bring_back(archive, target)
    before, after = await source.rows(), await target.rows()
    assert before.keys() == after.keys() == {table.name for table in TABLES}
    assert all(before.values())
    assert (await target.objects(), find_secret(target.data_dir)) == (arrived(await source.objects()), SECRET)
    changed = {
        one["id"]: unlike(one, other)
        for one, other in zip(before.pop("background_jobs"), after.pop("background_jobs"), strict=True)
        if one != other
    }
    assert len(changed) == 4
    assert changed[jobs["running"]] <= RESUMED
    assert {"status", "problem"} <= changed[jobs["paused"]]
    resumed = [event for event in after["job_events"] if event not in before["job_events"]]
    assert sorted(event["kind"] for event in resumed) == ["failed", "failed", "restored", "restored"]
    after["job_events"] = [event for event in after["job_events"] if event not in resumed]
    assert {event["job_id"] for event in resumed} == changed.keys()
    [restored] = [entry for entry in after["audit_log"] if entry not in before["audit_log"]]
    assert (restored["action"], restored["details"]["made_at"]) == ("backup.restore", manifest.created_at)
    after["audit_log"].remove(restored)
    assert after == before


async def target_with_schema(product: Headway) -> None:
    migrate(product.database.sync_url)


async def test_a_job_that_somebody_held_waits_again(here: Headway, there: Headway, archive: Path) -> None:
    jobs = await here.fill(await here.add_user("ada@example.org"))
    await back_up(here, archive)
    await bring_back(archive, there)
    found = {row["id"]: row for row in (await there.rows())["background_jobs"]}
    running = found[jobs["running"]]
    assert (running["status"], running["lease_owner"], running["lease_expires_at"]) == ("pending", None, None)
    assert running["attempt"] == 1
    assert await there.jobs.claim(jobs["running"], "another worker", seconds=30) is not None
    # Silence will end both, as it would have without a backup.
    assert found[jobs["uploading"]]["lease_expires_at"] is not None
    assert (found[jobs["reported"]]["status"], found[jobs["reported"]]["engine"]) == ("running", "external")


async def test_a_backup_is_as_of_one_moment(
    here: Headway, there: Headway, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await here.add_user("ada@example.org")
    await here.publish(ada, await here.upload(ada, "first.csv"))
    rows = await here.rows()

    async def dump_while_people_work(session: AsyncSession, table: sa.Table, out: IO[bytes]) -> int:
        await here.upload(await here.add_user(f"{table.name}@example.org"), "late.csv")
        return await dump(session, table, out)

    monkeypatch.setattr("headway.backup.saving.dump", dump_while_people_work)
    await back_up(here, archive)
    await bring_back(archive, there)
    restored = await there.rows()
    restored["audit_log"] = [entry for entry in restored["audit_log"] if entry["action"] != "backup.restore"]
    assert restored == rows


async def test_a_dataset_deleted_meanwhile_is_not_missing(here: Headway, there: Headway, archive: Path) -> None:
    ada = await here.add_user("ada@example.org")
    dataset = await here.publish(ada, await here.upload(ada, "gone.csv"))
    kept = await here.publish(ada, await here.upload(ada, "kept.csv"))
    here.store = Meanwhile(here.store, lambda: here.datasets.delete(ada, dataset))  # type: ignore[assignment]
    assert (await back_up(here, archive)).missing == []
    await bring_back(archive, there)
    assert [row["id"] for row in (await there.rows())["datasets"]] == [kept]


async def test_what_is_missing_is_said_and_the_rest_is_there(here: Headway, there: Headway, archive: Path) -> None:
    ada = await here.add_user("ada@example.org")
    lost, kept = await here.upload(ada, "lost.csv"), await here.upload(ada, "kept.csv")
    await here.store.delete(f"originals/{lost}")
    manifest = await back_up(here, archive)
    assert manifest.missing == [f"originals/{lost}"]
    await bring_back(archive, there)
    assert list(await there.objects()) == [f"originals/{kept}"]
    assert len((await there.rows())["imports"]) == 2


async def test_the_original_of_a_deleted_dataset_is_not_missed(here: Headway, archive: Path) -> None:
    ada = await here.add_user("ada@example.org")
    await here.datasets.delete(ada, await here.publish(ada, await here.upload(ada, "a.csv")))
    assert (await back_up(here, archive)).missing == []


async def test_no_part_of_a_damaged_backup_is_restored(here: Headway, there: Headway, archive: Path) -> None:
    keep_secret(here.data_dir, SECRET)
    await here.fill(await here.add_user("ada@example.org"))
    await back_up(here, archive)
    whole = archive.read_bytes()
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
    damaged = [whole[:size] for size in (0, 100, 512, len(whole) // 2, members[-1].offset, members[-1].offset_data + 9)]
    for member in members:
        position = member.offset_data + member.size // 2 if member.size else member.offset
        damaged.append(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
    damaged.append(whole[: members[1].offset] + whole[members[2].offset :])
    for content in damaged:
        archive.write_bytes(content)
        with pytest.raises(BackupFailed, match=r"damaged or incomplete|is no backup"):
            await bring_back(archive, there)
        assert await is_untouched(there)
        assert find_secret(there.data_dir) is None
    archive.write_bytes(whole)
    await bring_back(archive, there)


async def test_only_an_empty_target_is_filled(here: Headway, there: Headway, archive: Path) -> None:
    await here.add_user("ada@example.org")
    await back_up(here, archive)
    await bring_back(archive, there)
    rows = await there.rows()
    with pytest.raises(BackupFailed, match="not empty: there are users"):
        await bring_back(archive, there)
    assert await there.rows() == rows


async def test_nothing_is_restored_below_a_running_worker(here: Headway, there: Headway, archive: Path) -> None:
    await here.add_user("ada@example.org")
    await back_up(here, archive)
    with (there.data_dir / "jobs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BackupFailed, match="Headway runs on"):
            await bring_back(archive, there)
    await target_with_schema(there)
    now = there.clock.now()
    async with there.database.write() as session:
        session.add(WorkerLease(executor_id="w", host="h", pid=1, started_at=now, beat_at=now))
    with pytest.raises(BackupFailed, match="A worker is running"):
        await bring_back(archive, there)
    assert await is_untouched(there)


async def test_a_backup_of_another_version_names_it(here: Headway, there: Headway, archive: Path) -> None:
    manifest = await back_up(here, archive)
    rewrite_manifest(archive, {**json.loads(manifest.to_bytes()), "revision": "9999", "product": "9.9"})
    with pytest.raises(BackupFailed, match=r"made by Headway 9\.9 \(schema 9999\)"):
        await bring_back(archive, there)
    rewrite_manifest(archive, {**json.loads(manifest.to_bytes()), "format": 2, "product": "9.9"})
    with pytest.raises(BackupFailed, match=r"format 2.* Restore it with Headway 9\.9"):
        await bring_back(archive, there)


def rewrite_manifest(archive: Path, content: dict[str, Any]) -> None:
    content.pop("sha256")
    text = json.dumps({**content, "sha256": manifests._digest(content)}).encode()
    with tarfile.open(archive) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    with tarfile.open(archive, "w") as tar:
        for name, data in {**members, "manifest.json": text}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


async def test_a_schema_of_another_version_is_not_backed_up(there: Headway, archive: Path) -> None:
    with pytest.raises(BackupFailed, match=r"has schema none.*`headway migrate`"):
        await back_up(there, archive)
    assert list(archive.parent.glob("backup*")) == []


async def test_an_interrupted_restore_is_repeated(here: Headway, there: Headway, archive: Path) -> None:
    await here.fill(await here.add_user("ada@example.org"))
    await back_up(here, archive)
    whole = there.store
    there.store = Failing(whole)  # type: ignore[assignment]
    with pytest.raises(OSError, match="power"):
        await bring_back(archive, there)
    there.store = whole
    assert len(await there.objects()) == 1
    await bring_back(archive, there)
    assert await there.objects() == arrived(await here.objects())


async def test_another_object_under_a_key_is_not_written_over(here: Headway, there: Headway, archive: Path) -> None:
    key = f"originals/{await here.upload(await here.add_user('ada@example.org'), 'a.csv')}"
    await back_up(here, archive)
    await there.put(key, b"somebody else's")
    with pytest.raises(BackupFailed, match=f"something else under {key}"):
        await bring_back(archive, there)
    assert await there.objects() == {key: b"somebody else's"}


async def test_a_secret_of_the_target_stays(here: Headway, there: Headway, archive: Path) -> None:
    keep_secret(here.data_dir, SECRET)
    await back_up(here, archive)
    await bring_back(archive, there, has_own_secret=True)
    assert not (there.data_dir / FILE_NAME).exists()
    keep_secret(there.data_dir, SECRET[::-1])
    await bring_back(archive, there)
    assert find_secret(there.data_dir) == SECRET[::-1]
    assert stat.S_IMODE((there.data_dir / FILE_NAME).stat().st_mode) == 0o600


async def test_a_backup_is_there_whole_or_not_at_all(here: Headway, archive: Path) -> None:
    archive.write_text("an older one")
    with pytest.raises(BackupFailed, match=r"exists already.*--force"):
        await back_up(here, archive)
    ada = await here.add_user("ada@example.org")
    await here.upload(ada, "a.csv")
    sound = here.store
    here.store = Failing(sound)  # type: ignore[assignment]
    with pytest.raises(OSError, match="power"):
        await back_up(here, archive, force=True)
    assert [path.name for path in archive.parent.glob("backup*")] == [archive.name]
    assert archive.read_text() == "an older one"
    here.store = sound
    archive.with_name("backup.tar.part").write_text("what a killed one left behind, and longer than nothing" * 1000)
    await back_up(here, archive, force=True)
    with open_archive(archive) as opened:
        assert len(opened.names("objects")) == 1
    with archive.with_name("backup.tar.part").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BackupFailed, match="Another backup is writing"):
            await back_up(here, archive, force=True)


async def test_every_kind_of_value_survives(database: Database) -> None:
    table = sa.Table(
        "every_kind", sa.MetaData(), sa.Column("id", sa.Uuid, primary_key=True), sa.Column("at", JOBS.c.created_at.type),
        sa.Column("text", sa.Text), sa.Column("big", sa.BigInteger), sa.Column("flag", sa.Boolean),
        sa.Column("blob", sa.LargeBinary), sa.Column("amount", sa.Numeric(30, 10, asdecimal=True)),
        sa.Column("json", JOBS.c.metadata.type), sa.Column("number", sa.Float(53)),
    )  # fmt: skip
    moment = datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=UTC)
    rows = [
        {"id": UUID(int=1), "at": moment, "text": 'line\nbreak "quoted" \u2028 😀', "big": 2**62, "flag": True,
         "blob": bytes(range(256)), "amount": Decimal("1.5"), "json": {"a": [1, None, 0.1, 2**60, "ü"]}, "number": 0.1},
        {"id": UUID(int=2), "at": moment + timedelta(days=1), "text": None, "big": None, "flag": None, "blob": None,
         "amount": None, "json": None, "number": None},
    ]  # fmt: skip
    out = io.BytesIO()
    async with database.write() as session:
        await session.run_sync(lambda sync: table.create(sync.connection()))
        await session.execute(sa.insert(table), rows)
        assert await dump(session, table, out) == 2
        await session.execute(sa.delete(table))
        assert await load(session, table, out.getvalue().splitlines()) == 2
        found = [dict(row) for row in (await session.execute(sa.select(table).order_by(table.c.id))).mappings()]
    assert found == rows
    assert b"2024-02-29T23:59:59.123456+00:00" in out.getvalue()


def test_no_table_counts_by_a_sequence_that_restoring_would_have_to_set(database_url: str) -> None:
    assert [table.name for table in TABLES if table.autoincrement_column is not None] == []
    engine = sync_engine(database_url)
    with engine.connect() as connection:
        names = sa.inspect(connection).get_sequence_names() if connection.dialect.name == "postgresql" else []
    engine.dispose()
    assert names == []


class Through:
    """A store that passes everything on."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class Meanwhile(Through):
    """A store at whose first question something happens, as it may while a backup runs."""

    def __init__(self, store: ObjectStore, event: Callable[[], Any]) -> None:
        super().__init__(store)
        self._event: Callable[[], Any] | None = event

    async def stat(self, key: str) -> ObjectInfo:
        if self._event is not None:
            event, self._event = self._event, None
            await event()
        return await self._store.stat(key)


class Failing(Through):
    """A store that fails at its second writer, and in the middle of every object that is read."""

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(store)
        self._writers = 0

    async def open_writer(self, key: str) -> ObjectWriter:
        self._writers += 1
        if self._writers == 2:
            raise OSError("power")
        return await self._store.open_writer(key)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        async for chunk in self._store.read(key):
            yield chunk[:1]
            raise OSError("power")
