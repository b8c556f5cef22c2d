"""`headway import`: what is sent, how a job is followed, what is said about its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from headway.cli import main
from tests.unit.cli.conftest import DATASET_ID, JOB_ID, TOKEN, FakeServer, completed, make_dataset, make_job


@pytest.fixture
def flights(tmp_path: Path) -> Path:
    path = tmp_path / "flights.csv"
    path.write_text("year,carrier\n2013,UA\n")
    return path


@pytest.fixture(autouse=True)
def _accepts(server: FakeServer) -> None:
    server.on("POST", "/imports", make_job(), status=202)
    server.on("GET", f"/datasets/{DATASET_ID}", make_dataset())


def test_the_file_arrives_as_it_is_and_its_dataset_is_told(
    server: FakeServer, runner: CliRunner, flights: Path
) -> None:
    parsing = make_job(phase="running", stage="parse", progress=60, version=5)
    server.on("GET", f"/jobs/{JOB_ID}", parsing, completed())

    result = runner.invoke(main, ["import", str(flights)])

    assert result.exit_code == 0
    [upload] = server.uploads
    assert (upload.file_name, upload.content, upload.options) == ("flights.csv", flights.read_bytes(), {})
    assert set(server.tokens) == {f"Bearer {TOKEN}"}
    assert f"dataset {DATASET_ID}" in result.stdout
    assert "336,776 rows, 2 columns" in result.stdout
    assert f"{server.url}/datasets/{DATASET_ID}" in result.stdout
    assert result.stderr.splitlines() == [
        "flights.csv: uploading 21 B",
        "flights.csv: queued",
        "flights.csv: running, parse",
        "flights.csv: completed",
    ]


def test_a_failed_job_says_why_and_what_to_do(server: FakeServer, runner: CliRunner, flights: Path) -> None:
    problem = {
        "title": "The file is empty",
        "status": 422,
        "detail": "flights.csv has 0 bytes.",
        "user_action": "Export it again.",
    }
    server.on("GET", f"/jobs/{JOB_ID}", make_job(status="failed", phase="failed", problem=problem, error="empty"))

    result = runner.invoke(main, ["import", str(flights)])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "flights.csv: The file is empty: flights.csv has 0 bytes." in result.stderr
    assert "What to do: Export it again." in result.stderr
    assert f"headway jobs show {JOB_ID}" in result.stderr


def test_one_refused_file_does_not_keep_the_others_from_being_imported(
    server: FakeServer, runner: CliRunner, flights: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second.csv"
    second.write_text("a\n1\n")
    refusal = {"title": "The file is too large", "status": 413, "detail": "", "user_action": "Split it."}
    server.answers["POST", "/api/v2/imports"] = [(413, refusal), (202, make_job())]
    server.on("GET", f"/jobs/{JOB_ID}", completed())

    result = runner.invoke(main, ["import", str(flights), str(second)])

    assert result.exit_code == 1
    assert "flights.csv: The file is too large" in result.stderr
    assert f"second.csv: dataset {DATASET_ID}" in result.stdout


def test_a_duplicate_says_so_and_can_be_imported_again(server: FakeServer, runner: CliRunner, flights: Path) -> None:
    server.on("GET", f"/jobs/{JOB_ID}", completed() | {"outcome": "duplicate"})
    assert "the same file as before" in runner.invoke(main, ["import", str(flights)]).stdout

    runner.invoke(main, ["import", "--duplicate", "import", str(flights)])
    assert [upload.options for upload in server.uploads] == [{}, {"duplicate": "import"}]


def test_rejected_rows_are_counted(server: FakeServer, runner: CliRunner, flights: Path) -> None:
    server.on("GET", f"/datasets/{DATASET_ID}", make_dataset(rejected_rows=1200))
    server.on("GET", f"/jobs/{JOB_ID}", completed())
    assert "1,200 rows rejected" in runner.invoke(main, ["import", str(flights)]).stdout


def test_without_watching_it_ends_when_the_upload_does(server: FakeServer, runner: CliRunner, flights: Path) -> None:
    result = runner.invoke(main, ["import", "--no-watch", str(flights)])
    assert result.exit_code == 0
    assert JOB_ID in result.stdout
    assert [path for path, _query in server.queries] == ["/api/v2/imports"]


def test_a_server_that_is_away_for_a_moment_does_not_end_the_watching(
    server: FakeServer, runner: CliRunner, flights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headway.cli.uploading.LONGEST_POLL_SECONDS", 0.01)
    away = {"title": "A part of the service is away", "status": 503, "detail": "", "user_action": "Wait."}
    server.answers["GET", f"/api/v2/jobs/{JOB_ID}"] = [(503, away), (200, completed())]

    result = runner.invoke(main, ["import", str(flights)])

    assert result.exit_code == 0
    assert "no answer from the server; the job goes on" in result.stderr


def test_interrupting_the_watching_leaves_the_job_alone(
    server: FakeServer, runner: CliRunner, flights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("headway.cli.uploading.time.sleep", interrupt)
    result = runner.invoke(main, ["import", str(flights)])
    assert result.exit_code == 130
    assert f"The job goes on without you. See it with: headway jobs show {JOB_ID}" in result.stderr
    assert not any(path.endswith("cancel") for path, _query in server.queries)


def test_names_cannot_steer_the_terminal(server: FakeServer, runner: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "\x1b[2Jgone.csv"
    path.write_text("a\n1\n")
    server.on("GET", f"/jobs/{JOB_ID}", completed())
    result = runner.invoke(main, ["import", str(path)])
    assert result.exit_code == 0
    assert "\x1b" not in result.output


def test_no_server_is_a_sentence(flights: Path, runner: CliRunner) -> None:
    result = runner.invoke(main, ["import", "--server", "http://127.0.0.1:9", str(flights)])
    assert result.exit_code == 1
    assert "No Headway answers at http://127.0.0.1:9" in result.stderr
    assert "Traceback" not in result.output


def test_at_a_terminal_there_is_a_bar_and_names_are_not_markup(
    server: FakeServer, runner: CliRunner, tmp_path: Path
) -> None:
    path = tmp_path / "[red]a.csv"
    path.write_text("a\n1\n")
    parsing = make_job(phase="running", stage="parse", progress=60, done_units=1500, total_units=3000, unit="rows")
    server.on("GET", f"/jobs/{JOB_ID}", parsing, completed())
    result = runner.invoke(main, ["import", str(path)], env={"FORCE_COLOR": "1", "COLUMNS": "120"})
    assert result.exit_code == 0
    assert "[red]a.csv" in result.stderr
    assert "100%" in result.stderr
    assert "completed" in result.stderr
