"""The task behind an import: parse in the sandbox, store the rows, publish. Runs in a worker process."""

from __future__ import annotations

import errno
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from headway.datasets.columns import Column
from headway.datasets.service import DatasetService, PublishRequest
from headway.intake import queries
from headway.intake.errors import ParseCrashed, SpoolFull
from headway.intake.models import Import
from headway.intake.parsing import ParsedPart, ParseProgress, ParseRequest, ParseResult
from headway.intake.sandbox import ParseCancelled, Sandbox
from headway.intake.schemas import ImportOptions
from headway.jobs.errors import StaleLease
from headway.jobs.execution import Task, TaskCancelled, TaskContext, TaskCrashed
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from headway.storage.errors import ObjectMissing
from headway.storage.store import HasLocalFiles, ObjectStore

ACCEPTED, PARSED, STORED = 40, 70, 90


class ImportFile:
    """Imports one accepted file. Every output lies under the attempt's own key; publishing is one transaction."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        jobs: JobMonitoringService,
        datasets: DatasetService,
        sandbox: Sandbox,
        *,
        spool_dir: Path,
        max_unpacked_bytes: int,
        memory_bytes: int,
    ) -> None:
        self._database = database
        self._store = store
        self._jobs = jobs
        self._datasets = datasets
        self._sandbox = sandbox
        self._spool_dir = spool_dir
        self._max_unpacked_bytes = max_unpacked_bytes
        self._memory_bytes = memory_bytes

    def task(self) -> Task:
        return Task(run=self.run, restart_progress=ACCEPTED)

    async def run(self, context: TaskContext) -> None:
        async with self._database.read() as session:
            record = await queries.get_import(session, context.job_id)
        parts = await context.checkpoint("parse", lambda: self._parse_and_store(context, record), self._are_stored)
        await context.progress.report(STORED, "Creating the dataset", stage="publish")
        await self._publish(context, record, parts)

    async def _are_stored(self, parsed: dict[str, Any]) -> bool:
        """Say whether the rows that an earlier attempt stored are all there still."""
        try:
            for part in parsed["parts"]:
                await self._store.stat(part["rows_key"])
        except ObjectMissing:
            return False
        return True

    # ------------------------------------------------------------ parse and store

    async def _parse_and_store(self, context: TaskContext, record: Import) -> dict[str, Any]:
        """Parse the original and put its rows into the store; return what publishing needs, without any path."""
        async with self._spool(context) as folder:
            await context.progress.report(ACCEPTED, "Reading the file", stage="parse")
            result = await self._parse(context, record, await self._source(record, folder), folder)
            await context.progress.report(PARSED, "Storing rows", stage="store")
            parts = [
                await self._store_part(context, number, len(result.parts), part)
                for number, part in enumerate(result.parts)
            ]
            return {"format": result.format, "parts": parts}

    @asynccontextmanager
    async def _spool(self, context: TaskContext) -> AsyncIterator[Path]:
        folder = self._spool_dir / f"{context.job_id}-{context.lease.attempt}"
        try:
            folder.mkdir(parents=True)
            yield folder
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise SpoolFull from error
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _source(self, record: Import, folder: Path) -> Path:
        if isinstance(self._store, HasLocalFiles) and (path := self._store.local_path(record.original_key)):
            return path
        copy = folder / "original"
        await self._store.fetch_file(record.original_key, copy)
        return copy

    async def _parse(self, context: TaskContext, record: Import, source: Path, folder: Path) -> ParseResult:
        output_dir = folder / "out"
        output_dir.mkdir()
        request = ParseRequest(
            source=source,
            file_name=record.file_name,
            output_dir=output_dir,
            options=ImportOptions.model_validate(record.options).parse_options(),
            max_unpacked_bytes=self._max_unpacked_bytes,
            memory_bytes=self._memory_bytes,
        )

        async def on_progress(progress: ParseProgress) -> None:
            percent = ACCEPTED + int((PARSED - ACCEPTED - 1) * progress.fraction)
            await context.progress.report(percent, progress.message, done_units=progress.rows, unit="rows")

        try:
            return await self._sandbox.parse(request, on_progress, context.progress.stop)
        except ParseCancelled:
            raise (StaleLease() if context.progress.lost else TaskCancelled()) from None
        except ParseCrashed as crash:
            if "signal" in crash.data:
                # Killed from outside, or by a fault of memory: it may go well the next time.
                raise TaskCrashed(crash) from crash
            raise

    async def _store_part(self, context: TaskContext, number: int, of: int, part: ParsedPart) -> dict[str, Any]:
        context.raise_if_stopped()
        key = f"rows/{context.job_id}/{context.lease.attempt}/{number}.parquet"
        size = await self._store.put_file(part.path, key)
        rejects_key = None
        if part.rejects_path is not None:
            rejects_key = f"rows/{context.job_id}/{context.lease.attempt}/{number}.rejects"
            await self._store.put_file(part.rejects_path, rejects_key)
        percent = PARSED + (STORED - PARSED - 1) * (number + 1) // of
        await context.progress.report(percent, "Storing rows", done_units=part.rows, total_units=part.rows)
        return {
            "name": part.name,
            "rows": part.rows,
            "rejected_rows": part.rejected_rows,
            "bytes": size,
            "rows_key": key,
            "rejects_key": rejects_key,
            "columns": [column.to_json() for column in part.columns],
            "decisions": [
                {"subject": d.subject, "value": d.value, "evidence": d.evidence, "runner_up": d.runner_up}
                for d in part.decisions
            ],
        }

    # ------------------------------------------------------------------- publish

    async def _publish(self, context: TaskContext, record: Import, parsed: dict[str, Any]) -> None:
        """Create the datasets and complete the job, all or nothing. A zombie's lease makes the whole fail."""
        parts = parsed["parts"]
        async with self._database.write() as session:
            await self._jobs.hold_in(session, context.lease)
            ids = [
                await self._datasets.publish(session, _request(record, parsed, number, part, alone=len(parts) == 1))
                for number, part in enumerate(parts)
            ]
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
                unit="rows",
                result={"datasets": [str(dataset_id) for dataset_id in ids], "rows": rows, "rejected_rows": rejected},
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
    )


def _summary(rows: int, rejected: int) -> str:
    said = "1 row" if rows == 1 else f"{rows:,} rows"
    return f"{said}; {rejected:,} could not be read" if rejected else said
