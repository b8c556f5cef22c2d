"""From one file to its table: unpack it, detect what it is, parse it. Runs inside the sandbox only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from headway.intake.archives import gunzip
from headway.intake.detection import HEAD_BYTES, Detected, detect, inner_name, looks_compressed
from headway.intake.formats import columnar, delimited, json_rows, workbook
from headway.intake.parsing import Decision, ParsedPart, ParseProgress, ParseRequest, ParseResult, Report

Parser = Callable[[ParseRequest, Path, Report], ParsedPart]

PARSERS: dict[str, Parser] = {
    "delimited": delimited.parse,
    "xlsx": workbook.parse_xlsx,
    "xls": workbook.parse_xls,
    "json": json_rows.parse,
    "ndjson": json_rows.parse_lines,
    "parquet": columnar.parse_parquet,
    "arrow": columnar.parse_arrow,
}
"""How each format is read. The keys are what `ParseOptions.format` may say."""

UNPACKED = 0.15
"""Share of the progress that unpacking takes, where there is something to unpack."""


def parse(request: ParseRequest, report: Report) -> ParseResult:
    """Return the tables in a file. Raises the `AppError` that says what is wrong with it."""
    request, unpacking = _unpack(request, report)
    found = detect(request.source, request.file_name, request.options.format)
    part = PARSERS[found.format](request, request.source, _scaled(report, UNPACKED if unpacking else 0.0))
    return ParseResult(found.format, [_explained(part, unpacking, found)])


def _unpack(request: ParseRequest, report: Report) -> tuple[ParseRequest, list[Decision]]:
    """Return the request with an uncompressed source, and the decision about it."""
    with request.source.open("rb") as file:
        if not looks_compressed(file.read(HEAD_BYTES)):
            return request, []
    target = request.output_dir / "unpacked"
    size = gunzip(
        request.source,
        target,
        request.max_unpacked_bytes,
        lambda share: report(ParseProgress(UNPACKED * share, 0, "Unpacking")),
    )
    decision = Decision(
        "compression", "gzip", f"The file starts with the gzip signature; it unpacks to {size:,} bytes."
    )
    return replace(request, source=target, file_name=inner_name(request.file_name)), [decision]


def _scaled(report: Report, start: float) -> Report:
    """Return a report that maps 0..1 to what is left after `start`."""
    return lambda progress: report(replace(progress, fraction=start + (1 - start) * progress.fraction))


def _explained(part: ParsedPart, unpacking: list[Decision], found: Detected) -> ParsedPart:
    return replace(part, decisions=[*unpacking, *found.decisions, *part.decisions])
