"""Merging: every cell of both sides is there as it was written, types only widen, and every row is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.errors import AppError
from headway.intake import rows_file
from tests.unit.intake.merging.tables import Maker, as_csv, types


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


# ------------------------------------------------------------------------------------------------------ append

CELLS = st.sampled_from(
    ["", "1", "-7", "00123", "2.50", "2.5", "12345678901234567890", "1.5e+10", "true", "TRUE", "2024-02-29",
     "2024-02-29 10:00", "2024-02-29T10:00:00Z", "10:30:00", "NA", "n/a", "x", 'ü, "y"', "0.1", "9007199254740993",
     "99999999999999999999999999999999.123456789"]
)  # fmt: skip
COLUMN = st.one_of(*(st.lists(st.sampled_from(kind), min_size=4, max_size=4) for kind in (
    ["1", "22", "-3", ""], ["1.5", "2.50", "3", "NA"], ["true", "false"], ["TRUE", "FALSE"], ["2024-01-31", "n/a"],
    ["12345678901234567890", "1"], ["", ""], ["1.5e+10", "2.0e-03"],
)), st.lists(CELLS, min_size=4, max_size=4))  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(base=st.lists(COLUMN, min_size=2, max_size=2), new=st.lists(COLUMN, min_size=2, max_size=2))
def test_what_is_appended_and_what_was_there_read_back_as_written(
    make: Maker, base: list[list[str]], new: list[list[str]]
) -> None:
    names = ["a", "b", "n"]
    before, after = ([[*row, str(n)] for n, row in enumerate(zip(*side, strict=True))] for side in (base, new))
    left = make.parsed(as_csv(names, before), header=True, delimiter=",")
    right = make.parsed(as_csv(names, after), header=True, delimiter=",")
    merged, answer = make.merged(left, right)
    assert make.rows(merged) == [*before, *after]
    assert (merged.rows, answer["rows"]["insert"]) == (8, 4)
    for column in merged.columns:
        cells = pq.read_table(merged.path, columns=[column.physical]).column(0)
        assert column.nulls == cells.null_count
    # Merging with a table of the same columns again changes no type any more.
    again, _ = make.merged(merged, right)
    assert types(again) == types(merged)


@pytest.mark.parametrize(
    ("base", "new", "merged"),
    [
        ("1", "2", "integer"),
        ("1", "2.50", "decimal"),
        ("2.5", "1", "decimal"),
        ("1", "12345678901234567890", "big_integer"),
        ("12345678901234567890", "1.5", "text"),
        ("1", "x", "text"),
        ("1", "", "integer"),
        ("", "1", "integer"),
        ("true", "TRUE", "boolean"),
        ("2024-01-01", "2024-01-01 10:00", "text"),
        ("1", "true", "text"),
        ("99999999999999999999999999999999.5", "0.1234567", "text"),
    ],
)
def test_a_type_gives_way_only_as_far_as_it_must(make: Maker, base: str, new: str, merged: str) -> None:
    left, right = make.table("k,v", f"1,{base}"), make.table("k,v", f"2,{new}")
    part, answer = make.merged(left, right)
    assert types(part)["v"] == merged
    assert [row[1] for row in make.rows(part)] == [base, new]
    retyped = types(left)["v"] != merged
    assert [each["name"] for each in answer["columns"]["retyped"]] == (["v"] if retyped else [])
    if merged == "text" and base and new:
        assert "text keeps both" in part.columns[1].why


def test_columns_that_one_side_lacks_are_empty_there(make: Maker) -> None:
    left, right = make.table("id,old,both", "1,a,x"), make.table("both,new,id", "y,b,2")
    part, answer = make.merged(left, right)
    assert [column.name for column in part.columns] == ["id", "old", "both", "new"]
    assert make.rows(part) == [["1", "a", "x", ""], ["2", "", "y", "b"]]
    assert answer["columns"]["added"] == [{"name": "new", "type": "text"}]
    assert answer["columns"]["removed"] == [{"name": "old", "type": "text"}]


def test_rejected_rows_of_both_sides_are_kept_apart(make: Maker) -> None:
    good = [f"{n},x" for n in range(30)]
    left, right = make.table("a,b", *good, "short"), make.table("a,b", "lone", *good, "1,2,3")
    part, _ = make.merged(left, right)
    assert part.rejected_rows == 3
    assert part.rejects_path is not None
    rejects = pq.read_table(part.rejects_path).to_pylist()
    assert [(row["source"], row["raw"]) for row in rejects] == [(0, "short"), (1, "lone"), (1, "1,2,3")]
    again, _ = make.merged(part, right)
    assert again.rejects_path is not None
    assert pq.read_table(again.rejects_path).column("source").to_pylist() == [0, 1, 1, 1, 1]


def test_json_rows_keep_the_text_of_the_whole_row_where_there_is_one(make: Maker) -> None:
    rows = [{"a": 1, "nested": {"x": [1.0, 10**30]}}, {"a": 2, "nested": None}]
    left = make.parsed(json.dumps(rows).encode(), "t.json")
    part, _ = make.merged(left, make.table("a", "3"))
    raw = pq.read_table(part.path, columns=["raw"]).column(0).to_pylist()
    assert [json.loads(text) if text else None for text in raw] == [*rows, None]


def test_a_table_of_many_row_groups_is_streamed(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_file, "ROW_GROUP_ROWS", 500)
    left = make.table("id,v", *(f"{n},{n}" for n in range(1, 2_301)))
    right = make.table("id,v", *(f"{n},new {n}" for n in range(2_200, 3_000)))
    part, answer = make.merged(left, right, "upsert", "id")
    assert pq.read_metadata(part.path).num_row_groups > 4
    assert answer["rows"] == answer["rows"] | {"insert": 699, "update": 101, "unchanged": 0, "missing": 2_199}
    expected = [[str(n), str(n) if n < 2_200 else f"new {n}"] for n in range(1, 3_000)]
    assert make.rows(part) == expected


# ------------------------------------------------------------------------------------------------------ upsert


def test_an_upsert_updates_inserts_and_leaves_the_rest(make: Maker) -> None:
    left = make.table("id,name,amount,note", "1,Ann,1.50,a", "2,Bob,2.5,b", "3,Cy,3,c")
    right = make.table("id,amount,name", "3,4.25,Cy", "9,9,New", "1,1.50,Ann")
    part, answer = make.merged(left, right, "upsert", "id")
    # What the file does not mention stays: rows, and columns of rows.
    assert make.rows(part) == [
        ["1", "Ann", "1.50", "a"], ["2", "Bob", "2.5", "b"], ["3", "Cy", "4.25", "c"], ["9", "New", "9", ""],
    ]  # fmt: skip
    assert answer["rows"] == {
        "before": 3, "insert": 1, "update": 1, "unchanged": 1, "missing": 1, "cells": {"amount": 1},
        "samples": [{"key": {"id": "3"}, "column": "amount", "before": "3", "after": "4.25"}],
    }  # fmt: skip


def test_keys_meet_whatever_types_the_sides_have(make: Maker) -> None:
    left, right = make.table("a,b,v", "00123,1,x", "7,2,y"), make.table("a,b,v", "7,2,z", "8,2,w")
    part, answer = make.merged(left, right, "upsert", "a", "b")
    assert make.rows(part) == [["00123", "1", "x"], ["7", "2", "z"], ["8", "2", "w"]]
    assert (answer["rows"]["update"], answer["rows"]["insert"]) == (1, 1)


def test_a_cell_that_is_written_otherwise_is_an_update(make: Maker) -> None:
    left, right = make.table("id,v", "1,2.5", "2,2.5"), make.table("id,v", "1,2.50", "2,2.5")
    part, answer = make.merged(left, right, "upsert", "id")
    assert make.rows(part) == [["1", "2.50"], ["2", "2.5"]]
    assert (answer["rows"]["update"], answer["rows"]["unchanged"]) == (1, 1)


def test_the_text_of_a_json_row_goes_where_it_is_not_true_any_more(make: Maker) -> None:
    left = make.parsed(b'[{"id": 1, "a": 1, "b": 2}, {"id": 2, "a": 5, "b": 6}]', "t.json")
    part, _ = make.merged(left, make.parsed(b'[{"id": 1, "a": 9}]', "n.json"), "upsert", "id")
    assert make.rows(part, "typed") == [[1, 9, 2], [2, 5, 6]]
    assert pq.read_table(part.path, columns=["raw"]).column(0).to_pylist() == [None, '{"id": 2, "a": 5, "b": 6}']


@pytest.mark.parametrize(
    ("new", "key", "code", "facts"),
    [
        (("id,v", "1,a", ",b"), ["id"], "merge.key_empty", {"rows": 1, "key": ["id"]}),
        (("id,v", "5,a", "5,b"), ["id"], "merge.key_repeated", {"keys": 1, "times": 2}),
        (("id,v", "3,a"), ["id"], "merge.key_repeated", {"keys": 1, "times": 2}),
        (("id,v", "1,a"), ["nope"], "merge.key_missing", {"column": "nope"}),
        (("id,w", "1,a"), ["v"], "merge.key_missing", {"column": "v"}),
    ],
)
def test_keys_that_do_not_tell_rows_apart_are_refused(
    make: Maker, new: tuple[str, ...], key: list[str], code: str, facts: dict[str, Any]
) -> None:
    left = make.table("id,v", "1,x", "3,y", "3,z")
    with pytest.raises(AppError) as refused:
        make.merged(left, make.table(*new), "upsert", *key)
    assert refused.value.code == code
    assert facts.items() <= refused.value.data.items()


def test_a_key_that_only_untouched_rows_repeat_is_no_matter(make: Maker) -> None:
    part, _ = make.merged(make.table("id,v", "3,y", "3,z", "1,x"), make.table("id,v", "1,new"), "upsert", "id")
    assert make.rows(part) == [["3", "y"], ["3", "z"], ["1", "new"]]
