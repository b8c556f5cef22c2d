"""What commands leave in the audit: who sat at the machine, and exactly one entry for each deed."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from headway.audit import queries
from headway.audit.models import AuditEntry
from headway.cli import main
from headway.cli.whose import at_this_machine
from headway.kit.db import Database

ADA, BOB = "ada@example.org", "bob@example.org"
NEW = "correct-horse-battery\n"
ME = f"local:{pwd.getpwuid(os.getuid()).pw_name}"


class Machine:
    """A terminal where the product is installed."""

    def __init__(self, database_url: str, storage_url: str, data_dir: Path) -> None:
        self._database_url = database_url
        self._runner = CliRunner(
            env={
                "HEADWAY_DATA_DIR": str(data_dir), "DATABASE_URL": database_url, "JWT_SECRET": "",
                "HEADWAY_STORAGE_URL": storage_url, "LOGNAME": "mallory", "USER": "mallory",
            }
        )  # fmt: skip

    def run(self, *words: str, code: int = 0) -> list[AuditEntry]:
        """Run a command and return what it left in the audit, the newest first."""
        before = {entry.id for entry in self._entries()}
        result = self._runner.invoke(main, list(words), input=NEW)
        assert result.exit_code == code, result.output
        return [entry for entry in self._entries() if entry.id not in before]

    def _entries(self) -> Sequence[AuditEntry]:
        async def read() -> Sequence[AuditEntry]:
            database = Database(self._database_url)
            try:
                async with database.read() as session:
                    return await queries.list_newest_first(session, {}, None, 100)
            finally:
                await database.close()

        return asyncio.run(read())


@pytest.fixture
def machine(database_url: str, storage_url: str, tmp_path: Path) -> Machine:
    (tmp_path / "data").mkdir(mode=0o700)
    return Machine(database_url, storage_url, tmp_path / "data")


def told(entries: list[AuditEntry]) -> list[tuple[str, str]]:
    assert {entry.actor for entry in entries} <= {ME}
    return [(entry.action, entry.result) for entry in entries]


def test_every_command_on_accounts_leaves_what_it_did(machine: Machine) -> None:
    assert told(machine.run("users", "add", ADA, "--admin", "--password-stdin")) == [("user.create", "done")]
    (added,) = machine.run("users", "add", BOB, "--password-stdin")
    for words, action in (
        (("role", BOB, "admin"), "user.set_role"),
        (("role", BOB, "user"), "user.set_role"),
        (("disable", BOB), "user.disable"),
        (("enable", BOB), "user.enable"),
        (("password", BOB, "--password-stdin"), "user.set_password"),
    ):
        (entry,) = machine.run("users", *words)
        assert (entry.actor, entry.action, entry.target, entry.result) == (ME, action, added.target, "done")
    assert told(machine.run("users", "disable", ADA, code=1)) == [("user.disable", "users.last_admin")]
    assert told(machine.run("users", "role", ADA, "user", code=1)) == [("user.set_role", "users.last_admin")]
    assert machine.run("users", "list") == []
    (erased,) = machine.run("users", "delete", BOB, "--yes")
    assert (erased.actor, erased.action, erased.target, erased.result) == (ME, "user.delete", added.target, "done")
    assert erased.details == {"datasets": 0, "files": 0, "jobs": 0}
    assert told(machine.run("users", "delete", ADA, "--yes", code=1)) == [("user.delete", "users.last_admin")]


def test_a_sweep_is_told_with_what_it_was_asked_for_and_a_look_is_not(machine: Machine) -> None:
    assert machine.run("sweep", "--dry-run", "--older-than", "0") == []
    for words, hours in (((), None), (("--older-than", "0"), 0), (("--older-than", "1.5"), 1.5)):
        (entry,) = machine.run("sweep", *words)
        assert (entry.actor, entry.action, entry.target_type, entry.details) == (
            ME, "sweep.run", "installation", {"older_than_hours": hours},
        )  # fmt: skip


def test_a_number_without_a_name_is_said_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    assert at_this_machine().actor == f"local:{2**31 - 7}"
