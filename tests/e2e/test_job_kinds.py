"""The kind of job that the guide adds, submitted to the real product and run by its worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import KINDS_GUIDE
from tests.support.product import Server


@pytest.fixture(scope="module")
def ann(server: Server) -> Iterator[httpx.Client]:
    with server.new_client() as client:
        yield client


def submit(client: httpx.Client, **parameters: Any) -> dict[str, Any]:
    answer = client.post("/jobs", json={"job_type": "squares.list", "parameters": parameters})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/api/v2/jobs/{answer.json()['id']}"
    return dict(answer.json())


def next_version(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    return dict(client.get(f"/jobs/{job['id']}", params={"wait": 30, "after_version": job["version"]}).json())


def ended(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    while job["status"] == "running":
        job = next_version(client, job)
    return job


def test_the_example_is_short() -> None:
    code = KINDS_GUIDE.read_text().partition("```python\n")[2].partition("```")[0]
    assert len(code.splitlines()) < 40


def test_a_job_of_the_kind_leaves_its_file_and_says_what_it_made(ann: httpx.Client) -> None:
    job = ended(ann, submit(ann, count=1000))
    assert (job["status"], job["outcome"], job["progress"]) == ("completed", "succeeded", 100)
    assert (job["job_type"], job["title"], job["message"]) == ("squares.list", "Square numbers", "1,000 squares")
    assert (job["result"], job["metadata"]) == ({"largest": 998001}, {"parameters": {"count": 1000, "avoid": None}})
    [file] = ann.get(f"/jobs/{job['id']}/artifacts").json()["items"]
    assert (file["name"], file["media_type"], file["rows"]) == ("squares.txt", "text/plain", 1000)
    text = ann.get(f"/jobs/{job['id']}/artifacts/squares.txt").text
    assert text.split() == [str(number**2) for number in range(1000)]


def test_a_running_job_shows_its_progress_and_can_be_cancelled(ann: httpx.Client) -> None:
    job = submit(ann, count=10_000_000)
    while not (job["stage"] == "square" and job["done_units"]):
        job = next_version(ann, job)
    assert (job["unit"], job["total_units"], job["message"]) == ("squares", 10_000_000, "Squaring")
    assert job["progress"] < 100
    assert ann.post(f"/jobs/{job['id']}/cancel").status_code == 202
    assert ended(ann, job)["status"] == "cancelled"
    assert ann.get(f"/jobs/{job['id']}/artifacts").json() == {"items": []}


def test_its_own_problem_is_what_the_owner_reads(ann: httpx.Client) -> None:
    job = ended(ann, submit(ann, count=1000, avoid=49))
    problem = job["problem"]
    assert (job["status"], job["error"], problem["code"]) == ("failed", "7 squared is 49.", "squares.unlucky")
    assert (problem["number"], problem["type"]) == (7, "urn:headway:problem:squares.unlucky")


def test_parameters_that_do_not_fit_are_refused_at_once(ann: httpx.Client) -> None:
    answer = ann.post("/jobs", json={"job_type": "squares.list", "parameters": {"count": 0, "colour": "red"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "job.parameters_invalid")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/parameters/count", "/parameters/colour"]
    unknown = ann.post("/jobs", json={"job_type": "cubes.list", "parameters": {"count": 1}})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "job.unknown_kind")
    assert unknown.json()["kinds"] == ["squares.list"]
