"""Rows of an XLSX sheet that are read many at once are those that are read one by one, whatever stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chaos.hostile_xlsx import BOOK, LINKS, SHEET, STRINGS, book, link, links, sheet, workbook
from headway.errors import AppError
from headway.intake.errors import SheetUnreadable
from headway.intake.formats import (
    workbook_package,
    workbook_rows,
    workbook_xlsx,
    workbook_xlsx_texts,
    workbook_xlsx_values,
)
from headway.intake.formats.workbook_cells import CellTexts
from headway.intake.formats.workbook_package import reading_package
from headway.intake.formats.workbook_rows import Cells
from headway.intake.formats.workbook_sheets import Notes
from headway.intake.formats.workbook_texts import SharedTexts
from headway.intake.formats.workbook_xlsx import XlsxWorkbook
from headway.intake.formats.workbook_xlsx_texts import read_texts

STYLES = "xl/styles.xml"
FORMATS = (0, 14, 22, 21, 46)
"""Of the styles 0 to 4: a number, a date, a moment, a time, and a length of time."""

TEXTS = ("", "a", "two words", "<&\r>", "Łódź 𝄞", "x" * 300)

Told = tuple[dict[int, Cells], Notes]


def packed(rows: str, *, since_1904: bool = False, behind: bytes = b"") -> bytes:
    """Return a workbook whose sheet has these rows, with five styles and a few shared texts."""
    styles = "".join(f'<xf numFmtId="{number}"/>' for number in FORMATS)
    shared = "".join(f"<si><t>{escaped(text)}</t></si>" for text in TEXTS)
    start = b'<workbookPr date1904="1"/><sheets>' if since_1904 else b"<sheets>"
    return workbook(
        {
            BOOK: book(b"s").replace(b"<sheets>", start),
            SHEET: sheet(rows.encode()).replace(b"</worksheet>", behind + b"</worksheet>"),
            LINKS: links(
                link(b"worksheets/sheet1.xml"),
                link(b"styles.xml", b"styles", name=b"rId2"),
                link(b"sharedStrings.xml", b"sharedStrings", name=b"rId3"),
            ),
            STYLES: f"<styleSheet><cellXfs>{styles}</cellXfs></styleSheet>".encode(),
            STRINGS: f"<sst>{shared}</sst>".encode(),
        }
    )


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


@contextmanager
def opened(path: Path, content: bytes) -> Iterator[XlsxWorkbook]:
    path.write_bytes(content)
    with reading_package(path, 2**30) as package:
        yield XlsxWorkbook(package, 2**30)


def one_by_one(found: XlsxWorkbook, with_time: frozenset[int] = frozenset()) -> Told | str:
    notes = Notes(texts=CellTexts(with_time))
    try:
        return dict(found.rows(found.sheets[0], notes, lambda _share: None)), notes
    except AppError as error:
        return error.detail


def at_once(found: XlsxWorkbook, with_time: frozenset[int] = frozenset()) -> Told | str:
    notes = Notes(texts=CellTexts(with_time))
    rows: dict[int, Cells] = {}
    try:
        for block in found.blocks(found.sheets[0], notes, lambda _share: None):
            for row, number in enumerate(block.numbers.tolist()):
                assert number not in rows
                rows[number] = block.cells_of(row)
    except AppError as error:
        return error.detail
    return rows, notes


def both(path: Path, content: bytes, with_time: frozenset[int] = frozenset()) -> Told | str:
    """Return what is read one by one, having seen that many at once are the same."""
    with opened(path, content) as found:
        expected = one_by_one(found, with_time)
        assert at_once(found, with_time) == expected
    return expected


# ------------------------------------------------------------------------------------------------- any cells at all

_numbers = st.one_of(
    st.integers(-(10**18), 10**18).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-70_000, 3_000_000).map(repr),
    st.floats(0, 100_000).map(lambda value: f"{value:.17g}"),
    st.integers(0, 60_000 * 86_400).map(lambda seconds: repr(seconds / 86_400)),
    st.sampled_from(
        ["", "0", "-0", "007", "1.0", "1E3", "+5", " 7 ", ".5", "5.", "nan", "1e999", "1_0", "x", "60", "1e15"]
    ),
)
_words = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8).map(escaped),
    st.sampled_from(
        ["", " padded ", "a\nb", "a\r\nb\rc", "_x000D_", "_xD800_", "&#10;&amp;lt;", '"quoted"', "&#x1F600;"]
    ),
)
_styles = st.sampled_from(["", *(f' s="{number}"' for number in range(6))])
_formulas = st.sampled_from(
    ["", "", "", "<f>A1+1</f>", '<f t="shared" si="0"/>', "<f/>", '<f t="shared" ref="A1:A2">"x"&amp;B1</f>']
)


@st.composite
def _cells(draw: st.DrawFn) -> str:
    """Return what follows the place in the tag of a cell, to its end."""
    style, formula = draw(_styles), draw(_formulas)
    form = draw(st.integers(0, 7))
    if form <= 2:
        kind = draw(st.sampled_from(["", ' t="n"']))
        return f"{style}{kind}>{formula}<v>{draw(_numbers)}</v></c>"
    if form == 3:
        return f'{style} t="s"><v>{draw(st.integers(0, len(TEXTS) - 1))}</v></c>'
    if form == 4:
        space = draw(st.sampled_from(["", ' xml:space="preserve"']))
        return f'{style} t="inlineStr"><is><t{space}>{draw(_words)}</t></is></c>'
    if form == 5:
        return f'{style} t="{draw(st.sampled_from(["str", "e"]))}">{formula}<v>{draw(_words)}</v></c>'
    if form == 6:
        return f'{style} t="b"><v>{draw(st.sampled_from(["0", "1", "", "true"]))}</v></c>'
    return draw(
        st.sampled_from([f"{style}/>", f"{style}></c>", f"{style}><f>A1</f></c>", f"{style}>{formula}<v/></c>"])
    )


@st.composite
def sheets(draw: st.DrawFn) -> str:
    rows, number = [], 0
    for _ in range(draw(st.integers(1, 6))):
        number += draw(st.integers(1, 30))
        columns = sorted(
            draw(st.sets(st.sampled_from(["A", "B", "Z", "AA", "AB", "XFD"]), max_size=4)), key=lambda c: (len(c), c)
        )
        cells = "".join(f'<c r="{column}{number}"{draw(_cells())}' for column in columns)
        head = draw(st.sampled_from(["", ' hidden="1"', ' spans="1:3" ht="15" hidden="0"', ' hidden="true"']))
        blank = draw(st.sampled_from(["", "", "\n  "]))
        rows.append(
            f'<row r="{number}"{head}/>' if not cells else f'<row r="{number}"{head}>{blank}{cells}</row>{blank}'
        )
    return "".join(rows)


@settings(max_examples=300, deadline=None)
@given(
    rows=sheets(), block=st.sampled_from([64, 300, 1 << 20]), since_1904=st.booleans(), timed=st.sets(st.integers(0, 1))
)
@example(rows='<row r="1"><c r="A1" s="1"><v>45000</v></c></row>', block=64, since_1904=False, timed={0})
def test_any_sheet_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: str, block: int, since_1904: bool, timed: set[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workbook_package, "_BLOCK", block)
        both(tmp_path_factory.getbasetemp() / "any.xlsx", packed(rows, since_1904=since_1904), frozenset(timed))


# ---------------------------------------------------------------------------------------- which way a sheet is read

PLAIN = (
    '<row r="1" spans="1:4"><c r="A1" t="s"><v>1</v></c><c r="B1" t="inlineStr"><is><t>b &amp; c</t></is></c></row>\n'
    '<row r="2"><c r="A2"><v>1.5</v></c><c r="B2" s="1"><v>45000</v></c><c r="C2" t="b"><f>A2&gt;1</f><v>1</v></c></row>'
    '<row r="3"/><row r="4" hidden="1"><c r="A4" t="e"><v>#N/A</v></c><c r="B4" s="2"><v>45000.5</v></c><c r="D4" s="2"/></row>'
)
UNUSUAL = {
    "a comment": PLAIN.replace('<row r="3"/>', "<!-- <row> -->"),
    "a mark that begins no tag": PLAIN.replace("#N/A", "a > b"),
    "no places": PLAIN.replace(' r="A2"', ""),
    "no number": PLAIN.replace('<row r="3"/>', "<row/>"),
    "single quotes": PLAIN.replace('r="A4"', "r='A4'"),
    "columns in any order": PLAIN.replace('"A2"', '"Z2"'),
    "one place twice": PLAIN.replace('"C2"', '"B2"'),
    "runs": PLAIN.replace("<t>b &amp; c</t>", "<r><t>b </t></r><r><t>&amp; c</t></r>"),
    "a reference that XML has not": PLAIN.replace("#N/A", "&nbsp;"),
    "small letters": PLAIN.replace('"A2"', '"a2"'),
    "a date that is written": PLAIN.replace('s="1"><v>45000<', 't="d"><v>2023-03-15<'),
    "a number with references": PLAIN.replace("<v>1.5<", "<v>&#49;.5<"),
    "an inline text of another type": PLAIN.replace('t="inlineStr"', 't="str"'),
}  # fmt: skip


def parsed_alone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with each sheet that is read one by one."""
    met: list[str] = []
    reading = workbook_xlsx.read_rows

    def read_rows(*arguments: Any) -> Any:
        met.append("one by one")
        return reading(*arguments)

    monkeypatch.setattr(workbook_xlsx, "read_rows", read_rows)
    return met


