"""`headway export`: has a dataset written into a file, follows the job, and saves the file here."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from headway.cli.client import Client, with_client
from headway.cli.output import printable, size
from headway.cli.uploading import follow_to_end

FORMATS = ("csv", "ndjson", "json", "xlsx", "parquet")


@click.command("export")
@click.argument("dataset_id")
@click.option("--format", type=click.Choice(FORMATS), help="Default: as the end of --output says, or csv.")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where to save it. Default: under the dataset's name, here.",
)  # fmt: skip
@click.option("--column", "columns", multiple=True, help="Only this column; repeat for several, in their order.")
@click.option("--filter", multiple=True, metavar="COLUMN:OPERATOR:VALUE", help="As for rows; repeatable.")
@click.option("--sort", multiple=True, metavar="COLUMN", help="-COLUMN for descending; repeatable.")
@click.option(
    "--values", type=click.Choice(["typed", "written"]), help="Default: written for csv, typed for all others."
)
@click.option("--delimiter", help="Of csv: one of , ; | or a tab.")
@click.option("--encoding", help="Of csv.")
@click.option(
    "--spreadsheet-safe", "formulas", flag_value="escape", help="Of csv: an apostrophe before what would be a formula."
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@with_client
def export_dataset(client: Client, /, dataset_id: str, output: Path | None, *, force: bool, **asked: Any) -> None:
    """Write a dataset into a file and save it. The exit status is 1 if that failed."""
    if output is not None and output.exists() and not force:
        raise click.ClickException(f"{output} is there already; --force writes over it.")
    end = output.suffix.lstrip(".").lower() if output is not None else ""
    wish = {name: said for name, said in asked.items() if said}
    wish.setdefault("format", end if end in FORMATS else "csv")
    job = client.post(f"/datasets/{dataset_id}/exports", json=wish)
    job = follow_to_end(client, job)
    _save(client, job, output, force=force)


def _save(client: Client, job: dict[str, Any], output: Path | None, *, force: bool) -> None:
    """Save the file, whole or not at all."""
    [file] = client.get(f"/jobs/{job['id']}/artifacts")["items"]
    # The name is the server's word: only its last part is used, and it replaces nothing.
    target = output or Path(Path(printable(file["name"])).name)
    if output is None and target.exists() and not force:
        raise click.ClickException(f"{target} is there already; --force writes over it, --output names another one.")
    save_file(client, job["id"], file, target)
    click.echo(f"{target}: {printable(job['message'] or '')} · {size(file['bytes'])}")


def save_file(client: Client, job_id: str, file: dict[str, Any], target: Path) -> None:
    """Save a file of a job, whole or not at all."""
    partial = target.with_name(f"{target.name}.part")
    digest = hashlib.sha256()
    try:
        with partial.open("wb") as saved:
            for chunk in client.download(f"/jobs/{job_id}/artifacts/{quote(file['name'], safe='')}"):
                digest.update(chunk)
                saved.write(chunk)
        if digest.hexdigest() != file["sha256"]:
            raise click.ClickException("What arrived is not what was written. Try again.")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
