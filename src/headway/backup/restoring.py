"""Restore: the whole archive is read and compared first, then objects, then all rows in one transaction.

A restore that was killed can be repeated: without rows the target still counts as empty, and the objects that are
there already are the same ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.accounts.secrets import keep_secret
from headway.audit.log import INSTALLATION, TABLE_NAME, By, record
from headway.backup.archive import Archive, open_archive
from headway.backup.manifest import BackupFailed, Manifest
from headway.backup.rows import TABLES, load
from headway.backup.saving import SECRET
from headway.engine.lease import AnotherWorkerRuns, count_alive, hold_worker_lock
from headway.intake.upload_errors import UploadInterrupted
from headway.jobs.service import JobMonitoringService
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.migrations import migrate, newest_revision, present_revision
from headway.storage.errors import ObjectMissing
from headway.storage.store import ObjectStore


async def restore(
    path: Path,
    *,
    database: Database,
    store: ObjectStore,
    clock: Clock,
    jobs: JobMonitoringService,
    product: str,
    data_dir: Path,
    has_own_secret: bool,
    tell: Callable[[str], object],
    by: By,
) -> Manifest:
    """Fill an empty database and store from the backup at `path`. Raises BackupFailed before anything is written."""
    with open_archive(path) as archive, _no_worker_beside(data_dir, database):
        manifest = archive.manifest
        _refuse_other_version(manifest, product)
        await _refuse_rows(database)
        await _migrate(database)
        async with database.read() as session:
            await _refuse_workers(session, database, clock)
        keys = archive.names("objects")
        tell(f"The backup is whole. Objects to put into the store: {len(keys):,}.")
        for key in keys:
            await _put_object(archive, key, store)
        if SECRET in manifest.members and not has_own_secret:
            keep_secret(data_dir, b"".join(archive.chunks(SECRET)).decode())
        tell(f"Rows to put into the database: {sum(manifest.rows.values()):,}.")
        async with _emptied_of_others(database) as session:
            await _refuse_workers(session, database, clock)
            await _load_rows(session, archive)
            await jobs.resume_restored_in(session)
            # What had come of them is no backup's business: their senders have it still.
            await jobs.uploads.end_restored_in(session, UploadInterrupted("It was under way.").problem())
            made_at = manifest.created_at
            await record(session, clock, by, "backup.restore", INSTALLATION, made_at=made_at, product=manifest.product)
    return manifest


@contextlib.contextmanager
def _no_worker_beside(data_dir: Path, database: Database) -> Iterator[None]:
    """On SQLite, be the one worker of the data folder meanwhile."""
    if not database.is_sqlite:
        yield
        return
    try:
        lock = hold_worker_lock(data_dir)
    except AnotherWorkerRuns as error:
        raise BackupFailed(f"Headway runs on {data_dir}. Stop it, then restore into an empty data folder.") from error
    with lock:
        yield


def _refuse_other_version(manifest: Manifest, product: str) -> None:
    if manifest.revision != newest_revision():
        raise BackupFailed(
            f"This backup was made by Headway {manifest.product} (schema {manifest.revision}), and this is {product} "
            f"(schema {newest_revision()}). Restore it with the version that made it, then upgrade."
        )


async def _refuse_rows(database: Database) -> None:
    """Refuse a database that holds anything of ours, in whatever schema, before the schema is touched."""
    async with database.read() as session:
        present = await session.run_sync(lambda sync: set(sa.inspect(sync.connection()).get_table_names()))
        await _refuse_rows_in(session, [table for table in TABLES if table.name in present])


async def _refuse_rows_in(session: AsyncSession, tables: list[sa.Table]) -> None:
    """Refuse rows of these tables. Entries of the audit alone are no data: a command may have left them."""
    for table in (table for table in tables if table.name != TABLE_NAME):
        if (await session.execute(sa.select(sa.literal(1)).select_from(table).limit(1))).first() is not None:
            raise BackupFailed(
                f"The database is not empty: there are {table.name.replace('_', ' ')} in it. "
                "Restore into a new one: another HEADWAY_DATA_DIR, or another DATABASE_URL."
            )


async def _migrate(database: Database) -> None:
    await asyncio.to_thread(migrate, database.sync_url)
    async with database.read() as session:
        present = await session.run_sync(lambda sync: present_revision(sync.connection()))
    if present != newest_revision():
        raise BackupFailed(f"A later version of Headway has set this database up (schema {present}). Use a new one.")


async def _refuse_workers(session: AsyncSession, database: Database, clock: Clock) -> None:
    if await count_alive(session, database, clock):
        raise BackupFailed("A worker is running on this database. Stop Headway everywhere, then restore.")


async def _put_object(archive: Archive, key: str, store: ObjectStore) -> None:
    name = f"objects/{key}"
    try:
        present = await store.stat(key)
    except ObjectMissing:
        present = None
    if present is not None:
        digest = hashlib.sha256()
        async for chunk in store.read(key):
            digest.update(chunk)
        if digest.hexdigest() != archive.manifest.members[name].sha256:
            raise BackupFailed(f"The store has something else under {key}. Restore into an empty store.")
        return
    writer = await store.open_writer(key)
    try:
        for chunk in archive.chunks(name):
            await writer.write(chunk)
        await writer.commit()
    except BaseException:
        await writer.abort()
        raise


@contextlib.asynccontextmanager
async def _emptied_of_others(database: Database) -> AsyncIterator[AsyncSession]:
    """Open the one transaction of all rows; nobody else reads or writes these tables until it ends."""
    async with database.write() as session:
        if not database.is_sqlite:
            # An API that starts now waits here before it looks whether a first administrator is needed.
            names = ", ".join(f'"{table.name}"' for table in TABLES)
            await session.execute(sa.text(f"lock table {names} in access exclusive mode"))
        await _refuse_rows_in(session, TABLES)
        yield session


async def _load_rows(session: AsyncSession, archive: Archive) -> None:
    counts = {}
    for table in TABLES:
        with archive.open(f"tables/{table.name}.ndjson") as lines:
            counts[table.name] = await load(session, table, lines)
    if counts != archive.manifest.rows:
        raise BackupFailed(
            "The backup has other rows than its manifest counts. Nothing was restored; take another one."
        )
