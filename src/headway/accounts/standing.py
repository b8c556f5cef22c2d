"""Whether what somebody called with some time ago still opens anything, asked for many callers at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from headway.accounts import queries
from headway.kit.clock import Clock
from headway.kit.db import Database

AT_ONCE = 100
"""Proofs of one query. Between queries others have their turn."""


class SignedProof(NamedTuple):
    """A signed token: it holds until its user's credentials change."""

    user_id: UUID
    credentials_version: int


class SessionProof(NamedTuple):
    """A browser's session, by what is stored of its cookie."""

    token_hash: str


class ApiTokenProof(NamedTuple):
    """A program's token."""

    token_id: UUID


KINDS: tuple[tuple[Any, Callable[..., Awaitable[Sequence[Any]]]], ...] = (
    (SignedProof, queries.list_valid_versions),
    (SessionProof, queries.list_open_sessions),
    (ApiTokenProof, queries.list_valid_api_tokens),
)


async def ended_proofs(database: Database, clock: Clock, proofs: Collection[Hashable]) -> set[Hashable]:
    """Return which of these open nothing any more: signed out, revoked, disabled, deleted, or of an old password."""
    ended: set[Hashable] = set()
    for kind, list_valid in KINDS:
        asked = [proof for proof in proofs if isinstance(proof, kind)]
        for first in range(0, len(asked), AT_ONCE):
            some = asked[first : first + AT_ONCE]
            async with database.read() as session:
                valid = await list_valid(session, [proof[0] for proof in some], clock.now())
            ended |= set(some) - {kind(*row) for row in valid}
    return ended
