"""`headway recipe`: what is sent of a file or a kept recipe, and what is said of the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from headway.cli import main
from tests.unit.cli.conftest import DATASET_ID, JOB_ID, FakeServer, completed, make_job

RECIPE_ID = "0199f0c2-0000-7000-8000-00000000000a"
STEPS = [{"step": "trim", "columns": ["a"]}]


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    path = tmp_path / "tidy.json"
    path.write_text(json.dumps(STEPS))
    return path


def test_a_file_of_steps_is_run_under_its_name(server: FakeServer, runner: CliRunner, steps: Path) -> None:
    server.on("POST", f"/datasets/{DATASET_ID}/transforms", make_job(title="tidy: may"), status=202)
    server.on("GET", f"/jobs/{JOB_ID}", completed(message="4 rows"))
    result = runner.invoke(main, ["recipe", "run", DATASET_ID, str(steps), "--as", "May, tidy"])
    assert (result.exit_code, result.stdout) == (0, f"{DATASET_ID}: 4 rows\n"), result.output
    sent = server.bodies[f"/api/v2/datasets/{DATASET_ID}/transforms"]
    assert sent == {"into": "dataset", "name": "May, tidy", "steps": STEPS, "recipe": "tidy"}


def test_a_kept_recipe_is_run_by_its_id(server: FakeServer, runner: CliRunner) -> None:
    server.on("POST", f"/datasets/{DATASET_ID}/recipes/{RECIPE_ID}", make_job(title="Tidy: may"), status=202)
    problem = {
        "title": "Values would become empty",
        "detail": "Step 1, cast: 3 of 9 values.",
        "code": "recipe.would_empty",
    }
    failed = make_job(status="failed", phase="failed", problem={**problem, "user_action": "Look at them."})
    server.on("GET", f"/jobs/{JOB_ID}", failed)
    result = runner.invoke(main, ["recipe", "run", DATASET_ID, RECIPE_ID, "--propose"])
    assert (result.exit_code, "Step 1, cast: 3 of 9 values." in result.stderr) == (1, True), result.output
    assert server.bodies[f"/api/v2/datasets/{DATASET_ID}/recipes/{RECIPE_ID}"] == {"apply": False}


def test_recipes_are_kept_and_listed(server: FakeServer, runner: CliRunner, steps: Path) -> None:
    server.on("POST", "/recipes", {"id": RECIPE_ID}, status=201)
    assert runner.invoke(main, ["recipe", "save", "Tidy", str(steps)]).stdout == f"{RECIPE_ID}\n"
    kept = {"id": RECIPE_ID, "name": "Tidy", "version": 2, "steps": STEPS}
    server.on("GET", "/recipes", {"items": [kept], "next_cursor": None})
    assert runner.invoke(main, ["recipe", "list"]).stdout == f"{RECIPE_ID}  Tidy  version 2: trim\n"


def test_what_is_neither_a_recipe_nor_a_file_is_told(server: FakeServer, runner: CliRunner, tmp_path: Path) -> None:
    result = runner.invoke(main, ["recipe", "run", DATASET_ID, "nothing.json"])
    assert (result.exit_code, "neither the id of a recipe nor a file" in result.stderr) == (1, True)
    (tmp_path / "no.json").write_text("[")
    result = runner.invoke(main, ["recipe", "save", "x", str(tmp_path / "no.json")])
    assert (result.exit_code, "is no JSON" in result.stderr) == (1, True)
