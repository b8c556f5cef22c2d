"""What is asked of a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from headway.kit.db import Database


@contextmanager
def statements_to(database: Database) -> Iterator[list[str]]:
    """Collect the statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        sent.append(statement)

    # On PostgreSQL both are views of one engine, with the same listeners.
    engines = [database._writer, *([database._reader] if database.is_sqlite else [])]
    for engine in engines:
        sa.event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        sa.event.remove(engine.sync_engine, "before_cursor_execute", note)
