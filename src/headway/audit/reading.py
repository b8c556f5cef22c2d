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


class AuditReader:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_entries(self, *, limit: int, cursor: str | None, target: Target | None) -> AuditPage:
        """Return one page of everything, or of what was done to one target."""
        after = decode_cursor(cursor) if cursor else None
        async with self._database.read() as session:
            found = await queries.list_newest_first(
                session, after, (target.type, target.name) if target else None, limit + 1
            )
        shown = found[:limit]
        return AuditPage(shown, encode_cursor(shown[-1].at, shown[-1].id) if len(found) > limit else None)
