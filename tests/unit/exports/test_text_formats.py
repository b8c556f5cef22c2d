"""CSV and JSON: what is in a cell is what is read from the file, and what could not be kept is told."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pyarrow as pa
import pytest

from headway.datasets.columns import Column, ColumnType
from headway.exports.errors import ExportTooLarge, NotEncodable
from tests.unit.exports.conftest import COLUMNS, Writers

AWKWARD = ["plain", "a,b;c|d\te", 'say "x"', "line\nend", "car\rriage", " blank ", "", None, "Ω…é", "\x01", "'"]


def read_csv(text: str, **how: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True, **how))


def test_csv_has_the_cells_as_they_were_written(writers: Writers) -> None:
    header, first, empty, last = read_csv(writers.export(format="csv").text)
    assert header == [column.name for column in COLUMNS]
    assert first == [
        "1", "=1+1", "1.234,5", "0.1", "TRUE", "02.01.2020", "2020-01-02T03:04:05", "2020-01-02T03:04:05Z", "01:02:03",
        "100000000000000000000", '{"a":\n [1, 2]}',
    ]  # fmt: skip
    assert empty == [""] * 11
    assert last[:6] == ["1234567890123456", "", "-0,05", "nan", "FALSE", "31.12.1899"]


def test_typed_csv_reads_the_same_everywhere(writers: Writers) -> None:
    rows = read_csv(writers.export(format="csv", values="typed").text)
    assert rows[1][2:6] == ["1234.50", "0.1", "true", "2020-01-02"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("formulas", ["keep", "escape"])
def test_whatever_is_in_a_cell_comes_back(writers: Writers, delimiter: Any, formulas: Any) -> None:
    table = pa.table({"c0": AWKWARD, "c1": AWKWARD[::-1]})
    columns = [Column("a", ColumnType.TEXT, 0), Column(f"b{delimiter}", ColumnType.TEXT, 1)]
    made = writers.export(table, columns, format="csv", delimiter=delimiter, formulas=formulas)
    rows = read_csv(made.path.read_bytes().decode(), delimiter=delimiter)
    cells = ["" if cell is None else cell for cell in AWKWARD]
    assert rows == [["a", f"b{delimiter}"], *map(list, zip(cells, cells[::-1], strict=True))]


def test_null_is_nothing_and_empty_text_is_quoted(writers: Writers) -> None:
    table = pa.table({"c0": pa.array([None, "", "x"]), "c1": pa.array([1, 2, 3])})
    made = writers.export(table, [Column("a", ColumnType.TEXT, 0), Column("b", ColumnType.INTEGER, 1)], format="csv")
    assert made.text == 'a,b\n,1\n"",2\nx,3\n'


def test_a_lonely_empty_cell_is_no_empty_line(writers: Writers) -> None:
    assert writers.texts(["x", None, ""], format="csv").text == 'a\nx\n""\n""\n'


RISKY = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "＝1",
    "＋1",
    "－x",
    "＠a",
    "-",
]
SAFE = ["-1", "+49", "-1.234,50", "+1e5", "-12 %", "1-2", "a=b", "'=1", "", "https://example.org/?a=1"]


def test_what_a_spreadsheet_would_calculate_gets_an_apostrophe(writers: Writers) -> None:
    made = writers.texts([*RISKY, *SAFE, None], format="csv", formulas="escape")
    cells = [row[0] for row in read_csv(made.path.read_bytes().decode())][1:]
    assert cells == [*(f"'{text}" for text in RISKY), *SAFE, ""]
    assert made.told["escaped_cells"] == len(RISKY)
    # Everything is in quotes: what another program takes for the end of a cell would begin a formula behind it.
    assert writers.texts(["a;=1"], format="csv", formulas="escape").text == '"a"\n"a;=1"\n'


def test_names_of_columns_are_escaped_too(writers: Writers) -> None:
    made = writers.export(pa.table({"c0": ["x"]}), [Column("=a", ColumnType.TEXT, 0)], format="csv", formulas="escape")
    assert (made.text, made.told["escaped_cells"]) == ('"\'=a"\n"x"\n', 1)


@pytest.mark.parametrize(
    ("encoding", "bom", "start"),
    [("utf-8", False, b"a"), ("utf-8", True, b"\xef\xbb\xbfa"), ("utf-16", True, None), ("windows-1252", False, b"a")],
)
def test_encodings(writers: Writers, encoding: Any, bom: bool, start: bytes | None) -> None:
    made = writers.texts(["ä€é", "x"] * 20_000, format="csv", encoding=encoding, bom=bom)
    data = made.path.read_bytes()
    assert data.startswith(start or "\ufeff".encode("utf-16")[:2])
    assert data.decode("utf-8-sig" if bom and encoding == "utf-8" else encoding) == "a\n" + "ä€é\nx\n" * 20_000


def test_a_character_without_a_place_is_refused_by_name_or_replaced_and_counted(writers: Writers) -> None:
    with pytest.raises(NotEncodable, match=r"windows-1252 has no place for 'Ω' \(U\+03A9\)"):
        writers.texts(["é", "aΩb"], format="csv", encoding="windows-1252")
    made = writers.texts(["aΩb", "ΩΩ"], format="csv", encoding="windows-1252", unencodable="replace")
    assert made.path.read_bytes() == b"a\na?b\n??\n"
    assert made.told["replaced_characters"] == 3


def test_json_says_what_the_rows_route_says(writers: Writers) -> None:
    made = writers.export(format="ndjson")
    lines = [json.loads(line) for line in made.text.splitlines()]
    assert lines == json.loads(writers.export(format="json").text)
    assert lines[0] == {
        "id": 1, 'na"me': "=1+1", "amount": "1234.50", "share": 0.1, "paid": True, "day": "2020-01-02",
        "at": "2020-01-02T03:04:05", "at_utc": "2020-01-02T03:04:05Z", "clock": "01:02:03",
        "account": "100000000000000000000", "more": {"a": [1, 2]},
    }  # fmt: skip
    assert set(lines[1].values()) == {None}
    assert (lines[2]["share"], lines[2]['na"me'], lines[2]["more"]) == ("NaN", "", "x")


def test_written_json_is_all_text(writers: Writers) -> None:
    first, empty, _ = json.loads(writers.export(format="json", values="written").text)
    assert (first["amount"], first["paid"], first["id"]) == ("1.234,5", "TRUE", "1")
    assert set(empty.values()) == {None}


def test_json_text_comes_back(writers: Writers) -> None:
    cells = [*AWKWARD, "\\", '\\"', *(chr(code) for code in range(1, 32)), "\x7f\u2028"]
    made = writers.texts(cells, format="ndjson")
    assert [json.loads(line)["a"] for line in made.path.read_bytes().split(b"\n")[:-1]] == cells
    assert json.loads(writers.texts([], format="json").text) == []


def test_rows_are_chosen_sorted_and_counted(writers: Writers) -> None:
    table = pa.table({"c0": pa.array(range(50_000)), "c1": pa.array(["even", "odd"] * 25_000)})
    columns = [Column("n", ColumnType.INTEGER, 0), Column("kind", ColumnType.TEXT, 1)]
    made = writers.export(
        table, columns, format="csv", columns=["kind", "n"], filter=["kind:eq:odd", "n:lt:40000"], sort=["-n"]
    )
    expected = [["odd", str(number)] for number in range(39_999, 0, -2)]
    assert read_csv(made.text) == [["kind", "n"], *expected]
    assert made.rows == 20_000
    assert [each.rows for each in made.progress] == sorted({each.rows for each in made.progress})
    assert (made.progress[-1].fraction, made.progress[-1].message) == (1.0, "Writing rows: 20,000 of 20,000")
    assert read_csv(writers.export(table, columns, format="csv", q="nothing").text) == [["n", "kind"]]


def test_a_file_ends_at_the_limit(writers: Writers) -> None:
    with pytest.raises(ExportTooLarge, match="1,000 bytes"):
        writers.texts(["x" * 100] * 20, format="csv", max_bytes=1000)


def test_rows_of_much_text_come_in_smaller_batches(writers: Writers) -> None:
    made = writers.texts([f"{number}" * 200_000 for number in range(10, 50)], format="csv")
    assert len(made.progress) > 1
    assert made.path.stat().st_size == 40 * 400_001 + 2
