"""Pages of other origins: only those that are named, only for what embeds need, and never with a cookie."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import ValidationError

from headway.app import PREFIX, create_app
from headway.settings import Settings
from tests.support.requests import Route, body, routes
from tests.support.serving import serving

SHOP, STRANGER = "https://shop.example.org", "https://evil.example.org"
EMAIL, PASSWORD = "admin@example.org", "correct-horse-battery"
ALLOWED = "access-control-allow-origin"
SECONDS = 60


@pytest.fixture
async def url(settings: Settings) -> AsyncIterator[str]:
    async with serving(
        create_app(settings.model_copy(update={"allowed_origins": f"{SHOP}, http://localhost:3000"}))
    ) as address:
        yield address


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The shop's server, with its owner's token."""
    async with httpx.AsyncClient(base_url=f"{url}{PREFIX}", trust_env=False, timeout=SECONDS) as http:
        answer = await http.post("/auth/token", data={"username": EMAIL, "password": PASSWORD})
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield http


@pytest.fixture
async def job(client: httpx.AsyncClient) -> str:
    return str((await client.post("/jobs", json={"job_type": "export"})).json()["id"])


@pytest.fixture
async def page(client: httpx.AsyncClient, url: str, job: str) -> AsyncIterator[httpx.AsyncClient]:
    """A page of the shop, with a token for embeds."""
    scopes = ["jobs:read:user", f"job:read:{job}", f"job:cancel:{job}", "imports:write:user"]
    token = (await client.post("/jobs/tokens", json={"scopes": scopes})).json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Origin": SHOP}
    async with httpx.AsyncClient(base_url=f"{url}{PREFIX}", trust_env=False, timeout=SECONDS, headers=headers) as http:
        yield http


def preflight(
    client: httpx.AsyncClient, origin: str, method: str, path: str, headers: str = "authorization"
) -> httpx.Request:
    wanted = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    request = client.build_request("OPTIONS", path, headers=wanted)
    del request.headers["Authorization"]  # browsers send none
    return request


async def test_just_what_a_token_for_embeds_opens_is_open_to_other_origins(page: httpx.AsyncClient, job: str) -> None:
    document: dict[str, Any] = (await page.get("/openapi.json")).json()
    opened = 0
    for route in routes(document):
        path = route.path.removeprefix(PREFIX).replace("{job_id}", job)
        for name in route.parameters:
            path = path.replace(f"{{{name}}}", str(uuid4()))
        answer = await page.send(preflight(page, SHOP, route.method.upper(), path))
        is_open = answer.headers.get(ALLOWED) == SHOP and answer.status_code == 200
        assert is_open == await takes_embed_tokens(page, route, path, document), str(route)
        opened += is_open
    assert opened >= 6


async def takes_embed_tokens(page: httpx.AsyncClient, route: Route, path: str, document: dict[str, Any]) -> bool:
    if route.is_public:
        return False
    async with page.stream(route.method.upper(), path, **body(document, route)) as answer:
        if answer.status_code != 403:
            return True
        return "auth.scope_missing" not in (await answer.aread()).decode()


async def test_an_answer_is_readable_for_the_named_origin_and_for_no_other(page: httpx.AsyncClient, job: str) -> None:
    for path in ("/jobs/active", f"/jobs/{job}", f"/jobs/{uuid4()}"):
        answer = await page.get(path)
        assert answer.headers[ALLOWED] == SHOP
        assert "origin" in answer.headers["vary"].lower()
        other = await page.get(path, headers={"Origin": STRANGER})
        assert ALLOWED not in other.headers
        assert "origin" in other.headers["vary"].lower()
    expired = await page.get("/jobs/active", headers={"Authorization": "Bearer nonsense"})
    assert (expired.status_code, expired.headers[ALLOWED]) == (401, SHOP)
    assert "etag" in (await page.get("/jobs/active")).headers["access-control-expose-headers"].lower()


async def test_a_preflight_is_kept_for_hours_and_never_speaks_of_credentials(page: httpx.AsyncClient) -> None:
    answer = await page.send(preflight(page, SHOP, "GET", "/jobs/stream"))
    assert answer.headers["access-control-max-age"] == "7200"
    assert "access-control-allow-credentials" not in answer.headers
    assert ALLOWED not in (await page.send(preflight(page, STRANGER, "GET", "/jobs/stream"))).headers
    assert ALLOWED not in (await page.send(preflight(page, "null", "GET", "/jobs/stream"))).headers


async def test_a_preflight_that_is_refused_says_so_like_every_failure(page: httpx.AsyncClient) -> None:
    answer = await page.send(preflight(page, SHOP, "GET", "/jobs/active", headers="authorization, x-shop"))
    assert (answer.status_code, answer.headers[ALLOWED]) == (400, SHOP)
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["content-length"]) == len(answer.content)
    problem = answer.json()
    assert (problem["code"], problem["detail"]) == ("request.not_open_elsewhere", "Disallowed CORS headers.")


async def test_the_stream_is_readable_elsewhere_event_by_event(
    page: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    async with asyncio.timeout(SECONDS), page.stream("GET", "/jobs/stream") as answer:
        assert answer.headers[ALLOWED] == SHOP
        lines = answer.aiter_lines()
        while not (await anext(lines)).startswith("event: snapshot"):
            pass
        await client.post("/jobs", json={"job_type": "export", "title": "New"})
        while not (await anext(lines)).startswith("event: job"):
            pass


async def test_a_session_opens_nothing_to_another_origin(url: str, job: str) -> None:
    async with httpx.AsyncClient(base_url=f"{url}{PREFIX}", trust_env=False, timeout=SECONDS) as browser:
        signed_in = await browser.post(
            "/auth/session", json={"email": EMAIL, "password": PASSWORD}, headers={"Origin": url}
        )
        assert signed_in.status_code == 200, signed_in.text
        refused = await browser.post(f"/jobs/{job}/cancel", headers={"Origin": SHOP, "Sec-Fetch-Site": "cross-site"})
        assert (refused.status_code, refused.json()["code"]) == (403, "auth.cross_site")
        read = await browser.get("/jobs/active", headers={"Origin": SHOP, "Sec-Fetch-Site": "cross-site"})
        assert "access-control-allow-credentials" not in read.headers


async def test_the_module_can_be_loaded_elsewhere_and_the_pages_cannot(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, trust_env=False, headers={"Origin": SHOP}) as browser:
        assert (await browser.get("/headway-jobs.js")).headers[ALLOWED] == SHOP
        assert ALLOWED not in (await browser.get("/", headers={"Accept": "text/html"})).headers
        own = await browser.get("/headway-jobs.js", headers={"Origin": url})
        assert ALLOWED not in own.headers
        assert "origin" in own.headers["vary"].lower()


async def test_without_the_setting_nobody_elsewhere_is_let_in(settings: Settings) -> None:
    async with serving(create_app(settings)) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        answer = await http.get("/headway-jobs.js", headers={"Origin": SHOP})
        assert ALLOWED not in answer.headers


@pytest.mark.parametrize(
    "value",
    ["*", "null", "shop.example.org", "https://shop.example.org/path", "https://shop.example.org/", "ftp://a.example",
     "https://a@shop.example.org", "https://*.example.org", "https://shop.example.org:99999"],
)  # fmt: skip
def test_what_is_no_origin_is_refused_at_the_start(value: str) -> None:
    with pytest.raises(ValidationError, match="origin"):
        Settings(allowed_origins=f"https://fine.example.org,{value}")
