"""How a route says what its caller must be allowed, as a FastAPI dependency around the one that says who is calling."""
# No `from __future__ import annotations`: FastAPI could not resolve closures in Annotated.

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Request, Security

from headway.errors import ScopeMissing
from headway.kit.actor import Actor, Scope


def needs(actor: Callable[..., Any], scope: Scope, *instead: str) -> Callable[..., Coroutine[Any, Any, Actor]]:
    """Return a dependency that gives the caller if it has the scope, and raises `ScopeMissing` otherwise.

    `instead` are scopes of tokens for embeds that do as well here; `{job_id}` in one stands for that of the path.
    """

    async def allowed(request: Request, who: Annotated[Actor, Security(actor, scopes=[scope.value])]) -> Actor:
        narrow = {word.format(**request.path_params) for word in instead}
        if who.scopes.isdisjoint({scope, *narrow}):
            raise ScopeMissing(f"This needs a token with the scope {scope}.", scope=scope.value)
        return who

    return allowed


def address_of(request: Request, route: str, **parameters: Any) -> str:
    """Return the path of a route of the same app, by the name of its function, wherever that app is mounted."""
    # Not `request.url_for`, which asks the outermost app.
    return str(request.scope.get("root_path", "") + request.app.url_path_for(route, **parameters))
