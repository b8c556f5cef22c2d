"""`headway migrate`: brings the database to the schema that this version needs."""

from __future__ import annotations

import click
import sqlalchemy as sa

from headway.cli.configuration import load_settings, make_data_dir
from headway.kit.db import normalize_url
from headway.kit.processes import die_with_parent
from headway.migrations import migrate as migrate_database


@click.command()
@click.option("--quiet", is_flag=True, help="Say nothing when all went well.")
def migrate(*, quiet: bool) -> None:
    """Bring the database to the newest schema. Safe to run at any time, and by several machines at once."""
    die_with_parent()
    settings = load_settings()
    make_data_dir(settings)
    try:
        address = shown_url(settings.effective_database_url)
        migrate_database(settings.effective_database_url)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except sa.exc.OperationalError as error:
        raise click.ClickException(f"The database {address} cannot be used: {error.orig}") from error
    if not quiet:
        click.echo(f"{address} has the newest schema.")


def shown_url(database_url: str) -> str:
    """Return the database's address as it may be printed, without its password; ValueError if it is none."""
    return normalize_url(database_url).render_as_string(hide_password=True)
