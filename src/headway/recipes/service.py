"""`RecipeService`: what its owner keeps to run again."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.pagination import Page, decode_cursor, encode_cursor
from headway.recipes import queries
from headway.recipes.errors import TooManyRecipes
from headway.recipes.models import Recipe, RecipeVersion
from headway.recipes.schemas import ChangeRecipe, RecipeResponse, SaveRecipe
from headway.recipes.steps import written_steps

MOST_KEPT = 1_000
VERSIONS_KEPT = 100


class RecipeService:
    """Recipes of all owners; every method acts for one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def save(self, owner: str, body: SaveRecipe) -> RecipeResponse:
        """Keep a recipe. Raises `TooManyRecipes`."""
        now = self._clock.now()
        recipe = Recipe(id=uuid4(), user_id=owner, name=body.name, current_version=1, created_at=now, updated_at=now)
        version = RecipeVersion(recipe_id=recipe.id, number=1, steps=written_steps(body.steps), created_at=now)
        async with self._database.write() as session:
            if await queries.count_owned(session, owner) >= MOST_KEPT:
                raise TooManyRecipes(f"{MOST_KEPT:,} are kept.", limit=MOST_KEPT)
            await queries.insert(session, recipe, version)
        return _to_response(recipe, version)

    async def change(self, owner: str, recipe_id: UUID, body: ChangeRecipe) -> RecipeResponse:
        """Give a recipe another name, or other steps. Steps that it has already make no version."""
        now = self._clock.now()
        async with self._database.write() as session:
            recipe = await queries.lock(session, owner, recipe_id)
            _, version = await queries.get(session, owner, recipe_id)
            recipe.name, recipe.updated_at = body.name or recipe.name, now
            steps = version.steps if body.steps is None else written_steps(body.steps)
            if steps != version.steps:
                recipe.current_version += 1
                version = RecipeVersion(recipe_id=recipe_id, number=recipe.current_version, steps=steps, created_at=now)
                session.add(version)
                await queries.forget_versions(session, recipe_id, recipe.current_version - VERSIONS_KEPT + 1)
            await session.flush()
        return _to_response(recipe, version)

    async def get(self, owner: str, recipe_id: UUID, number: int | None = None) -> RecipeResponse:
        """Return a recipe with its current version, or an earlier one. Raises `RecipeNotFound`."""
        async with self._database.read() as session:
            return _to_response(*await queries.get(session, owner, recipe_id, number))

    async def list_recipes(self, owner: str, *, limit: int, cursor: str | None) -> Page[RecipeResponse]:
        """Return one page of an owner's recipes, newest first."""
        after = decode_cursor(cursor) if cursor else None
        async with self._database.read() as session:
            found = await queries.list_page(session, owner, limit=limit, after=after)
        page = found[:limit]
        more = encode_cursor(page[-1][0].created_at, page[-1][0].id) if len(found) > limit else None
        return Page[RecipeResponse](items=[_to_response(*row) for row in page], next_cursor=more)

    async def delete(self, owner: str, recipe_id: UUID) -> None:
        """Delete a recipe. What it made keeps its steps in its lineage."""
        async with self._database.write() as session:
            await queries.lock(session, owner, recipe_id)
            await queries.delete(session, owner, recipe_id)

    async def erase_owner_in(self, session: AsyncSession, owner: str) -> None:
        """Delete every recipe of an owner."""
        await queries.delete_owned(session, owner)


def _to_response(recipe: Recipe, version: RecipeVersion) -> RecipeResponse:
    return RecipeResponse(
        id=recipe.id, name=recipe.name, version=version.number, steps=version.steps,
        created_at=recipe.created_at, updated_at=recipe.updated_at,
    )  # fmt: skip
