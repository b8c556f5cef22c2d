"""Signed tokens: JWT under one algorithm and one secret. What is read here is proved to be signed by us.

Those of a sign-in and those for embeds differ in their audience, which decides what a token may do.

Times are compared with our own clock and not by the JWT library, which knows only the machine's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt

from headway.accounts.errors import ExpiredToken, InvalidToken
from headway.kit.actor import EVERYTHING
from headway.kit.clock import Clock

ALGORITHM = "HS256"
ISSUER = "headway"
AUDIENCE = "headway-api"
JOBS_AUDIENCE = "headway-jobs"
"""Of tokens for embeds, which may do what they name and nothing else."""
LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
TOKENS_KEPT = 2000
"""Tokens whose signature need not be looked at again; only those that are ours are kept."""

REQUIRED = ["exp", "iss", "aud", "sub", "iat"]


@dataclass(frozen=True, slots=True)
class Claims:
    """Who a token is about, which of their credentials it was issued for, and what it may do."""

    user_id: UUID
    credentials_version: int
    scopes: frozenset[str] = EVERYTHING
    expires_at: datetime | None = field(default=None, compare=False)
    """Known of a token that was read; a new one gets its own."""


class TokenSigner:
    """Issues and reads tokens. The header's `kid`, `jku` and their like are never looked at: there is one key."""

    def __init__(self, secret: str, lifetime_seconds: int, clock: Clock) -> None:
        self.lifetime_seconds = lifetime_seconds
        self._secret = secret
        self._clock = clock
        # A page asks many times with one token. What it says of times and credentials is looked at each time.
        self._proved = lru_cache(maxsize=TOKENS_KEPT)(self._prove)

    def issue(self, claims: Claims) -> str:
        """Return a token of somebody who has signed in. It may do everything, whatever the claims' scopes."""
        now = self._now()
        return self._sign(claims, now, now + timedelta(seconds=self.lifetime_seconds), aud=AUDIENCE)

    def issue_for_jobs(self, claims: Claims, lifetime_seconds: int) -> tuple[str, datetime]:
        """Return a token that may do what the claims' scopes say and nothing else, and when it expires."""
        now = self._now()
        expires_at = now + timedelta(seconds=lifetime_seconds)
        return self._sign(claims, now, expires_at, aud=JOBS_AUDIENCE, scopes=sorted(claims.scopes)), expires_at

    def _now(self) -> datetime:
        """Return this moment in whole seconds, as a token says it."""
        return self._clock.now().replace(microsecond=0)

    def _sign(self, claims: Claims, issued_at: datetime, expires_at: datetime, **others: Any) -> str:
        payload = {
            "iss": ISSUER,
            "sub": str(claims.user_id),
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "ver": claims.credentials_version,
            **others,
        }
        return jwt.encode(payload, self._secret, algorithm=ALGORITHM)

    def read(self, token: str) -> Claims:
        """Return what the token claims, or raise `InvalidToken` or `ExpiredToken`."""
        payload = self._proved(token)
        now = self._clock.now().timestamp()
        _moment(payload["iat"])
        if _moment(payload.get("nbf", 0)) > now:
            raise InvalidToken("The token is not valid yet.")
        expires = _moment(payload["exp"])
        if expires <= now:
            raise ExpiredToken
        # A token without a version is taken as one issued before the first change of password.
        version = payload.get("ver", 0)
        if type(version) is not int:
            raise InvalidToken
        return Claims(_user_id(payload["sub"]), version, _scopes(payload), _latest(expires))

    def _prove(self, token: str) -> Mapping[str, Any]:
        """Return the payload of a token that bears our signature and is meant for us."""
        try:
            return jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=[AUDIENCE, JOBS_AUDIENCE],
                issuer=ISSUER,
                options={"require": REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            # The last two: JSON in the header that is nested too deep or holds a number with too many digits.
            raise InvalidToken from error


def _moment(value: object) -> int | float:
    """Return a NumericDate; NaN, which no comparison refuses, and everything but a number is invalid."""
    if type(value) is int or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise InvalidToken


def _latest(timestamp: float) -> datetime:
    """Return the moment, or the last one that there is: a token of ours may expire as late as its maker likes."""
    return datetime.fromtimestamp(min(timestamp, LAST_MOMENT), UTC)


def _scopes(payload: Mapping[str, Any]) -> frozenset[str]:
    """Return what a token may do by its audience; one that had both would be for jobs, the lesser right."""
    audience = payload["aud"]
    if JOBS_AUDIENCE not in ([audience] if isinstance(audience, str) else audience):
        return EVERYTHING
    scopes = payload.get("scopes")
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise InvalidToken
    # Should a general scope ever get in here, it gives nothing.
    return frozenset(scopes) - EVERYTHING


def _user_id(subject: object) -> UUID:
    try:
        return UUID(str(subject))
    except ValueError as error:
        raise InvalidToken from error
