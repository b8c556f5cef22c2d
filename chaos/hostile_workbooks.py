"""Workbooks: bombs, far corners, poisonous XML, parts that are missing or point elsewhere, old and other formats."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chaos.hostile_file import IMPORTS, MIB, Content, HostileFile, Shelf, deflate
from chaos.hostile_ole import SIGNATURE, biff, container, number, record
from chaos.hostile_xlsx import (
    BOOK,
    DECLARATION,
    HONEST_ROWS,
    LINKS,
    MAIN,
    ROOT,
    SHEET,
    STRINGS,
    TYPES,
    Part,
    around,
    book,
    link,
    links,
    sheet,
    text,
    workbook,
)
from chaos.hostile_zip import ENCRYPTED, Container, Entry, member, overlapping, stored

_UNREADABLE = ("sheet.unreadable", "sheet.not_a_table")
_LIMITS = ("limit.", "archive.bomb", "sheet.grid_too_large")


def hostile_workbooks(seed: int) -> list[HostileFile]:
    return [*_bombs(seed), *_grids(seed), *_xml(seed), *_parts(seed), *_damage(seed), *_old(seed)]


def _bombs(seed: int) -> list[HostileFile]:
    shelf = Shelf("xlsx-bomb", seed)

    def add(label: str, make: Callable[[], Content], *may: str) -> None:
        shelf.add(label, f"{label}.xlsx", make, *_LIMITS, *may)

    opening, closing = around()
    row = b'<row><c t="inlineStr"><is><t>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA</t></is></c></row>' * 10_000
    add("rows-10-million", lambda: workbook({SHEET: deflate(opening, row, 1_000, closing)}))
    blank = b"<row></row>" * 100_000
    add("empty-rows-50-million", lambda: workbook({SHEET: deflate(opening, blank, 500, closing)}), "sheet.empty")
    add(
        "one-row-of-2-gb",
        lambda: workbook({SHEET: deflate(opening + b"<row>", b"<c/>" * 250_000, 2_000, closing)}),
        *_UNREADABLE,
    )
    cell = deflate(
        opening + b'<row r="1"><c r="A1" t="inlineStr"><is><t>', b"x" * MIB, 50, b"</t></is></c></row>" + closing
    )
    add("cell-of-50-mb", lambda: workbook({SHEET: cell}), IMPORTS, *_UNREADABLE)
    strings = (DECLARATION + b'<sst xmlns="%b">' % MAIN, b"<si><t>AAAAAAAAAAAAAAAA</t></si>" * 10_000, b"</sst>")
    shared = {
        SHEET: sheet(b'<row r="1"><c r="A1" t="s"><v>0</v></c></row>'),
        LINKS: links(link(b"worksheets/sheet1.xml"), link(b"sharedStrings.xml", b"sharedStrings", name=b"rId2")),
    }
    add(
        "shared-strings-10-million",
        lambda: workbook({**shared, STRINGS: deflate(strings[0], strings[1], 1_000, strings[2])}),
    )
    add(
        "shared-string-beyond-the-list",
        lambda: workbook({**shared, STRINGS: strings[0] + strings[2]}),
        IMPORTS,
        *_UNREADABLE,
        "sheet.empty",
    )
    add(
        "styles-of-1-gb",
        lambda: workbook({"xl/styles.xml": deflate(b"<styleSheet>", b"<xf/>" * 200_000, 1_024)}),
        *_UNREADABLE,
    )
    add("part-that-nobody-reads", lambda: workbook({"xl/media/image1.png": deflate(b"", bytes(MIB), 1_024)}))
    add(
        "parts-20000", lambda: workbook(extra=[member(f"xl/{count}.xml", b"") for count in range(20_000)]), *_UNREADABLE
    )
    names = [BOOK, SHEET, *(f"xl/worksheets/sheet{count}.xml" for count in range(2, 200))]
    add("overlapping-parts", lambda: overlapping(bytes(4 * MIB), names), *_UNREADABLE)
    many = [b"s%d" % count for count in range(5_000)]
    add("sheets-5000", lambda: workbook({BOOK: book(*many)}), IMPORTS, *_UNREADABLE)
    return shelf.files


def _grids(seed: int) -> list[HostileFile]:
    shelf = Shelf("xlsx-grid", seed)

    def add(label: str, rows: bytes, *may: str, within: bytes = b"") -> None:
        shelf.add(label, f"{label}.xlsx", lambda: workbook({SHEET: sheet(rows, within=within)}), *may)

    def cells(*places: bytes) -> bytes:
        return b"".join(b'<row r="%b">%b</row>' % (place.lstrip(b"-ABCDEFGXZ"), text(place, b"x")) for place in places)

    large, odd = ("sheet.grid_too_large",), (IMPORTS, "sheet.")
    add("far-corners", cells(b"A1", b"XFD1048576"), *large)
    add("far-corner-alone", cells(b"XFD1048576"), IMPORTS)
    add("beyond-the-far-corner", cells(b"A1", b"ZZZ9999999"), *large, *_UNREADABLE)
    add("last-row-of-one-column", cells(b"A1", b"A1048576"), IMPORTS)
    add("last-column-of-one-row", b'<row r="1">%b%b</row>' % (text(b"A1", b"x"), text(b"XFD1", b"y")), "table.", *large)
    dimension = b'<dimension ref="%b"/>'
    add("dimension-huge", HONEST_ROWS, IMPORTS, within=dimension % b"A1:XFD1048576")
    add("dimension-tiny", HONEST_ROWS, IMPORTS, within=dimension % b"A1")
    add("dimension-garbage", HONEST_ROWS, *odd, within=dimension % b"B9:A1:C7")
    add("dimension-negative", HONEST_ROWS, *odd, within=dimension % b"A-1:A-5")
    value = b'<c r="%b"><v>1</v></c>'
    add("row-number-zero", b'<row r="0">%b</row>' % (value % b"A0") + HONEST_ROWS, *odd)
    add("row-number-negative", b'<row r="-5">%b</row>' % (value % b"A-5") + HONEST_ROWS, *odd)
    add(
        "row-number-of-30-digits", b'<row r="%b">%b</row>' % (b"9" * 30, value % (b"A" + b"9" * 30)) + HONEST_ROWS, *odd
    )
    add("row-number-of-10-digits", b'<row r="4294967297">%b</row>' % (value % b"A4294967297") + HONEST_ROWS, *odd)
    add("row-number-around-32-bits", b'<row r="4294967296">%b</row>' % b"<c><v>1</v></c>" + HONEST_ROWS, *odd)
    add("column-of-7-letters", b'<row r="1">%b</row>' % (value % b"ZZZZZZZ1") + HONEST_ROWS, *odd)
    add("cell-names-garbage", b'<row r="x">%b%b</row>' % (value % b"1A", value % b"!") + HONEST_ROWS, *odd)
    add("cell-names-empty", b'<row r="">%b</row>' % (value % b"") + HONEST_ROWS, *odd)
    add("rows-out-of-order", cells(b"A9", b"A1", b"A5"), *odd)
    add(
        "cells-out-of-order",
        b'<row r="1">%b%b%b</row>' % (text(b"C1", b"c"), text(b"A1", b"a"), text(b"B1", b"b")),
        *odd,
    )
    add("same-cell-twice", b'<row r="1">%b%b</row>' % (text(b"A1", b"x"), text(b"A1", b"y")) + HONEST_ROWS, *odd)
    add("cell-in-another-row", b'<row r="1">%b</row>' % text(b"A500000", b"x") + HONEST_ROWS, *odd)
    add(
        "diagonal-of-3000",
        b"".join(
            b'<row r="%d">%b</row>' % (at + 1, text(b"%b%d" % (_letters(at), at + 1), b"x")) for at in range(3_000)
        ),
        *large,
        IMPORTS,
        "limit.memory",
    )
    for label, content in {"number": b"<v>x</v>", "exponent": b"<v>1e999</v>", "shared": b"<v>-1</v>"}.items():
        kind = b' t="s"' if label == "shared" else b""
        add(f"value-of-bad-{label}", HONEST_ROWS + b'<row r="3"><c r="A3"%b>%b</c></row>' % (kind, content), *odd)
    add("unknown-cell-type", HONEST_ROWS + b'<row r="3"><c r="A3" t="zzz"><v>1</v></c></row>', *odd)
    return shelf.files


def _letters(number: int) -> bytes:
    found = b""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = bytes([65 + rest]) + found
    return found


def _xml(seed: int) -> list[HostileFile]:
    shelf = Shelf("xlsx-xml", seed)

    def add(label: str, before: bytes, rows: bytes, *may: str) -> None:
        shelf.add(label, f"{label}.xlsx", lambda: workbook({SHEET: sheet(rows, before=before)}), *_UNREADABLE, *may)

    def cell(content: bytes) -> bytes:
        return HONEST_ROWS + b'<row r="3">%b</row>' % text(b"A3", content)

    laughs = b"".join(b'<!ENTITY %c "%b">' % (98 + level, (b"&%c;" % (97 + level)) * 10) for level in range(9))
    entities = b'<!DOCTYPE x [<!ENTITY a "AAAAAAAAAA">%b]>' % laughs
    add("billion-laughs", entities, cell(b"&j;"))
    shelf.add(
        "billion-laughs-in-the-index", "index.xlsx", lambda: workbook({BOOK: entities + book(b"&j;")}), *_UNREADABLE
    )
    shelf.add(
        "billion-laughs-in-the-links",
        "links.xlsx",
        lambda: workbook({LINKS: entities + links(link(b"&j;"))}),
        *_UNREADABLE,
    )
    add("quadratic-blow-up", b'<!DOCTYPE x [<!ENTITY a "%b">]>' % (b"A" * 100_000), cell(b"&a;" * 10_000))
    for label, address in {
        "file": b"file:///etc/hostname",
        "device": b"file:///dev/zero",
        "web": b"http://127.0.0.1:9/",
    }.items():
        add(f"external-entity-{label}", b'<!DOCTYPE x [<!ENTITY e SYSTEM "%b">]>' % address, cell(b"[&e;]"))
    add("external-dtd", b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">', cell(b"x"), IMPORTS)
    add("parameter-entity", b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>', cell(b"x"), IMPORTS)
    add("unknown-entity", b"", cell(b"&nothing;"), IMPORTS)
    add("character-references", b"", cell(b"&#0;&#1;&#xFFFF;&#x110000;&#55296;"), IMPORTS)
    add("escapes-of-excel", b"", cell(b"_x0000__xD800__x000D_"), IMPORTS)
    add("nested-100000-deep", b"", cell(b"<b>" * 100_000 + b"</b>" * 100_000), IMPORTS)
    add("cut", b"", HONEST_ROWS + b'<row r="3"><c r="A3"', IMPORTS)
    add("not-utf-8", b"", cell(b"\xff\xfe\x80"), IMPORTS)
    add("cdata", b"", cell(b"<![CDATA[<row r='1048576'/>]]>"), IMPORTS)
    add(
        "comment-with-rows",
        b"",
        HONEST_ROWS + b'<!-- <row r="1048576"><c r="XFD1048576"/></row> -->',
        IMPORTS,
        "sheet.grid_too_large",
    )
    add("tag-of-1-mb", b"", cell(b"<" + b"t" * MIB + b"/>"), IMPORTS)
    add(
        "attributes-50000",
        b"",
        b"<row %b/>" % b" ".join(b'a%d="1"' % count for count in range(50_000)) + HONEST_ROWS,
        IMPORTS,
    )
    bait = b'<row r="3">' + b'<c r="A3" t="e"><v' * 30_000 + b"</row>"
    add("regex-bait-errors", b"", HONEST_ROWS + bait, "limit.time", IMPORTS)
    add("regex-bait-cells", b"", HONEST_ROWS + b'<row r="3">' + b"<c " * 300_000 + b"/></row>", "limit.time", IMPORTS)
    utf16 = sheet(HONEST_ROWS).decode().replace("UTF-8", "UTF-16").encode("utf-16")
    shelf.add("utf-16", "wide.xlsx", lambda: workbook({SHEET: utf16}), *_UNREADABLE, IMPORTS)
    far = (
        sheet(HONEST_ROWS + b'<row r="1048576">%b</row>' % text(b"XFD1048576", b"x"))
        .decode()
        .replace("UTF-8", "UTF-16")
    )
    shelf.add("utf-16-far-corner", "far.xlsx", lambda: workbook({SHEET: far.encode("utf-16")}), *_UNREADABLE, *_LIMITS)
    prefixed = (
        sheet(HONEST_ROWS).replace(b"xmlns=", b"xmlns:a.b=").replace(b"<", b"<a.b:").replace(b"<a.b:/", b"</a.b:")
    )
    shelf.add(
        "prefix-with-a-point",
        "prefix.xlsx",
        lambda: workbook({SHEET: prefixed.replace(b"<a.b:?", b"<?")}),
        *_UNREADABLE,
        IMPORTS,
        "sheet.empty",
    )
    return shelf.files


def _parts(seed: int) -> list[HostileFile]:
    shelf = Shelf("xlsx-parts", seed)

    def add(label: str, changes: dict[str, Part], *may: str) -> None:
        shelf.add(label, f"{label}.xlsx", lambda: workbook(changes), *_UNREADABLE, *may)

    add("workbook-missing", {BOOK: None}, "format.")
    add("links-missing", {LINKS: None})
    add("sheet-missing", {SHEET: None}, "sheet.empty")
    add("types-missing", {TYPES: None}, IMPORTS)
    add("workbook-empty", {BOOK: b""})
    add("workbook-not-xml", {BOOK: b"\x00\x01\x02" * 99})
    add("sheet-empty", {SHEET: b""}, "sheet.empty")
    add("no-sheets", {BOOK: book()}, "sheet.empty")
    add("strings-missing", {SHEET: sheet(b'<row r="1"><c r="A1" t="s"><v>0</v></c></row>')}, IMPORTS, "sheet.empty")
    odd = (IMPORTS, "sheet.empty", "sheet.not_found")
    targets = {
        "outside": b"../../../../etc/passwd",
        "absolute": b"/etc/passwd",
        "address": b"http://127.0.0.1:9/sheet.xml",
        "workbook-itself": b"workbook.xml",
        "links-themselves": b"_rels/workbook.xml.rels",
        "backslashes": b"worksheets\\sheet1.xml",
        "dots": b"worksheets/../worksheets/./sheet1.xml",
        "empty": b"",
    }
    for label, target in targets.items():
        add(f"target-{label}", {LINKS: links(link(target))}, *odd)
    external = links(link(b"file:///etc/passwd", extra=b' TargetMode="External"'))
    add("target-external", {LINKS: external}, *odd)
    add("links-in-a-circle", {ROOT: links(link(b"_rels/.rels", b"officeDocument"))}, IMPORTS)
    add("same-link-twice", {LINKS: links(link(b"worksheets/sheet1.xml"), link(b"workbook.xml"))}, *odd)
    add("same-sheet-5-times", {BOOK: book(*[b"s"] * 5)}, *odd)
    add("sheet-names-hostile", {BOOK: book(b"../../x&lt;script&gt;&#10;" + b"n" * 5_000)}, IMPORTS)
    shelf.add(
        "sheet-part-twice", "twice.xlsx", lambda: workbook(extra=[_far_sheet(SHEET)]), *_UNREADABLE, *_LIMITS, IMPORTS
    )
    shelf.add(
        "sheet-part-in-capitals",
        "case.xlsx",
        lambda: workbook({SHEET: None}, [_far_sheet(SHEET.upper())]),
        *_UNREADABLE,
        *_LIMITS,
    )
    shelf.add(
        "sheet-part-with-backslashes",
        "slash.xlsx",
        lambda: workbook({SHEET: None}, [_far_sheet(SHEET.replace("/", "\\"))]),
        *_UNREADABLE,
        *_LIMITS,
    )
    shelf.add(
        "traversal-part",
        "slip.xlsx",
        lambda: workbook(extra=[member("../../../tmp/owned", b"x")]),
        IMPORTS,
        *_UNREADABLE,
    )
    return shelf.files


def _far_sheet(name: str) -> Entry:
    """Return a sheet that would fill the memory of whoever believes it."""
    return member(name, sheet(HONEST_ROWS + b'<row r="1048576">%b</row>' % text(b"XFD1048576", b"x")))


def _damage(seed: int) -> list[HostileFile]:
    shelf = Shelf("xlsx-damage", seed)
    whole = workbook()
    odd = (*_UNREADABLE, IMPORTS, "format.", "archive.")
    shelf.add("cut-in-the-middle", "cut.xlsx", whole[: len(whole) // 2], *_UNREADABLE)
    shelf.add("cut-at-the-end", "end.xlsx", whole[:-10], *_UNREADABLE)
    shelf.add("junk-before", "before.xlsx", b"MZ" * 100 + whole, *odd)
    shelf.add("junk-behind", "behind.xlsx", whole + b"x" * 5_000, *odd)
    shelf.add(
        "encrypted-flag",
        "flag.xlsx",
        lambda: workbook(extra=[member("x", b"", flags=ENCRYPTED)]),
        "sheet.password_protected",
    )
    shelf.add("unknown-method", "method.xlsx", lambda: workbook(extra=[member("xl/x.xml", b"x", method=77)]), *odd)
    for label, claims in {
        "size-small": {"central_size": 9},
        "size-huge": {"central_size": 2**31},
        "crc": {"central_crc": 1},
    }.items():
        lying = member(SHEET, sheet(HONEST_ROWS), **claims)
        # A size that is too large harms nobody: the check sum says that all of the content came out.
        may = (IMPORTS, *_UNREADABLE) if label == "size-huge" else _UNREADABLE
        shelf.add(f"lying-{label}", f"{label}.xlsx", partial(workbook, {SHEET: None}, [lying]), *may)
    bomb = deflate(around()[0], b"<row/>" * 100_000, 1_000, around()[1])
    shelf.add(
        "lying-bomb",
        "lying.xlsx",
        lambda: workbook({SHEET: None}, [member(SHEET, bomb, central_size=99, local_size=99)]),
        *_UNREADABLE,
        *_LIMITS,
    )
    random = shelf.random("flip")
    for turn in range(8):
        place = random.randrange(len(whole))
        bent = whole[:place] + bytes([whole[place] ^ (1 << random.randrange(8))]) + whole[place + 1 :]
        shelf.add(f"bit-flipped-{turn}", "bent.xlsx", bent, *odd, "sheet.", "encoding.")
    return shelf.files


def _old(seed: int) -> list[HostileFile]:
    shelf = Shelf("xls", seed)
    odd = (IMPORTS, "sheet.", "limit.memory")
    encrypted = {"EncryptionInfo": bytes(200), "EncryptedPackage": shelf.random("package").randbytes(9_000)}
    shelf.add("encrypted-xlsx", "secret.xlsx", container(encrypted), "sheet.password_protected")
    shelf.add("word-document", "letter.xls", container({"WordDocument": bytes(5_000)}), "format.")
    honest = biff(b"".join(number(row, column, row * column) for row in range(30) for column in range(3)))
    shelf.add("harmless", "fine.xls", container({"Workbook": honest}), IMPORTS)
    shelf.add("signature-only", "signature.xls", SIGNATURE, "sheet.unreadable")
    shelf.add(
        "random-behind-the-signature",
        "random.xls",
        SIGNATURE + shelf.random("ole").randbytes(50_000),
        "sheet.unreadable",
    )
    shelf.add("cut", "cut.xls", container({"Workbook": honest})[:1_700], *odd)
    shelf.add("no-workbook", "none.xls", container({"Other": bytes(5_000)}), "sheet.unreadable", "format.")
    shelf.add("sectors-in-a-circle", "circle.xls", container({"Workbook": honest}, loop=True), *odd)
    corners = number(0, 0, 1) + number(65_535, 65_535, 2)
    shelf.add("far-corners", "far.xls", container({"Workbook": biff(corners)}), "sheet.", "limit.memory", "table.")
    shelf.add("dimension-huge", "dimension.xls", container({"Workbook": biff(_dimension() + number(0, 0, 1))}), *odd)
    shelf.add(
        "dimension-reversed", "reversed.xls", container({"Workbook": biff(_dimension(9, 3) + number(0, 0, 1))}), *odd
    )
    shelf.add("sheet-far-away", "away.xls", container({"Workbook": biff(number(0, 0, 1), sheet_at=2**31)}), *odd)
    shelf.add("record-too-long", "record.xls", container({"Workbook": biff(record(0x0203, b"x", 9_000))}), *odd)
    shelf.add("record-too-short", "short.xls", container({"Workbook": biff(record(0x0203, b"x"))}), *odd)
    strings = record(0x00FC, b"\xff\xff\xff\x7f\xff\xff\xff\x7f" + b"\xff\xff\x00x")
    shelf.add("strings-count-huge", "strings.xls", container({"Workbook": biff(number(0, 0, 1), before=strings)}), *odd)
    office = [
        stored("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        member("content.xml", b"<office/>"),
    ]
    shelf.add("open-document", "sheet.ods", Container(office).to_bytes(), "format.")
    binary = [member(TYPES, b"<Types/>"), member("xl/workbook.bin", bytes(99))]
    shelf.add("binary-workbook", "sheet.xlsb", Container(binary).to_bytes(), "format.")
    shelf.add("xml-of-2003", "old.xml", DECLARATION + b"<Workbook/>", "format.")
    shelf.add("html-called-xls", "report.xls", b"<html><table><tr><td>1</td></tr></table></html>", "format.")
    return shelf.files


def _dimension(first: int = 0, last: int = 2**31 - 1) -> bytes:
    places = (first, last, 0, 65_535)
    return record(0x0200, b"".join(p.to_bytes(4 if at < 2 else 2, "little") for at, p in enumerate(places)) + bytes(2))
