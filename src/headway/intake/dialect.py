"""How a text table is written: delimiter, quotes, comments, lines before the table, header. Scored, with the runner-up.

Candidates are tried on a sample with the same reader that later reads the file, so that what was promised is what
happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import dropwhile

from headway.intake.dialect_scores import Split, try_rules
from headway.intake.header_rows import Layout, find_layout
from headway.intake.text_rules import CR, LF, Rules

SAMPLE_BYTES = 192 * 1024

DELIMITERS = {
    ",": 1.0, ";": 1.0, "\t": 1.05, "|": 1.0, ":": 0.6, "^": 0.6, "~": 0.6, "\x01": 0.8, "\x1f": 1.0, "¦": 0.8, "§": 0.6,
    "||": 1.0, "::": 0.7, "~|~": 1.0, "|~|": 1.0, "^|^": 1.0, "~~": 0.7, "@@": 0.7, "##": 0.6, " ": 0.35,
}  # fmt: skip
"""Candidates and how much each is trusted; a blank separates words more often than columns."""

USUAL = (",", ";", "\t", "|")
ENOUGH = 0.3
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", ":": "colon", " ": "blank", "\x1f": "unit separator"}
RECORD_SEPARATOR = 30
FEW_LINES = 4
"""Fewer than these say nothing about how lines are split."""

MANY_LINES, MOST_LINES = 0.4, 0.7
"""Shares of the lines: what stands in so many of them separates cells, the first if it stands in the first line too."""

LONG_CELL = 20
"""Characters between two marks; the clauses of a sentence are longer, most cells are shorter."""

COMMENTS = (b"##", b"#", b"//", b"%", b"--", b"!", b"*")


@dataclass(frozen=True, slots=True)
class DialectWishes:
    """What the user decided; None means: find it out. An empty `quote` or `comment` means that there is none."""

    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    comment: str | None = None
    skip_lines: int | None = None
    header_rows: int | None = None
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to read the table, and why. `delimiter` is None for a single column. Byte offsets are those of the text."""

    rules: Rules
    delimiter: str | None
    layout: Layout
    evidence: str
    runner_up: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> int:
        return self.layout.columns

    @property
    def shown(self) -> str:
        return "one column" if self.delimiter is None else delimiter_name(self.delimiter)


def delimiter_name(delimiter: str) -> str:
    return NAMES.get(delimiter, repr(delimiter))


def sniff(sample: bytes, wishes: DialectWishes | None = None, *, whole: bool = True, start: int = 0) -> Dialect:
    """Return the dialect of a text from its beginning, at byte `start` of its file. What the user named is taken as it is.

    `whole` says that the sample is all there is.
    """
    wishes = wishes or DialectWishes()
    skipped = _skipped(sample, wishes.skip_lines or 0)
    named = _named_delimiter(sample[skipped:])
    if named is not None and wishes.delimiter is None:
        wishes = replace(wishes, delimiter=named[0])
    before = skipped + (named[1] if named else 0)
    body = sample[before:] if whole else _whole_lines(sample[before:])
    chosen, others = _choose(body, wishes, whole=whole)
    evidence = "the first line says so" if named else _evidence(chosen, wishes)
    layout = find_layout(
        chosen.cells, wishes.header_rows, width=chosen.columns, find_preamble=wishes.skip_lines is None
    )
    layout = layout.moved(start + before, sample[:before])
    runner_up = next((o.delimiter for o in others if o.delimiter and o.delimiter != chosen.delimiter), None)
    return Dialect(
        chosen.rules, chosen.delimiter, layout, evidence, runner_up and delimiter_name(runner_up), _notes(chosen, body)
    )


def _skipped(sample: bytes, lines: int) -> int:
    """Return where the line begins that follows so many others."""
    at = 0
    for line in sample.splitlines(keepends=True)[:lines]:
        at += len(line)
    return at


def _named_delimiter(sample: bytes) -> tuple[str, int] | None:
    """Return the delimiter that a line `sep=;` names, and the length of that line."""
    line = sample[:64].splitlines(keepends=True)[:1]
    text = line[0].decode("utf-8", "replace") if line else ""
    bare = text.rstrip("\r\n")
    if text == bare or not bare.startswith("sep=") or len(bare) != 5 or bare[4] == '"':
        return None
    return bare[4], len(line[0])


