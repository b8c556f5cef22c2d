"""How a text table is written: delimiter, quote, lines before the table, header row. Scored, with the runner-up kept."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, replace

SAMPLE_CHARACTERS = 200_000
DELIMITERS = {",": 1.0, ";": 1.0, "\t": 1.05, "|": 1.0, ":": 0.6, "^": 0.6, "~": 0.6, "\x01": 0.6, " ": 0.35}
"""Candidates and how much each is trusted; a blank separates words more often than columns."""

ENOUGH = 0.3
MOST_PREAMBLE = 50
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", ":": "colon", " ": "blank"}

_ORDINARY = re.compile(
    r"|[-+]?\d+([.,]\d+)?|[-+]?\d{1,3}([., ]\d{3})+([.,]\d+)?|\d{4}-\d\d-\d\d.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
    r"|\d\d?:\d\d(:\d\d)?|[^\W\d][\w .\-]{0,40}"
)
_VALUE = re.compile(
    r"[-+]?[\d.,]*\d%?|\d{4}-\d\d-\d\d.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d\d?:\d\d(:\d\d)?|true|false", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to read the table. `skip` physical lines stand before it. `delimiter` is None for a single column."""

    delimiter: str | None
    quote: str = '"'
    skip: int = 0
    header: bool = True
    columns: int = 1
    evidence: str = ""
    runner_up: str | None = None
    header_evidence: str = ""

    @property
    def shown(self) -> str:
        return "one column" if self.delimiter is None else NAMES.get(self.delimiter, repr(self.delimiter))


@dataclass(frozen=True, slots=True)
class _Scored:
    delimiter: str
    columns: int
    score: float
    agreeing: float


def sniff(sample: str, *, delimiter: str | None = None, header: bool | None = None) -> Dialect:
    """Return the dialect of a sample of text. What the user named is taken as it is."""
    named = re.match(r"sep=([^\"\r\n])\r?\n", sample)
    if named:
        inner = _sniff(sample[named.end() :], delimiter or named.group(1), header)
        return replace(inner, skip=inner.skip + 1, evidence=f"the first line says sep={named.group(1)}")
    return _sniff(sample, delimiter, header)


def _sniff(sample: str, delimiter: str | None, header: bool | None) -> Dialect:
    sample = _whole_lines(sample)
    scored = sorted((_score(sample, d) for d in DELIMITERS if d in sample), key=lambda s: -s.score)
    chosen = _score(sample, delimiter) if delimiter is not None else _choose(scored, sample)
    if chosen is None:
        return _with_header(Dialect(None, evidence="no character splits the lines evenly"), sample, wanted=header)
    others = [s for s in scored if s.delimiter != chosen.delimiter and s.score > 0]
    evidence = (
        "it was named in the import options"
        if delimiter is not None
        else f"{chosen.agreeing:.0%} of the first lines have {chosen.columns} columns with it"
    )
    found = Dialect(
        chosen.delimiter,
        skip=_preamble(sample, chosen),
        columns=chosen.columns,
        evidence=evidence,
        runner_up=NAMES.get(others[0].delimiter, others[0].delimiter) if others else None,
    )
    return _with_header(found, sample, wanted=header)


def _whole_lines(sample: str) -> str:
    if len(sample) < SAMPLE_CHARACTERS:
        return sample
    return _up_to(sample, _open_quote(sample)) or _up_to(sample, len(sample)) or sample


def _up_to(sample: str, end: int) -> str:
    return sample[: max(sample.rfind("\n", 0, end), sample.rfind("\r", 0, end)) + 1]


def _open_quote(sample: str) -> int:
    """Return where a cell begins that is quoted and goes on beyond the sample, or the length of the sample."""
    last = sample.rfind('"')
    is_open = sample.count('"') % 2 == 1 and sample[last - 1 : last] in {",", ";", "\t", "|", "\n", "\r"}
    return last if is_open else len(sample)


def _rows(sample: str, delimiter: str | None) -> list[list[str]]:
    try:
        rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter or "\x1f")
        return [row for row in rows if row]
    except csv.Error:
        return []


def _score(sample: str, delimiter: str) -> _Scored:
    """Score by how evenly the lines split and how ordinary the cells then look."""
    rows = _rows(sample, delimiter)
    counts = Counter(len(row) for row in rows)
    if not counts:
        return _Scored(delimiter, 1, 0.0, 0.0)
    columns, agreeing = max(counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    if columns < 2:
        return _Scored(delimiter, 1, 0.0, agreeing / len(rows))
    cells = [cell.strip() for row in rows if len(row) == columns for cell in row][:5000]
    ordinary = sum(bool(_ORDINARY.fullmatch(cell)) for cell in cells) / max(1, len(cells))
    trust = 0.2 if delimiter == ":" and re.search(r"\d:\d\d", sample) else DELIMITERS.get(delimiter, 0.6)
    share = agreeing / len(rows)
    return _Scored(delimiter, columns, share**2 * (0.15 + 0.85 * ordinary) * trust * (1 - 1 / columns) ** 0.25, share)


def _choose(scored: list[_Scored], sample: str) -> _Scored | None:
    if scored and scored[0].score > ENOUGH:
        return scored[0]
    # One column, but most lines are full of one of the usual delimiters: ragged rows, not prose.
    lines = [line for line in sample.splitlines() if line.strip()][:1000]
    for candidate in scored:
        usual = candidate.delimiter in {",", ";", "\t", "|"} and candidate.columns > 1
        if usual and len(lines) > 2 and candidate.delimiter in lines[0] and _is_common(candidate.delimiter, lines):
            return candidate
    return None


def _is_common(delimiter: str, lines: list[str]) -> bool:
    return sum(delimiter in line for line in lines) > 0.4 * len(lines)


def _preamble(sample: str, chosen: _Scored) -> int:
    """Return how many physical lines stand before the first row with the table's number of columns."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=chosen.delimiter)
    before = 0
    try:
        for number, row in enumerate(reader):
            if len(row) == chosen.columns or number >= MOST_PREAMBLE:
                return before if number < MOST_PREAMBLE else 0
            before = reader.line_num
    except csv.Error:
        return 0
    return 0


def _with_header(dialect: Dialect, sample: str, *, wanted: bool | None) -> Dialect:
    body = "".join(sample.splitlines(keepends=True)[dialect.skip :])
    rows = _rows(body, dialect.delimiter)[:200]
    columns = max(dialect.columns, len(rows[0]) if rows else 1)
    if wanted is not None:
        return replace(dialect, columns=columns, header=wanted, header_evidence="it was named in the import options")
    header, evidence = _looks_like_header(rows)
    return replace(dialect, columns=columns, header=header, header_evidence=evidence)


def _looks_like_header(rows: list[list[str]]) -> tuple[bool, str]:
    if not rows:
        return True, "there is nothing but names"
    first = [cell.strip() for cell in rows[0]]
    values = [cell for cell in first if _VALUE.fullmatch(cell)]
    if values:
        return False, f"the first row holds the value {values[0]!r}, which is no name"
    filled = [cell for cell in first if cell]
    if len(set(filled)) < len(filled):
        repeated = next(cell for cell, times in Counter(filled).items() if times > 1)
        if any(repeated in (cell.strip() for cell in row) for row in rows[1:20]):
            return False, f"the first row repeats {repeated!r}, which later rows hold too"
    return True, "the first row holds words only, none of which looks like a value"
