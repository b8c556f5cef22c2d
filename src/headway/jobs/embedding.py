"""Tokens for embeds: a page that shows somebody's jobs gets one that may see, or cancel, only what it names."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from headway.errors import ScopeMissing
from headway.jobs.service import JobMonitoringService
from headway.kit.actor import Actor, Scope

READ_ALL = "jobs:read:user"
READ_ONE = "job:read:{job_id}"
CANCEL_ONE = "job:cancel:{job_id}"
_ONE = {READ_ONE.partition("{")[0], CANCEL_ONE.partition("{")[0]}

_JOB = r"/jobs/[0-9a-f-]{36}"
OPENED = {"GET": rf"/jobs/(active|stream)|{_JOB}(/(events|attempts))?", "POST": rf"{_JOB}/cancel"}
"""Patterns of what these tokens open, by method, below the API's prefix; pages of other origins may ask for that."""

DEFAULT_SECONDS = 15 * 60
LONGEST_SECONDS = 30 * 24 * 3600
MOST_SCOPES = 20
"""Each adds 60 bytes to a token that is sent with every request."""


def _canonical(scope: str) -> str:
    """Return the scope with its id as our addresses write it. Raises ValueError."""
    if scope == READ_ALL:
        return scope
    verb, _, job_id = scope.rpartition(":")
    if f"{verb}:" not in _ONE:
        raise ValueError("a scope is jobs:read:user, job:read:{id} or job:cancel:{id}")
    try:
        return f"{verb}:{UUID(job_id)}"
    except ValueError:
        raise ValueError("a scope ends with the id of a job") from None


JobScope = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(_canonical),
    Field(description="`jobs:read:user`, `job:read:{id}` or `job:cancel:{id}`.", examples=[READ_ALL]),
]


class CreateJobToken(BaseModel):
    model_config = ConfigDict(extra="forbid")

    scopes: list[JobScope] = Field(min_length=1, max_length=MOST_SCOPES)
    ttl_seconds: int = Field(default=DEFAULT_SECONDS, ge=1, le=LONGEST_SECONDS)


class JobToken(BaseModel):
    """A token for a page; send it as `Authorization: Bearer …`, never in an address."""

    token: str
    expires_at: datetime


class IssueToken(Protocol):
    """Signs a token that may do what its scopes say and nothing else; returns it and when it expires."""

    async def __call__(self, owner: str, scopes: Collection[str], lifetime_seconds: int, /) -> tuple[str, datetime]: ...


class JobTokens:
    """Makes tokens for embeds, for the caller's own jobs."""

    def __init__(self, service: JobMonitoringService, issue: IssueToken) -> None:
        self._service = service
        self._issue = issue

    async def create(self, who: Actor, wanted: CreateJobToken) -> JobToken:
        """Make a token. Raises `JobNotFound`, or `ScopeMissing` if it could do what its maker may not."""
        scopes = set(wanted.scopes)
        named = {UUID(scope.rpartition(":")[2]) for scope in scopes - {READ_ALL}}
        if Scope.JOBS_WRITE not in who.scopes and any(scope.startswith("job:cancel:") for scope in scopes):
            needed = Scope.JOBS_WRITE.value
            raise ScopeMissing(f"A token that cancels is made by one with the scope {needed}.", scope=needed)
        await self._service.require_own(named, who.owner)
        token, expires_at = await self._issue(who.owner, scopes, wanted.ttl_seconds)
        return JobToken(token=token, expires_at=expires_at)