def _whole_lines(sample: bytes) -> bytes:
    return sample[: max(sample.rfind(b"\n"), sample.rfind(b"\r"), sample.rfind(b"\x1e")) + 1] or sample


# -------------------------------------------------------------------------------------------------- candidates


def _choose(body: bytes, wishes: DialectWishes, *, whole: bool) -> tuple[Split, list[Split]]:
    base = _base_rules(body, wishes)
    # Comments at the beginning have no columns and would speak for none.
    table = _without_comments(body)
    tried = [
        try_rules(table, rules, delimiter, _trust(delimiter, body), whole=whole)
        for delimiter, rules in _candidates(table, base, wishes)
    ]
    ranked = sorted(tried, key=lambda split: -split.score)
    if wishes.delimiter is not None:
        chosen = ranked[0]
    else:
        chosen = _best(ranked, table) or try_rules(body, base, None, 0.0, whole=whole)
    if len(table) < len(body):
        chosen = try_rules(body, chosen.rules, chosen.delimiter, chosen.trust, whole=whole)
    return _refine(body, chosen, wishes, whole=whole), [split for split in ranked if split.score > 0]


def _without_comments(body: bytes) -> bytes:
    """Return the body without the lines at its beginning that look like comments, if enough is left without them."""
    rest = _behind_comments(body.splitlines(keepends=True))
    return b"".join(rest) if len(rest) > 1 else body


def _behind_comments(lines: list[bytes]) -> list[bytes]:
    return list(dropwhile(lambda line: not line.strip() or line.startswith(COMMENTS[:3]), lines))


def begins_later(sample: bytes) -> bool:
    """Say whether a sample ends before the table begins, because nothing but comments and blank lines is in it."""
    lines = sample.splitlines()
    rest = len(_behind_comments(lines))
    return rest < FEW_LINES <= len(lines) - rest


def _base_rules(body: bytes, wishes: DialectWishes) -> Rules:
    quote = None if wishes.quote == "" else ord(wishes.quote or '"')
    ends: tuple[int, ...] = (LF, CR)
    if body.count(b"\x1e") > 1 and b"\n" not in body.strip(b"\x1e\r\n"):
        ends = (RECORD_SEPARATOR,)
    escape = ord(wishes.escape) if wishes.escape and wishes.escape != wishes.quote else None
    comment = (wishes.comment or "").encode() or None
    return Rules(None, quote, escape, comment, ends, lenient=wishes.lenient)


def _candidates(body: bytes, base: Rules, wishes: DialectWishes) -> Iterator[tuple[str, Rules]]:
    if wishes.delimiter is not None:
        yield wishes.delimiter, replace(base, delimiter=wishes.delimiter.encode())
        return
    for delimiter in DELIMITERS:
        mark = delimiter.encode()
        if mark not in body or (len(mark) > 1 and not _is_deliberate(body, mark)):
            continue
        if len(delimiter) == 1 and 2 * delimiter in DELIMITERS and body.count(mark) == 2 * body.count(2 * mark):
            # It never stands alone, so the pair is the delimiter.
            continue
        yield delimiter, replace(base, delimiter=mark)
        if delimiter == " " and b"  " in body:
            yield delimiter, replace(base, delimiter=mark, runs=True, quote=base.quote)


def _is_deliberate(body: bytes, mark: bytes) -> bool:
    """Say whether two marks in a row are one delimiter, and not two around an empty cell."""
    return mark[:1] != mark[1:] or body.count(mark[:1]) == 2 * body.count(mark)


def _trust(delimiter: str, body: bytes) -> float:
    if delimiter == ":" and any(
        body[at - 1 : at].isdigit() and body[at + 1 : at + 3].isdigit() for at in _places(body, b":")
    ):
        return 0.2
    return DELIMITERS.get(delimiter, 0.6)


def _places(body: bytes, mark: bytes) -> Iterator[int]:
    at = body.find(mark)
    for _ in range(200):
        if at < 0:
            return
        yield at
        at = body.find(mark, at + 1)


def _best(ranked: list[Split], body: bytes) -> Split | None:
    if ranked and ranked[0].score > ENOUGH:
        return ranked[0]
    # One column, but most lines are full of one of the usual delimiters: ragged rows, not prose.
    lines = [line for line in body.splitlines() if line.strip()][:1000]
    for split in ranked:
        mark = (split.delimiter or "").encode()
        if split.delimiter in USUAL and split.columns > 1 and _is_common(mark, lines) and not _is_prose(mark, lines):
            return split
    return None


