"""A block of delimited text as cells and records: positions found with numpy, columns taken out with Arrow.

A block begins with a record. Nothing here looks at single rows; only blocks with irregular quotation marks are
walked through (`text_quotes.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headway.intake.text_quotes import Fault, Marks, find_marks
from headway.intake.text_rules import BLANK, CR, LF, Bytes, Flags, Positions, Rules

Undo: TypeAlias = Callable[[pa.Array], pa.Array]

LONG_SPAN = 64 * 1024
"""Delimiters in quoted cells longer than this are struck out first; their positions would take eight bytes each."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The whole records of a block. Cell k lies at `starts[k]:stops[k]`, record r has `widths[r]` cells from `first[r]`.

    `ends` holds for each record where its line end begins. `used` bytes of the block are taken up by it.
    """

    text: bytes
    rules: Rules
    starts: Positions
    stops: Positions
    missing: Flags
    first: Positions
    widths: Positions
    ends: Positions
    faults: list[Fault]
    used: int
    doubled: Positions
    escapes: Positions

    @property
    def records(self) -> int:
        return len(self.first)

    @property
    def begins(self) -> Positions:
        """Return where each record begins."""
        return np.concatenate(([0], self.ends[:-1] + 1)) if len(self.ends) else self.ends

    def columns(self, records: Positions, width: int) -> pa.RecordBatch:
        """Return the first `width` cells of some records. A cell that is not there, or empty and not quoted, is null."""
        cells = (self.first[records][None, :] + np.arange(width)[:, None]).ravel()
        absent = None
        if (self.widths[records] < width).any():
            absent = (self.widths[records][None, :] <= np.arange(width)[:, None]).ravel()
            cells = np.where(absent, 0, cells)
        null = self.missing[cells]
        if absent is not None:
            null |= absent
        indices = pa.array((cells * 2).astype(np.int32), mask=null if null.any() else None)
        taken = self._pieces().take(indices)
        count = len(records)
        spans = [slice(column * count, (column + 1) * count) for column in range(width)]
        arrays = [taken.slice(span.start, count) for span in spans]
        for flags, undo in self._altered():
            # Column by column, because whatever holds no such cell need not be copied.
            altered = flags[cells]
            for column, span in enumerate(spans):
                if altered[span].any():
                    arrays[column] = _undone(arrays[column], altered[span], undo)
        return pa.RecordBatch.from_arrays(arrays, names=[f"c{column}" for column in range(width)])

    def rows(self, most: int, start: int = 0) -> list[list[str | None]]:
        """Return the first records from one on, each with all its cells."""
        widths = self.widths[start : start + most].tolist()
        begin = int(self.first[start]) if widths else 0
        cells = np.arange(begin, begin + sum(widths))
        indices = pa.array((cells * 2).astype(np.int32), mask=self.missing[cells])
        taken = self._pieces().take(indices)
        for flags, undo in self._altered():
            taken = _undone(taken, flags[cells], undo)
        found = taken.cast(pa.binary()).to_pylist()
        texts = iter([cell if cell is None else cell.decode("utf-8", "replace") for cell in found])
        return [[next(texts) for _ in range(width)] for width in widths]

    def raw(self, records: Positions, most_bytes: int) -> list[bytes]:
        """Return the text of some records as it lies in the file, at most so many bytes of each."""
        begins, ends = self.begins[records].tolist(), self.ends[records].tolist()
        return [
            self.text[begin : min(end, begin + most_bytes)].rstrip(b"\r")
            for begin, end in zip(begins, ends, strict=True)
        ]

    def _pieces(self) -> pa.Array:
        """Return the block as strings, every second one a cell, and those between what separates them."""
        offsets = np.empty(2 * len(self.starts) + 1, np.int32)
        offsets[0:-1:2] = self.starts
        offsets[1::2] = self.stops
        offsets[-1] = self.used
        return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(self.text))

    def _altered(self) -> Iterator[tuple[Flags, Undo]]:
        """Yield which cells hold doubled marks, and which escapes, each with what undoes that."""
        for positions, undo in ((self.doubled, self._undouble), (self.escapes, self._unescape)):
            if len(positions):
                flags = np.zeros(len(self.starts), np.bool_)
                flags[np.searchsorted(self.starts, positions, "right") - 1] = True
                yield flags, undo

    def _undouble(self, texts: pa.Array) -> pa.Array:
        quote = chr(self.rules.quote or 0)
        return pc.replace_substring(texts, quote * 2, quote)

    def _unescape(self, texts: pa.Array) -> pa.Array:
        """Take escapes away where they make a special character ordinary; any other pair stays as it is written."""
        special = [bytes([byte]).decode() for byte in (self.rules.quote, self.rules.escape) if byte is not None]
        special += ["\n", "\r", *(self.rules.delimiter or b"").decode("utf-8", "ignore")]
        escape = _in_class(chr(self.rules.escape or 0))
        return pc.replace_substring_regex(texts, f"[{escape}]([{''.join(map(_in_class, special))}])", r"\1")


def _undone(texts: pa.Array, flags: Flags, undo: Undo) -> pa.Array:
    if not flags.any():
        return texts
    mask = pa.array(flags)
    return pc.replace_with_mask(texts, mask, undo(texts.filter(mask)))


def _in_class(character: str) -> str:
    return f"\\x{{{ord(character):x}}}"


def split(
    text: bytes, rules: Rules, *, width: int | None, ended: bool, patient: bool = True, most_bytes: int = 1 << 30
) -> Cells:
    """Return the whole records at the beginning of a block, of little more than `most_bytes` if they can be cut there.

    `ended` says that nothing follows the block; for `patient` see `find_marks`.
    """
    escapes, escaped = rules.escaped(np.frombuffer(text, np.uint8))
    if ended and text and (text[-1] not in rules.ends or (escaped is not None and escaped[-1])):
        # What would be escaped is not there: a mark at the very end is text, and does not escape the end that is added.
        escapes = escapes[escapes < len(text) - 1]
        escaped = None if escaped is None else np.append(escaped, np.False_)
        text += rules.record_end
    block = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(block == rules.quote) if rules.quote is not None else np.empty(0, np.int64)
    marks = find_marks(text, block, quotes, escaped, rules, width=width, ended=ended, patient=patient)
    if marks.open_record is not None:
        block, ended = block[: marks.open_record], True
    if len(block) > 2 * most_bytes:
        is_end = rules.is_end(block) if escaped is None else rules.is_end(block) & ~escaped[: len(block)]
        cut = _cut(block, marks.toggles, is_end, most_bytes)
        block, ended = block[:cut], ended or cut < len(block)
    return _cells(text, block, rules, marks, escapes, escaped, ended=ended)


def _cut(block: Bytes, toggles: Positions, is_end: Flags, at: int) -> int:
    """Return where the first record ends that goes beyond `at`, or the length of the block."""
    while at < len(block):
        place = int(np.searchsorted(toggles, at, "right"))
        if place % 2:
            at = int(toggles[place]) if place < len(toggles) else len(block)
            continue
        until = int(toggles[place]) if place < len(toggles) else len(block)
        ends = np.flatnonzero(is_end[at:until])
        if len(ends):
            at += int(ends[0]) + 1
            is_pair = at < len(block) and block[at - 1] == CR and block[at] == LF
            return at + is_pair
        at = until
    return len(block)


def _cells(
    text: bytes, block: Bytes, rules: Rules, marks: Marks, escapes: Positions, escaped: Flags | None, *, ended: bool
) -> Cells:
    is_end = rules.is_end(block)
    if CR in rules.ends:
        _join_pairs(block, is_end, ended=ended)
    separators = _separators(block, rules, is_end, marks, escaped)
    closes = np.flatnonzero(is_end[separators])
    separators = separators[: closes[-1] + 1] if len(closes) else separators[:0]
    starts = np.zeros(len(separators), np.int64)
    starts[1:] = separators[:-1] + 1
    if rules.delimiter is not None and len(rules.delimiter) > 1:
        starts[1:] += np.where(is_end[separators[:-1]], 0, len(rules.delimiter) - 1)
    stops = separators
    if CR in block and LF in rules.ends:
        stops = separators - ((block[separators] == LF) & (block[separators - 1] == CR) & (separators > starts))
    if rules.runs and rules.delimiter is not None:
        starts, stops = _without_runs(block, rules.delimiter[0], starts, stops)
    missing = starts == stops
    starts, stops = _inside(block, rules, marks, starts, stops)
    first = np.concatenate(([0], closes[:-1] + 1)) if len(closes) else closes
    used = int(separators[-1]) + 1 if len(separators) else 0
    return Cells(
        text=text,
        rules=rules,
        starts=starts,
        stops=stops,
        missing=missing,
        first=first,
        widths=np.diff(closes, prepend=-1),
        ends=separators[closes],
        faults=[fault for fault in marks.faults if fault.end < used],
        used=used,
        doubled=marks.doubled[marks.doubled < used],
        escapes=escapes[escapes < used],
    )


def _join_pairs(block: Bytes, is_end: Flags, *, ended: bool) -> None:
    """Make one line end of CR and LF. A CR at the end of the block waits for what follows it."""
    returns = np.flatnonzero(block == CR)
    followed = returns[returns + 1 < len(block)]
    is_end[followed[block[followed + 1] == LF]] = False
    if not ended and len(block) and block[-1] == CR:
        is_end[-1] = False


def _keep_inner_runs(special: Flags, is_end: Flags) -> None:
    """Of delimiters in a row keep the last one, and none before or behind a record."""
    at = np.flatnonzero(special)
    if not len(at):
        return
    begins = np.flatnonzero(np.diff(at, prepend=-2) != 1)
    first, last = at[begins], at[np.append(begins[1:], len(at)) - 1]
    leads = (first == 0) | is_end[first - 1]
    trails = (last + 1 == len(special)) | is_end[np.minimum(last + 1, len(special) - 1)]
    special[at] = False
    special[last[~leads & ~trails]] = True


def _without_runs(block: Bytes, delimiter: int, starts: Positions, stops: Positions) -> tuple[Positions, Positions]:
    """Return the cells without the delimiters that stand in a row at their beginnings and ends."""
    other = np.append(np.flatnonzero(block != delimiter), len(block))
    begins = other[np.searchsorted(other, starts)]
    ends = other[np.maximum(np.searchsorted(other, stops) - 1, 0)] + 1
    starts = np.minimum(begins, stops)
    return starts, np.maximum(np.minimum(ends, stops), starts)


def _separators(block: Bytes, rules: Rules, is_end: Flags, marks: Marks, escaped: Flags | None) -> Positions:
    """Return where delimiters and line ends stand that are not text."""
    special = rules.is_delimiter(block)
    if rules.runs:
        _keep_inner_runs(special, is_end | (block == CR))
    special |= is_end
    if escaped is not None:
        special &= ~escaped[: len(block)]
    toggles = marks.toggles
    if not len(toggles):
        return np.flatnonzero(special)
    if marks.regular and escaped is None:
        if len(block) > LONG_SPAN:
            _strike_long(special, toggles)
        special |= block == rules.quote
        found = np.flatnonzero(special)
        kept: Positions = found[_outside(block[found] == rules.quote)]
        return kept
    _strike_long(special, toggles)
    found = np.flatnonzero(special)
    outside: Positions = found[np.searchsorted(toggles, found, "right") % 2 == 0]
    return outside


def _outside(is_mark: Flags) -> Flags:
    """Of marks and separators in their order, say which are separators that stand between no two marks."""
    outside = ~is_mark
    marks = np.flatnonzero(is_mark)
    opens, closes = marks[0::2], marks[1::2]
    if len(opens) > len(closes):
        outside[opens[-1] :] = False
    sizes = closes - opens[: len(closes)] - 1
    # Nearly all cells hold none, so that it is faster to visit the others than to count marks for each separator.
    filled = np.flatnonzero(sizes)
    if len(filled):
        sizes = sizes[filled]
        begins = opens[filled] + 1 - (np.cumsum(sizes) - sizes)
        outside[np.repeat(begins, sizes) + np.arange(sizes.sum())] = False
    return outside


def _strike_long(special: Flags, toggles: Positions) -> None:
    spans = toggles[: len(toggles) // 2 * 2].reshape(-1, 2)
    if len(toggles) % 2:
        special[toggles[-1] :] = False
    for begin, end in spans[spans[:, 1] - spans[:, 0] > LONG_SPAN].tolist():
        special[begin:end] = False


def _inside(
    block: Bytes, rules: Rules, marks: Marks, starts: Positions, stops: Positions
) -> tuple[Positions, Positions]:
    """Return the cells without the marks around them, and without what stands before those."""
    if not len(marks.opens) or not len(starts):
        return starts, stops
    if rules.blanks:
        place = np.minimum(np.searchsorted(marks.opens, starts), len(marks.opens) - 1)
        opened = marks.opens[place]
        blank = (opened > starts) & (opened < stops) & (block[np.minimum(starts, len(block) - 1)] == BLANK)
        starts = np.where(blank, opened, starts)
    quoted = np.flatnonzero((block[starts] == rules.quote) & (starts < stops))
    if not marks.regular:
        # A cell that begins with a mark which closes nowhere is kept as it is written.
        quoted = quoted[np.isin(starts[quoted], marks.opens)]
    starts, stops = starts.copy(), stops.copy()
    starts[quoted] += 1
    stops[quoted] = np.maximum(stops[quoted] - 1, starts[quoted])
    return starts, stops
