"""The tasks that change a dataset: a file is added to it, or its own files are read otherwise.

A change is prepared for the version that the dataset shows. Where that is another one by the time the change is to be
applied, the file is merged once more, into what the dataset shows then; a reading of its own files ends instead.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from headway.datasets.changes import Base, Candidate, DatasetChanges, Order, Settled, Source
from headway.datasets.columns import Column
from headway.datasets.correction import CorrectionLayout
from headway.datasets.errors import DatasetMoved
from headway.datasets.rejections import delimiter_of, rejects_key_of
from headway.intake import queries
from headway.intake.changes.words import decision_of, is_same, said_of
from headway.intake.errors import MergeManyTables
from headway.intake.models import Import
from headway.intake.parsing import Decision, ParsedPart
from headway.intake.schemas import ImportOptions
from headway.intake.workbench import Span, Workbench
from headway.jobs.execution import Task, TaskContext
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database
from headway.rules.checks import Checkable, DatasetChecks

MOST_TRIES = 20
"""How often a file is merged anew because the dataset changed meanwhile."""

PARSE_ADDED, MERGE = Span(40, 65), Span(65, 85)
REPAIR = "repair"
READ, COMPARE, STORED = Span(0, 65), Span(65, 85), 90


@dataclass(frozen=True, slots=True)
class _Made:
    """A table in the working folder, what it would change, and the files behind it."""

    part: ParsedPart
    summary: dict[str, Any]
    sources: list[Source]
    decisions: list[dict[str, Any]]


class ChangeDataset:
    """Prepares changes, and applies or proposes them in the transaction that ends their job."""

    def __init__(
        self,
        database: Database,
        jobs: JobMonitoringService,
        changes: DatasetChanges,
        bench: Workbench,
        checks: DatasetChecks,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._changes = changes
        self._bench = bench
        self._checks = checks

    def reparse_task(self) -> Task:
        return Task(run=self.reparse)

    async def add_file(self, context: TaskContext, record: Import) -> None:
        """Bring an uploaded file into the dataset that its options name."""
        order = await self._order(context)
        for tries in range(1, MOST_TRIES + 1):
            try:
                await self._once(context, order, record)
            except DatasetMoved:
                if tries == MOST_TRIES:
                    raise
            else:
                return

    async def reparse(self, context: TaskContext) -> None:
        """Read the files of a dataset otherwise."""
        async with self._database.read() as session:
            record = await queries.get_import(session, context.job_id)
        await self._once(context, await self._order(context), record)

    async def _order(self, context: TaskContext) -> Order:
        order = await self._changes.find_order(context.job_id)
        assert order is not None  # noqa: S101 - it was noted in the transaction that accepted the job
        return order

    async def _once(self, context: TaskContext, order: Order, record: Import) -> None:
        base = await self._changes.get_base(record.user_id, order.dataset_id)
        prepared = await context.checkpoint(
            f"change-{base.number}",
            lambda: self._prepare(context, order, base, record),
            lambda kept: self._bench.are_stored([kept["part"]]),
        )
        await context.progress.report(STORED, "Changing the dataset", stage="publish")
        await self._settle(context, record, order, base, prepared)

    # -------------------------------------------------------------------------------------------- prepare

    async def _prepare(self, context: TaskContext, order: Order, base: Base, record: Import) -> dict[str, Any]:
        async with self._bench.spool(context) as folder:
            work = _Work(self._bench, context, order, base, folder)
            made = await (work.read_again() if order.action == "reparse" else work.add(record))
            await context.progress.report(COMPARE.end, "Storing rows", stage="store")
            part = await self._bench.store_part(context, f"version-after-{base.number}", made.part)
        sources = [source.to_json() for source in made.sources]
        return {"part": part, "summary": made.summary, "sources": sources, "decisions": made.decisions}

    # --------------------------------------------------------------------------------------------- settle

    async def _settle(
        self, context: TaskContext, record: Import, order: Order, base: Base, prepared: dict[str, Any]
    ) -> None:
        """Apply or propose the change and complete the job, all or nothing. A zombie's lease makes the whole fail."""
        candidate = _candidate(prepared, base)
        async with self._database.write() as session:
            # The job's row first, everywhere; who holds its lease is who may go on.
            await self._jobs.progress_in(session, context.job_id, None, lease=context.lease)
            settled = await self._changes.settle_in(session, record.user_id, order, base, candidate)
            shown = Checkable(order.dataset_id, base.name, settled.version or base.number)
            checks = await self._checks.follow_in(session, record.user_id, record.options.get("rule_set"), [shown])
            await self._jobs.finish_in(
                session,
                context.lease,
                outcome="partial" if candidate.rejected_rows else "succeeded",
                related_dataset_id=order.dataset_id,
                message=said_of(order.action, settled.state, candidate.summary),
                stage="done",
                done_units=candidate.rows,
                total_units=candidate.rows + candidate.rejected_rows,
                failed_units=candidate.rejected_rows,
                unit="rows",
                result={**_result(order, base, candidate, settled), **checks},
            )
        await self._changes.discard_objects(settled.unused)


