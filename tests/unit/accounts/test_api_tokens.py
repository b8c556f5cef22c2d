"""API tokens: shown once, allowed what they were given, and over when they are revoked, expired or their user is."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa

from headway.accounts.api_tokens import MOST_TOKENS
from headway.accounts.errors import (
    ApiTokenNotFound,
    ExpiredToken,
    InvalidToken,
    TooManyApiTokens,
    UserNotFound,
)
from headway.accounts.models import ApiToken, User
from headway.accounts.schemas import NewApiToken
from headway.accounts.service import AccountService
from headway.audit.log import By
from headway.errors import ScopeMissing
from headway.kit.actor import Actor
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.unit.accounts.conftest import PASSWORD, bearer

ADA, BOB = "ada@example.org", "bob@example.org"


@pytest.fixture(autouse=True)
async def ada(service: AccountService) -> User:
    return await service.add_user(ADA, PASSWORD, "admin")


async def make(service: AccountService, user: User, *scopes: str, **others: Any) -> NewApiToken:
    who = Actor(str(user.id), user.email, is_admin=user.role == "admin")
    return await service.api_tokens.create(who, "a script", scopes or ("jobs:read",), **others)


async def rows(database: Database) -> list[ApiToken]:
    async with database.read() as session:
        return list((await session.execute(sa.select(ApiToken))).scalars())


async def test_a_token_is_shown_once_and_kept_only_as_a_digest(
    service: AccountService, database: Database, ada: User
) -> None:
    made = await make(service, ada)
    assert re.fullmatch(r"hw_[0-9a-f]{8}_[0-9a-f]{64}", made.token)
    assert made.token.startswith(f"{made.prefix}_")
    [row] = await rows(database)
    secret = made.token.rpartition("_")[2]
    assert not any(secret in str(value) for value in vars(row).values())
    [listed] = (await service.api_tokens.list_own(str(ada.id))).items
    assert secret not in listed.model_dump_json()
    assert listed.model_dump() == made.model_dump(exclude={"token"})
    assert made.token != (await make(service, ada)).token


async def test_a_token_says_who_calls_and_what_they_may(service: AccountService, ada: User) -> None:
    made = await make(service, ada, "jobs:write", "jobs:read", "jobs:read")
    assert made.scopes == ["jobs:read", "jobs:write"]
    actor = await service.verify_token(made.token)
    assert actor == Actor(str(ada.id), ADA, is_admin=False, scopes=frozenset({"jobs:read", "jobs:write", "me"}))
    assert (await service.verify_token((await make(service, ada, "admin")).token)).is_admin


@pytest.mark.parametrize("place", [0, 3, 11, 12, -1], ids=["mark", "prefix", "line", "secret", "end"])
async def test_a_changed_token_is_unknown(service: AccountService, ada: User, place: int) -> None:
    token = list((await make(service, ada)).token)
    token[place] = "0" if token[place] != "0" else "1"
    with pytest.raises(InvalidToken):
        await service.verify_token("".join(token))


@pytest.mark.parametrize(
    "token", ["hw_", "hw__", "hw_0", "hw_\0", "hw_\udcff", "hw_' or 1=1 --", "hw_" + "0" * 100_000]
)
async def test_what_only_looks_like_a_token_is_unknown(service: AccountService, token: str) -> None:
    with pytest.raises(InvalidToken):
        await service.verify_token(token)


async def test_a_token_expires_by_our_clock(service: AccountService, ada: User, clock: FakeClock) -> None:
    made = await make(service, ada, expires_in_days=2)
    assert made.expires_at == clock.now() + timedelta(days=2)
    clock.advance(2 * 86400 - 1)
    await service.verify_token(made.token)
    clock.advance(1)
    with pytest.raises(ExpiredToken):
        await service.verify_token(made.token)
    [listed] = (await service.api_tokens.list_own(str(ada.id))).items
    assert listed.id == made.id


async def test_its_use_is_noted_once_an_hour(
    service: AccountService, database: Database, ada: User, clock: FakeClock
) -> None:
    made = await make(service, ada)
    assert [row.last_used_at for row in await rows(database)] == [None]
    writes: list[str] = []

    @sa.event.listens_for(database._writer.sync_engine, "before_cursor_execute")
    def on_statement(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("UPDATE"):
            writes.append(statement)

    first = clock.now()
    for seconds, noted in ((0, first), (1, first), (3598, first), (1, first + timedelta(hours=1))):
        clock.advance(seconds)
        await service.verify_token(made.token)
        assert [row.last_used_at for row in await rows(database)] == [noted]
    assert len(writes) == 2


async def test_a_database_that_takes_no_writes_refuses_nobody(
    service: AccountService, database: Database, ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    made = await make(service, ada)
    async with database.write() as session:
        if database.is_sqlite:
            refuse = "create trigger full before update on api_tokens begin select raise(abort, 'no room'); end"
        else:
            refuse = "alter table api_tokens add check (last_used_at is null)"
        await session.execute(sa.text(refuse))
    with caplog.at_level(logging.WARNING):
        assert (await service.verify_token(made.token)).owner == str(ada.id)
    assert "could not be noted" in caplog.text


# What ends it


async def test_a_revoked_token_is_refused_at_once(service: AccountService, ada: User) -> None:
    first, second = await make(service, ada), await make(service, ada)
    await service.api_tokens.revoke(str(ada.id), first.id)
    with pytest.raises(InvalidToken):
        await service.verify_token(first.token)
    await service.verify_token(second.token)
    with pytest.raises(ApiTokenNotFound):
        await service.api_tokens.revoke(str(ada.id), first.id)


async def test_nobody_sees_or_revokes_somebody_elses(service: AccountService, ada: User) -> None:
    bob = await service.add_user(BOB, PASSWORD)
    made = await make(service, bob)
    assert (await service.api_tokens.list_own(str(ada.id))).items == []
    for token_id in (made.id, uuid4()):
        with pytest.raises(ApiTokenNotFound):
            await service.api_tokens.revoke(str(ada.id), token_id)
    await service.verify_token(made.token)


async def test_disabling_ends_tokens_for_good(service: AccountService, database: Database, ada: User) -> None:
    bob = await service.add_user(BOB, PASSWORD)
    hers, his = await make(service, ada), await make(service, bob)
    await service.disable_user(BOB)
    with pytest.raises(InvalidToken):
        await service.verify_token(his.token)
    await service.enable_user(BOB)
    with pytest.raises(InvalidToken):
        await service.verify_token(his.token)
    await service.verify_token(hers.token)


async def test_a_row_of_a_disabled_user_opens_nothing(service: AccountService, database: Database, ada: User) -> None:
    """As in a database where somebody disabled the account by hand."""
    made = await make(service, ada)
    async with database.write() as session:
        await session.execute(sa.update(User).values(disabled_at=ada.created_at))
    with pytest.raises(Exception, match="disabled"):
        await service.verify_token(made.token)
    with pytest.raises(Exception, match="disabled"):
        await make(service, ada)


@pytest.mark.parametrize("revoke", [False, True])
@pytest.mark.parametrize("by", ["owner", "admin"])
async def test_a_new_password_ends_tokens_only_when_asked(
    service: AccountService, ada: User, by: str, *, revoke: bool
) -> None:
    bob = await service.add_user(BOB, PASSWORD)
    hers, his = await make(service, ada), await make(service, bob)
    if by == "owner":
        await service.change_password(By(str(bob.id)), PASSWORD, "battery staple", revoke_tokens=revoke)
    else:
        await service.set_password(BOB, "battery staple", revoke_tokens=revoke)
    if revoke:
        with pytest.raises(InvalidToken):
            await service.verify_token(his.token)
    else:
        await service.verify_token(his.token)
    await service.verify_token(hers.token)


async def test_erasing_a_user_deletes_their_tokens(service: AccountService, database: Database, ada: User) -> None:
    bob = await service.add_user(BOB, PASSWORD)
    hers, his = await make(service, ada), await make(service, bob)
    erasing = await service.begin_erasing(BOB)
    async with database.write() as session:
        await service.erase_user_in(session, erasing)
    assert [row.id for row in await rows(database)] == [hers.id]
    with pytest.raises(InvalidToken):
        await service.verify_token(his.token)


# What it cannot have


async def test_admin_is_for_administrators(service: AccountService, database: Database, ada: User) -> None:
    bob = await service.add_user(BOB, PASSWORD)
    with pytest.raises(ScopeMissing):
        await make(service, bob, "jobs:read", "admin")
    made = await make(service, ada, "admin", "jobs:read")
    async with database.write() as session:
        await session.execute(sa.update(User).where(User.id == ada.id).values(role="user"))
    actor = await service.verify_token(made.token)
    assert (actor.is_admin, actor.scopes) == (False, frozenset({"jobs:read", "me"}))


async def test_a_token_makes_none_that_may_do_more(service: AccountService, ada: User) -> None:
    maker = await service.verify_token((await make(service, ada, "admin", "jobs:read")).token)
    await service.api_tokens.create(maker, "less", ["jobs:read"])
    with pytest.raises(ScopeMissing):
        await service.api_tokens.create(maker, "more", ["jobs:read", "jobs:write"])


async def test_an_account_has_a_limited_number_also_when_many_come_at_once(
    service: AccountService, database: Database, ada: User
) -> None:
    bob = await service.add_user(BOB, PASSWORD)
    await make(service, ada)
    [first] = await rows(database)
    async with database.write() as session:
        for number in range(MOST_TOKENS - 3):
            values = {column.key: getattr(first, column.key) for column in ApiToken.__table__.columns}
            session.add(ApiToken(**{**values, "id": uuid4(), "digest": str(number)}))
    ended = await asyncio.gather(*(make(service, ada) for _ in range(8)), return_exceptions=True)
    assert [type(each) for each in ended].count(NewApiToken) == 2
    assert [type(each) for each in ended].count(TooManyApiTokens) == 6
    assert len(await rows(database)) == MOST_TOKENS
    await make(service, bob)


@pytest.mark.parametrize("owner", ["somebody-of-a-host", str(UUID(int=7))])
async def test_whoever_has_no_account_here_has_no_tokens(service: AccountService, owner: str) -> None:
    with pytest.raises(UserNotFound):
        await service.api_tokens.create(Actor(owner), "x", ["jobs:read"])


# Over HTTP


async def test_a_token_is_made_used_listed_and_revoked(api: httpx.AsyncClient, service: AccountService) -> None:
    headers = await bearer(service, ADA)
    body = {"name": " nightly copy ", "scopes": ["jobs:write"], "expires_in_days": 1}
    answer = await api.post("/tokens", json=body, headers=headers)
    made = answer.json()
    assert (answer.status_code, answer.headers["cache-control"], made["name"]) == (201, "no-store", "nightly copy")
    program = {"Authorization": f"Bearer {made['token']}"}
    assert (await api.get("/me", headers=program)).json()["email"] == ADA
    listed = (await api.get("/tokens", headers=headers)).json()
    [item] = listed["items"]
    assert (item["id"], item["prefix"], listed["next_cursor"]) == (made["id"], made["prefix"], None)
    assert "token" not in item
    assert item["last_used_at"] is not None
    for status in (204, 404):
        assert (await api.delete(f"/tokens/{made['id']}", headers=headers)).status_code == status
    refused = await api.get("/me", headers=program)
    assert (refused.status_code, refused.json()["code"]) == (401, "auth.invalid_token")


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": []}, {"scopes": ["jobs:*"]}, {"scopes": ["me"]}, {"scopes": ["jobs:read:user"]}, {"scopes": "admin"},
        {"name": " "}, {"name": "nul\0"}, {"name": "x" * 201}, {"name": None},
        {"expires_in_days": 0}, {"expires_in_days": 3651}, {"expires_in_days": 1.5},
        {"user_id": str(UUID(int=7))},
    ],
    ids=str,
)  # fmt: skip
async def test_a_token_that_cannot_be_made(
    api: httpx.AsyncClient, service: AccountService, database: Database, changes: dict[str, Any]
) -> None:
    body = {"name": "x", "scopes": ["jobs:read"], **changes}
    answer = await api.post("/tokens", json=body, headers=await bearer(service, ADA))
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert await rows(database) == []


async def test_a_token_with_limits_opens_no_route_that_names_no_scope(
    api: httpx.AsyncClient, service: AccountService, ada: User
) -> None:
    job_token, _expires_at = await service.issue_job_token(str(ada.id), ["jobs:read:user"], 60)
    limited = (await make(service, ada, "jobs:read", "jobs:write", "imports:write", "datasets:read", "admin")).token
    for token in (job_token, limited):
        answer = await api.get("/thing", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.scope_missing")


async def test_a_password_change_over_http_can_revoke_tokens(
    api: httpx.AsyncClient, service: AccountService, ada: User
) -> None:
    made = await make(service, ada)
    body = {"current_password": PASSWORD, "new_password": "battery staple", "revoke_tokens": True}
    assert (await api.post("/me/password", json=body, headers=await bearer(service, ADA))).status_code == 204
    assert (await api.get("/me", headers={"Authorization": f"Bearer {made.token}"})).status_code == 401