def test_a_plain_sheet_is_read_many_rows_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    met = parsed_alone(monkeypatch)
    with opened(tmp_path / "plain.xlsx", packed(PLAIN)) as found:
        rows, notes = at_once(found)
        assert met == []
    assert rows == {
        0: {0: "a", 1: "b & c"},
        1: {0: "1.5", 1: "2023-03-15", 2: "TRUE"},
        3: {0: "#N/A", 1: "2023-03-15 12:00:00"},
    }
    assert (notes.hidden_rows, notes.errors, notes.uncalculated, notes.texts.mixed) == (1, 1, 0, frozenset({1}))


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_sheet_is_read_one_by_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed(UNUSUAL[name])
    both(tmp_path / "unusual.xlsx", content)
    met = parsed_alone(monkeypatch)
    with opened(tmp_path / "unusual.xlsx", content) as found:
        at_once(found)
    assert met == ["one by one"]


def test_what_was_given_before_something_unusual_is_not_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_package, "_BLOCK", 500)
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="e"><v>#N/A</v></c></row>' for n in range(1, 200))
    read = both(tmp_path / "late.xlsx", packed(rows + '<row r="200"><c><v>1</v></c></row>'))
    assert not isinstance(read, str)
    assert (len(read[0]), read[1].errors) == (200, 199)


