"""The task behind an export: have a child process write the file, then store it as a file of the job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headway.datasets.service import DatasetService, StoredRows
from headway.exports.schemas import MEDIA_TYPES, ExportOrder
from headway.exports.service import KIND
from headway.intake.parsing import ParsedPart, ParseOptions
from headway.intake.workbench import Span, Workbench
from headway.jobs.kinds import Done, JobKind, TaskContext
from headway.plurals import counted

WRITE, STORE = Span(0, 85), Span(85, 100)


class ExportDataset:
    """Writes one file of one dataset. The worker itself reads nothing of the rows."""

    def __init__(self, datasets: DatasetService, bench: Workbench, max_bytes: int) -> None:
        self._datasets = datasets
        self._bench = bench
        self._max_bytes = max_bytes

    def kind(self) -> JobKind[ExportOrder]:
        return JobKind(KIND, ExportOrder, self.run)

    async def run(self, context: TaskContext, order: ExportOrder) -> Done:
        stored = await self._datasets.get_stored(context.owner, order.dataset_id, order.version)
        async with self._bench.spool(context) as folder:
            part, told = await self._write(context, order, stored, folder)
            await self._store(context, order, part)
        result = {"file": order.name, "format": order.request.format, "rows": part.rows, **told}
        return Done("; ".join(filter(None, (counted(part.rows, "row"), _said(told)))), result)

    async def _write(
        self, context: TaskContext, order: ExportOrder, stored: StoredRows, folder: Path
    ) -> tuple[ParsedPart, dict[str, Any]]:
        of_all = {} if order.request.filter or order.request.q else {"total_units": stored.rows}
        await context.progress.report(
            WRITE.start, "Writing the file", stage="write", unit="rows", done_units=0, **of_all
        )
        source = await self._bench.fetch(stored.key, folder)
        arguments = {
            "columns": [column.to_json() for column in stored.columns],
            "request": order.request.model_dump(mode="json"),
            "max_bytes": self._max_bytes,
        }
        result = await self._bench.work(
            context, WRITE, source, order.name, folder / "out", ParseOptions(), arguments=arguments
        )
        return result.parts[0], {name: count for name, count in result.answer.items() if count}

    async def _store(self, context: TaskContext, order: ExportOrder, part: ParsedPart) -> None:
        await context.progress.report(STORE.start, "Storing the file", stage="store")
        await self._bench.store_file(context, STORE, part, order.name, MEDIA_TYPES[order.request.format])


def _said(told: dict[str, Any]) -> str:
    """Return what the format did not keep, for people."""
    words = {
        "replaced_characters": ("character replaced", "characters replaced"),
        "cut_cells": ("cell cut", "cells cut"),
        "escaped_cells": ("cell with an apostrophe before a formula", "cells with an apostrophe before a formula"),
        "sheets": ("sheet", "sheets"),
    }
    return ", ".join(counted(told[name], *pair) for name, pair in words.items() if name in told)
