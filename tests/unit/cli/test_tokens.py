"""`headway tokens`, against the product's own app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from headway.accounts.service import AccountService
from headway.app import create_app
from headway.cli import main
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.settings import Settings
from tests.support.serving import serving

SECRET = "Kq3xZp7Rw1Vt9Ls5Yd2Nf8Hb4Jc6Mg0TeUaXiOo"

Run = Callable[..., Coroutine[Any, Any, Result]]


@pytest.fixture
async def run(settings: Settings, database: Database) -> AsyncIterator[Run]:
    """A function that runs a command as an administrator who is signed in, or with another token."""
    async with serving(create_app(settings.model_copy(update={"jwt_secret": SecretStr(SECRET)}))) as url:
        accounts = AccountService(
            database, SystemClock(), jwt_secret=SECRET, token_lifetime_seconds=3600, session_lifetime_seconds=3600
        )
        user = await accounts.sign_in("admin@example.org", "correct-horse-battery", "192.0.2.1")
        signed_in = accounts.issue_token(user)

        async def run(*arguments: str, token: str = signed_in) -> Result:
            runner = CliRunner(env={"HEADWAY_URL": url, "HEADWAY_TOKEN": token, "NO_PROXY": "*"})
            return await asyncio.to_thread(runner.invoke, main, arguments)

        yield run


async def test_a_token_is_made_used_listed_and_revoked(run: Run) -> None:
    made = await run("tokens", "create", "nightly \x1b[31mcopy", "--scope", "jobs:read", "--scope", "admin")
    assert made.exit_code == 0, made.output
    token = made.stdout.strip()
    assert token.startswith("hw_")
    assert len(token.split()) == 1
    assert (await run("jobs", token=token)).exit_code == 0

    [line] = (await run("tokens", "list", token=token)).stdout.splitlines()
    token_id, name, prefix, scopes, created, last_used, expires = line.split("\t")
    assert (name, scopes, expires) == ("nightly �[31mcopy", "admin jobs:read", "")
    assert token.startswith(f"{prefix}_")
    assert created
    assert last_used
    assert token_id in made.stderr
    assert token not in line

    assert (await run("tokens", "revoke", token_id)).stdout == f"Revoked {token_id}.\n"
    assert (await run("tokens", "list")).stdout == ""
    refused = await run("jobs", token=token)
    assert refused.exit_code == 1
    assert "The token is not valid" in refused.stderr
    again = await run("tokens", "revoke", token_id)
    assert again.exit_code == 1
    assert "There is no such token" in again.stderr


async def test_a_token_without_the_scope_is_told_which_one(run: Run) -> None:
    token = (await run("tokens", "create", "reader", "--scope", "jobs:read")).stdout.strip()
    refused = await run("tokens", "create", "more", "--scope", "jobs:read", token=token)
    assert refused.exit_code == 1
    assert "scope admin" in refused.stderr


@pytest.mark.parametrize(
    "wrong", [[], ["--scope", "me"], ["--scope", "everything"], ["--scope", "jobs:read", "--expires-in-days", "0"]]
)
async def test_what_cannot_be_given_is_refused_before_the_server_is_asked(run: Run, wrong: list[str]) -> None:
    assert (await run("tokens", "create", "x", *wrong)).exit_code == 2
    assert (await run("tokens", "list")).stdout == ""


async def test_a_token_expires_after_so_many_days(run: Run) -> None:
    assert (await run("tokens", "create", "x", "--scope", "jobs:read", "--expires-in-days", "30")).exit_code == 0
    [line] = (await run("tokens", "list")).stdout.splitlines()
    assert line.split("\t")[6]
