"""Text tables: every cell reads back as it was written, every row is accounted for, every guess is told."""

from __future__ import annotations

import csv
import io
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.intake.text_errors import (
    BadRow,
    EncodingMismatch,
    LineTooLong,
    TooManyBadRows,
    TooManyColumns,
)
from tests.unit.intake.reading import read_text

CELL = st.one_of(
    st.sampled_from(
        ["", "NA", "NULL", "0", "-0", "00123", "1", "42", "-7", "1.5", "2.50", "1e10", "1E10", "+49 30 1", "true", "TRUE",
         "2024-01-02", "2024-02-30", "2024-01-02 03:04:05", "2024-01-02T03:04:05Z", "10:00:00", "12345678901234567890",
         '"', 'say "hi"', "a,b", "a\nb", " x", "x ", "é", "—", "9" * 40, "0.1", "1,5"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=8),
)  # fmt: skip


@given(
    rows=st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8)
    ),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_in_a_table_comes_back_cell_by_cell(rows: list[list[str]], quoting: int, end: str) -> None:
    out = io.StringIO(newline="")
    names = [f"column {'abcd'[position]}" for position in range(len(rows[0]))]
    writer = csv.writer(out, quoting=quoting, lineterminator=end)
    writer.writerow(names)
    writer.writerows(rows)
    read = read_text(out.getvalue(), delimiter=",", header=True)
    assert [list(row.values()) for row in read.rows(written=True)] == rows
    assert read.part.rejected_rows == 0


def table(*values: str, name: str = "v") -> str:
    return f"k,{name}\n" + "".join(f"row,{value}\n" for value in values)


@pytest.mark.parametrize(
    ("values", "kind", "typed", "reason"),
    [
        (["00123", "00456"], "text", ["00123", "00456"], "begins with a zero"),
        (["DE", "NA", "FR"], "text", ["DE", "NA", "FR"], "Text"),
        (["1234567890123456789"], "big_integer", ["1234567890123456789"], "whole number"),
        (["1234567890123456789012345"], "big_integer", ["1234567890123456789012345"], "whole number"),
        (["9" * 39], "text", ["9" * 39], "more digits"),
        (["1E10", "2E10"], "text", ["1E10", "2E10"], "may be a code"),
        (["+4930123456"], "text", ["+4930123456"], "plus sign"),
        (["1.10", "2.5"], "decimal", ["1.10", "2.50"], "decimal point"),
        (["T", "F"], "text", ["T", "F"], "Text"),
        (["00:10:00", "23:59:59"], "time", ["00:10:00", "23:59:59"], "times of day"),
        (["03/04/2024"], "text", ["03/04/2024"], "could be swapped"),
        (["1.234,56"], "decimal", ["1234.56"], "1.234,5"),
        (["TRUE", "FALSE"], "boolean", [True, False], "TRUE or FALSE"),
        (["yes", "no"], "text", ["yes", "no"], "Text"),
        (["2024-02-29", "2023-01-01"], "date", ["2024-02-29", "2023-01-01"], "dates"),
        (["2024-02-30", "2023-01-01"], "text", ["2024-02-30", "2023-01-01"], "not a date"),
        (["2024-01-02 03:04", "2024-01-02 03:04:05.5"], "timestamp", ["2024-01-02T03:04:00", "2024-01-02T03:04:05.5"], ""),
        (["2024-01-02T03:04:05+02:00"], "timestamp_tz", ["2024-01-02T01:04:05Z"], "time zone"),
        (["1.5e-03", "2.25e+10"], "number", [0.0015, 22500000000.0], "scientific"),
        (["1", "NA", "3"], "integer", [1, None, 3], "1 cell says NA"),
        (["1", "NA", "NULL", "n/a"], "text", ["1", "NA", "NULL", "n/a"], "several words"),
        (["NA", "NA"], "text", ["NA", "NA"], "no cell holds a value"),
        ([" 5", "6"], "integer", [5, 6], "blanks around them"),
        (["-0", "1"], "decimal", ["0", "1"], "decimal point"),
        (["9007199254740992"], "integer", [9007199254740992], "whole"),
        (["9007199254740993"], "big_integer", ["9007199254740993"], "whole"),
    ],
)  # fmt: skip
def test_a_type_only_where_nothing_is_lost(
    values: list[str], kind: str, typed: list[object] | None, reason: str
) -> None:
    quoted = [f'"{value}"' if "," in value else value for value in values]
    read = read_text(table(*quoted), delimiter=",", header=True)
    assert read.types["v"] == kind
    if typed is not None:
        assert read.cells("v") == typed
    assert read.cells("v", written=True) == values
    assert reason in read.why("v")


