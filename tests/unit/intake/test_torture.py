"""Twenty-eight small files that lose something in every import with its defaults, here read with ours.

The cases are those of a comparison of seven tools: the best of them kept 20 of 28. A case is kept if the cells that it
is about read back as they stand in the file, under a type that does not change their meaning.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from headway.intake import pipeline
from headway.intake.parsing import ParsedPart
from tests.unit.intake.parse_helpers import make_request
from tests.unit.intake.reading import Read


@dataclass(frozen=True)
class Case:
    """A file, the cells that one of its columns has as they are written, and what their type has to be.

    `typed` are the values that the column then has, where they are not the cells themselves.
    """

    data: str | bytes
    column: str
    written: list[str | None]
    type: str
    typed: list[Any] | None = None
    rejected: int = 0
    columns: list[str] = field(default_factory=list)


LONG = "x" * 200_000
CASES = {
    "leading zeros": Case("plz,n\n01067,1\n99999,2\n", "plz", ["01067", "99999"], "text"),
    "NA is Namibia": Case("code,n\nDE,1\nNA,2\nFR,3\n", "code", ["DE", "NA", "FR"], "text"),
    "people called None and Null": Case("name,n\nNone,1\nNull,2\nAnn,3\n", "name", ["None", "Null", "Ann"], "text"),
    "an id of 19 digits": Case(
        "id,n\n9223372036854775807,1\n9223372036854775806,2\n", "id",
        ["9223372036854775807", "9223372036854775806"], "big_integer",
    ),
    "an id of 25 digits": Case(
        "id,n\n1234567890123456789012345,1\n7,2\n", "id", ["1234567890123456789012345", "7"], "big_integer"
    ),
    "1E10 is a code": Case("code,n\n1E10,1\n2E5,2\n", "code", ["1E10", "2E5"], "text"),
    "a phone with +49": Case("phone,n\n+49301234567,1\n+4915112345,2\n", "phone", ["+49301234567", "+4915112345"], "text"),
    "1.10 keeps its zero": Case("price,n\n1.10,1\n2.5,2\n", "price", ["1.10", "2.5"], "decimal", ["1.10", "2.50"]),
    "a column of T and F": Case("flag,name\nT,Ann\nF,Bob\n", "flag", ["T", "F"], "text", columns=["flag", "name"]),
    "the time 00:10": Case("at,n\n00:10,1\n23:59,2\n", "at", ["00:10", "23:59"], "time", ["00:10:00", "23:59:00"]),
    "03/04/2024 is two days": Case("day,n\n03/04/2024,1\n05/06/2024,2\n", "day", ["03/04/2024", "05/06/2024"], "text"),
    "a type that changes at row 30,001": Case(
        "v,n\n" + "1,2\n" * 30_000 + "x,2\n", "v", [*["1"] * 30_000, "x"], "text"
    ),
    "a byte order mark": Case(codecs.BOM_UTF8 + b"id,n\n1,2\n", "id", ["1"], "integer", [1], columns=["id", "n"]),
    "Windows-1252": Case(
        "name,note\nJosé,größer\nZoë,schön – „so“\n".encode("cp1252"), "note", ["größer", "schön – „so“"], "text"
    ),
    "UTF-16": Case("name,n\nJosé,1\nZoë,2\n".encode("utf-16"), "name", ["José", "Zoë"], "text"),
    "semicolons and decimal commas": Case(
        "name;price\nAnn;1.234,56\nBob;7,5\n", "price", ["1.234,56", "7,5"], "decimal", ["1234.56", "7.50"]
    ),
    "bars": Case("id|name\n1|Ann, B\n2|Bob, C\n", "name", ["Ann, B", "Bob, C"], "text", columns=["id", "name"]),
    "three lines before the table": Case(
        "Report of March\nMade by Ann\n\nid,name,n\n1,Ann,2\n2,Bob,3\n3,Cem,4\n", "name", ["Ann", "Bob", "Cem"], "text",
        columns=["id", "name", "n"],
    ),
    "a name that two columns have": Case("a,a,b\n1,x,3\n2,y,4\n", "a_2", ["x", "y"], "text", columns=["a", "a_2", "b"]),
    "a row that is too short": Case("a,b,c\n1,2,3\n4,5\n6,7,8\n", "b", ["2", "5", "7"], "integer", [2, 5, 7]),
    "a row that is too long": Case("a,b\n1,2\n3,4,5\n6,7\n", "b", ["2", "7"], "integer", [2, 7], rejected=1),
    "a last quote that never closes": Case('a,b\n1,x\n2,y\n3,"z\n', "b", ["x", "y", '"z'], "text"),
    "empty and quoted empty": Case('a,b\n"",x\n,y\n', "a", ["", None], "text"),
    "a header only": Case("id,name\n", "name", [], "text", columns=["id", "name"]),
    "a cell of 200 kB": Case(f"a,n\n{LONG},1\ny,2\n", "a", [LONG, "y"], "text"),
    # The score counts three files more than its table names; these are the traps beside it that most tools fall into.
    "thousands in quotes": Case('n,name\n"1,234.56",x\n"7.50",y\n', "n", ["1,234.56", "7.50"], "decimal", ["1234.56", "7.50"]),
    "a line that names the separator": Case("sep=;\na;b\n1;x,y\n2;z\n", "b", ["x,y", "z"], "text", columns=["a", "b"]),
    "line ends of old Macs": Case("a,b\r1,x\r2,y\r", "b", ["x", "y"], "text", columns=["a", "b"]),
}  # fmt: skip


def parse(case: Case, folder: Path) -> ParsedPart:
    data = case.data.encode() if isinstance(case.data, str) else case.data
    (part,) = pipeline.parse(make_request(folder, data, "table.csv"), lambda _progress: None).parts
    return part


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_lost(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    part = parse(case, tmp_path)
    read = Read(part, tmp_path)
    assert read.types[case.column] == case.type
    assert [cell or None for cell in read.cells(case.column, written=True)] == [cell or None for cell in case.written]
    assert read.cells(case.column) == (case.written if case.typed is None else case.typed)
    assert part.rejected_rows == case.rejected
    assert not case.columns or [column.name for column in part.columns] == case.columns


def test_there_are_28_of_them() -> None:
    assert len(CASES) == 28
