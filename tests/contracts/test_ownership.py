"""Yours only: every route, made from the OpenAPI document, asked by everybody who is not its owner."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest

from headway.accounts.tokens import ALGORITHM, AUDIENCE, ISSUER
from headway.app import PREFIX
from tests.contracts.conftest import ADA, ADMIN, BEN, ENDLESS, NUMBERS, SECRET, World, is_operators
from tests.support.requests import Route, events, routes

PUBLIC = {
    ("post", f"{PREFIX}/auth/token"),
    ("post", f"{PREFIX}/auth/session"),
    ("delete", f"{PREFIX}/auth/session"),
}
"""The only addresses below the prefix that need no proof of who is calling: the ways to get and to drop one."""


def test_only_the_ways_to_sign_in_and_out_are_public(document: dict[str, Any]) -> None:
    assert {(route.method, route.path) for route in routes(document) if route.is_public} == PUBLIC


def _bad_token(kind: str, world: World) -> str | None:
    """Return a token for Ada's account that must not be taken."""
    now = datetime.now(UTC)
    claims: dict[str, Any] = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": world.ada, "iat": now, "exp": now + timedelta(hours=1), "ver": 0,
    }  # fmt: skip
    match kind:
        case "nothing":
            return None
        case "noise":
            return "not.a.token"
        case "other secret":
            return jwt.encode(claims, SECRET[::-1], algorithm=ALGORITHM)
        case "alg none":
            return jwt.encode(claims, None, algorithm="none")
        case "other algorithm":
            return jwt.encode(claims, SECRET * 2, algorithm="HS512")
        case "expired":
            return jwt.encode({**claims, "exp": now - timedelta(seconds=5)}, SECRET, algorithm=ALGORITHM)
        case "other audience":
            return jwt.encode({**claims, "aud": "somebody-else"}, SECRET, algorithm=ALGORITHM)
        case "no expiry":
            del claims["exp"]
            return jwt.encode(claims, SECRET, algorithm=ALGORITHM)
        case _:
            raise AssertionError(kind)


KINDS = ("nothing", "noise", "other secret", "alg none", "other algorithm", "expired", "other audience", "no expiry")


