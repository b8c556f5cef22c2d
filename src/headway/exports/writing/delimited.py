"""Writes CSV: quoted where it must be, null as nothing, empty text as `""`, formulas and encodings as asked for."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headway.exports.errors import NotEncodable
from headway.exports.writing.output import Output
from headway.exports.writing.pieces import cells, count, data_of, has, joined
from headway.exports.writing.rows import Rows

MARK = b"\xef\xbb\xbf"
LIKE_A_FORMULA = r"^(?:[\t\r\n]|[\s\x{a0}]*[=+\-@\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}])"
"""What spreadsheet programs calculate, some of them also behind blanks and in wide letters."""

PLAIN_NUMBER = r"^[+-]?(?:\d[\d.,' ]*)?\d(?:[eE][+-]?\d+)?\s?%?$"


def write_csv(rows: Rows, output: Output, wanted: dict[str, Any]) -> dict[str, int]:
    """Write the rows below their names; return how many cells were escaped, and characters replaced."""
    text = _Text(output, wanted)
    lines = _Lines(wanted["delimiter"], escapes=wanted["formulas"] == "escape")
    text.write(lines.of([pa.array([column.name]) for column in rows.columns]))
    for batch in rows.batches():
        text.write(lines.of([cells(batch, column, written=rows.written) for column in rows.columns]))
    return {"escaped_cells": lines.escaped, "replaced_characters": text.replaced}


SPECIAL = {mark: rf'["\r\n{shown}]|^\s|\s$|^$' for mark, shown in {",": ",", ";": ";", "\t": r"\t", "|": r"\|"}.items()}
"""What has to stand in quotes, by the mark between cells."""


class _Lines:
    """Makes lines of cells."""

    def __init__(self, delimiter: str, *, escapes: bool) -> None:
        self._delimiter = delimiter
        self._escapes = escapes
        self._special = SPECIAL[delimiter]
        self.escaped = 0

    def of(self, columns: Sequence[pa.Array]) -> memoryview:
        """Return the lines of a batch of columns."""
        parts: list[pa.Array | str] = []
        for column in columns:
            parts += [self._cell(column, is_alone=len(columns) == 1), self._delimiter]
        return data_of(joined([*parts[:-1], "\n"]))

    def _cell(self, texts: pa.Array, *, is_alone: bool) -> pa.Array:
        # A line that is empty is no row for most readers.
        missing = '""' if is_alone else ""
        if self._escapes:
            texts = self._escape(texts)
            # What another program takes for the end of a cell is inside quotes here, so that nothing begins behind it.
            return pc.fill_null(_quoted(texts), missing)
        if has(texts, self._special):
            texts = pc.if_else(pc.match_substring_regex(texts, self._special), _quoted(texts), texts)
        return pc.fill_null(texts, missing)

    def _escape(self, texts: pa.Array) -> pa.Array:
        risky = pc.and_(
            pc.match_substring_regex(texts, LIKE_A_FORMULA),
            pc.invert(pc.match_substring_regex(texts, PLAIN_NUMBER)),
        )
        found = count(risky)
        self.escaped += found
        return pc.if_else(risky, pc.binary_join_element_wise("'", texts, ""), texts) if found else texts


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")


class _Text:
    """Text on its way into a file of some encoding."""

    def __init__(self, output: Output, wanted: dict[str, Any]) -> None:
        self._output = output
        self._encoding = wanted["encoding"]
        self._replaces = wanted["unencodable"] == "replace"
        self.replaced = 0
        codecs.register_error("headway-export", self._on_error)
        self._encoder = codecs.getincrementalencoder(self._encoding)("headway-export")
        if wanted["bom"] and self._encoding == "utf-8":
            output.write(MARK)

    def write(self, lines: memoryview) -> None:
        self._output.write(lines if self._encoding == "utf-8" else self._encoder.encode(str(lines, "utf-8")))

    def _on_error(self, error: UnicodeError) -> tuple[str, int]:
        """Count, or refuse, what has no place in the encoding. The first one is named."""
        if not isinstance(error, UnicodeEncodeError):
            raise error
        if not self._replaces:
            character = error.object[error.start]
            said = f"{self._encoding} has no place for {character!r} (U+{ord(character):04X})."
            raise NotEncodable(said, character=character, encoding=self._encoding)
        self.replaced += error.end - error.start
        return "?" * (error.end - error.start), error.end
