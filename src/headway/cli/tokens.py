"""`headway tokens`: what programs of yours sign in with, made and revoked on a running server."""

from __future__ import annotations

import click

from headway.cli.client import Client, with_client
from headway.cli.output import moment, printable, show_table
from headway.kit.actor import SCOPES, Scope

GRANTED = [scope.value for scope in SCOPES if scope != Scope.ME]


@click.group()
@click.option("--server", metavar="URL", envvar="HEADWAY_URL", help="Default: HEADWAY_URL, or your last login.")
@click.pass_context
def tokens(context: click.Context, server: str | None) -> None:
    """Make, list and revoke API tokens. A program takes one from HEADWAY_TOKEN, or sends it as a bearer token."""
    context.obj = server


@tokens.command("create")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(GRANTED), help="Repeat it for several."
)
@click.option("--expires-in-days", type=click.IntRange(1, 3650), help="Left out: valid until it is revoked.")
@with_client
def create_token(client: Client, name: str, *, scopes: tuple[str, ...], expires_in_days: int | None) -> None:
    """Make a token called NAME and print it. It is shown this once."""
    made = client.post("/tokens", json={"name": name, "scopes": scopes, "expires_in_days": expires_in_days})
    click.echo(made["token"])
    click.echo(f"Keep it like a password. End it with: headway tokens revoke {made['id']}", err=True)


@tokens.command("list")
@with_client
def list_tokens(client: Client) -> None:
    """List your tokens by how they begin, with when they were last used (to the hour)."""
    rows = (
        (
            each["id"],
            each["name"],
            each["prefix"],
            " ".join(each["scopes"]),
            moment(each["created_at"]),
            moment(each["last_used_at"]),
            moment(each["expires_at"]),
        )
        for each in client.get("/tokens")["items"]
    )
    show_table(("id", "name", "begins with", "scopes", "created", "last used", "expires"), rows)


@tokens.command("revoke")
@click.argument("token_id")
@with_client
def revoke_token(client: Client, token_id: str) -> None:
    """Revoke the token with this id. Whoever uses it is refused from now on."""
    client.delete(f"/tokens/{token_id}")
    click.echo(f"Revoked {printable(token_id)}.")
