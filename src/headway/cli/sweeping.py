"""`headway sweep`: shows and removes what kills, power cuts and failures left behind. Works while the product runs."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import click
from sqlalchemy.exc import OperationalError, ProgrammingError

from headway.audit.log import INSTALLATION, record
from headway.cli.configuration import load_settings
from headway.cli.output import printable, show_table, size
from headway.cli.whose import at_this_machine
from headway.intake.sweep import Leftover, Report, Sweep
from headway.intake.sweep_files import Folders
from headway.jobs.retention import KeepJobs
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.operator.measurements import Measurements
from headway.settings import Settings
from headway.storage.opening import open_store


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option(
    "--older-than",
    "hours",
    type=click.FloatRange(min=0),
    metavar="HOURS",
    help="Remove what is older than this instead of a day.  [0 is for when nobody uploads]",
)
def sweep(*, dry_run: bool, hours: float | None) -> None:
    """Remove what was left behind and jobs past their time, and say which files are lost. Workers do so once an hour.

    What a living job works on is never touched. A lost file is a problem that this can only tell, not mend.
    """
    older_than = None if hours is None else timedelta(hours=hours)
    try:
        report = asyncio.run(_sweep(load_settings(), older_than, dry_run=dry_run))
    except (OperationalError, ProgrammingError) as error:
        sentence = f"The database cannot be used ({error.orig}). Has `headway migrate` run?"
        raise click.ClickException(sentence) from error
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    _show(report, dry_run=dry_run)


async def _sweep(settings: Settings, older_than: timedelta | None, *, dry_run: bool) -> Report:
    folders = Folders(settings.data_dir, settings.spool_dir, settings.cache_dir, settings.parse_seconds)
    store = open_store(settings.effective_storage_url)
    database = Database(settings.effective_database_url)
    keep = KeepJobs.worded(**settings.keep_jobs)
    clock, by = SystemClock(), at_this_machine()
    sweep = Sweep(database, store, clock, folders, keep, settings.keep_audit_days)
    try:
        if dry_run:
            return await sweep.run(dry_run=True, older_than=older_than)
        async with database.write() as session:
            # Before anything is removed: a sweep is many transactions, and may be broken off in the middle.
            hours = None if older_than is None else older_than.total_seconds() / 3600
            await record(session, clock, by, "sweep.run", INSTALLATION, older_than_hours=hours)
        report = await sweep.run(older_than=older_than)
        await Measurements(database, clock).save_sweep(report, by.actor)
    finally:
        await database.close()
        await store.close()
    return report


def _show(report: Report, *, dry_run: bool) -> None:
    show_table(("left over", "count", "size", "oldest"), (_line(each, report.at) for each in report.leftovers))
    for problem in report.problems:
        click.echo(f"Problem: {printable(problem)}", err=True)
    if report.note is not None:
        click.echo(f"Note: {report.note}")
    if dry_run:
        click.echo("Nothing was removed, because this was a dry run.")


def _line(leftover: Leftover, now: datetime) -> tuple[str, ...]:
    tally = leftover.tally
    return (
        leftover.kind,
        "?" if leftover.failure is not None else f"{tally.count:,}",
        "-" if tally.bytes is None else size(tally.bytes),
        "-" if tally.oldest is None else age(now - tally.oldest),
    )


def age(passed: timedelta) -> str:
    """Return a length of time as people say it, in its two largest units at most: 3 d 4 h."""
    minutes = max(0, round(passed.total_seconds() / 60))
    hours, days = minutes // 60, minutes // (24 * 60)
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
