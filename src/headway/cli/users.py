"""`headway users`: accounts, for whoever has the machine. Works on the database, so no server has to run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from sqlalchemy.exc import OperationalError, ProgrammingError

from headway.accounts.schemas import Role, UserResponse
from headway.accounts.secrets import load_or_create_secret
from headway.accounts.service import AccountService
from headway.cli.asking import read_secret
from headway.cli.configuration import load_settings, make_data_dir
from headway.cli.erasing import delete
from headway.cli.output import sentence_of, show_table
from headway.cli.whose import at_this_machine
from headway.errors import AppError
from headway.kit.clock import SystemClock
from headway.kit.db import Database

Answer = TypeVar("Answer")

password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group()
def users() -> None:
    """Add, list, disable and erase accounts on this machine."""


users.add_command(delete)


@users.command()
@click.argument("email")
@click.option("--admin", is_flag=True, help="May manage other accounts.")
@password_stdin
def add(email: str, *, admin: bool, password_stdin: bool) -> None:
    """Add an account for EMAIL."""
    password = read_secret("Password", from_stdin=password_stdin, confirm=True)
    role: Role = "admin" if admin else "user"
    _with_accounts(lambda accounts: accounts.add_user(email, password, role, by=at_this_machine()))
    click.echo(f"Added {email} ({role}).")


@users.command("list")
def list_users() -> None:
    """List all accounts."""
    found = _with_accounts(_all_users)
    rows = ((user.id, user.email, user.role, "disabled" if user.disabled_at else "active") for user in found)
    show_table(("id", "email", "role", "state"), rows)


async def _all_users(accounts: AccountService) -> list[UserResponse]:
    found: list[UserResponse] = []
    cursor = None
    while True:
        page = await accounts.list_users(limit=100, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


@users.command()
@click.argument("email")
@click.argument("role", type=click.Choice(["user", "admin"]))
def role(email: str, role: Role) -> None:
    """Make EMAIL an administrator, or an ordinary user."""
    _with_accounts(lambda accounts: accounts.set_role(email, role, by=at_this_machine()))
    click.echo(f"{email} is {'an administrator' if role == 'admin' else 'an ordinary user'} now.")


@users.command()
@click.argument("email")
def disable(email: str) -> None:
    """Keep EMAIL from signing in. Files and datasets stay."""
    _with_accounts(lambda accounts: accounts.disable_user(email, by=at_this_machine()))
    click.echo(f"Disabled {email}.")


@users.command()
@click.argument("email")
def enable(email: str) -> None:
    """Let EMAIL sign in again."""
    _with_accounts(lambda accounts: accounts.enable_user(email, by=at_this_machine()))
    click.echo(f"Enabled {email}.")


@users.command()
@click.argument("email")
@click.option("--revoke-tokens", is_flag=True, help="Revoke their API tokens too; otherwise they stay valid.")
@password_stdin
def password(email: str, *, revoke_tokens: bool, password_stdin: bool) -> None:
    """Set a new password for EMAIL."""
    new = read_secret("New password", from_stdin=password_stdin, confirm=True)
    _with_accounts(
        lambda accounts: accounts.set_password(email, new, revoke_tokens=revoke_tokens, by=at_this_machine())
    )
    click.echo(f"Changed the password of {email}.")


def _with_accounts(work: Callable[[AccountService], Awaitable[Answer]]) -> Answer:
    try:
        return asyncio.run(_run(work))
    except AppError as error:
        raise click.ClickException(sentence_of(error.problem())) from error
    except (OperationalError, ProgrammingError) as error:
        sentence = f"The database cannot be used ({error.orig}). Has `headway migrate` run?"
        raise click.ClickException(sentence) from error


async def _run(work: Callable[[AccountService], Awaitable[Answer]]) -> Answer:
    settings = load_settings()
    make_data_dir(settings)
    database = Database(settings.effective_database_url)
    accounts = AccountService(
        database,
        SystemClock(),
        jwt_secret=load_or_create_secret(settings.data_dir, settings.jwt_secret.get_secret_value()),
        token_lifetime_seconds=settings.token_lifetime_seconds,
        session_lifetime_seconds=settings.session_lifetime_seconds,
    )
    try:
        return await work(accounts)
    finally:
        await database.close()
