"""Tokens for embeds, and what a host's own callers may do on the routes of jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI, Header

from headway.jobs.bulk import BulkActions
from headway.jobs.embedding import DEFAULT_SECONDS, LONGEST_SECONDS, JobTokens
from headway.jobs.history import JobHistory
from headway.jobs.live import LiveFeed
from headway.jobs.router import build_jobs_router
from headway.jobs.service import JobMonitoringService
from headway.jobs.submitting import JobSubmissions
from headway.jobs.waiting import JobWaits
from headway.kit.actor import EVERYTHING, Actor
from headway.kit.db import Database
from headway.kit.problems import install_problem_handlers
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

Issued = tuple[str, frozenset[str], int]
ANN = {"X-Who": "ann"}


class NoEngine:
    """An engine that holds nothing: jobs here are run by whoever creates them."""

    async def cancel(self, _job_id: object) -> None: ...


def who(x_who: Annotated[str, Header()], x_scopes: Annotated[str | None, Header()] = None) -> Actor:
    return Actor(owner=x_who, scopes=EVERYTHING if x_scopes is None else frozenset(x_scopes.split()))


@pytest.fixture
def issued() -> list[Issued]:
    return []


@pytest.fixture
async def client(database: Database, clock: FakeClock, issued: list[Issued]) -> AsyncIterator[httpx.AsyncClient]:
    """A host that signs its own tokens, mounted twice: with them, and under `/plain` without."""

    async def issue(owner: str, scopes: Collection[str], seconds: int) -> tuple[str, datetime]:
        issued.append((owner, frozenset(scopes), seconds))
        return "signed", clock.now() + timedelta(seconds=seconds)

    signal = RecordingSignal()
    service = JobMonitoringService(database, clock, signal)
    live = LiveFeed(database, clock, signal, max_streams_per_user=2)
    engine: Any = NoEngine()
    bulk = BulkActions(database, service, engine)
    submissions = JobSubmissions(database, service, RecordingSubmitter())
    waits = JobWaits(service, signal)
    parts: tuple[Any, ...] = (service, JobHistory(database), waits, live, engine, bulk, submissions, who)
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(build_jobs_router(*parts, JobTokens(service, issue)))
    app.include_router(build_jobs_router(*parts), prefix="/plain")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=ANN) as http:
        yield http


async def create(client: httpx.AsyncClient) -> str:
    answer = await client.post("/jobs", json={"job_type": "export"})
    assert answer.status_code == 201
    return str(answer.json()["id"])


async def test_a_token_names_what_was_asked_for_and_lives_as_long(
    client: httpx.AsyncClient, issued: list[Issued], clock: FakeClock
) -> None:
    job_id = await create(client)
    for seconds in (None, 1, LONGEST_SECONDS):
        lifetime = {} if seconds is None else {"ttl_seconds": seconds}
        answer = await client.post("/jobs/tokens", json={"scopes": [f"job:read:{job_id.upper()}"], **lifetime})
        assert (answer.status_code, answer.json()["token"]) == (201, "signed")
        assert answer.headers["cache-control"] == "no-store"
        lived = datetime.fromisoformat(answer.json()["expires_at"]) - clock.now()
        assert lived.total_seconds() == (seconds or DEFAULT_SECONDS)
    assert issued == [("ann", frozenset({f"job:read:{job_id}"}), n) for n in (900, 1, 30 * 86400)]


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": []}, {"scopes": ["jobs:read"]}, {"scopes": ["admin"]}, {"scopes": ["jobs:read:ann"]},
        {"scopes": ["job:read:"]}, {"scopes": ["job:read:*"]}, {"scopes": ["job:read:{job_id}"]},
        {"scopes": [f"job:retry:{UUID(int=7)}"]}, {"scopes": [f"job:read:{UUID(int=7)}\0"]}, {"scopes": ["jobs:read:user"] * 21},
        {"ttl_seconds": 0}, {"ttl_seconds": LONGEST_SECONDS + 1}, {"user_id": "bob"},
    ],
    ids=str,
)  # fmt: skip
async def test_a_token_that_cannot_be_made(
    client: httpx.AsyncClient, issued: list[Issued], changes: dict[str, Any]
) -> None:
    answer = await client.post("/jobs/tokens", json={"scopes": ["jobs:read:user"], **changes})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert issued == []


async def test_one_strange_job_among_own_ones_is_enough_to_refuse(
    client: httpx.AsyncClient, issued: list[Issued]
) -> None:
    scopes = [f"job:read:{await create(client)}", f"job:cancel:{await create(client)}"]
    assert (await client.post("/jobs/tokens", json={"scopes": scopes})).status_code == 201
    refused = await client.post("/jobs/tokens", json={"scopes": scopes}, headers={"X-Who": "bob"})
    assert (refused.status_code, refused.json()["code"]) == (404, "job.not_found")
    refused = await client.post("/jobs/tokens", json={"scopes": [*scopes, f"job:read:{uuid4()}"]})
    assert refused.status_code == 404
    assert len(issued) == 1


async def test_a_host_without_a_signer_has_no_such_route(client: httpx.AsyncClient) -> None:
    assert (await client.post("/jobs/tokens", json={"scopes": ["jobs:read:user"]})).status_code == 201
    assert (await client.post("/plain/jobs/tokens", json={"scopes": ["jobs:read:user"]})).status_code in {404, 405}
    assert (await client.get("/plain/jobs/active")).status_code == 200


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [
        (None, [200, 200, 200, 200]),
        ("jobs:read", [200, 200, 200, 403]),
        ("jobs:write", [403, 403, 403, 200]),
        ("jobs:read:user", [403, 200, 200, 403]),
        ("job:read:{}", [403, 403, 200, 403]),
        ("job:cancel:{}", [403, 403, 403, 200]),
        ("job:read:01990000-0000-7000-8000-000000000001", [403, 403, 403, 403]),
        ("", [403, 403, 403, 403]),
    ],
)
async def test_a_hosts_caller_may_do_what_the_host_says(
    client: httpx.AsyncClient, scopes: str | None, statuses: list[int]
) -> None:
    job_id = await create(client)
    headers = {} if scopes is None else {"X-Scopes": scopes.format(job_id)}
    asked = [("GET", ""), ("GET", "/active"), ("GET", f"/{job_id}"), ("POST", f"/{job_id}/cancel")]
    said = [(await client.request(method, f"/jobs{path}", headers=headers)).status_code for method, path in asked]
    assert said == statuses


async def test_an_id_written_otherwise_opens_nothing_more(client: httpx.AsyncClient) -> None:
    job_id, other = await create(client), await create(client)
    headers = {"X-Scopes": f"job:read:{job_id}"}
    for spelled in (other, other.upper(), f"{{{other}}}", f"urn:uuid:{other}", f"{job_id}%2F..%2F{other}"):
        assert (await client.get(f"/jobs/{spelled}", headers=headers)).status_code in {403, 404, 422}
