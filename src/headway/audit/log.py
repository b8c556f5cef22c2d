"""Writes the audit, in the transaction of what it tells of; a deed that was refused has one of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from headway.audit import queries
from headway.audit.models import AuditEntry
from headway.errors import AppError
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.tally import Tally

Action = Literal[
    "job.cancel", "job.retry", "queue.pause", "queue.resume",
    "user.create", "user.set_role", "user.disable", "user.enable", "user.delete",
    "user.set_password", "user.change_password", "user.lock_out",
    "token.create", "token.revoke", "sweep.run", "backup.restore", "dataset.export",
]  # fmt: skip
TargetType = Literal["job", "queue", "user", "token", "address", "installation", "dataset"]

DONE = "done"
BEGUN = "begun"
"""Of a deed that is more than one transaction, until the last of them: it goes on, or was broken off."""

TABLE_NAME = AuditEntry.__tablename__


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, and from where: the id of a user, `local:NAME` at this machine's command line, or `headway`."""

    actor: str
    address: str | None = None
    request_id: str | None = None


HEADWAY = By("headway")
"""Whoever nobody is named for: the program itself, as at its first start."""


@dataclass(frozen=True, slots=True)
class Target:
    """What it is done to."""

    type: TargetType
    name: str


INSTALLATION = Target("installation", "headway")
"""All of it, and not one thing in it."""


async def record(
    session: AsyncSession, clock: Clock, by: By, action: Action, target: Target, *, result: str = DONE, **details: Any
) -> UUID:
    """Write an entry in the caller's transaction: committed with the deed, or gone with it. Return its id."""
    entry = AuditEntry(
        id=uuid4(), at=clock.now(), actor=by.actor, address=by.address, request_id=by.request_id, action=action,
        target_type=target.type, target=target.name, result=result, details=details,
    )  # fmt: skip
    await queries.insert(session, entry)
    return entry.id


async def complete(session: AsyncSession, entry_id: UUID, **details: Any) -> None:
    """Say in the caller's transaction that a deed which was `BEGUN` is done, and how much it was."""
    await queries.complete(session, entry_id, BEGUN, DONE, details)


@asynccontextmanager
async def noting_refusals(
    database: Database, clock: Clock, by: By, action: Action, target: Target
) -> AsyncIterator[None]:
    """Write an entry if what the block does is refused: the transaction that it would have been in is gone."""
    try:
        yield
    except AppError as error:
        async with database.write() as session:
            await record(session, clock, by, action, target, result=error.code)
        raise


async def forget_addresses_in(session: AsyncSession, owner: str) -> None:
    """Take out where somebody who is erased did things from. It is all of them that an entry knows besides an id."""
    await queries.forget_addresses(session, owner)


class AuditRetention:
    """Forgets entries that are past their time; 0 days keep them for ever."""

    def __init__(self, database: Database, clock: Clock, keep_days: int) -> None:
        self._database = database
        self._clock = clock
        self._keep_days = keep_days

    async def forget(self, *, dry_run: bool) -> Tally:
        """Delete old entries; in a dry run, only count them."""
        if not self._keep_days:
            return Tally()
        before = self._clock.now() - timedelta(days=self._keep_days)
        async with self._database.read() if dry_run else self._database.write() as session:
            return await queries.forget(session, before, delete=not dry_run)
