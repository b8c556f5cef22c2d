"""One shape for every failure: whatever is wrong with a request, on whatever route, a problem says so."""

from __future__ import annotations

from typing import Any

import httpx
from fastapi import FastAPI

from headway.app import PREFIX
from headway.kit.problems import install_problem_handlers
from tests.contracts.conftest import ADA, ADMIN, World, is_operators
from tests.support.requests import Route, body
from tools.reference import product_errors

MEMBERS = {"type", "title", "status", "detail", "code", "user_action", "retryable"}


def faults(answer: httpx.Response, route: Route | None = None) -> list[str]:
    """Return what is wrong with an error answer, each as a sentence."""
    where = f"{route or answer.request.url.path} {answer.status_code}"
    if answer.headers.get("content-type") != "application/problem+json":
        return [f"{where}: not a problem but {answer.headers.get('content-type')}: {answer.text[:200]}"]
    problem: dict[str, Any] = answer.json()
    found = [f"{where}: no {name}" for name in sorted(MEMBERS - problem.keys())]
    kind = product_errors().get(problem["code"])
    if kind is None:
        return [*found, f"{where}: {problem['code']} is not in the closed list"]
    if (problem["status"], kind.status) != (answer.status_code, answer.status_code):
        found.append(f"{where}: status {problem['status']} in the body, {kind.status} in the list")
    if problem["type"] != f"urn:headway:problem:{problem['code']}":
        found.append(f"{where}: type {problem['type']}")
    if route is not None and not route.documents(answer.status_code, problem["code"]):
        found.append(f"{where}: OpenAPI does not say {problem['code']}")
    return found


async def test_every_route_fails_in_one_shape_and_as_documented(world: World) -> None:
    wrong: list[str] = []
    async with (
        world.client() as anyone,
        world.client(world.tokens[ADA]) as ada,
        world.client(world.tokens[ADMIN]) as admin,
    ):
        for route in world.routes:
            for answer in await _provoke(anyone, admin if is_operators(route) else ada, world, route):
                if answer.status_code >= 400:
                    wrong += faults(answer, route)
    assert not wrong, "\n" + "\n".join(wrong)


async def _provoke(
    anyone: httpx.AsyncClient, somebody: httpx.AsyncClient, world: World, route: Route
) -> list[httpx.Response]:
    """Ask a route wrongly in every way that it can be asked wrongly."""
    good, path = body(world.document, route), world.path_of(route)
    unknown = world.nobodys_path(route)
    asked = [await anyone.request(route.method, path, **good)]
    assert asked[0].status_code >= 400 or route.is_public, f"{route} answers anybody"
    if route.parameters:
        asked.append(await somebody.request(route.method, unknown, **good))
        assert asked[-1].status_code == 404
    if world.ids.keys() & set(route.parameters):
        no_ids = world.path_of(route, **dict.fromkeys(world.ids, "x"))
        asked.append(await somebody.request(route.method, no_ids, **good))
        assert asked[-1].status_code == 422
    if "json" in good:
        headers = {"content-type": "application/json"}
        for content in (b"{", b"[]", b"{}", b'{"a":' * 2000, b"\xff", b'{"unheard_of": 1}'):
            asked.append(await somebody.request(route.method, unknown, content=content, headers=headers))
            assert asked[-1].status_code >= 400 or content == b"{}", f"{route} takes {content[:20]!r}"
    return asked


async def test_bad_page_parameters_are_problems(world: World) -> None:
    wrong: list[str] = []
    async with world.client(world.tokens[ADA]) as ada:
        for route in world.routes:
            if "cursor" in {parameter["name"] for parameter in route.operation.get("parameters", [])}:
                for query in ("limit=x", "limit=0", "limit=101", "cursor=%00", "cursor=e30"):
                    answer = await ada.get(f"{route.path}?{query}")
                    assert answer.status_code in {400, 403, 422}, f"{route} takes {query}"
                    wrong += faults(answer, route)
    assert not wrong, "\n" + "\n".join(wrong)


async def test_unknown_addresses_and_methods_are_problems(world: World) -> None:
    async with world.client(world.tokens[ADA]) as ada:
        asked = [
            await ada.get(f"{PREFIX}/nothing-here"),
            await ada.get("/nothing-here", headers={"accept": "application/json"}),
            await ada.request("PUT", f"{PREFIX}/me"),
            await ada.request("TRACE", f"{PREFIX}/jobs"),
            await ada.get(f"{PREFIX}/openapi.jsonx"),
        ]
    assert [answer.status_code for answer in asked] == [404, 404, 405, 405, 404]
    assert [fault for answer in asked for fault in faults(answer)] == []


async def test_an_unexpected_failure_tells_an_id_and_nothing_else(world: World) -> None:
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the password is hunter2")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/broken")
    assert faults(answer) == []
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert len(answer.json()["support_id"]) == 32
    assert "hunter2" not in answer.text


def test_the_checker_itself_finds_faults() -> None:
    request = httpx.Request("GET", "http://test/somewhere")
    plain = httpx.Response(404, json={"detail": "Not Found"}, request=request)
    assert faults(plain)
    headers = {"content-type": "application/problem+json"}
    lying = product_errors()["not_found"]().problem()
    assert faults(httpx.Response(400, json=lying, headers=headers, request=request))
    assert faults(httpx.Response(404, json={**lying, "code": "made.up"}, headers=headers, request=request))
    assert not faults(httpx.Response(404, json=lying, headers=headers, request=request))
