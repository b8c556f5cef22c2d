"""From a file to a dataset through the real product, as a user's program would do it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from tests.support.product import Server, ended, until

ROWS = 336_776


@pytest.fixture(scope="module")
def client(server: Server) -> httpx.Client:
    return server.new_client()


def upload(client: httpx.Client, name: str, data: bytes, **options: Any) -> httpx.Response:
    form = {"options": json.dumps(options)} if options else None
    return client.post("/imports", files={"file": (name, data)}, data=form)


def imported(client: httpx.Client, name: str, data: bytes, **options: Any) -> dict[str, Any]:
    answer = upload(client, name, data, **options)
    assert answer.status_code == 202, answer.text
    return ended(client, answer.json()["id"])


def rows(client: httpx.Client, job: dict[str, Any], **params: Any) -> dict[str, Any]:
    answer = client.get(f"/datasets/{job['related_dataset_id']}/rows", params=params)
    return dict(answer.raise_for_status().json())


def test_flights_are_watched_live_and_read_back_exactly(client: httpx.Client, flights: Path) -> None:
    seen: list[tuple[str, int]] = []
    stop = threading.Event()

    def watch() -> None:
        with httpx.Client(base_url=client.base_url, headers=client.headers, trust_env=False) as watcher:
            while not stop.is_set():
                for job in watcher.get("/jobs/active").json()["jobs"]:
                    if job["title"] == "flights.csv" and (not seen or seen[-1][1] != job["progress"]):
                        seen.append((job["phase"], job["progress"]))

    watching = threading.Thread(target=watch)
    watching.start()
    with flights.open("rb") as file:
        accepted = client.post("/imports", files={"file": ("flights.csv", file)})
    assert accepted.status_code == 202
    assert accepted.headers["location"] == f"/api/v2/jobs/{accepted.json()['id']}"
    job = ended(client, accepted.json()["id"])
    stop.set()
    watching.join()
    assert (job["status"], job["progress"], job["outcome"]) == ("completed", 100, "succeeded")
    progress = [percent for _, percent in seen]
    assert progress == sorted(progress)
    assert len({percent for percent in progress if 40 <= percent < 90}) >= 3
    assert "uploading" in {phase for phase, _ in seen}

    dataset = client.get(f"/datasets/{job['related_dataset_id']}").json()
    assert (dataset["rows"], len(dataset["columns"])) == (ROWS, 19)
    with flights.open(newline="") as file:
        expected = list(csv.DictReader(file))[-6:]
    page = rows(client, job, offset=ROWS - 6, values="written")
    assert page["total"] == ROWS
    assert page["rows"] == expected
    typed = rows(client, job, offset=ROWS - 6)["rows"]
    for row, cells in zip(typed, expected, strict=True):
        for name, cell in cells.items():
            assert str(row[name]) == cell or (row[name] is None and cell == "NA"), name


def test_a_job_passes_every_step_and_says_when(client: httpx.Client) -> None:
    job = imported(client, "steps.csv", b"step,number\nfirst,1\n")
    events = client.get(f"/jobs/{job['id']}/events").json()["items"]
    told = [(event["kind"], event["data"].get("stage"), event["data"].get("progress")) for event in events]
    assert [kind for kind, _, _ in told] == ["created", "accepted", "started", "stage", "stage", "stage", "completed"]
    assert [(stage, progress) for kind, stage, progress in told if kind == "stage"] == [
        ("parse", 40), ("store", 70), ("publish", 90),
    ]  # fmt: skip


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["code", "amount"])
    sheet.append(["00123", 1.5])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"code": ["00123"], "amount": [1.5]}), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv", b"code,amount\n00123,1.5\n"),
        ("t.tsv", b"code\tamount\n00123\t1.5\n"),
        ("t.csv.gz", gzip.compress(b"code,amount\n00123,1.5\n", mtime=0)),
        ("t.xlsx", workbook()),
        ("t.json", b'[{"code": "00123", "amount": 1.5}]'),
        ("t.ndjson", b'{"code": "00123", "amount": 1.5}\n{"code": "x", "amount": 2.5}\n'),
        ("t.parquet", parquet()),
        ("lying.csv", parquet() + b""),
    ],
)
def test_every_format_becomes_the_same_table(client: httpx.Client, name: str, data: bytes) -> None:
    job = imported(client, name, data, duplicate="import")
    assert job["status"] == "completed", job["problem"]
    first = rows(client, job)["rows"][0]
    assert first["code"] == "00123"
    assert float(first["amount"]) == 1.5
    original = client.get(f"/datasets/{job['related_dataset_id']}/original")
    assert hashlib.sha256(original.content).digest() == hashlib.sha256(data).digest()


def encrypted() -> bytes:
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(workbook())).encrypt("secret", out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("empty.csv", b"", "format.empty"),
        ("binary.csv", bytes(range(256)) * 50, "format.not_a_table"),
        ("cut.csv.gz", gzip.compress(b"a,b\n1,2\n" * 1000, mtime=0)[:-20], "archive.truncated"),
        ("locked.xlsx", encrypted(), "sheet.password_protected"),
        ("page.pdf", b"%PDF-1.7\n" + b"x" * 100, "format.pdf"),
        ("broken.json", b'[{"a": 1}, {"a":', "json.truncated"),
    ],
)
def test_what_is_wrong_in_a_file_is_a_failed_job_that_a_person_can_act_on(
    client: httpx.Client, name: str, data: bytes, code: str
) -> None:
    job = imported(client, name, data)
    assert job["status"] == "failed"
    assert job["problem"]["code"] == code
    assert job["error"]
    assert job["problem"]["user_action"]
    assert job["related_dataset_id"] is None


def test_a_single_line_of_200_mb_is_refused_in_bounded_memory(client: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    with path.open("wb") as file:
        for _ in range(200):
            file.write(b"x" * 1_000_000)
    with path.open("rb") as file:
        answer = client.post("/imports", files={"file": ("line.csv", file)})
    job = ended(client, answer.json()["id"])
    assert (job["status"], job["problem"]["code"]) == ("failed", "csv.line_too_long")


def test_requests_that_make_no_sense_are_problems_and_leave_nothing(client: httpx.Client) -> None:
    before = len(client.get("/jobs/active").json()["jobs"])
    for answer, status, code in (
        (client.post("/imports", files={"other": ("a.csv", b"x")}), 422, "upload.no_file"),
        (client.post("/imports", content=b"a,b\n"), 422, "upload.no_file"),
        (upload(client, "a.csv", b"a\n", surprise=1), 422, "import.bad_options"),
        (client.get(f"/jobs/{uuid4()}"), 404, "job.not_found"),
        (client.get(f"/datasets/{uuid4()}/rows"), 404, "dataset.not_found"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert len(client.get("/jobs/active").json()["jobs"]) == before


def test_nobody_gets_in_without_a_token_or_to_what_is_not_theirs(server: Server, client: httpx.Client) -> None:
    job = imported(client, "mine.csv", b"a,b\n1,2\n")
    paths = [f"/jobs/{job['id']}", f"/datasets/{job['related_dataset_id']}/rows", "/jobs/active", "/jobs/stream"]
    with httpx.Client(base_url=client.base_url, trust_env=False) as nobody:
        assert {nobody.get(path).status_code for path in paths} == {401}
    with server.new_client() as other:
        assert [other.get(path).status_code for path in paths[:2]] == [404, 404]
        assert other.get("/jobs/active").json()["jobs"] == []


def test_the_same_file_again_leads_to_its_dataset(client: httpx.Client) -> None:
    first = imported(client, "once.csv", b"a,b\n7,8\n")
    again = upload(client, "renamed.csv", b"a,b\n7,8\n").json()
    assert (again["status"], again["outcome"]) == ("completed", "duplicate")
    assert again["related_dataset_id"] == first["related_dataset_id"]
    anew = imported(client, "once.csv", b"a,b\n7,8\n", duplicate="import")
    assert anew["related_dataset_id"] != first["related_dataset_id"]


def test_a_client_that_goes_away_leaves_an_interrupted_job(server: Server, client: httpx.Client) -> None:
    url = httpx.URL(server.url)
    name = f"gone-{uuid4().hex[:6]}.csv"
    head = (
        f"POST /api/v2/imports?filename={name} HTTP/1.1\r\nHost: {url.host}\r\n"
        f"Authorization: {client.headers['authorization']}\r\nContent-Length: 10000000\r\n\r\n"
    )

    def job() -> dict[str, Any] | None:
        found = [job for job in client.get("/jobs/active").json()["jobs"] if job["title"] == name]
        return found[0] if found else None

    with socket.create_connection((str(url.host), url.port or 80)) as connection:
        connection.sendall(head.encode() + b"a,b\n" * 5000)
        assert until(job)["phase"] == "uploading"
    failed = until(lambda: job() if (job() or {}).get("status") == "failed" else None)
    assert failed["problem"]["code"] == "upload.interrupted"


def test_events_come_as_they_happen(server: Server, client: httpx.Client) -> None:
    events: list[tuple[str, Any]] = []
    ready, done = threading.Event(), threading.Event()

    def listen() -> None:
        with client.stream("GET", "/jobs/stream") as stream:
            kind = ""
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    events.append((kind, json.loads(line[6:])))
                    ready.set()
                    if kind == "finished" and events[-1][1]["title"] == "live.csv":
                        done.set()
                        return

    listening = threading.Thread(target=listen)
    listening.start()
    assert ready.wait(10)
    with httpx.Client(base_url=client.base_url, headers=client.headers, trust_env=False) as uploader:
        upload(uploader, "live.csv", b"a,b\n" + b"1,2\n" * 50_000)
    assert done.wait(60)
    listening.join()
    assert events[0][0] == "snapshot"
    mine = [job for kind, job in events if kind in {"job", "finished"} and job["title"] == "live.csv"]
    versions = [job["version"] for job in mine]
    assert versions == sorted(set(versions))
    progress = [job["progress"] for job in mine]
    assert progress == sorted(progress)
    assert mine[-1]["progress"] == 100
    assert all(job["progress"] < 100 for job in mine[:-1])


def test_cancelling_stops_the_work(client: httpx.Client, tmp_path: Path) -> None:
    data = b"a,b,c\n" + b"1,2.5,some text that is long enough\n" * 2_000_000
    answer = upload(client, "long.csv", data)
    job_id = answer.json()["id"]
    until(lambda: client.get(f"/jobs/{job_id}").json()["phase"] == "running")
    began = time.monotonic()
    assert client.post(f"/jobs/{job_id}/cancel").status_code == 202
    job = ended(client, job_id)
    assert (job["status"], job["related_dataset_id"]) == ("cancelled", None)
    assert time.monotonic() - began < 60
    again = client.post(f"/jobs/{job_id}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "job.ended")
