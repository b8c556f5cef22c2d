"""`headway validate`: what it tells, what it saves, and how it exits."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headway.cli import main
from tests.unit.cli.conftest import DATASET_ID, JOB_ID, FakeServer, completed, make_job

ROWS = b"1,x\n"
ISSUE = {
    "rule": 2, "message": "3 values in “a” are not at least 0", "rows": [[1, 1], [4, 9]], "rows_complete": True,
    "suggestions": [{"label": "Begin with -3", "fixes": 3}],
}  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def serve(server: FakeServer, *issues: dict[str, Any]) -> None:
    file = "failing-rows.csv" if issues else None
    report = {"issues": issues, "file": file, "file_rows": 7, "file_note": None}
    message = "7 rows break 1 of 2 rules" if issues else "9 rows keep to 2 rules"
    server.on("POST", f"/datasets/{DATASET_ID}/validations", make_job(title="Check it"), status=202)
    server.on("GET", f"/jobs/{JOB_ID}", completed(message=message))
    server.on("GET", f"/datasets/{DATASET_ID}/validations/{JOB_ID}", report)
    files = [{"name": name, "sha256": hashlib.sha256(ROWS).hexdigest(), "bytes": 4} for name in ("report.json", file)]
    server.on("GET", f"/jobs/{JOB_ID}/artifacts", {"items": files})
    server.on("GET", f"/jobs/{JOB_ID}/artifacts/failing-rows.csv", ROWS)


def test_issues_are_told_and_saved_and_are_exit_status_1(server: FakeServer, runner: CliRunner, here: Path) -> None:
    serve(server, ISSUE)
    result = runner.invoke(main, ["validate", DATASET_ID, "orders", "--report", "r.json", "--failing", "f.csv"])
    assert (result.exit_code, result.stdout.splitlines()) == (1, [
        "7 rows break 1 of 2 rules",
        "  2. 3 values in “a” are not at least 0. Rows 1, 4-9",
        "     Begin with -3: 3 rows fewer",
        "f.csv: 7 failing rows.",
    ])  # fmt: skip
    assert (here / "f.csv").read_bytes() == ROWS
    assert json.loads((here / "r.json").read_text())["issues"][0]["rule"] == 2


def test_no_issues_are_exit_status_0_and_nothing_is_written_over(
    server: FakeServer, runner: CliRunner, here: Path
) -> None:
    serve(server)
    assert runner.invoke(main, ["validate", DATASET_ID, "orders"]).exit_code == 0
    (here / "f.csv").write_text("mine")
    refused = runner.invoke(main, ["validate", DATASET_ID, "orders", "--failing", "f.csv"])
    assert (refused.exit_code, "is there already" in refused.stderr) == (1, True)
