"""The secret that signs tokens is strong, private and the same for all processes, or nothing starts."""

from __future__ import annotations

import os
import secrets
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from headway.accounts.secrets import FILE_NAME, WeakSecret, load_or_create_secret

CALLER = """
import sys
from pathlib import Path
from headway.accounts.secrets import load_or_create_secret
sys.stdin.read(1)
print(load_or_create_secret(Path(sys.argv[1]), ""))
"""


def test_a_secret_is_made_once_and_kept_private(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "new" / "folder"
    before = os.umask(0)
    try:
        secret = load_or_create_secret(folder, "")
    finally:
        os.umask(before)
    assert len(secret) == 64
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600
    # Private from its first moment on, and not repaired afterwards.
    assert "could be read" not in caplog.text
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert load_or_create_secret(folder, "") == secret
    assert [file.name for file in folder.iterdir()] == [FILE_NAME]


def test_two_data_folders_have_two_secrets(tmp_path: Path) -> None:
    assert load_or_create_secret(tmp_path / "a", "") != load_or_create_secret(tmp_path / "b", "")


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CALLER, str(tmp_path)]
    callers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for caller in callers:
        assert caller.stdin is not None
        caller.stdin.write("x")
        caller.stdin.flush()
    printed = {caller.communicate()[0].strip() for caller in callers}
    assert printed == {load_or_create_secret(tmp_path, "")}


def test_who_loses_the_race_takes_the_winner_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    winner = load_or_create_secret(tmp_path, "")
    # The loser looked a moment before the winner's file was there.
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    assert load_or_create_secret(tmp_path, "") == winner
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_a_secret_that_others_could_read_is_made_private(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = load_or_create_secret(tmp_path, "")
    (tmp_path / FILE_NAME).chmod(0o644)
    assert load_or_create_secret(tmp_path, "") == secret
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert "could be read" in caplog.text
    assert secret not in caplog.text


def test_a_given_secret_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    given = secrets.token_urlsafe(48)
    assert load_or_create_secret(tmp_path, given) == given
    assert not list(tmp_path.iterdir())


def test_random_secrets_are_accepted(tmp_path: Path) -> None:
    for _ in range(200):
        for given in (secrets.token_hex(16), secrets.token_hex(32), secrets.token_urlsafe(24)):
            assert load_or_create_secret(tmp_path, given) == given


@pytest.mark.parametrize(
    "weak",
    [
        "changeme",
        "short but random 8s7d6f",
        "9f3c1e7a5b2d8046e1c7a9b35d20f8",
        "x" * 64,
        "changeme" * 8,
        "changeme-changeme-changeme-changeme",
        "SecretSecretSecretSecretSecretSecret",
        "my-secret-password-for-jwt-my-secret-password",
        "your-secret-key-here-change-this-in-production",
        "please_change_this_secret_key_in_production",
        "12345678901234567890123456789012",
        "0123456789abcdef0123456789abcdef",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "00000000000000000000000000000001",
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbcccccccc",
        "        \t        \t        \t        \t  ",
    ],
)
def test_a_weak_secret_is_refused_with_a_sentence(tmp_path: Path, weak: str) -> None:
    with pytest.raises(WeakSecret, match=r"JWT_SECRET .*openssl rand") as refused:
        load_or_create_secret(tmp_path, weak)
    assert weak not in str(refused.value)


def test_a_damaged_file_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("")
    with pytest.raises(WeakSecret, match=FILE_NAME):
        load_or_create_secret(tmp_path, "")
