"""`headway export`: what is asked for, what is saved, and what is never written over."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headway.cli import main
from tests.unit.cli.conftest import DATASET_ID, JOB_ID, FakeServer, completed, make_job

DATA = b"a,b\n1,2\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def serve(server: FakeServer, name: str = "flights.csv", data: bytes = DATA, sha256: str | None = None) -> None:
    server.on("POST", f"/datasets/{DATASET_ID}/exports", make_job(title="Export flights as CSV"), status=202)
    server.on("GET", f"/jobs/{JOB_ID}", completed(message="1 row", result={"file": name}))
    digest = sha256 or hashlib.sha256(DATA).hexdigest()
    file = {"name": name, "bytes": len(DATA), "sha256": digest}
    server.on("GET", f"/jobs/{JOB_ID}/artifacts", {"items": [file]})
    server.on("GET", f"/jobs/{JOB_ID}/artifacts/{name.replace('/', '%2F')}", data)


def export(runner: CliRunner, *arguments: str) -> Result:
    return runner.invoke(main, ["export", DATASET_ID, *arguments])


def test_the_file_is_saved_under_its_name(server: FakeServer, runner: CliRunner, here: Path) -> None:
    serve(server)
    result = export(runner)
    assert (result.exit_code, result.stdout) == (0, "flights.csv: 1 row · 8 B\n")
    assert (here / "flights.csv").read_bytes() == DATA


def test_what_is_there_is_written_over_only_on_wish(server: FakeServer, runner: CliRunner, here: Path) -> None:
    serve(server)
    for arguments in ([], ["-o", "flights.csv"]):
        (here / "flights.csv").write_text("mine")
        refused = export(runner, *arguments)
        assert (refused.exit_code, "is there already" in refused.stderr) == (1, True)
        assert (here / "flights.csv").read_text() == "mine"
        assert export(runner, *arguments, "--force").exit_code == 0
        assert (here / "flights.csv").read_bytes() == DATA


def test_a_name_leads_out_of_no_folder(server: FakeServer, runner: CliRunner, here: Path) -> None:
    serve(server, name="../../up.csv")
    assert export(runner).exit_code == 0
    assert (here / "up.csv").read_bytes() == DATA


def test_a_file_that_arrived_otherwise_is_not_kept(server: FakeServer, runner: CliRunner, here: Path) -> None:
    serve(server, sha256="0" * 64)
    result = export(runner)
    assert (result.exit_code, "not what was written" in result.stderr) == (1, True)
    assert list(here.glob("*.csv*")) == []


@pytest.mark.parametrize(
    ("arguments", "wish"),
    [
        ([], {"format": "csv"}),
        (["-o", "a.XLSX"], {"format": "xlsx"}),
        (["-o", "a.txt", "--spreadsheet-safe"], {"format": "csv", "formulas": "escape"}),
        (
            ["--format", "json", "--column", "a", "--column", "b", "--filter", "a:eq:1", "--sort=-b"],
            {"format": "json", "columns": ["a", "b"], "filter": ["a:eq:1"], "sort": ["-b"]},
        ),
    ],
)
def test_what_is_asked_for(server: FakeServer, runner: CliRunner, arguments: list[str], wish: dict[str, Any]) -> None:
    serve(server)
    assert export(runner, *arguments).exit_code == 0
    assert server.bodies["/api/v2/datasets/" + DATASET_ID + "/exports"] == wish


def test_a_failed_job_says_why(server: FakeServer, runner: CliRunner) -> None:
    serve(server)
    problem = {"title": "No place", "detail": "windows-1252 has no place for 'Ω'.", "user_action": "Choose UTF-8."}
    server.on("GET", f"/jobs/{JOB_ID}", make_job(status="failed", phase="failed", problem=problem))
    result = export(runner, "--encoding", "windows-1252")
    assert (result.exit_code, "has no place for 'Ω'" in result.stderr) == (1, True)
