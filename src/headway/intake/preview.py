"""What a file looks like, from its first block and some lines of its middle. Runs inside the sandbox only.

A small file of the same format is made of what there is, and goes through the parser that the whole one will go through.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headway.datasets.filters import ask
from headway.datasets.reader import RowsReader
from headway.errors import AppError
from headway.intake import pipeline
from headway.intake.archives import Budget, unpack_beginning
from headway.intake.codecs import MAGIC_BYTES, codec_of
from headway.intake.detection import ARCHIVE, HEAD_BYTES, detect, inner_name
from headway.intake.formats.workbook import OPENERS, list_sheets
from headway.intake.known_bytes import not_sent
from headway.intake.members import archive_decision, choose, naming
from headway.intake.parsing import Decision, ParsedPart, ParseRequest, ParseResult, Report
from headway.intake.preview_errors import PreviewNeedsWhole
from headway.intake.zip_archive import MAX_RATIO, Member, reading_archive

SAMPLE_BYTES = 1024 * 1024
"""What is looked at of the beginning, unpacked."""

SHOWN_ROWS = 100
PARQUET_ROWS = 1_000
WORKBOOK_ROWS = 5_000
SHOWN_REJECTED = 20


def run(request: ParseRequest, report: Report) -> ParseResult:
    """Return, as an answer, the first rows with what is known of the file."""
    try:
        return _run(request, report)
    except AppError as error:
        if not_sent(error):
            raise PreviewNeedsWhole("What was sent of the file does not reach to its first rows.") from error
        raise


def _run(request: ParseRequest, report: Report) -> ParseResult:
    begin = _unpacked(request, is_whole=bool(request.arguments["is_whole"]))
    found = detect(begin.path, begin.file_name, request.options.format)
    sample = _sample(request, begin.path, found.format, cut=begin.is_cut)
    folder = request.output_dir / "parsed"
    folder.mkdir()
    options = replace(request.options, format=found.format)
    inner = replace(
        request, source=sample, file_name=begin.file_name, output_dir=folder, options=options,
        is_derived=sample != request.source, ranges=request.ranges if sample == request.source else [],
        sample_rows=WORKBOOK_ROWS,
    )  # fmt: skip
    parsed = pipeline.parse(inner, report)
    number = 0 if begin.tables else min(int(request.arguments["part"]), len(parsed.parts) - 1)
    part = parsed.parts[number]
    part = replace(part, decisions=[*begin.decisions, *part.decisions])
    answer = {
        "is_sample": sample != begin.path or begin.is_cut or part.is_sample,
        "format": found.format,
        "tables": [*begin.tables, *_sheets(inner, found.format, part)],
    }
    return ParseResult(found.format, [], {**answer, **_told(part, folder)})


def _sheets(request: ParseRequest, kind: str, part: ParsedPart) -> list[dict[str, Any]]:
    """Return every sheet of a workbook, by its name, with what could be said against it."""
    sheets = list_sheets(request, kind) if kind in OPENERS else []
    return [
        {
            "kind": "sheet",
            "name": sheet.name,
            "note": "hidden" if sheet.hidden else None if sheet.kind == "cells" else sheet.kind,
            "is_table": sheet.kind == "cells",
            "is_shown": sheet.name == part.name,
        }
        for sheet in sheets
    ]


def _told(part: ParsedPart, folder: Path) -> dict[str, Any]:
    reader = RowsReader([folder], folder / "scratch")
    shown = {}
    for values in ("typed", "written"):
        question = ask(part.columns, offset=0, limit=SHOWN_ROWS, written=values == "written")
        shown[values] = reader.read(part.path, question).rows
    return {
        "rows_read": part.rows,
        "rejected_rows": part.rejected_rows,
        "rejected": _rejected(part),
        "columns": [column.to_json() for column in part.columns],
        "rows": shown["typed"],
        "written": shown["written"],
        "decisions": [
            {"subject": d.subject, "value": d.value, "evidence": d.evidence, "runner_up": d.runner_up}
            for d in part.decisions
        ],
    }


def _rejected(part: ParsedPart) -> list[dict[str, Any]]:
    if part.rejects_path is None:
        return []
    with pq.ParquetFile(part.rejects_path) as file:
        first = next(file.iter_batches(SHOWN_REJECTED), None)
    rows = [] if first is None else first.to_pylist()
    return [{"row": row["record"], "reason": row["reason"], "raw": (row["raw"] or "")[:200]} for row in rows]


# -------------------------------------------------------------------------------------------------- unpacking


@dataclass(frozen=True, slots=True)
class _Beginning:
    """What a file holds, unpacked as far as a preview needs it. `is_cut` says that there is more."""

    path: Path
    file_name: str
    is_cut: bool
    decisions: list[Decision]
    tables: list[dict[str, Any]] = field(default_factory=list)


def _unpacked(request: ParseRequest, *, is_whole: bool) -> _Beginning:
    """Return the beginning of what the file holds; of an archive, that of the first member which would be imported."""
    if request.ranges and not _is_zip(request.source):
        raise PreviewNeedsWhole("Of a file that is no ZIP container some ranges of bytes say nothing.")
    outer = _uncompressed(
        _Beginning(request.source, request.file_name, not is_whole, []), request.output_dir / "unpacked"
    )
    if detect(outer.path, outer.file_name).format != ARCHIVE:
        return outer
    if outer.is_cut:
        raise PreviewNeedsWhole("What is in an archive is listed at its end.")
    ranges = request.ranges if outer.path == request.source else []
    with reading_archive(outer.path, Budget(request.max_unpacked_bytes, MAX_RATIO), ranges) as archive:
        chosen = choose(archive, request.options)
        number = min(int(request.arguments["part"]), len(chosen.members) - 1)
        member, target = chosen.members[number], request.output_dir / "member"
        with naming(member):
            is_all = archive.beginning(member, target, SAMPLE_BYTES)
        decisions = [*outer.decisions, archive_decision(archive), chosen.decision(member)]
        tables = [_listed(each, member) for each in archive.members]
    inner = _Beginning(target, member.file_name, not is_all, decisions, tables)
    return _uncompressed(inner, request.output_dir / "unpacked-member")


def _is_zip(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _listed(member: Member, shown: Member) -> dict[str, Any]:
    note = None if member.is_table else member.note
    return {
        "kind": "member", "name": member.name, "note": note, "is_table": member.is_table, "is_shown": member is shown,
    }  # fmt: skip


def _uncompressed(packed: _Beginning, target: Path) -> _Beginning:
    with packed.path.open("rb") as file:
        codec = codec_of(file.read(MAGIC_BYTES))
    if codec is None:
        return packed
    is_all = unpack_beginning(packed.path, target, codec, SAMPLE_BYTES)
    said = Decision("compression", codec.name, f"The file starts with the signature of {codec.name}.")
    is_cut = packed.is_cut or not is_all
    return replace(
        packed,
        path=target,
        file_name=inner_name(packed.file_name),
        is_cut=is_cut,
        decisions=[*packed.decisions, said],
    )


# --------------------------------------------------------------------------------------------------- sampling


def _sample(request: ParseRequest, source: Path, found: str, *, cut: bool) -> Path:
    """Return a small file of the same format; the file itself where that is small and whole."""
    target = request.output_dir / "sample"
    if found == "parquet" and not cut:
        return _first_of_parquet(source, target)
    is_small = source.stat().st_size <= SAMPLE_BYTES
    if is_small and not cut:
        return source
    match found:
        case "delimited":
            target.write_bytes(_lines(source) + _middle_lines(request, source))
        case "ndjson":
            target.write_bytes(_lines(source))
        case "json":
            target.write_bytes(_closed(_head(source)))
        case _:
            if cut:
                raise PreviewNeedsWhole(f"Of a file of format {found} the beginning alone says nothing.")
            return source
    return target


def _head(source: Path) -> bytes:
    with source.open("rb") as file:
        return file.read(SAMPLE_BYTES)


def _lines(source: Path) -> bytes:
    """Return the beginning up to its last line end; all of it where there is none."""
    head = _head(source)
    # In UTF-16 a line end takes two bytes, and half of it would be no character.
    for mark, width in ((b"\xff\xfe", 2), (b"\xfe\xff", 2)):
        if head.startswith(mark):
            end = max(head.rfind(b"\n\x00"), head.rfind(b"\x00\n")) + width
            return head[: end - end % width] if end > width else head
    end = max(head.rfind(b"\n"), head.rfind(b"\r")) + 1
    return head[:end] if end else head


def _middle_lines(request: ParseRequest, source: Path) -> bytes:
    """Return whole lines of the middle that have as many cells as the first ones; a cell may begin or end anywhere."""
    blocks = [path.read_bytes() for name, path in sorted(request.others.items()) if name.startswith("middle")]
    if not blocks or source != request.source:
        return b""
    first = next(csv.reader(io.StringIO(_head(source)[:HEAD_BYTES].decode("latin-1"))), [])
    mark = request.options.delimiter or max(",;\t|", key=lambda each: ",".join(first).count(each))
    found = [line for block in blocks for line in block.split(b"\n")[1:-1] if b'"' not in line]
    wanted = _usual(found, mark.encode("utf-8", "replace"))
    kept = [line for line in found if line.count(mark.encode()) == wanted]
    return b"".join(line + b"\n" for line in kept)


def _usual(lines: list[bytes], mark: bytes) -> int:
    counts = [line.count(mark) for line in lines]
    return max(set(counts), key=counts.count) if counts else 0


_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
"""A string, which the cut may have left open, or a bracket."""

_CLOSING = {b"[": b"]", b"{": b"}"}


def _closed(head: bytes) -> bytes:
    """Return a cut JSON text up to the last element of an array that is whole, with everything closed that is open."""
    open_now: list[bytes] = []
    best, best_open = 0, list[bytes]()
    for token in _TOKEN.finditer(head):
        said = token[0]
        if said in _CLOSING:
            open_now.append(said)
        elif said in {b"]", b"}"} and open_now:
            open_now.pop()
        if said in {b"}", b"]"} and open_now and open_now[-1] == b"[":
            best, best_open = token.end(), list(open_now)
    if not best:
        return head
    return head[:best] + b"".join(_CLOSING[each] for each in reversed(best_open))


def _first_of_parquet(source: Path, target: Path) -> Path:
    """Write the first rows of a Parquet file as one; what cannot be read that way is left to the parser to say."""
    try:
        with pq.ParquetFile(source) as file:
            if file.metadata.num_rows <= PARQUET_ROWS:
                return source
            batch = next(file.iter_batches(PARQUET_ROWS), None)
            pq.write_table(pa.Table.from_batches([] if batch is None else [batch], file.schema_arrow), target)
    except (pa.ArrowException, OSError):
        return source
    return target
