"""Datasets as files again: out of the real product, cell by cell, and what may be done with the file on the way."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from tests.e2e.test_job_kinds import ended, next_version
from tests.support.product import Server


@pytest.fixture(scope="module")
def ann(server: Server) -> Iterator[httpx.Client]:
    with server.new_client() as client:
        yield client


@pytest.fixture(scope="module")
def dataset(ann: httpx.Client, flights: Path) -> str:
    return import_bytes(ann, "flights.csv", flights.read_bytes())


def import_bytes(client: httpx.Client, name: str, data: bytes) -> str:
    answer = client.post("/imports", files={"file": (name, data)})
    assert answer.status_code == 202, answer.text
    job = ended(client, answer.json())
    assert job["status"] == "completed", job["problem"]
    return str(job["related_dataset_id"])


def export(client: httpx.Client, dataset: str, **wanted: Any) -> dict[str, Any]:
    answer = client.post(f"/datasets/{dataset}/exports", json=wanted)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/api/v2/jobs/{answer.json()['id']}"
    return dict(answer.json())


def fetched(client: httpx.Client, job: dict[str, Any], **headers: str) -> httpx.Response:
    return client.get(f"/jobs/{job['id']}/artifacts/{job['result']['file']}", headers=headers, follow_redirects=True)


def exported(client: httpx.Client, dataset: str, **wanted: Any) -> tuple[dict[str, Any], bytes]:
    """Return the job of an export once it has completed, and the file, which is what its manifest says."""
    job = ended(client, export(client, dataset, **wanted))
    assert job["status"] == "completed", job["problem"]
    [file] = client.get(f"/jobs/{job['id']}/artifacts").json()["items"]
    data = fetched(client, job).content
    assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert (file["name"], file["rows"]) == (job["result"]["file"], job["result"]["rows"])
    assert file["expires_at"] is not None
    return job, data


def as_text(data: bytes) -> pa.Table:
    """Return every cell of a CSV file as it is written."""
    names = data.partition(b"\n")[0].decode().strip().replace('"', "").split(",")
    convert = pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    return pa_csv.read_csv(io.BytesIO(data), convert_options=convert)


def test_flights_come_out_as_they_went_in_and_go_in_again(ann: httpx.Client, dataset: str, flights: Path) -> None:
    job, data = exported(ann, dataset, format="csv")
    assert (job["job_type"], job["title"], job["related_dataset_id"]) == ("export", "Export flights as CSV", dataset)
    assert (job["message"], job["result"]["file"]) == ("336,776 rows", "flights.csv")
    original, out = as_text(flights.read_bytes()), as_text(data)
    assert out.num_rows == 336_776
    assert out.equals(original)
    again = import_bytes(ann, "again.csv", data) if data != flights.read_bytes() else dataset
    assert exported(ann, again, format="csv")[1] == data
    columns = [ann.get(f"/datasets/{each}").json()["columns"] for each in (dataset, again)]
    assert [(column["name"], column["type"]) for column in columns[0]] == [
        (column["name"], column["type"]) for column in columns[1]
    ]


def test_a_part_of_it_in_order(ann: httpx.Client, dataset: str) -> None:
    wanted = {"columns": ["dest", "distance"], "filter": ["origin:eq:JFK", "month:eq:7"], "sort": ["-distance", "dest"]}
    job, data = exported(ann, dataset, format="parquet", **wanted)
    table = pq.read_table(io.BytesIO(data))
    rows = ann.get(f"/datasets/{dataset}/rows", params={**wanted, "limit": 1000}).json()
    assert (table.num_rows, job["result"]["rows"]) == (rows["total"], rows["total"])
    assert table.slice(0, 1000).to_pylist() == rows["rows"]


def test_a_download_that_broke_off_goes_on(ann: httpx.Client, dataset: str) -> None:
    job, data = exported(ann, dataset, format="ndjson", filter=["month:eq:1"], columns=["flight", "dest"])
    part = fetched(ann, job, Range=f"bytes={len(data) // 2}-")
    assert (part.status_code, part.content) == (206, data[len(data) // 2 :])


def test_a_running_export_is_cancelled_and_leaves_nothing(ann: httpx.Client, dataset: str) -> None:
    job = export(ann, dataset, format="xlsx")
    while job["stage"] != "write":
        assert job["status"] == "running"
        job = next_version(ann, job)
    assert (job["unit"], job["total_units"]) == ("rows", 336_776)
    assert ann.post(f"/jobs/{job['id']}/cancel").status_code == 202
    assert ended(ann, job)["status"] == "cancelled"
    assert ann.get(f"/jobs/{job['id']}/artifacts").json() == {"items": []}


def test_what_an_encoding_does_not_have_fails_with_its_name(ann: httpx.Client) -> None:
    dataset = import_bytes(ann, "letters.csv", "a,b\nΩ,1\nx,2\n".encode())
    job = ended(ann, export(ann, dataset, format="csv", encoding="windows-1252"))
    assert (job["status"], job["problem"]["code"], job["problem"]["character"]) == (
        "failed", "export.not_encodable", "Ω",
    )  # fmt: skip
    job, data = exported(ann, dataset, format="csv", encoding="windows-1252", unencodable="replace", delimiter=";")
    assert (data, job["result"]["replaced_characters"]) == (b"a;b\n?;1\nx;2\n", 1)
    assert job["message"] == "2 rows; 1 character replaced"


def test_what_cannot_be_asked_is_refused_before_there_is_a_job(ann: httpx.Client, dataset: str) -> None:
    def refused(**wanted: Any) -> tuple[int, str]:
        answer = ann.post(f"/datasets/{dataset}/exports", json=wanted)
        return answer.status_code, answer.json()["code"]

    before = ann.get("/jobs/counts").json()["total"]
    assert refused(format="csv", columns=["nowhere"]) == (422, "rows.unknown_column")
    assert refused(format="csv", filter=["month:eq:x"]) == (422, "rows.bad_filter")
    assert refused(format="csv", version=7) == (404, "dataset.version_not_found")
    assert refused(format="csv", columns=["dest", "dest"]) == (422, "request.invalid")
    assert refused(format="json", bom=True) == (422, "request.invalid")
    assert refused(format="csv", bom=True, encoding="windows-1252") == (422, "request.invalid")
    assert refused(format="ods") == (422, "request.invalid")
    assert ann.get("/jobs/counts").json()["total"] == before


def test_the_file_takes_both_scopes_and_its_making_is_in_the_audit(
    server: Server, ann: httpx.Client, dataset: str
) -> None:
    job = ended(ann, export(ann, dataset, format="csv", columns=["dest"], filter=["month:eq:2"]))
    address = f"{server.url}/api/v2/jobs/{job['id']}/artifacts/{job['result']['file']}"
    for scopes, expected in ((["jobs:read"], 403), (["datasets:read"], 403), (["jobs:read", "datasets:read"], 200)):
        token = ann.post("/tokens", json={"name": "a test", "scopes": scopes}).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(address, headers=headers, trust_env=False, follow_redirects=True)
        assert answer.status_code == expected
    with server.client() as admin:
        [entry] = admin.get("/audit", params={"action": "dataset.export"}).json()["items"][:1]
    assert (entry["target"]["id"], entry["details"]["job"], entry["details"]["format"]) == (dataset, job["id"], "csv")
