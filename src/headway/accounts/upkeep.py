"""What accounts leave behind: sessions that have run out, and drafts of a secret whose writer was killed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from headway.accounts import queries
from headway.accounts.secrets import FILE_NAME
from headway.kit.db import Database
from headway.kit.tally import Tally


async def forget_sessions(database: Database, now: datetime, *, dry_run: bool) -> Tally:
    """Forget the browser sessions that have run out."""
    async with database.write() as session:
        return await queries.tally_expired_sessions(session, now, delete=not dry_run)


def secret_drafts(data_dir: Path) -> Iterator[Path]:
    """Yield files that are linked to the secret's place at once, and only stay when their writer is killed."""
    yield from data_dir.glob(f".{FILE_NAME}.*")
