"""Builds XLSX files part by part, so that each part may be wrong."""

from __future__ import annotations

from chaos.hostile_file import Deflated
from chaos.hostile_zip import Container, Entry, member

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = b"http://schemas.openxmlformats.org/package/2006/"
_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml."

SHEET, BOOK, LINKS = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
TYPES, ROOT, STRINGS = "[Content_Types].xml", "_rels/.rels", "xl/sharedStrings.xml"

Part = bytes | Deflated | None


def link(target: bytes, kind: bytes = b"worksheet", *, name: bytes = b"rId1", extra: bytes = b"") -> bytes:
    return b'<Relationship Id="%b" Type="%b/%b" Target="%b"%b/>' % (name, _OFFICE, kind, target, extra)


def links(*inner: bytes) -> bytes:
    return DECLARATION + b'<Relationships xmlns="%brelationships">%b</Relationships>' % (_PACKAGE, b"".join(inner))


def book(*names: bytes) -> bytes:
    sheets = b"".join(b'<sheet name="%b" sheetId="%d" r:id="rId%d"/>' % (n, i, i) for i, n in enumerate(names, 1))
    return DECLARATION + b'<workbook xmlns="%b" xmlns:r="%b"><sheets>%b</sheets></workbook>' % (MAIN, _OFFICE, sheets)


def sheet(rows: bytes, *, before: bytes = b"", within: bytes = b"") -> bytes:
    opening, closing = around(before, within)
    return opening + rows + closing


def around(before: bytes = b"", within: bytes = b"") -> tuple[bytes, bytes]:
    opening = DECLARATION + before + b'<worksheet xmlns="%b">%b<sheetData>' % (MAIN, within)
    return opening, b"</sheetData></worksheet>"


def text(cell: bytes, content: bytes) -> bytes:
    return b'<c r="%b" t="inlineStr"><is><t>%b</t></is></c>' % (cell, content)


HONEST_ROWS = b'<row r="1">%b%b</row><row r="2">%b<c r="B2"><v>7</v></c></row>' % (
    text(b"A1", b"id"),
    text(b"B1", b"size"),
    text(b"A2", b"x"),
)


def workbook(changes: dict[str, Part] | None = None, extra: list[Entry] | None = None) -> bytes:
    """Return an XLSX file. `changes` replaces parts by name, or leaves them out where they are None."""
    override = b'<Override PartName="/%b" ContentType="%b%b+xml"/>'
    types = override % (BOOK.encode(), _TYPE, b"sheet.main") + override % (SHEET.encode(), _TYPE, b"worksheet")
    default = b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    parts: dict[str, Part] = {
        TYPES: DECLARATION + b'<Types xmlns="%bcontent-types">%b%b</Types>' % (_PACKAGE, default, types),
        ROOT: links(link(BOOK.encode(), b"officeDocument")),
        BOOK: book(b"s"),
        LINKS: links(link(b"worksheets/sheet1.xml")),
        SHEET: sheet(HONEST_ROWS),
        **(changes or {}),
    }
    return Container([*(member(n, part) for n, part in parts.items() if part is not None), *(extra or [])]).to_bytes()
