"""Every statement on recipes. Reads start from the owner."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from headway.kit.pagination import Position, behind
from headway.recipes.errors import RecipeNotFound
from headway.recipes.models import Recipe, RecipeVersion

Row = tuple[Recipe, RecipeVersion]


def _owned(owner: str, number: int | None = None) -> sa.Select[Recipe, RecipeVersion]:
    """Return the statement that every read starts from: an owner's recipes, each with its current version or another."""
    shown = Recipe.current_version if number is None else sa.literal(number)
    joined = sa.and_(RecipeVersion.recipe_id == Recipe.id, RecipeVersion.number == shown)
    return sa.select(Recipe, RecipeVersion).join(RecipeVersion, joined).where(Recipe.user_id == owner)


async def get(session: AsyncSession, owner: str, recipe_id: UUID, number: int | None = None) -> Row:
    """Return an owner's recipe with its current version or another one, or raise `RecipeNotFound`."""
    row = (await session.execute(_owned(owner, number).where(Recipe.id == recipe_id))).one_or_none()
    if row is None:
        raise RecipeNotFound
    return row[0], row[1]


async def lock(session: AsyncSession, owner: str, recipe_id: UUID) -> Recipe:
    """Return an owner's recipe, which nobody else changes before this transaction ends; or raise `RecipeNotFound`."""
    statement = sa.select(Recipe).where(Recipe.id == recipe_id, Recipe.user_id == owner).with_for_update()
    recipe = (await session.execute(statement)).scalar_one_or_none()
    if recipe is None:
        raise RecipeNotFound
    return recipe


async def list_page(session: AsyncSession, owner: str, *, limit: int, after: Position | None) -> Sequence[Row]:
    """Return one page by keyset, newest first, one row more than `limit` if there are more."""
    statement = _owned(owner).where(*behind(Recipe.created_at, Recipe.id, after))
    statement = statement.order_by(Recipe.created_at.desc(), Recipe.id.desc()).limit(limit + 1)
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def count_owned(session: AsyncSession, owner: str) -> int:
    statement = sa.select(sa.func.count()).select_from(Recipe).where(Recipe.user_id == owner)
    return (await session.execute(statement)).scalar_one()


async def insert(session: AsyncSession, recipe: Recipe, version: RecipeVersion) -> None:
    session.add(recipe)
    await session.flush()
    session.add(version)
    await session.flush()


async def forget_versions(session: AsyncSession, recipe_id: UUID, before: int) -> None:
    """Delete the versions before a number."""
    await session.execute(
        sa.delete(RecipeVersion).where(RecipeVersion.recipe_id == recipe_id, RecipeVersion.number < before)
    )


async def delete(session: AsyncSession, owner: str, recipe_id: UUID) -> None:
    """Delete a recipe and, by its foreign key, its versions."""
    await session.execute(sa.delete(Recipe).where(Recipe.id == recipe_id, Recipe.user_id == owner))


async def delete_owned(session: AsyncSession, owner: str) -> None:
    await session.execute(sa.delete(Recipe).where(Recipe.user_id == owner))
