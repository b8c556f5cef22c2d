"""The HTTP side of jobs, mounted with a caller of our own, as a host application would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Header

from headway.errors import Unauthorized
from headway.jobs.live import LiveFeed
from headway.jobs.router import build_jobs_router
from headway.jobs.service import JobMonitoringService
from headway.kit.actor import Actor
from headway.kit.db import Database
from headway.kit.problems import install_problem_handlers
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal

ANN, BOB = {"X-Who": "ann"}, {"X-Who": "bob"}


class NoEngine:
    """An engine that holds nothing: jobs here are run by whoever creates them."""

    async def cancel(self, _job_id: object) -> None: ...


def who(x_who: Annotated[str | None, Header()] = None) -> Actor:
    if x_who is None:
        raise Unauthorized
    return Actor(owner=x_who)


@pytest.fixture
async def client(database: Database, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    signal = RecordingSignal()
    service = JobMonitoringService(database, clock, signal)
    live = LiveFeed(service, clock, signal, max_streams_per_user=2)
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(build_jobs_router(service, live, NoEngine(), who))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


async def create(client: httpx.AsyncClient, **body: object) -> dict[str, object]:
    answer = await client.post("/jobs", json={"job_type": "export", **body}, headers=ANN)
    assert answer.status_code == 201
    return answer.json()


async def test_the_three_contract_endpoints(client: httpx.AsyncClient) -> None:
    answer = await client.post("/jobs", json={"job_type": "export", "title": "Mine"}, headers=ANN)
    job = answer.json()
    assert answer.headers["location"] == f"/api/v2/jobs/{job['id']}"
    assert (job["status"], job["phase"], job["metadata"]) == ("running", "queued", {})
    assert (await client.get(f"/jobs/{job['id']}", headers=ANN)).json() == job
    active = (await client.get("/jobs/active", headers=ANN)).json()
    assert active["jobs"] == [job]
    assert set(active) == {"jobs", "counts", "server_time"}


@pytest.mark.parametrize("path", ["/jobs/active", "/jobs", "/jobs/stream", f"/jobs/{UUID(int=7)}"])
async def test_without_a_caller_401_with_the_way_in(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.required")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_somebody_elses_job_answers_404_on_every_route(client: httpx.AsyncClient) -> None:
    job = await create(client)
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/events", None),
        ("POST", "/cancel", None),
        ("POST", "/dismiss", None),
        ("POST", "/progress", {"progress": 5}),
    ):
        answer = await client.request(method, f"/jobs/{job['id']}{path}", json=body, headers=BOB)
        assert (answer.status_code, answer.json()["code"]) == (404, "job.not_found"), path


async def test_an_unchanged_list_answers_304_and_a_changed_one_does_not(
    client: httpx.AsyncClient, clock: FakeClock
) -> None:
    job = await create(client)
    first = await client.get("/jobs/active", headers=ANN)
    clock.advance(2)
    same = await client.get("/jobs/active", headers={**ANN, "If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    await client.post(f"/jobs/{job['id']}/progress", json={"progress": 3}, headers=ANN)
    changed = await client.get("/jobs/active", headers={**ANN, "If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


async def test_a_script_reports_is_cancelled_and_says_so(client: httpx.AsyncClient) -> None:
    job = await create(client)
    url = f"/jobs/{job['id']}"
    report = (await client.post(f"{url}/progress", json={"progress": 140, "message": "Working"}, headers=ANN)).json()
    assert (report["progress"], report["clamped"], report["cancel_requested"]) == (100, True, False)
    assert (await client.get(url, headers=ANN)).json()["progress"] == 99
    assert (await client.post(f"{url}/cancel", headers=ANN)).status_code == 202
    assert (await client.post(f"{url}/progress", json={}, headers=ANN)).json()["cancel_requested"] is True
    await client.post(f"{url}/progress", json={"status": "cancelled"}, headers=ANN)
    again = await client.post(f"{url}/cancel", headers=ANN)
    assert (again.status_code, again.json()["code"]) == (409, "job.ended")
    assert (await client.post(f"{url}/dismiss", headers=ANN)).status_code == 204


async def test_cancelling_a_waiting_job_answers_200(client: httpx.AsyncClient) -> None:
    job = await create(client)
    answer = await client.post(f"/jobs/{job['id']}/cancel", headers=ANN)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("cursor=xyz", 400, "request.bad_cursor"),
        ("status=done", 422, "job.unknown_filter"),
        ("limit=0", 422, "request.invalid"),
        ("limit=101", 422, "request.invalid"),
    ],
)
async def test_bad_questions_are_problems(client: httpx.AsyncClient, query: str, status: int, code: str) -> None:
    answer = await client.get(f"/jobs?{query}", headers=ANN)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"job_type": "export", "title": "a\x00b"},
        {"job_type": "export", "metadata": {"a": ["\x00"]}},
        {"job_type": "export", "metadata": {"a": "x" * 70_000}},
        {"job_type": "No Spaces"},
        {"job_type": "export", "surprise": 1},
        {"job_type": "export", "title": "x" * 201},
    ],
)
async def test_bad_jobs_are_problems(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    answer = await client.post("/jobs", json=body, headers=ANN)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_a_malformed_id_is_a_problem_and_not_a_500(client: httpx.AsyncClient) -> None:
    answer = await client.get("/jobs/not-a-uuid", headers=ANN)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
