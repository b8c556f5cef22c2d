"""Rules over rows: counts, ranges, samples and suggestions, and the file of what broke them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from headway.datasets.columns import ColumnType
from headway.rules.errors import RuleCannotRun, UnknownRuleColumn
from headway.validations.checking.findings import MOST_RANGES, Found, Marks
from tests.unit.validations.conftest import OTHER, Checker

T = ColumnType
INTS = pa.array([1, 5, None, 9], pa.int64())
DECIMALS = pa.array([Decimal("1.50"), None, Decimal("-0.05"), Decimal("99999999.99")], pa.decimal128(10, 2))
BIG = pa.array([Decimal(10**37), Decimal(5), None, Decimal(-(10**37))], pa.decimal128(38, 0))
FLOATS = pa.array([0.5, float("nan"), None, float("inf")])
DAYS = pa.array([date(2020, 1, 1), None, date(2020, 3, 1), date(1969, 12, 31)])
TIMES = pa.array([
    datetime.fromisoformat(f"{day}T00:00:00") for day in ("2020-01-01", "2020-01-01", "2020-02-01", "1969-12-31")
])  # fmt: skip


def rule(name: str, **more: Any) -> dict[str, Any]:
    return {"rule": name, **({} if "columns" in more or "later" in more else {"column": "a"}), **more}


@pytest.mark.parametrize(
    ("kind", "cells", "asked", "broken"),
    [
        (T.INTEGER, INTS, {"min": 5}, [0]),
        (T.INTEGER, INTS, {"above": 4.5, "below": "9"}, [0, 3]),
        (T.INTEGER, INTS, {"max": 10**40}, []),
        (T.INTEGER, INTS, {"min": "1e400"}, [0, 1, 3]),
        (T.DECIMAL, DECIMALS, {"min": "1.501"}, [0, 2]),
        (T.DECIMAL, DECIMALS, {"max": "99999999.989"}, [3]),
        (T.DECIMAL, DECIMALS, {"above": "-0.05"}, [2]),
        (T.BIG_INTEGER, BIG, {"min": 5, "max": 10**37 - 1}, [0, 3]),
        (T.BIG_INTEGER, BIG, {"below": "99999999999999999999999999999999999999.5"}, []),
        (T.NUMBER, FLOATS, {"min": 0}, [1]),
        (T.NUMBER, FLOATS, {"max": 1e300}, [1, 3]),
        (T.DATE, DAYS, {"min": "1970-01-01", "below": "2020-03-01"}, [2, 3]),
        (T.TIMESTAMP, TIMES, {"max": "2020-01-01T00:00:00"}, [2]),
    ],
)
def test_ranges_compare_exactly(
    checker: Checker, kind: ColumnType, cells: pa.Array, asked: dict[str, Any], broken: list[int]
) -> None:
    found = checker.check([("a", kind, cells)], rule("range", **asked))
    rows = (
        [row - 1 for first, last in found.answer["issues"][0]["rows"] for row in range(first, last + 1)]
        if broken
        else []
    )
    assert (rows, found.counts) == (broken, [len(broken)])


TEXTS = [
    "12",
    "007",
    "+5",
    "1.5",
    "1e3",
    "true",
    "2020-02-30",
    "2020-02-29",
    "10:30",
    "2020-02-29T10:30:00Z",
    "{}",
    "",
    None,
]


@pytest.mark.parametrize(
    ("wanted", "holding"),
    [
        ("integer", ["12"]),
        ("number", ["12", "1.5", "1e3"]),
        ("boolean", ["true"]),
        ("date", ["2020-02-29"]),
        ("time", ["10:30"]),
        ("timestamp", []),
        ("timestamp_tz", ["2020-02-29T10:30:00Z"]),
        ("uuid", []),
        ("json", ["12", "1.5", "1e3", "true", "{}"]),
    ],
)
def test_text_is_of_a_type_if_all_of_it_reads_so(checker: Checker, wanted: str, holding: list[str]) -> None:
    found = checker.texts(TEXTS, rule("type", type=wanted))
    assert found.counts == [len(TEXTS) - 2 - len(holding)]
    listed = [line.split(",")[2] for line in (found.file or "").splitlines()[1:]]
    assert [text for text in TEXTS if text and text not in {cell.strip("'\"") for cell in listed}] == holding


def test_columns_that_have_a_type_are_asked_for_their_values(checker: Checker) -> None:
    columns = [("a", T.DECIMAL, DECIMALS), ("b", T.NUMBER, FLOATS), ("c", T.DATE, DAYS), ("d", T.INTEGER, INTS)]
    asked = [("a", "integer"), ("b", "integer"), ("c", "timestamp"), ("d", "number"), ("d", "integer")]
    found = checker.check(columns, *({"rule": "type", "column": name, "type": kind} for name, kind in asked))
    assert found.counts == [3, 3, 3, 0, 0]


def test_empty_cells_break_nothing_but_required(checker: Checker) -> None:
    rules = [rule("required"), rule("length", min=2), rule("pattern", pattern="[a-z]+"), rule("one_of", values=["abc"])]
    found = checker.texts([None, "", "abc", "x", "X9"], *rules, rule("unique", columns=["a"]))
    assert found.counts == [2, 1, 1, 2, 0]
    assert found.answer["failing_rows"] == 4


def test_a_pattern_is_about_the_whole_text_and_quotes_in_it_are_letters(checker: Checker) -> None:
    found = checker.texts(
        ["it's", "its", "it's not"], rule("pattern", pattern="it'?s"), rule("one_of", values=["it's"])
    )
    assert found.counts == [1, 2]


def test_a_repeated_value_is_told_with_the_row_where_it_stands_first(checker: Checker) -> None:
    found = checker.texts(["x", "y", None, "x", None, "x"], rule("unique", columns=["a"]))
    assert (found.issue["count"], found.issue["rows"]) == (2, [[4, 4], [6, 6]])
    assert found.issue["samples"][0] == {"row": 4, "values": {"a": "x"}, "first_row": 1}
    assert found.issue["message"] == "2 rows repeat what an earlier one has in “a”"


def test_several_columns_are_unique_together(checker: Checker) -> None:
    columns = [("a", T.INTEGER, pa.array([1, 1, 2, 1])), ("b", T.TEXT, pa.array(["x", "y", "x", "x"]))]
    found = checker.check(columns, rule("unique", columns=["a", "b"]))
    assert found.issue["rows"] == [[4, 4]]


def test_moments_are_in_order(checker: Checker) -> None:
    columns = [("from", T.DATE, DAYS), ("to", T.TIMESTAMP, TIMES)]
    asked = {"rule": "date_order", "earlier": "from", "later": "to"}
    found = checker.check(columns, asked, {**asked, "strict": True})
    assert found.counts == [1, 3]
    suggested = found.answer["issues"][1]["suggestions"]
    assert suggested == [{"label": "Allow the same moment too", "patch": {"strict": False}, "fixes": 2}]


@pytest.mark.parametrize(
    ("kind", "cells", "to", "known", "broken"),
    [
        (T.TEXT, pa.array(["DE", "de", None]), T.TEXT, pa.array(["DE", None]), [[2, 2]]),
        (T.INTEGER, pa.array([1, 2, 3]), T.DECIMAL, pa.array([Decimal("1.00"), Decimal("2.50")]), [[2, 3]]),
        (T.DECIMAL, pa.array([Decimal("1.5"), Decimal("2.0")]), T.BIG_INTEGER, BIG, [[1, 2]]),
    ],
)
def test_values_stand_in_another_dataset(
    checker: Checker, kind: ColumnType, cells: pa.Array, to: ColumnType, known: pa.Array, broken: list[list[int]]
) -> None:
    found = checker.check([("a", kind, cells)], rule("reference", dataset=str(OTHER), to="id"), other=(to, known))
    assert found.issue["rows"] == broken


def test_words_of_a_rule_are_no_part_of_the_question(checker: Checker) -> None:
    braces = ["{rows}", "{scan.rows}", "' or true --"]
    found = checker.texts([*braces, "other"], rule("one_of", values=braces), rule("pattern", pattern=r"\{rows\}.*"))
    assert found.counts == [1, 3]
    assert found.answer["issues"][0]["suggestions"][0]["patch"] == {"values": [*braces, "other"]}


def test_suggestions_were_tried(checker: Checker) -> None:
    cells = ["new", "New", "lost", "lost", "sold", None]
    found = checker.texts(
        cells, rule("one_of", values=["new"]), rule("pattern", pattern="new|lost"), rule("length", max=3)
    )
    allowed, any_case, longer = (issue["suggestions"][0] for issue in found.answer["issues"])
    assert allowed == {"label": "Allow “lost” too", "patch": {"values": ["new", "lost"]}, "fixes": 2}
    assert any_case == {
        "label": "Tell no capitals from small letters",
        "patch": {"pattern": "(?i)new|lost"},
        "fixes": 1,
    }
    assert longer == {"label": "Allow texts of 4 characters", "patch": {"max": 4}, "fixes": 3}
    ranged = checker.check([("a", T.INTEGER, pa.array([-3, 5, 8]))], rule("range", min=0, below=8)).issue["suggestions"]
    assert [(each["patch"], each["fixes"]) for each in ranged] == [
        ({"min": -3, "above": None}, 1), ({"max": 8, "below": None}, 1),
    ]  # fmt: skip


def test_the_file_has_the_rows_as_written_and_nothing_that_would_be_calculated(checker: Checker) -> None:
    columns = [
        ("a", T.DECIMAL, pa.array([Decimal("1.50"), Decimal("2.00"), Decimal("3.00")])),
        ("_row", T.TEXT, pa.array(["=1+1", "b", None])),
    ]
    written = {"a": pa.array(["1.5", None, "3,0"])}
    found = checker.check(columns, rule("range", max=1), rule("required", column="_row"), written=written, group_rows=1)
    assert (found.file or "").splitlines() == [
        '"__row","_rules","a","_row"',
        '"1","1 range a","1.5","\'=1+1"',
        '"2","1 range a","2.00","b"',
        '"3","1 range a; 2 required _row","3,0",',
    ]
    assert (found.answer["file_rows"], found.answer["escaped_cells"]) == (3, 1)


def test_a_file_that_would_be_too_large_is_left_out_and_that_is_said(checker: Checker) -> None:
    found = checker.texts(["x" * 1000] * 10, rule("length", max=3), max_bytes=500)
    assert (found.file, found.counts) == (None, [10])
    assert "500 bytes" in found.answer["file_note"]


def test_progress_is_told_in_rows_and_never_falls(checker: Checker) -> None:
    found = checker.texts([str(n) for n in range(200_000)], rule("length", max=9), rule("unique", columns=["a"]))
    rows, fractions = [p.rows for p in found.progress], [p.fraction for p in found.progress]
    assert (rows, fractions) == (sorted(rows), sorted(fractions))
    assert (len(set(rows)) > 2, rows[-1], fractions[-1], found.counts) == (True, 200_000, 1.0, [0, 0])


def test_rules_that_cannot_run_are_told_with_their_place(checker: Checker) -> None:
    with pytest.raises(UnknownRuleColumn) as unknown:
        checker.texts(["x"], rule("required"), rule("required", column="b"))
    assert unknown.value.data["pointer"] == "/rules/1"
    for asked in (rule("range", min=1), rule("date_order", earlier="a", later="a")):
        with pytest.raises(RuleCannotRun) as refused:
            checker.texts(["x"], asked)
        assert refused.value.data["pointer"] == "/rules/0"
    for asked in (rule("length", min=1), rule("one_of", values=["x"])):
        with pytest.raises(RuleCannotRun):
            checker.check([("a", T.NUMBER, FLOATS)], asked)


def test_ranges_join_over_batches_and_are_cut_where_they_are_too_many() -> None:
    found = Found()
    for rows in ([1, 2], [3, 7], list(range(9, 9 + 4 * MOST_RANGES, 2)), [5000]):
        found.add(np.array(rows, np.int64))
    assert (found.count, found.ranges[:2], len(found.ranges), found.cut) == (205, [[1, 3], [7, 7]], MOST_RANGES, True)


def test_marks_count_a_row_once() -> None:
    marks = Marks()
    for rows in ([0, 5, 2**20], [5, 6, 3 * 2**20]):
        marks.add(np.array(rows, np.int64))
    assert (marks.count, marks.first(4).tolist()) == (5, [0, 5, 6, 2**20])
