"""What a recipe is run on: versions of datasets, all of one owner, fixed when the run is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from headway.datasets.columns import Column
from headway.datasets.errors import DatasetNotFound, VersionNotFound
from headway.datasets.service import DatasetService
from headway.recipes.compiling.plan import Other, plan
from headway.recipes.errors import RecipeDoesNotFit
from headway.recipes.schemas import Input
from headway.recipes.steps import AnyStep, Join


@dataclass(frozen=True, slots=True)
class Inputs:
    """The dataset itself, then those that are joined. `steps` name their versions."""

    items: list[Input]
    columns: dict[UUID, list[Column]]
    base: list[Column]
    steps: list[AnyStep]

    def refuse_misfits(self) -> None:
        """Raise what is wrong with the steps, as far as that can be told without the rows."""
        plan(self.base, self.steps, {each: Other("", columns) for each, columns in self.columns.items()})


async def find_inputs(
    datasets: DatasetService, owner: str, dataset_id: UUID, steps: Sequence[AnyStep], version: int | None = None
) -> Inputs:
    """Return what the steps are run on. Raises `DatasetNotFound`, `VersionNotFound`, `RecipeDoesNotFit`."""
    dataset = await datasets.get_dataset(owner, dataset_id, version)
    base = await datasets.get_columns(owner, dataset_id, dataset.version)
    items = [Input(dataset_id=dataset_id, version=dataset.version, name=dataset.name)]
    joined: dict[UUID, Input] = {}
    columns: dict[UUID, list[Column]] = {}
    pinned = list[AnyStep]()
    for number, step in enumerate(steps, start=1):
        if not isinstance(step, Join):
            pinned.append(step)
            continue
        known = joined.get(step.dataset_id)
        if known is None:
            known = joined[step.dataset_id] = await _joined(datasets, owner, step, number)
            columns[step.dataset_id] = await datasets.get_columns(owner, step.dataset_id, known.version)
            items.append(known)
        if step.version not in {None, known.version}:
            raise _misfit(number, "two versions of one dataset cannot be joined in one recipe.")
        pinned.append(step.model_copy(update={"version": known.version}))
    return Inputs(items, columns, base, pinned)


async def _joined(datasets: DatasetService, owner: str, step: Join, number: int) -> Input:
    try:
        found = await datasets.get_dataset(owner, step.dataset_id, step.version)
    except (DatasetNotFound, VersionNotFound):
        raise _misfit(number, "the joined dataset, or this version of it, is not there.") from None
    return Input(dataset_id=step.dataset_id, version=found.version, name=found.name, step=number)


def _misfit(number: int, said: str) -> RecipeDoesNotFit:
    return RecipeDoesNotFit(f"Step {number}, join: {said}", step=number, kind="join")
