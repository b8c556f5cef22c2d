"""Access tokens: JWT under one algorithm and one secret. What is read here is proved to be signed by us.

Times are compared with our own clock and not by the JWT library, which knows only the machine's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt

from headway.accounts.errors import ExpiredToken, InvalidToken
from headway.kit.clock import Clock

ALGORITHM = "HS256"
ISSUER = "headway"
AUDIENCE = "headway-api"
REQUIRED = ["exp", "iss", "aud", "sub", "iat"]


@dataclass(frozen=True, slots=True)
class Claims:
    """Who a token is about, and which of their credentials it was issued for."""

    user_id: UUID
    credentials_version: int


class TokenSigner:
    """Issues and reads tokens. The header's `kid`, `jku` and their like are never looked at: there is one key."""

    def __init__(self, secret: str, lifetime_seconds: int, clock: Clock) -> None:
        self.lifetime_seconds = lifetime_seconds
        self._secret = secret
        self._clock = clock

    def issue(self, claims: Claims) -> str:
        now = int(self._clock.now().timestamp())
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(claims.user_id),
            "iat": now,
            "exp": now + self.lifetime_seconds,
            "ver": claims.credentials_version,
        }
        return jwt.encode(payload, self._secret, algorithm=ALGORITHM)

    def read(self, token: str) -> Claims:
        """Return what the token claims, or raise `InvalidToken` or `ExpiredToken`."""
        payload = self._proved(token)
        now = self._clock.now().timestamp()
        _moment(payload["iat"])
        if _moment(payload.get("nbf", 0)) > now:
            raise InvalidToken("The token is not valid yet.")
        if _moment(payload["exp"]) <= now:
            raise ExpiredToken
        # A token without a version is taken as one issued before the first change of password.
        version = payload.get("ver", 0)
        if type(version) is not int:
            raise InvalidToken
        return Claims(_user_id(payload["sub"]), version)

    def _proved(self, token: str) -> dict[str, Any]:
        """Return the payload of a token that bears our signature and is meant for us."""
        try:
            return jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
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


def _user_id(subject: object) -> UUID:
    try:
        return UUID(str(subject))
    except ValueError as error:
        raise InvalidToken from error
