"""Which quotation marks of a block open and close cells, and which records break the rules of quoting.

Where every mark stands at a border of its cell, their parity says it all. Only a block in which one does not is
walked through, mark by mark. A mark inside a cell that does not begin with one is an ordinary character.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np

from headway.intake.rejects import TAIL, UNCLOSED
from headway.intake.text_rules import BLANK, CR, LF, Bytes, Flags, Positions, Rules

LOOK_AHEAD_LINES = 20
"""So many lines after a mark that never closes are looked at to tell a stray mark from a torn cell."""

_NONE: Positions = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that breaks the rules: from its first byte to the line end that ends it. `at` is the mark to blame."""

    start: int
    end: int
    at: int
    code: str


@dataclass(slots=True)
class Marks:
    """`toggles` holds, in turn, where text begins in which nothing separates, and where it ends.

    `opens` are the marks that open cells, at least; `doubled` the first marks of two that mean one. `open_record` is
    where a record begins that is not whole in this block. `regular` says that the toggles are all marks there are.
    """

    toggles: Positions = field(default_factory=lambda: _NONE)
    opens: Positions = field(default_factory=lambda: _NONE)
    doubled: Positions = field(default_factory=lambda: _NONE)
    faults: list[Fault] = field(default_factory=list)
    open_record: int | None = None
    regular: bool = True


def find_marks(
    text: bytes,
    block: Bytes,
    quotes: Positions,
    escaped: Flags | None,
    rules: Rules,
    *,
    width: int | None,
    ended: bool,
    patient: bool = True,
) -> Marks:
    """Read the quotation marks of a block that begins with a record. `width` is how many cells records have.

    `ended` says that nothing follows; without patience, a quote that is open at the end is one that never closes.
    """
    if escaped is not None:
        quotes = quotes[~escaped[quotes]]
    if not len(quotes):
        return Marks()
    if _is_regular(block, quotes, rules) and not ((ended or not patient) and len(quotes) % 2):
        return _regular(quotes)
    ends = rules.is_end(block) if escaped is None else rules.is_end(block) & ~escaped[: len(block)]
    return _Walk(text, ends, quotes, rules, width=width, ended=ended, patient=patient).marks()


def _is_regular(block: Bytes, quotes: Positions, rules: Rules) -> bool:
    """Say whether every mark that opens follows a border and every one that closes precedes one, or else a mark."""
    if rules.blanks or rules.comment is not None or (rules.delimiter is not None and len(rules.delimiter) > 1):
        return False
    opens, closes = quotes[0::2], quotes[1::2]
    before = np.where(opens > 0, block[opens - 1], LF)
    behind = closes[closes + 1 < len(block)] + 1
    after = block[behind]
    if CR not in rules.ends and _has_lone_return(block, behind[after == CR]):
        return False
    borders = (rules.quote, *rules.ends, *(rules.delimiter or b""))
    return _among(before, borders) and _among(after, (*borders, CR))


def _has_lone_return(block: Bytes, returns: Positions) -> bool:
    """Say whether one of some returns is followed by no line feed: it ends nothing then, and is text."""
    return bool((block[returns[returns + 1 < len(block)] + 1] != LF).any())


def _among(values: Bytes, allowed: tuple[int | None, ...]) -> bool:
    found = np.zeros(len(values), np.bool_)
    for value in allowed:
        found |= values == value
    return bool(found.all())


def _regular(quotes: Positions) -> Marks:
    opens, closes = quotes[0::2], quotes[1::2]
    inner = closes[: len(opens) - 1]
    return Marks(quotes, opens, inner[inner + 1 == opens[1:]])


