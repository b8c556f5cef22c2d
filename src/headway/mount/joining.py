"""An app of ours inside an app of a host's: its callers, its lifespan, and tables that may be missing there."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from sqlalchemy.exc import OperationalError, ProgrammingError

from headway.errors import Unauthorized
from headway.jobs.service import JobMonitoringService
from headway.kit.actor import Actor
from headway.kit.asgi import App


class SchemaMissing(RuntimeError):
    """The database does not have Headway's tables, or those of an older version."""


def join(host: FastAPI, prefix: str, app: App, running: Callable[[], AbstractAsyncContextManager[None]]) -> None:
    """Mount an app under `prefix`, with what runs for as long as the host does."""
    inner = host.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(started: Any) -> AsyncIterator[Any]:
        async with running(), inner(started) as state:
            yield state

    host.router.lifespan_context = lifespan
    host.mount(prefix, app)


async def require_schema(service: JobMonitoringService) -> None:
    """Raise `SchemaMissing` unless the database has the tables."""
    try:
        await service.get_active_jobs("")
    except (OperationalError, ProgrammingError) as error:
        raise SchemaMissing(
            "The tables of Headway are missing here, or older than this version. Run `headway migrate` with"
            f" DATABASE_URL set to this database. ({type(error.orig).__name__}: {error.orig})"
        ) from error


def as_actor(actor: Callable[..., Any]) -> Callable[..., Any]:
    """Return a dependency that takes a host's answer to who is calling: an `Actor`, or the owner as a text."""

    async def who(given: Annotated[Any, Depends(actor)]) -> Actor:
        if isinstance(given, Actor):
            return given
        if not isinstance(given, str) or not given:
            raise Unauthorized
        return Actor(owner=given)

    return who
