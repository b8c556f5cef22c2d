"""`headway migrate`: brings the database to the schema that this version needs."""

from __future__ import annotations

import os
import time

import click
import sqlalchemy as sa

from headway.cli.configuration import load_settings, make_data_dir
from headway.kit.db import normalize_url
from headway.kit.processes import die_with_parent
from headway.migrations import Standing, standing_of, sync_engine
from headway.migrations import migrate as migrate_database

LOOK_SECONDS = 0.5


@click.command()
@click.option("--quiet", is_flag=True, help="Say nothing when all went well.")
@click.option("--wait", is_flag=True, help="Change nothing, and return once another process has migrated.")
def migrate(*, quiet: bool, wait: bool) -> None:
    """Bring the database to the newest schema. Safe to run at any time, and by several machines at once."""
    die_with_parent()
    settings = load_settings()
    os.environ.setdefault("PGAPPNAME", "headway migrate")
    make_data_dir(settings)
    try:
        address = shown_url(settings.effective_database_url)
        standing = (wait_until_migrated if wait else migrate_database)(settings.effective_database_url)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except sa.exc.OperationalError as error:
        raise click.ClickException(f"The database {address} cannot be used: {error.orig}") from error
    if standing is Standing.AHEAD:
        click.echo(f"{address} was migrated by a later version of Headway. This one goes on with it.", err=True)
    elif not quiet:
        click.echo(f"{address} has the newest schema.")


def wait_until_migrated(database_url: str) -> Standing:
    """Return once the schema is this version's or a later one's. Every new reason to wait is said on stderr."""
    engine = sync_engine(database_url)
    said = ""
    while True:
        try:
            with engine.connect() as connection:
                standing = standing_of(connection)
            if standing is not Standing.BEHIND:
                return standing
            reason = "The database waits for `headway migrate` of this version."
        except sa.exc.OperationalError as error:
            reason = f"The database does not answer yet: {error.orig}"
        if reason != said:
            click.echo(reason, err=True)
            said = reason
        time.sleep(LOOK_SECONDS)


def shown_url(database_url: str) -> str:
    """Return the database's address as it may be printed, without its password; ValueError if it is none."""
    return normalize_url(database_url).render_as_string(hide_password=True)
