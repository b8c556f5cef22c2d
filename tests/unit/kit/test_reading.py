"""What sessions for reading see while others write, on either database."""

from __future__ import annotations

from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.accounts.models import User
from headway.kit.db import Database
from tests.support.clock import FakeClock


async def _count(session: AsyncSession) -> int:
    return (await session.execute(sa.select(sa.func.count()).select_from(User))).scalar_one()


async def _add(database: Database, clock: FakeClock, name: str) -> None:
    moment = clock.now()
    columns = {
        "created_at": moment,
        "password_changed_at": moment,
        "role": "user",
        "credentials_version": 0,
        "id": uuid4(),
    }
    async with database.write() as session:
        session.add(User(email=f"{name}@example.com", password_hash="-", **columns))


async def test_each_statement_sees_what_is_committed(database: Database, clock: FakeClock) -> None:
    async with database.read() as session:
        assert await _count(session) == 0
        await _add(database, clock, "ann")
        assert await _count(session) == 1


async def test_to_a_snapshot_the_database_stands_still(database: Database, clock: FakeClock) -> None:
    await _add(database, clock, "ann")
    async with database.snapshot() as session:
        assert await _count(session) == 1
        await _add(database, clock, "bob")
        assert await _count(session) == 1
    async with database.read() as session:
        assert await _count(session) == 2


async def test_a_snapshot_that_is_broken_off_is_over(database: Database, clock: FakeClock) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.snapshot() as session:
            await _count(session)
            raise ZeroDivisionError
    await _add(database, clock, "ann")
    for _connection in range(2):
        async with database.read() as session:
            assert await _count(session) == 1
