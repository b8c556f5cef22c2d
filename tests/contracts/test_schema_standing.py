"""Which schema a process may start on: its own and a later one, but none from before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from click.testing import CliRunner

from headway.cli import main
from headway.migrations import VERSION_TABLE, Standing, alembic_config, migrate, standing_of, sync_engine


def stands(url: str) -> Standing:
    engine = sync_engine(url)
    with engine.connect() as connection:
        return standing_of(connection)


def revise(url: str, revision: str) -> None:
    with sync_engine(url).begin() as connection:
        connection.execute(sa.text(f"update {VERSION_TABLE} set version_num = :revision"), {"revision": revision})


def test_a_database_without_tables_is_behind(database_url: str) -> None:
    with sync_engine(database_url).begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    assert stands(database_url) is Standing.BEHIND
    assert migrate(database_url) is Standing.CURRENT
    assert stands(database_url) is Standing.CURRENT


def test_an_earlier_revision_is_behind(database_url: str) -> None:
    with sync_engine(database_url).begin() as connection:
        command.downgrade(alembic_config(connection), "-1")
    assert stands(database_url) is Standing.BEHIND
    assert migrate(database_url) is Standing.CURRENT


def test_a_later_revision_is_left_as_it_is_and_said(database_url: str) -> None:
    revise(database_url, "9999")
    assert migrate(database_url) is Standing.AHEAD
    assert stands(database_url) is Standing.AHEAD
    for options in ([], ["--quiet"], ["--wait"]):
        result = CliRunner().invoke(main, ["migrate", *options], env={"DATABASE_URL": database_url})
        assert result.exit_code == 0, result.output
        assert "was migrated by a later version of Headway" in result.stderr


def test_doctor_calls_a_later_revision_no_fault(database_url: str, storage_url: str) -> None:
    revise(database_url, "9999")
    environment = {"DATABASE_URL": database_url, "HEADWAY_STORAGE_URL": storage_url}
    result = CliRunner().invoke(main, ["doctor"], env=environment)
    assert "which a later version made" in " ".join(result.output.split())
    assert "run `headway migrate`" not in result.output
