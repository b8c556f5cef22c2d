"""Who is calling and what they may do, as every slice sees it. Accounts make one; a host application makes its own."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a token may be allowed. A route names one of these, and a caller without it gets 403."""

    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    IMPORTS_WRITE = "imports:write"
    DATASETS_READ = "datasets:read"
    DATASETS_WRITE = "datasets:write"
    ADMIN = "admin"
    ME = "me"


SCOPES: dict[Scope, str] = {
    Scope.JOBS_READ: "See jobs and follow them live.",
    Scope.JOBS_WRITE: "Create jobs, report on them, cancel, retry and dismiss them.",
    Scope.IMPORTS_WRITE: "Upload files.",
    Scope.DATASETS_READ: "Read datasets and download original files.",
    Scope.DATASETS_WRITE: "Rename, change and delete datasets, and keep recipes and rule sets.",
    Scope.ADMIN: "Manage users, API tokens and the password. Given only to administrators' tokens.",
    Scope.ME: "See whose token it is. Every API token may.",
}
EVERYTHING = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller. `owner` is the opaque string that rows carry in `user_id`.

    `scopes` may hold others than those of `Scope`: a token for an embed names the very jobs that it may see.
    """

    owner: str
    email: str = ""
    is_admin: bool = False
    scopes: frozenset[str] = EVERYTHING
    expires_at: datetime | None = field(default=None, compare=False)
    """When that which they called with ends by itself; None if it does not, or if a host does not say."""
    proof: Hashable = field(default=None, compare=False)
    """That which they called with, so that whoever made this actor can tell later whether it still opens anything."""
