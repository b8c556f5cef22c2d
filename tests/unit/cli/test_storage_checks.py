"""`headway doctor storage`: a line for each check, a summary, and an exit status for scripts."""

from __future__ import annotations

import stat
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from headway.cli import main
from headway.cli.storage_checks import shown_storage_url, summary
from headway.storage.checkup import Verdict

ARGUMENTS = ["doctor", "storage", "--large-mib", "17"]


@pytest.fixture
def runner(tmp_path: Path) -> CliRunner:
    environment = {"HEADWAY_DATA_DIR": str(tmp_path / "data"), "HEADWAY_STORAGE_URL": "", "DATABASE_URL": ""}
    return CliRunner(env={**environment, "HEADWAY_MIN_FREE_BYTES": "0", "JWT_SECRET": ""})


def test_a_sound_folder_passes_and_every_check_has_a_line(runner: CliRunner, tmp_path: Path) -> None:
    result = runner.invoke(main, ARGUMENTS)
    assert result.exit_code == 0, result.output
    first, *lines, last = result.output.splitlines()
    assert first == f"Checking file://{tmp_path}/data/objects"
    cells = [line.split("\t") for line in lines]
    assert {verdict for verdict, *_ in cells} <= {"ok", "note"}
    assert [name for _, name, *_ in cells][:2] == ["answers", "small object"]
    assert [name for _, name, *_ in cells][-1] == "removal"
    assert all(sentence.endswith(".") for *_, sentence in cells)
    assert last.endswith("Headway can rely on this store.")


def test_a_defect_is_a_failure(runner: CliRunner) -> None:
    result = runner.invoke(main, ARGUMENTS, env={"HEADWAY_MIN_FREE_BYTES": str(10**18)})
    assert result.exit_code == 1
    told = [line for line in result.output.splitlines() if line.startswith("defect\t")]
    assert [line.split("\t")[1] for line in told] == ["free space"]
    assert "HEADWAY_MIN_FREE_BYTES" in told[0]
    assert "1 defect. Do not run Headway on this store" in result.output.splitlines()[-1]


def test_a_store_that_is_away_is_one_line(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headway.storage.s3.RETRIES", 0)
    away = "s3://bucket/below?endpoint=http://user:hidden@127.0.0.1:1"
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    result = runner.invoke(main, ARGUMENTS, env={"HEADWAY_STORAGE_URL": away, **keys})
    assert result.exit_code == 1
    assert "hidden" not in result.output
    first, told, last = result.output.splitlines()
    assert first == "Checking s3://bucket/below at 127.0.0.1:1"
    assert told.startswith("defect\tanswers\t")
    assert last.startswith("1 defect.")


def test_a_wrong_address_is_a_sentence(runner: CliRunner) -> None:
    result = runner.invoke(main, ARGUMENTS, env={"HEADWAY_STORAGE_URL": "gs://bucket"})
    assert result.exit_code == 1
    assert "HEADWAY_STORAGE_URL must begin with file:/// or s3://bucket" in result.stderr


def test_nobody_else_may_look_into_a_data_folder_that_it_makes(runner: CliRunner, tmp_path: Path) -> None:
    runner.invoke(main, ARGUMENTS)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_doctor_alone_still_looks_at_everything(runner: CliRunner) -> None:
    result = runner.invoke(main, ["doctor"])
    parts = [line.split("\t")[0] for line in result.output.splitlines()]
    assert parts[0] == "versions"
    assert {"data folder", "database", "object store", "secret", "parse limits"} <= set(parts)
    assert "small object" not in parts


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (Counter(ok=3), "3 ok. Headway can rely on this store."),
        (Counter(ok=3, note=1), "3 ok, 1 note. Headway can rely on this store."),
        (
            Counter(ok=1, note=1, defect=2),
            "1 ok, 1 note, 2 defects. Do not run Headway on this store before the defects are mended.",
        ),
    ],
)
def test_the_summary_says_what_the_verdicts_mean(verdicts: Counter[Verdict], said: str) -> None:
    assert summary(verdicts) == said


def test_no_password_is_shown() -> None:
    shown = shown_storage_url("s3://me:hidden@bucket/a?endpoint=http://me:hidden@host:1&region=x")
    assert shown == "s3://bucket/a at host:1"
