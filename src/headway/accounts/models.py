"""The tables of accounts: users, the browser sessions that they have open, and the tokens of their programs."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from headway.kit.db import Base, UtcDateTime


class User(Base):
    """Somebody who can sign in. `str(id)` is the owner that the rows of other slices carry."""

    __tablename__ = "users"
    __table_args__ = (
        sa.CheckConstraint("role in ('admin', 'user')", name="role"),
        sa.UniqueConstraint("email"),
        sa.Index("ix_users_created_at_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    email: Mapped[str] = mapped_column(sa.Text)
    password_hash: Mapped[str] = mapped_column(sa.Text)
    role: Mapped[str] = mapped_column(sa.Text)
    # Raised whenever everything issued so far must end: a new password, a disabled account. Tokens carry it.
    # Comparing times instead cannot tell what came first within one second, which is all that `iat` resolves.
    credentials_version: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    password_changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UserSession(Base):
    """One signed-in browser. Only the hash of its cookie is kept, so that the table opens no door."""

    __tablename__ = "sessions"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.Index("ix_sessions_user_id", "user_id"),
        sa.Index("ix_sessions_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.Text)
    user_id: Mapped[UUID] = mapped_column(sa.Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiToken(Base):
    """What one program of a user signs in with. Of the token itself only the beginning and a digest are kept."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        sa.UniqueConstraint("digest"),
        sa.Index("ix_api_tokens_user_id", "user_id"),
    )

    id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(sa.Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.Text)
    prefix: Mapped[str] = mapped_column(sa.Text)
    digest: Mapped[str] = mapped_column(sa.Text)
    scopes: Mapped[list[str]] = mapped_column(sa.JSON().with_variant(postgresql.JSONB(), "postgresql"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # To the hour: a row that changed with every request would cost more than it tells.
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
