"""Datasets checked by rule sets: out of the real product, with a report, a file of failing rows, and what is refused."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.test_exports import import_bytes
from tests.e2e.test_job_kinds import ended
from tests.support.product import Server

ORDERS = b"id,country,amount,paid\n1,DE,10.50,2024-01-02\n2,FR,-3.00,2024-01-03\n2,XX,5.25,\n"
COUNTRIES = b"code,name\nDE,Germany\nFR,France\n"


@pytest.fixture(scope="module")
def ann(server: Server) -> Iterator[httpx.Client]:
    with server.new_client() as client:
        yield client


@pytest.fixture(scope="module")
def orders(ann: httpx.Client) -> str:
    return import_bytes(ann, "orders.csv", ORDERS)


def keep(client: httpx.Client, name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/rule-sets", json={"name": name, "rules": rules})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/api/v2/rule-sets/{answer.json()['id']}"
    return dict(answer.json())


def checked(client: httpx.Client, dataset: str, rule_set: str) -> dict[str, Any]:
    answer = client.post(f"/datasets/{dataset}/validations", json={"rule_set": rule_set})
    assert answer.status_code == 202, answer.text
    return ended(client, answer.json())


def test_a_dataset_is_checked_and_the_report_says_what_was_found(ann: httpx.Client, orders: str) -> None:
    countries = import_bytes(ann, "countries.csv", COUNTRIES)
    rule_set = keep(
        ann, "orders",
        {"rule": "unique", "columns": ["id"]},
        {"rule": "reference", "column": "country", "dataset": countries, "to": "code"},
        {"rule": "range", "column": "amount", "min": 0},
        {"rule": "required", "column": "paid"},
        {"rule": "type", "column": "paid", "type": "date"},
    )  # fmt: skip
    job = checked(ann, orders, "orders")
    assert (job["status"], job["phase"], job["outcome"]) == ("completed", "partial", "partial"), job["problem"]
    assert (job["job_type"], job["title"]) == ("validation", "Check orders by orders")
    assert job["message"] == "2 rows break 4 of 5 rules"
    report = ann.get(f"/datasets/{orders}/validations/{job['id']}").json()
    assert [(each["rule"], each["count"], each["rows"]) for each in report["issues"]] == [
        (1, 1, [[3, 3]]), (2, 1, [[3, 3]]), (3, 1, [[2, 2]]), (4, 1, [[3, 3]]),
    ]  # fmt: skip
    assert [each["count"] for each in report["rules"]] == [1, 1, 1, 1, 0]
    assert (report["rows"], report["failing_rows"], report["rule_set"]["version"]) == (3, 2, 1)
    assert report["rules"][1]["reference"] == {"id": countries, "name": "countries", "version": 1}
    assert report["issues"][1]["samples"] == [{"row": 3, "values": {"country": "XX"}, "first_row": None}]
    file = ann.get(f"/jobs/{job['id']}/artifacts/{job['result']['file']}", follow_redirects=True)
    assert file.content.decode("utf-8-sig").splitlines()[1:] == [
        '"2","3 range amount","2","FR","-3.00","2024-01-03"',
        '"3","1 unique id; 2 reference country; 4 required paid","2","XX","5.25",',
    ]
    # The rules that were used stay in the report, whatever becomes of the set.
    assert ann.delete(f"/rule-sets/{rule_set['id']}").status_code == 204
    assert ann.get(f"/datasets/{orders}/validations/{job['id']}").json() == report


def test_rows_that_keep_to_the_rules_leave_no_file(ann: httpx.Client, orders: str) -> None:
    keep(ann, "few", {"rule": "required", "column": "id"})
    job = checked(ann, orders, "few")
    assert (job["outcome"], job["message"], job["result"]["file"]) == ("succeeded", "3 rows keep to 1 rule", None)
    assert [each["name"] for each in ann.get(f"/jobs/{job['id']}/artifacts").json()["items"]] == ["report.json"]


def test_what_cannot_be_checked_is_refused_before_there_is_a_job(ann: httpx.Client, orders: str) -> None:
    sets = {
        "rule.unknown_column": {"rule": "required", "column": "nowhere"},
        "rule.cannot_run": {"rule": "range", "column": "country", "min": 1},
        "rule.reference_not_found": {"rule": "reference", "column": "id", "dataset": orders, "to": "nowhere"},
    }
    for code, rule in sets.items():
        keep(ann, code, rule)
        answer = ann.post(f"/datasets/{orders}/validations", json={"rule_set": code})
        assert (answer.json()["code"], answer.json()["pointer"]) == (code, "/rules/0"), answer.text
    assert ann.post(f"/datasets/{orders}/validations", json={"rule_set": "none"}).json()["code"] == "rule_set.not_found"
    job = ann.post("/jobs", json={"job_type": "external", "title": "no validation"}).json()
    assert ann.get(f"/datasets/{orders}/validations/{job['id']}").json()["code"] == "validation.not_found"


def test_the_files_take_both_scopes(server: Server, ann: httpx.Client, orders: str) -> None:
    job = checked(ann, orders, keep(ann, "scoped", {"rule": "range", "column": "amount", "min": 0})["id"])
    files = [f"/jobs/{job['id']}/artifacts/{name}" for name in ("report.json", "failing-rows.csv")]
    report = f"/datasets/{orders}/validations/{job['id']}"
    for scopes, expected in (
        (["jobs:read"], [403, 403, 403]), (["datasets:read"], [403, 403, 200]), (["jobs:read", "datasets:read"], [200] * 3),
    ):  # fmt: skip
        token = ann.post("/tokens", json={"name": "a test", "scopes": scopes}).json()["token"]
        with httpx.Client(
            base_url=f"{server.url}/api/v2", headers={"Authorization": f"Bearer {token}"}, trust_env=False
        ) as client:
            assert [client.get(each, follow_redirects=True).status_code for each in (*files, report)] == expected


def imported(client: httpx.Client, name: str, data: bytes, **options: Any) -> dict[str, Any]:
    """Return the job of an import with options, once it has completed."""
    answer = client.post("/imports", files={"file": (name, data)}, data={"options": json.dumps(options)})
    assert answer.is_success, answer.text
    job = ended(client, answer.json())
    assert job["status"] == "completed", job["problem"]
    return job


def checks_of(client: httpx.Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the jobs that check what an import made, once they have ended."""
    return [ended(client, client.get(f"/jobs/{check}").json()) for check in job["result"]["validations"]]


