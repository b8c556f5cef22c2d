"""`headway doctor storage`: asks the configured object store for everything that Headway relies on."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from urllib.parse import parse_qs, urlsplit

import click
from rich.console import Console

from headway.cli.configuration import load_settings, make_data_dir
from headway.cli.output import printable
from headway.settings import Settings
from headway.storage.checkup import CheckResult, Verdict, check_up
from headway.storage.opening import open_store
from headway.storage.store import ObjectStore

MIB = 1024 * 1024
COLOURS: dict[Verdict, str] = {"ok": "green", "note": "yellow", "defect": "red"}


@click.command()
@click.option(
    "--large-mib", default=64, show_default=True, type=click.IntRange(17, 100_000), help="Size of the largest object."
)
def storage(large_mib: int) -> None:
    """Store, read, list and remove objects in every way that Headway does; the exit status is 1 if one goes wrong.

    What is stored is removed again. It needs about a minute, and room for the largest object.
    """
    settings = load_settings()
    try:
        store = open_store(settings.effective_storage_url)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if not settings.storage_url:
        make_data_dir(settings)
    click.echo(f"Checking {shown_storage_url(settings.effective_storage_url)}")
    verdicts = asyncio.run(_show_each(store, settings, large_mib * MIB))
    click.echo(summary(verdicts))
    if verdicts["defect"]:
        raise click.exceptions.Exit(1)


async def _show_each(store: ObjectStore, settings: Settings, large_bytes: int) -> Counter[Verdict]:
    """Print a line for each check as it ends; return how many ended how."""
    terminal = Console().is_terminal
    verdicts: Counter[Verdict] = Counter()
    try:
        results = check_up(store, large_bytes=large_bytes, min_free_bytes=settings.min_free_bytes)
        async with aclosing(results):
            async for result in results:
                click.echo(_line(result, terminal=terminal))
                verdicts[result.verdict] += 1
    finally:
        await store.close()
    return verdicts


def _line(result: CheckResult, *, terminal: bool) -> str:
    """Return columns for people at a terminal, tabs for other programs."""
    seconds, sentence = f"{result.seconds:.2f} s", printable(result.sentence)
    if not terminal:
        return f"{result.verdict}\t{result.name}\t{seconds}\t{sentence}"
    verdict = click.style(f"{result.verdict:<6}", fg=COLOURS[result.verdict])
    return f"{verdict}  {result.name:<22} {seconds:>9}  {sentence}"


def summary(verdicts: Counter[Verdict]) -> str:
    """Return what the verdicts mean for whoever runs Headway."""
    said = ", ".join(_counted(verdict, verdicts[verdict]) for verdict in COLOURS if verdicts[verdict])
    if verdicts["defect"]:
        return f"{said}. Do not run Headway on this store before the defects are mended."
    return f"{said}. Headway can rely on this store."


def _counted(verdict: Verdict, count: int) -> str:
    return f"{count} {verdict}" if count == 1 or verdict == "ok" else f"{count} {verdict}s"


def shown_storage_url(url: str) -> str:
    """Return the store's address as it may be printed: no user, no password, of the options only the endpoint."""
    parts = urlsplit(url)
    endpoint = parse_qs(parts.query).get("endpoint")
    at = f" at {endpoint[0].rpartition('@')[2]}" if endpoint else ""
    return printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{at}")
