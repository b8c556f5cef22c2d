"""Tokens for embeds: a page gets one that may see somebody's jobs, cancel them or send files, as far as it names that."""

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
IMPORT_ALL = "imports:write:user"
"""Send files, look at them before, and cancel imports."""

_ONE = {READ_ONE.partition("{")[0], CANCEL_ONE.partition("{")[0]}

_JOB = r"/jobs/[0-9a-f-]{36}"
_UPLOAD = r"/uploads/[0-9a-f-]{36}"
OPENED = {
    "GET": rf"/jobs/(active|stream)|{_JOB}(/(events|attempts))?|/limits",
    "POST": rf"{_JOB}/cancel|/imports(/preview)?|/uploads|{_UPLOAD}",
    "HEAD": _UPLOAD,
    "PATCH": _UPLOAD,
    "DELETE": _UPLOAD,
}
"""Patterns of what these tokens open, by method, below the API's prefix; pages of other origins may ask for that."""

DEFAULT_SECONDS = 15 * 60
LONGEST_SECONDS = 30 * 24 * 3600
MOST_SCOPES = 20
"""Each adds 60 bytes to a token that is sent with every request."""


def _canonical(scope: str) -> str:
    """Return the scope with its id as our addresses write it. Raises ValueError."""
    if scope in {READ_ALL, IMPORT_ALL}:
        return scope
    verb, _, job_id = scope.rpartition(":")
    if f"{verb}:" not in _ONE:
        raise ValueError("a scope is jobs:read:user, imports:write:user, job:read:{id} or job:cancel:{id}")
    try:
        return f"{verb}:{UUID(job_id)}"
    except ValueError:
        raise ValueError("a scope ends with the id of a job") from None


JobScope = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(_canonical),
    Field(
        description="`jobs:read:user`, `imports:write:user`, `job:read:{id}` or `job:cancel:{id}`.", examples=[READ_ALL]
    ),
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
        named = {UUID(scope.rpartition(":")[2]) for scope in scopes - {READ_ALL, IMPORT_ALL}}
        if any(scope.startswith("job:cancel:") for scope in scopes):
            _require(who, Scope.JOBS_WRITE, "cancels")
        if IMPORT_ALL in scopes:
            _require(who, Scope.IMPORTS_WRITE, "sends files")
        await self._service.require_own(named, who.owner)
        token, expires_at = await self._issue(who.owner, scopes, wanted.ttl_seconds)
        return JobToken(token=token, expires_at=expires_at)


def _require(who: Actor, scope: Scope, does: str) -> None:
    if scope not in who.scopes:
        raise ScopeMissing(f"A token that {does} is made by one with the scope {scope}.", scope=scope.value)


def may_cancel(who: Actor, job_id: UUID, job_type: str) -> bool:
    """Say whether a caller may cancel this job; one that may only send files may cancel imports."""
    whole = {Scope.JOBS_WRITE.value, CANCEL_ONE.format(job_id=job_id)}
    return not who.scopes.isdisjoint(whole) or (IMPORT_ALL in who.scopes and job_type == "import")