def test_an_import_has_what_it_makes_or_changes_checked(ann: httpx.Client) -> None:
    rule_set = keep(ann, "positive", {"rule": "range", "column": "n", "min": 0})
    first = imported(ann, "may.csv", b"n\n1\n2\n", rule_set="positive")
    dataset = first["related_dataset_id"]
    [check] = checks_of(ann, first)
    assert (check["title"], check["message"]) == ("Check may by positive", "2 rows keep to 1 rule")
    again = imported(ann, "may.csv", b"n\n1\n2\n", rule_set=rule_set["id"])
    assert (again["outcome"], again["related_dataset_id"]) == ("duplicate", dataset)
    [check] = checks_of(ann, again)
    assert check["related_dataset_id"] == dataset, "a file that was here before leads to its dataset, which is checked"
    # By its id: another name changes nothing for files that are on their way.
    ann.patch(f"/rule-sets/{rule_set['id']}", json={"name": "not negative"})
    second = imported(ann, "june.csv", b"n\n-3\n", into=dataset, rule_set="not negative")
    [check] = checks_of(ann, second)
    assert (check["outcome"], check["result"]["version"], check["result"]["failing_rows"]) == ("partial", 2, 1)
    assert check["related_dataset_id"] == dataset


def test_every_table_of_a_file_is_checked_by_a_job_of_its_own(ann: httpx.Client) -> None:
    keep(ann, "named", {"rule": "required", "column": "n"})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "n\n1\n")
        archive.writestr("b.csv", "m\n1\n")
    job = imported(ann, "both.zip", packed.getvalue(), parts="all", rule_set="named")
    found = {check["title"]: check["problem"] and check["problem"]["code"] for check in checks_of(ann, job)}
    assert found == {"Check both · a by named": None, "Check both · b by named": "rule.unknown_column"}


def test_a_rule_set_that_is_not_there_refuses_the_import(ann: httpx.Client, orders: str) -> None:
    for options, code in (
        ({"rule_set": "nowhere"}, "rule_set.not_found"),
        ({"rule_set": "orders", "into": orders, "apply": False}, "import.bad_options"),
    ):
        answer = ann.post("/imports", files={"file": ("x.csv", b"n\n9\n")}, data={"options": json.dumps(options)})
        assert answer.json()["code"] == code, answer.text


def test_a_table_schema_is_kept_as_rules_and_written_again(ann: httpx.Client, orders: str) -> None:
    schema = {
        "fields": [
            {"name": "id", "type": "integer", "constraints": {"unique": True}},
            {"name": "country", "constraints": {"enum": ["DE", "FR"]}},
            {"name": "paid", "type": "date", "format": "%d.%m.%Y"},
        ]
    }
    made = ann.post("/rule-sets/table-schema", json={"name": "from a schema", "table_schema": schema})
    assert made.status_code == 201, made.text
    assert [note["pointer"] for note in made.json()["notes"]] == ["/fields/2/format"]
    job = checked(ann, orders, "from a schema")
    assert [(each["rule"], each["count"]) for each in job["result"]["issues"]] == [(2, 1), (3, 1)]
    kept = made.json()["rule_set"]["id"]
    assert made.headers["Location"] == f"/api/v2/rule-sets/{kept}"
    written = ann.get(f"/rule-sets/{kept}/table-schema").json()
    assert written["notes"] == []
    assert [field["name"] for field in written["table_schema"]["fields"]] == ["id", "country", "paid"]
    empty = {"name": "empty", "table_schema": {"fields": [{"name": "a"}]}}
    assert ann.post("/rule-sets/table-schema", json=empty).json()["code"] == "rule_set.table_schema_unusable"