def test_merged_cells_before_something_unusual_are_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_package, "_BLOCK", 100)
    merged = "".join(f'<mergeCell ref="A{n}:B{n}"/>' for n in range(1, 21))
    read = both(tmp_path / "merged.xlsx", packed(PLAIN, behind=f"{merged}<!-- -->".encode()))
    assert not isinstance(read, str)
    assert read[1].merged == 20


def test_a_number_that_is_too_long_is_counted_wherever_it_stands(tmp_path: Path) -> None:
    cells = "".join(f'<row r="{n}"><c r="A{n}"><v>1234567890123456</v></c></row>' for n in range(1, 4))
    read = both(tmp_path / "long.xlsx", packed(cells))
    assert not isinstance(read, str)
    assert read[1].texts.long_numbers == 3


@pytest.mark.parametrize(
    "cell",
    ['t="s"><v>99</v>', 't="s"><v>-1</v>', 't="s"><v>one</v>', 't="s"><v>99999999999999999999</v>'],
)
def test_a_text_that_is_not_there_is_the_same_damage(cell: str, tmp_path: Path) -> None:
    said = both(tmp_path / "damaged.xlsx", packed(f'<row r="1"><c r="A1" {cell}</c></row>'))
    assert isinstance(said, str)
    assert "text" in said


@pytest.mark.parametrize("place", ["A1048577", "XFE1", "AAAA1", "1A", "A", "A12345678"])
def test_a_place_that_no_sheet_has_is_the_same(place: str, tmp_path: Path) -> None:
    both(tmp_path / "damaged.xlsx", packed(f'<row r="1"><c r="{place}"><v>1</v></c></row>'))


@pytest.mark.parametrize("number", ["0", "1048577", "12345678", "x", "", "-1"])
def test_a_row_that_no_sheet_has_is_the_same_damage(number: str, tmp_path: Path) -> None:
    said = both(tmp_path / "damaged.xlsx", packed(f'<row r="{number}"><c r="A1"><v>1</v></c></row>'))
    assert isinstance(said, str)


