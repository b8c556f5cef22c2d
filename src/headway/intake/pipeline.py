"""From one file to its tables: uncompress it, detect what it is, parse it. Runs inside the sandbox only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from headway.intake.archives import unpack
from headway.intake.codecs import MAGIC_BYTES, codec_of
from headway.intake.detection import ARCHIVE, Detected, detect, inner_name
from headway.intake.errors import ArchiveNested
from headway.intake.formats import columnar, delimited, json_rows, workbook
from headway.intake.parsing import Decision, ParsedPart, ParseProgress, ParseRequest, ParseResult, Report

Parser = Callable[[ParseRequest, Path, Report], ParsedPart | list[ParsedPart]]

PARSERS: dict[str, Parser] = {
    "delimited": delimited.parse,
    "xlsx": workbook.parse_xlsx,
    "xlsb": workbook.parse_xlsb,
    "xls": workbook.parse_xls,
    "ods": workbook.parse_ods,
    "fods": workbook.parse_fods,
    "json": json_rows.parse,
    "ndjson": json_rows.parse_lines,
    "parquet": columnar.parse_parquet,
    "arrow": columnar.parse_arrow,
}
"""How each format is read. The keys are what `ParseOptions.format` may say."""

UNPACKED = 0.15
"""Share of the progress that unpacking takes, where there is something to unpack."""


def parse(request: ParseRequest, report: Report) -> ParseResult:
    """Return the tables in a file that is no archive. Raises the `AppError` that says what is wrong with it."""
    request, unpacking = uncompressed(request, report)
    found = detect(request.source, request.file_name, request.options.format)
    return parse_found(found, request, unpacking, between(report, UNPACKED if unpacking else 0.0, 1.0))


def parse_found(found: Detected, request: ParseRequest, decisions: list[Decision], report: Report) -> ParseResult:
    """Return the tables in a file of a known format. The files of the parts have their numbers as names."""
    if found.format == ARCHIVE:
        raise ArchiveNested("There is an archive inside of the archive.")
    parsed = PARSERS[found.format](request, request.source, report)
    parts = parsed if isinstance(parsed, list) else [parsed]
    said = [*decisions, *found.decisions]
    return ParseResult(found.format, [numbered(part, n, request.output_dir, said) for n, part in enumerate(parts)])


def uncompressed(request: ParseRequest, report: Report) -> tuple[ParseRequest, list[Decision]]:
    """Return the request with an uncompressed source, and the decision about it."""
    with request.source.open("rb") as file:
        codec = codec_of(file.read(MAGIC_BYTES))
    if codec is None:
        return request, []
    target = request.output_dir / "unpacked"
    size = unpack(
        request.source,
        target,
        codec,
        request.max_unpacked_bytes,
        lambda share: report(ParseProgress(UNPACKED * share, 0, "Unpacking")),
    )
    decision = Decision(
        "compression", codec.name, f"The file starts with the signature of {codec.name}; it unpacks to {size:,} bytes."
    )
    return replace(request, source=target, file_name=inner_name(request.file_name), is_derived=True), [decision]


def between(report: Report, start: float, end: float) -> Report:
    """Return a report that maps 0..1 to `start`..`end`."""
    return lambda progress: report(replace(progress, fraction=start + (end - start) * progress.fraction))


def numbered(part: ParsedPart, number: int, folder: Path, decisions: list[Decision]) -> ParsedPart:
    """Return the part with its files under its own number, because each parser names them as if it were alone."""
    path = part.path.rename(folder / f"{number}.parquet")
    rejects = part.rejects_path and part.rejects_path.rename(folder / f"{number}.rejects")
    return replace(part, path=path, rejects_path=rejects, decisions=[*decisions, *part.decisions])
