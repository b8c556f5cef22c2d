"""Small files that once crashed a parser, hung it, or made it say something untrue; each by the parser alone."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path

import pytest

from chaos.hostile_xlsx import SHEET, sheet
from chaos.hostile_xlsx import workbook as workbook_of
from headway.intake.archives import unpack
from headway.intake.codecs import CODECS
from headway.intake.errors import FormatEmpty, JsonDuplicateKey, SheetUnreadable
from headway.intake.formats import workbook
from headway.intake.formats.names import MAX_NAME_CHARACTERS, unique_names
from headway.intake.parsing import Decision, ParsedPart, ParseResult
from headway.intake.pipeline import parse
from headway.intake.sandbox_protocol import write_result
from headway.intake.text_errors import NamesTooLong, TooManyColumns
from tests.unit.intake.parse_helpers import MIB, Parsed, parse_bytes, parse_file
from tests.unit.intake.reading import read_text

HEAD = b"id,name,day\n"
ROWS = b"1,abc,2024-05-06\n" * 200


def read(folder: Path, content: bytes, name: str = "a.csv") -> Parsed:
    return parse_file(parse, folder, content, name)[1]


# ------------------------------------------------------------------------------------------------- text tables


def test_a_line_that_names_a_quotation_mark_as_delimiter_is_a_row() -> None:
    assert read_text('sep="\nid"name\n1"a\n').part.rows == 2


def test_only_the_first_of_many_lines_names_the_delimiter() -> None:
    text = read_text("sep=;\n" * 2_000 + "a;b\n1;2\n")
    assert text.part.rows + text.part.rejected_rows >= 1_999


def test_a_quote_that_opens_the_file_and_never_closes_is_a_character() -> None:
    text = read_text(b'"' + HEAD + ROWS)
    assert (text.part.rows, text.part.columns[0].name) == (200, '"id')
    assert text.decided("dialect")[0]["quote"] == ""


def test_a_header_that_is_narrower_than_the_table_names_nobody_elses_columns() -> None:
    # The uneven line ends send it to the careful reader.
    text = read_text("a,b\r\n1,2,3\n4,5,6\n7,8,9\n" * 1 + "1,2,3\n" * 50)
    assert text.part.rows + text.part.rejected_rows == 53


def test_a_cell_of_quotation_marks_only_is_matched_without_going_back() -> None:
    # Going back over each pair took 1 GB for 10 MB.
    text = read_text(HEAD + b'1,"' + b'""' * 500_000 + b'",2024-05-06\r\n' + ROWS)
    assert len(text.cells("name")[0]) == 500_000


def test_a_record_over_many_blocks_is_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headway.intake.text_reader.BLOCK", 16)
    text = read_text('k,v,w\n1,"' + "x\n" * 10_000 + '",2\n3,4,5\n')
    assert [len(cell) for cell in text.cells("v", written=True)] == [20_000, 1]


def test_a_row_of_far_too_many_cells_is_one_rejected_row() -> None:
    text = read_text(HEAD + ROWS + b"1," * 99_999 + b"1\n" + ROWS)
    assert (text.part.rows, text.part.rejected_rows) == (400, 1)


def test_thousands_of_columns_of_one_name(tmp_path: Path) -> None:
    names = b",".join([b"a"] * 3_000)
    part = read(tmp_path, names + b"\n" + b",".join([b"x"] * 3_000) + b"\n").part
    assert part.rows == 1
    assert [column.name for column in part.columns][-1] == "a_3000"


def test_a_long_quoted_field_at_the_start_does_not_hide_the_delimiter() -> None:
    text = read_text(HEAD + b'1,"' + b"x\n" * 150_000 + b'",2024-05-06\n' + ROWS[:17])
    assert (text.part.rows, len(text.part.columns)) == (2, 3)


@pytest.mark.parametrize("name", ["n" * (MAX_NAME_CHARACTERS + 1), "n" * 9_000])
def test_names_that_are_texts_are_refused(name: str) -> None:
    with pytest.raises(NamesTooLong):
        unique_names([f"{number}{name}" for number in range(300)])


def test_a_result_that_the_border_would_not_let_pass_is_refused_before_it(tmp_path: Path) -> None:
    said = Decision("x", "\x01" * 4 * MIB, "")
    part = ParsedPart("a", tmp_path / "a", 0, 0, [], [said])
    with pytest.raises(NamesTooLong):
        write_result(ParseResult("delimited", [part]), tmp_path)


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE])
def test_a_file_of_a_mark_only_is_empty(tmp_path: Path, mark: bytes) -> None:
    with pytest.raises(FormatEmpty):
        read(tmp_path, mark)


def test_a_hundred_thousand_empty_gzip_members_are_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "packed", tmp_path / "unpacked"
    source.write_bytes(gzip.compress(b"") * 100_000 + gzip.compress(HEAD))
    assert unpack(source, target, CODECS[0], MIB, lambda _share: None) == len(HEAD)
    assert target.read_bytes() == HEAD


# ------------------------------------------------------------------------------------------------------- JSON


@pytest.mark.parametrize("around", [(b"[{", b"}]"), (b"{", b"}"), (b'{"a":1}\n{', b"}\n")])
def test_a_row_of_far_too_many_keys_is_not_read_to_its_end(tmp_path: Path, around: tuple[bytes, bytes]) -> None:
    keys = b",".join(b'"k%d":1' % number for number in range(6_000))
    with pytest.raises(TooManyColumns):
        read(tmp_path, around[0] + keys + around[1], "a.json")


def test_a_key_that_is_repeated_at_the_end_of_very_many_is_found_at_once(tmp_path: Path) -> None:
    # Counting each key by itself took minutes.
    keys = b",".join(b'"k%d":1' % number for number in range(100_000))
    with pytest.raises(JsonDuplicateKey):
        read(tmp_path, b'[{"a": {' + keys + b', "z": 1, "z": 2}}]', "a.json")


# --------------------------------------------------------------------------------------------------- workbooks

_CELL = "<is><t>x</t></is></c>"


def book_of(rows: str, encoding: str = "utf-8") -> bytes:
    written = sheet(rows.encode()).decode().replace('"UTF-8"', f'"{encoding}"')
    return workbook_of({SHEET: written.encode(encoding)})


@pytest.mark.parametrize(
    "rows",
    [
        f'<row r="{"9" * 30}"><c r="A1" t="inlineStr">{_CELL}</row>',
        f'<row r="1"><c r="A{"9" * 30}" t="inlineStr">{_CELL}</row>',
        f'<row r="1"><c r="ABCDEFG1" t="inlineStr">{_CELL}</row>',
        f'<row r="1"><c r="1A" t="inlineStr">{_CELL}</row>',
        f'<row r="H8"><c r="A1" t="inlineStr">{_CELL}</row>',
    ],
)
def test_a_place_that_no_sheet_has_is_damage(tmp_path: Path, rows: str) -> None:
    with pytest.raises(SheetUnreadable) as caught:
        parse_bytes(workbook.parse_xlsx, tmp_path, book_of(rows))
    assert "no sheet has such" in caught.value.detail


def test_attributes_that_only_end_in_r_are_no_place(tmp_path: Path) -> None:
    rows = f'<row x:r="zz" r="1"><c x:r="zz" r="A1" t="inlineStr">{_CELL}</row><row r="2"><c r="A2" t="inlineStr">{_CELL}</row>'
    rows = rows.replace("<row x:r", '<row xmlns:x="u" x:r')
    assert parse_bytes(workbook.parse_xlsx, tmp_path, book_of(rows)).part.rows == 1


def test_a_sheet_in_utf_16_is_read(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{number}"><c r="A{number}" t="inlineStr">{_CELL}</row>' for number in (1, 2))
    wide = book_of(rows, "utf-16")
    assert parse_bytes(workbook.parse_xlsx, tmp_path, wide).values("x") == ["x"]
