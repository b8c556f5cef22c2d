"""A record reader that takes any line end and tells an empty cell from a quoted empty one.

Used for the header of every table and for whole files that the fast reader cannot take. It reads by RFC 4180,
and of a record that breaks it, keeps the text and says why.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from headway.intake.rejects import MOST_REJECTS, Reject

BLOCK_CHARACTERS = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """One record's cells; None is an empty cell, "" a quoted empty one."""

    cells: tuple[str | None, ...]


class CarefulReader:
    """Iterates the records of a UTF-8 file once. When `rows` is exhausted, `records` and `rejected` are complete

    and `rejects` holds the first of the rejected ones.
    """

    def __init__(self, path: Path, delimiter: str | None) -> None:
        self._path = path
        mark = re.escape(delimiter) if delimiter is not None else None
        stop = f"{mark}|" if mark else ""
        # A cell, then what ends it. A quoted cell must end at a delimiter or a line end.
        plain = f'(?:[^"\\r\\n{re.escape(delimiter) if delimiter else ""}][^\\r\\n{re.escape(delimiter) if delimiter else ""}]*)?'
        self._cell = re.compile(rf'(?:"((?:[^"]|"")*)"|({plain}))({stop}\r\n|\r|\n|\Z)')
        self._delimiter = delimiter
        self.records = 0
        self.rejected = 0
        self.rejects: list[Reject] = []

    def rows(self, width: int | None = None) -> Iterator[Record]:
        """Yield the records that have `width` cells; note the others as rejected."""
        for cells, raw, broken in self._all():
            self.records += 1
            fault = broken or _fault(len(cells), width)
            if fault is None:
                yield Record(cells)
            else:
                self.rejected += 1
                if len(self.rejects) < MOST_REJECTS:
                    self.rejects.append(Reject(self.records, None, fault, raw))

    def _all(self) -> Iterator[tuple[tuple[str | None, ...], str, str | None]]:
        """Yield (cells, raw text, fault) for each record that is not blank."""
        with self._path.open(encoding="utf-8", newline="", errors="replace") as file:
            buffer, ended = "", False
            while not ended:
                block = file.read(BLOCK_CHARACTERS)
                ended = not block
                buffer = yield from self._in(buffer + block, final=ended)

    def _in(self, text: str, *, final: bool) -> Generator[tuple[tuple[str | None, ...], str, str | None], None, str]:
        """Yield the records that are whole in `text`; return the rest, which the next block continues."""
        position = 0
        while position < len(text):
            found = self._record(text, position, final=final)
            if found is None:
                break
            cells, end, fault = found
            raw = text[position:end].rstrip("\r\n")
            position = end
            if raw or self._delimiter is None:
                yield cells, raw, fault
        return text[position:]

    def _record(
        self, text: str, position: int, *, final: bool
    ) -> tuple[tuple[str | None, ...], int, str | None] | None:
        """Return (cells, end, fault) of the record at `position`, or None if it is not whole yet."""
        cells: list[str | None] = []
        while True:
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

    def _broken(
        self, text: str, position: int, cells: list[str | None], *, final: bool
    ) -> tuple[tuple[str | None, ...], int, str | None] | None:
        """Give up a record up to its line end; an open quote takes everything that follows it."""
        closing = re.compile(r'"(?:[^"]|"")*"').match(text, position)
        if closing is None and text.startswith('"', position):
            return (tuple(cells), len(text), "has a quotation mark that is never closed") if final else None
        end = re.compile(r"\r\n|\r|\n|\Z").search(text, closing.end() if closing else position)
        if end is None or (not final and end.end() >= len(text) - 1):
            return None
        return tuple(cells), end.end(), "has text after a closing quotation mark"


def _fault(cells: int, width: int | None) -> str | None:
    if width is None or cells == width:
        return None
    if cells < width:
        return "has fewer cells than the table has columns"
    return "has more cells than the table has columns"
