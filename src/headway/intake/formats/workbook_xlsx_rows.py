"""The rows of an XLSX sheet as raw cells, in two ways that give the same.

Nearly every program writes cells in a few plain forms, which one pattern finds several times as fast as a parser
of XML calls back. A sheet that holds anything else (comments, prefixes, rich text in its cells, another encoding)
is read by the parser from its beginning; the rows that were handed out already are skipped. Cells in the plainest
forms need no pattern either: `workbook_xlsx_cells` takes a whole text of `plain_texts` apart at once.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice

from headway.intake.errors import SheetUnreadable
from headway.intake.formats.markup import Attributes, EventParser
from headway.intake.formats.workbook_package import Package, naming_damage
from headway.intake.formats.workbook_sheets import Notes, OnShare
from headway.intake.formats.workbook_xlsx_cells import CELL_FORM, UnusualError, is_hidden

MAX_ROW_CHARACTERS = 64 * 1024 * 1024

RawCell = tuple[str, str, str, str, str, str, str]
"""Letters of the column, style, type, style again (it may stand behind the type), formula, value, inline text."""

RawRow = tuple[str | None, bool, list[RawCell]]
"""The number as it is written, whether the row is hidden, and its cells."""

_ROW = "<row"
_END = "</sheetData>"
_CELL = re.compile(
    r'<c(?: r="([A-Za-z]{1,3})[0-9]{1,7}")?' + CELL_FORM + r"(?:/>|>(<f(?:/>|[ >][^<]*(?:(?<=/>)|</f>)))?"
    r'(?:<v>([^<]*)</v>|<v\s*/>|<is><t(?: xml:space="preserve")?>([^<]*)</t></is>|)</c>)'
)
_ROOT = re.compile(r"<worksheet[\s>]")
_NO_ROWS = re.compile(r"<sheetData\s*/>")
_ROW_NUMBER = re.compile(r'\sr="([^"]*)"')
_PLACE = re.compile(r"([A-Za-z]{0,3})([0-9]{0,7})")
_MERGED = "<mergeCell "
_REFERENCE = re.compile(r"&(?:#([0-9]+)|#x([0-9A-Fa-f]+)|([a-z]+));?")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def read_rows(package: Package, part: str, notes: Notes, on_share: OnShare) -> Iterator[RawRow]:
    """Yield every row of a sheet."""
    given = 0
    try:
        for row in _plain_rows(package, part, notes, on_share):
            yield row
            given += 1
    except (UnusualError, UnicodeDecodeError):
        notes.merged = 0
        yield from islice(_parsed_rows(package, part, notes, on_share), given, None)


# ------------------------------------------------------------------------------------------------ by a pattern


def _plain_rows(package: Package, part: str, notes: Notes, on_share: OnShare) -> Iterator[RawRow]:
    for text in plain_texts(package, part, notes, on_share):
        yield from _rows(text)


def plain_texts(package: Package, part: str, notes: Notes, on_share: OnShare) -> Iterator[str]:
    """Yield the sheet in texts of whole rows. Raises `UnusualError` if there is more than elements in it."""
    text = ""
    is_over = False
    for block, share in decoded(package, part, _ROOT):
        text += block
        if not is_over and _END in text:
            rows, _, text = text.partition(_END)
            yield from _from_first_row(rows)
            is_over = True
        elif not is_over and (cut := text.rfind(_ROW)) > 0:
            yield from _from_first_row(text[:cut])
            text = text[cut:]
        if is_over:
            refuse_markup(text)
            notes.merged += text.count(_MERGED)
            text = text[1 - len(_MERGED) :]
        elif len(text) > MAX_ROW_CHARACTERS:
            raise SheetUnreadable("A row of a sheet is larger than 64 MB.")
        on_share(share)
    if not is_over and not _NO_ROWS.search(text):
        raise UnusualError


def _from_first_row(text: str) -> list[str]:
    begin = text.find(_ROW)
    refuse_markup(text[:begin] if begin >= 0 else text)
    return [text[begin:]] if begin >= 0 else []


def refuse_markup(text: str) -> None:
    """Raise `UnusualError` if there is more than elements in a text."""
    if "<!" in text or text.count("<?") > text.count("<?xml "):
        raise UnusualError


def decoded(package: Package, part: str, root: re.Pattern[str]) -> Iterator[tuple[str, float]]:
    """Yield a part as text, with the share that is done by then. Raises `UnusualError` without this root."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    is_first = True
    for block, share in package.blocks(part):
        text = decoder.decode(block)
        if is_first and not root.search(text):
            raise UnusualError
        is_first = False
        yield text, share
    decoder.decode(b"", final=True)


