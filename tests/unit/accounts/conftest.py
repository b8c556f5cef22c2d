"""Accounts on a real database."""
# No `from __future__ import annotations`: FastAPI could not resolve closures in Annotated.

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI

from headway.accounts.dependencies import build_actor_dependency
from headway.accounts.router import build_accounts_router
from headway.accounts.service import AccountService
from headway.kit.actor import Actor
from headway.kit.db import Database
from headway.kit.problems import install_problem_handlers
from tests.support.clock import FakeClock

SECRET = "q8Yw2LrT0vNf6XkZ1sHd9GbJ4mPc7AeU3iOy5WtR"
PASSWORD = "correct horse"
TOKEN_SECONDS = 3600
SESSION_SECONDS = 86400


def make_service(database: Database, clock: FakeClock, secret: str = SECRET) -> AccountService:
    return AccountService(
        database,
        clock,
        jwt_secret=secret,
        token_lifetime_seconds=TOKEN_SECONDS,
        session_lifetime_seconds=SESSION_SECONDS,
    )


@pytest.fixture
def service(database: Database, clock: FakeClock) -> AccountService:
    return make_service(database, clock)


def make_app(service: AccountService) -> FastAPI:
    """Return an app with the accounts' routes, and one more to call with any method."""
    app = FastAPI()
    install_problem_handlers(app)
    actor = build_actor_dependency(service)
    app.include_router(build_accounts_router(service, actor))

    @app.api_route("/thing", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    async def thing(who: Annotated[Actor, Depends(actor)]) -> str:
        return who.owner

    return app


@pytest.fixture
async def api(service: AccountService) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends no Origin and no Sec-Fetch-Site, as programs do."""
    transport = httpx.ASGITransport(app=make_app(service), client=("192.0.2.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://headway.test") as client:
        yield client


async def bearer(service: AccountService, email: str, password: str = PASSWORD) -> dict[str, str]:
    user = await service.sign_in(email, password, "198.51.100.7")
    return {"Authorization": f"Bearer {service.issue_token(user)}"}


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
