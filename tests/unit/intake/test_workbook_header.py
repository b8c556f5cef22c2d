"""Sheets: where the table begins, which of its rows hold names, and what stands around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headway.intake.text_errors import TooManyColumns

from .making_workbooks import book, parse


def test_a_title_above_a_table_is_no_header(tmp_path: Path) -> None:
    table = parse(tmp_path, book(["Report 2024"], [], ["region", "city", "n"], ["North", "A", 1]))
    assert list(table.types) == ["region", "city", "n"]
    assert "Report 2024" in table.decision("header").evidence
    assert table.decision("header").value == "row 3"


def test_a_table_without_a_header(tmp_path: Path) -> None:
    table = parse(tmp_path, book([1, "a"], [2, "b"]), header=False)
    assert table.values("column_1") == [1, 2]


@pytest.mark.parametrize(
    ("rows", "names", "said"),
    [
        ([[3], [4], [5]], ["column_1"], "value '3'"),
        ([["Ann", 41], ["Bob", 42]], ["column_1", "column_2"], "value '41'"),
        ([[7, "x"]], ["column_1", "column_2"], "value '7'"),
        ([["Ann", "DE"], ["Bob", "DE"]], ["column_1", "column_2"], "'DE' stands in the first row"),
        ([["city", 2019, 2020], ["A", 1, 2], ["B", 3, 4]], ["city", "2019", "2020"], "counts on"),
    ],
)
def test_a_row_of_values_is_no_header(tmp_path: Path, rows: list[list[Any]], names: list[str], said: str) -> None:
    table = parse(tmp_path, book(*rows))
    assert list(table.types) == names
    assert said in table.decision("header").evidence


GROUPS = (
    ["Sales of 2024"], [None, "North", None, "South"], ["year", "men", "women", "men"], [2023, 1, 2, 3], [2024, 4, 5, 6],
)  # fmt: skip


def test_the_names_of_groups_stand_before_those_below_them(tmp_path: Path) -> None:
    table = parse(tmp_path, book(*GROUPS))
    assert list(table.types) == ["year", "North men", "North women", "South men"]
    assert [d.value for d in table.part.decisions if d.subject == "header"] == ["row 2", {"rows": 2}]


@pytest.mark.parametrize(("rows", "names"), [(0, ["column_1", "column_2"]), (1, ["a", "b"]), (2, ["a [m]", "b [s]"])])
def test_how_many_rows_hold_names_can_be_said(tmp_path: Path, rows: int, names: list[str]) -> None:
    table = parse(tmp_path, book(["a", "b"], ["[m]", "[s]"], [1, 2]), header_rows=rows)
    assert (list(table.types), table.part.rows) == (names, 3 - rows)


def test_two_rows_of_names_are_kept_for_columns_that_appear_further_down(tmp_path: Path) -> None:
    rows = [[number, 1, 2] for number in range(300)]
    table = parse(tmp_path, book([None, "G", None], ["id", "x", "y"], *rows, [300, 1, 2, 3]))
    assert list(table.types) == ["id", "G x", "G y", "G"]


def test_blank_and_repeated_names(tmp_path: Path) -> None:
    table = parse(tmp_path, book([" a ", None, "a"], [1, 2, 3]))
    assert list(table.types) == ["a", "column_2", "a_2"]


def test_a_table_may_begin_anywhere_and_blank_rows_are_told(tmp_path: Path) -> None:
    rows: list[list[Any]] = [[], [], [None, None, "a", "b"], [None, None, 1, 2], [], [None, None, 3, 4]]
    table = parse(tmp_path, book(*rows))
    assert (table.values("a"), table.values("b")) == ([1, 3], [2, 4])
    assert any(decision.value == "blank rows left out" for decision in table.part.decisions)


def test_merged_cells_are_told(tmp_path: Path) -> None:
    content = book(["a", "b"], ["x", 1], [None, 2], change=lambda wb: wb.active.merge_cells("A2:A3"))
    table = parse(tmp_path, content)
    assert table.values("a") == ["x", None]
    assert any(decision.value == "merged cells" for decision in table.part.decisions)


def test_too_many_columns(tmp_path: Path) -> None:
    with pytest.raises(TooManyColumns):
        parse(tmp_path, book([f"c{i}" for i in range(5001)], [1] * 5001))
