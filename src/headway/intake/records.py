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

Bytes = npt.NDArray[np.uint8]


@dataclass(slots=True)
class RecordCount:
    """What one pass over the bytes found. `blank` counts records without any character."""

    records: int = 0
    blank: int = 0
    longest: int = 0
    feeds: int = 0
    returns: int = 0
    pairs: int = 0
    clean_quotes: bool = True
    open_at_end: bool = False

    @property
    def even_line_ends(self) -> bool:
        """Say whether every line ends the same way."""
        lone_returns, lone_feeds = self.returns - self.pairs, self.feeds - self.pairs
        return sum(count > 0 for count in (lone_returns, lone_feeds, self.pairs)) <= 1


def count_records(path: Path, delimiter: str | None, *, too_long: int) -> RecordCount:
    """Count the records after position 0. Stops early once a record is longer than `too_long` bytes."""
    counter = _Counter(delimiter)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            counter.feed(np.frombuffer(block, np.uint8))
            if counter.count.longest > too_long or counter.open_bytes > too_long:
                counter.count.longest = max(counter.count.longest, counter.open_bytes)
                return counter.count
    return counter.finish()


class _Counter:
    """Holds what one block must know of the one before it."""

    def __init__(self, delimiter: str | None) -> None:
        self.count = RecordCount()
        self.open_bytes = 0
        self._inside = 0
        self._last = LF
        self._delimiter = ord(delimiter) if delimiter is not None and len(delimiter.encode()) == 1 else LF
        self._pending_close = False

    def feed(self, block: Bytes) -> None:
        quotes = block == QUOTE
        if quotes.any() or self._inside:
            parity = np.bitwise_xor(np.bitwise_and(np.cumsum(quotes, dtype=np.int64), 1), self._inside).astype(bool)
            self._check(block, quotes, parity)
            self._inside = int(parity[-1])
            outside = ~parity
        else:
            self._pending_close = False
            outside = None
        self._count_ends(block, outside)
        self._last = int(block[-1])

    def _check(self, block: Bytes, quotes: npt.NDArray[np.bool_], parity: npt.NDArray[np.bool_]) -> None:
        """Check that a quote that opens follows a border or a quote, and that one that closes precedes one."""
        positions = np.flatnonzero(quotes)
        opens = parity[positions]
        before = np.where(positions > 0, block[positions - 1], self._last)
        after = block[np.minimum(positions + 1, len(block) - 1)]
        borders = np.array([self._delimiter, LF, CR, QUOTE], np.uint8)
        good_open = np.isin(before[opens], borders).all()
        closing = positions[~opens]
        within = closing + 1 < len(block)
        good_close = np.isin(after[~opens][within], borders).all()
        if self._pending_close and int(block[0]) not in borders:
            good_close = np.bool_(False)
        self._pending_close = bool(len(closing)) and not bool(within.all())
        if not (good_open and good_close):
            self.count.clean_quotes = False

    def _count_ends(self, block: Bytes, outside: npt.NDArray[np.bool_] | None) -> None:
        feeds, returns = block == LF, block == CR
        if outside is not None:
            feeds, returns = feeds & outside, returns & outside
        previous_return = np.empty(len(block), bool)
        previous_return[0] = self._last == CR and not self._inside_before(outside)
        previous_return[1:] = returns[:-1]
        pairs = feeds & previous_return
        self.count.feeds += int(feeds.sum())
        self.count.returns += int(returns.sum())
        self.count.pairs += int(pairs.sum())
        self._measure(block, np.flatnonzero(returns | (feeds & ~previous_return)), pairs)

    def _inside_before(self, outside: npt.NDArray[np.bool_] | None) -> bool:
        return outside is not None and not bool(outside[0])

    def _measure(self, block: Bytes, ends: npt.NDArray[np.intp], pairs: npt.NDArray[np.bool_]) -> None:
        """Count records by their ends and note the longest and the blank ones."""
        if not len(ends):
            self.open_bytes += len(block) - int(pairs[0])
            return
        starts = np.concatenate(([0], ends[:-1] + 1))
        # The feed of a pair belongs to the end before it.
        starts = starts + pairs[np.minimum(starts, len(block) - 1)]
        lengths = ends - starts
        lengths[0] += self.open_bytes
        self.count.records += len(ends)
        self.count.blank += int((lengths <= 0).sum())
        self.count.longest = max(self.count.longest, int(lengths.max()))
        rest = int(ends[-1]) + 1
        if rest < len(block) and pairs[rest]:
            rest += 1
        self.open_bytes = len(block) - rest

    def finish(self) -> RecordCount:
        if self.open_bytes > 0:
            self.count.records += 1
            self.count.longest = max(self.count.longest, self.open_bytes)
        self.count.open_at_end = bool(self._inside)
        return self.count