def _is_common(mark: bytes, lines: list[bytes]) -> bool:
    share = sum(mark in line for line in lines) / max(1, len(lines))
    return len(lines) > 1 and (share > MOST_LINES or (mark in lines[0] and share > MANY_LINES))


def _is_prose(mark: bytes, lines: list[bytes]) -> bool:
    """Say whether a mark stands in sentences: before a blank, with many words between one and the next."""
    text = b"\n".join(lines)
    count = text.count(mark)
    return text.count(mark + b" ") > 0.5 * count and len(text) > LONG_CELL * (count + len(lines))


# -------------------------------------------------------------------------------------------------- refinement


def _refine(body: bytes, chosen: Split, wishes: DialectWishes, *, whole: bool) -> Split:
    """Try the rarer habits one by one; each has to make the records fit better than they did without."""
    for variants in (_other_quotes, _escapes, _blanks, _lone_returns, _comments):
        for rules in variants(body, chosen, wishes):
            tried = try_rules(body, rules, chosen.delimiter, chosen.trust, whole=whole)
            if tried.fits_better_than(chosen):
                chosen = tried
    return chosen


def _other_quotes(body: bytes, chosen: Split, wishes: DialectWishes) -> Iterator[Rules]:
    if wishes.quote is not None:
        return
    if b"'" in body and chosen.wraps(b"'"):
        yield replace(chosen.rules, quote=ord("'"))
    if chosen.faults:
        yield replace(chosen.rules, quote=None)


def _escapes(body: bytes, chosen: Split, wishes: DialectWishes) -> Iterator[Rules]:
    marks = [b"\\" + bytes([chosen.rules.quote])] if chosen.rules.quote is not None else []
    marks += [b"\\" + chosen.rules.delimiter] if chosen.rules.delimiter else []
    if wishes.escape is None and any(mark in body for mark in marks):
        yield replace(chosen.rules, escape=ord("\\"))


def _blanks(body: bytes, chosen: Split, wishes: DialectWishes) -> Iterator[Rules]:
    rules = chosen.rules
    if rules.quote is None or rules.delimiter in {None, b" "}:
        return
    if (rules.delimiter or b"") + b" " + bytes([rules.quote]) in body:
        yield replace(rules, blanks=True)


def _lone_returns(body: bytes, chosen: Split, wishes: DialectWishes) -> Iterator[Rules]:
    if CR in chosen.rules.ends and b"\n" in body and body.count(b"\r") > body.count(b"\r\n"):
        yield replace(chosen.rules, ends=(LF,))


def _comments(body: bytes, chosen: Split, wishes: DialectWishes) -> Iterator[Rules]:
    if wishes.comment is not None:
        return
    starts = [line[:2] for line in body.splitlines()[:5000] if line.strip()]
    for mark in COMMENTS:
        if any(line.startswith(mark) for line in starts):
            yield replace(chosen.rules, comment=mark)


# ----------------------------------------------------------------------------------------------------- telling


def _evidence(chosen: Split, wishes: DialectWishes) -> str:
    if wishes.delimiter is not None:
        return "it was named in the import options"
    if chosen.delimiter is None:
        return "no character splits the lines evenly"
    return f"{chosen.agreeing:.0%} of the first lines have {chosen.columns} columns with it"


def _notes(chosen: Split, body: bytes) -> tuple[str, ...]:
    rules = chosen.rules
    notes = []
    if rules.quote == ord("'"):
        notes.append("Cells are quoted with apostrophes.")
    if rules.quote is None and b'"' in body:
        notes.append("Quotation marks are ordinary characters here: they do not come in pairs around cells.")
    if rules.escape is not None:
        notes.append(f"{chr(rules.escape)} makes the mark behind it an ordinary character.")
    if rules.blanks:
        notes.append("Blanks between a delimiter and a quoted cell do not belong to the cell.")
    if rules.runs:
        notes.append("Several blanks in a row separate like one.")
    if rules.ends == (LF,):
        notes.append("Carriage returns alone do not end a row: with them as text, the rows fit.")
    if rules.ends == (RECORD_SEPARATOR,):
        notes.append("Rows end with the control character RS.")
    if chosen.delimiter is None and chosen.looks_aligned:
        notes.append("The lines look like columns of fixed width. They are not split; every line is one cell.")
    return tuple(notes)