class _Work:
    """One preparation in one folder."""

    def __init__(self, bench: Workbench, context: TaskContext, order: Order, base: Base, folder: Path) -> None:
        self._bench = bench
        self._context = context
        self._order = order
        self._base = base
        self._folder = folder
        self._count = 0

    async def add(self, record: Import) -> _Made:
        """Read the file that came, and merge it into the base or put it in its place."""
        await self._context.progress.report(PARSE_ADDED.start, "Reading the file", stage="parse")
        source = Source(
            record.id, 0, self._order.action, record.options, record.original_key,
            {"file_name": record.file_name, "format": "", "sha256": record.sha256, "bytes": record.size_bytes},
        )  # fmt: skip
        new, source = await self._read(source, PARSE_ADDED)
        await self._context.progress.report(MERGE.start, "Comparing with the dataset", stage="merge")
        if self._order.action == "replace":
            summary = await self._compare(new, MERGE)
            return _Made(new, summary, [source], _decisions(new.decisions))
        merge = self._repair if self._order.action == REPAIR else self._merge
        part, summary = await merge(await self._base_part(), new, source, len(self._base.sources), MERGE)
        added = decision_of(self._order.action, source.source["file_name"], summary)
        return _Made(part, summary, [*self._base.sources, source], [*self._base.version.decisions, added])

    async def read_again(self) -> _Made:
        """Read every file of the base with the options that are to be others, merge them as they were, and compare."""
        await self._context.progress.report(READ.start, "Reading the file", stage="parse")
        sources = [_otherwise(source, self._order.asked) for source in self._base.sources]
        share = (READ.end - READ.start) // len(sources)
        part, first = await self._read(sources[0], Span(0, share))
        decisions, done = _decisions(part.decisions), [first]
        for number, each in enumerate(sources[1:], start=1):
            span = Span(number * share, (number + 1) * share)
            new, source = await self._read(each, span)
            merge = self._repair if source.action == REPAIR else self._merge
            part, summary = await merge(part, new, source, number, span)
            decisions.append(decision_of(source.action, source.source["file_name"], summary))
            done.append(source)
        await self._context.progress.report(COMPARE.start, "Comparing with the dataset", stage="compare")
        return _Made(part, await self._compare(part, COMPARE), done, decisions)

    async def _read(self, source: Source, span: Span) -> tuple[ParsedPart, Source]:
        """Return the table in a file, and the source with the format that was found."""
        path = await self._bench.fetch(source.original_key, self._folder)
        options = ImportOptions.model_validate(source.options).parse_options()
        if source.action == REPAIR:
            # What was corrected is read as text; what it means is said by the rows that it joins.
            options = replace(options, header=True, types=dict.fromkeys(self._correction_names(), "text"))
        name = str(source.source["file_name"])
        result = await self._bench.work(self._context, span, path, name, self._output_dir(), options)
        if source.part >= len(result.parts) or (source.action != "import" and len(result.parts) > 1):
            raise MergeManyTables(f"The file holds {len(result.parts):,} tables.", tables=len(result.parts))
        described = {**source.source, "format": result.format, **_dialect(result.parts[source.part])}
        known = Source(source.import_id, source.part, source.action, source.options, source.original_key, described)
        return result.parts[source.part], known

    async def _base_part(self) -> ParsedPart:
        """Return the rows of the base, as if they had just been read."""
        version = self._base.version
        rows = await self._bench.fetch(version.rows_key, self._folder)
        rejects_key = rejects_key_of(version)
        rejects = None if rejects_key is None else await self._bench.fetch(rejects_key, self._folder)
        columns = [Column.from_json(column) for column in version.columns]
        return ParsedPart("base", rows, version.rows, version.rejected_rows, columns, [], rejects)

    async def _merge(
        self, base: ParsedPart, new: ParsedPart, source: Source, number: int, span: Span
    ) -> tuple[ParsedPart, dict[str, Any]]:
        files = {"base": base.path, "base_rejects": base.rejects_path, "rejects": new.rejects_path}
        others = {name: path for name, path in files.items() if path is not None}
        arguments = {
            **_columns(base.columns, new.columns),
            "mode": source.action,
            "key": source.options.get("key", []),
            "source": number,
        }
        result = await self._bench.work(
            self._context, span, new.path, str(source.source["file_name"]), self._output_dir(),
            ImportOptions().parse_options(), operation="merge", others=others, arguments=arguments,
        )  # fmt: skip
        return result.parts[0], result.answer

    async def _repair(
        self, base: ParsedPart, sent: ParsedPart, source: Source, number: int, span: Span
    ) -> tuple[ParsedPart, dict[str, Any]]:
        """Bring corrected rows into their table; what was rejected of the file that carries them is left out."""
        files = {"base": base.path, "base_rejects": base.rejects_path}
        others = {name: path for name, path in files.items() if path is not None}
        arguments = {**_columns(base.columns, sent.columns), "delimiter": delimiter_of(self._base.version)}
        result = await self._bench.work(
            self._context, span, sent.path, str(source.source["file_name"]), self._output_dir(),
            ImportOptions().parse_options(), operation="repair", others=others, arguments=arguments,
        )  # fmt: skip
        unread = {"unreadable": sent.rejected_rows}
        return result.parts[0], {**result.answer, "repair": {**result.answer["repair"], **unread}}

    def _correction_names(self) -> list[str]:
        return CorrectionLayout.of([column["name"] for column in self._base.version.columns]).header

    async def _compare(self, new: ParsedPart, span: Span) -> dict[str, Any]:
        base = await self._base_part()
        arguments = _columns(base.columns, new.columns)
        result = await self._bench.work(
            self._context, span, new.path, "table", self._output_dir(), ImportOptions().parse_options(),
            operation="compare", others={"base": base.path}, arguments=arguments,
        )  # fmt: skip
        rejected = {"before": base.rejected_rows, "after": new.rejected_rows}
        return {**result.answer, "rejected_rows": rejected}

    def _output_dir(self) -> Path:
        self._count += 1
        return self._folder / f"out-{self._count}"


