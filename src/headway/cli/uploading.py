"""`headway import`: sends files, then watches their jobs until each is a dataset or says why not."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import click
import httpx

from headway.cli.client import Client, ServerProblem, Unreachable, with_client
from headway.cli.output import printable, sentence_of
from headway.cli.progress import Progress, open_job_progress, open_progress
from headway.cli.sending import RESUMABLE_FROM_BYTES, Sender
from headway.plurals import counted

FIRST_POLL_SECONDS = 0.15
LONGEST_POLL_SECONDS = 1.5
PATIENCE_SECONDS = 120
"""How long an unreachable server is asked again; the job goes on meanwhile, or after the server's restart."""

ENDED = frozenset({"completed", "failed", "cancelled"})


@click.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
)
@click.option("--watch/--no-watch", default=True, help="Follow each job to its end (the default), or only start it.")
@click.option(
    "--duplicate",
    type=click.Choice(["link", "import"]),
    default="link",
    help="A file you imported before: link to its dataset (the default), or import it again.",
)
@click.option("--rule-set", help="Have each dataset checked by this rule set of yours, given by its name or id.")
@with_client
def import_files(client: Client, files: tuple[Path, ...], *, watch: bool, duplicate: str, rule_set: str | None) -> None:
    """Import FILES as datasets. The exit status is 1 if any of them failed."""
    options = {"duplicate": "import"} if duplicate == "import" else {}
    options |= {"rule_set": rule_set} if rule_set else {}
    succeeded = [_import_one(client, path, options, watch=watch) for path in files]
    if not all(succeeded):
        raise click.exceptions.Exit(1)


def _import_one(client: Client, path: Path, options: dict[str, Any], *, watch: bool) -> bool:
    """Import one file and tell the result. Return whether it became a dataset, or was at least accepted."""
    with open_progress(path) as progress:
        try:
            job = _upload(client, path, options, progress)
            if watch:
                job = follow(client, job, progress)
        except (ServerProblem, Unreachable) as refused:
            progress.end("failed")
            click.echo(f"{printable(path.name)}: {refused.format_message()}", err=True)
            return False
        progress.end(job["phase"])
    return _tell(client, path, job) if watch else _tell_started(client, path, job)


def _upload(client: Client, path: Path, options: dict[str, Any], progress: Progress) -> dict[str, Any]:
    sender = Sender(client, path, options, progress) if path.stat().st_size > RESUMABLE_FROM_BYTES else None
    try:
        return sender.send() if sender is not None else client.upload(path, options, progress.uploaded)
    except KeyboardInterrupt:
        progress.end("interrupted")
        rest = "The same command goes on with it." if sender is not None and sender.job_id else "Nothing was imported."
        click.echo(f"{printable(path.name)}: the upload was interrupted. {rest}", err=True)
        raise SystemExit(130) from None


def follow_to_end(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    """Show a job until it has completed. Raises what it failed with."""
    with open_job_progress(job["title"]) as progress:
        job = follow(client, job, progress)
        progress.end(job["phase"])
    if job["status"] != "completed":
        raise click.ClickException(sentence_of(job["problem"] or {"title": f"The job was {job['status']}"}))
    return job


def follow(client: Client, job: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Follow a job to its end; asks often while it changes, and ever more seldom while it does not."""
    delay = FIRST_POLL_SECONDS
    try:
        while job["status"] not in ENDED:
            progress.job(job)
            # A little chance in the pace keeps many watchers from asking in step.
            time.sleep(delay * random.uniform(0.8, 1.2))
            previous, job = job, _ask(client, job["id"], progress)
            changed = job["version"] != previous["version"]
            delay = FIRST_POLL_SECONDS if changed else min(delay * 1.5, LONGEST_POLL_SECONDS)
    except KeyboardInterrupt:
        progress.end("still running")
        click.echo(f"The job goes on without you. See it with: headway jobs show {job['id']}", err=True)
        raise SystemExit(130) from None
    progress.job(job)
    return job


def _ask(client: Client, job_id: str, progress: Progress) -> dict[str, Any]:
    """Return the job as it is now; a server that is away for a moment does not end the watching."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return client.get(f"/jobs/{job_id}")
        except (Unreachable, ServerProblem) as error:
            passing = isinstance(error, Unreachable) or error.problem["status"] >= httpx.codes.INTERNAL_SERVER_ERROR
            if not passing or time.monotonic() > deadline:
                raise
            progress.silent()
            time.sleep(LONGEST_POLL_SECONDS)


def _tell_started(client: Client, path: Path, job: dict[str, Any]) -> bool:
    click.echo(f"{printable(path.name)}: job {job['id']} {client.page('/jobs/' + job['id'])}")
    return True


def _tell(client: Client, path: Path, job: dict[str, Any]) -> bool:
    """Print how a job ended, results to stdout and failures to stderr."""
    name = printable(path.name)
    if job["status"] != "completed":
        problem = job["problem"] or {"title": job["error"] or f"The job was {job['status']}"}
        click.echo(f"{name}: {sentence_of(problem)}", err=True)
        click.echo(f"  Details: headway jobs show {job['id']}", err=True)
        return False
    dataset_id = job["related_dataset_id"]
    if dataset_id is None:
        click.echo(f"{name}: {printable(job['message'] or 'done')}")
        return True
    dataset = client.get(f"/datasets/{dataset_id}")
    again = " (the same file as before; --duplicate import imports it again)" if job["outcome"] == "duplicate" else ""
    rejected = f", {counted(dataset['rejected_rows'], 'row')} rejected" if dataset["rejected_rows"] else ""
    click.echo(f"{name}: dataset {dataset['id']}{again}")
    click.echo(f"  {counted(dataset['rows'], 'row')}, {counted(len(dataset['columns']), 'column')}{rejected}")
    click.echo(f"  {client.page('/datasets/' + dataset['id'])}")
    for check in (job["result"] or {}).get("validations", []):
        click.echo(f"  checked by job {check} {client.page('/jobs/' + check)}")
    return True
