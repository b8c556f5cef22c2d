"""Corrected rows: each joins once, reads like the others, and stays rejected with a reason where it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from headway.errors import AppError
from headway.intake.parsing import ParsedPart
from tests.unit.intake.merging.tables import Maker, as_csv, types

HEADER = ["_row", "_errors", "id", "day", "amount", "note", "_more"]


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def sent(make: Maker, *rows: list[str], header: list[str] | None = None) -> ParsedPart:
    names = header or HEADER
    return make.parsed(as_csv(names, rows), header=True, types=dict.fromkeys(names, "text"))


def table(make: Maker) -> ParsedPart:
    """Thirty good rows, and the records 5, 12 and 20 rejected."""
    rows = [f"{n},2024-01-{n:02},{n}.5,00{n}" for n in range(1, 31)]
    for place, bad in ((3, "lone"), (10, "1,2,3,4,5"), (18, "half,way")):
        rows.insert(place, bad)
    part = make.table("id,day,amount,note", *rows)
    assert part.rejected_rows == 3
    return part


def rejects(part: ParsedPart) -> list[dict[str, Any]]:
    return [] if part.rejects_path is None else pq.read_table(part.rejects_path).to_pylist()


def test_a_corrected_row_joins_once_and_reads_like_the_others(make: Maker) -> None:
    base = table(make)
    first, *_, last = (row["record"] for row in rejects(base))
    rows = [
        [f"r{first}", "ignored", "31", "2024-02-01", "7.25", "0031", ""],
        [f"r{last}", "", "32", "", "8", "=1+1", ""],
    ]
    part, told = make.repaired(base, sent(make, *rows))
    assert (told["sent"], told["fixed"], told["still_rejected"], told["not_rejected"]) == (2, 2, 0, 0)
    assert types(part) == types(base)
    assert make.rows(part)[30:] == [["31", "2024-02-01", "7.25", "0031"], ["32", "", "8", "=1+1"]]
    assert [row["raw"] for row in rejects(part)] == ["1,2,3,4,5"]
    again, told = make.repaired(part, sent(make, *rows))
    assert (told["fixed"], told["not_rejected"]) == (0, 2)
    assert make.rows(again) == make.rows(part)
    assert rejects(again) == rejects(part)


def test_what_still_does_not_fit_stays_as_it_was_sent(make: Maker) -> None:
    base = table(make)
    one, two, three = (row["record"] for row in rejects(base))
    part, told = make.repaired(
        base,
        sent(
            make,
            [f"r{one}", "", "31", "2024-02-01", "1o.5", "x", ""],
            [f"r{two}", "", "32", "2024-02-02", "2", "x", "5"],
            [f"r{three}", "", "33", "31.12.2024", "3", "x", ""],
            ["r999", "", "34", "2024-02-02", "2", "x", ""],
            ["", "", "a row that somebody added", "", "", "", ""],
        ),
    )
    assert (told["sent"], told["fixed"], told["still_rejected"], told["not_rejected"]) == (4, 0, 3, 1)
    assert make.rows(part) == make.rows(base)
    kept = {row["record"]: (row["reason"], row["raw"]) for row in rejects(part)}
    assert "“1o.5” in amount" in kept[one][0]
    assert kept[one][1] == "31,2024-02-01,1o.5,x"
    assert kept[two] == ("has more cells than the table has columns", "32,2024-02-02,2,x,5")
    assert "“31.12.2024” in day" in kept[three][0]
    assert {sample["id"] for sample in told["samples"]} == {f"r{record}" for record in (one, two, three)}


def test_one_wrong_value_among_many_rows_is_found_and_the_others_are_taken(make: Maker) -> None:
    good = [f"{n},{n}" for n in range(1, 5_000)]
    base = make.table("id,v", *good, *(f"bad{n}" for n in range(200)))
    records = [row["record"] for row in rejects(base)]
    rows = [[f"r{record}", "", "9", "oops" if n in {7, 150} else str(n), ""] for n, record in enumerate(records)]
    part, told = make.repaired(base, sent(make, *rows, header=["_row", "_errors", "id", "v", "_more"]))
    assert (told["fixed"], told["still_rejected"]) == (198, 2)
    assert (part.rows, types(part)) == (4_999 + 198, {"id": "integer", "v": "integer"})
    assert [row["record"] for row in rejects(part)] == [records[7], records[150]]


def test_rows_of_several_files_are_told_apart(make: Maker) -> None:
    base = table(make)
    merged, _ = make.merged(base, table(make))
    assert [row["source"] for row in rejects(merged)] == [0, 0, 0, 1, 1, 1]
    record = rejects(base)[0]["record"]
    part, told = make.repaired(merged, sent(make, [f"f2r{record}", "", "31", "2024-02-01", "7", "y", ""]))
    assert told["fixed"] == 1
    left = [(row["source"], row["record"]) for row in rejects(part)]
    assert (0, record) in left
    assert (1, record) not in left


@pytest.mark.parametrize(
    ("rows", "header", "code"),
    [
        ([["r1", "", "1", "", "", "", ""], ["r1", "", "2", "", "", "", ""]], HEADER, "repair.row_repeated"),
        ([["1", "x"]], ["id", "note"], "repair.no_row_ids"),
    ],
)
def test_files_that_are_no_corrections_are_refused(
    make: Maker, rows: list[list[str]], header: list[str], code: str
) -> None:
    with pytest.raises(AppError) as refused:
        make.repaired(table(make), sent(make, *rows, header=header))
    assert refused.value.code == code