def _candidate(prepared: dict[str, Any], base: Base) -> Candidate:
    part, summary = prepared["part"], prepared["summary"]
    return Candidate(
        rows=part["rows"],
        rejected_rows=part["rejected_rows"],
        bytes=part["bytes"],
        rows_key=part["rows_key"],
        rejects_key=part["rejects_key"],
        columns=part["columns"],
        decisions=prepared["decisions"],
        sources=[Source.from_json(source) for source in prepared["sources"]],
        summary=summary,
        profile=part.get("profile"),
        is_same=is_same(summary) and part["rejected_rows"] == base.version.rejected_rows,
    )


def _result(order: Order, base: Base, candidate: Candidate, settled: Settled) -> dict[str, Any]:
    return {
        "datasets": [str(order.dataset_id)],
        "rows": candidate.rows,
        "rejected_rows": candidate.rejected_rows,
        "change": {
            "action": order.action,
            "state": settled.state,
            "base_version": base.number,
            "version": settled.version,
            "summary": candidate.summary,
        },
    }


def _dialect(part: ParsedPart) -> dict[str, Any]:
    """Return what it takes to take a rejected row of this file apart, where any was rejected."""
    if part.rejects_path is None:
        return {}
    found = [each.value for each in part.decisions if each.subject == "dialect" and isinstance(each.value, dict)]
    delimiter = found[0].get("delimiter") if found else None
    return {"delimiter": delimiter, "names": [column.name for column in part.columns]}


def _otherwise(source: Source, asked: dict[str, Any]) -> Source:
    options = source.options if source.action == REPAIR else {**source.options, **asked}
    return Source(source.import_id, source.part, source.action, options, source.original_key, source.source)


def _columns(base: list[Column], new: list[Column]) -> dict[str, Any]:
    return {
        "base_columns": [column.to_json() for column in base],
        "new_columns": [column.to_json() for column in new],
    }


def _decisions(found: list[Decision]) -> list[dict[str, Any]]:
    return [asdict(decision) for decision in found]
