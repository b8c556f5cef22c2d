"""`RecipeLooks`: what a recipe would make of some rows of a dataset, at once and whatever its size; nothing is kept."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

from headway.datasets.service import DatasetService
from headway.intake.looking import Looking
from headway.intake.parsing import ParseOptions, ParseRequest
from headway.intake.sandbox import Sandbox
from headway.recipes.errors import RecipePreviewBusy
from headway.recipes.inputs import Inputs, find_inputs
from headway.recipes.schemas import LookAtSteps, LookResponse
from headway.recipes.steps import written_steps

RUNNING = "headway.recipes.running.child:run"
"""The function that children run for recipes."""

MIB = 1024 * 1024
MEMORY_BYTES = 512 * MIB
WALL_SECONDS = 15.0
SCRATCH_BYTES = 256 * MIB


class RecipeLooks:
    """Looks of all owners, in limited children of the API."""

    def __init__(self, datasets: DatasetService, folder: Path, *, isolation: Any) -> None:
        self._datasets = datasets
        sandbox = Sandbox(
            memory_bytes=MEMORY_BYTES, wall_seconds=WALL_SECONDS, isolation=isolation, rooms=folder, entry=RUNNING
        )
        self._looking = Looking(sandbox, folder, "recipe", RecipePreviewBusy)

    async def close(self) -> None:
        await self._looking.close()

    async def look(self, owner: str, dataset_id: UUID, body: LookAtSteps) -> LookResponse:
        """Return what the steps make of some rows. Raises `DatasetNotFound`, `RecipePreviewBusy`, limits."""
        inputs = await find_inputs(self._datasets, owner, dataset_id, body.steps, body.version)
        async with self._looking.folder() as folder, AsyncExitStack() as stack:
            paths = [
                await stack.enter_async_context(self._datasets.open_rows(owner, each.dataset_id, each.version))
                for each in inputs.items
            ]
            result = await self._looking.look(_request(inputs, paths, folder / "out"))
        return _answer(result.answer)


def arguments_of(inputs: Inputs, *, looks: bool) -> dict[str, Any]:
    """Return what a child is told."""
    return {
        "columns": [column.to_json() for column in inputs.base],
        "steps": written_steps(inputs.steps),
        "others": {str(each): [one.to_json() for one in columns] for each, columns in inputs.columns.items()},
        "looks": looks,
    }


def _request(inputs: Inputs, paths: list[Path], output_dir: Path) -> ParseRequest:
    joined = {str(each.dataset_id): path for each, path in zip(inputs.items[1:], paths[1:], strict=True)}
    return ParseRequest(
        source=paths[0], file_name="rows", output_dir=output_dir, options=ParseOptions(),
        max_unpacked_bytes=SCRATCH_BYTES, memory_bytes=MEMORY_BYTES, others=joined,
        arguments=arguments_of(inputs, looks=True),
    )  # fmt: skip


def _answer(answer: dict[str, Any]) -> LookResponse:
    read, total = answer["rows_read"], answer["rows_total"]
    is_sample = read < total
    said = (
        f"These are {read:,} of {total:,} rows, from the beginning, the middle and the end; a run looks at all of them."
        if is_sample
        else "These are all rows."
    )
    findings = [finding for step in answer["steps"] for finding in step["findings"]]
    findings.sort(key=lambda finding: (not finding["blocks"], finding["step"]))
    return LookResponse(is_sample=is_sample, message=said, findings=findings, **answer)
