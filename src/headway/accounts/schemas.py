"""What accounts look like from outside, and what callers may send. Passwords come in and never go out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from headway.accounts.passwords import LONGEST, SHORTEST
from headway.kit.actor import Scope
from headway.kit.text import PlainText

Role = Literal["admin", "user"]
GrantedScope = Literal[
    Scope.JOBS_READ, Scope.JOBS_WRITE, Scope.IMPORTS_WRITE, Scope.DATASETS_READ, Scope.DATASETS_WRITE, Scope.ADMIN
]
"""What a token can be given; the rest every one has."""

NEW_PASSWORD = Field(description=f"{SHORTEST} to {LONGEST} characters.", json_schema_extra={"format": "password"})


class TokenResponse(BaseModel):
    """An access token; send it as `Authorization: Bearer …`."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme, not a secret
    expires_in: int = Field(description="Seconds until the token expires.")


class SignIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: str
    password: str = Field(json_schema_extra={"format": "password"})


class SessionResponse(BaseModel):
    """Who has just signed in; the session itself is in the cookie."""

    email: str
    role: Role


class MeResponse(BaseModel):
    """The caller."""

    id: str
    email: str
    role: Role


class ChangePassword(BaseModel):
    model_config = ConfigDict(extra="forbid")

    current_password: str = Field(json_schema_extra={"format": "password"})
    new_password: str = NEW_PASSWORD
    revoke_tokens: bool = Field(default=False, description="Revoke your API tokens too; otherwise they stay valid.")


class CreateUser(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: str
    password: str = NEW_PASSWORD
    role: Role = "user"


class SetRole(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: Role


class SetPassword(BaseModel):
    """A password that an administrator gives to somebody."""

    model_config = ConfigDict(extra="forbid")

    new_password: str = NEW_PASSWORD
    revoke_tokens: bool = Field(default=False, description="Revoke their API tokens too; otherwise they stay valid.")


class UserResponse(BaseModel):
    """A user, as administrators see them."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    role: Role
    disabled_at: datetime | None
    created_at: datetime
    password_changed_at: datetime


class CreateApiToken(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[PlainText, StringConstraints(strip_whitespace=True, pattern=r"\S", max_length=200)]
    scopes: list[GrantedScope] = Field(min_length=1, description="What the token may do; `GET /me` it always may.")
    expires_in_days: int | None = Field(default=None, ge=1, le=3650, description="Left out: valid until revoked.")


class ApiTokenResponse(BaseModel):
    """A token of a program. The token itself was shown once and is not kept."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    prefix: str = Field(description="How the token begins, to recognise it by.")
    scopes: list[GrantedScope]
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the hour.")
    expires_at: datetime | None


class NewApiToken(ApiTokenResponse):
    """A token that has just been made."""

    token: str = Field(description="Shown this once. Send it as `Authorization: Bearer …`.")
