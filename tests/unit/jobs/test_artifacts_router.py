"""The files of jobs over HTTP: ranges, tags, names, what is refused, and the store that serves them itself."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Header

from headway.errors import TooMany
from headway.jobs.artifacts.router import build_artifacts_router
from headway.jobs.artifacts.service import ArtifactRules
from headway.jobs.service import JobMonitoringService
from headway.kit.actor import Actor
from headway.kit.problems import install_problem_handlers
from headway.storage.store import ObjectStore, Presigns
from tests.support.clock import FakeClock
from tests.support.executing import artifacts_of

DATA = bytes(range(256)) * 40


class World:
    """A client of somebody who runs a job."""

    def __init__(self, http: httpx.AsyncClient, service: JobMonitoringService, job_id: UUID) -> None:
        self.http, self.service, self.job_id = http, service, job_id
        self.full = False

    async def ask(self, method: str, name: str = "", **more: Any) -> httpx.Response:
        return await self.http.request(method, f"/jobs/{self.job_id}/artifacts/{name}".rstrip("/"), **more)

    @contextlib.contextmanager
    def one_more(self, _owner: str) -> Iterator[None]:
        if self.full:
            raise TooMany
        yield


def who(x_who: Annotated[str, Header()] = "ann") -> Actor:
    return Actor(owner=x_who)


async def opened(service: JobMonitoringService, store: ObjectStore, rules: ArtifactRules) -> AsyncIterator[World]:
    app = FastAPI()
    install_problem_handlers(app)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        world = World(http, service, (await service.create_job("ann", "external")).id)
        app.include_router(build_artifacts_router(artifacts_of(service, store, rules), world.one_more, who))
        yield world


@pytest.fixture
async def world(service: JobMonitoringService, store: ObjectStore) -> AsyncIterator[World]:
    async for each in opened(service, store, ArtifactRules(100_000, 14)):
        yield each


async def test_a_file_is_put_listed_and_fetched(world: World) -> None:
    put = await world.ask("PUT", "Maße 1.bin", content=DATA, params={"rows": 3})
    assert put.status_code == 201, put.text
    assert put.headers["location"].endswith("/artifacts/Ma%C3%9Fe%201.bin")
    assert (await world.ask("GET")).json() == {"items": [put.json()]}
    got = await world.ask("GET", "Maße 1.bin")
    assert (got.status_code, got.content) == (200, DATA)
    headers = {name: got.headers.get(name) for name in ("etag", "content-length", "content-type", "accept-ranges")}
    assert headers == {
        "etag": f'"{put.json()["sha256"]}"',
        "content-length": str(len(DATA)),
        "content-type": "application/octet-stream",
        "accept-ranges": "bytes",
    }
    assert "filename*=UTF-8''Ma%C3%9Fe%201.bin" in got.headers["content-disposition"]
    assert got.headers["x-content-type-options"] == "nosniff"


async def test_a_download_is_gone_on_with(world: World) -> None:
    tag = f'"{(await world.ask("PUT", "a.bin", content=DATA)).json()["sha256"]}"'
    part = await world.ask("GET", "a.bin", headers={"Range": "bytes=1000-", "If-Range": tag})
    assert (part.status_code, part.content) == (206, DATA[1000:])
    assert part.headers["content-range"] == f"bytes 1000-{len(DATA) - 1}/{len(DATA)}"
    other = await world.ask("GET", "a.bin", headers={"Range": "bytes=1000-", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, DATA)
    beyond = await world.ask("GET", "a.bin", headers={"Range": f"bytes={len(DATA)}-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "request.range_not_satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{len(DATA)}"
    known = await world.ask("GET", "a.bin", headers={"If-None-Match": tag})
    assert (known.status_code, known.content) == (304, b"")


async def test_an_empty_file_is_a_file(world: World) -> None:
    assert (await world.ask("PUT", "empty.txt", content=b"")).status_code == 201
    got = await world.ask("GET", "empty.txt")
    assert (got.status_code, got.content) == (200, b"")


async def test_what_is_refused_has_its_code(world: World, clock: FakeClock) -> None:
    await world.ask("PUT", "a.txt", content=b"1")
    for method, name, more, status, code in (
        ("PUT", "..%2Fa", {"content": b"1"}, 404, "not_found"),
        ("PUT", ".hidden", {"content": b"1"}, 422, "artifact.name_invalid"),
        (
            "PUT",
            "a.txt",
            {"content": b"1", "headers": {"Content-Type": "nonsense"}},
            422,
            "artifact.media_type_invalid",
        ),
        ("PUT", "a.txt", {"content": b"1" * 100_001}, 413, "artifact.too_large"),
        ("PUT", "a.txt", {"content": b"1", "headers": {"X-Who": "bob"}}, 404, "job.not_found"),
        ("PUT", "a.txt", {"content": b"1", "params": {"attempt": 9}}, 409, "job.stale_lease"),
        ("GET", "a.txt", {"headers": {"X-Who": "bob"}}, 404, "job.not_found"),
        ("GET", "", {"headers": {"X-Who": "bob"}}, 404, "job.not_found"),
        ("GET", "b.txt", {}, 404, "artifact.not_found"),
    ):
        answer = await world.ask(method, name, **more)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (method, name)
    world.full = True
    assert (await world.ask("PUT", "a.txt", content=b"1")).status_code == 429
    clock.advance(14 * 24 * 3600)
    gone = await world.ask("GET", "a.txt")
    assert (gone.status_code, gone.json()["code"]) == (410, "artifact.expired")
    assert gone.json()["expired_at"]
    await world.service.complete_job(world.job_id)
    world.full = False
    assert (await world.ask("PUT", "a.txt", content=b"1")).json()["code"] == "job.ended"


async def test_the_store_serves_a_file_itself_where_it_may(service: JobMonitoringService, store: ObjectStore) -> None:
    async for world in opened(service, store, ArtifactRules(100_000, 14, redirects=True)):
        await world.ask("PUT", "Maße 1.csv", content=DATA, headers={"Content-Type": "text/csv"})
        answer = await world.ask("GET", "Maße 1.csv")
        if not isinstance(store, Presigns):
            assert (answer.status_code, answer.content) == (200, DATA)
            continue
        assert (answer.status_code, answer.headers["cache-control"]) == (307, "no-store")
        assert "X-Amz-Expires=60&" in answer.headers["location"] + "&"
        async with httpx.AsyncClient(trust_env=False) as anybody:
            got = await anybody.get(answer.headers["location"], headers={"Range": "bytes=10-19"})
        assert (got.status_code, got.content) == (206, DATA[10:20])
        assert got.headers["content-type"] == "text/csv"
        assert "filename*=UTF-8''Ma%C3%9Fe%201.csv" in got.headers["content-disposition"]
