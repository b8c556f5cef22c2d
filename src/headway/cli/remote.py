"""Commands that talk to a running server: signing in, looking at jobs and datasets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import click

from headway.cli.asking import read_secret
from headway.cli.client import Client, Credentials, server_address, with_client
from headway.cli.output import moment, printable, sentence_of, show_facts, show_table, size

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
PAGE = 100


@click.command()
@click.argument("url", required=False)
@click.option("--email", prompt="E-mail", help="Asked for if left out.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def login(url: str | None, email: str, *, password_stdin: bool) -> None:
    """Sign in to the server at URL; later commands then use it. Only a token is kept, never the password."""
    credentials = Credentials()
    server = server_address(url, credentials)
    parts = urlsplit(server)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        click.echo(f"Careful: {server} is not encrypted; others on the way can read the password.", err=True)
    password = read_secret("Password", from_stdin=password_stdin)
    with Client(server, None) as client:
        answer = client.post("/auth/token", data={"username": email, "password": password})
    credentials.remember(server, answer["access_token"])
    minutes = answer["expires_in"] // 60
    click.echo(f"Signed in to {server} as {printable(email)}, for {minutes} minutes.")


@click.command()
@click.argument("url", required=False)
def logout(url: str | None) -> None:
    """Forget the token of the server at URL, or of the last sign-in."""
    credentials = Credentials()
    server = server_address(url, credentials)
    credentials.forget(server)
    click.echo(f"Forgot the token of {server}.")


@click.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Also jobs that ended longer ago.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="With --all: at most so many.")
@click.option("--server", metavar="URL", envvar="HEADWAY_URL", help="Default: HEADWAY_URL, or your last login.")
@click.pass_context
def jobs(context: click.Context, server: str | None, *, everything: bool, limit: int) -> None:
    """List your jobs that run, wait or ended a short while ago."""
    context.obj = server
    if context.invoked_subcommand is None:
        _list_jobs(server, everything=everything, limit=limit)


@with_client
def _list_jobs(client: Client, *, everything: bool, limit: int) -> None:
    found = _items(client, "/jobs", limit) if everything else client.get("/jobs/active")["jobs"]
    rows = (
        (each["id"], each["phase"], each["progress"], each["title"], _doing(each), moment(each["created_at"]))
        for each in found
    )
    show_table(("id", "phase", "%", "title", "doing", "created"), rows)


def _doing(job: dict[str, Any]) -> str:
    return str(job["error"] or job["message"] or job["stage"] or "")


@jobs.command("show")
@click.argument("job_id")
@with_client
def show_job(client: Client, job_id: str) -> None:
    """Show one job: how far it is, what became of it, or why it failed and what to do."""
    job = client.get(f"/jobs/{job_id}")
    show_facts(
        [
            ("job", job["id"]),
            ("title", job["title"]),
            ("phase", job["phase"]),
            ("progress", f"{job['progress']} %"),
            ("stage", job["stage"]),
            ("message", job["message"]),
            ("attempt", job["attempt"]),
            ("outcome", job["outcome"]),
            ("created", moment(job["created_at"])),
            ("started", moment(job["started_at"])),
            ("ended", moment(job["completed_at"])),
            ("dataset", job["related_dataset_id"]),
        ]
    )
    if job["problem"] or job["error"]:
        click.echo(sentence_of(job["problem"] or {"title": job["error"]}))


@jobs.command("cancel")
@click.argument("job_id")
@with_client
def cancel_job(client: Client, job_id: str) -> None:
    """Cancel a job that waits or runs."""
    job = client.post(f"/jobs/{job_id}/cancel")
    click.echo(f"{printable(job['title'])}: {job['phase']}")


@click.group(invoke_without_command=True)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most so many.")
@click.option("--server", metavar="URL", envvar="HEADWAY_URL", help="Default: HEADWAY_URL, or your last login.")
@click.pass_context
def datasets(context: click.Context, server: str | None, *, limit: int) -> None:
    """List your datasets, newest first."""
    context.obj = server
    if context.invoked_subcommand is None:
        _list_datasets(server, limit=limit)


@with_client
def _list_datasets(client: Client, *, limit: int) -> None:
    found = _items(client, "/datasets", limit)
    rows = (
        (each["id"], each["name"], each["rows"], len(each["columns"]), size(each["bytes"]), moment(each["created_at"]))
        for each in found
    )
    show_table(("id", "name", "rows", "columns", "size", "created"), rows)


@datasets.command("rows")
@click.argument("dataset_id")
@click.option("--offset", default=0, show_default=True, type=click.IntRange(0), help="Rows to skip.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many rows.")
@click.option("--written", is_flag=True, help="Show every cell as it is written in the file.")
@with_client
def show_rows(client: Client, dataset_id: str, *, offset: int, limit: int, written: bool) -> None:
    """Show rows of a dataset."""
    params = {"offset": offset, "limit": limit, **({"values": "written"} if written else {})}
    answer = client.get(f"/datasets/{dataset_id}/rows", **params)
    names = [column["name"] for column in answer["columns"]]
    show_table(names, ([_cell(row[name]) for name in names] for row in answer["rows"]))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _items(client: Client, path: str, limit: int) -> Iterator[dict[str, Any]]:
    """Yield the first `limit` items of a list, page by page."""
    return itertools.islice(client.items(path, min(limit, PAGE)), limit)
