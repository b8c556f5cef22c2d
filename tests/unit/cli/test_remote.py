"""Signing in, and the commands that look at jobs and datasets."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from click.testing import CliRunner

from headway.cli import main
from tests.unit.cli.conftest import DATASET_ID, JOB_ID, TOKEN, FakeServer, make_dataset, make_job


def credentials_file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "headway" / "credentials.json"


def test_a_sign_in_is_kept_where_only_its_owner_reads_and_used_afterwards(server: FakeServer, tmp_path: Path) -> None:
    runner = CliRunner(env={"XDG_CONFIG_HOME": str(tmp_path / "config")})
    server.on("POST", "/auth/token", {"access_token": "fresh", "token_type": "bearer", "expires_in": 3600})
    server.on("GET", "/jobs/active", {"jobs": [], "counts": {}, "server_time": "2026-11-24T10:00:00Z"})

    signed_in = runner.invoke(
        main, ["login", server.url, "--email", "ada@example.org", "--password-stdin"], input="secret\n"
    )
    assert signed_in.exit_code == 0, signed_in.output
    assert runner.invoke(main, ["jobs"]).exit_code == 0

    assert server.tokens == [None, "Bearer fresh"]
    path = credentials_file(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "secret" not in path.read_text()

    assert runner.invoke(main, ["logout"]).exit_code == 0
    assert json.loads(path.read_text()) == {"current": None, "tokens": {}}


def test_a_token_goes_only_to_the_server_that_gave_it(server: FakeServer, tmp_path: Path) -> None:
    runner = CliRunner(env={"XDG_CONFIG_HOME": str(tmp_path / "config")})
    credentials_file(tmp_path).parent.mkdir(parents=True)
    credentials_file(tmp_path).write_text(json.dumps({"current": "http://else", "tokens": {"http://else": "theirs"}}))
    server.on("GET", "/jobs/active", {"jobs": []})
    assert runner.invoke(main, ["jobs", "--server", server.url]).exit_code == 0
    assert server.tokens == [None]


def test_a_broken_credentials_file_is_no_obstacle(server: FakeServer, runner: CliRunner, tmp_path: Path) -> None:
    credentials_file(tmp_path).parent.mkdir(parents=True)
    credentials_file(tmp_path).write_text("[]")
    server.on("GET", "/jobs/active", {"jobs": []})
    assert runner.invoke(main, ["jobs"]).exit_code == 0


def test_who_is_not_signed_in_is_told_how_to(server: FakeServer, runner: CliRunner) -> None:
    server.on("GET", "/jobs/active", {"title": "Sign in first", "status": 401, "detail": ""}, status=401)
    result = runner.invoke(main, ["jobs"])
    assert result.exit_code == 1
    assert "Sign in with `headway login`" in result.stderr


def test_jobs_are_tab_separated_without_a_terminal(server: FakeServer, runner: CliRunner) -> None:
    server.on("GET", "/jobs/active", {"jobs": [make_job(stage="parse", title="a\tb")]})
    [line] = runner.invoke(main, ["jobs"]).stdout.splitlines()
    assert line.split("\t")[:5] == [JOB_ID, "queued", "40", "a�b", "parse"]


def test_all_jobs_come_page_by_page_up_to_the_limit(server: FakeServer, runner: CliRunner) -> None:
    pages = [
        {"items": [make_job(title="first"), make_job(title="second")], "next_cursor": "more"},
        {"items": [make_job(title="third"), make_job(title="fourth")], "next_cursor": None},
    ]
    server.on("GET", "/jobs", *pages)
    lines = runner.invoke(main, ["jobs", "--all", "--limit", "3"]).stdout.splitlines()
    assert [line.split("\t")[3] for line in lines] == ["first", "second", "third"]
    assert [query.get("cursor") for _path, query in server.queries] == [None, ["more"]]


def test_a_failed_job_is_shown_with_its_problem(server: FakeServer, runner: CliRunner) -> None:
    problem = {"title": "The file is empty", "detail": "It has 0 bytes.", "user_action": "Export it again."}
    server.on("GET", f"/jobs/{JOB_ID}", make_job(status="failed", phase="failed", problem=problem))
    shown = runner.invoke(main, ["jobs", "show", JOB_ID]).stdout
    assert "phase:     failed" in shown
    assert "The file is empty: It has 0 bytes." in shown
    assert "What to do: Export it again." in shown


def test_the_server_may_be_named_before_the_subcommand(server: FakeServer) -> None:
    server.on("GET", f"/jobs/{JOB_ID}", make_job())
    result = CliRunner(env={"HEADWAY_TOKEN": TOKEN}).invoke(main, ["jobs", "--server", server.url, "show", JOB_ID])
    assert result.exit_code == 0
    assert JOB_ID in result.stdout


def test_cancelling_says_what_became_of_the_job(server: FakeServer, runner: CliRunner) -> None:
    server.on("POST", f"/jobs/{JOB_ID}/cancel", make_job(phase="cancelling"), status=202)
    assert runner.invoke(main, ["jobs", "cancel", JOB_ID]).stdout == "flights.csv: cancelling\n"


def test_datasets_are_listed(server: FakeServer, runner: CliRunner) -> None:
    server.on("GET", "/datasets", {"items": [make_dataset()], "next_cursor": None})
    [line] = runner.invoke(main, ["datasets"]).stdout.splitlines()
    assert line.split("\t")[:5] == [DATASET_ID, "flights", "336776", "2", "31.0 MB"]


def test_rows_are_shown_in_column_order_with_nulls_empty(server: FakeServer, runner: CliRunner) -> None:
    columns = [{"name": "n", "type": "integer"}, {"name": "ok", "type": "boolean"}, {"name": "t", "type": "text"}]
    rows = [{"t": "\x1b[31mred", "n": 1, "ok": True}, {"t": None, "n": 2, "ok": False}]
    server.on("GET", f"/datasets/{DATASET_ID}/rows", {"columns": columns, "rows": rows, "total": 2})
    result = runner.invoke(main, ["datasets", "rows", DATASET_ID, "--offset", "5", "--written"])
    assert result.stdout == "1\ttrue\t�[31mred\n2\tfalse\t\n"
    assert server.queries[-1][1] == {"offset": ["5"], "limit": ["20"], "values": ["written"]}


def test_an_answer_of_something_else_is_not_a_traceback(server: FakeServer, runner: CliRunner) -> None:
    server.on("GET", "/jobs/active", b"<html>Bad gateway</html>", status=502)
    result = runner.invoke(main, ["jobs"])
    assert result.exit_code == 1
    assert "answered 502, but not as Headway does" in result.stderr


def test_an_address_without_a_scheme_is_refused(runner: CliRunner) -> None:
    result = runner.invoke(main, ["jobs", "--server", "example.org"])
    assert result.exit_code == 2
    assert "does not begin with http:// or https://" in result.stderr
