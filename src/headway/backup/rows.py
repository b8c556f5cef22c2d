"""Rows as lines of JSON that mean the same on either database, and back into rows.

Every table is known from the models, so a new one is in the backup from the day it exists.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import IO, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.engine.models import WorkerLease
from headway.migrations.schema import METADATA

BATCH = 500

DERIVED = frozenset({"job_counts"})
"""What the database writes by itself when rows of other tables come back."""

TABLES = [table for table in METADATA.sorted_tables if table.name not in {WorkerLease.__tablename__, *DERIVED}]
"""Parents before children. Which workers are alive is no truth about another machine or another day."""

Parser = Callable[[Any], Any]

PARSERS: list[tuple[tuple[type, ...], Parser | None]] = [
    ((sa.Text, sa.Integer, sa.Boolean, sa.Float, sa.JSON), None),
    ((sa.Uuid,), UUID),
    ((sa.DateTime,), datetime.fromisoformat),
    ((sa.LargeBinary,), base64.b64decode),
    ((sa.Numeric,), Decimal),
]
"""How a value comes back from JSON, by the type of its column; None where it is JSON already."""


async def dump(session: AsyncSession, table: sa.Table, out: IO[bytes]) -> int:
    """Write every row of a table as one line; return how many there were."""
    count = 0
    statement = sa.select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
    async for row in (await session.stream(statement)).mappings():
        out.write(json.dumps(dict(row), default=_portable, separators=(",", ":")).encode() + b"\n")
        count += 1
    return count


def _portable(value: object) -> str:
    match value:
        case UUID() | Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            raise TypeError(f"no portable form for a {type(value).__name__}")


async def load(session: AsyncSession, table: sa.Table, lines: Iterable[bytes]) -> int:
    """Insert rows from their lines; return how many there were. Raises ValueError for a line that is no row."""
    count, rows = 0, _parsed(table, lines)
    while batch := list(islice(rows, BATCH)):
        await session.execute(sa.insert(table), batch)
        count += len(batch)
    return count


def _parsed(table: sa.Table, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    parsers = {column.name: _parser(column) for column in table.columns}
    for line in lines:
        row = json.loads(line)
        if row.keys() != parsers.keys():
            raise ValueError(f"a row of {table.name} has other columns than this version knows")
        yield {name: _value(value, parsers[name]) for name, value in row.items()}


def _parser(column: sa.Column[Any]) -> Parser | None:
    kind = column.type.impl_instance if isinstance(column.type, sa.types.TypeDecorator) else column.type
    for types, parser in PARSERS:
        if isinstance(kind, types):
            return parser
    raise TypeError(f"{column} has a type that backups do not know yet: {kind!r}")


def _value(value: Any, parse: Parser | None) -> Any:
    return value if value is None or parse is None else parse(value)


async def named_objects(session: AsyncSession) -> dict[str, bool]:
    """Return the keys of all objects that rows name, each with whether it must be there.

    A column of object keys ends in `_key`. Two may name what is rightly gone: the import whose dataset was deleted,
    and the checkpoint, from which a job begins again where nothing is left.
    """
    imports, jobs, checkpoints = (METADATA.tables[name] for name in ("imports", "background_jobs", "job_checkpoints"))
    keys: dict[str, bool] = {}
    statement = sa.select(imports.c.original_key, jobs.c.status).join(jobs, jobs.c.id == imports.c.job_id, isouter=True)
    async for key, status in await session.stream(statement):
        keys[key] = status not in {None, "completed"}
    async for value in await session.stream_scalars(sa.select(checkpoints.c.value)):
        keys |= dict.fromkeys(_keys_within(value), False)
    for column in (each for table in TABLES if table is not imports for each in table.columns):
        if column.name.endswith("_key"):
            async for key in await session.stream_scalars(sa.select(column).where(column.is_not(None)).distinct()):
                keys[key] = True
    return keys


def _keys_within(value: Any) -> Iterator[str]:
    """Yield the object keys in a checkpoint: members whose name ends in `_key`, at any depth."""
    if isinstance(value, list):
        for each in value:
            yield from _keys_within(each)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name.endswith("_key") and isinstance(each, str):
                yield each
            else:
                yield from _keys_within(each)
