"""What the cells of many rows of an XLSX sheet say, as `workbook_xlsx` reads it from each of them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headway.intake.formats.workbook_cell_arrays import numbers, serials, together
from headway.intake.formats.workbook_cells import unescape
from headway.intake.formats.workbook_formats import Kind
from headway.intake.formats.workbook_rows import BLOCK_CHARACTERS, CellBlock
from headway.intake.formats.workbook_sheets import Notes
from headway.intake.formats.workbook_texts import SharedTexts
from headway.intake.formats.workbook_xlsx_cells import RawCells, UnusualError
from headway.intake.formats.workbook_xlsx_rows import with_line_feeds, without_references
from headway.intake.text_rules import Flags, Positions

TRUE = ("1", "true", "on")
_REFERS = "[&\r]"
_ESCAPED = "[&\r]|_x"


class Word(Enum):
    """What a cell means whose number is no date."""

    SHARED = "shared"
    TEXT = "text"
    ERROR = "error"
    BOOLEAN = "boolean"
    NUMBER = "number"


_WORDS = {"s": Word.SHARED, "": Word.NUMBER, "n": Word.NUMBER, "b": Word.BOOLEAN, "e": Word.ERROR}
"""By the type of the cell; every other one is text."""

_DATED = "d"
"""A date that is written as one: only the strict variant has them, and they are read one by one."""


class BlockReader:
    """Turns raw cells into blocks of text."""

    def __init__(self, texts: SharedTexts, kinds: dict[str, Kind], notes: Notes) -> None:
        self._texts = texts
        self._kinds = kinds
        self._notes = notes

    def parts(self, raw: RawCells) -> Iterator[RawCells]:
        """Yield rows that together say no more than a block should. Raises `UnusualError`."""
        sizes = raw.end - raw.start
        meanings, meant = self._meanings(raw)
        if Word.SHARED in meanings:
            shared = (meant == meanings.index(Word.SHARED)) & (sizes > 0)
            sizes[shared] = self._texts.lengths[self._references(raw.values(shared))]
        return raw.split(sizes, BLOCK_CHARACTERS)

    def block(self, raw: RawCells) -> CellBlock:
        """Return the cells that hold something. Raises `UnusualError`, and then has noted nothing."""
        meanings, meant = self._meanings(raw)
        is_filled = raw.end > raw.start
        # Words before numbers: what is unusual shows in them, and numbers leave notes.
        order = sorted(
            range(len(meanings)), key=lambda at: isinstance(meanings[at], Kind) or meanings[at] is Word.NUMBER
        )
        has_references = b"&" in raw.data or b"\r" in raw.data
        tokens = {at: raw.values(is_filled & (meant == at)) for at in order}
        if has_references and any(_any(tokens[at], _REFERS) for at in order if not _is_text(meanings[at])):
            raise UnusualError
        kept_meant, column = meant[is_filled], raw.column[is_filled]
        parts = [(kept_meant == at, self._said(meanings[at], tokens[at], column[kept_meant == at])) for at in order]
        self._note(raw, meanings, meant, is_filled)
        return self._filled(raw, raw.row[is_filled], column, together(parts))

    def _meanings(self, raw: RawCells) -> tuple[list[Word | Kind], Positions]:
        """Return what cells mean, and which of these each cell does."""
        each = [self._meaning(style, kind) for style, kind in raw.forms]
        meanings = list(dict.fromkeys(each))
        return meanings, np.array([meanings.index(meaning) for meaning in each], np.int64)[raw.form]

    def _meaning(self, style: str, kind: str) -> Word | Kind:
        if kind == _DATED:
            raise UnusualError
        word = _WORDS.get(kind, Word.TEXT)
        return self._kinds.get(style, word) if word is Word.NUMBER else word

    def _said(self, meaning: Word | Kind, tokens: pa.StringArray, columns: Positions) -> pa.StringArray:
        match meaning:
            case Kind():
                return serials(self._notes.texts, tokens, meaning, columns)
            case Word.NUMBER:
                return numbers(self._notes.texts, tokens)
            case Word.SHARED:
                return self._texts.take(self._references(tokens))
            case Word.BOOLEAN:
                return pc.if_else(pc.is_in(tokens, pa.array(TRUE)), "TRUE", "FALSE")
            case Word.TEXT | Word.ERROR:
                return _without_escapes(tokens)

    def _references(self, tokens: pa.StringArray) -> Positions:
        try:
            found: Positions = pc.cast(tokens, pa.int64()).to_numpy()
        except pa.ArrowInvalid:
            raise UnusualError from None
        if len(found) and not 0 <= found.min() <= found.max() < len(self._texts):
            raise UnusualError
        return found

    def _note(self, raw: RawCells, meanings: list[Word | Kind], meant: Positions, is_filled: Flags) -> None:
        for at, meaning in enumerate(meanings):
            if meaning is Word.ERROR:
                self._notes.errors += int((meant == at).sum())
            elif meaning is Word.NUMBER or isinstance(meaning, Kind):
                self._notes.uncalculated += int(((meant == at) & ~is_filled & raw.is_calculated).sum())

    def _filled(self, raw: RawCells, row: Positions, column: Positions, texts: pa.StringArray) -> CellBlock:
        """Return the cells whose text is not empty, and the rows that have any."""
        is_said = pc.binary_length(texts).to_numpy() > 0
        if not is_said.all():
            row, column, texts = row[is_said], column[is_said], texts.filter(pa.array(is_said))
        is_there = np.zeros(len(raw.numbers), np.bool_)
        is_there[row] = True
        self._notes.hidden_rows += int((raw.hidden & is_there).sum())
        return CellBlock(raw.numbers[is_there], (np.cumsum(is_there) - 1)[row], column, texts)


def _any(texts: pa.StringArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def _is_text(meaning: Word | Kind) -> bool:
    return meaning in {Word.TEXT, Word.ERROR}


def _without_escapes(tokens: pa.StringArray) -> pa.StringArray:
    if not _any(tokens, _ESCAPED):
        return tokens
    is_escaped = pc.match_substring_regex(tokens, _ESCAPED)
    known = tokens.filter(is_escaped).dictionary_encode()
    read = pa.array([_unescaped(text) for text in known.dictionary.to_pylist()], pa.string()).take(known.indices)
    return pc.replace_with_mask(tokens, is_escaped, read)


def _unescaped(text: str) -> str:
    return unescape(without_references(with_line_feeds(text)))
