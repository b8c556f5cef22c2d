"""Workbooks: cells become text exactly, and no grid that a file claims reaches the reader unchecked."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from chaos.hostile_xlsx import LINKS, SHEET, STRINGS, link, links, sheet
from chaos.hostile_xlsx import workbook as workbook_of
from headway.errors import AppError
from headway.intake.errors import (
    ArchiveBomb,
    MemoryLimit,
    SheetEmpty,
    SheetNotATable,
    SheetNotFound,
    SheetPasswordProtected,
    SheetUnreadable,
    UnpackedSizeLimit,
)
from headway.intake.formats import workbook_package

from .making_workbooks import at, book, member, parse, with_member, with_sheet
from .parse_helpers import MIB

# -------------------------------------------------------------------------------------------------------- cells


def test_every_kind_of_cell(tmp_path: Path) -> None:
    table = parse(
        tmp_path,
        book(
            ["int", "float", "text", "bool", "date", "moment", "time", "big"],
            [1, 0.1, "00123", True, dt.date(2024, 1, 2), at("2024-01-02T03:04:05"), dt.time(12, 30), 10**15],
            [2, 2.0, "x", False, dt.date(1900, 1, 1), at("1999-12-31T23:59:59"), dt.time(0, 0), 5],
        ),
    )
    assert table.types == {
        "int": "integer",
        "float": "decimal",
        "text": "text",
        "bool": "boolean",
        "date": "date",
        "moment": "timestamp",
        "time": "time",
        "big": "integer",
    }
    assert table.values("float") == [Decimal("0.1"), Decimal("2.0")]
    assert table.written("float") == [None, "2"]
    assert table.values("text") == ["00123", "x"]
    assert table.values("date") == [dt.date(2024, 1, 2), dt.date(1900, 1, 1)]
    assert table.values("moment") == [at("2024-01-02T03:04:05"), at("1999-12-31T23:59:59")]
    assert table.values("big") == [10**15, 5]


def test_a_moment_at_midnight_stays_a_moment(tmp_path: Path) -> None:
    moments = [at("2024-01-01T00:00:00"), at("2024-01-01T05:00:00"), at("2024-01-02T00:00:00")]
    table = parse(tmp_path, book(["at"], *[[moment] for moment in moments]))
    assert table.types == {"at": "timestamp"}
    assert table.values("at") == moments


def test_days_count_from_1904_also_with_the_extensions_of_later_versions(tmp_path: Path) -> None:
    content = book(["at"], [at("2024-01-02T00:00:00")], change=lambda wb: setattr(wb, "epoch", CALENDAR_MAC_1904))
    index = member(content, "xl/workbook.xml")
    extension = '<extLst><ext><x:workbookPr xmlns:x="urn:x" chartTrackingRefBase="1"/></ext></extLst></workbook>'
    table = parse(tmp_path, with_member(content, "xl/workbook.xml", index.replace("</workbook>", extension)))
    assert table.values("at") == [at("2024-01-02T00:00:00")]


def test_formats_of_conditional_formats_are_not_those_of_cells(tmp_path: Path) -> None:
    content = book(["n"], [45000.5], change=lambda wb: setattr(wb.active["A2"], "number_format", "0.000000"))
    conditional = '<dxfs><dxf><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></dxf></dxfs></styleSheet>'
    styles = member(content, "xl/styles.xml").replace("</styleSheet>", conditional)
    table = parse(tmp_path, with_member(content, "xl/styles.xml", styles))
    assert table.values("n") == [Decimal("45000.5")]


def test_errors_keep_their_names(tmp_path: Path) -> None:
    cells = '<row r="1"><c r="B1" t="str"><v>e</v></c></row>'
    cells += (
        '<row r="2"><c r="B2" t="e"><v>#DIV/0!</v></c></row><row r="3"><c t="e" r="B3"><f>NA()</f><v>#N/A</v></c></row>'
    )
    assert parse(tmp_path, with_sheet(cells)).values("e") == ["#DIV/0!", "#N/A"]


def test_a_formula_that_was_never_calculated_is_told(tmp_path: Path) -> None:
    table = parse(tmp_path, book(["a", "f"], [2, "=A2*2"], [3, "=A3*2"]))
    assert table.values("f") == [None, None]
    notes = [decision for decision in table.part.decisions if decision.value == "formulas without a value"]
    assert notes[0].evidence.startswith("2 formulas")
    assert table.decision("header").value == "row 1"


# ------------------------------------------------------------------------------------------------------- sheets


def several(wb: Any) -> None:
    wb.active.title = "Empty"
    wb.create_sheet("Hidden").append(["h"])
    wb["Hidden"].sheet_state = "hidden"
    wb.create_sheet("Data").append(["x"])
    wb["Data"].append([9])
    wb.create_sheet("More").append(["y"])


def test_the_first_visible_sheet_that_holds_something_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    table = parse(tmp_path, book(change=several))
    assert (table.part.name, table.values("x")) == ("Data", [9])
    assert table.decision("sheet").runner_up == ["Empty", "Hidden (hidden)", "More"]


def test_a_sheet_can_be_chosen_also_a_hidden_one(tmp_path: Path) -> None:
    assert parse(tmp_path, book(change=several), sheet="Hidden").types == {"h": "text"}


@pytest.mark.parametrize(("sheet", "expected"), [("Nope", SheetNotFound), ("Empty", SheetEmpty)])
def test_a_sheet_that_cannot_be_taken(tmp_path: Path, sheet: str, expected: type[AppError]) -> None:
    with pytest.raises(expected) as caught:
        parse(tmp_path, book(change=several), sheet=sheet)
    assert caught.value.data["sheets"] == ["Empty", "Hidden", "Data", "More"]


def test_a_workbook_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(SheetEmpty):
        parse(tmp_path, book())


# --------------------------------------------------------------------------------------------------------- grid


def corners(wb: Any) -> None:
    wb.active["XFD1048576"] = 1


@pytest.mark.parametrize(
    "xml",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        "<row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'><c  s='1' r = 'XFD1048576'><v>1</v></c></row>",
        '<row r="1"><c><v>1</v></c></row><row r="1048576"><c r="XFC1"/><c><v>1</v></c></row>',
        '<x:row xmlns:x="u" r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row><!-- --><row r="9"><c r="xfd9"><v>1</v></c></row>',
    ],
)
def test_two_opposite_corners_cost_two_cells(tmp_path: Path, xml: str) -> None:
    table = parse(tmp_path, with_sheet(xml), header=False)
    assert table.part.rows == 2
    assert (table.values("column_1"), table.values("column_2")) == ([1, None], [None, 1])
    assert table.part.decisions[2].evidence.startswith(("1,048,574 rows", "7 rows"))


def test_a_column_that_appears_far_below_is_a_column(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["a", None, "c"], *([number, None, "x"] for number in range(500))]
    content = book(*rows, change=lambda wb: wb.active.cell(450, 5, "late"))
    table = parse(tmp_path, content)
    assert list(table.types) == ["a", "c", "column_3"]
    assert [cell for cell in table.values("column_3") if cell] == ["late"]
    assert (table.part.rows, table.decision("rows").value) == (500, "blank columns left out")


def test_formats_without_content_do_not_count(tmp_path: Path) -> None:
    def style(wb: Any) -> None:
        wb.active["XFD1048576"].font = Font(bold=True)

    assert parse(tmp_path, book(["a"], [1], change=style)).values("a") == [1]


ODD_ROWS = (
    '<row r="3" hidden="1"><c r="C3" s="0" t="inlineStr"><is><t xml:space="preserve"> a &amp; b </t></is></c>'
    '<c r="D3" t="b"><v>1</v></c><c r="Z3" s="1"/></row><row><c r="C4" t="e"><v>#REF!</v></c>'
    '<c t="str"><f>A1&amp;"x"</f><v>l1&#10;l2_x000D__xD800_</v></c><c r="E4"><f>B1</f></c></row>'
    '<row r="9"><c r="C9"><v>12345678901234567</v></c><c r="D9" t="s"><v>0</v></c></row>'
)
PARSED_ROWS = ODD_ROWS.replace(
    '<is><t xml:space="preserve"> a &amp; b </t></is>', "<is><r><t> a </t></r><r><t>&amp; b </t></r></is>"
)


@pytest.mark.parametrize("block", [7, 100, 1 << 18])
@pytest.mark.parametrize(
    "xml", [ODD_ROWS, PARSED_ROWS, "<!-- " + "x" * 200 + " -->" + ODD_ROWS, ODD_ROWS.replace('r="9"', "r='9'")]
)
def test_both_ways_to_read_rows_give_the_same_wherever_blocks_end(
    tmp_path: Path, xml: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_package, "_BLOCK", block)
    merged = b'<mergeCells><mergeCell ref="A1:B2"/></mergeCells></worksheet>'
    written = sheet(xml.encode()).replace(b"</worksheet>", merged)
    content = with_texts(b"<si><t>shared</t></si>", {SHEET: written})
    table = parse(tmp_path, content, header=False)
    assert table.values("column_1") == [" a & b ", "#REF!", "12345678901234567"]
    assert table.values("column_2") == ["TRUE", "l1\nl2\r_xD800_", "shared"]
    assert [decision.value for decision in table.part.decisions if decision.subject == "rows"] == [
        "blank rows left out", "hidden rows", "merged cells", "formulas without a value", "errors", "long numbers",
    ]  # fmt: skip


def with_texts(items: bytes, parts: dict[str, Any] | None = None) -> bytes:
    """Return a workbook with these shared texts; its one cell holds the first of them."""
    texts = links(link(b"worksheets/sheet1.xml"), link(b"sharedStrings.xml", b"sharedStrings", name=b"rId2"))
    cell = sheet(b'<row r="1"><c r="A1" t="s"><v>0</v></c></row>')
    return workbook_of({SHEET: cell, LINKS: texts, STRINGS: b"<sst>" + items + b"</sst>", **(parts or {})})


def test_readings_and_runs_of_shared_texts(tmp_path: Path) -> None:
    runs = '<si><r><t>東</t></r><r><t xml:space="preserve"> 京</t></r><rPh sb="0" eb="1"><t>トウ</t></rPh></si>'
    content = with_texts(runs.encode())
    assert list(parse(tmp_path, content).types) == ["東 京"]


def test_a_text_that_is_not_there_is_damage(tmp_path: Path) -> None:
    with pytest.raises(SheetUnreadable, match="text 7"):
        parse(tmp_path, with_sheet('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'))


def test_dates_of_the_strict_variant(tmp_path: Path) -> None:
    cells = "".join(
        f'<row r="{n}"><c r="A{n}" t="d"><v>{v}</v></c></row>'
        for n, v in enumerate(["2024-01-02T03:04:05.000", "2024-01-03"], 2)
    )
    content = with_sheet('<row r="1"><c r="A1" t="str"><v>at</v></c></row>' + cells)
    strict = with_member(
        content,
        "xl/_rels/workbook.xml.rels",
        rels(content).replace("schemas.openxmlformats.org/officeDocument/2006", "purl.oclc.org/ooxml/officeDocument"),
    )
    assert parse(tmp_path, strict).values("at") == [at("2024-01-02T03:04:05"), at("2024-01-03T00:00:00")]


def rels(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read("xl/_rels/workbook.xml.rels").decode()


def test_a_sheet_without_a_part_is_told(tmp_path: Path) -> None:
    content = with_member(book(["a"]), "xl/_rels/workbook.xml.rels", "<Relationships/>")
    with pytest.raises(SheetUnreadable, match="does not say in which part"):
        parse(tmp_path, content)


def test_a_workbook_of_macros_only(tmp_path: Path) -> None:
    content = book(["a"])
    spoiled = with_member(
        content,
        "xl/_rels/workbook.xml.rels",
        rels(content).replace("relationships/worksheet", "relationships/xlMacrosheet"),
    )
    with pytest.raises(SheetNotATable, match="nothing but macros"):
        parse(tmp_path, spoiled)


def test_a_bomb_of_text_is_stopped_while_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_package, "RATIO_COUNTS_FROM_BYTES", MIB)
    content = with_member(book(["a"]), "xl/styles.xml", "<styleSheet>" + " " * (20 * MIB))
    with pytest.raises(ArchiveBomb):
        parse(tmp_path, content)
    (tmp_path / "small").mkdir()
    with pytest.raises(UnpackedSizeLimit):
        parse(tmp_path / "small", content, max_unpacked_bytes=MIB // 2)


def test_a_bomb_of_shared_texts_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(MemoryLimit):
        parse(tmp_path, with_texts(b"<si><t>" + b"A" * 2_000 + b"</t></si>"), memory_bytes=4_000)


# ------------------------------------------------------------------------------------------------------- broken


def test_a_workbook_with_a_password(tmp_path: Path) -> None:
    from headway.intake.detection import detect

    encrypted = io.BytesIO()
    OOXMLFile(io.BytesIO(book(["a"], [1]))).encrypt("secret", encrypted)
    path = tmp_path / "a.xlsx"
    path.write_bytes(encrypted.getvalue())
    with pytest.raises(SheetPasswordProtected):
        detect(path, "a.xlsx")


def entity(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        index = archive.read("xl/workbook.xml")
    doctype = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return with_member(content, "xl/workbook.xml", index.replace(b"<workbook", doctype + b"<workbook"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet9.xml"),
        lambda content: with_member(content, SHEET, "<worksheet><sheetData><row><c>"),
        lambda content: with_member(content, "xl/workbook.xml", "no xml"),
        lambda content: with_member(content, "xl/_rels/workbook.xml.rels", "<Relationships/>"),
        entity,
    ],
)
def test_a_damaged_workbook_is_named(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(SheetUnreadable):
        parse(tmp_path, spoil(book(["a"], [1])))


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    table = parse(tmp_path, book(["a"], *[[i] for i in range(500)]))
    fractions = [progress.fraction for progress in table.progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
