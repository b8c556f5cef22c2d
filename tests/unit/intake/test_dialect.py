"""Dialects: what separates, quotes, escapes and comments, and where the table and its names begin."""

from __future__ import annotations

from typing import Any

import pytest

from headway.intake.dialect import DialectWishes, sniff
from tests.unit.intake.reading import read_text

LF = (10, 13)
PROSE = """The committee, which had met on Monday, found no reason to change its view, as the minutes say.
Nobody, least of all the chair, was surprised by that.
There is more to tell, but not today.
In the end, when the doors were closed, some of those who had spoken, and one who had not, went home together.
"""


@pytest.mark.parametrize(
    ("text", "delimiter", "columns", "expected"),
    [
        ("f,n\nT,a\nF,b\n", ",", ("f", "n"), {}),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";", ("a", "b"), {}),
        ("'a','b, c'\n'd','e'\n'f','g,h'\n", ",", ("a", "b, c"), {"quote": 39}),
        ('a\tb\n"x\t1\ny "z\t2\nu\t3\n', "\t", ("a", "b"), {"quote": None}),
        ("# c, 1\n# d\na,b\n1,2\n3,4\n# x,y,z\n5,6\n", ",", ("a", "b"), {"comment": b"#"}),
        ("#chrom\tpos\nchr1\t5\nchr2\t6\n", "\t", ("#chrom", "pos"), {"comment": None}),
        ("##v=4\n##x\n#chrom\tpos\nchr1\t5\nchr2\t6\n", "\t", ("#chrom", "pos"), {"comment": b"##"}),
        ('a, "b"\n1, "x, y"\n2, "z, u"\n', ",", ("a", "b"), {"blanks": True}),
        ('a , b , "c, d"\n1 , 2 , "x, y"\n3 , 4 , "z, w"\n', ",", ("a", "b", "c, d"), {"blanks": True}),
        ('a,b\n"say \\"hi\\", you",2\n"x",3\n', ",", ("a", "b"), {"escape": 92}),
        ("a,b\n1,x\ry\n2,z\n3,w\rq\n", ",", ("a", "b"), {"ends": (10,)}),
        ("a\x1fb\x1e1\x1f2\x1e3\x1f4\x1e", "\x1f", ("a", "b"), {"ends": (30,)}),
        ("a||b||c\n1||2||3\n4||||6\n", "||", ("a", "b", "c"), {}),
        ("a^b\n1^x\n3^y\n", "^", ("a", "b"), {}),
        ("  name  age city\n  Ann    7 Rome\n  Bob   12 Oslo\n", " ", ("name", "age", "city"), {"runs": True}),
        ("Country,1960,1961\nA,1,2\nB,4,5\n", ",", ("Country", "1960", "1961"), {}),
        ("Country,2015,2018,2019\nA,1,2,3\nB,4,5,6\nC,7,8,9\n", ",", ("Country", "2015", "2018", "2019"), {}),
        ("Ann,1984,2019\nBob,1990,2015\nCem,1975,2020\n", ",", (), {}),
        ("City,2024-01-31,2024-02-29\nA,1,2\nB,4,5\n", ",", ("City", "2024-01-31", "2024-02-29"), {}),
        ("Ann,2024-01-31,2024-02-29\nBob,2024-01-30,2024-02-28\n", ",", (), {}),
        (",0,1\n0,a,b\n1,d,e\n", ",", ("", "0", "1"), {}),
        (",1.5,2.0,2.5\nx,7,8,9\ny,1,1,4\n", ",", ("", "1.5", "2.0", "2.5"), {}),
        (",16.5,16.75,17.25\nx,7,8,9\ny,1,1,4\n", ",", ("", "16.5", "16.75", "17.25"), {}),
        (",5,6,7\n,8,9,10\n", ",", (), {}),
        (",5,7,6\nx,8,9,10\n", ",", (), {}),
        ("Ann,DE\nBob,DE\nCem,FR\n", ",", (), {}),
        ("time,temp\n[s],[C]\n1,2\n3,4\n5,6\n", ",", ("time [s]", "temp [C]"), {}),
        (",2019,2019\ncity,a,b\nX,1,2\nY,3,4\nZ,5,6\n", ",", ("city", "2019 a", "2019 b"), {}),
        ("Report,,\n,,\nid,name,n\n1,Ann,2\n2,Bob,3\n", ",", ("id", "name", "n"), {}),
        ("a,b\n1,2,\n3,4,\n5,6,\n", ",", ("a", "b"), {}),
        ("sep=;\na;b\n1;2\n", ";", ("a", "b"), {}),
        ("ts\n2024-01-01 10:00:00\n2024-01-02 11:00:00\n", None, ("ts",), {}),
        ("a,b,c\n1,2,3\n4,5\n6,7,8,9\n1\n2,3\n", ",", ("a", "b", "c"), {}),
        ("a,b,c\n1,2\n", ",", ("a", "b", "c"), {}),
        ("id,name,age\n1,x\n2,y,26,z\n", ",", ("id", "name", "age"), {}),
        ("id,name,,name\n1,x\n1,x\n2,y,1,2,3\n", ",", ("id", "name", "", "name"), {}),
        ("1,2\n1,2,3\n4,5,6\n7,8,9\n", ",", (), {}),
        ("by,Ann\nid,name,n\n1,x,2\n2,y,3\n", ",", ("id", "name", "n"), {}),
        ("a;b;c\n;\n", ";", ("a", "b", "c"), {}),
        ("People\nid,name,n\n1,x,2,3\n2,y\n", ",", ("id", "name", "n"), {}),
        ("Dear all\nthe list is here\n", None, ("Dear all",), {}),
        ("Ann Ruth Smith\nBob Leo Jones\nCem Ali Yil\n", None, ("Ann Ruth Smith",), {}),
        ("1 2 x\n3 4 y\n", " ", (), {}),
        ("A    580329 4    318.25\nA    580405 6    316.19\n", " ", (), {"runs": True}),
        ("Rates of many banks\n   short   long\n" + "    4.36   6.20\n" * 20, " ", ("short", "long"), {"runs": True}),
        ("a,b,c\n,,,\n", ",", ("a", "b", "c"), {}),
        ("Series\nid,n,\nx,1\ny,2\n", ",", ("id", "n"), {}),
        (PROSE, None, (PROSE.splitlines()[0],), {}),
    ],
)  # fmt: skip
def test_a_dialect_is_found(
    text: str, delimiter: str | None, columns: tuple[str, ...], expected: dict[str, Any]
) -> None:
    found = sniff(text.encode())
    assert (found.delimiter, found.layout.names) == (delimiter, columns)
    usual = {"quote": 34, "escape": None, "comment": None, "ends": LF, "blanks": False, "runs": False}
    assert {name: getattr(found.rules, name) for name in usual} == usual | expected


