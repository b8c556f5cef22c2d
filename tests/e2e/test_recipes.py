"""Recipes in the real product: looked at, run, kept and run again, with what they came from, and a way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.test_exports import import_bytes
from tests.e2e.test_job_kinds import ended
from tests.support.product import Server

MAY = b"id;amount;city\n1;1.234,50; Oslo \n2;2,25;Bergen\n2;2,25;Bergen\n3;x;Oslo\n"
JUNE = b"id;amount;city\n7;3.000,00;Oslo\n8;1,25; Bergen\n"
CAST = {"step": "cast", "column": "amount", "to": "decimal", "format": "1.234,5"}
STEPS = [{"step": "trim", "columns": ["city"]}, {"step": "deduplicate"}, CAST]


@pytest.fixture(scope="module")
def ann(server: Server) -> Iterator[httpx.Client]:
    with server.new_client() as client:
        yield client


@pytest.fixture
def may(ann: httpx.Client) -> Iterator[str]:
    dataset = import_bytes(ann, "may.csv", MAY)
    yield dataset
    assert ann.delete(f"/datasets/{dataset}").status_code == 204


def run(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 202, answer.text
    return ended(client, answer.json())


def rows(client: httpx.Client, dataset: str, **params: Any) -> list[dict[str, Any]]:
    return list(client.get(f"/datasets/{dataset}/rows", params=params).json()["rows"])


def test_a_look_tells_problems_first_and_keeps_nothing(ann: httpx.Client, may: str) -> None:
    looked = ann.post(f"/datasets/{may}/transforms/preview", json={"steps": STEPS}).json()
    assert (looked["is_sample"], looked["rows_total"], looked["problem"]) == (False, 4, None)
    assert [(step["rows_before"], step["rows_after"]) for step in looked["steps"]] == [(4, 4), (4, 3), (3, 3)]
    [finding] = looked["findings"]
    assert (finding["step"], finding["blocks"], finding["message"]) == (
        3, True, "1 of 3 values of 'amount' would become empty.",
    )  # fmt: skip
    assert [column["type"] for column in looked["columns"]] == ["integer", "decimal", "text"]
    assert looked["rows"] == [[1, "1234.50", "Oslo"], [2, "2.25", "Bergen"], [3, None, "Oslo"]]
    broken = [STEPS[0], {"step": "trim", "columns": ["town"]}]
    looked = ann.post(f"/datasets/{may}/transforms/preview", json={"steps": broken}).json()
    assert (looked["problem"]["code"], looked["problem"]["step"], looked["problem"]["column"]) == (
        "recipe.does_not_fit", 2, "town",
    )  # fmt: skip
    assert len(looked["rows"]) == 4
    assert ann.get(f"/datasets/{may}/versions").json()["items"][0]["number"] == 1


def test_what_would_become_empty_fails_the_run_and_changes_nothing(ann: httpx.Client, may: str) -> None:
    job = run(ann, f"/datasets/{may}/transforms", steps=STEPS)
    problem = job["problem"]
    assert (job["status"], problem["code"], problem["step"], problem["count"]) == ("failed", "recipe.would_empty", 3, 1)
    assert [sample["value"] for sample in problem["samples"]] == ["x"]
    assert ann.get(f"/datasets/{may}").json()["version"] == 1


def test_a_run_makes_a_version_with_its_lineage_and_a_way_back(ann: httpx.Client, may: str) -> None:
    before = rows(ann, may)
    steps = [*STEPS[:2], {**CAST, "accept_loss": True}]
    job = run(ann, f"/datasets/{may}/transforms", steps=steps, recipe="Tidy")
    assert (job["status"], job["job_type"], job["related_dataset_id"]) == ("completed", "processing", may)
    assert job["result"]["change"]["version"] == 2
    assert rows(ann, may)[0] == {"id": 1, "amount": "1234.50", "city": "Oslo"}
    assert rows(ann, may, values="written")[0]["amount"] == "1.234,50"
    assert rows(ann, may, values="written")[2]["amount"] == "x"
    file, recipe = ann.get(f"/datasets/{may}/lineage").json()["items"]
    assert (file["action"], file["file"]["file_name"]) == ("import", "may.csv")
    assert (recipe["recipe"]["name"], [step["step"] for step in recipe["steps"]]) == (
        "Tidy", ["trim", "deduplicate", "cast"],
    )  # fmt: skip
    assert [(each["dataset_id"], each["version"]) for each in recipe["inputs"]] == [(may, 1)]
    assert recipe["findings"][0]["count"] == 1
    refused = ann.post(f"/datasets/{may}/reparse", json={"options": {}})
    assert (refused.status_code, refused.json()["code"]) == (409, "dataset.made_by_recipe")
    assert ann.post(f"/datasets/{may}/versions/1/restore").status_code == 200
    assert rows(ann, may) == before
    assert len(ann.get(f"/datasets/{may}/lineage").json()["items"]) == 1
    assert len(ann.get(f"/datasets/{may}/lineage", params={"version": 2}).json()["items"]) == 2


def test_a_version_can_be_looked_at_before_it_is_applied(ann: httpx.Client, may: str) -> None:
    job = run(ann, f"/datasets/{may}/transforms", steps=STEPS[:1], apply=False)
    change = ann.get(f"/datasets/{may}/changes/{job['id']}").json()
    assert (change["state"], change["summary"]["cells"]["changed"]) == ("proposed", 1)
    assert ann.get(f"/datasets/{may}").json()["version"] == 1
    assert ann.post(f"/datasets/{may}/changes/{job['id']}/apply").json()["version"] == 2
    again = run(ann, f"/datasets/{may}/transforms", steps=STEPS[:1])
    assert again["result"]["change"]["state"] == "unchanged"


def test_a_kept_recipe_runs_on_the_next_file_and_makes_datasets_with_joins(ann: httpx.Client, may: str) -> None:
    june = import_bytes(ann, "june.csv", JUNE)
    towns = import_bytes(ann, "towns.csv", b"town,people\nOslo,700000\nBergen,290000\n")
    join = {"step": "join", "dataset_id": towns, "on": {"city": "town"}}
    amount = {**CAST, "accept_loss": True}
    kept = ann.post("/recipes", json={"name": "Towns", "steps": [STEPS[0], amount, join]}).json()
    for dataset, first in ((may, "1234.50"), (june, "3000.00")):
        job = run(ann, f"/datasets/{dataset}/recipes/{kept['id']}", into="dataset", name="With towns")
        made = job["related_dataset_id"]
        assert (job["status"], job["result"]["datasets"]) == ("completed", [made]), job["problem"]
        assert made != dataset
        assert (rows(ann, made)[0]["amount"], rows(ann, made)[0]["people"]) == (first, 700000)
        assert ann.get(f"/datasets/{made}").json()["name"] == "With towns"
        recipe = ann.get(f"/datasets/{made}/lineage").json()["items"][-1]
        assert (recipe["recipe"]["id"], recipe["recipe"]["version"]) == (kept["id"], 1)
        assert [(each["dataset_id"], each["step"]) for each in recipe["inputs"]] == [(dataset, None), (towns, 3)]
    assert ann.get(f"/datasets/{june}").json()["version"] == 1
    misfit = ann.post(f"/datasets/{towns}/recipes/{kept['id']}", json={})
    assert (misfit.status_code, misfit.json()["code"], misfit.json()["step"]) == (422, "recipe.does_not_fit", 1)
    assert ann.delete(f"/recipes/{kept['id']}").status_code == 204
    # What it made stays, also without the dataset that it was made of.
    assert ann.delete(f"/datasets/{june}").status_code == 204
    assert rows(ann, made)[0]["people"] == 700000
    assert ann.get(f"/datasets/{made}/original").content == JUNE
