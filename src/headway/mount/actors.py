"""Who is calling, by a host's JWT: signed with a secret that both know, or with a key that the host publishes."""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol

import jwt
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jwt.algorithms import has_crypto

from headway.errors import Unauthorized, Unavailable
from headway.kit.actor import EVERYTHING, Actor

ActorDependency = Callable[..., Coroutine[Any, Any, Actor]]

LEAST_SECRET_BYTES = 32
LEEWAY_SECONDS = 10
REFRESH_SECONDS = 30
"""Tokens with keys that nobody knows may come as fast as they like; the host is asked no more often than this."""

SECRET_ALGORITHMS, KEY_ALGORITHMS = ("HS256",), ("RS256", "ES256", "EdDSA")


class Keys(Protocol):
    """Finds the key that a token was signed with."""

    async def find(self, token: str) -> Any: ...


class _Secret:
    def __init__(self, secret: str) -> None:
        if len(secret.encode()) < LEAST_SECRET_BYTES:
            raise ValueError(f"a secret for tokens has at least {LEAST_SECRET_BYTES} bytes")
        self._secret = secret

    async def find(self, _token: str) -> str:
        return self._secret


class _Published:
    """The keys at an address (JWKS), kept for five minutes, and asked for again when one is missing."""

    def __init__(self, url: str) -> None:
        if not has_crypto:
            raise ValueError("published keys need the extra headway[jwks]")
        self._client = jwt.PyJWKClient(url, lifespan=300, timeout=5)
        self._asked_at = float("-inf")

    async def find(self, token: str) -> Any:
        wanted = jwt.get_unverified_header(token).get("kid")
        for refresh in (False, True):
            if refresh and time.monotonic() - self._asked_at < REFRESH_SECONDS:
                break
            if refresh:
                self._asked_at = time.monotonic()
            # It reads with a blocking client, so not in the event loop.
            for key in await asyncio.to_thread(self._client.get_signing_keys, refresh):
                if key.key_id == wanted:
                    return key.key
        raise Unauthorized("The token is signed with a key that the host does not publish.")


WHY_NOT: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidAudienceError: "The token was made for another audience.",
    jwt.InvalidIssuerError: "The token was made by another issuer.",
    jwt.InvalidSignatureError: "The signature of the token is not the one of this host.",
    jwt.InvalidAlgorithmError: "The token is signed with an algorithm that is not taken here.",
    ValueError: "The token expires at a moment that no calendar has.",
    OverflowError: "The token expires at a moment that no calendar has.",
}


def _why_not(error: Exception) -> str:
    # The words of a library may change, and are for those who wrote it.
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"The token does not say {error.claim!r}, which it has to."
    return WHY_NOT.get(type(error), "What was sent is not a token that can be read here.")


def jwt_actor(
    *,
    secret: str | None = None,
    jwks_url: str | None = None,
    audience: str | None = None,
    issuer: str | None = None,
    owner_claim: str = "sub",
    algorithms: Collection[str] | None = None,
) -> ActorDependency:
    """Return a dependency that takes `Authorization: Bearer` with a JWT of the host; its `sub` is the owner.

    Give either the shared secret (HS256) or the address of the published keys (RS256, ES256, EdDSA). A token has to
    expire. What it was made for (`audience`) and by whom (`issuer`) is checked where you say it.
    """
    if (secret is None) == (jwks_url is None):
        raise ValueError("give either a secret or a jwks_url")
    keys: Keys = _Secret(secret) if secret is not None else _Published(str(jwks_url))
    allowed = list(algorithms or (SECRET_ALGORITHMS if secret is not None else KEY_ALGORITHMS))
    bearer = HTTPBearer(scheme_name="host", auto_error=False)

    async def actor(given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Actor:
        if given is None:
            raise Unauthorized
        try:
            claims = jwt.decode(
                given.credentials,
                await keys.find(given.credentials),
                algorithms=allowed,
                audience=audience,
                issuer=issuer,
                leeway=LEEWAY_SECONDS,
                options={
                    "require": ["exp", owner_claim], "verify_aud": audience is not None, "verify_iss": issuer is not None,
                },
            )  # fmt: skip
            expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
        except jwt.PyJWKClientConnectionError as error:
            raise Unavailable("The keys that sign tokens cannot be read.") from error
        except (jwt.PyJWTError, ValueError, OverflowError, OSError, RecursionError) as error:
            # The last ones: a moment that no calendar has, JSON that is nested too deep.
            raise Unauthorized(_why_not(error)) from error
        owner = claims[owner_claim]
        if not isinstance(owner, str) or not owner:
            raise Unauthorized(f"The token does not say whose it is in {owner_claim!r}.")
        return Actor(owner, scopes=EVERYTHING, expires_at=expires_at)

    return actor
