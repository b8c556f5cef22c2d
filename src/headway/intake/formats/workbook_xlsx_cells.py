"""The cells of many rows of an XLSX sheet at once, as columns of numpy and Arrow.

What nearly every program writes between rows is a few plain elements. Where each begins and ends is found for a whole
block; how a cell is written is looked at once for each way that the block knows. A block that holds anything else is
refused, and read cell by cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headway.intake.formats.workbook_rows import LAST_COLUMN, LAST_ROW
from headway.intake.text_rules import Bytes, Flags, Positions

Words = npt.NDArray[np.uint64]

_LESS, _GREATER, _QUOTE, _SLASH = b'<>"/'
_MOST_DIGITS = 7
_MOST_BYTES = 16 * 1024 * 1024
"""A longer text is hardly more than one row; what is found in it takes many times as much memory."""

CELL_FORM = r'(?: s="([0-9]+)")?(?: t="([A-Za-z]+)")?(?: s="([0-9]+)")?\s*'
"""Style, type, and style again: it may stand behind the type."""

_CELL_HEAD = re.compile(CELL_FORM + "/?")
_ROW_HEAD = re.compile(r'(?:\s+[\w:.-]+="[^"<]*")*\s*/?')
_HIDDEN = re.compile(r'\shidden="(?:1|true)"')

(_ROW, _ROW_END, _CELL, _CELL_END, _VALUE, _NO_VALUE, _VALUE_END, _FORMULA, _FORMULA_END,
 _INLINE, _INLINE_END, _TEXT, _TEXT_END) = range(1, 14)  # fmt: skip
_ROW_BEGIN, _CELL_BEGIN, _PRESERVED = b'<row r="', b'<c r="', b'<t xml:space="preserve">'
_TAGS = (
    (_ROW_BEGIN, _ROW), (b"</row>", _ROW_END), (_CELL_BEGIN, _CELL), (b"</c>", _CELL_END),
    (b"<v>", _VALUE), (b"<v/>", _NO_VALUE), (b"</v>", _VALUE_END),
    (b"<f>", _FORMULA), (b"<f ", _FORMULA), (b"<f/>", _FORMULA), (b"</f>", _FORMULA_END),
    (b"<is>", _INLINE), (b"</is>", _INLINE_END), (b"<t>", _TEXT), (_PRESERVED[:8], _TEXT), (b"</t>", _TEXT_END),
)  # fmt: skip
"""How tags begin, or all of them, and what they are. The first three bytes tell them apart."""


def _word(text: bytes) -> int:
    return int.from_bytes(text.ljust(8, b"\0"), "little")


_NUMBERS = np.zeros(65_536, np.uint8)
"""The number of a tag among `_TAGS`, from 1, by its second and third byte."""

_KINDS = np.array([0, *(kind for _, kind in _TAGS)], np.uint8)
_WORDS = np.array([1, *(_word(text) for text, _ in _TAGS)], np.uint64)
_MASKS = np.array([0, *(_word(b"\xff" * len(text)) for text, _ in _TAGS)], np.uint64)
for _number, (_text, _) in enumerate(_TAGS, start=1):
    _NUMBERS[_text[1] | _text[2] << 8] = _number

_BYTE = np.uint64(255)
_ZEROS, _SIXES, _HIGH_HALVES = (np.uint64(_word(bytes([byte]) * 8)) for byte in (0x30, 0x06, 0xF0))

Found = TypeVar("Found")


class UnusualError(Exception):
    """The block holds what only a reader of single cells, or a parser of XML, reads right."""


@dataclass(frozen=True, slots=True)
class RawCells:
    """Rows, and cells in the order of the file.

    `row` says for each cell which of the rows it is in, `form` which of `forms`, that is style and type;
    `start` and `end` are where its value lies in `data`. `is_calculated` says whether it has a formula.
    """

    numbers: Positions
    hidden: Flags
    row: Positions
    column: Positions
    form: Positions
    forms: list[tuple[str, str]]
    start: Positions
    end: Positions
    is_calculated: Flags
    data: bytes

    def values(self, chosen: Flags) -> pa.StringArray:
        """Return the values of some cells as they are written."""
        return texts_between(self.data, self.start[chosen], self.end[chosen])

    def split(self, sizes: Positions, most: int) -> Iterator[RawCells]:
        """Yield the rows in parts whose cells are together not larger than `most`, as far as whole rows allow."""
        if int(sizes.sum()) <= most:
            yield self
            return
        part = np.cumsum(np.bincount(self.row, sizes, len(self.numbers))) // most
        begins = np.flatnonzero(np.diff(part, prepend=-1))
        for begin, end in pairwise([*begins.tolist(), len(self.numbers)]):
            cells = slice(*np.searchsorted(self.row, [begin, end]))
            yield replace(
                self,
                numbers=self.numbers[begin:end],
                hidden=self.hidden[begin:end],
                row=self.row[cells] - begin,
                column=self.column[cells],
                form=self.form[cells],
                start=self.start[cells],
                end=self.end[cells],
                is_calculated=self.is_calculated[cells],
            )


def texts_between(data: bytes, start: Positions, end: Positions) -> pa.StringArray:
    """Return the texts that lie between places that rise; `data` is known to be UTF-8."""
    if not len(start):
        return pa.array([], pa.string())
    ends = np.empty(2 * len(start), np.int32)
    ends[0::2], ends[1::2] = start, end
    every = pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(data))
    return every.take(pa.array(np.arange(0, len(ends) - 1, 2)))


def raw_cells(data: bytes) -> RawCells:
    """Take apart a text of whole rows. Raises `UnusualError`."""
    _demand(len(data) <= _MOST_BYTES)
    buffer = np.frombuffer(data, np.uint8)
    words = _words(buffer)
    begins, ends = np.flatnonzero(buffer == _LESS), np.flatnonzero(buffer == _GREATER)
    _demand(len(begins) == len(ends) > 0)
    _demand(bool((begins < ends).all() and (ends[:-1] < begins[1:]).all()))
    kinds = _kinds(data, words, begins, ends)
    is_closed = buffer[ends - 1] == _SLASH
    rows, cells = np.flatnonzero(kinds == _ROW), np.flatnonzero(kinds == _CELL)
    row = _rows_of(cells, rows, np.flatnonzero(kinds == _ROW_END), is_closed[rows])
    value_at, is_inline, is_calculated = _shapes(kinds, is_closed, cells, len(rows))
    has_value = value_at >= 0
    place = np.where(has_value, value_at, cells)
    start = ends[place] + 1
    end = np.where(has_value, begins[np.minimum(place + 1, len(begins) - 1)], start)
    numbers, hidden = _row_heads(data, buffer, begins[rows], ends[rows])
    column, rest = _columns(buffer, words, begins[cells], ends[cells])
    _demand(bool((np.diff(row * (LAST_COLUMN + 1) + column) > 0).all()))
    form, forms = _looked_up(texts_between(data, rest, ends[cells]), _form)
    _demand(not any(forms[at][1] != "inlineStr" for at in np.unique(form[is_inline])))
    return RawCells(numbers, hidden, row, column, form, forms, start, end, is_calculated, data)


def _demand(holds: bool) -> None:
    if not holds:
        raise UnusualError


def _words(buffer: Bytes) -> Words:
    """Return the eight bytes that begin at each byte; behind the last one there are zeros."""
    padded = np.concatenate([buffer, np.zeros(8, np.uint8)])
    return np.ndarray(len(buffer), np.dtype("<u8"), padded, strides=(1,))


def _kinds(data: bytes, words: Words, begins: Positions, ends: Positions) -> Bytes:
    heads = words[begins]
    numbers = _NUMBERS[(heads >> np.uint64(8)) & np.uint64(0xFFFF)]
    _demand(bool((heads & _MASKS[numbers] == _WORDS[numbers]).all()))
    preserved = begins[heads == _word(_PRESERVED[:8])]
    _demand(not len(preserved) or data.count(_PRESERVED) == len(preserved))
    kinds: Bytes = _KINDS[numbers]
    return kinds


def _rows_of(cells: Positions, rows: Positions, row_ends: Positions, is_closed: Flags) -> Positions:
    """Return which row each cell is in, having made sure that rows begin and end in turn and hold all cells."""
    opened = rows[~is_closed]
    _demand(len(opened) == len(row_ends))
    _demand(bool((opened < row_ends).all() and (row_ends[:-1] < opened[1:]).all()))
    cells_before = np.append(np.searchsorted(cells, rows), len(cells))
    counts = np.diff(cells_before)
    _demand(bool(cells_before[0] == 0 and (counts[is_closed] == 0).all()))
    # No cell, and no row, stands between the end of a row and the next one.
    _demand(bool((np.searchsorted(cells, row_ends) == cells_before[1:][~is_closed]).all()))
    _demand(bool((np.searchsorted(rows, row_ends) == np.flatnonzero(~is_closed) + 1).all()))
    found: Positions = np.repeat(np.arange(len(rows)), counts)
    return found


def _shapes(kinds: Bytes, is_closed: Flags, cells: Positions, rows: int) -> tuple[Positions, Flags, Flags]:
    """Return behind which tag the value of each cell stands, or -1, whether it is an inline text, and has a formula."""
    padded = np.concatenate([kinds, np.zeros(8, np.uint8)])
    closed = np.concatenate([is_closed, np.zeros(8, np.bool_)])
    is_empty = closed[cells]
    at = cells + 1
    is_calculated: Flags = (padded[at] == _FORMULA) & ~is_empty
    has_end = is_calculated & ~closed[at]
    at = at + is_calculated + has_end
    _demand(bool((padded[at[has_end] - 1] == _FORMULA_END).all()))
    is_value = (padded[at] == _VALUE) & ~is_empty
    is_none = (padded[at] == _NO_VALUE) & ~is_empty
    is_inline: Flags = (padded[at] == _INLINE) & ~is_empty
    _demand(bool((padded[at[is_value] + 1] == _VALUE_END).all()))
    inner = at[is_inline]
    _demand(bool(((padded[inner + 1] == _TEXT) & ~closed[inner + 1]).all() and (padded[inner + 2] == _TEXT_END).all()))
    _demand(bool((padded[inner + 3] == _INLINE_END).all()))
    last = at + 2 * is_value + is_none + 4 * is_inline
    _demand(bool((padded[last[~is_empty]] == _CELL_END).all()))
    # Every tag is one of a row or belongs to one of the cells: nothing was stepped over.
    tags = int((last - cells + 1)[~is_empty].sum()) + int(is_empty.sum())
    _demand(tags + rows + int((kinds == _ROW_END).sum()) == len(kinds))
    return np.where(is_value, at, np.where(is_inline, at + 1, -1)), is_inline, is_calculated


def _row_heads(data: bytes, buffer: Bytes, begins: Positions, ends: Positions) -> tuple[Positions, Flags]:
    """Return the numbers of rows, from 0, and which are hidden."""
    at = begins + len(_ROW_BEGIN)
    numbers = np.zeros(len(at), np.int64)
    reading = np.ones(len(at), np.bool_)
    for _ in range(_MOST_DIGITS):
        digit = buffer[at] - np.uint8(ord("0"))
        reading &= digit <= 9
        numbers = np.where(reading, numbers * 10 + digit, numbers)
        at = at + reading
    _demand(bool((buffer[at] == _QUOTE).all() and (numbers >= 1).all() and (numbers <= LAST_ROW + 1).all()))
    looks, hidden = _looked_up(texts_between(data, at + 1, ends), is_hidden)
    return numbers - 1, np.array(hidden, np.bool_)[looks]


def _columns(buffer: Bytes, words: Words, begins: Positions, ends: Positions) -> tuple[Positions, Positions]:
    """Return the columns of cells, from 0, and where what follows their place begins."""
    place = words[begins + len(_CELL_BEGIN)]
    column = np.zeros(len(begins), np.int64)
    letters = np.zeros(len(begins), np.int64)
    for shift in (0, 8, 16):
        letter = ((place >> np.uint64(shift)) & _BYTE).astype(np.int64)
        is_letter = (letters == shift // 8) & (letter >= ord("A")) & (letter <= ord("Z"))
        column = np.where(is_letter, column * 26 + (letter - 64), column)
        letters += is_letter
    _demand(bool((column >= 1).all() and (column <= LAST_COLUMN + 1).all()))
    at = begins + len(_CELL_BEGIN) + letters
    digits = _digits(words[at])
    behind = at + digits
    _demand(
        bool(
            (digits >= 1).all()
            and (digits <= _MOST_DIGITS).all()
            and (buffer[behind] == _QUOTE).all()
            and (behind < ends).all()
        )
    )
    return column - 1, behind + 1


def _digits(words: Words) -> Positions:
    """Return how many of the first bytes are digits; of a word of digits only, eight."""
    others = (((words ^ _ZEROS) + _SIXES) | (words ^ _ZEROS)) & _HIGH_HALVES
    # The lowest bit that is set stands in the first byte that is none; below it are eight bits for each digit.
    lowest = others & (~others + np.uint64(1))
    return np.where(lowest == 0, 8, np.bitwise_count(lowest - np.uint64(1)) // 8).astype(np.int64)


def _looked_up(texts: pa.StringArray, read: Callable[[str], Found]) -> tuple[Positions, list[Found]]:
    """Return what each text means, as numbers into a list of what the different ones mean."""
    known = texts.dictionary_encode()
    return known.indices.to_numpy().astype(np.int64), [read(text) for text in known.dictionary.to_pylist()]


def _form(head: str) -> tuple[str, str]:
    match = _CELL_HEAD.fullmatch(head)
    if match is None:
        raise UnusualError
    return match[1] or match[3] or "", match[2] or ""


def is_hidden(head: str) -> bool:
    """Say whether the head of a row hides it. Raises `UnusualError` if it holds more than attributes."""
    _demand(_ROW_HEAD.fullmatch(head) is not None)
    return "hidden" in head and bool(_HIDDEN.search(head))
