"""`headway validate`: has a dataset checked by a rule set, follows the job, and tells what it found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from headway.cli.client import Client, with_client
from headway.cli.exporting import save_file
from headway.cli.output import printable
from headway.cli.uploading import follow_to_end
from headway.plurals import counted

SHOWN_RANGES = 5


@click.command("validate")
@click.argument("dataset_id")
@click.argument("rule_set")
@click.option(
    "--report", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Save the report here, as JSON."
)
@click.option(
    "--failing", type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Save the rows that break a rule here, as CSV.",
)  # fmt: skip
@with_client
def validate_dataset(
    client: Client, /, dataset_id: str, rule_set: str, report: Path | None, failing: Path | None
) -> None:
    """Check a dataset by a RULE_SET, given by its name or id. The exit status is 1 if a rule was broken."""
    for path in (report, failing):
        if path is not None and path.exists():
            raise click.ClickException(f"{path} is there already.")
    job = client.post(f"/datasets/{dataset_id}/validations", json={"rule_set": rule_set})
    job = follow_to_end(client, job)
    found = client.get(f"/datasets/{dataset_id}/validations/{job['id']}")
    _tell(job, found)
    if report is not None:
        report.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if failing is not None and found["file"] is not None:
        _save_failing(client, job, found, failing)
    if found["issues"]:
        raise click.exceptions.Exit(1)


def _tell(job: dict[str, Any], found: dict[str, Any]) -> None:
    click.echo(printable(job["message"] or ""))
    for issue in found["issues"]:
        ranges = [str(first) if first == last else f"{first}-{last}" for first, last in issue["rows"][:SHOWN_RANGES]]
        more = " …" if len(issue["rows"]) > SHOWN_RANGES or not issue["rows_complete"] else ""
        click.echo(f"  {issue['rule']}. {printable(issue['message'])}. Rows {', '.join(ranges)}{more}")
        for suggestion in issue["suggestions"]:
            click.echo(f"     {printable(suggestion['label'])}: {counted(suggestion['fixes'], 'row')} fewer")


def _save_failing(client: Client, job: dict[str, Any], found: dict[str, Any], target: Path) -> None:
    [file] = [each for each in client.get(f"/jobs/{job['id']}/artifacts")["items"] if each["name"] == found["file"]]
    save_file(client, job["id"], file, target)
    note = f" {printable(found['file_note'])}" if found["file_note"] else ""
    click.echo(f"{target}: {counted(found['file_rows'], 'failing row')}.{note}")
