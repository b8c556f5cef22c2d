"""How much of something there is: a count, its bytes, and how long the oldest has been there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found. `bytes` is None where nobody counts them, as for rows of a database."""

    count: int = 0
    bytes: int | None = None
    oldest: datetime | None = None

    def merged(self, other: Tally) -> Tally:
        """Return what both found together."""
        total = None if self.bytes is None and other.bytes is None else (self.bytes or 0) + (other.bytes or 0)
        moments = [moment for moment in (self.oldest, other.oldest) if moment is not None]
        return Tally(self.count + other.count, total, min(moments, default=None))

    def plus(self, size_bytes: int | None, since: datetime | None) -> Tally:
        """Return the tally with one thing more."""
        return self.merged(Tally(1, size_bytes, since))


async def tally_rows(
    session: AsyncSession,
    moment: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    where: ColumnElement[bool],
    *,
    delete: bool,
) -> Tally:
    """Count the rows that fit, by the age that the column `moment` gives them, and delete them if asked to."""
    found = sa.select(sa.func.count(), sa.func.min(moment)).select_from(moment.class_).where(where)
    count, oldest = (await session.execute(found)).one()
    if count and delete:
        await session.execute(sa.delete(moment.class_).where(where))
    return Tally(count, None, oldest)
