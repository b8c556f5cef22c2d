"""`headway backup` and `headway restore`: everything in one file, and back, also onto the other database or store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import click
import sqlalchemy as sa

from headway.accounts.secrets import find_secret
from headway.backup.manifest import BackupFailed, Manifest
from headway.backup.restoring import restore as restore_archive
from headway.backup.saving import SECRET, save
from headway.cli.configuration import load_settings, make_data_dir
from headway.cli.output import printable, sentence_of, size
from headway.cli.schema import shown_url
from headway.cli.whose import at_this_machine
from headway.errors import AppError
from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import open_signal
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.plurals import counted
from headway.settings import Settings
from headway.storage.opening import open_store
from headway.storage.store import ObjectStore

MISSING_SHOWN = 20

archive_path = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where Headway keeps everything on this machine."""

    settings: Settings
    database: Database
    store: ObjectStore


@click.command()
@archive_path
@click.option("--force", is_flag=True, help="Write over FILE if it exists.")
def backup(file: Path, *, force: bool) -> None:
    """Write everything into FILE, a tar, while Headway runs: accounts, jobs, datasets, files and the secret.

    The exit status is 1 if an object was missing; everything else is in FILE all the same.
    """
    settings = load_settings()
    _refuse_without_database(settings)
    manifest = _run(settings, partial(_save, file, force=force))
    click.echo(f"{file} has {_counted(manifest)}, {size(manifest.size_bytes)}.")
    click.echo("Keep it as secret as a password: it holds everybody's files and password hashes" + _secret(manifest))
    if manifest.missing:
        _tell_missing(manifest)
        raise click.exceptions.Exit(1)


@click.command()
@archive_path
def restore(file: Path) -> None:
    """Fill an empty database and an empty store from FILE. Stop Headway first; a restore that broke off is repeated."""
    settings = load_settings()
    make_data_dir(settings)
    manifest = _run(settings, partial(_restore, file))
    click.echo(f"Restored {_counted(manifest)}, as of {manifest.created_at}. Start Headway again.")
    if manifest.missing:
        click.echo(f"Missing already when the backup was made: {counted(len(manifest.missing), 'object')}.", err=True)


async def _save(file: Path, place: _Place, *, force: bool) -> Manifest:
    return await save(
        file,
        database=place.database,
        store=place.store,
        clock=SystemClock(),
        product=version("headway"),
        secret=find_secret(place.settings.data_dir),
        force=force,
        tell=_tell,
    )


async def _restore(file: Path, place: _Place) -> Manifest:
    clock = SystemClock()
    changes = open_signal(place.database, listening=False)
    return await restore_archive(
        file,
        database=place.database,
        store=place.store,
        clock=clock,
        jobs=JobMonitoringService(place.database, clock, changes),
        product=version("headway"),
        data_dir=place.settings.data_dir,
        has_own_secret=bool(place.settings.jwt_secret.get_secret_value()),
        tell=_tell,
        by=at_this_machine(),
    )


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)


def _counted(manifest: Manifest) -> str:
    objects = sum(name.startswith("objects/") for name in manifest.members)
    return f"{counted(sum(manifest.rows.values()), 'row')} and {counted(objects, 'object')}"


def _secret(manifest: Manifest) -> str:
    if SECRET in manifest.members:
        return ", and the secret that signs access tokens."
    return ". JWT_SECRET is not in it; keep that yourself."


def _tell_missing(manifest: Manifest) -> None:
    shown = "\n".join(f"  {printable(key)}" for key in manifest.missing[:MISSING_SHOWN])
    rest = len(manifest.missing) - MISSING_SHOWN
    more = f"\n  and {rest:,} more; manifest.json in the archive lists all" if rest > 0 else ""
    sentence = f"Missing from the store, and so from the backup: {counted(len(manifest.missing), 'object')}."
    advice = "Look for them in older backups; what the rows say of these files cannot be read without them."
    click.echo(f"{sentence}\n{shown}{more}\n{advice}", err=True)


def _refuse_without_database(settings: Settings) -> None:
    """SQLite would make an empty file where none is."""
    try:
        address = shown_url(settings.effective_database_url)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if address.startswith("sqlite:///") and not Path(address.removeprefix("sqlite:///")).exists():
        sentence = f"There is no database at {address}. Set HEADWAY_DATA_DIR or DATABASE_URL to the one to back up."
        raise click.ClickException(sentence)


def _run(settings: Settings, work: Callable[[_Place], Awaitable[Manifest]]) -> Manifest:
    """Do the work; whatever goes wrong is one sentence."""
    try:
        return asyncio.run(_at_place(settings, work))
    except BackupFailed as error:
        raise click.ClickException(str(error)) from error
    except AppError as error:
        raise click.ClickException(sentence_of(error.problem())) from error
    except sa.exc.DBAPIError as error:
        address = shown_url(settings.effective_database_url)
        raise click.ClickException(f"The database {address} cannot be used: {error.orig}") from error
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise click.ClickException(f"{where}{error.strerror or error}. Mend that and run the command again.") from error


async def _at_place(settings: Settings, work: Callable[[_Place], Awaitable[Manifest]]) -> Manifest:
    async with _opened(settings) as place:
        return await work(place)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[_Place]:
    database = Database(settings.effective_database_url)
    store = open_store(settings.effective_storage_url)
    try:
        yield _Place(settings, database, store)
    finally:
        await store.close()
        await database.close()
