"""The task behind a validation: have a child process check the rows, then store what it found as files of the job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from headway.datasets.schemas import DatasetResponse
from headway.datasets.service import DatasetService
from headway.intake.parsing import ParsedPart, ParseOptions, ParseResult
from headway.intake.workbench import Span, Workbench
from headway.jobs.kinds import Done, JobKind, TaskContext
from headway.kit.clock import Clock
from headway.plurals import counted
from headway.rules.checks import KIND, CheckOrder
from headway.rules.schemas import Reference, RuleSetResponse
from headway.rules.service import RuleSetService
from headway.validations.checking.conditions import planned
from headway.validations.schemas import CheckedRule, NamedVersion, ValidationReport
from headway.validations.service import REPORT, referred

CHECK, STORE = Span(0, 90), Span(90, 100)
FAILING = "failing-rows.csv"

Referred = dict[int, NamedVersion]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is checked, and by what."""

    dataset: DatasetResponse
    rule_set: RuleSetResponse


class ValidateDataset:
    """Checks one dataset by one rule set. The worker itself reads nothing of the rows."""

    def __init__(
        self, datasets: DatasetService, rule_sets: RuleSetService, bench: Workbench, clock: Clock, max_bytes: int
    ) -> None:
        self._datasets = datasets
        self._rule_sets = rule_sets
        self._bench = bench
        self._clock = clock
        self._max_bytes = max_bytes

    def kind(self) -> JobKind[CheckOrder]:
        return JobKind(KIND, CheckOrder, self.run)

    async def run(self, context: TaskContext, order: CheckOrder) -> Done:
        asked = _Asked(
            await self._datasets.get_dataset(context.owner, order.dataset_id, order.version),
            await self._rule_sets.get(context.owner, order.rule_set_id, order.rule_set_version),
        )
        async with self._bench.spool(context) as folder:
            found, others = await self._check(context, order, asked.rule_set, folder)
            report = self._report(asked, found, others)
            await self._store(context, report, found.parts)
        return _done(report)

    async def _check(
        self, context: TaskContext, order: CheckOrder, rule_set: RuleSetResponse, folder: Path
    ) -> tuple[ParseResult, Referred]:
        stored = await self._datasets.get_stored(context.owner, order.dataset_id, order.version)
        total = {"unit": "rows", "done_units": 0, "total_units": stored.rows}
        await context.progress.report(CHECK.start, "Checking the rows", stage="check", **total)
        known = await referred(self._datasets, context.owner, planned(rule_set.rules, stored.columns, {}))
        others = {number: NamedVersion(id=_dataset(rule_set, number), name=name, version=version)
                  for number, (version, name, _) in known.items()}  # fmt: skip
        source = await self._bench.fetch(stored.key, folder)
        files = await self._fetch(context.owner, {each.id: each.version for each in others.values()}, folder)
        arguments: dict[str, Any] = {
            "columns": [column.to_json() for column in stored.columns],
            "rules": [rule.model_dump(mode="json", exclude_none=True) for rule in rule_set.rules],
            "references": {str(number): column.to_json() for number, (_, _, column) in known.items()},
            "max_bytes": self._max_bytes,
        }
        result = await self._bench.work(
            context, CHECK, source, "rows", folder / "out", ParseOptions(), others=files, arguments=arguments
        )
        return result, others

    async def _fetch(self, owner: str, versions: dict[UUID, int], folder: Path) -> dict[str, Path]:
        files = {}
        for dataset_id, version in versions.items():
            stored = await self._datasets.get_stored(owner, dataset_id, version)
            files[str(dataset_id)] = await self._bench.fetch(stored.key, folder)
        return files

    def _report(self, asked: _Asked, found: ParseResult, others: Referred) -> ValidationReport:
        dataset, rule_set, answer = asked.dataset, asked.rule_set, found.answer
        rules = [
            CheckedRule(rule=rule, count=count, reference=others.get(number))
            for number, (rule, count) in enumerate(zip(rule_set.rules, answer["counts"], strict=True))
        ]
        return ValidationReport(
            dataset=NamedVersion(id=dataset.id, name=dataset.name, version=dataset.version),
            rule_set=NamedVersion(id=rule_set.id, name=rule_set.name, version=rule_set.version),
            checked_at=self._clock.now(),
            rows=answer["rows"],
            failing_rows=answer["failing_rows"],
            rules=rules,
            issues=answer["issues"],
            file=FAILING if found.parts else None,
            file_rows=answer["file_rows"],
            file_note=_note(answer),
        )

    async def _store(self, context: TaskContext, report: ValidationReport, parts: list[ParsedPart]) -> None:
        await context.progress.report(STORE.start, "Storing the report", stage="store")
        for part in parts:
            await self._bench.store_file(context, STORE, part, FAILING, "text/csv")
        async with context.artifact(REPORT, "application/json") as file:
            await file.write(report.model_dump_json(indent=1).encode())


def _dataset(rule_set: RuleSetResponse, number: int) -> UUID:
    rule = rule_set.rules[number]
    assert isinstance(rule, Reference)  # noqa: S101 - only such rules are asked for
    return rule.dataset


def _note(answer: dict[str, Any]) -> str | None:
    """Return what the file of failing rows does not have, or has otherwise."""
    said = [answer["file_note"]] if answer.get("file_note") else []
    if 0 < answer["file_rows"] < answer["failing_rows"]:
        said.append(f"It has the first {answer['file_rows']:,} of {answer['failing_rows']:,} failing rows.")
    if answer["escaped_cells"]:
        cells = counted(answer["escaped_cells"], "cell begins", "cells begin")
        said.append(f"{cells} with an apostrophe, so that no spreadsheet program takes the text for a formula.")
    return " ".join(said) or None


def _done(report: ValidationReport) -> Done:
    broken, rules = report.issues, counted(len(report.rules), "rule")
    rows = counted(report.rows, "row")
    said = (
        f"{counted(report.failing_rows, 'row breaks', 'rows break')} {len(broken):,} of {rules}"
        if broken
        else f"{rows} keep to {rules}"
    )
    result = {
        "report": REPORT,
        "file": report.file,
        "rows": report.rows,
        "failing_rows": report.failing_rows,
        "rule_set": report.rule_set.model_dump(mode="json"),
        "version": report.dataset.version,
        "issues": [{"rule": issue.rule, "code": issue.code, "count": issue.count} for issue in broken],
    }
    if report.file_note:
        result["file_note"] = report.file_note
    return Done(said, result, "partial" if broken else "succeeded")
