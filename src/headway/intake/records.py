"""An independent count of a text table's records, to hold the parser to: good + rejected must equal it.

A record ends at a line end outside quotes. Quotes are followed by their parity, a block at a time with numpy;
that is right as long as every quote opens at the start of a cell and closes at its end, which is checked. A
file with stray quotes says so, and is read by the careful reader instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

BLOCK = 4 * 1024 * 1024
LF, CR, QUOTE = 10, 13, 34

LONG_RECORD_BYTES = 2_048
"""In shorter records, cells too many are not worth counting."""

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.intp]


@dataclass(slots=True)
class RecordCount:
    """What one pass over the bytes found. `blank` counts records without any character.

    `excess_bytes` is what it costs to keep a long record once for each cell that it has too many, as DuckDB does.
    """

    records: int = 0
    blank: int = 0
    longest: int = 0
    feeds: int = 0
    returns: int = 0
    pairs: int = 0
    clean_quotes: bool = True
    open_at_end: bool = False
    excess_bytes: int = 0

    @property
    def even_line_ends(self) -> bool:
        """Say whether every line ends the same way."""
        lone_returns, lone_feeds = self.returns - self.pairs, self.feeds - self.pairs
        return sum(count > 0 for count in (lone_returns, lone_feeds, self.pairs)) <= 1


def count_records(path: Path, delimiter: str | None, *, too_long: int, columns: int) -> RecordCount:
    """Count the records after position 0. Stops early once a record is longer than `too_long` bytes."""
    counter = _Counter(delimiter, columns)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            counter.feed(np.frombuffer(block, np.uint8))
            if counter.count.longest > too_long or counter.open_bytes > too_long:
                counter.count.longest = max(counter.count.longest, counter.open_bytes)
                return counter.count
    return counter.finish()


def longest_line(path: Path, too_long: int) -> tuple[int, int]:
    """Return the length of the longest physical line in bytes, and its number; stops at one longer than `too_long`."""
    longest = number = count = open_bytes = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            view = np.frombuffer(block, np.uint8)
            ends = np.flatnonzero((view == LF) | (view == CR))
            lengths = np.diff(ends, prepend=-1, append=len(block)) - 1
            lengths[0] += open_bytes
            at = int(lengths.argmax())
            if lengths[at] > longest:
                longest, number = int(lengths[at]), count + at + 1
            count += len(ends)
            open_bytes = int(lengths[-1])
            if longest > too_long:
                break
    return longest, number


class _Counter:
    """Holds what one block must know of the one before it.

    Looks at the positions of quotes and line ends only; whether a line end is inside quotes is the parity of the
    quotes before it.
    """

    def __init__(self, delimiter: str | None, columns: int) -> None:
        self.count = RecordCount()
        self.open_bytes = 0
        self._columns = columns
        self._delimiter_byte = (delimiter or "\x1f").encode()[-1]
        self._open_delimiters = 0
        self._inside = 0
        self._last = LF
        mark = ord(delimiter) if delimiter is not None and len(delimiter.encode()) == 1 else LF
        self._borders = np.array([mark, LF, CR, QUOTE], np.uint8)
        self._closed_at_end = False

    def feed(self, block: Bytes) -> None:
        quotes = np.flatnonzero(block == QUOTE)
        ends = np.flatnonzero((block == LF) | (block == CR))
        self._check(block, quotes)
        if len(quotes) or self._inside:
            before = np.searchsorted(quotes, ends) + self._inside
            ends = ends[before & 1 == 0]
        self._count(block, quotes, ends)
        self._inside = (self._inside + len(quotes)) & 1
        self._last = int(block[-1])

    def _check(self, block: Bytes, quotes: Positions) -> None:
        """Check that a quote that opens follows a border or a quote, and that one that closes precedes one."""
        if self._closed_at_end and block[0] not in self._borders:
            self.count.clean_quotes = False
        self._closed_at_end = False
        if not len(quotes):
            return
        opens = (np.arange(len(quotes)) + self._inside) & 1 == 0
        before = np.where(quotes > 0, block[quotes - 1], self._last)[opens]
        closing = quotes[~opens]
        within = closing + 1 < len(block)
        after = block[closing[within] + 1]
        if not (np.isin(before, self._borders).all() and np.isin(after, self._borders).all()):
            self.count.clean_quotes = False
        self._closed_at_end = not bool(within.all())

    def _count(self, block: Bytes, quotes: Positions, ends: Positions) -> None:
        """Count records by their ends, and note the longest and the blank ones."""
        feeds = block[ends] == LF
        after_return = np.where(ends > 0, block[ends - 1], self._last) == CR
        after_return &= (ends > 0) | (self._inside == 0)
        pairs = feeds & after_return
        self.count.feeds += int(feeds.sum())
        self.count.returns += int((~feeds).sum())
        self.count.pairs += int(pairs.sum())
        joined = ends[pairs]
        real = ends[~pairs]
        if not len(real):
            self.open_bytes += len(block) - len(joined)
            self._weigh(block, quotes, real, np.array([self.open_bytes]))
            return
        # The feed of a pair belongs to the end before it, so the next record begins behind it.
        starts = np.concatenate(([0], real[:-1] + 1))
        starts = starts + np.isin(starts, joined)
        lengths = real - starts
        lengths[0] += self.open_bytes
        self.count.records += len(real)
        self.count.blank += int((lengths <= 0).sum())
        self.count.longest = max(self.count.longest, int(lengths.max()))
        rest = int(real[-1]) + 1
        self.open_bytes = len(block) - rest - int(len(joined) > 0 and joined[-1] == rest)
        self._weigh(block, quotes, real, np.append(lengths, self.open_bytes))

    def _weigh(self, block: Bytes, quotes: Positions, ends: Positions, lengths: Positions) -> None:
        """Count the delimiters of the records that end at `ends` and of the open one, if any of them is long."""
        if lengths.max() <= LONG_RECORD_BYTES:
            self._open_delimiters = 0
            return
        delimiters = np.flatnonzero(block == self._delimiter_byte)
        if len(quotes) or self._inside:
            delimiters = delimiters[(np.searchsorted(quotes, delimiters) + self._inside) & 1 == 0]
        counts = np.diff(np.searchsorted(delimiters, ends), prepend=0, append=len(delimiters))
        counts[0] += self._open_delimiters
        self._open_delimiters = int(counts[-1])
        excess = np.maximum(counts[:-1] + 1 - self._columns, 0)
        self.count.excess_bytes += int((excess * lengths[:-1])[lengths[:-1] > LONG_RECORD_BYTES].sum())

    def finish(self) -> RecordCount:
        if self.open_bytes > 0:
            self.count.records += 1
            self.count.longest = max(self.count.longest, self.open_bytes)
            self.count.excess_bytes += max(0, self._open_delimiters + 1 - self._columns) * self.open_bytes
        self.count.open_at_end = bool(self._inside)
        return self.count
