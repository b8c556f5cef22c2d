"""Reads the audit for administrators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headway.audit import queries
from headway.audit.log import Target
from headway.audit.models import AuditEntry
from headway.kit.db import Database
from headway.kit.pagination import decode_cursor, encode_cursor


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first."""

    entries: Sequence[AuditEntry]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: of one deed, by one actor, to one target; None for all."""

    action: str | None = None
    actor: str | None = None
    target: Target | None = None

    def columns(self) -> dict[str, str]:
        """Return what the columns of the table must be."""
        target = {"target_type": self.target.type, "target": self.target.name} if self.target else {}
        named = {"action": self.action, "actor": self.actor}
        return {**{name: value for name, value in named.items() if value is not None}, **target}


class AuditReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_entries(self, wanted: Wanted, *, limit: int, cursor: str | None) -> AuditPage:
        """Return one page of what is wanted."""
        after = decode_cursor(cursor) if cursor else None
        async with self._database.read() as session:
            found = await queries.list_newest_first(session, wanted.columns(), after, limit + 1)
        shown = found[:limit]
        return AuditPage(shown, encode_cursor(shown[-1].at, shown[-1].id) if len(found) > limit else None)
