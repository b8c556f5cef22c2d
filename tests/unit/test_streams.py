"""The live stream of the whole product: over HTTP, as browsers and programs hold it open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from headway.app import PREFIX, create_app
from headway.jobs import live
from headway.settings import Settings
from tests.support.clock import FakeClock
from tests.support.serving import serving

EMAIL, PASSWORD = "admin@example.org", "correct-horse-battery"
SECONDS = 20


@pytest.fixture
async def url(settings: Settings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    monkeypatch.setattr(live, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(live, "PROOF_SECONDS", 0.02)
    async with serving(create_app(settings.model_copy(update={"max_streams_per_user": 3}), clock=clock)) as address:
        yield address


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser, signed in."""
    async with httpx.AsyncClient(base_url=f"{url}{PREFIX}", trust_env=False, headers={"Origin": url}) as http:
        (await http.post("/auth/session", json={"email": EMAIL, "password": PASSWORD})).raise_for_status()
        yield http


@asynccontextmanager
async def stream(client: httpx.AsyncClient, token: str | None = None) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """Open a stream, with the browser's cookie or a token, and yield its events."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    async with asyncio.timeout(SECONDS), client.stream("GET", "/jobs/stream", headers=bearer, timeout=None) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
        assert answer.headers["x-request-id"]
        yield _events(answer)


async def _events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


async def token_for_a_page(client: httpx.AsyncClient, seconds: int) -> str:
    body = {"scopes": ["jobs:read:user"], "ttl_seconds": seconds}
    return str((await client.post("/jobs/tokens", json=body)).raise_for_status().json()["token"])


async def test_a_page_is_told_to_renew_its_token_before_it_is_let_go(
    client: httpx.AsyncClient, clock: FakeClock
) -> None:
    async with stream(client, await token_for_a_page(client, 900)) as events:
        assert (await anext(events))[0] == "snapshot"
        clock.advance(841)
        name, data = await anext(events)
        assert (name, data["expires_at"]) == ("auth_expiring", "2026-01-02T03:19:05+00:00")
        async with stream(client, await token_for_a_page(client, 900)) as renewed:
            assert (await anext(renewed))[0] == "snapshot"
            clock.advance(60)
            assert [event async for event in events] == [("bye", {"reason": "expired"})]
            await client.post("/jobs", json={"job_type": "export"})
            assert (await anext(renewed))[0] == "job"


async def test_signing_out_ends_the_streams_of_this_browser_and_of_nobody_else(client: httpx.AsyncClient) -> None:
    form = {"username": EMAIL, "password": PASSWORD}
    program = (await client.post("/auth/token", data=form)).json()["access_token"]
    async with stream(client) as mine, stream(client, program) as others:
        assert {(await anext(events))[0] for events in (mine, others)} == {"snapshot"}
        await client.delete("/auth/session")
        assert [event async for event in mine] == [("bye", {"reason": "revoked"})]
        bearer = {"Authorization": f"Bearer {program}"}
        await client.post("/jobs", json={"job_type": "export"}, headers=bearer)
        assert (await anext(others))[0] == "job"


async def test_one_stream_too_many_is_a_problem_and_a_closed_one_makes_room(client: httpx.AsyncClient) -> None:
    async with stream(client) as first, stream(client) as second:
        async with stream(client) as third:
            for events in (first, second, third):
                await anext(events)
            refused = await client.get("/jobs/stream")
            assert (refused.status_code, refused.json()["code"]) == (429, "job.too_many_streams")
            assert refused.headers["retry-after"] == "10"
            assert refused.headers["content-type"] == "application/problem+json"
        async with asyncio.timeout(SECONDS):
            while (answer := await client.send(_ask(client), stream=True)).status_code == 429:
                await answer.aclose()
        await answer.aclose()


def _ask(client: httpx.AsyncClient) -> httpx.Request:
    return client.build_request("GET", "/jobs/stream")
