"""Datasets that change, through the real product: read otherwise, added to, updated, and back again."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import httpx
import pytest

from tests.support.product import Server, ended


@pytest.fixture(scope="module")
def client(server: Server) -> httpx.Client:
    return server.new_client()


def imported(client: httpx.Client, data: bytes, name: str = "t.csv", **options: Any) -> dict[str, Any]:
    answer = client.post("/imports", files={"file": (name, data)}, data={"options": json.dumps(options)})
    assert answer.status_code == 202, answer.text
    return ended(client, answer.json()["id"])


def reparsed(client: httpx.Client, dataset: str, *, apply: bool = False, **options: Any) -> dict[str, Any]:
    answer = client.post(f"/datasets/{dataset}/reparse", json={"options": options, "apply": apply})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/api/v2/jobs/{answer.json()['id']}"
    return ended(client, answer.json()["id"])


def rows(client: httpx.Client, dataset: str, **params: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/datasets/{dataset}/rows", params={"limit": 1000, **params})
    return list(answer.raise_for_status().json()["rows"])


def versions(client: httpx.Client, dataset: str) -> list[tuple[int, str, bool]]:
    items = client.get(f"/datasets/{dataset}/versions").json()["items"]
    return [(each["number"], each["action"], each["is_current"]) for each in items]


def test_a_file_is_read_otherwise_looked_at_applied_and_taken_back(client: httpx.Client) -> None:
    data = b"code,amount\n" + b"".join(b"%d,%d.5\n" % (n, n) for n in range(1, 200)) + b"200,NA\n"
    dataset = imported(client, data, types={"amount": "text"})["related_dataset_id"]
    before = client.get(f"/datasets/{dataset}").json()
    assert before["columns"][1]["type"] == "text"

    job = reparsed(client, dataset, types={})
    assert (job["status"], job["job_type"], job["related_dataset_id"]) == ("completed", "processing", dataset)
    change = client.get(f"/datasets/{dataset}/changes/{job['id']}").json()
    assert (change["state"], change["base_version"], change["version"]) == ("proposed", 1, None)
    assert [each["name"] for each in change["summary"]["columns"]["retyped"]] == ["amount"]
    cells = change["summary"]["cells"]
    assert (cells["changed"], cells["become_empty"]) == (1, 1)
    assert cells["columns"][0]["samples"] == [{"row": 200, "before": "NA", "after": None}]
    assert client.get(f"/datasets/{dataset}").json() == before

    applied = client.post(f"/datasets/{dataset}/changes/{job['id']}/apply").json()
    assert (applied["version"], applied["columns"][1]["type"]) == (2, "decimal")
    again = client.post(f"/datasets/{dataset}/changes/{job['id']}/apply")
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert versions(client, dataset) == [(2, "reparse", True), (1, "import", False)]
    assert rows(client, dataset, values="written")[-1] == {"code": "200", "amount": "NA"}
    assert rows(client, dataset)[-1] == {"code": 200, "amount": None}
    assert rows(client, dataset, version=1)[-1] == {"code": 200, "amount": "NA"}

    back = client.post(f"/datasets/{dataset}/versions/1/restore").json()
    assert (back["version"], back["columns"]) == (1, before["columns"])
    # What the later version was made from is not what the dataset shows now.
    stale = client.post(f"/datasets/{dataset}/versions/2/restore")
    assert stale.json()["version"] == 2
    same = reparsed(client, dataset, apply=True)
    assert "Nothing is different" in same["message"]
    assert same["result"]["change"]["state"] == "unchanged"
    assert len(versions(client, dataset)) == 2


def test_a_change_is_for_the_version_that_it_was_made_for(client: httpx.Client) -> None:
    dataset = imported(client, b"a,b\n1,2\n3,4\n")["related_dataset_id"]
    first, second = (reparsed(client, dataset, types={name: "text"}) for name in ("a", "b"))
    assert client.post(f"/datasets/{dataset}/changes/{first['id']}/apply").status_code == 200
    late = client.post(f"/datasets/{dataset}/changes/{second['id']}/apply")
    assert (late.status_code, late.json()["code"]) == (409, "dataset.moved")
    assert client.delete(f"/datasets/{dataset}/changes/{second['id']}").status_code == 204
    gone = client.post(f"/datasets/{dataset}/changes/{second['id']}/apply")
    assert (gone.status_code, gone.json()["code"]) == (409, "change.not_pending")
    listed = client.get(f"/datasets/{dataset}/changes").json()["items"]
    assert [each["state"] for each in listed] == ["discarded", "applied"]


def test_options_that_do_not_fit_end_as_a_failed_job_and_change_nothing(client: httpx.Client) -> None:
    dataset = imported(client, b"a,b\nx,2\n")["related_dataset_id"]
    job = reparsed(client, dataset, apply=True, types={"a": "integer"})
    assert job["status"] == "failed"
    assert len(versions(client, dataset)) == 1
    refused = client.post(f"/datasets/{dataset}/reparse", json={"options": {"into": dataset}})
    assert refused.status_code == 422


def test_files_are_added_once_and_read_otherwise_together(client: httpx.Client) -> None:
    dataset = imported(client, b"id,v\n1,a\n2,b\n", "first.csv")["related_dataset_id"]
    more = b"id,v,w\n3,00123,x\n"
    job = imported(client, more, "second.csv", into=dataset)
    assert (job["related_dataset_id"], job["message"]) == (dataset, "1 row added")
    assert rows(client, dataset, values="written")[1:] == [
        {"id": "2", "v": "b", "w": ""}, {"id": "3", "v": "00123", "w": "x"},
    ]  # fmt: skip
    assert imported(client, more, "renamed.csv", into=dataset)["outcome"] == "duplicate"
    assert len(versions(client, dataset)) == 2
    assert imported(client, more, "second.csv", into=dataset, duplicate="import")["message"] == "1 row added"
    assert client.get(f"/datasets/{dataset}").json()["rows"] == 4
    # All three files are read again, and merged as they were.
    job = reparsed(client, dataset, apply=True, types={"id": "text"})
    shown = client.get(f"/datasets/{dataset}").json()
    assert (shown["rows"], shown["columns"][0]["type"], shown["version"]) == (4, "text", 4)
    assert job["result"]["change"]["summary"]["cells"]["changed"] == 0


def test_an_upsert_is_looked_at_before_it_is_applied(client: httpx.Client) -> None:
    dataset = imported(client, b"id,name,amount\n1,Ann,1.50\n2,Bob,2\n3,Cy,3\n")["related_dataset_id"]
    update = b"id,amount\n2,2.25\n3,3\n9,9\n"
    job = imported(client, update, into=dataset, mode="upsert", key=["id"], apply=False)
    summary = job["result"]["change"]["summary"]
    assert {"insert": 1, "update": 1, "unchanged": 1, "missing": 1, "before": 3}.items() <= summary["rows"].items()
    assert summary["columns"]["removed"] == [{"name": "name", "type": "text"}]
    assert summary["rows"]["samples"] == [{"key": {"id": "2"}, "column": "amount", "before": "2", "after": "2.25"}]
    assert rows(client, dataset)[1] == {"id": 2, "name": "Bob", "amount": "2.00"}
    assert client.post(f"/datasets/{dataset}/changes/{job['id']}/apply").status_code == 200
    assert rows(client, dataset, values="written") == [
        {"id": "1", "name": "Ann", "amount": "1.50"}, {"id": "2", "name": "Bob", "amount": "2.25"},
        {"id": "3", "name": "Cy", "amount": "3"}, {"id": "9", "name": "", "amount": "9"},
    ]  # fmt: skip
    bad = imported(client, b"id,amount\n1,1\n1,2\n", into=dataset, mode="upsert", key=["id"])
    assert (bad["status"], bad["problem"]["code"]) == ("failed", "merge.key_repeated")


def test_a_replacement_keeps_what_was_there_as_a_version(client: httpx.Client) -> None:
    dataset = imported(client, b"a,b\n1,2\n3,4\n")["related_dataset_id"]
    job = imported(client, b"a,c\n5,6\n", "new.csv", into=dataset, mode="replace")
    rows_before_after = job["result"]["change"]["summary"]["rows"]
    assert (rows_before_after["before"], rows_before_after["after"]) == (2, 1)
    assert rows(client, dataset) == [{"a": 5, "c": 6}]
    assert client.get(f"/datasets/{dataset}/original").content == b"a,c\n5,6\n"
    assert client.get(f"/datasets/{dataset}/original", params={"version": 1}).content == b"a,b\n1,2\n3,4\n"


def test_a_file_goes_into_ones_own_datasets_only(server: Server, client: httpx.Client) -> None:
    dataset = imported(client, b"mine,b\n1,2\n")["related_dataset_id"]
    with server.new_client() as other:
        options = {"options": json.dumps({"into": dataset})}
        answer = other.post("/imports", files={"file": ("t.csv", b"mine,b\n5,6\n")}, data=options)
        assert (answer.status_code, answer.json()["code"]) == (404, "dataset.not_found")
    assert len(rows(client, dataset)) == 1
    for wrong in ({"mode": "replace"}, {"into": dataset, "mode": "upsert"}, {"into": dataset, "key": ["mine"]}):
        answer = client.post("/imports", files={"file": ("t.csv", b"x")}, data={"options": json.dumps(wrong)})
        assert (answer.status_code, answer.json()["code"]) == (422, "import.bad_options")


def test_bad_rows_are_downloaded_corrected_and_sent_back_exactly_once(client: httpx.Client) -> None:
    good = b"".join(b"%d,%d.5,00%d\n" % (n, n, n) for n in range(1, 60))
    dataset = imported(client, b"id,amount,code\n" + good + b"lone\n" + b"8,9,10,11\nhalf,way\n")["related_dataset_id"]
    listed = client.get(f"/datasets/{dataset}/rejected").json()
    assert (listed["total"], sum(group["count"] for group in listed["groups"])) == (3, 3)
    assert len(rows(client, dataset)) + listed["total"] == 62

    downloaded = client.get(f"/datasets/{dataset}/rejected.csv")
    assert "attachment" in downloaded.headers["content-disposition"]
    table = list(csv.DictReader(io.StringIO(downloaded.content.decode("utf-8-sig"), newline="")))
    assert [row["_more"] for row in table] == ["", "11", ""]
    table[0] |= {"id": "60", "amount": "7.25", "code": "0060"}
    table[1] |= {"_more": "", "code": "0061"}
    out = io.StringIO()
    writer = csv.DictWriter(out, list(table[0]))
    writer.writeheader()
    writer.writerows(table)

    for _ in range(2):
        answer = client.post(f"/datasets/{dataset}/rejected", files={"file": ("fixed.csv", out.getvalue().encode())})
        assert answer.status_code == 202, answer.text
        job = ended(client, answer.json()["id"])
        assert job["status"] == "completed", job["problem"]
        assert client.get(f"/datasets/{dataset}").json()["rows"] == 61
        assert client.get(f"/datasets/{dataset}/rejected").json()["total"] == 1
    assert len(versions(client, dataset)) == 2
    assert rows(client, dataset, values="written")[-2:] == [
        {"id": "60", "amount": "7.25", "code": "0060"}, {"id": "8", "amount": "9", "code": "0061"},
    ]  # fmt: skip

    # The last one by a program, and the whole story once more from the files.
    last = client.get(f"/datasets/{dataset}/rejected").json()["items"][0]["id"]
    body = {"rows": [{"_row": last, "id": "62", "amount": "1", "code": "x"}]}
    job = ended(client, client.post(f"/datasets/{dataset}/rejected", json=body).json()["id"])
    assert job["message"] == "1 row corrected"
    assert client.get(f"/datasets/{dataset}/rejected").json()["total"] == 0
    book = client.get(f"/datasets/{dataset}/rejected.xlsx", params={"version": 1})
    assert book.content.startswith(b"PK")
    reparsed(client, dataset, apply=True, types={"id": "text"})
    shown = client.get(f"/datasets/{dataset}").json()
    assert (shown["rows"], shown["rejected_rows"], shown["columns"][0]["type"]) == (62, 0, "text")
