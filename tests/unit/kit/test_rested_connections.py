"""A connection that died while it rested is replaced and not handed out; one that was just used is not asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from headway.kit import db
from headway.kit.db import Database

OWN_PROCESS = sa.text("select pg_backend_pid()")


@pytest.fixture
async def postgres(postgres_server: str) -> AsyncIterator[Database]:
    database = Database(postgres_server)
    yield database
    await database.close()


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(db.time, "monotonic", lambda: now[0])
    return now


async def test_connections_that_have_rested_are_asked_whether_they_live(
    postgres: Database, postgres_server: str, moments: list[float]
) -> None:
    async with postgres.read() as one, postgres.read() as another:
        died = {(await session.execute(OWN_PROCESS)).scalar_one() for session in (one, another)}
    with psycopg.connect(postgres_server, autocommit=True) as operator:
        for process in died:
            operator.execute("select pg_terminate_backend(%s, 5000)", [process])
    moments[0] += db.RESTED_SECONDS
    async with postgres.read() as one, postgres.write() as another:
        alive = {(await session.execute(OWN_PROCESS)).scalar_one() for session in (one, another)}
    assert len(alive) == 2
    assert not alive & died


async def test_one_that_was_just_used_is_not_asked(
    postgres: Database, moments: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(postgres._writer.sync_engine.dialect, "do_ping", asked.append)
    for _ in range(3):
        await postgres.ping()
    assert asked == []
    moments[0] += db.RESTED_SECONDS
    await postgres.ping()
    assert len(asked) == 1
