"""The HTTP side of jobs, mounted with a caller of our own, as a host application would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Header

from headway.errors import Unauthorized
from headway.jobs.bulk import BulkActions
from headway.jobs.history import JobHistory
from headway.jobs.live import LiveFeed
from headway.jobs.router import build_jobs_router
from headway.jobs.service import JobMonitoringService
from headway.jobs.submitting import JobSubmissions
from headway.jobs.waiting import JobWaits
from headway.kit.actor import Actor
from headway.kit.db import Database
from headway.kit.problems import install_problem_handlers
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

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
    live = LiveFeed(database, clock, signal, max_streams_per_user=2)
    app = FastAPI()
    install_problem_handlers(app)
    engine = NoEngine()
    bulk = BulkActions(database, service, engine)  # type: ignore[arg-type]  # as below
    submissions = JobSubmissions(database, service, RecordingSubmitter())
    app.include_router(
        build_jobs_router(
            service,
            JobHistory(database),
            JobWaits(service, signal),
            live,
            engine,  # type: ignore[arg-type]  # no more of it than is asked for here
            bulk,
            submissions,
            who,
        )
    )
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
    assert answer.headers["location"] == f"/jobs/{job['id']}"
    assert (job["status"], job["phase"], job["metadata"]) == ("running", "queued", {})
    assert (await client.get(f"/jobs/{job['id']}", headers=ANN)).json() == job
    active = (await client.get("/jobs/active", headers=ANN)).json()
    assert active["jobs"] == [job]
    assert set(active) == {"jobs", "counts", "next_poll_ms", "server_time"}


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
        ("DELETE", "", None),
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


async def test_a_script_that_declares_its_stages_gets_its_percent_from_what_it_counts(
    client: httpx.AsyncClient,
) -> None:
    job = await create(client, stages=[{"key": "read"}, {"key": "write", "weight": 3}])
    assert (job["stage_index"], job["stage_count"], job["queue"]) == (None, 2, None)
    report = {"stage": "write", "done_units": 1, "total_units": 2, "unit": "rows"}
    answer = (await client.post(f"/jobs/{job['id']}/progress", json=report, headers=ANN)).json()
    assert (answer["progress"], answer["clamped"]) == (61, False)
    for stages in (
        [],
        [{"key": "a"}, {"key": "a"}],
        [{"key": "a", "weight": 0}],
        [{"key": "A B"}],
        [{"key": "a"}] * 21,
    ):
        bad = await client.post("/jobs", json={"job_type": "export", "stages": stages}, headers=ANN)
        assert (bad.status_code, bad.json()["code"]) == (422, "request.invalid"), stages


async def test_a_percent_out_of_bounds_is_clamped_and_noted_once(client: httpx.AsyncClient) -> None:
    job = await create(client)
    url = f"/jobs/{job['id']}"
    for percent, kept in ((140, 100), (200, 100), (-3, 100)):
        answer = (await client.post(f"{url}/progress", json={"progress": percent}, headers=ANN)).json()
        assert (answer["progress"], answer["clamped"]) == (kept, True)
    events = (await client.get(f"{url}/events", headers=ANN)).json()["items"]
    (noted,) = [event for event in events if event["kind"] == "clamped"]
    assert noted["data"] == {"reported": 140, "progress": 100}


async def test_going_back_is_clamped_and_no_fault_to_note(client: httpx.AsyncClient) -> None:
    job = await create(client)
    url = f"/jobs/{job['id']}"
    for percent in (50, 20):
        answer = (await client.post(f"{url}/progress", json={"progress": percent}, headers=ANN)).json()
    assert (answer["progress"], answer["clamped"]) == (50, True)
    events = (await client.get(f"{url}/events", headers=ANN)).json()["items"]
    assert "clamped" not in [event["kind"] for event in events]


async def test_a_script_that_could_not_do_everything_ends_as_partial_with_the_number(client: httpx.AsyncClient) -> None:
    job = await create(client)
    url = f"/jobs/{job['id']}"
    await client.post(f"{url}/progress", json={"done_units": 9, "failed_units": 1, "unit": "files"}, headers=ANN)
    await client.post(f"{url}/progress", json={"status": "completed"}, headers=ANN)
    ended = (await client.get(url, headers=ANN)).json()
    assert (ended["phase"], ended["outcome"], ended["failed_units"]) == ("partial", "partial", 1)


async def test_a_failure_that_is_reported_is_a_problem_like_every_other(client: httpx.AsyncClient) -> None:
    job = await create(client)
    url = f"/jobs/{job['id']}"
    await client.post(f"{url}/progress", json={"status": "failed", "error": "The disk was full."}, headers=ANN)
    problem = (await client.get(url, headers=ANN)).json()["problem"]
    assert (problem["code"], problem["detail"]) == ("job.reported_failure", "The disk was full.")
    assert problem["user_action"]
    assert problem["retryable"] is False


async def test_the_first_page_that_asks_is_the_one_that_notifies(client: httpx.AsyncClient) -> None:
    job = await create(client)
    url = f"/jobs/{job['id']}"
    early = await client.post(f"{url}/notified", headers=ANN)
    assert (early.status_code, early.json()["code"]) == (409, "job.still_running")
    await client.post(f"{url}/cancel", headers=ANN)
    for first in (True, False):
        assert (await client.post(f"{url}/notified", headers=ANN)).json() == {"first": first}


async def test_cancelling_a_waiting_job_answers_200(client: httpx.AsyncClient) -> None:
    job = await create(client)
    answer = await client.post(f"/jobs/{job['id']}/cancel", headers=ANN)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("cursor=xyz", 400, "request.bad_cursor"),
        ("status=done", 422, "job.unknown_filter"),
        ("statsu=failed", 422, "job.unknown_filter"),
        ("q=a&type=import", 422, "job.unknown_filter"),
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


async def test_a_job_that_is_known_answers_304_until_it_changes(client: httpx.AsyncClient) -> None:
    job = await create(client)
    first = await client.get(f"/jobs/{job['id']}", headers=ANN)
    assert (first.headers["etag"], first.headers["retry-after"]) == ('"v1"', "1")
    known = {**ANN, "If-None-Match": f'"v0", W/{first.headers["etag"]}'}
    again = await client.get(f"/jobs/{job['id']}", headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", '"v1"')
    await client.post(f"/jobs/{job['id']}/progress", json={"status": "completed"}, headers=ANN)
    changed = await client.get(f"/jobs/{job['id']}", headers=known)
    assert (changed.status_code, changed.json()["status"]) == (200, "completed")
    assert "retry-after" not in changed.headers


async def test_a_long_poll_is_answered_by_the_change(client: httpx.AsyncClient) -> None:
    job = await create(client)
    address = f"/jobs/{job['id']}?wait=50&after_version={job['version']}"
    async with asyncio.timeout(20):  # far less than it would wait for
        polls = [asyncio.create_task(client.get(address, headers=ANN)) for _ in range(3)]
        await asyncio.sleep(0)
        await client.post(f"/jobs/{job['id']}/progress", json={"progress": 30}, headers=ANN)
        answers = await asyncio.gather(*polls)
    assert {answer.json()["progress"] for answer in answers} == {30}


async def test_a_long_poll_waits_neither_for_an_ended_job_nor_for_somebody_elses(client: httpx.AsyncClient) -> None:
    job = await create(client)
    await client.post(f"/jobs/{job['id']}/progress", json={"status": "completed"}, headers=ANN)
    async with asyncio.timeout(20):
        ended = await client.get(f"/jobs/{job['id']}?wait=50&after_version=99", headers=ANN)
        assert ended.json()["status"] == "completed"
        assert (await client.get(f"/jobs/{job['id']}?wait=50", headers=BOB)).status_code == 404


async def test_when_to_ask_again_is_said(client: httpx.AsyncClient) -> None:
    async def said() -> int:
        return int((await client.get("/jobs/active", headers=ANN)).json()["next_poll_ms"])

    assert await said() == 30_000
    job = await create(client)
    assert await said() == 5_000
    await client.post(f"/jobs/{job['id']}/progress", json={"progress": 1}, headers=ANN)
    assert await said() == 1_000


async def test_history_is_filtered_by_what_the_address_says(client: httpx.AsyncClient) -> None:
    job = await create(client, title="One")
    await create(client, title="Two")
    await client.post(f"/jobs/{job['id']}/progress", json={"status": "failed"}, headers=ANN)

    async def titles(**query: str) -> list[str]:
        answer = await client.get("/jobs", params=query, headers=ANN)
        return [found["title"] for found in answer.json()["items"]]

    assert await titles(status="failed") == ["One"]
    assert await titles(status="!failed") == ["Two"]
    assert await titles(q="tw") == ["Two"]
    assert await titles(created_to=str(job["created_at"])) == []
    for bad in ({"status": "done"}, {"created_from": "2026-01-01T00:00:00"}, {"dataset_id": "x"}):
        assert (await client.get("/jobs", params=bad, headers=ANN)).status_code == 422
    attempts = (await client.get(f"/jobs/{job['id']}/attempts", headers=ANN)).json()["items"]
    assert [attempt["outcome"] for attempt in attempts] == []


async def test_an_ended_job_is_deleted_and_a_live_one_is_not(client: httpx.AsyncClient) -> None:
    job = await create(client)
    url = f"/jobs/{job['id']}"
    refused = await client.delete(url, headers=ANN)
    assert (refused.status_code, refused.json()["code"]) == (409, "job.still_running")
    await client.post(f"{url}/progress", json={"status": "failed"}, headers=ANN)
    assert (await client.delete(url, headers=BOB)).status_code == 404
    deleted = await client.delete(url, headers=ANN)
    assert (deleted.status_code, deleted.content) == (204, b"")
    for method, path in (("GET", ""), ("GET", "/events"), ("DELETE", "")):
        answer = await client.request(method, f"{url}{path}", headers=ANN)
        assert (answer.status_code, answer.json()["code"]) == (404, "job.not_found")
    assert (await client.get("/jobs", headers=ANN)).json()["items"] == []


async def test_many_jobs_at_once(client: httpx.AsyncClient) -> None:
    first, second = await create(client, title="One"), await create(client, title="Two")
    unknown = str(UUID(int=7))
    body = {"action": "cancel", "ids": [first["id"], unknown]}
    answer = await client.post("/jobs/bulk", json=body, headers=ANN)
    detail = "There is no such job"
    refusal = {"id": unknown, "code": "job.not_found", "detail": detail}
    assert answer.json() == {"done": [first["id"]], "refused": [refusal], "more": False}
    strangers = await client.post("/jobs/bulk", json={"action": "delete", "where": {}}, headers=BOB)
    assert strangers.json() == {"done": [], "refused": [], "more": False}
    for where, done in (({"q": "two"}, []), ({"created_to": str(first["created_at"])}, []), ({"q": "one"}, [first])):
        body = {"action": "delete", "where": {"status": "cancelled,failed", "job_type": "export", **where}}
        answer = await client.post("/jobs/bulk", json=body, headers=ANN)
        assert answer.json()["done"] == [job["id"] for job in done]
    assert [job["id"] for job in (await client.get("/jobs", headers=ANN)).json()["items"]] == [second["id"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"action": "cancel"}, "request.invalid"),
        ({"action": "cancel", "ids": [], "where": {}}, "request.invalid"),
        ({"action": "stop", "ids": []}, "request.invalid"),
        ({"action": "delete", "ids": [str(UUID(int=7))] * 501}, "request.invalid"),
        ({"action": "delete", "ids": ["x"]}, "request.invalid"),
        ({"action": "delete", "where": {"surprise": 1}}, "request.invalid"),
        ({"action": "delete", "where": {"created_to": "2026-01-01T00:00:00"}}, "request.invalid"),
        ({"action": "delete", "where": {"q": "x" * 201}}, "request.invalid"),
        ({"action": "delete", "where": {"q": "a\x00b"}}, "request.invalid"),
        ({"action": "delete", "where": {"status": "done"}}, "job.unknown_filter"),
    ],
)
async def test_bad_bulk_requests_are_problems(client: httpx.AsyncClient, body: dict[str, object], code: str) -> None:
    answer = await client.post("/jobs/bulk", json=body, headers=ANN)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_five_hundred_are_not_too_many(client: httpx.AsyncClient) -> None:
    ids = [str(UUID(int=number)) for number in range(500)]
    answer = await client.post("/jobs/bulk", json={"action": "dismiss", "ids": ids}, headers=ANN)
    assert (answer.status_code, len(answer.json()["refused"])) == (200, 500)


async def test_jobs_are_counted_beside_the_filters(client: httpx.AsyncClient) -> None:
    for job_type in ("export", "export", "validation"):
        job = await create(client, job_type=job_type)
    report = await client.post(f"/jobs/{job['id']}/progress", json={"status": "failed", "error": "no"}, headers=ANN)
    assert report.status_code == 200
    counts = (await client.get("/jobs/counts", headers=ANN)).json()
    assert (counts["total"], counts["status"]["running"], counts["status"]["failed"]) == (3, 2, 1)
    some = (await client.get("/jobs/counts", params={"job_type": "export", "status": "failed"}, headers=ANN)).json()
    assert (some["total"], some["matching"], some["status"]["running"]) == (3, 0, 2)
    assert some["job_types"] == [{"job_type": "validation", "count": 1}]
    assert (await client.get("/jobs/counts", headers=BOB)).json()["total"] == 0


@pytest.mark.parametrize("query", ["status=broken", "q=a", "created_from=2026-01-01T00:00:00Z", "limit=3"])
async def test_what_is_not_counted_is_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/jobs/counts?{query}", headers=ANN)
    assert (answer.status_code, answer.json()["code"]) == (422, "job.unknown_filter")
