"""API tokens: what a program signs in with for as long as nobody revokes it, and what it may do.

A token is `hw_<8 hex digits>_<64 hex digits>`: scanners for leaked secrets find it by its form, people tell it from
their others by its beginning, and the rest are 256 random bits.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from headway.accounts import queries
from headway.accounts.callers import actor_of, digest_of, enabled, user_id_of
from headway.accounts.errors import (
    ApiTokenNotFound,
    ExpiredToken,
    InvalidToken,
    TooManyApiTokens,
    UserNotFound,
)
from headway.accounts.lookups import CallerLookups
from headway.accounts.models import ApiToken, User
from headway.accounts.schemas import ApiTokenResponse, NewApiToken
from headway.accounts.standing import ApiTokenProof
from headway.audit.log import Action, By, Target, record
from headway.errors import ScopeMissing
from headway.kit.actor import Actor, Scope
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.pagination import Page

log = logging.getLogger(__name__)

MARK = "hw_"
MOST_TOKENS = 100
NOTED_AGAIN_AFTER = timedelta(hours=1)


class ApiTokens:
    """The API tokens of all users. Every method is a transaction of its own."""

    def __init__(self, database: Database, clock: Clock, callers: CallerLookups) -> None:
        self._database = database
        self._clock = clock
        self._callers = callers

    async def create(
        self,
        who: Actor,
        name: str,
        scopes: Collection[str],
        *,
        expires_in_days: int | None = None,
        by: By | None = None,
    ) -> NewApiToken:
        """Make a token for the caller. Raises `ScopeMissing` if it were allowed what its maker is not."""
        for scope in sorted(scopes):
            if scope not in who.scopes or (scope == Scope.ADMIN and not who.is_admin):
                raise ScopeMissing(f"You cannot give a token the scope {scope}, which you do not have.", scope=scope)
        token, now = _generate(), self._clock.now()
        row = ApiToken(
            id=uuid4(),
            user_id=user_id_of(who.owner),
            name=name,
            prefix=token.rpartition("_")[0],
            digest=digest_of(token),
            scopes=sorted(set(scopes)),
            created_at=now,
            last_used_at=None,
            expires_at=now + timedelta(days=expires_in_days) if expires_in_days else None,
        )
        async with self._database.write() as session:
            # Locked, so that of several at once each counts those before it, and none is made while the user goes.
            user = await queries.find_by_id(session, row.user_id, lock=True)
            if user is None:
                raise UserNotFound
            enabled(user)
            if await queries.count_api_tokens(session, row.user_id) >= MOST_TOKENS:
                raise TooManyApiTokens(f"An account may have {MOST_TOKENS} tokens.", limit=MOST_TOKENS)
            session.add(row)
            await self._note(session, by or By(who.owner), "token.create", row.id, scopes=row.scopes)
        return NewApiToken(**ApiTokenResponse.model_validate(row).model_dump(), token=token)

    async def list_own(self, owner: str) -> Page[ApiTokenResponse]:
        """Return all tokens of the caller, newest first; there are few enough for one page."""
        async with self._database.read() as session:
            found = await queries.list_api_tokens(session, user_id_of(owner))
        return Page(items=[ApiTokenResponse.model_validate(token) for token in found], next_cursor=None)

    async def revoke(self, owner: str, token_id: UUID, *, by: By | None = None) -> None:
        """End one of the caller's tokens at once. Somebody else's raises `ApiTokenNotFound`."""
        async with self._database.write() as session:
            if not await queries.revoke_api_token(session, user_id_of(owner), token_id):
                raise ApiTokenNotFound
            await self._note(session, by or By(owner), "token.revoke", token_id)

    async def _note(self, session: AsyncSession, by: By, action: Action, token_id: UUID, **details: Any) -> None:
        await record(session, self._clock, by, action, Target("token", str(token_id)), **details)

    async def verify(self, token: str) -> Actor:
        """Return who calls with this token; raises `InvalidToken`, `ExpiredToken` or `AccountDisabled`."""
        found = await self._callers.api_tokens.find(digest_of(token))
        if found is None:
            raise InvalidToken("The token is unknown. It may have been revoked.")
        row, user = found
        now = self._clock.now()
        if row.expires_at is not None and row.expires_at <= now:
            raise ExpiredToken(f"The token {row.prefix}… expired on {row.expires_at:%Y-%m-%d}.")
        enabled(user)
        await self._note_use(row, now)
        return actor_of(user, ApiTokenProof(row.id), row.expires_at, _scopes(row.scopes, user))

    async def _note_use(self, row: ApiToken, now: datetime) -> None:
        stale = now - NOTED_AGAIN_AFTER
        if row.last_used_at is not None and row.last_used_at > stale:
            return
        try:
            async with self._database.write() as session:
                await queries.note_use(session, row.id, now, stale)
        except SQLAlchemyError as error:
            # A full disk must not keep anybody from reading.
            log.warning("the use of a token could not be noted: %s", type(error).__name__)


def is_api_token(token: str) -> bool:
    """Tell an API token from a signed one by its form."""
    return token.startswith(MARK)


def _generate() -> str:
    return f"{MARK}{secrets.token_hex(4)}_{secrets.token_hex(32)}"


def _scopes(granted: Iterable[str], user: User) -> frozenset[str]:
    """Return what a token may do now: its user may have ceased to be an administrator."""
    scopes = frozenset({Scope.ME, *granted})
    return scopes if user.role == "admin" else scopes - {Scope.ADMIN}
