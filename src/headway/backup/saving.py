"""Backup: all rows as of one moment, then the objects they name, while the product runs.

Objects are written before the rows that name them and never change, so they can be copied after the rows were read.
Only a deletion can come between; then the rows are read once more.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from sqlalchemy.ext.asyncio import AsyncSession

from headway.backup.archive import ArchiveWriter, new_archive
from headway.backup.manifest import BackupFailed, Manifest
from headway.backup.rows import TABLES, dump, named_objects
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.migrations import newest_revision, present_revision
from headway.storage.errors import ObjectMissing
from headway.storage.store import ObjectStore

SECRET = "secret"  # noqa: S105 - the name of a member


@dataclass(frozen=True, slots=True)
class _Rows:
    """Every table as of one moment, and whether each object that they name must be there."""

    read_at: datetime
    files: dict[str, IO[bytes]]
    counts: dict[str, int]
    objects: dict[str, bool]


async def save(
    path: Path,
    *,
    database: Database,
    store: ObjectStore,
    clock: Clock,
    product: str,
    secret: str | None,
    force: bool,
    tell: Callable[[str], object],
) -> Manifest:
    """Write a backup to `path`; the answer lists the objects that were missing. Raises BackupFailed."""
    with new_archive(path, force=force) as archive, contextlib.ExitStack() as files:
        rows = await _read_rows(database, clock, path.parent, files)
        tell(f"Rows read: {sum(rows.counts.values()):,}. Objects to copy: {len(rows.objects):,} at most.")
        missing = await _copy_objects(rows.objects, store, archive)
        while missing:
            # Deleted in the meantime, or really lost: rows that were read after that tell.
            rows, before = await _read_rows(database, clock, path.parent, files), missing
            missing = await _copy_objects(rows.objects, store, archive)
            if missing == before:
                break
        for name, file in rows.files.items():
            archive.add_file(f"tables/{name}.ndjson", file)
        if secret is not None:
            archive.add(SECRET, secret.encode())
        manifest = Manifest(
            product=product,
            revision=newest_revision(),
            created_at=rows.read_at.isoformat(),
            rows=rows.counts,
            members=dict(archive.members),
            missing=sorted(missing),
        )
        archive.end(manifest)
    return manifest


async def _read_rows(database: Database, clock: Clock, folder: Path, files: contextlib.ExitStack) -> _Rows:
    async with database.snapshot() as session:
        await _refuse_other_schema(session)
        rows = _Rows(clock.now(), {}, {}, await named_objects(session))
        for table in TABLES:
            # A file without a name, so that a killed backup leaves none.
            file = files.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 - the stack closes it
            rows.counts[table.name] = await dump(session, table, file)
            rows.files[table.name] = file
    return rows


async def _refuse_other_schema(session: AsyncSession) -> None:
    present = await session.run_sync(lambda sync: present_revision(sync.connection()))
    if present != newest_revision():
        raise BackupFailed(
            f"The database has schema {present or 'none'}, and this version of Headway needs {newest_revision()}. "
            "Run `headway migrate`, or back up with the version that uses this database."
        )


async def _copy_objects(keys: dict[str, bool], store: ObjectStore, archive: ArchiveWriter) -> set[str]:
    """Copy what is not in the archive yet; return the keys of what must be in the store and is not."""
    missing = set()
    for key, must_be_there in keys.items():
        name = f"objects/{key}"
        if name in archive.members:
            continue
        try:
            found = await store.stat(key)
            with archive.member(name, found.size_bytes) as write:
                async for chunk in store.read(key):
                    write(chunk)
        except ObjectMissing:
            if must_be_there:
                missing.add(key)
    return missing
