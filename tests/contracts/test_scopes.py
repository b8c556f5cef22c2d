"""What a token may do: every route, made from the OpenAPI document, asked by tokens that may and that may not."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from headway.app import PREFIX
from headway.kit.actor import EVERYTHING, SCOPES
from tests.contracts.conftest import ADA, ADMIN, World
from tests.support.requests import routes

GRANTED = {"jobs:read", "jobs:write", "imports:write", "datasets:read", "datasets:write", "admin"}
EVERY_TOKEN = {f"GET {PREFIX}/me"}
"""What needs no more than a token that somebody was given."""

UPLOADS = f"{PREFIX}/uploads/{{upload_id}}"
WORDS = ("jobs", "datasets", "imports")
RECIPES = f"{PREFIX}/recipes"
OTHERWISE = {
    f"GET {PREFIX}/me": "me",
    f"GET {PREFIX}/limits": "imports:write",
    **dict.fromkeys(
        (f"POST {PREFIX}/uploads", *(f"{verb} {UPLOADS}" for verb in ("POST", "PATCH", "DELETE"))), "imports:write"
    ),
    # Recipes are about datasets, and a look at one gives out what the rows give out.
    **{f"GET {RECIPES}{rest}": "datasets:read" for rest in ("", "/schema", "/{recipe_id}")},
    f"POST {RECIPES}": "datasets:write",
    **{f"{verb} {RECIPES}/{{recipe_id}}": "datasets:write" for verb in ("PATCH", "DELETE")},
    f"POST {PREFIX}/datasets/{{dataset_id}}/transforms/preview": "datasets:read",
    # It gives out what the rows give out, in another form.
    f"POST {PREFIX}/datasets/{{dataset_id}}/exports": "datasets:read",
    # As above: it shows rows, and changes none.
    f"POST {PREFIX}/datasets/{{dataset_id}}/validations": "datasets:read",
    # A token for an embed gives no more than sight; cancelling is asked for in addition.
    f"POST {PREFIX}/jobs/tokens": "jobs:read",
}
"""Routes whose scope does not follow from their address: reading is `:read`, everything else `:write`."""

BY_USER = {f"GET {PREFIX}/jobs/active", f"GET {PREFIX}/jobs/stream"}
BY_JOB = {f"GET {PREFIX}/jobs/{{job_id}}{below}" for below in ("", "/events", "/attempts")}
CANCEL = f"POST {PREFIX}/jobs/{{job_id}}/cancel"
SENDS = {
    f"POST {PREFIX}/imports",
    f"POST {PREFIX}/imports/preview",
    f"GET {PREFIX}/limits",
    f"POST {PREFIX}/uploads",
} | {f"{verb} {UPLOADS}" for verb in ("POST", "PATCH", "DELETE")}
OPENED = {
    "jobs:read:user": BY_USER | BY_JOB,
    "job:read:{job_id}": BY_JOB,
    "job:cancel:{job_id}": {CANCEL},
    "imports:write:user": SENDS,
}
"""What each scope of a token for an embed opens."""


async def make_token(world: World, email: str, scopes: set[str]) -> str:
    async with world.client(world.tokens[email]) as client:
        answer = await client.post(f"{PREFIX}/tokens", json={"name": "a test", "scopes": sorted(scopes)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


async def make_job_token(world: World, *scopes: str, token: str | None = None) -> str:
    async with world.client(token or world.tokens[ADA]) as client:
        answer = await client.post(f"{PREFIX}/jobs/tokens", json={"scopes": list(scopes)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def is_refused(answer: httpx.Response, scope: str) -> bool:
    if answer.status_code != 403:
        return False
    problem = answer.json()
    return problem["code"] == "auth.scope_missing" and problem["scope"] == scope and scope in problem["detail"]


def test_the_list_of_scopes_is_closed(document: dict[str, Any]) -> None:
    assert EVERYTHING == GRANTED | {"me"} == SCOPES.keys()
    schemas = document["components"]["schemas"]
    assert set(schemas["CreateApiToken"]["properties"]["scopes"]["items"]["enum"]) == GRANTED


def test_every_route_that_needs_a_caller_says_one_scope(document: dict[str, Any]) -> None:
    said = {str(route): route.scopes for route in routes(document) if not route.is_public}
    assert {route for route, scopes in said.items() if len(scopes) != 1 or not scopes <= EVERYTHING} == set()
    assert {route for route, scopes in said.items() if scopes == {"me"}} == EVERY_TOKEN
    assert {scope for scopes in said.values() for scope in scopes} == EVERYTHING
    undocumented = [
        route for route in routes(document) if route.scopes and not route.documents(403, "auth.scope_missing")
    ]
    assert undocumented == []


def test_a_route_needs_what_its_address_suggests(document: dict[str, Any]) -> None:
    wrong: list[str] = []
    for route in (route for route in routes(document) if not route.is_public):
        word = route.path.removeprefix(f"{PREFIX}/").partition("/")[0]
        word = "datasets" if word == "rule-sets" else word
        verb = "read" if route.method == "get" else "write"
        expected = OTHERWISE.get(str(route), f"{word}:{verb}" if word in WORDS else "admin")
        if route.scopes != {expected}:
            wrong.append(f"{route} needs {sorted(route.scopes)} and not {expected}")
    assert not wrong, "\n" + "\n".join(wrong)


async def test_each_scope_opens_its_routes_and_no_others(world: World) -> None:
    wrong: list[str] = []
    for scope in sorted(GRANTED):
        with_it = await make_token(world, ADMIN, {scope})
        without = await make_token(world, ADMIN, GRANTED - {scope})
        async with world.client(with_it) as allowed, world.client(without) as refused:
            for route in (route for route in world.routes if route.scopes == {scope}):
                answer = await world.ask(refused, route)
                if not is_refused(answer, scope):
                    wrong.append(f"without {scope}: {route} answered {answer.status_code}")
                answer = await world.ask(allowed, route)
                if answer.status_code == 401 or is_refused(answer, scope):
                    wrong.append(f"with {scope}: {route} answered {answer.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)


async def test_every_token_may_ask_whose_it_is_but_is_an_admin_only_with_the_scope(world: World) -> None:
    for scopes, role in (({"datasets:read"}, "user"), ({"admin"}, "admin")):
        async with world.client(await make_token(world, ADMIN, scopes)) as client:
            assert (await client.get(f"{PREFIX}/me")).json()["role"] == role


async def test_a_sign_in_may_do_everything(world: World) -> None:
    async with world.client(world.tokens[ADMIN]) as client:
        for route in world.routes:
            answer = await world.ask(client, route)
            assert not (answer.status_code == 403 and answer.json()["code"] == "auth.scope_missing"), str(route)


async def test_a_token_for_an_embed_opens_what_it_names_and_nothing_else(world: World) -> None:
    wrong: list[str] = []
    for scope, opened in OPENED.items():
        token = await make_job_token(world, scope.format(**world.ids))
        async with world.client(token) as client:
            for route in (route for route in world.routes if not route.is_public):
                answer = await world.ask(client, route)
                refused = answer.status_code == 403
                # What is sent here is no file, which is said to whoever may send one.
                good = not refused if str(route) in opened & SENDS else refused is not (str(route) in opened)
                if not good:
                    wrong.append(f"{scope}: {route} answered {answer.status_code}")
        assert opened <= {str(route) for route in world.routes}
    assert not wrong, "\n" + "\n".join(wrong)


async def test_a_token_for_one_job_does_not_open_another(world: World) -> None:
    async with world.client(world.tokens[ADA]) as ada:
        other = (await ada.post(f"{PREFIX}/jobs", json={"job_type": "external", "title": "Another"})).json()["id"]
    token = await make_job_token(world, f"job:read:{other}", f"job:cancel:{other}")
    async with world.client(token) as client:
        for route in world.routes:
            if str(route) in {*BY_JOB, CANCEL}:
                assert is_refused(await world.ask(client, route), *route.scopes)
                assert (await world.ask(client, route, world.path_of(route, job_id=other))).is_success


async def test_a_token_for_an_embed_makes_datasets_and_changes_none_that_is_there(world: World) -> None:
    options = json.dumps({"into": str(world.ids["dataset_id"]), "mode": "replace"})
    file, said = ("file", ("a.csv", b"a\n1\n")), ("options", (None, options))
    metadata = f"options {base64.b64encode(options.encode()).decode()}"
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "4", "Upload-Metadata": metadata}
    imports = f"{PREFIX}/imports"
    async with world.client(await make_job_token(world, "imports:write:user")) as client:
        refused = [
            await client.post(imports, files=[said, file]),
            await client.post(imports, files=[file, said]),
            await client.post(imports, params={"filename": "a.csv", "options": options}, content=b"a\n1\n"),
            await client.post(f"{PREFIX}/uploads", headers=tus),
            await client.post(f"{imports}/preview", json={"dataset_id": str(world.ids["dataset_id"])}),
        ]
        assert [answer.text for answer in refused if not is_refused(answer, "imports:write")] == []
        taken = await client.post(imports, files=[file])
        assert taken.status_code == 202
        assert (await client.post(f"{PREFIX}/jobs/{taken.json()['id']}/cancel")).is_success


@pytest.mark.parametrize("verb", ["read", "cancel"])
async def test_a_token_is_made_for_own_jobs_only(world: World, verb: str) -> None:
    async with world.client(world.tokens[ADMIN]) as stranger:
        said = [
            await stranger.post(f"{PREFIX}/jobs/tokens", json={"scopes": ["jobs:read:user", f"job:{verb}:{job_id}"]})
            for job_id in (world.ids["job_id"], uuid4())
        ]
    assert [answer.status_code for answer in said] == [404, 404]
    assert said[0].json() == said[1].json()


async def test_nobody_gives_a_token_more_than_they_have(world: World) -> None:
    job_id = world.ids["job_id"]
    async with world.client(await make_token(world, ADA, {"jobs:read"})) as reader:
        answer = await reader.post(f"{PREFIX}/jobs/tokens", json={"scopes": [f"job:cancel:{job_id}"]})
        assert is_refused(answer, "jobs:write")
        answer = await reader.post(f"{PREFIX}/jobs/tokens", json={"scopes": ["imports:write:user"]})
        assert is_refused(answer, "imports:write")
        assert (await reader.post(f"{PREFIX}/jobs/tokens", json={"scopes": [f"job:read:{job_id}"]})).is_success
    async with world.client(await make_token(world, ADMIN, {"admin", "jobs:read"})) as manager:
        for wanted, status in ((["jobs:read"], 201), (["admin"], 201), (["jobs:read", "datasets:read"], 403)):
            answer = await manager.post(f"{PREFIX}/tokens", json={"name": "another", "scopes": wanted})
            assert answer.status_code == status
    async with world.client(world.tokens[ADA]) as ada:
        answer = await ada.post(f"{PREFIX}/tokens", json={"name": "too much", "scopes": ["jobs:read", "admin"]})
        assert is_refused(answer, "admin")
