"""Who is calling, as FastAPI dependencies: a bearer token, else a browser's session cookie from our own pages."""
# No `from __future__ import annotations`: FastAPI could not resolve closures in Annotated.

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, OAuth2PasswordBearer, SecurityScopes

from headway.accounts.errors import CrossSite
from headway.accounts.service import AccountService
from headway.errors import Forbidden, ScopeMissing, Unauthorized
from headway.kit.actor import EVERYTHING, SCOPES, Actor, Scope
from headway.kit.dependencies import needs

SESSION_COOKIE = "headway_session"
TOKEN_URL = "/api/v2/auth/token"  # noqa: S105 - an address, not a secret
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
DEFAULT_PORTS = {"http": ":80", "https": ":443"}

ActorDependency = Callable[..., Coroutine[Any, Any, Actor]]


def build_actor_dependency(service: AccountService, *, token_url: str = TOKEN_URL) -> ActorDependency:
    """Return a dependency that gives the caller as an `Actor` or raises; `token_url` is only said in OpenAPI.

    A route says what it `needs`. One that has forgotten to is closed to every token that may not do everything.
    """
    scopes = {scope.value: meaning for scope, meaning in SCOPES.items()}
    bearer = OAuth2PasswordBearer(tokenUrl=token_url, scheme_name="token", scopes=scopes, auto_error=False)
    cookie = APIKeyCookie(name=SESSION_COOKIE, scheme_name="session", auto_error=False)

    async def actor(
        request: Request,
        named: SecurityScopes,
        token: Annotated[str | None, Depends(bearer)],
        session: Annotated[str | None, Depends(cookie)],
    ) -> Actor:
        if token is not None:
            who = await service.verify_token(token)
            if not named.scopes and not who.scopes >= EVERYTHING:
                raise ScopeMissing("This address does not say what a token must be allowed.")
            return who
        if session is None:
            raise Unauthorized
        if request.method not in SAFE_METHODS:
            require_same_origin(request)
        return await service.actor_for_session(session)

    return actor


def build_admin_dependency(actor: Callable[..., Any]) -> ActorDependency:
    """Return a dependency that gives the caller if it is an administrator, and raises `Forbidden` otherwise."""

    async def admin(who: Annotated[Actor, Depends(needs(actor, Scope.ADMIN))]) -> Actor:
        if not who.is_admin:
            raise Forbidden("Only administrators may do this.")
        return who

    return admin


def require_same_origin(request: Request) -> None:
    """Raise `CrossSite` unless the browser says that one of our own pages sends this.

    SameSite cookies alone let other sites of the same domain through, and other ports of the same host.
    """
    if not _says_origin(request):
        raise CrossSite("A request with a session cookie must say which page it comes from.")
    refuse_other_origin(request)


def refuse_other_origin(request: Request) -> None:
    """Raise `CrossSite` if the browser says that another site's page sends this; programs say nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        # `none` is a person's own navigation, which never has an unsafe method from our pages.
        if site != "same-origin":
            raise CrossSite
        return
    origin = request.headers.get("Origin")
    if origin is not None and not _is_host(origin, request.headers.get("Host", "")):
        raise CrossSite


def _says_origin(request: Request) -> bool:
    return "Sec-Fetch-Site" in request.headers or "Origin" in request.headers


def _is_host(origin: str, host: str) -> bool:
    """Compare host and port. The scheme is not ours to know: a proxy may end TLS."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    port = DEFAULT_PORTS.get(parts.scheme)
    if port is None or not host:
        return False
    return parts.netloc.lower().removesuffix(port) == host.lower().removesuffix(port)
