"""The HTTP side of recipes. Made by a function that takes the host's way to say who is calling."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from headway.datasets.errors import DatasetNotFound, VersionNotFound
from headway.errors import Unauthorized
from headway.jobs.errors import TooManyJobs
from headway.jobs.schemas import JobResponse
from headway.kit.actor import Actor, Scope
from headway.kit.dependencies import address_of, needs
from headway.kit.pagination import BadCursor, Page
from headway.kit.problems import responses
from headway.recipes.errors import (
    RecipeDoesNotFit,
    RecipeNotFound,
    RecipePreviewBusy,
    RecipeTooWide,
    TooManyRecipes,
)
from headway.recipes.looks import RecipeLooks
from headway.recipes.runs import RecipeRuns
from headway.recipes.schemas import (
    ChangeRecipe,
    LineageResponse,
    LookAtSteps,
    LookResponse,
    RecipeResponse,
    RunRecipe,
    RunSteps,
    SaveRecipe,
)
from headway.recipes.service import RecipeService
from headway.recipes.steps import json_schema

MISFITS = (DatasetNotFound, VersionNotFound, RecipeDoesNotFit, RecipeTooWide)
VersionNumber = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Default: the current one.")]


def build_recipes_router(
    service: RecipeService, runs: RecipeRuns, looks: RecipeLooks, actor: Callable[..., Any]
) -> APIRouter:
    """Return the routes of recipes and of datasets that are made by them. `actor` is a FastAPI dependency."""
    router = APIRouter(responses=responses(Unauthorized))
    reader = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_READ))]
    writer = Annotated[Actor, Depends(needs(actor, Scope.DATASETS_WRITE))]
    _add_kept(router, service, reader, writer)
    dataset = "/datasets/{dataset_id}"

    @router.post(
        f"{dataset}/transforms", status_code=202, tags=["datasets"], responses=responses(*MISFITS, TooManyJobs)
    )
    async def transform_dataset(
        who: writer, dataset_id: UUID, body: RunSteps, request: Request, response: Response
    ) -> JobResponse:
        """Have a job run steps on what a dataset shows, into a new version of it or into a new dataset.

        What would become empty fails the job before anything is changed, unless the step accepts it.
        """
        job = await runs.run_steps(who.owner, dataset_id, body)
        response.headers["Location"] = address_of(request, "get_job_by_id", job_id=job.id)
        return job

    @router.post(
        f"{dataset}/transforms/preview", tags=["datasets"],
        responses=responses(DatasetNotFound, VersionNotFound, RecipeDoesNotFit, RecipePreviewBusy),
    )  # fmt: skip
    async def preview_transform(who: reader, dataset_id: UUID, body: LookAtSteps) -> LookResponse:
        """What steps would make of some rows, with what is wrong first. Nothing is kept or changed."""
        return await looks.look(who.owner, dataset_id, body)

    @router.post(
        f"{dataset}/recipes/{{recipe_id}}", status_code=202, tags=["datasets"],
        responses=responses(*MISFITS, RecipeNotFound, TooManyJobs),
    )  # fmt: skip
    async def run_recipe(
        who: writer, dataset_id: UUID, recipe_id: UUID, body: RunRecipe, request: Request, response: Response
    ) -> JobResponse:
        """Have a job run a kept recipe on what a dataset shows."""
        job = await runs.run_recipe(who.owner, dataset_id, recipe_id, body)
        response.headers["Location"] = address_of(request, "get_job_by_id", job_id=job.id)
        return job

    @router.get(f"{dataset}/lineage", tags=["datasets"], responses=responses(DatasetNotFound, VersionNotFound))
    async def get_lineage(who: reader, dataset_id: UUID, version: VersionNumber = None) -> LineageResponse:
        """The files and the recipes that made a version, in their order."""
        return await runs.get_lineage(who.owner, dataset_id, version)

    return router


def _add_kept(router: APIRouter, service: RecipeService, reader: Any, writer: Any) -> None:
    @router.get("/recipes/schema", tags=["recipes"])
    async def get_schema(who: reader) -> dict[str, Any]:
        """The JSON schema of a recipe's steps."""
        del who  # Checked, and it may be anybody.
        return json_schema()

    @router.post("/recipes", status_code=201, tags=["recipes"], responses=responses(TooManyRecipes))
    async def save_recipe(who: writer, body: SaveRecipe, request: Request, response: Response) -> RecipeResponse:
        """Keep a recipe, to be run on the next dataset of the same shape."""
        recipe = await service.save(who.owner, body)
        response.headers["Location"] = address_of(request, "get_recipe", recipe_id=recipe.id)
        return recipe

    @router.get("/recipes", tags=["recipes"], responses=responses(BadCursor))
    async def list_recipes(
        who: reader, limit: Annotated[int, Query(ge=1, le=100)] = 50, cursor: str | None = None
    ) -> Page[RecipeResponse]:
        """Recipes that are kept, the newest first."""
        return await service.list_recipes(who.owner, limit=limit, cursor=cursor)

    @router.get("/recipes/{recipe_id}", tags=["recipes"], responses=responses(RecipeNotFound))
    async def get_recipe(who: reader, recipe_id: UUID, version: VersionNumber = None) -> RecipeResponse:
        """A recipe at its current version, or at another one."""
        return await service.get(who.owner, recipe_id, version)

    @router.patch("/recipes/{recipe_id}", tags=["recipes"], responses=responses(RecipeNotFound))
    async def change_recipe(who: writer, recipe_id: UUID, body: ChangeRecipe) -> RecipeResponse:
        """Give a recipe another name, or other steps, which make a new version. What ran before keeps its own."""
        return await service.change(who.owner, recipe_id, body)

    @router.delete("/recipes/{recipe_id}", status_code=204, tags=["recipes"], responses=responses(RecipeNotFound))
    async def delete_recipe(who: writer, recipe_id: UUID) -> None:
        """Delete a recipe. Datasets that it made stay, and their lineage keeps its steps."""
        await service.delete(who.owner, recipe_id)