@pytest.mark.parametrize(
    ("text", "rows", "rejected"),
    [
        ("id,name,age\n1,x\n2,y,26,z\n", [["1", "x", ""]], 1),
        ("id,name,,name\n1,x\n1,x\n2,y,1,2,3\n", [["1", "x", "", ""]] * 2, 1),
        ("1,2\n1,2,3\n4,5,6\n7,8,9\n", [["1", "2", ""], ["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"]], 0),
        ("id,n\n1,2,3\n4,5,6\n7,8\n", [["1", "2", "3"], ["4", "5", "6"], ["7", "8", ""]], 0),
    ],
)
def test_names_and_rows_of_another_width_are_not_left_out(text: str, rows: list[list[str]], rejected: int) -> None:
    table = read_text(text)
    assert [[cell or "" for cell in row.values()] for row in table.rows(written=True)] == rows
    assert table.part.rejected_rows == rejected


def test_a_name_too_many_costs_no_types() -> None:
    assert read_text("id,n,note\n1,2.5\n3,4.5\n").types == {"id": "integer", "n": "decimal", "note": "text"}


def test_columns_of_fixed_width_are_said_to_be_one() -> None:
    found = sniff(
        b"Name          Age  City\nAnn Smith      12  New York\nBob            13  Oslo\nCem Yil        14  Bonn\n"
    )
    assert found.delimiter is None
    assert "fixed width" in found.notes[0]


def test_what_the_user_names_is_taken() -> None:
    text = b"x;y\n# a;b\n1;'2'\n"
    found = sniff(text, DialectWishes(";", "'", None, "#", 1, 0))
    assert (found.rules.quote, found.rules.comment, found.layout.header_rows, found.layout.start) == (39, b"#", 0, 10)
    assert "named" in found.evidence


@pytest.mark.parametrize(
    ("text", "options", "rows"),
    [
        ("a||b\n1||x|y\n", {"delimiter": "||"}, [{"a": "1", "b": "x|y"}]),
        ("n\nunits\n5\n6\n", {"header": True, "header_rows": 2}, [{"n units": "5"}, {"n units": "6"}]),
        ("a,b\n'1','x,y'\n", {"quote": "'"}, [{"a": "1", "b": "x,y"}]),
        ('a,b\n"1",x\n', {"quote": ""}, [{"a": '"1"', "b": "x"}]),
        ("a,b\n1,x\\,y\n", {"escape": "\\"}, [{"a": "1", "b": "x,y"}]),
        ("no\na,b\n;1,2\n3,4\n", {"skip_lines": 1, "comment": ";"}, [{"a": "3", "b": "4"}]),
        ("a,b\n1,2\n3,4,5\n", {"long_rows": "widen"}, [{"a": "1", "b": "2", "column_3": ""}, {"a": "3", "b": "4", "column_3": "5"}]),
    ],
)  # fmt: skip
def test_options_change_how_a_text_is_read(text: str, options: dict[str, Any], rows: list[dict[str, str]]) -> None:
    assert read_text(text, **options).rows(written=True) == rows


def test_a_line_end_that_is_escaped_ends_no_row_where_quotes_break_the_rules() -> None:
    table = read_text('a|b\n1|2\n3\\\n4|"x\n5|6\n', delimiter="|", quote='"', escape="\\")
    assert table.rows(written=True) == [{"a": "1", "b": "2"}, {"a": "5", "b": "6"}]
    assert table.part.rejected_rows == 1


def test_a_line_end_that_is_escaped_ends_no_row_where_long_blocks_are_cut() -> None:
    long = "x" * 3_000_000
    table = read_text(f'a,b\n"{long}",y\\\nz\n1,2\n', escape="\\")
    assert table.rows(written=True) == [{"a": long, "b": "y\nz"}, {"a": "1", "b": "2"}]


def test_a_return_behind_a_quote_ends_no_cell_where_it_ends_no_row() -> None:
    text = 'a,b\n1,x\ry\n2,z\n3,w\rq\n"4"\r5é,6\n7,"8"\r\n'
    kept = read_text(text, stray_quotes="keep")
    assert [list(row.values()) for row in kept.rows(written=True)][3:] == [['"4"\r5é', "6"], ["7", "8"]]
    assert read_text(text).part.rejected_rows == 1


def test_a_cell_whose_quote_closes_nowhere_keeps_its_last_character() -> None:
    kept = read_text('a,b\n"x",1\n"yé,2\n3,"z"\n', stray_quotes="keep")
    assert [list(row.values()) for row in kept.rows(written=True)] == [["x", "1"], ['"yé', "2"], ["3", "z"]]
