"""The task behind an import: parse in the sandbox, store the rows, publish. Runs in a worker process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headway.datasets.columns import Column
from headway.datasets.service import DatasetService, PublishRequest
from headway.intake import queries
from headway.intake.changes.task import ChangeDataset
from headway.intake.models import Import
from headway.intake.parsing import ParsedPart
from headway.intake.schemas import ImportOptions
from headway.intake.workbench import Span, Workbench
from headway.jobs.execution import Task, TaskContext
from headway.jobs.logs.recording import tell
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from headway.plurals import counted
from headway.rules.checks import Checkable, DatasetChecks

ACCEPTED, PARSED, STORED = 40, 70, 90


class ImportFile:
    """Imports one accepted file: into a dataset of its own, or into one that is there.

    Every output lies under the attempt's own key; publishing is one transaction.
    """

    def __init__(
        self,
        database: Database,
        jobs: JobMonitoringService,
        datasets: DatasetService,
        bench: Workbench,
        change: ChangeDataset,
        checks: DatasetChecks,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._datasets = datasets
        self._bench = bench
        self._change = change
        self._checks = checks

    def task(self) -> Task:
        return Task(run=self.run, restart_progress=ACCEPTED)

    async def run(self, context: TaskContext) -> None:
        async with self._database.read() as session:
            record = await queries.get_import(session, context.job_id)
        if ImportOptions.model_validate(record.options).into is not None:
            await self._change.add_file(context, record)
            return
        parsed = await context.checkpoint("parse", lambda: self._parse_and_store(context, record), self._are_stored)
        await context.progress.report(STORED, "Creating the dataset", stage="publish")
        await self._publish(context, record, parsed)

    async def _are_stored(self, parsed: dict[str, Any]) -> bool:
        return await self._bench.are_stored(parsed["parts"])

    # ------------------------------------------------------------ parse and store

    async def _parse_and_store(self, context: TaskContext, record: Import) -> dict[str, Any]:
        """Parse the original and put its rows into the store; return what publishing needs, without any path."""
        options = ImportOptions.model_validate(record.options).parse_options()
        async with self._bench.spool(context) as folder:
            await context.progress.report(ACCEPTED, "Reading the file", stage="parse")
            source = await self._bench.fetch(record.original_key, folder)
            span = Span(ACCEPTED, PARSED)
            result = await self._bench.work(context, span, source, record.file_name, folder / "out", options)
            for part in result.parts:
                tell.info(_told(part, result.format))
            await context.progress.report(PARSED, "Storing rows", stage="store")
            parts = []
            for number, part in enumerate(result.parts):
                parts.append(await self._bench.store_part(context, str(number), part))
                percent = Span(PARSED, STORED).at((number + 1) / len(result.parts))
                await context.progress.report(percent, "Storing rows", done_units=part.rows, total_units=part.rows)
            return {"format": result.format, "parts": parts}

    # ------------------------------------------------------------------- publish

    async def _publish(self, context: TaskContext, record: Import, parsed: dict[str, Any]) -> None:
        """Create the datasets and complete the job, all or nothing. A zombie's lease makes the whole fail."""
        parts = parsed["parts"]
        requests = [_request(record, parsed, number, part, alone=len(parts) == 1) for number, part in enumerate(parts)]
        async with self._database.write() as session:
            # The job's row first, everywhere: a check that follows takes the row in which its owner's jobs are counted.
            await self._jobs.progress_in(session, context.job_id, None, lease=context.lease)
            ids = [await self._datasets.publish(session, request) for request in requests]
            made = [Checkable(dataset_id, request.name, 1) for dataset_id, request in zip(ids, requests, strict=True)]
            checks = await self._checks.follow_in(session, record.user_id, record.options.get("rule_set"), made)
            rows = sum(part["rows"] for part in parts)
            rejected = sum(part["rejected_rows"] for part in parts)
            await self._jobs.finish_in(
                session,
                context.lease,
                outcome="partial" if rejected else "succeeded",
                related_dataset_id=ids[0],
                message=_summary(rows, rejected),
                stage="done",
                done_units=rows,
                total_units=rows + rejected,
                failed_units=rejected,
                unit="rows",
                result={
                    "datasets": [str(dataset_id) for dataset_id in ids],
                    "rows": rows,
                    "rejected_rows": rejected,
                    **checks,
                },
            )


def _request(
    record: Import, parsed: dict[str, Any], number: int, part: dict[str, Any], *, alone: bool
) -> PublishRequest:
    options = ImportOptions.model_validate(record.options)
    name = options.name or Path(record.file_name).stem or record.file_name
    return PublishRequest(
        owner=record.user_id,
        import_id=record.id,
        part=number,
        job_id=record.job_id,
        name=name if alone else f"{name} · {part['name']}",
        rows=part["rows"],
        rejected_rows=part["rejected_rows"],
        bytes=part["bytes"],
        rows_key=part["rows_key"],
        rejects_key=part["rejects_key"],
        original_key=record.original_key,
        source={
            "file_name": record.file_name,
            "format": parsed["format"],
            "sha256": record.sha256,
            "bytes": record.size_bytes,
        },
        columns=[Column.from_json(column) for column in part["columns"]],
        decisions=part["decisions"],
        options=record.options,
        # What an older Headway stored before it was replaced has none.
        profile=part.get("profile"),
    )


def _told(part: ParsedPart, file_format: str) -> str:
    """Return what its owner reads about a table once it is read. No cell of it is named."""
    columns = counted(len(part.columns), "column")
    return f"Read {part.name} as {file_format}: {_summary(part.rows, part.rejected_rows)}; {columns}."


def _summary(rows: int, rejected: int) -> str:
    said = counted(rows, "row")
    return f"{said}; {rejected:,} could not be read" if rejected else said
