"""What `headway serve` refuses before it starts anything, and that its own process stays small."""

from __future__ import annotations

import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from headway.cli import main


@pytest.fixture
def runner(tmp_path: Path) -> CliRunner:
    return CliRunner(env={"HEADWAY_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": "", "JWT_SECRET": ""})


def test_a_weak_secret_is_refused_with_a_sentence(runner: CliRunner) -> None:
    result = runner.invoke(main, ["serve"], env={"JWT_SECRET": "changeme"})
    assert result.exit_code == 1
    assert "JWT_SECRET has 8 bytes and needs at least 32." in result.stderr
    assert "changeme" not in result.output


def test_every_setting_that_is_wrong_is_named(runner: CliRunner) -> None:
    result = runner.invoke(main, ["serve"], env={"HEADWAY_PORT": "x", "HEADWAY_LOG_LEVEL": "loud"})
    assert result.exit_code == 1
    assert "HEADWAY_PORT: Input should be a valid integer" in result.stderr
    assert "HEADWAY_LOG_LEVEL: " in result.stderr


def test_a_port_in_use_is_a_sentence(runner: CliRunner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = runner.invoke(main, ["serve", "--port", str(port)])
    assert result.exit_code == 1
    assert f"Something else listens on 127.0.0.1:{port}." in result.stderr


def test_an_address_of_another_machine_is_a_sentence(runner: CliRunner) -> None:
    result = runner.invoke(main, ["serve", "--host", "192.0.2.1", "--port", "8080"])
    assert result.exit_code == 1
    assert "Cannot listen on 192.0.2.1:8080" in result.stderr


def test_nobody_else_may_look_into_the_data_folder(runner: CliRunner, tmp_path: Path) -> None:
    runner.invoke(main, ["serve", "--host", "192.0.2.1"])
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_made_is_a_sentence(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = runner.invoke(main, ["serve"], env={"HEADWAY_DATA_DIR": str(tmp_path / "file" / "data")})
    assert result.exit_code == 1
    assert "HEADWAY_DATA_DIR:" in result.stderr
    assert "cannot be made" in result.stderr


def test_a_database_that_is_none_of_ours_is_a_sentence(runner: CliRunner) -> None:
    result = runner.invoke(main, ["migrate"], env={"DATABASE_URL": "mysql://root:hidden@db/headway"})
    assert result.exit_code == 1
    assert "DATABASE_URL must begin with sqlite:/// or postgresql://" in result.stderr
    assert "hidden" not in result.output


def test_the_supervisor_loads_no_server_and_no_database() -> None:
    code = "import sys, headway.cli.serving; print([n for n in ('fastapi', 'sqlalchemy', 'dbos', 'duckdb') if n in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
