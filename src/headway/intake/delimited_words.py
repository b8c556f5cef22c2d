"""What is said about a text table: how it was read and why, what was repaired, and what does not fit it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from headway.intake.dialect import Dialect
from headway.intake.encoding import EncodingFinding
from headway.intake.parsing import Decision
from headway.intake.rejects import MISMATCH, TAIL, TOO_FEW, TOO_MANY, IssueGroup, RejectsFile
from headway.intake.text_cells import split
from headway.intake.text_reader import Table, Tally
from headway.intake.type_words import shown
from headway.plurals import counted

MOST_RENAMED = 100
MOST_TOKENS = 5
WIDEN_AT_MOST = 100
"""More columns than this are not offered for the sake of rows that are too long."""


def decisions_of(
    encoding: EncodingFinding, dialect: Dialect, tally: Tally, filled: IssueGroup, renamed: list[str]
) -> list[Decision]:
    """Return the decisions about the text as a whole, those about columns aside."""
    layout, rules = dialect.layout, dialect.rules
    value = {
        "delimiter": dialect.delimiter,
        "quote": chr(rules.quote) if rules.quote is not None else "",
        "escape": chr(rules.escape) if rules.escape is not None else None,
        "comment": rules.comment.decode() if rules.comment else None,
    }
    evidence = " ".join([f"{dialect.shown}: {dialect.evidence}", *dialect.notes])
    found = [
        Decision("encoding", encoding.name, encoding.evidence, encoding.runner_up),
        Decision("dialect", value, evidence, dialect.runner_up),
        Decision("header", layout.header_rows > 0, layout.evidence, layout.runner_up),
    ]
    if layout.header_rows > 1:
        found.append(Decision("header", {"rows": layout.header_rows}, "the names of two rows were put together"))
    if layout.skipped_lines:
        lines = "; ".join(shown(line) for line in layout.skipped)
        said = (
            f"lines before the table were left out: {lines}" if lines else "blank lines before the table were left out"
        )
        found.append(Decision("rows", {"skipped_lines": layout.skipped_lines}, said))
    if renamed:
        said = "names that were empty or occurred twice were made unique"
        found.append(Decision("header", {"renamed": renamed[:MOST_RENAMED]}, said))
    return [*found, *_repairs(tally, filled)]


def _repairs(tally: Tally, filled: IssueGroup) -> list[Decision]:
    found = []
    wide = "had more cells than the table has columns, all of them empty; these were left out"
    for name, count, words in (
        ("blank_lines", tally.blank, ("line without anything was left out", "lines without anything were left out")),
        ("comment_lines", tally.comments, ("line that is a comment was left out", "lines that are comments were left out")),
        ("extra_empty_cells", tally.repaired["extra_empty_cells"], (f"row {wide}", f"rows {wide}")),
    ):  # fmt: skip
        if count:
            found.append(Decision("rows", {name: count}, counted(count, *words)))
    if filled.count:
        value = {"missing_last_cells": filled.count, "rows": filled.ranges, "more_rows": filled.more_ranges}
        said = f"{counted(filled.count, 'row')} had fewer cells than the table has columns"
        found.append(Decision("rows", value, f"{said}; the cells that are there fit, so the last ones are empty"))
    return found


# ------------------------------------------------------------------------------------------------------ issues


def issues_of(rejects: RejectsFile, table: Table) -> list[Decision]:
    """Return what does not fit, by code and column, each with suggestions that were tried on all of the rows."""
    if not rejects.count:
        return []
    path = rejects.close()
    lenient = _fixed_by_leniency(path, table) if path and any(code == TAIL for code, _ in rejects.groups) else 0
    groups = [group.to_json(_suggestions(group, table, lenient)) for group in rejects.groups.values()]
    said = counted(
        rejects.count,
        "row does not fit the table and was kept apart",
        "rows do not fit the table and were kept apart",
    )
    return [Decision("issues", {"rejected": rejects.count, "groups": groups}, said)]


def _suggestions(group: IssueGroup, table: Table, lenient: int) -> list[dict[str, Any]]:
    if group.code == TOO_MANY:
        width = max(group.widths)
        extra = width - table.width
        if extra <= WIDEN_AT_MOST:
            label = f"Give the table {counted(extra, 'more column')}"
            return [_suggestion(label, {"long_rows": "widen"}, group.count, group.count)]
    if group.code == TOO_FEW and not table.fill_short:
        return [_suggestion("Leave the last cells empty", {"short_rows": "fill"}, group.count, group.count)]
    if group.code == TAIL and lenient:
        return [
            _suggestion("Read quotation marks inside of cells as text", {"stray_quotes": "keep"}, lenient, group.count)
        ]
    if group.code == MISMATCH and group.column is not None:
        return _for_types(group, group.column)
    return []


def _for_types(group: IssueGroup, column: str) -> list[dict[str, Any]]:
    words = group.values.most_common(MOST_TOKENS + 1)
    found = []
    if len(words) <= MOST_TOKENS and sum(count for _, count in words) == group.count:
        names = ", ".join(f"“{shown(word)}”" for word, _ in words)
        tokens = {"null_tokens": sorted(word for word, _ in words)}
        found.append(_suggestion(f"Read {names} as empty", tokens, group.count, group.count))
    keep = _suggestion(f"Keep “{column}” as text", {"types": {column: "text"}}, group.count, group.count)
    return [*found, keep]


def _suggestion(label: str, options: dict[str, Any], fixes: int, of: int) -> dict[str, Any]:
    return {"label": label, "options": options, "fixes": fixes, "of": of}


def _fixed_by_leniency(path: Path, table: Table) -> int:
    """Try the rejected rows with lenient quotes; return how many then have the right number of cells."""
    lenient = replace(table, rules=replace(table.rules, lenient=True))
    fixed = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["code", "raw", "cut"]):
            whole = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            rows = [raw.encode() for code, raw, cut in whole if code == TAIL and not cut]
            fixed += _fitting(rows, lenient)
    return fixed


def _fitting(rows: list[bytes], table: Table) -> int:
    """Return how many rows fit the table. They are split together, and one by one only if they run into each other."""
    if not rows:
        return 0
    end = table.rules.record_end
    cells = split(end.join(rows) + end, table.rules, width=table.width, ended=True)
    if cells.records == len(rows) and not cells.faults:
        return int((cells.widths == table.width).sum())
    return sum(_fitting([row], table) for row in rows) if len(rows) > 1 else 0
