"""The tables of recipes: a name, and versions of its steps that never change."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from headway.kit.db import Base, Json, UtcDateTime


class Recipe(Base):
    """What its owner keeps to run again."""

    __tablename__ = "recipes"
    __table_args__ = (sa.Index("ix_recipes_owner", "user_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.Text)
    name: Mapped[str] = mapped_column(sa.Text)
    current_version: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecipeVersion(Base):
    __tablename__ = "recipe_versions"

    recipe_id: Mapped[UUID] = mapped_column(sa.ForeignKey("recipes.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
