"""What a child process can be asked to do with files. Runs inside the sandbox only."""

from __future__ import annotations

from collections.abc import Callable

from headway.intake import archive_tables, preview
from headway.intake.merging import compare, merge, repair
from headway.intake.parsing import Operation, ParseRequest, ParseResult, Report

OPERATIONS: dict[Operation, Callable[[ParseRequest, Report], ParseResult]] = {
    "parse": archive_tables.parse,
    "preview": preview.run,
    "merge": merge.run,
    "compare": compare.run,
    "repair": repair.run,
}


def run(request: ParseRequest, report: Report) -> ParseResult:
    """Do what is asked. Raises the `AppError` that says what is wrong."""
    return OPERATIONS[request.operation](request, report)
