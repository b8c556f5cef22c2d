"""From one file to its tables, also where it is an archive of several files. Runs inside the sandbox only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from headway.intake.archives import Budget
from headway.intake.detection import ARCHIVE, detect
from headway.intake.members import MAX_DATASETS, archive_decision, choose, naming, part_name
from headway.intake.merging.unite import unite
from headway.intake.parsing import Decision, ParsedPart, ParseProgress, ParseRequest, ParseResult, Report
from headway.intake.pipeline import UNPACKED, between, numbered, parse_found, uncompressed
from headway.intake.text_errors import TooManyTables
from headway.intake.zip_archive import MAX_RATIO, Archive, Member, reading_archive

_UNITING = 0.8
"""Share of the progress after which the tables of an archive are united."""


def parse(request: ParseRequest, report: Report) -> ParseResult:
    """Return the tables in a file. Raises the `AppError` that says what is wrong with it."""
    request, unpacking = uncompressed(request, report)
    report = between(report, UNPACKED if unpacking else 0.0, 1.0)
    found = detect(request.source, request.file_name, request.options.format)
    if found.format == ARCHIVE:
        return _parse_archive(request, unpacking, report)
    return parse_found(found, request, unpacking, report)


def _parse_archive(request: ParseRequest, unpacking: list[Decision], report: Report) -> ParseResult:
    """Parse the members that are wanted, one after another, so that only one of them is unpacked at any time."""
    with reading_archive(request.source, Budget(request.max_unpacked_bytes, MAX_RATIO)) as archive:
        chosen = choose(archive, request.options)
        said = [*unpacking, archive_decision(archive)]
        results = []
        end = _UNITING if request.options.unite else 1.0
        for number, (member, share) in enumerate(_shares(chosen.members, report, end)):
            folder = request.output_dir / f"member-{number}"
            folder.mkdir()
            with naming(member):
                result = _parse_member(archive, member, replace(request, output_dir=folder), share)
            results.append((member, _saying(result, [*said, chosen.decision(member)])))
    named = _named(results)
    if request.options.unite and len(named) > 1:
        united = unite(named, request.output_dir, Path(request.file_name).stem, between(report, _UNITING, 1.0))
        named = [replace(united, decisions=[*said, *united.decisions])]
    if len(named) > MAX_DATASETS:
        raise TooManyTables(f"The archive holds {len(named):,} tables; one import makes at most {MAX_DATASETS}.")
    parts = [numbered(part, number, request.output_dir, []) for number, part in enumerate(named)]
    return ParseResult(results[0][1].format, parts)


def _parse_member(archive: Archive, member: Member, request: ParseRequest, report: Report) -> ParseResult:
    source = request.output_dir / "member"
    for share in archive.extract(member, source):
        report(ParseProgress(UNPACKED * share, 0, f"Unpacking {member.file_name}"))
    inner = replace(request, source=source, file_name=member.file_name, is_derived=True)
    inner, unpacking = uncompressed(inner, _silent)
    found = detect(inner.source, inner.file_name, inner.options.format)
    result = parse_found(found, inner, unpacking, between(report, UNPACKED, 1.0))
    for path in {source, inner.source}:
        path.unlink()
    return result


def _named(results: list[tuple[Member, ParseResult]]) -> list[ParsedPart]:
    """Return all tables, called by their members where there are several."""
    if len(results) == 1:
        return results[0][1].parts
    return [
        replace(part, name=part_name(member, part.name, alone=len(result.parts) == 1))
        for member, result in results
        for part in result.parts
    ]


def _saying(result: ParseResult, decisions: list[Decision]) -> ParseResult:
    parts = [replace(part, decisions=[*decisions, *part.decisions]) for part in result.parts]
    return replace(result, parts=parts)


def _shares(members: list[Member], report: Report, end: float) -> Iterator[tuple[Member, Report]]:
    """Yield each member with a report of its own, which moves the whole by its share of the bytes."""
    size = max(1, sum(member.size for member in members))
    done = 0
    for member in members:
        yield member, between(report, end * done / size, end * (done + member.size) / size)
        done += member.size


def _silent(_progress: ParseProgress) -> None:
    return