def _rows(text: str) -> Iterator[RawRow]:
    """Yield the rows of a text of whole ones."""
    refuse_markup(text)
    for piece in text.split(_ROW)[1:]:
        head, mark, body = piece.partition(">")
        if not mark:
            raise UnusualError
        number = _ROW_NUMBER.search(head)
        yield number[1] if number else None, is_hidden(head), _cells(body)


def _cells(body: str) -> list[RawCell]:
    body = with_line_feeds(body)
    cells = _CELL.findall(body)
    if len(cells) != body.count("<c"):
        raise UnusualError
    if "&" in body:
        return [(*cell[:5], without_references(cell[5]), without_references(cell[6])) for cell in cells]
    return cells


def with_line_feeds(text: str) -> str:
    """Return text with the ends of lines that a parser of XML would find."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def without_references(text: str) -> str:
    """Return text with the characters that its references mean. Raises `UnusualError`."""
    return _REFERENCE.sub(_referred, text) if "&" in text else text


def _referred(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    code = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else None
    if not match[0].endswith(";") or (code is None and name not in _NAMED):
        raise UnusualError
    if code is None:
        return _NAMED[name]
    if (code < 32 and code not in {9, 10, 13}) or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        raise UnusualError
    return chr(code)


# ------------------------------------------------------------------------------------------------ by a parser


class _Rows:
    """Collects rows from the events of a parser."""

    def __init__(self, notes: Notes) -> None:
        self.ready: list[RawRow] = []
        self._notes = notes
        self._row: tuple[str | None, bool, list[RawCell]] | None = None
        self._cell: dict[str, str] = {}
        self._pieces: dict[str, list[str]] = {}
        self._listening: list[str] | None = None
        self._silent = 0
        self._characters = 0

    def start(self, tag: str, attributes: Attributes) -> None:
        self._listening = None
        if tag == "row":
            self._row = (attributes.get("r"), attributes.get("hidden") in {"1", "true"}, [])
            self._characters = 0
        elif tag == "c" and self._row is not None:
            self._cell, self._pieces = attributes, {"f": [], "v": [], "t": []}
        elif tag == "rPh":
            self._silent += 1
        elif tag in self._pieces and not self._silent:
            self._listening = self._pieces[tag]
            self._listening.append("")
        elif tag == "mergeCell":
            self._notes.merged += 1

    def text(self, data: str) -> None:
        if self._listening is not None:
            self._listening.append(data)
            self._characters += len(data)
            if self._characters > MAX_ROW_CHARACTERS:
                raise SheetUnreadable("A row of a sheet is larger than 64 MB.")

    def end(self, tag: str) -> None:
        self._listening = None
        if tag == "c" and self._row is not None:
            self._row[2].append(self._raw_cell())
            self._pieces = {}
        elif tag == "rPh":
            self._silent -= 1
        elif tag == "row" and self._row is not None:
            self.ready.append(self._row)
            self._row = None

    def _raw_cell(self) -> RawCell:
        cell, pieces = self._cell, self._pieces
        letters = _letters(cell.get("r", ""))
        formula = "<f>" if pieces["f"] else ""
        value, inline = "".join(pieces["v"]), "".join(pieces["t"])
        return letters, cell.get("s", ""), cell.get("t", ""), "", formula, value, inline


def _letters(text: str) -> str:
    match = _PLACE.fullmatch(text)
    if match is None or bool(match[1]) != bool(match[2]):
        raise SheetUnreadable(f"A cell says that its place is {text[:40]!r}; no sheet has such a place.")
    return match[1]


def _parsed_rows(package: Package, part: str, notes: Notes, on_share: OnShare) -> Iterator[RawRow]:
    rows = _Rows(notes)
    parser = EventParser(rows.start, rows.end, rows.text)
    for block, share in package.blocks(part):
        with naming_damage():
            parser.feed(block)
        yield from rows.ready
        rows.ready.clear()
        on_share(share)
    with naming_damage():
        parser.close()
    yield from rows.ready