class _Walk:
    """Goes from mark to mark with the rules of RFC 4180, and finds the way back into step after a record that breaks them."""

    def __init__(
        self,
        text: bytes,
        ends: Flags,
        quotes: Positions,
        rules: Rules,
        *,
        width: int | None,
        ended: bool,
        patient: bool,
    ) -> None:
        """`ends` says which bytes end a record unless they are quoted."""
        self._text = text
        self._rules = rules
        self._quotes: list[int] = quotes.tolist()
        self._ends: list[int] = np.flatnonzero(ends).tolist()
        self._width = width
        self._ended = ended
        self._patient = patient and not ended
        self._next = 0
        self._outside_from = 0
        self._record = 0
        self._spans: list[tuple[int, int]] = []
        self._opens: list[int] = []
        self._doubled: list[int] = []
        self._faults: list[Fault] = []

    def marks(self) -> Marks:
        open_record = None
        while (opening := self._opening()) is not None:
            if not self._cell(opening):
                open_record = self._record
                break
        toggles = np.array([position for span in self._spans for position in span], np.int64)
        opens, doubled = np.array(self._opens, np.int64), np.array(self._doubled, np.int64)
        return Marks(toggles, opens, doubled, self._faults, open_record, regular=False)

    def _opening(self) -> int | None:
        """Return the next mark that opens a cell."""
        while self._next < len(self._quotes):
            at = self._quotes[self._next]
            if self._begins_cell(at):
                return at
            self._next += 1
        return None

    def _begins_cell(self, at: int) -> bool:
        end = bisect_left(self._ends, at) - 1
        if end >= 0 and self._ends[end] >= self._outside_from:
            self._record = self._ends[end] + 1
        if self._rules.comment is not None and self._text.startswith(self._rules.comment, self._record):
            return False
        if self._rules.blanks:
            while at > self._record and self._text[at - 1] == BLANK:
                at -= 1
        if at == self._record:
            return True
        delimiter = self._rules.delimiter
        return delimiter is not None and self._text.startswith(delimiter, at - len(delimiter))

    def _cell(self, opening: int) -> bool:
        """Go to the mark that ends the cell; False if it is not in this block."""
        closing = self._closing()
        if self._rules.lenient and (closing is None or not self._ends_cell(closing + 1)):
            return self._is_plain(opening)
        if closing is None:
            return not self._patient and self._fault(opening, len(self._text) - 1, UNCLOSED)
        if closing == len(self._text) - 1 and not self._ended:
            return False
        if not self._ends_cell(closing + 1):
            return self._fault(opening, closing, TAIL)
        self._spans.append((opening, closing))
        self._opens.append(opening)
        self._outside_from = closing + 1
        return True

    def _is_plain(self, opening: int) -> bool:
        """Take a cell as it is written whose quote closes nowhere in its line; False if the line is not whole."""
        if self._end_after(opening) is None and not self._ended:
            return False
        self._next = bisect_right(self._quotes, opening)
        return True

    def _closing(self) -> int | None:
        """Return the mark that closes the cell, or the first one that should: not one of two that mean one."""
        quotes, place = self._quotes, self._next + 1
        line_end = self._end_after(quotes[self._next]) or len(self._text)
        while place < len(quotes):
            at = quotes[place]
            if place + 1 < len(quotes) and quotes[place + 1] == at + 1:
                self._doubled.append(at)
                place += 2
                continue
            if self._rules.lenient and not self._ends_cell(at + 1) and at < line_end:
                place += 1
                continue
            self._next = place + 1
            return at
        return None

    def _ends_cell(self, at: int) -> bool:
        if at >= len(self._text) or self._text[at] in self._rules.ends:
            return True
        if self._text[at] == CR:
            return self._text[at + 1 : at + 2] in {b"", b"\n"}
        return self._rules.delimiter is not None and self._text.startswith(self._rules.delimiter, at)

    def _fault(self, opening: int, at: int, code: str) -> bool:
        """Give the record up; False if its end is not in this block."""
        end = self._end_of_fault(opening, at, code)
        if end is None:
            return False
        while self._spans and self._spans[-1][0] >= self._record:
            self._spans.pop()
        while self._doubled and self._doubled[-1] >= self._record:
            self._doubled.pop()
        # The mark that has text behind it lies in another row, so this one's is never closed.
        code = UNCLOSED if at > end else code
        self._spans.append((self._record, end))
        self._faults.append(Fault(self._record, end, at if code == TAIL else opening, code))
        # The line end that ends the record begins the next one.
        self._outside_from = end
        self._next = bisect_left(self._quotes, end)
        return True

    def _end_of_fault(self, opening: int, at: int, code: str) -> int | None:
        first, stop = self._end_after(opening), self._end_after(at)
        if not self._ended and (stop is None or code == UNCLOSED):
            return first if code == UNCLOSED else None
        stop = len(self._text) - 1 if stop is None else stop
        if first is None or first >= stop:
            return stop
        return first if self._are_rows(first + 1, stop, code) else stop

    def _end_after(self, at: int) -> int | None:
        place = bisect_right(self._ends, at)
        return self._ends[place] if place < len(self._ends) else None

    def _are_rows(self, start: int, stop: int, code: str) -> bool:
        """Say whether the lines that an open quote took in are rows by themselves: then only its own line is bad."""
        if self._width is None or self._rules.delimiter is None or self._width == 1:
            return code == UNCLOSED
        places = range(bisect_left(self._ends, start), bisect_right(self._ends, stop))
        ends = [self._ends[place] for place in places[:LOOK_AHEAD_LINES]]
        lines = [self._text[begin + 1 : end] for begin, end in zip([start - 1, *ends], ends, strict=False)]
        return all(self._is_row(line) for line in lines if line.strip(b"\r\n"))

    def _is_row(self, line: bytes) -> bool:
        """Say whether a line has as many cells as the table, and no quote that is open at its end."""
        delimiter, quote = self._rules.delimiter or b"", self._rules.quote
        pieces = [line] if quote is None else line.split(bytes([quote]))
        return len(pieces) % 2 == 1 and sum(piece.count(delimiter) for piece in pieces[::2]) == (self._width or 0) - 1