async def test_a_caller_without_a_valid_token_gets_401_everywhere(world: World) -> None:
    wrong: list[str] = []
    for kind in KINDS:
        async with world.client(_bad_token(kind, world)) as client:
            for route in world.routes:
                if (route.method, route.path) in PUBLIC:
                    continue
                answer = await world.ask(client, route)
                if answer.status_code != 401 or "www-authenticate" not in answer.headers:
                    wrong.append(f"{kind}: {route} answered {answer.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)


async def test_a_good_token_made_the_same_way_is_taken(world: World) -> None:
    """Otherwise the matrix above would pass for tokens that are wrong in some way nobody meant."""
    now = datetime.now(UTC)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": world.ada, "iat": now, "exp": now + timedelta(hours=1), "ver": 0}
    async with world.client(jwt.encode(claims, SECRET, algorithm=ALGORITHM)) as client:
        assert (await client.get(f"{PREFIX}/me")).json()["email"] == ADA


async def test_what_belongs_to_somebody_else_does_not_exist(world: World) -> None:
    before = await _what_ada_has(world)
    wrong: list[str] = []
    for stranger in (BEN, ADMIN):
        async with world.client(world.tokens[stranger]) as client:
            for route in _with_ids(world):
                hers = await world.ask(client, route)
                nobodys = await world.ask(client, route, world.nobodys_path(route))
                if hers.status_code != 404:
                    wrong.append(f"{route} answered {stranger} {hers.status_code}: {hers.text[:200]}")
                elif hers.json() != nobodys.json():
                    wrong.append(f"{route} tells {stranger} an id that exists from one that does not")
    assert not wrong, "\n" + "\n".join(wrong)
    assert await _what_ada_has(world) == before


async def test_no_list_and_no_answer_names_what_somebody_else_has(world: World) -> None:
    hers = [str(value) for value in world.ids.values()]
    wrong: list[str] = []
    for stranger in (BEN, ADMIN):
        async with world.client(world.tokens[stranger]) as client:
            for route in _without_ids(world):
                answer = await world.ask(client, route)
                wrong += [f"{route} names {value} to {stranger}" for value in hers if value in answer.text]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("action", ["cancel", "retry", "dismiss", "delete"])
async def test_many_jobs_at_once_are_ones_own_too(world: World, action: str) -> None:
    async with world.client(world.tokens[ADA]) as ada:
        if action != "cancel":
            await ada.post(f"{PREFIX}/jobs/{world.ids['job_id']}/progress", json={"status": "cancelled"})
    before = await _what_ada_has(world)
    for stranger in (BEN, ADMIN):
        async with world.client(world.tokens[stranger]) as client:
            await _refused_many(client, action, world.ids["job_id"])
    assert await _what_ada_has(world) == before
    async with world.client(world.tokens[ADA]) as ada:
        done = await ada.post(f"{PREFIX}/jobs/bulk", json={"action": action, "where": {}})
        both = {str(world.ids[name]) for name in ("job_id", "upload_id", "validation_id")}
        assert set(done.json()["done"]) == {"retry": set(), "cancel": both}.get(action, {str(world.ids["job_id"])})


async def _refused_many(client: httpx.AsyncClient, action: str, job_id: UUID) -> None:
    """Ask for somebody else's job by its id and by what it is like; neither may tell that it exists."""
    ids = [str(job_id), str(uuid4())]
    named = (await client.post(f"{PREFIX}/jobs/bulk", json={"action": action, "ids": ids})).json()
    assert named["done"] == []
    hers, nobodys = ({**refusal, "id": ""} for refusal in named["refused"])
    assert hers == nobodys
    assert hers["code"] == "job.not_found"
    for where in ({}, {"q": "Ada"}):
        found = await client.post(f"{PREFIX}/jobs/bulk", json={"action": action, "where": where})
        assert found.json() == {"done": [], "refused": [], "more": False}


async def test_the_owner_reaches_every_one_of_these_routes(world: World) -> None:
    """The matrix proves nothing about a route that answers 404 to everybody."""
    async with world.client(world.tokens[ADA]) as client:
        for route in sorted(
            _with_ids(world),
            key=lambda route: (route.method == "delete", route.path.endswith("cancel"), -len(route.path)),
        ):
            answer = await world.ask(client, route)
            assert answer.status_code in {200, 201, 202, 204, 409}, f"{route}: {answer.status_code} {answer.text[:300]}"


async def test_what_is_everybodys_is_for_administrators_alone(world: World) -> None:
    """Not even one's own job is reached over an operator's address, and nothing there tells what exists."""
    before = await _what_ada_has(world)
    for stranger in (ADA, BEN):
        async with world.client(world.tokens[stranger]) as client:
            for route in world.operators_routes:
                hers = await world.ask(client, route)
                nobodys = await world.ask(client, route, world.nobodys_path(route))
                assert (hers.status_code, hers.json()["code"]) == (403, "auth.forbidden"), str(route)
                assert hers.json() == nobodys.json(), str(route)
    assert await _what_ada_has(world) == before
    assert len(world.operators_routes) >= 10


async def test_an_administrator_reaches_all_that_is_everybodys(world: World) -> None:
    async with world.client(world.tokens[ADMIN]) as client:
        last = sorted(
            world.operators_routes, key=lambda route: (route.method == "delete", route.path.endswith("cancel"))
        )
        for route in last:
            query = "?state=failed" if route.path == f"{PREFIX}/operator/jobs" else ""
            answer = await world.ask(client, route, world.path_of(route) + query)
            assert answer.status_code in {200, 201, 202, 204, 409}, f"{route}: {answer.status_code} {answer.text[:300]}"
            if route.parameters:
                assert (await world.ask(client, route, world.nobodys_path(route))).status_code == 404, str(route)


async def test_a_stream_carries_only_its_owners_jobs(world: World) -> None:
    async with world.client(world.tokens[BEN]) as ben, world.client(world.tokens[ADA]) as ada:
        async with ben.stream("GET", ENDLESS) as stream, asyncio.timeout(20):
            assert stream.status_code == 200
            heard, sent = "", False
            async for piece in stream.aiter_text():
                heard += piece
                if not sent and any(event == "snapshot" for event, _ in events(heard)):
                    sent = True
                    reported = await ada.post(f"{PREFIX}/jobs/{world.ids['job_id']}/progress", json={"progress": 7})
                    assert reported.status_code == 200
                    created = await ben.post(f"{PREFIX}/jobs", json={"job_type": "external", "title": "Ben's"})
                    assert created.status_code == 201
                if any(event == "job" and json.loads(data)["title"] == "Ben's" for event, data in events(heard)):
                    break
        assert str(world.ids["job_id"]) not in heard


def _with_ids(world: World) -> list[Route]:
    found = [route for route in world.routes if route.parameters and not is_operators(route)]
    unknown = {name for route in found for name in route.parameters} - world.ids.keys() - NUMBERS.keys()
    assert not unknown, f"give Ada something for the new path parameters {unknown}"
    assert len(found) >= 12
    return found


def _without_ids(world: World) -> list[Route]:
    skipped = {("get", ENDLESS), *PUBLIC}
    return [
        route
        for route in world.routes
        if not route.parameters and (route.method, route.path) not in skipped and not is_operators(route)
    ]


async def _what_ada_has(world: World) -> list[Any]:
    async with world.client(world.tokens[ADA]) as client:
        paths = (
            f"/jobs/{world.ids['job_id']}",
            f"/datasets/{world.ids['dataset_id']}",
            "/jobs",
            "/datasets",
            "/tokens",
        )
        return [(await client.get(PREFIX + path)).json() for path in paths]
