"""`headway users delete`: erases a person: the account, and everything that they brought or made."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import click
from sqlalchemy.exc import OperationalError, ProgrammingError

from headway.accounts.secrets import load_or_create_secret
from headway.accounts.service import AccountService
from headway.audit.log import By
from headway.cli.configuration import load_settings, make_data_dir
from headway.cli.output import counted, sentence_of
from headway.cli.whose import at_this_machine
from headway.datasets.cache import RowsCache
from headway.datasets.service import DatasetService
from headway.engine.dbos import DbosSubmitter
from headway.errors import AppError
from headway.intake.quota import IntakeLimits
from headway.intake.service import FileIntakeService
from headway.intake.sweep_objects import job_of
from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import open_signal
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.settings import Settings
from headway.storage.opening import open_store

STOP_SECONDS = 15.0
"""How long running jobs may take to stop by themselves; after that their workers find them gone."""

LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Erased:
    """How much there was of somebody; `left` counts the objects that the store did not delete."""

    datasets: int
    files: int
    jobs: int
    objects: int
    left: int


@dataclass(frozen=True, slots=True)
class Slices:
    """Everybody who keeps something of a person."""

    database: Database
    accounts: AccountService
    jobs: JobMonitoringService
    intake: FileIntakeService
    datasets: DatasetService


@click.command()
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
def delete(email: str, *, yes: bool) -> None:
    """Erase EMAIL: the account, its files, datasets, jobs and their history. Nothing of it can be brought back."""
    if not yes and not sys.stdin.isatty():
        raise click.ClickException("There is nobody here to ask. Say --yes if everything of theirs is to be erased.")
    if not yes:
        click.confirm(f"Erase {email} with all files, datasets and jobs, for ever?", abort=True)
    try:
        erased = asyncio.run(_run(load_settings(), email))
    except AppError as error:
        raise click.ClickException(sentence_of(error.problem())) from error
    except (OperationalError, ProgrammingError) as error:
        sentence = f"The database cannot be used ({error.orig}). Has `headway migrate` run?"
        raise click.ClickException(sentence) from error
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    _tell(email, erased)


def _tell(email: str, erased: Erased) -> None:
    counts = ", ".join(
        counted(count, noun)
        for count, noun in (
            (erased.datasets, "dataset"),
            (erased.files, "uploaded file"),
            (erased.jobs, "job"),
            (erased.objects, "object"),
        )
    )
    click.echo(f"Erased {email}: {counts}.")
    if erased.left:
        sentence = f"The store did not delete {counted(erased.left, 'object')}. `headway sweep` does, once it answers."
        raise click.ClickException(sentence)


async def _run(settings: Settings, email: str) -> Erased:
    make_data_dir(settings)
    async with _opened(settings) as slices:
        return await erase(slices, email, by=at_this_machine())


async def erase(slices: Slices, email: str, *, by: By, stop_seconds: float = STOP_SECONDS) -> Erased:
    """Erase a user. One that was broken off can be repeated; objects that stay then are left for the sweep.

    It leaves two entries in the audit, as it is two deeds: disabling, which stays done if the rest is broken off.
    """
    owner = await slices.accounts.get_owner(email)
    # Nobody signs in or uploads from here on, and the last administrator is refused before anything is touched.
    await slices.accounts.disable_user(email, by=by)
    await _end_jobs(slices, owner, stop_seconds)
    async with slices.database.write() as session:
        jobs = await slices.jobs.erase_owner_in(session, owner)
        originals = await slices.intake.erase_owner_in(session, owner)
        datasets, named = await slices.datasets.erase_owner_in(session, owner)
        counts = {"datasets": datasets, "files": len(originals), "jobs": len(jobs)}
        await slices.accounts.erase_user_in(session, email, by=by, **counts)
    objects, left = await _erase_objects(slices, jobs, originals | named)
    return Erased(datasets=datasets, files=len(originals), jobs=len(jobs), objects=objects, left=left)


async def _end_jobs(slices: Slices, owner: str, stop_seconds: float) -> None:
    """End what waits, and let what runs stop by itself, so that it writes nothing after its rows are gone."""
    until = time.monotonic() + stop_seconds
    while await slices.jobs.cancel_all(owner):
        if time.monotonic() >= until:
            return
        await asyncio.sleep(LOOK_SECONDS)


async def _erase_objects(slices: Slices, jobs: list[UUID], keys: set[str]) -> tuple[int, int]:
    """Delete objects; return how many were deleted, and how many could not be."""
    unreachable = 0
    # Jobs that were deleted before are known from what they stored.
    deleted = {job_id for key in keys if (job_id := job_of(key)) is not None}
    for job_id in deleted.union(jobs):
        try:
            keys |= set(await slices.intake.list_objects(job_id))
        except AppError:
            unreachable += 1
    left = await slices.datasets.discard(keys)
    return len(keys) - left, left + unreachable


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Slices]:
    clock, database = SystemClock(), Database(settings.effective_database_url)
    store = open_store(settings.effective_storage_url)
    submitter = DbosSubmitter(settings.effective_database_url)
    jobs = JobMonitoringService(database, clock, open_signal(database, listening=False))
    datasets = DatasetService(database, store, clock, RowsCache(settings.cache_dir, store, settings.cache_bytes))
    limits = IntakeLimits(settings.max_upload_bytes, settings.max_user_bytes, settings.min_free_bytes)
    accounts = AccountService(
        database,
        clock,
        jwt_secret=load_or_create_secret(settings.data_dir, settings.jwt_secret.get_secret_value()),
        token_lifetime_seconds=settings.token_lifetime_seconds,
        session_lifetime_seconds=settings.session_lifetime_seconds,
    )
    intake = FileIntakeService(database, store, clock, jobs, datasets, submitter, limits)
    try:
        yield Slices(database, accounts, jobs, intake, datasets)
    finally:
        await submitter.close()
        await store.close()
        await database.close()