def test_a_type_that_changes_at_row_30_001_is_found() -> None:
    read = read_text("n,m\n" + "1,2\n" * 30_000 + "x,2\n")
    assert read.types == {"n": "text", "m": "integer"}


def test_empty_and_quoted_empty_are_told_apart() -> None:
    read = read_text('a,b\n"",x\n,y\n')
    assert read.cells("a") == ["", None]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("name,city\nJosé,Köln\n".encode("utf-8-sig"), "utf-8-sig"),
        ("name,city\nJosé,Köln\n".encode("utf-16"), "utf-16"),
        ("name,city\nJosé,Köln\n".encode("utf-16-le"), "utf-16-le"),
        (("name,city\n" + "José,Köln größer übrig\n" * 20).encode("cp1252"), None),
    ],
)
def test_encodings(data: bytes, encoding: str | None) -> None:
    read = read_text(data)
    assert read.rows()[0]["name"] == "José"
    assert encoding is None or read.decided("encoding") == [encoding]


def test_one_byte_that_is_not_utf8_far_in_the_file_is_noticed() -> None:
    read = read_text(b"name,n\n" + b"Jose,1\n" * 200_000 + "José,2\n".encode("cp1252"))
    assert read.cells("name")[-1] == "José"
    assert read.decided("encoding") != ["utf-8"]


def test_a_named_encoding_that_does_not_fit_is_refused() -> None:
    with pytest.raises(EncodingMismatch):
        read_text("name\nJosé\n".encode("cp1252"), encoding="utf-8")
    with pytest.raises(EncodingMismatch):
        read_text("name\nx\n", encoding="klingon")


@pytest.mark.parametrize("delimiter", [";", "|", "\t", ","])
def test_delimiters(delimiter: str) -> None:
    lines = [f"id{delimiter}name{delimiter}amount"] + [f"{n}{delimiter}Ann {n}{delimiter}{n}.5" for n in range(20)]
    read = read_text("\n".join(lines) + "\n")
    assert read.decided("dialect")[0]["delimiter"] == delimiter
    assert read.types == {"id": "integer", "name": "text", "amount": "decimal"}


def test_lines_before_the_table_are_left_out_and_said() -> None:
    read = read_text("Report 2024\nMade by X\n\nid,name,n\n1,Ann,2\n2,Bob,3\n3,Cem,4\n")
    assert [column.name for column in read.part.columns] == ["id", "name", "n"]
    assert {"skipped_lines": 3} in read.decided("rows")


def test_a_table_without_a_header_keeps_its_first_row() -> None:
    read = read_text("1,Ann\n2,Bob\n")
    assert [column.name for column in read.part.columns] == ["column_1", "column_2"]
    assert read.part.rows == 2


def test_names_are_made_unique_and_that_is_said() -> None:
    read = read_text("a,a,,A,a_2\n1,2,3,4,5\n")
    names = [column.name for column in read.part.columns]
    assert len(set(names)) == 5
    assert names[0] == "a"
    assert names[3:] == ["A", "a_2"]
    assert read.rows(written=True)[0] == dict(zip(names, "12345", strict=True))


def test_rows_that_do_not_fit_are_kept_with_their_reason() -> None:
    read = read_text("a,b\n" + "1,2\n" * 300 + "short\n1,2,3\n" + "4,5\n" * 300)
    assert (read.part.rows, read.part.rejected_rows) == (600, 2)
    assert read.part.rejects_path is not None
    rejects = pq.read_table(read.part.rejects_path).to_pylist()
    assert [(reject["record"], reject["raw"]) for reject in rejects] == [(302, "short"), (303, "1,2,3")]


def test_too_many_of_them_fail_and_name_the_first() -> None:
    with pytest.raises(TooManyBadRows) as failure:
        read_text("a,b\n" + "1,2\n3,4,5\n" * 100)
    assert "row 3" in failure.value.detail


