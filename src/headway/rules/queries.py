"""Every statement on rule sets. All of them start from the owner, or from a set that was found so."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.kit.pagination import Position, behind
from headway.rules.models import RuleSet, RuleSetVersion


async def find(session: AsyncSession, owner: str, rule_set_id: UUID, *, lock: bool = False) -> RuleSet | None:
    statement = sa.select(RuleSet).where(RuleSet.user_id == owner, RuleSet.id == rule_set_id)
    return (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()


async def find_named(session: AsyncSession, owner: str, name: str) -> RuleSet | None:
    statement = sa.select(RuleSet).where(RuleSet.user_id == owner, RuleSet.name == name)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_version(session: AsyncSession, rule_set: RuleSet, number: int) -> RuleSetVersion | None:
    return await session.get(RuleSetVersion, (rule_set.id, number))


async def count_of(session: AsyncSession, owner: str) -> int:
    statement = sa.select(sa.func.count()).select_from(RuleSet).where(RuleSet.user_id == owner)
    return int((await session.execute(statement)).scalar_one())


async def list_page(session: AsyncSession, owner: str, *, limit: int, after: Position | None) -> Sequence[RuleSet]:
    """Return one page by keyset, newest first, one row more than `limit` if there are more."""
    statement = sa.select(RuleSet).where(RuleSet.user_id == owner, *behind(RuleSet.created_at, RuleSet.id, after))
    statement = statement.order_by(RuleSet.created_at.desc(), RuleSet.id.desc()).limit(limit + 1)
    return (await session.execute(statement)).scalars().all()


async def delete(session: AsyncSession, owner: str, rule_set_id: UUID) -> int:
    """Delete a rule set and, by its foreign key, its versions; return how many there were."""
    statement = sa.delete(RuleSet).where(RuleSet.user_id == owner, RuleSet.id == rule_set_id)
    return len((await session.execute(statement.returning(RuleSet.id))).all())


async def delete_versions_until(session: AsyncSession, rule_set: RuleSet, number: int) -> None:
    old = sa.and_(RuleSetVersion.rule_set_id == rule_set.id, RuleSetVersion.number <= number)
    await session.execute(sa.delete(RuleSetVersion).where(old))


async def delete_owned(session: AsyncSession, owner: str) -> None:
    await session.execute(sa.delete(RuleSet).where(RuleSet.user_id == owner))
