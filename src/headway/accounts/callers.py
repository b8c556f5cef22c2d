"""From what a request carries to who is calling: owners, digests of secrets, and what a user is allowed."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from datetime import datetime
from uuid import UUID

from headway.accounts.errors import AccountDisabled, UserNotFound
from headway.accounts.models import User
from headway.kit.actor import EVERYTHING, Actor, Scope


def user_id_of(owner: str) -> UUID:
    try:
        return UUID(owner)
    except ValueError as error:
        # An actor that a host application made: its accounts are not kept here.
        raise UserNotFound from error


def enabled(user: User) -> User:
    if user.disabled_at is not None:
        raise AccountDisabled
    return user


def actor_of(user: User, proof: Hashable, expires_at: datetime | None, scopes: frozenset[str] = EVERYTHING) -> Actor:
    """Return the user as a caller who may do so much; an administrator is one only with the scope for it."""
    is_admin = user.role == "admin" and Scope.ADMIN in scopes
    return Actor(str(user.id), user.email, is_admin=is_admin, scopes=scopes, expires_at=expires_at, proof=proof)


def digest_of(token: str) -> str:
    """Return what is stored of a session's or a program's token: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