# -------------------------------------------------------------------------------------------------------- how much


def test_rows_of_long_shared_texts_come_in_small_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_xlsx_values, "BLOCK_CHARACTERS", 1000)
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>5</v></c></row>' for n in range(1, 21))
    with opened(tmp_path / "long.xlsx", packed(rows)) as found:
        blocks = list(found.blocks(found.sheets[0], Notes(), lambda _share: None))
    assert [len(block.numbers) for block in blocks] == [3, 3, 3, 4, 3, 3, 1]
    assert [number for block in blocks for number in block.numbers.tolist()] == list(range(20))


def test_rows_one_by_one_come_in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_rows, "BLOCK_ROWS", 2)
    blocks = list(workbook_rows.gathered((n, {n: "x"}) for n in (3, 4, 9)))
    assert [block.numbers.tolist() for block in blocks] == [[3, 4], [9]]
    assert [block.cells_of(0) for block in blocks] == [{3: "x"}, {9: "x"}]
    assert [array.to_pylist() for array in next(blocks[0].batches([3, 4], 0))] == [["x", None], [None, "x"]]
    assert [array.to_pylist() for array in next(blocks[0].batches([3, 4], 1))] == [[None], ["x"]]


# ---------------------------------------------------------------------------------------------------- shared texts

ITEMS = (
    '<si><t>plain</t></si>\n<si><t xml:space="preserve"> a &lt;b&gt;&#13;\r\nc </t></si><si><t/></si>'
    "<si><t>_x000D__xD800_ &quot;𝄞&quot;</t></si><si><t></t></si>"
)
READ = ["plain", " a <b>\r\nc ", "", '\r_xD800_ "𝄞"', ""]
RUNS = "<si><r><t>two </t></r><r><t>runs</t></r><rPh><t>not read</t></rPh></si>"


def shared(path: Path, part: str | bytes) -> list[str]:
    written = part.encode() if isinstance(part, str) else part
    path.write_bytes(workbook({STRINGS: written}))
    texts = SharedTexts(2**20)
    with reading_package(path, 2**30) as package:
        read_texts(package, STRINGS, texts)
    return [texts.get(number) for number in range(len(texts))]


@pytest.mark.parametrize("block", [40, 57, 1 << 20])
def test_plain_shared_texts_are_read_without_a_parser(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_package, "_BLOCK", block)
    parsed = shared(tmp_path / "parsed.xlsx", f"<!-- --><sst>{ITEMS}</sst>")
    with monkeypatch.context() as patch:
        patch.setattr(workbook_xlsx_texts, "_parse", None)
        plain = shared(tmp_path / "plain.xlsx", f'<?xml version="1.0"?><sst uniqueCount="5">{ITEMS}</sst>')
    assert plain == parsed == READ


@pytest.mark.parametrize("block", [10, 100, 1 << 20])
@pytest.mark.parametrize(
    ("part", "read"),
    [
        (f"<sst>{ITEMS}{RUNS}{ITEMS}</sst>", [*READ, "two runs", *READ]),
        (f"<sst>{ITEMS}<!-- <si><t>none</t></si> --></sst>", READ),
        (f"<sst>{ITEMS}<si><t>a<![CDATA[<b>]]></t></si></sst>", [*READ, "a<b>"]),
        (f'<x:sst xmlns:x="u">{ITEMS}</x:sst>'.replace("<si", "<x:si").replace("/si", "/x:si"), READ),
        (f"<sst>{ITEMS}</sst>".encode("utf-16"), READ),
        (f"<sst>{ITEMS}<si><t>&#55;</t></si></sst>", [*READ, "7"]),
        ("<sst/>", []),
        ("<sst></sst>", []),
    ],
)
def test_other_shared_texts_are_the_same_wherever_blocks_end(
    part: str | bytes, read: list[str], block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_package, "_BLOCK", block)
    assert shared(tmp_path / "other.xlsx", part) == read


@pytest.mark.parametrize(
    "part", [f"<sst>{ITEMS}", f"<sst>{ITEMS}<si><t>cut", "<sst", f"<sst>{ITEMS}<si><t>&x;</t></si></sst>"]
)
def test_shared_texts_that_are_cut_or_refer_to_nothing_are_damage(part: str, tmp_path: Path) -> None:
    with pytest.raises(SheetUnreadable):
        shared(tmp_path / "cut.xlsx", part)
