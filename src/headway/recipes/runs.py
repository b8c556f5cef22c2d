"""`RecipeRuns`: takes in the wish to run a recipe on a dataset, and has a job do it; and tells where a version came from."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.changes import RECIPE as ACTION
from headway.datasets.changes import Order, Source
from headway.datasets.schemas import SourceResponse
from headway.datasets.service import DatasetService
from headway.intake.derived import insert_derived
from headway.jobs.answers import to_response
from headway.jobs.schemas import JobResponse
from headway.jobs.submitting import JobSubmissions
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.recipes.inputs import find_inputs
from headway.recipes.schemas import (
    LineageResponse,
    LineageStep,
    NamedRecipe,
    RecipeOrder,
    RunOptions,
    RunRecipe,
    RunSteps,
)
from headway.recipes.service import RecipeService
from headway.recipes.steps import AnyStep, read_steps, written_steps

KIND = "recipes.run"
JOB_TYPE = "processing"
UNNAMED = "Steps"


class RecipeRuns:
    """Runs of all owners; every method acts for one."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        datasets: DatasetService,
        submissions: JobSubmissions,
        recipes: RecipeService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._datasets = datasets
        self._submissions = submissions
        self._recipes = recipes

    async def run_steps(self, owner: str, dataset_id: UUID, body: RunSteps) -> JobResponse:
        """Return the job that runs steps once."""
        return await self._run(owner, dataset_id, NamedRecipe(name=body.recipe or UNNAMED), body.steps, body)

    async def run_recipe(self, owner: str, dataset_id: UUID, recipe_id: UUID, body: RunRecipe) -> JobResponse:
        """Return the job that runs a kept recipe."""
        # Whose dataset it is comes first: nobody learns of recipes by way of datasets that are not theirs.
        await self._datasets.get_dataset(owner, dataset_id)
        kept = await self._recipes.get(owner, recipe_id, body.recipe_version)
        named = NamedRecipe(id=kept.id, version=kept.version, name=kept.name)
        return await self._run(owner, dataset_id, named, read_steps(kept.steps), body)

    async def _run(
        self, owner: str, dataset_id: UUID, recipe: NamedRecipe, steps: list[AnyStep], body: RunOptions
    ) -> JobResponse:
        """Accept a run. What can be told of it without the rows is refused before there is a job."""
        inputs = await find_inputs(self._datasets, owner, dataset_id, steps)
        await asyncio.to_thread(inputs.refuse_misfits)  # patterns are compiled by it
        order = RecipeOrder(
            into=body.into,
            name=body.name or f"{inputs.items[0].name} ({recipe.name})",
            apply=body.apply,
            import_id=uuid4(),
            recipe=recipe,
            steps=written_steps(inputs.steps),
            inputs=inputs.items,
        )
        base = await self._datasets.changes.get_base(owner, dataset_id, inputs.items[0].version)
        async with self._database.write() as session:
            return await self._accept_in(session, owner, order, source_of(order, base.sources[0].original_key))

    async def _accept_in(self, session: AsyncSession, owner: str, order: RecipeOrder, source: Source) -> JobResponse:
        asked = order.inputs[0]
        job = await self._submissions.submit_in(
            session,
            owner,
            JOB_TYPE,
            kind=KIND,
            queue="bulk",
            title=f"{order.recipe.name}: {asked.name}"[:200],
            parameters=order.model_dump(mode="json"),
            related_dataset_id=asked.dataset_id,
        )
        if order.into == "version":
            change = Order(
                asked.dataset_id, job.id, order.import_id, ACTION, order.apply, {"recipe": order.recipe.name}
            )
            await self._datasets.changes.order_in(session, owner, change)
        await insert_derived(session, owner, job.id, order.import_id, source, self._clock.now())
        return to_response(job)

    async def get_lineage(self, owner: str, dataset_id: UUID, version: int | None) -> LineageResponse:
        """Return the files and the recipes that made a version, in their order."""
        base = await self._datasets.changes.get_base(owner, dataset_id, version)
        items = [_told(source) for source in base.sources]
        return LineageResponse(dataset_id=dataset_id, version=base.number, items=items)


def source_of(order: RecipeOrder, original_key: str, findings: list[dict[str, Any]] | None = None) -> Source:
    """Return a recipe as one of the sources of a version: it stands where a file would, and says the same of itself."""
    steps = json.dumps(order.steps, sort_keys=True).encode()
    described = {
        "file_name": order.recipe.name,
        "format": ACTION,
        "sha256": hashlib.sha256(steps).hexdigest(),
        "bytes": len(steps),
    }
    options = {**order.model_dump(mode="json", include={"recipe", "steps", "inputs"}), "findings": findings or []}
    return Source(order.import_id, 0, ACTION, options, original_key, described)


def _told(source: Source) -> LineageStep:
    if source.action != ACTION:
        return LineageStep(
            action=source.action, file=SourceResponse(**source.source), recipe=None, steps=[], inputs=[], findings=[]
        )
    return LineageStep(action=ACTION, file=None, **source.options)