def test_300_000_bad_rows_between_good_ones_lose_nothing() -> None:
    good, bad = "1,2,abcdefgh\n" * 300_000, "1,2,3,4\n" * 300_000
    with pytest.raises(TooManyBadRows) as failure:
        read_text("a,b,c\n" + good + bad + good)
    assert (failure.value.data["rows"], failure.value.data["rejected"]) == (900_000, 300_000)
    read = read_text("a,b,c\n" + good + bad + good, bad_rows_limit=50)
    assert (read.part.rows, read.part.rejected_rows) == (600_000, 300_000)
    (issues,) = read.decided("issues")
    (group,) = issues["groups"]
    assert (group["code"], group["count"], group["rows"]) == ("csv.too_many_cells", 300_000, [[300_001, 600_000]])
    assert group["suggestions"][0] | {"label": ""} == {
        "label": "", "options": {"long_rows": "widen"}, "fixes": 300_000, "of": 300_000,
    }  # fmt: skip


def test_rows_of_a_table_that_one_long_row_widens_still_say_what_their_columns_are() -> None:
    read = read_text("id;amount\n" + "7;1234,5\n8;17,25\n" * 50 + "9;6,5;more\n", long_rows="widen")
    assert [str(column.type) for column in read.part.columns] == ["integer", "decimal", "text"]
    assert (read.part.rows, read.part.rejected_rows) == (101, 0)


def test_a_row_that_lacks_its_last_cells_is_filled_up_only_if_those_it_has_fit() -> None:
    read = read_text("a,b,c\n" + "1,2,x\n" * 50 + "3,4\nx,5\n6\n7,8,y,,\n")
    assert [row["a"] for row in read.rows()][-2:] == [3, 7]
    assert (read.part.rows, read.part.rejected_rows) == (52, 2)
    assert {"missing_last_cells": 1, "rows": [[51]], "more_rows": False} in read.decided("rows")
    assert {"extra_empty_cells": 1} in read.decided("rows")
    said = [decision.evidence for decision in read.part.decisions if decision.subject in {"rows", "issues"}]
    assert [sentence.split(" ", 3)[:3] for sentence in said] == [
        ["1", "row", "had"], ["1", "row", "had"], ["2", "rows", "do"],
    ]  # fmt: skip
    strict = read_text("a,b,c\n" + "1,2,x\n" * 50 + "3,4\n", short_rows="quarantine")
    assert (strict.part.rows, strict.part.rejected_rows) == (50, 1)


def test_the_place_of_a_rejected_row_is_told() -> None:
    read = read_text('note\n\na,b\n1,"x\ny"\n2,x\n3,"y" z\n4,z\n' + "5,w\n" * 50)
    assert read.part.rejects_path is not None
    (reject,) = pq.read_table(read.part.rejects_path).to_pylist()
    assert {name: reject[name] for name in ("record", "row", "line", "byte", "code", "raw")} == {
        "record": 4, "row": 3, "line": 7, "byte": 22, "code": "csv.text_after_quote", "raw": '3,"y" z',
    }  # fmt: skip
    (issues,) = read.decided("issues")
    assert issues["groups"][0]["suggestions"][0]["fixes"] == 1
    assert read_text('a,b\n3,"y" z\n' + "5,w\n" * 50, stray_quotes="keep").cells("b")[0] == '"y" z'


def test_the_first_bad_row_fails_if_that_is_wished() -> None:
    with pytest.raises(BadRow) as failure:
        read_text("a,b\n1,2\n3,4,5\n" + "1,2\n" * 50, bad_rows="fail")
    assert (failure.value.data["row"], failure.value.data["line"]) == (2, 3)


def test_a_type_that_is_wished_rejects_what_is_none() -> None:
    text = "k,v\n" + "a,5\n" * 60 + "b,n.a.\n" * 2
    read = read_text(text, types={"v": "integer"})
    assert (read.part.rows, read.part.rejected_rows, read.types["v"]) == (60, 2, "integer")
    (issues,) = read.decided("issues")
    first, second = issues["groups"][0]["suggestions"]
    assert (first["options"], first["fixes"]) == ({"null_tokens": ["n.a."]}, 2)
    assert (second["options"], second["fixes"]) == ({"types": {"v": "text"}}, 2)
    assert read_text(text, types={"v": "integer"}, null_tokens=["n.a."]).cells("v")[-1] is None
    assert read_text(text, types={"v": "integer"}, bad_rows="text").types["v"] == "text"


