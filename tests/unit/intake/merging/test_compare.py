"""Comparing: what would change is counted exactly, before anything does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.intake.merging.tables import Maker


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def test_a_table_is_the_same_as_itself(make: Maker) -> None:
    table = make.table("a,b", "1,NA", "2.50,x", '"",')
    answer = make.compared(table, table)
    assert answer["cells"]["changed"] == 0
    assert answer["columns"] == {"added": [], "removed": [], "retyped": [], "renamed": []}
    assert answer["rows"] == {"before": 3, "after": 3}


def test_cells_that_become_empty_are_counted_and_shown(make: Maker) -> None:
    rows = [f"{n},NA" if n % 50 == 0 else f"{n},{n}.5" for n in range(1, 201)]
    text, typed = make.table("id,v", *rows, types={"v": "text"}), make.table("id,v", *rows)
    answer = make.compared(text, typed)
    assert answer["columns"]["retyped"] == [
        {"name": "v", "before": {"type": "text", "format": None}, "after": {"type": "decimal", "format": None}}
    ]
    cells = answer["cells"]
    assert (cells["changed"], cells["become_empty"], cells["become_filled"], cells["columns_changed"]) == (4, 4, 0, 1)
    assert cells["columns"][0]["samples"][0] == {"row": 50, "before": "NA", "after": None}
    back = make.compared(typed, text)["cells"]
    assert (back["changed"], back["become_empty"], back["become_filled"]) == (4, 0, 4)


def test_another_encoding_changes_the_cells_that_it_changes(make: Maker) -> None:
    content = "name,n\nJosé,1\nAnn,2\nZoë,3\n".encode("cp1252")
    answer = make.compared(make.parsed(content, encoding="cp1252"), make.parsed(content, encoding="cp437"))
    assert answer["cells"]["changed"] == 2
    assert answer["cells"]["columns"][0]["samples"][0] == {"row": 1, "before": "José", "after": "JosΘ"}


def test_a_header_that_becomes_a_row_is_one_row_more_under_other_names(make: Maker) -> None:
    content = b"a,b\nx,y\nz,w\nx,y\n"
    answer = make.compared(make.parsed(content, header=True), make.parsed(content, header=False))
    assert [each["before"] for each in answer["columns"]["renamed"]] == ["a", "b"]
    assert answer["columns"]["added"] == answer["columns"]["removed"] == []
    rows = answer["rows"]
    assert (rows["before"], rows["after"], rows["same"], rows["only_before"], rows["only_after"]) == (3, 4, 3, 0, 1)
    assert list(rows["samples_after"][0]["cells"].values()) == ["a", "b"]
    assert rows["samples_after"][0]["row"] == 1


def test_rows_count_as_often_as_they_stand_there(make: Maker) -> None:
    before, after = make.table("a,b", "x,1", "x,1", "y,2"), make.table("a,b", "y,2", "x,1", "q,9", "")
    rows = make.compared(before, make.table("a,b", "y,2", "x,1"))["rows"]
    assert (rows["same"], rows["only_before"], rows["only_after"]) == (2, 1, 0)
    assert rows["samples_before"] == [{"row": 2, "cells": {"a": "x", "b": "1"}}]
    assert after.rows == 3
    assert make.compared(before, after)["cells"]["changed"] > 0


def test_another_delimiter_takes_all_columns_away(make: Maker) -> None:
    content = b"a;b,c\n1;2,3\n"
    answer = make.compared(make.parsed(content, delimiter=","), make.parsed(content, delimiter=";"))
    names = [[each["name"] for each in answer["columns"][kind]] for kind in ("added", "removed")]
    assert names == [[], []]
    assert [each["before"] for each in answer["columns"]["renamed"]] == ["a;b", "c"]
