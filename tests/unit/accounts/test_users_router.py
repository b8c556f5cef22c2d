"""The HTTP side of users: what administrators do with the accounts of others, and that nobody else does."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from headway.accounts.models import User
from headway.accounts.service import AccountService
from headway.kit.actor import Actor
from tests.support.clock import FakeClock
from tests.unit.accounts.conftest import PASSWORD, assert_problem, bearer

ADA = "ada@example.org"


@pytest.fixture(autouse=True)
async def ada(service: AccountService) -> User:
    return await service.add_user(ADA, PASSWORD, "admin")


async def test_an_admin_adds_users_and_lists_them(
    api: httpx.AsyncClient, service: AccountService, clock: FakeClock
) -> None:
    headers = await bearer(service, ADA)
    clock.advance(1)
    body = {"email": "Bob@Example.org", "password": PASSWORD, "role": "user"}
    made = await api.post("/users", json=body, headers=headers)
    assert (made.status_code, made.json()["email"], made.json()["role"]) == (201, "bob@example.org", "user")
    assert set(made.json()) == {"id", "email", "role", "disabled_at", "created_at", "password_changed_at"}
    first = (await api.get("/users?limit=1", headers=headers)).json()
    assert first["items"] == [made.json()]
    rest = (await api.get("/users", params={"cursor": first["next_cursor"]}, headers=headers)).json()
    assert ([user["email"] for user in rest["items"]], rest["next_cursor"]) == ([ADA], None)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"email": ADA.upper()}, 409, "users.email_taken"),
        ({"email": "nowhere"}, 422, "users.invalid_email"),
        ({"password": "short"}, 422, "users.weak_password"),
        ({"role": "root"}, 422, "request.invalid"),
        ({"is_admin": True}, 422, "request.invalid"),
        ({"password": None}, 422, "request.invalid"),
        ({"email": "half-of-a-pair-\ud800@example.org"}, 422, "users.invalid_email"),
    ],
)
async def test_a_user_that_cannot_be_added(
    api: httpx.AsyncClient, service: AccountService, changes: dict[str, Any], status: int, code: str
) -> None:
    body = {"email": "bob@example.org", "password": PASSWORD, "role": "user", **changes}
    headers = {**await bearer(service, ADA), "Content-Type": "application/json"}
    assert_problem(await api.post("/users", content=json.dumps(body), headers=headers), status, code)
    assert len((await service.list_users()).items) == 1


async def test_an_admin_changes_a_user(api: httpx.AsyncClient, service: AccountService) -> None:
    headers, bob = await bearer(service, ADA), await service.add_user("bob@example.org", PASSWORD)
    path = f"/users/{bob.id}"
    for method, below, sent, told in (
        ("GET", "", None, ("user", False)),
        ("PUT", "/role", {"role": "admin"}, ("admin", False)),
        ("POST", "/disable", None, ("admin", True)),
        ("POST", "/enable", None, ("admin", False)),
        ("PUT", "/role", {"role": "user"}, ("user", False)),
    ):
        answer = await api.request(method, path + below, json=sent, headers=headers)
        assert answer.status_code == 200, answer.text
        user = answer.json()
        assert (user["id"], user["role"], user["disabled_at"] is not None) == (str(bob.id), *told)


@pytest.mark.parametrize("revoked", [True, False])
async def test_an_admin_gives_somebody_a_new_password(
    api: httpx.AsyncClient, service: AccountService, revoked: bool
) -> None:
    bob = await service.add_user("bob@example.org", PASSWORD)
    his, headers = await bearer(service, "bob@example.org"), await bearer(service, ADA)
    program = (await service.api_tokens.create(Actor(str(bob.id)), "a script", ["jobs:read"])).token
    body = {"new_password": "battery staple", "revoke_tokens": revoked}
    assert (await api.post(f"/users/{bob.id}/password", json=body, headers=headers)).status_code == 204
    assert_problem(await api.get("/me", headers=his), 401, "auth.invalid_token")
    assert (await api.get("/me", headers={"Authorization": f"Bearer {program}"})).is_error is revoked
    await bearer(service, "bob@example.org", "battery staple")
    weak = await api.post(f"/users/{bob.id}/password", json={"new_password": "short"}, headers=headers)
    assert_problem(weak, 422, "users.weak_password")


@pytest.mark.parametrize(("method", "below", "sent"), [("PUT", "/role", {"role": "user"}), ("POST", "/disable", None)])
async def test_the_last_administrator_stays_one(
    api: httpx.AsyncClient, service: AccountService, method: str, below: str, sent: Any
) -> None:
    headers, ada = await bearer(service, ADA), await service.get_user(ADA)
    answer = await api.request(method, f"/users/{ada.id}{below}", json=sent, headers=headers)
    assert_problem(answer, 409, "users.last_admin")
    assert (await api.get("/users", headers=headers)).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/users"), ("POST", "/users")])
async def test_users_are_for_admins(api: httpx.AsyncClient, service: AccountService, method: str, path: str) -> None:
    await service.add_user("bob@example.org", PASSWORD)
    body = {"email": "eve@example.org", "password": PASSWORD, "role": "admin"}
    sent = body if method == "POST" else None
    assert_problem(await api.request(method, path, json=sent), 401, "auth.required")
    headers = await bearer(service, "bob@example.org")
    assert_problem(await api.request(method, path, json=sent, headers=headers), 403, "auth.forbidden")
    assert len((await service.list_users()).items) == 2


@pytest.mark.parametrize("query", ["cursor=x", "cursor=", "limit=0", "limit=101", "limit=x"])
async def test_a_page_that_cannot_be_asked_for(api: httpx.AsyncClient, service: AccountService, query: str) -> None:
    answer = await api.get(f"/users?{query}", headers=await bearer(service, ADA))
    assert answer.status_code == (200 if query == "cursor=" else 400 if query == "cursor=x" else 422)


async def test_a_disabled_user_is_out_at_once(api: httpx.AsyncClient, service: AccountService) -> None:
    await service.add_user("bob@example.org", PASSWORD)
    headers = await bearer(service, "bob@example.org")
    await api.post("/auth/session", json={"email": "bob@example.org", "password": PASSWORD})
    await service.disable_user("bob@example.org")
    assert_problem(await api.get("/me", headers=headers), 401, "auth.account_disabled")
    assert_problem(await api.get("/me"), 401, "auth.session_ended")