@pytest.mark.parametrize(
    ("values", "kind", "format_", "first"),
    [
        (["1.234,56", "7,5"], "decimal", "1.234,5", "1234.56"),
        (["1,234,567", "12"], "integer", "1,234", 1234567),
        (["1'234.50", "2.25"], "decimal", "1'234.5", "1234.50"),
        (["12,50", "3,75"], "decimal", "1234,5", "12.50"),
        (["1,234", "2,345"], "text", None, "1,234"),
        (["31.12.2024", "01.02.2024"], "date", "DD.MM.YYYY", "2024-12-31"),
        (["1/31/2024", "2/3/2024"], "date", "M/D/YYYY", "2024-01-31"),
        (["31/12/2024 9:05", "1/2/2024 10:30"], "timestamp", "D/M/YYYY H:MM", "2024-12-31T09:05:00"),
        (["Jan 2, 2024", "Dec 12, 2024"], "date", "Mon D, YYYY", "2024-01-02"),
        (["9:05 AM", "12:30 PM"], "time", "h:MM AM", "09:05:00"),
        (["2024-01-02T03:04:05+02:00", "2024-06-02T03:04:05+02:00"], "timestamp_tz", "YYYY-MM-DDTHH:MM:SS+02:00", "2024-01-02T01:04:05Z"),
        (["1e-05", "0.5"], "number", None, 1e-05),
        (["31/12/24"], "text", None, "31/12/24"),
        (["31.02.2024", "01.02.2024"], "text", None, "31.02.2024"),
        (["6ba7b810-9dad-11d1-80b4-00c04fd430c8"], "uuid", None, "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
    ],
)  # fmt: skip
def test_types_in_the_formats_of_people(values: list[str], kind: str, format_: str | None, first: object) -> None:
    read = read_text("k;v\n" + "".join(f"row;{value}\n" for value in values), delimiter=";", header=True)
    column = read.part.columns[1]
    assert (str(column.type), column.format, read.cells("v")[0]) == (kind, format_, first)
    assert read.cells("v", written=True) == values


def test_what_text_could_be_is_said_with_its_exact_effect() -> None:
    read = read_text("v\n" + "1\n" * 97 + "unknown\n" * 3)
    (decision,) = [found for found in read.part.decisions if found.subject == "column:v"]
    assert decision.runner_up[0]["effect"] == "3 of 100 values would become empty: “unknown”"
    again = read_text("v\n" + "1\n" * 97 + "unknown\n" * 3, **decision.runner_up[0]["options"])
    assert (again.types["v"], again.part.columns[0].nulls, again.part.rejected_rows) == ("integer", 3, 0)


def test_a_value_late_in_a_long_file_decides() -> None:
    rows = "x,03/04/2024,5\n" * 130_000
    read = read_text("a,d,n\n" + rows + "y,13/04/2024,NA\n" + rows)
    assert read.types == {"a": "text", "d": "date", "n": "integer"}
    assert read.cells("n", written=True)[130_000] == "NA"


@pytest.mark.parametrize(
    "text",
    [
        "a,b\r1,2\r3,4\r",
        "a,b\r\n1,2\n3,4\r\n",
        'a,b\n1,2\n3,"open\n',
        "a,b\n\n1,2\n\n\n3,4\n",
        "a,b\n1,2\n3,4",
        'a,b\n"x ""y"" z",2\n"line\nbreak",4\n',
        '"a",b\n5" disk,2\n6,4\n',
    ],
)
def test_odd_files_lose_no_row(text: str) -> None:
    read = read_text(text)
    assert read.part.rows + read.part.rejected_rows == 2


def test_header_only_is_an_empty_table() -> None:
    read = read_text("a,b\n")
    assert (read.part.rows, read.types) == (0, {"a": "text", "b": "text"})


def test_a_single_column() -> None:
    read = read_text("name\nAnn\n\nBob\n")
    assert read.cells("name", written=True) == ["Ann", "", "Bob"]


def test_a_large_cell_and_a_nul_survive() -> None:
    read = read_text("a,b\n" + "x" * 200_000 + ",1\ny\x00z,2\n")
    assert read.cells("a") == ["x" * 200_000, "y\x00z"]


def test_a_line_that_is_no_row_is_refused_before_anything_holds_it() -> None:
    with pytest.raises(LineTooLong):
        read_text(b"a,b\n" + b"x" * (65 * 1024 * 1024))


def test_too_many_columns_are_refused() -> None:
    with pytest.raises(TooManyColumns):
        read_text(",".join(f"c{n}" for n in range(6000)) + "\n" + ",".join("1" * 6000) + "\n")


def test_what_the_user_names_is_done_or_refused() -> None:
    assert read_text("a,b\n1,2\n", types={"a": "text"}).types == {"a": "text", "b": "integer"}
    with pytest.raises(TooManyBadRows):
        read_text("a,b\nx,2\n", types={"a": "integer"})
    assert read_text("1;2\n3;4\n", delimiter=",").part.rows == 1
    assert read_text("a\tb\n1\t2\n", header=False).part.rows == 2


@pytest.mark.parametrize(
    ("text", "types", "rows"),
    [
        ("a, b, c\n1, 2.5, x\n3, 4.5, y\n", "integer decimal text", [[1, "2.5", " x"], [3, "4.5", " y"]]),
        ("n,d\n 1 ,2024-01-31 \n NA , \n3,2024-02-01\n", "integer date", [[1, "2024-01-31"], [None, None], [3, "2024-02-01"]]),
        ("j,b\n {} ,true \n[1],\tfalse\n", "json boolean", [[{}, True], [[1], False]]),
        ("k,t\n 007,a \n 008, b\n", "text text", [[" 007", "a "], [" 008", " b"]]),
    ],
)  # fmt: skip
def test_blanks_around_values_do_not_hide_what_they_are(text: str, types: str, rows: list[list[Any]]) -> None:
    table = read_text(text)
    assert list(table.types.values()) == types.split()
    assert [list(row.values()) for row in table.rows()] == rows
    written = [line.split(",") for line in text.splitlines()[1:]]
    assert [list(row.values()) for row in table.rows(written=True)] == written


def test_blanks_that_come_late_are_found_out_too() -> None:
    table = read_text("id,n\n" + "".join(f"{n},{' ' * (n > 4_000)}{n}\n" for n in range(80_000)))
    assert table.types == {"id": "integer", "n": "integer"}
    assert table.cells("n", written=True)[79_999] == " 79999"
    assert "blanks around them aside" in table.why("n")


@pytest.mark.parametrize(
    "before",
    ["\n" * 5_000, "\r\n" * 300_000, "##contig=<ID=chr1,length=249250621>\n" * 3_000, "# a note, or two\n" * 40_000],
    ids=["blank lines", "blank lines beyond the sample", "comments", "comments beyond the sample"],
)
def test_the_names_are_found_below_many_lines_that_are_no_table(before: str) -> None:
    table = read_text(before + "chrom\tpos\nchr1\t5\nchr2\t6\nchr3\t7\n")
    assert table.rows() == [{"chrom": f"chr{n}", "pos": n + 4} for n in (1, 2, 3)]


@pytest.mark.parametrize("end", [b"\x1a", b"\0" * 700])
def test_what_fills_up_the_end_of_a_file_is_no_row(end: bytes) -> None:
    table = read_text(b"a,b\n1,2\n3,4\n" + end)
    assert (table.part.rejected_rows, table.rows()) == (0, [{"a": 1, "b": 2}, {"a": 3, "b": 4}])
    assert {"blank_lines": 1} in table.decided("rows")


def test_a_second_mark_is_no_part_of_the_first_name() -> None:
    assert list(read_text("\ufeff\ufeffid,n\n1,2\n").types) == ["id", "n"]


@pytest.mark.parametrize(
    ("text", "last"),
    [('a,b\n"x\\"y",1\nz,w\\', "w\\"), ('a,b\n"x\\"y",1\nz,w\\\n', "w\n"), ('a,b\n"x\\"y",1\nz,"w\\"\n', None)],
)
def test_an_escape_at_the_end_escapes_nothing(text: str, last: str | None) -> None:
    table = read_text(text, escape="\\")
    assert table.part.rows + table.part.rejected_rows == 2
    if last is not None:
        assert table.cells("b", written=True) == ["1", last]
