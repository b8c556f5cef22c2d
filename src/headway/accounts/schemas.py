"""What accounts look like from outside, and what callers may send. Passwords come in and never go out."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from headway.accounts.passwords import LONGEST, SHORTEST

Role = Literal["admin", "user"]

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


class CreateUser(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: str
    password: str = NEW_PASSWORD
    role: Role = "user"


class UserResponse(BaseModel):
    """A user, as administrators see them."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    role: Role
    disabled_at: datetime | None
    created_at: datetime
    password_changed_at: datetime
