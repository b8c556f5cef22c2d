"""Keyset pages: a cursor names the last row seen, so page 100,000 costs what page 1 costs."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.sql.elements import ColumnElement

from headway.errors import BadRequest

Item = TypeVar("Item")


class BadCursor(BadRequest):
    code = "request.bad_cursor"
    title = "The cursor is not one of ours"
    user_action = "Start again from the first page, without a cursor."


class Page(BaseModel, Generic[Item]):
    """One page of a list. `next_cursor` is null on the last one."""

    items: list[Item]
    next_cursor: str | None


Position = tuple[datetime, UUID]


def behind(created_at: Any, row_id: Any, position: Position | None) -> list[ColumnElement[bool]]:
    """Return the conditions that a row comes behind a position, newest first; none at the beginning.

    Written out rather than as a row comparison, which SQLite cannot use with a DESC index.
    """
    if position is None:
        return []
    moment, last = position
    return [created_at <= moment, sa.or_(created_at < moment, row_id < last)]


def encode_cursor(created_at: datetime, row_id: UUID) -> str:
    return base64.urlsafe_b64encode(json.dumps([created_at.isoformat(), str(row_id)]).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Position:
    """Return the (created_at, id) that a cursor names, or raise `BadCursor`."""
    try:
        moment, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(row_id)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise BadCursor("The cursor could not be read.") from error
