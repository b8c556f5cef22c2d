"""A record reader that takes any line end and tells an empty cell from a quoted empty one.

Used for the header of every table and for whole files that the fast reader cannot take. It reads by RFC 4180,
and of a record that breaks it, keeps the text and says why.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from headway.intake.rejects import MOST_REJECTS, RAW_CHARACTERS, Reject

BLOCK_CHARACTERS = 1024 * 1024

_QUOTED = r'"([^"]*+(?:""[^"]*+)*+)"'
"""A quoted cell. Possessive, because a cell of many quotation marks would take gigabytes to back out of."""

_CLOSED = re.compile(_QUOTED)
_LINE_END = re.compile(r"\r\n?|\n|\Z")

MOST_SPLIT = 10_000
"""A record of more cells is not split at once: of millions, all but a few are left out."""

_Cells = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One record's cells; None is an empty cell, "" a quoted empty one."""

    cells: _Cells


class CarefulReader:
    """Iterates the records of a UTF-8 file once. When `rows` is exhausted, `records` and `rejected` are complete

    and `rejects` holds the first of the rejected ones.
    """

    def __init__(self, path: Path, delimiter: str | None) -> None:
        self._path = path
        mark = re.escape(delimiter) if delimiter is not None else ""
        stop = f"{mark}|" if mark else ""
        # A cell, then what ends it. A quoted cell must end at a delimiter or a line end.
        plain = f'(?:[^"\\r\\n{mark}][^\\r\\n{mark}]*+)?'
        self._cell = re.compile(rf"(?:{_QUOTED}|({plain}))({stop}\r\n|\r|\n|\Z)")
        self._cells_before_last = re.compile(rf"(?:(?:{_QUOTED}|{plain}){mark})*+")
        self._delimiter = delimiter
        self.records = 0
        self.rejected = 0
        self.rejects: list[Reject] = []

    def first(self) -> Record | None:
        """Return the first record, or None if there is none or it is broken."""
        cells, _, broken = next(self._all(None), ((), "", None))
        return Record(cells) if cells and broken is None else None

    def rows(self, width: int, *, header: bool) -> Iterator[Record]:
        """Yield the records below the header that have `width` cells; note the others as rejected."""
        for cells, raw, broken in self._all(width):
            self.records += 1
            if header and self.records == 1:
                continue
            fault = broken or _fault(len(cells), width)
            if fault is None:
                yield Record(cells)
            else:
                self.rejected += 1
                if len(self.rejects) < MOST_REJECTS:
                    self.rejects.append(Reject(self.records, None, fault, raw[:RAW_CHARACTERS]))

    def _all(self, width: int | None) -> Iterator[tuple[_Cells, str, str | None]]:
        """Yield (cells, raw text, fault) for each record that is not blank."""
        with self._path.open(encoding="utf-8", newline="", errors="replace") as file:
            buffer, ended = "", False
            while not ended:
                # A record that does not end is looked at again from its start, so ever more is read before that.
                block = file.read(max(BLOCK_CHARACTERS, len(buffer)))
                ended = not block
                buffer = yield from self._in(buffer + block, width, final=ended)

    def _in(self, text: str, width: int | None, *, final: bool) -> Generator[tuple[_Cells, str, str | None], None, str]:
        """Yield the records that are whole in `text`; return the rest, which the next block continues."""
        position = 0
        while position < len(text):
            found = self._record(text, position, width, final=final)
            if found is None:
                break
            cells, end, fault = found
            raw = text[position:end].rstrip("\r\n")
            position = end
            if raw or self._delimiter is None:
                yield cells, raw, fault
        return text[position:]

    def _record(
        self, text: str, position: int, width: int | None, *, final: bool
    ) -> tuple[_Cells, int, str | None] | None:
        """Return (cells, end, fault) of the record at `position`, or None if it is not whole yet.

        Of a record with more cells than `width` some are left out; it is rejected anyway.
        """
        whole = self._plain_record(text, position, final=final)
        if whole is not None:
            return whole
        cells: list[str | None] = []
        while True:
            if width is not None and len(cells) == width + 1:
                skipped = self._cells_before_last.match(text, position)
                position = skipped.end() if skipped else position
            match = self._cell.match(text, position)
            if match is None:
                return self._broken(text, position, cells, final=final)
            if not final and match.end() >= len(text) - 1:
                # It may go on: a quote doubled, a line feed after its return.
                return None
            quoted, plain, stop = match.groups()
            cells.append(quoted.replace('""', '"') if quoted is not None else plain or None)
            position = match.end()
            if stop != self._delimiter or not stop:
                return tuple(cells), position, None

    def _plain_record(self, text: str, position: int, *, final: bool) -> tuple[_Cells, int, None] | None:
        """Return a whole record without any quotation mark, which needs no looking at each cell."""
        end = _LINE_END.search(text, position)
        if end is None or (not final and end.end() >= len(text) - 1):
            return None
        raw = text[position : end.start()]
        if '"' in raw or self._delimiter is None or raw.count(self._delimiter) > MOST_SPLIT:
            return None
        return tuple(cell or None for cell in raw.split(self._delimiter)), end.end(), None

    def _broken(
        self, text: str, position: int, cells: list[str | None], *, final: bool
    ) -> tuple[_Cells, int, str | None] | None:
        """Give up a record up to its line end; an open quote takes everything that follows it."""
        closing = _CLOSED.match(text, position)
        if closing is None and text.startswith('"', position):
            return (tuple(cells), len(text), "has a quotation mark that is never closed") if final else None
        end = _LINE_END.search(text, closing.end() if closing else position)
        if end is None or (not final and end.end() >= len(text) - 1):
            return None
        return tuple(cells), end.end(), "has text after a closing quotation mark"


def _fault(cells: int, width: int) -> str | None:
    if cells == width:
        return None
    if cells < width:
        return "has fewer cells than the table has columns"
    return "has more cells than the table has columns"
