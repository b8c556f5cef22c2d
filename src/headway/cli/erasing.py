"""`headway users delete`: erases a person from this machine's command line."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
from sqlalchemy.exc import OperationalError, ProgrammingError

from headway.accounts.secrets import load_or_create_secret
from headway.accounts.service import AccountService
from headway.cli.configuration import load_settings, make_data_dir
from headway.cli.output import sentence_of
from headway.cli.whose import at_this_machine
from headway.datasets.cache import RowsCache
from headway.datasets.service import DatasetService
from headway.engine.dbos import DbosSubmitter
from headway.errors import AppError
from headway.intake.quota import IntakeLimits
from headway.intake.service import FileIntakeService
from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import open_signal
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.operator.erasing import Belongings, Erased, Eraser
from headway.plurals import counted
from headway.recipes.service import RecipeService
from headway.rules.service import RuleSetService
from headway.settings import Settings
from headway.storage.opening import open_store


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
    async with _opened(settings) as eraser:
        rows = await eraser.erase_rows(email, by=at_this_machine())
        return await eraser.belongings.erase_objects(rows)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Eraser]:
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
        kept = RecipeService(database, clock), RuleSetService(database, clock)
        yield Eraser(accounts, Belongings(database, jobs, intake, datasets, *kept))
    finally:
        await submitter.close()
        await store.close()
        await database.close()
