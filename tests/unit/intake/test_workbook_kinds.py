"""The other kinds of workbooks: XLSB, XLS and OpenDocument, each written here record by record or tag by tag."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from chaos.hostile_ole import biff, container, number, record
from chaos.hostile_xlsx import BOOK, DECLARATION, LINKS, ROOT, TYPES, link, links
from headway.errors import AppError
from headway.intake.errors import SheetGridTooLarge, SheetPasswordProtected, SheetUnreadable
from headway.intake.formats import workbook, workbook_package

from .parse_helpers import Parsed, parse_bytes

# -------------------------------------------------------------------------------------------------------- XLSB


def rec(kind: int, content: bytes = b"") -> bytes:
    """Return a record of a binary workbook."""
    written = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = b"", len(content)
    while length >= 128:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return written + size + bytes([length]) + content


def wide(text: str) -> bytes:
    return struct.pack("<L", len(text)) + text.encode("utf-16-le")


def cell(kind: int, column: int, content: bytes = b"", style: int = 0) -> bytes:
    return rec(kind, struct.pack("<LL", column, style) + content)


def row(at: int, *cells: bytes, hidden: bool = False) -> bytes:
    return rec(0, struct.pack("<LLHBBB", at, 0, 0, 0, 16 if hidden else 0, 0)) + b"".join(cells)


def xlsb(sheet: bytes, *, starts_1904: bool = False) -> bytes:
    styles = [rec(44, struct.pack("<H", 164) + wide("yyyy-mm-dd hh:mm")), rec(617), rec(47, struct.pack("<HH", 0, 0))]
    styles += [rec(47, struct.pack("<HH", 0, 14)), rec(47, struct.pack("<HH", 0, 164)), rec(618)]
    book = rec(153, struct.pack("<LL", int(starts_1904), 0) + wide(""))
    for position, name in enumerate(("Data", "Secret")):
        book += rec(156, struct.pack("<LL", position, position + 1) + wide("rId1") + wide(name))
    kinds = (("worksheet", "worksheets/sheet1.bin"), ("styles", "styles.bin"), ("sharedStrings", "sharedStrings.bin"))
    relations = [link(t.encode(), k.encode(), name=b"rId%d" % n) for n, (k, t) in enumerate(kinds, 1)]
    parts = {
        TYPES: DECLARATION + b"<Types/>",
        ROOT: links(link(b"xl/workbook.bin", b"officeDocument")),
        "xl/_rels/workbook.bin.rels": links(*relations),
        "xl/workbook.bin": book,
        "xl/styles.bin": b"".join(styles),
        "xl/sharedStrings.bin": rec(159) + rec(19, b"\0" + wide("geteilt")) + rec(160),
        "xl/worksheets/sheet1.bin": rec(129) + rec(145) + sheet + rec(146) + rec(130),
    }
    assert not {BOOK, LINKS} & set(parts)
    return zipped(parts)


def zipped(parts: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def header(*names: str) -> bytes:
    return row(0, *(cell(6, column, wide(name)) for column, name in enumerate(names)))


def real(column: int, value: float, style: int = 0, kind: int = 5) -> bytes:
    return cell(kind, column, struct.pack("<d", value), style)


@pytest.mark.parametrize("block", [3, 1 << 18])
def test_every_record_of_a_cell(tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_package, "_BLOCK", block)
    rk = [
        (5 << 2 | 2),
        (1234 << 2 | 3),
        ((-7 & 0x3FFFFFFF) << 2 | 2),
        struct.unpack("<L", struct.pack("<d", 0.5)[4:])[0],
    ]
    first = row(
        1, cell(1, 9), cell(2, 0, struct.pack("<L", rk[0])), cell(2, 1, struct.pack("<L", rk[1])), real(2, 45000, 1),
        real(3, 45000.25, 2), cell(3, 4, b"\x2a"), cell(4, 5, b"\1"), cell(7, 6, struct.pack("<L", 0)),
        cell(62, 7, b"\0" + wide("reich")), cell(8, 8, wide("f") + bytes(8)), hidden=True,
    )  # fmt: skip
    second = row(
        700, cell(2, 0, struct.pack("<L", rk[2])), cell(2, 1, struct.pack("<L", rk[3])), real(2, 1, 1), real(3, 45000, 2, 9),
        cell(11, 4, b"\x07"), cell(10, 5, b"\0"), cell(6, 6, wide("x" * 5000)), cell(6, 7, wide("")),
    )  # fmt: skip
    names = ("rk", "hundredths", "day", "moment", "error", "bool", "shared", "rich", "formula")
    table = parse_bytes(workbook.parse_xlsb, tmp_path, xlsb(header(*names) + first + second + rec(176, bytes(16))))
    assert table.types["moment"] == "timestamp"
    assert (table.values("rk"), table.values("day")) == ([5, -7], [dt.date(2023, 3, 15), dt.date(1900, 1, 1)])
    assert [str(value) for value in table.values("hundredths")] == ["12.34", "0.50"]
    assert (table.values("error"), table.values("bool")) == (["#N/A", "#DIV/0!"], [True, False])
    assert (table.values("shared"), table.values("rich")) == (["geteilt", "x" * 5000], ["reich", None])
    assert table.decision("sheet").runner_up == ["Secret (hidden)"]
    said = [decision.value for decision in table.part.decisions if decision.subject == "rows"]
    assert said == ["blank rows left out", "hidden rows", "merged cells", "errors"]


@pytest.mark.parametrize(
    "sheet",
    [
        row(1_048_576, real(0, 1)),
        row(0, real(16_384, 1)),
        row(0, cell(5, 0, b"123")),
        row(0, cell(6, 0, struct.pack("<L", 2**31))),
        row(0, cell(7, 0, struct.pack("<L", 1))),
        row(0) + b"\x05\xff\xff\xff\x7f" + b"x",
        row(0) + b"\x05\x7f" + b"x",
    ],
)
def test_a_record_that_lies_is_damage(tmp_path: Path, sheet: bytes) -> None:
    with pytest.raises(SheetUnreadable):
        parse_bytes(workbook.parse_xlsb, tmp_path, xlsb(sheet))


def test_far_corners_cost_two_cells(tmp_path: Path) -> None:
    content = xlsb(row(0, cell(6, 0, wide("a"))) + row(1_048_575, cell(6, 16_383, wide("b"))))
    assert parse_bytes(workbook.parse_xlsb, tmp_path, content, header=False).part.rows == 2


# --------------------------------------------------------------------------------------------------------- XLS


def test_an_old_workbook_with_far_corners(tmp_path: Path) -> None:
    cells = number(0, 0, 1.5) + number(65_535, 255, 2.0) + record(0x0205, struct.pack("<3HBB", 1, 0, 0, 0x2A, 1))
    content = container({"Workbook": biff(cells)})
    table = parse_bytes(workbook.parse_xls, tmp_path, content, header=False)
    assert ([str(cell) for cell in table.values("column_1")], table.values("column_2")) == (
        ["1.5", "None", "None"],
        [None, None, 2],
    )
    assert table.written("column_1") == [None, "#N/A", None]
    assert table.decision("rows").evidence.startswith("65,533 rows")


@pytest.mark.parametrize("cut", [9, 600, 1_100, 3_000])
def test_an_old_workbook_that_is_cut_is_damage(tmp_path: Path, cut: int) -> None:
    content = container({"Workbook": biff(number(0, 0, 1.0) * 50)})
    with pytest.raises(SheetUnreadable):
        parse_bytes(workbook.parse_xls, tmp_path, content[:cut])


def test_an_old_workbook_with_a_password(tmp_path: Path) -> None:
    locked = container({"Workbook": biff(number(0, 0, 1.0), before=record(0x002F, bytes(6)))})
    with pytest.raises(SheetPasswordProtected):
        parse_bytes(workbook.parse_xls, tmp_path, locked)


# ------------------------------------------------------------------------------------------------ OpenDocument

NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
    for short in ("office", "table", "text", "style")
)
CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def document(tables: str, *, before: str = "", styles: str = "") -> bytes:
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    styled = f"<office:automatic-styles>{styles}</office:automatic-styles>"
    return f"<?xml version='1.0'?>{before}<office:document-content {NAMES} {CALC}>{styled}{body}</office:document-content>".encode()


def sheet(rows: str, name: str = "Data", style: str = "") -> str:
    return f'<table:table table:name="{name}" table:style-name="{style}">{rows}</table:table>'


def ods_row(*cells: str, more: str = "") -> str:
    return f"<table:table-row{more}>{''.join(cells)}</table:table-row>"


def text(content: str, more: str = "") -> str:
    return f'<table:table-cell office:value-type="string"{more}><text:p>{content}</text:p></table:table-cell>'


def value(kind: str, attribute: str, written: str) -> str:
    return f'<table:table-cell office:value-type="{kind}" office:{attribute}="{written}"><text:p>shown</text:p></table:table-cell>'


def parse_ods(folder: Path, content: bytes, **options: Any) -> Parsed:
    parts = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content}
    return parse_bytes(workbook.parse_ods, folder, zipped(parts), "t.ods", **options)


def test_every_kind_of_cell_of_an_open_document(tmp_path: Path) -> None:
    error = '<table:table-cell office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
    note = "<office:annotation><text:p>a note</text:p></office:annotation>"
    rows = ods_row(*map(text, ("int", "float", "text", "bool", "date", "moment", "time", "long", "error"))) + ods_row(
        value("float", "value", "12345678901234567890"), value("currency", "value", "2.5"),
        f'<table:table-cell office:value-type="string">{note}<text:p>00<text:span>1</text:span>  a<text:s text:c="2"/>b</text:p>\n <text:p>c<text:tab/>d</text:p></table:table-cell>',
        value("boolean", "boolean-value", "true"), value("date", "date-value", "2024-01-02"),
        value("date", "date-value", "2024-01-02T03:04:05.500000000"), value("time", "time-value", "PT12H30M00S"),
        value("time", "time-value", "-PT30H00M01.25S"), error,
    ) + ods_row(text("", ' table:number-columns-repeated="3"'), '<table:table-cell table:formula="of:=1"/>', "<table:covered-table-cell/>", value("date", "date-value", "2024-01-02"))  # fmt: skip
    table = parse_ods(tmp_path, document(sheet(rows)))
    assert [str(value) for value in table.values("int")] == ["12345678901234567890", "None"]
    assert table.values("text")[0] == "001 a  b\nc\td"
    assert (table.values("bool")[0], table.values("date")[0]) == (True, dt.date(2024, 1, 2))
    assert table.values("moment") == [
        dt.datetime.fromisoformat("2024-01-02T03:04:05.5"),
        dt.datetime.fromisoformat("2024-01-02"),
    ]
    assert (table.values("time")[0], table.values("long")[0], table.values("error")[0]) == (
        dt.time(12, 30),
        "-30:00:01.25",
        "#N/A",
    )
    said = {decision.value for decision in table.part.decisions if decision.subject == "rows"}
    assert said == {"formulas without a value", "errors", "long numbers"}


def test_what_is_repeated_and_holds_something_is_unfolded(tmp_path: Path) -> None:
    rows = (
        ods_row(
            text("a"),
            text("b", ' table:number-columns-repeated="2"'),
            '<table:table-cell table:number-columns-repeated="16381"/>',
        )
        + ods_row(
            text("x", ' table:number-columns-repeated="3"'),
            more=' table:number-rows-repeated="3" table:visibility="filter"',
        )
        + ods_row(
            '<table:table-cell table:number-columns-repeated="16384"/>', more=' table:number-rows-repeated="1048572"'
        )
    )
    table = parse_ods(tmp_path, document(sheet(rows)))
    assert (list(table.types), table.part.rows) == (["a", "b", "b_2"], 3)
    assert table.decision("rows").value == "hidden rows"


@pytest.mark.parametrize(
    "rows",
    [
        ods_row(text("x" * 1000), more=' table:number-rows-repeated="1048576"'),
        ods_row(text("x", ' table:number-columns-repeated="16384"'), more=' table:number-rows-repeated="1048576"'),
        ods_row(text("x", ' table:number-columns-repeated="99999999"')),
        ods_row(text("x"), more=' table:number-rows-repeated="99999999"'),
    ],
)
def test_a_small_file_that_claims_a_large_grid_is_refused_before_it_is_unfolded(tmp_path: Path, rows: str) -> None:
    with pytest.raises(SheetGridTooLarge):
        parse_ods(tmp_path, document(sheet(rows)))


LAUGHS = "<!DOCTYPE x [<!ENTITY a 'AAAAAAAAAA'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]>"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (document(sheet(ods_row(text("&b;"))), before=LAUGHS), SheetUnreadable),
        (document(sheet(ods_row(text("x", ' table:number-columns-repeated="-1"')))), SheetUnreadable),
        (document(sheet(ods_row(text("x"))))[:-40], SheetUnreadable),
        (b"no xml", SheetUnreadable),
    ],
)
def test_a_document_that_is_built_to_hurt(tmp_path: Path, content: bytes, expected: type[AppError]) -> None:
    with pytest.raises(expected):
        parse_ods(tmp_path, content)


def test_hidden_sheets_and_tables_inside_cells(tmp_path: Path) -> None:
    hiding = (
        '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    inner = f"<table:table-cell>{sheet(ods_row(text('inner')), 'inner')}<text:p>outer</text:p></table:table-cell>"
    tables = sheet(ods_row(text("h")), "Hidden", "h") + sheet(ods_row(inner) + ods_row(text("1")))
    table = parse_ods(tmp_path, document(tables, styles=hiding))
    assert (list(table.types), table.part.rows) == (["outer"], 1)
    assert table.decision("sheet").runner_up == ["Hidden (hidden)"]


def test_a_document_with_a_password(tmp_path: Path) -> None:
    manifest = '<m:manifest xmlns:m="u"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
    content = zipped({"content.xml": b"\x00\x01", "META-INF/manifest.xml": manifest})
    with pytest.raises(SheetPasswordProtected):
        parse_bytes(workbook.parse_ods, tmp_path, content)


def test_a_flat_document(tmp_path: Path) -> None:
    content = document(sheet(ods_row(text("a")) + ods_row(text("00123"))))
    assert parse_bytes(workbook.parse_fods, tmp_path, content).values("a") == ["00123"]
