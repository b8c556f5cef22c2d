"""What a child process can be asked to do with files. Runs inside the sandbox only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from headway.intake import archive_tables, preview
from headway.intake.merging import compare, merge, repair
from headway.intake.parsing import Operation, ParsedPart, ParseProgress, ParseRequest, ParseResult, Report
from headway.intake.profiling import profiled

OPERATIONS: dict[Operation, Callable[[ParseRequest, Report], ParseResult]] = {
    "parse": archive_tables.parse,
    "preview": preview.run,
    "merge": merge.run,
    "compare": compare.run,
    "repair": repair.run,
}

MAKING: set[Operation] = {"parse", "merge", "repair"}
"""Those that make tables which may become versions of a dataset. Such a table is described once it is whole."""

MADE = 0.92
"""Share of the work after which tables are made."""


def run(request: ParseRequest, report: Report) -> ParseResult:
    """Do what is asked. Raises the `AppError` that says what is wrong."""
    work = OPERATIONS[request.operation]
    if request.operation not in MAKING:
        return work(request, report)
    result = work(request, _between(report, 0.0, MADE))
    share = (1 - MADE) / max(1, len(result.parts))
    parts: list[ParsedPart] = []
    for number, part in enumerate(result.parts):
        told = _between(report, MADE + number * share, MADE + (number + 1) * share)
        parts.append(replace(part, profile=profiled(request, part, told)))
    return replace(result, parts=parts)


def _between(report: Report, start: float, end: float) -> Report:
    """Return a report that maps 0..1 to a part of the whole work."""
    return lambda progress: report(
        ParseProgress(start + (end - start) * progress.fraction, progress.rows, progress.message)
    )
