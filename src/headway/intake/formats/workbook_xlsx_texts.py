"""The shared texts of an XLSX workbook: by a pattern where they are plain, else by a parser of XML."""

from __future__ import annotations

import re

from headway.intake.formats.markup import Attributes, EventParser
from headway.intake.formats.workbook_cells import unescape
from headway.intake.formats.workbook_package import Package
from headway.intake.formats.workbook_texts import SharedTexts
from headway.intake.formats.workbook_xlsx_cells import UnusualError
from headway.intake.formats.workbook_xlsx_rows import (
    MAX_ROW_CHARACTERS,
    decoded,
    refuse_markup,
    with_line_feeds,
    without_references,
)

_ROOT = re.compile(r"<sst[\s>]")
_OVER = re.compile(r"</sst>|<sst[^>]*/>")
_BEGIN, _END = "<si", "</si>"
_ITEM = re.compile(r'<si>(?:<t(?: xml:space="preserve")?>([^<]*)</t>|<t/>)</si>')


def read_texts(package: Package, part: str, texts: SharedTexts) -> None:
    """Add all texts of a part."""
    try:
        _read_plain(package, part, texts)
    except (UnusualError, UnicodeDecodeError):
        _parse(package, part, texts, skip=len(texts))


def _read_plain(package: Package, part: str, texts: SharedTexts) -> None:
    rest = ""
    for block, _ in decoded(package, part, _ROOT):
        items, end, rest = (rest + block).rpartition(_END)
        items = with_line_feeds(items + end)
        refuse_markup(items)
        found = _ITEM.findall(items)
        if len(found) != items.count(_BEGIN):
            raise UnusualError
        for text in found:
            texts.add(unescape(without_references(text)))
        if len(rest) > MAX_ROW_CHARACTERS:
            raise UnusualError
    refuse_markup(rest)
    if _BEGIN in rest or not _OVER.search(rest):
        raise UnusualError


def _parse(package: Package, part: str, texts: SharedTexts, skip: int) -> None:
    """Add the texts without the first ones: runs are joined, and what tells how to pronounce them is left out."""
    pieces: list[str] = []
    silent = 0
    listening = False

    def start(tag: str, _attributes: Attributes) -> None:
        nonlocal silent, listening
        if tag == "si":
            pieces.clear()
        elif tag == "rPh":
            silent += 1
        listening = tag == "t" and not silent

    def end(tag: str) -> None:
        nonlocal silent, listening, skip
        listening = False
        if tag == "si":
            if skip <= 0:
                texts.add(unescape("".join(pieces)))
            skip -= 1
        elif tag == "rPh":
            silent -= 1

    def text(data: str) -> None:
        if listening:
            pieces.append(data)

    package.events(part, EventParser(start, end, text))
