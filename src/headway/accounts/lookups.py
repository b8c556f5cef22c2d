"""Who calls, by what requests carry: looked up for all who ask at the same moment."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from headway.accounts import queries
from headway.accounts.models import ApiToken, User
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.together import Together


class CallerLookups:
    """Users by id, by the hash of a session's cookie, and by the digest of an API token."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.users = Together(self._users)
        self.sessions = Together(self._sessions)
        self.api_tokens = Together(self._api_tokens)

    async def _users(self, user_ids: Collection[UUID]) -> dict[UUID, User]:
        async with self._database.read() as session:
            return {user.id: user for user in await queries.list_by_ids(session, user_ids)}

    async def _sessions(self, token_hashes: Collection[str]) -> dict[str, tuple[User, datetime]]:
        async with self._database.read() as session:
            return await queries.list_session_users(session, token_hashes, self._clock.now())

    async def _api_tokens(self, digests: Collection[str]) -> dict[str, tuple[ApiToken, User]]:
        async with self._database.read() as session:
            return {row[0].digest: (row[0], row[1]) for row in await queries.list_token_users(session, digests)}
