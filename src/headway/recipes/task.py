"""The task behind a run: have a child process make the rows, store them, and publish them with the end of the job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.changes import RECIPE as ACTION
from headway.datasets.changes import Base, Candidate, DatasetChanges, Order, Settled, Source
from headway.datasets.columns import Column
from headway.datasets.errors import DatasetMoved
from headway.datasets.service import DatasetService, PublishRequest
from headway.intake.changes.words import is_same, said_of
from headway.intake.derived import count_derived
from headway.intake.parsing import ParseOptions
from headway.intake.quota import Quota
from headway.intake.workbench import Span, Workbench
from headway.jobs.execution import Task, TaskContext
from headway.jobs.kinds import PARAMETERS
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from headway.plurals import counted
from headway.recipes.inputs import find_inputs
from headway.recipes.looks import arguments_of
from headway.recipes.runs import source_of
from headway.recipes.schemas import RecipeOrder
from headway.recipes.steps import read_steps

COOK, STORED = Span(0, 85), 90


class RunRecipe:
    """Runs recipes. The worker itself reads nothing of the rows."""

    def __init__(
        self, database: Database, jobs: JobMonitoringService, datasets: DatasetService, bench: Workbench, quota: Quota
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._datasets = datasets
        self._bench = bench
        self._quota = quota

    @property
    def _changes(self) -> DatasetChanges:
        return self._datasets.changes

    def task(self) -> Task:
        return Task(run=self.run)

    async def run(self, context: TaskContext) -> None:
        order = RecipeOrder.model_validate(context.details[PARAMETERS])
        base = await self._changes.get_base(context.owner, order.inputs[0].dataset_id, order.inputs[0].version)
        if order.into == "version":
            await self._refuse_moved(context, order)
        made = await context.checkpoint(
            "recipe", lambda: self._prepare(context, order), lambda kept: self._bench.are_stored([kept["part"]])
        )
        await context.progress.report(STORED, "Publishing the result", stage="publish")
        await (self._settle_version if order.into == "version" else self._settle_dataset)(context, order, base, made)

    async def _refuse_moved(self, context: TaskContext, order: RecipeOrder) -> None:
        """Spare the work that could not be published."""
        asked = order.inputs[0]
        shown = await self._datasets.get_dataset(context.owner, asked.dataset_id)
        if shown.version != asked.version:
            raise DatasetMoved(f"It shows version {shown.version:,} now.", version=shown.version)

    # --------------------------------------------------------------------------------------------- prepare

    async def _prepare(self, context: TaskContext, order: RecipeOrder) -> dict[str, Any]:
        asked = order.inputs[0]
        inputs = await find_inputs(
            self._datasets, context.owner, asked.dataset_id, read_steps(order.steps), asked.version
        )
        async with self._bench.spool(context) as folder:
            await context.progress.report(COOK.start, "Reading the rows", stage="process", unit="rows", done_units=0)
            paths = [await self._fetched(context, each.dataset_id, each.version, folder) for each in inputs.items]
            joined = zip(inputs.items[1:], paths[1:], strict=True)
            result = await self._bench.work(
                context, COOK, paths[0], asked.name, folder / "out", ParseOptions(),
                others={str(each.dataset_id): path for each, path in joined},
                arguments=arguments_of(inputs, looks=False),
            )  # fmt: skip
            await context.progress.report(COOK.end, "Storing rows", stage="store")
            part = await self._bench.store_part(context, "recipe", replace(result.parts[0], name=order.name))
        return {"part": part, **result.answer}

    async def _fetched(self, context: TaskContext, dataset_id: Any, version: int, folder: Path) -> Path:
        stored = await self._datasets.get_stored(context.owner, dataset_id, version)
        return await self._bench.fetch(stored.key, folder)

    # --------------------------------------------------------------------------------------------- settle

    async def _settle_version(self, context: TaskContext, order: RecipeOrder, base: Base, made: dict[str, Any]) -> None:
        """Apply or propose the new version and complete the job, all or nothing."""
        asked = order.inputs[0]
        change = Order(asked.dataset_id, context.job_id, order.import_id, ACTION, order.apply, {})
        candidate = _candidate(order, base, made)
        async with self._database.write() as session:
            # The job's row first, everywhere; who holds its lease is who may go on.
            await self._jobs.progress_in(session, context.job_id, None, lease=context.lease)
            settled = await self._changes.settle_in(session, context.owner, change, base, candidate)
            said = said_of(ACTION, settled.state, made["summary"])
            result = _result(order, made) | {"change": _change(order, settled, made)}
            await self._finish(session, context, asked.dataset_id, said, made, result)
        await self._changes.discard_objects(settled.unused)

    async def _settle_dataset(self, context: TaskContext, order: RecipeOrder, base: Base, made: dict[str, Any]) -> None:
        """Publish the new dataset and complete the job, all or nothing. Raises `QuotaExceeded`."""
        part, sources = made["part"], _sources(order, base, made)
        async with self._database.write() as session:
            await self._jobs.progress_in(session, context.job_id, None, lease=context.lease)
            # While it is published, nobody deletes the dataset, whose file the new one names too.
            await self._datasets.hold(session, context.owner, order.inputs[0].dataset_id)
            await self._quota.refuse_over_quota_in(session, context.owner, part["bytes"])
            await count_derived(session, context.job_id, part["bytes"])
            dataset_id = await self._datasets.publish(session, _publishing(context, order, part, sources))
            result = _result(order, made) | {"datasets": [str(dataset_id)]}
            await self._finish(session, context, dataset_id, counted(part["rows"], "row"), made, result)

    async def _finish(
        self, session: AsyncSession, context: TaskContext, dataset_id: Any, said: str, made: dict[str, Any],
        result: dict[str, Any],
    ) -> None:  # fmt: skip
        rows = made["part"]["rows"]
        await self._jobs.finish_in(
            session, context.lease, outcome="succeeded", related_dataset_id=dataset_id,
            message="; ".join([said, *(finding["message"] for finding in made["findings"][:3])]), stage="done",
            done_units=rows, total_units=rows, unit="rows", result=result,
        )  # fmt: skip


def _sources(order: RecipeOrder, base: Base, made: dict[str, Any]) -> list[Source]:
    return [*base.sources, source_of(order, base.sources[0].original_key, made["findings"])]


def _decisions(order: RecipeOrder) -> list[dict[str, Any]]:
    steps = ", ".join(step["step"] for step in order.steps)
    said = f"The recipe {order.recipe.name} made it of version {order.inputs[0].version} of {order.inputs[0].name}: {steps}."
    return [{"subject": ACTION, "value": order.recipe.name, "evidence": said, "runner_up": None}]


def _candidate(order: RecipeOrder, base: Base, made: dict[str, Any]) -> Candidate:
    part = made["part"]
    return Candidate(
        rows=part["rows"], rejected_rows=0, bytes=part["bytes"], rows_key=part["rows_key"], rejects_key=None,
        columns=part["columns"], decisions=_decisions(order), sources=_sources(order, base, made),
        summary=made["summary"], is_same=is_same(made["summary"]), profile=part["profile"],
    )  # fmt: skip


def _publishing(
    context: TaskContext, order: RecipeOrder, part: dict[str, Any], sources: list[Source]
) -> PublishRequest:
    return PublishRequest(
        owner=context.owner, import_id=order.import_id, part=0, job_id=context.job_id, name=order.name,
        rows=part["rows"], rejected_rows=0, bytes=part["bytes"], rows_key=part["rows_key"],
        original_key=sources[0].original_key, source=sources[0].source,
        columns=[Column.from_json(column) for column in part["columns"]], decisions=_decisions(order),
        profile=part["profile"], sources=sources,
    )  # fmt: skip


def _result(order: RecipeOrder, made: dict[str, Any]) -> dict[str, Any]:
    return {
        "datasets": [str(order.inputs[0].dataset_id)],
        "rows": made["part"]["rows"],
        "rejected_rows": 0,
        "recipe": order.recipe.model_dump(mode="json"),
        "findings": made["findings"],
    }


def _change(order: RecipeOrder, settled: Settled, made: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": ACTION,
        "state": settled.state,
        "base_version": order.inputs[0].version,
        "version": settled.version,
        "summary": made["summary"],
    }
