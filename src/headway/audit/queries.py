"""Every statement on the audit. None changes what an entry says was done, by which id and to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.audit.models import AuditEntry
from headway.kit.pagination import Position, behind
from headway.kit.tally import Tally, tally_rows


async def insert(session: AsyncSession, entry: AuditEntry) -> None:
    session.add(entry)
    await session.flush()


async def complete(session: AsyncSession, entry_id: UUID, before: str, after: str, details: Mapping[str, Any]) -> None:
    """Say how a deed ended that an entry tells of as begun."""
    begun = sa.update(AuditEntry).where(AuditEntry.id == entry_id, AuditEntry.result == before)
    await session.execute(begun.values(result=after, details=dict(details)))


async def list_newest_first(
    session: AsyncSession, wanted: Mapping[str, str], after: Position | None, limit: int
) -> Sequence[AuditEntry]:
    """Return a page by keyset of the entries whose columns are as wanted."""
    statement = sa.select(AuditEntry).filter_by(**wanted)
    statement = statement.where(*behind(AuditEntry.at, AuditEntry.id, after))
    statement = statement.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def forget_addresses(session: AsyncSession, owner: str) -> None:
    """Forget from where somebody acted, and from where somebody was kept from signing in as them."""
    kept_out = sa.and_(
        AuditEntry.action == "user.lock_out", AuditEntry.target_type == "user", AuditEntry.target == owner
    )
    await session.execute(sa.update(AuditEntry).where(sa.or_(AuditEntry.actor == owner, kept_out)).values(address=None))


async def forget(session: AsyncSession, before: datetime, *, delete: bool) -> Tally:
    return await tally_rows(session, AuditEntry.at, AuditEntry.at < before, delete=delete)
