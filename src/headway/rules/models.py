"""The tables of rule sets: a name that its owner knows, and immutable versions behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from headway.kit.db import Base, Json, UtcDateTime


class RuleSet(Base):
    """What people name and use. Its rules are those of `version`."""

    __tablename__ = "rule_sets"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "name"),
        sa.Index("ix_rule_sets_owner", "user_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.Text)
    name: Mapped[str] = mapped_column(sa.Text)
    version: Mapped[int] = mapped_column(sa.Integer)
    rule_count: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RuleSetVersion(Base):
    """The rules of a set as they were at one time."""

    __tablename__ = "rule_set_versions"

    rule_set_id: Mapped[UUID] = mapped_column(sa.ForeignKey("rule_sets.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    rules: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
