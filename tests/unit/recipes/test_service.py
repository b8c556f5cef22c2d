"""Recipes that are kept: versions, owners, limits, and what is left of them when somebody is erased."""

from __future__ import annotations

from uuid import uuid4

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from headway.kit.db import Database
from headway.recipes import service as kept
from headway.recipes.errors import RecipeNotFound, TooManyRecipes
from headway.recipes.models import RecipeVersion
from headway.recipes.schemas import ChangeRecipe, RunSteps, SaveRecipe
from headway.recipes.service import RecipeService
from tests.support.clock import FakeClock

OWNER, STRANGER = "ann", "ben"
TRIM = {"step": "trim", "columns": ["a"]}
SORT = {"step": "sort", "by": [{"column": "a"}]}


@pytest.fixture
def recipes(database: Database, clock: FakeClock) -> RecipeService:
    return RecipeService(database, clock)


def tidy(name: str = "Tidy", *steps: object) -> SaveRecipe:
    return SaveRecipe.model_validate({"name": name, "steps": list(steps) or [TRIM]})


async def test_other_steps_are_a_new_version_and_the_same_ones_are_not(recipes: RecipeService) -> None:
    first = await recipes.save(OWNER, tidy())
    same = await recipes.change(OWNER, first.id, ChangeRecipe.model_validate({"name": "Clean", "steps": [TRIM]}))
    assert (same.name, same.version) == ("Clean", 1)
    other = await recipes.change(OWNER, first.id, ChangeRecipe.model_validate({"steps": [TRIM, SORT]}))
    assert (other.name, other.version, other.steps) == ("Clean", 2, [TRIM, SORT])
    assert (await recipes.get(OWNER, first.id, 1)).steps == [TRIM]
    with pytest.raises(RecipeNotFound):
        await recipes.get(OWNER, first.id, 3)


async def test_recipes_are_their_owners_only(recipes: RecipeService) -> None:
    made = await recipes.save(OWNER, tidy())
    for who, recipe_id in ((STRANGER, made.id), (OWNER, uuid4())):
        for ask in (recipes.get, recipes.delete):
            with pytest.raises(RecipeNotFound):
                await ask(who, recipe_id)
        with pytest.raises(RecipeNotFound):
            await recipes.change(who, recipe_id, ChangeRecipe(name="Mine"))
    assert (await recipes.list_recipes(STRANGER, limit=10, cursor=None)).items == []


async def test_a_list_is_read_page_by_page(recipes: RecipeService, clock: FakeClock) -> None:
    for number in range(5):
        await recipes.save(OWNER, tidy(f"Recipe {number}"))
        clock.advance(number % 2)
    names, cursor = list[str](), None
    while True:
        page = await recipes.list_recipes(OWNER, limit=2, cursor=cursor)
        names += [recipe.name for recipe in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(names) == [f"Recipe {number}" for number in range(5)]


async def test_so_many_are_kept_and_of_each_so_many_versions(
    recipes: RecipeService, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_KEPT", 2)
    monkeypatch.setattr(kept, "VERSIONS_KEPT", 3)
    made = await recipes.save(OWNER, tidy())
    await recipes.save(OWNER, tidy())
    await recipes.save(STRANGER, tidy())
    with pytest.raises(TooManyRecipes):
        await recipes.save(OWNER, tidy())
    for number in range(5):
        steps = [{"step": "sample", "rows": number + 1}]
        await recipes.change(OWNER, made.id, ChangeRecipe.model_validate({"steps": steps}))
    async with database.read() as session:
        statement = sa.select(RecipeVersion.number).where(RecipeVersion.recipe_id == made.id)
        assert sorted((await session.execute(statement)).scalars()) == [4, 5, 6]


async def test_whoever_is_erased_leaves_none(recipes: RecipeService, database: Database) -> None:
    mine, hers = await recipes.save(OWNER, tidy()), await recipes.save(STRANGER, tidy())
    async with database.write() as session:
        await recipes.erase_owner_in(session, OWNER)
    with pytest.raises(RecipeNotFound):
        await recipes.get(OWNER, mine.id)
    async with database.read() as session:
        left = (await session.execute(sa.select(RecipeVersion.recipe_id))).scalars().all()
    assert left == [hers.id]


def nested(depth: int) -> dict[str, object]:
    term: dict[str, object] = {"column": "a"}
    for _ in range(depth):
        term = {"call": "not", "args": [term]}
    return term


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [TRIM] * 51,
        [{"step": "trim", "columns": ["a", "a"]}],
        [{"step": "trim", "columns": ["a\x00"]}],
        [{"step": "trim", "columns": ["a"], "column": "b"}],
        [{"step": "cook", "columns": ["a"]}],
        [{"step": "filter", "where": nested(20)}],
        [{"step": "filter", "where": {"call": "or", "args": [{"call": "or", "args": [{"value": True}] * 50}] * 7}}],
        [{"step": "filter", "where": {"call": "system", "args": [{"value": "ls"}]}}],
        [{"step": "filter", "where": {"sql": "true"}}],
        [{"step": "fill", "columns": ["a"]}],
        [{"step": "derive", "column": "x", "value": {"value": "y" * 9_000}}] * 4,
    ],
)
def test_what_is_no_recipe_is_refused(steps: list[object]) -> None:
    with pytest.raises(ValidationError):
        RunSteps.model_validate({"steps": steps})
