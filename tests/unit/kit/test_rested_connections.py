"""A connection that died while it rested is replaced and not handed out."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from headway.kit import db
from headway.kit.db import Database


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(db.time, "monotonic", lambda: now[0])
    return now


async def kill_the_others(database: Database) -> None:
    async with database.write() as session:
        await session.execute(
            sa.text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        )


async def test_connections_that_have_rested_are_asked_whether_they_live(
    database: Database, moments: list[float]
) -> None:
    if database.is_sqlite:
        assert database._writer.sync_engine.pool._pre_ping is False  # a file is never away
        return
    async with database.read() as one, database.read() as another:
        for session in (one, another):
            await session.execute(sa.text("select 1"))
    other = Database(database.url.render_as_string(hide_password=False))
    await kill_the_others(other)
    await other.close()
    moments[0] += db.RESTED_SECONDS
    async with database.read() as session:
        assert (await session.execute(sa.text("select 1"))).scalar_one() == 1


async def test_one_that_was_just_used_is_not_asked(
    database: Database, moments: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(database._writer.sync_engine.dialect, "do_ping", asked.append)
    for _ in range(3):
        await database.ping()
    assert asked == []
    moments[0] += db.RESTED_SECONDS
    await database.ping()
    assert len(asked) == (0 if database.is_sqlite else 1)
