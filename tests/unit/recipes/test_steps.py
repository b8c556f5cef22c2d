"""Steps as they run: what each does to values, to what is written in cells, to the order of rows, and what it refuses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

import pyarrow as pa
import pytest

from headway.datasets.columns import Column, ColumnType
from headway.errors import AppError
from headway.recipes.compiling.functions import BY_NAME
from headway.recipes.compiling.plan import COMPILERS
from headway.recipes.errors import RecipeAmbiguousJoin, RecipeCannotCompute, RecipeDoesNotFit, RecipeWouldEmpty
from headway.recipes.expressions import FunctionName
from headway.recipes.steps import AnyStep, Join
from tests.unit.exports.conftest import COLUMNS, TABLE
from tests.unit.recipes.conftest import Kitchen, Steps, text_table

OTHER = UUID(int=7)


def call(name: str, *args: Any) -> dict[str, Any]:
    return {"call": name, "args": [arg if isinstance(arg, dict) else {"value": arg} for arg in args]}


def col(name: str) -> dict[str, str]:
    return {"column": name}


def test_columns_that_no_step_touches_are_what_they_were(kitchen: Kitchen) -> None:
    names = [column.name for column in COLUMNS]
    made = kitchen.run([
        {"step": "rename", "columns": {"amount": "total"}},
        {"step": "sort", "by": [{"column": "id", "descending": True}]},
        {"step": "select", "columns": [*reversed([name if name != "amount" else "total" for name in names])]},
    ])  # fmt: skip
    assert list(made.columns) == [name if name != "amount" else "total" for name in reversed(names)]
    for column in COLUMNS:
        name = "total" if column.name == "amount" else column.name
        kept = made.table[made.columns[name].physical]
        given = TABLE[column.physical]
        order = given.take(pa.array([2, 0, 1]))
        assert str(kept.to_pylist()) == str(order.to_pylist()), name
        assert (made.columns[name].format, made.columns[name].type) == (column.format, column.type)
    assert made.written("total") == ["-0,05", "1.234,5", None]
    assert made.written("day") == ["31.12.1899", "02.01.2020", None]


@pytest.mark.parametrize(
    ("cells", "cast", "values"),
    [
        (["1.234,50", "-2,5", None], {"to": "decimal", "format": "1.234,5"}, ["1234.50", "-2.50", None]),
        (["007", "+12", "-3"], {"to": "integer"}, [7, 12, -3]),
        (["9007199254740993", "1"], {"to": "integer"}, ["9007199254740993", "1"]),
        (["12345678901234567890123", "0"], {"to": "integer"}, ["12345678901234567890123", "0"]),
        (["0.10", "12345678901234567.123456789"], {"to": "decimal"}, ["0.100000000", "12345678901234567.123456789"]),
        (["1e3", "2.5"], {"to": "number"}, [1000.0, 2.5]),
        (["yes", "NO", None], {"to": "boolean"}, [True, False, None]),
        (["ok", "nok"], {"to": "boolean", "format": "ok/nok"}, [True, False]),
        (["29.02.2024", "1.3.2024"], {"to": "date", "format": "DD.MM.YYYY"}, ["2024-02-29", "2024-03-01"]),
        (["2024-02-29 10:00:00"], {"to": "timestamp"}, ["2024-02-29T10:00:00"]),
        (["10:15:00"], {"to": "time"}, ["10:15:00"]),
        (["2024-02-29T10:00:00Z"], {"to": "timestamp_tz"}, ["2024-02-29T10:00:00Z"]),
        (["123E4567-e89b-12d3-a456-426614174000"], {"to": "uuid"}, ["123E4567-e89b-12d3-a456-426614174000"]),
    ],
)
def test_text_becomes_typed_and_reads_back_as_it_was_written(
    kitchen: Kitchen, cells: list[str | None], cast: dict[str, Any], values: list[Any]
) -> None:
    made = kitchen.texts([{"step": "cast", "column": "a", **cast}], a=cells)
    assert made.values("a") == values
    assert made.written("a") == cells
    again = kitchen.texts(
        [{"step": "cast", "column": "a", **cast}, {"step": "cast", "column": "a", "to": "text"}], a=cells
    )
    assert (again.values("a"), again.types) == (cells, {"a": "text"})


def test_what_a_cast_would_empty_is_told_before_and_has_to_be_accepted(kitchen: Kitchen) -> None:
    cells: list[str | None] = [*["5"] * 997, "NA", "30.", "x" * 500, None]
    step = {"step": "cast", "column": "a", "to": "integer"}
    with pytest.raises(RecipeWouldEmpty) as refused:
        kitchen.texts([{"step": "trim", "columns": ["a"]}, step], a=cells)
    problem = refused.value.problem()
    assert (problem["step"], problem["column"], problem["count"], problem["of"]) == (2, "a", 3, 1000)
    assert [sample["value"] for sample in problem["samples"]] == ["NA", "30.", "x" * 100]
    assert problem["detail"] == "Step 2, cast: 3 of 1,000 values of 'a' would become empty."
    made = kitchen.texts([{**step, "accept_loss": True}], a=cells)
    assert (made.columns["a"].nulls, made.columns["a"].type) == (4, ColumnType.INTEGER)
    assert made.written("a")[997:] == ["NA", "30.", "x" * 500, None]
    assert [finding["count"] for finding in made.answer["findings"]] == [3]


def test_numbers_are_not_rounded_by_a_cast(kitchen: Kitchen) -> None:
    table = pa.table({"c0": pa.array([Decimal("2.00"), Decimal("2.50")], pa.decimal128(10, 2))})
    known = [Column("a", ColumnType.DECIMAL, 0)]
    with pytest.raises(RecipeWouldEmpty):
        kitchen.run([{"step": "cast", "column": "a", "to": "integer"}], table, known)
    rounded = {"step": "derive", "column": "a", "value": call("round", col("a"), 1)}
    assert kitchen.run([rounded], table, known).values("a") == ["2.0", "2.5"]


def test_emptying_a_whole_column_is_told_before(kitchen: Kitchen) -> None:
    step = {"step": "replace", "columns": ["a"], "find": ".*", "match": "pattern"}
    with pytest.raises(RecipeWouldEmpty) as refused:
        kitchen.texts([step], a=["one", "two"])
    assert refused.value.detail == "Step 1, replace: all 2 values of 'a' would become empty."
    assert kitchen.texts([{**step, "accept_loss": True}], a=["one", "two"]).values("a") == [None, None]
    assert kitchen.texts([{**step, "find": "one"}], a=["one", "two"]).values("a") == [None, "two"]


@pytest.mark.parametrize(
    ("step", "cells", "expected"),
    [
        ({"step": "trim", "columns": ["a"]}, ["\u00a0 x  y\t", None], ["x  y", None]),
        ({"step": "trim", "columns": ["a"], "inner": True}, [" x \n y "], ["x y"]),
        ({"step": "case", "columns": ["a"], "to": "capital"}, ["äBC", "", None], ["Äbc", "", None]),
        ({"step": "fill", "columns": ["a"], "value": "?"}, ["x", "", None], ["x", "?", "?"]),
        ({"step": "fill", "columns": ["a"], "from": "above"}, [None, "x", "", None, "y"], [None, "x", "x", "x", "y"]),
        ({"step": "fill", "columns": ["a"], "from": "below"}, [None, "x", "", "y"], ["x", "x", "y", "y"]),
        ({"step": "replace", "columns": ["a"], "find": "x", "with": "y"}, ["x", "xx"], ["y", "xx"]),
        ({"step": "replace", "columns": ["a"], "find": "x", "with": "y", "match": "part"}, ["x'x"], ["y'y"]),
        (
            {"step": "replace", "columns": ["a"], "find": "([0-9])", "with": "<\\1>", "match": "pattern"},
            ["a1"], ["a<1>"],
        ),
        ({"step": "deduplicate", "columns": ["a"]}, ["x", "y", "x", None, None], ["x", "y", None]),
        ({"step": "sort", "by": [{"column": "a"}]}, ["b", None, "a", "b"], ["a", "b", "b", None]),
        ({"step": "filter", "where": call("ne", col("a"), "x")}, ["x", "y", None], ["y", None]),
        ({"step": "filter", "where": call("in", col("a"), "x", "z")}, ["x", "y", None], ["x"]),
        ({"step": "filter", "where": call("not", call("empty", col("a")))}, ["x", "", None], ["x"]),
        ({"step": "filter", "where": call("matches", col("a"), "^[a-c]+$")}, ["abc", "xyz"], ["abc"]),
    ],
)  # fmt: skip
def test_a_step_on_text(kitchen: Kitchen, step: dict[str, Any], cells: list[Any], expected: list[Any]) -> None:
    assert kitchen.texts([step], a=cells).values("a") == expected


def test_split_loses_nothing_and_merge_brings_it_together(kitchen: Kitchen) -> None:
    split = {"step": "split", "column": "a", "by": ", ", "into": ["x", "y"]}
    made = kitchen.texts([split], a=["1, 2, 3", "1", None], b=["p", "q", "r"])
    assert list(made.columns) == ["x", "y", "b"]
    assert (made.values("x"), made.values("y")) == (["1", "1", None], ["2, 3", None, None])
    merged = kitchen.texts(
        [split, {"step": "merge", "columns": ["x", "y"], "into": "a", "with": ", "}], a=["1, 2, 3", "1", None]
    )
    assert merged.values("a") == ["1, 2, 3", "1", None]


def test_merging_takes_what_is_written(kitchen: Kitchen) -> None:
    made = kitchen.run([{"step": "merge", "columns": ["amount", "day"], "into": "m", "with": "|", "keep": True}])
    assert made.values("m") == ["1.234,5|02.01.2020", None, "-0,05|31.12.1899"]
    assert len(made.columns) == len(COLUMNS) + 1


def test_whole_numbers_are_computed_exactly_and_typed_by_what_they_are(kitchen: Kitchen) -> None:
    table = pa.table({"c0": pa.array([2**52, 3], pa.int64()), "c1": pa.array([2**52, 4], pa.int64())})
    known = [Column("a", ColumnType.INTEGER, 0), Column("b", ColumnType.INTEGER, 1)]
    steps: Steps = [
        {"step": "derive", "column": "sum", "value": call("add", col("a"), col("b"), 1)},
        {"step": "derive", "column": "small", "value": call("subtract", col("a"), col("b"))},
        {"step": "derive", "column": "product", "value": call("multiply", col("a"), col("b"))},
        {"step": "derive", "column": "ratio", "value": call("divide", col("a"), 0)},
    ]
    made = kitchen.run(steps, table, known)
    assert made.types == {
        "a": "integer", "b": "integer", "sum": "big_integer", "small": "integer", "product": "big_integer",
        "ratio": "number",
    }  # fmt: skip
    assert made.values("sum") == [str(2**53 + 1), "8"]
    assert made.values("product") == [str(2**104), "12"]
    assert made.values("small") == [0, -1]
    assert made.answer["findings"][0]["message"] == "'ratio' would be empty in every row."
    cube = call("multiply", col("a"), col("a"), col("a"))
    with pytest.raises(RecipeCannotCompute) as refused:
        kitchen.run(
            [{"step": "select", "columns": ["a"]}, {"step": "derive", "column": "c", "value": cube}], table, known
        )
    assert refused.value.data["step"] == 2


def test_expressions_on_every_type(kitchen: Kitchen) -> None:
    wanted = {
        "upper": (call("upper", col('na"me')), ["=1+1", None, ""]),
        "said": (
            call("concat", col("amount"), " on ", col("day")),
            ["1.234,5 on 02.01.2020", " on ", "-0,05 on 31.12.1899"],
        ),
        "year": (call("year", col("day")), [2020, None, 1899]),
        "next": (call("add_days", col("day"), 30), ["2020-02-01", None, "1900-01-30"]),
        "after": (call("ge", col("day"), "2000-01-01"), [True, False, False]),
        "big": (call("gt", col("account"), 10**19), [True, False, False]),
        "half": (call("multiply", col("amount"), 0.5), ["617.250", None, "-0.025"]),
        "either": (call("if", col("paid"), "yes", "no"), ["yes", "no", "no"]),
        "first": (call("coalesce", col("id"), 0), ["1", "0", "1234567890123456"]),
        "gone": (call("days_between", col("day"), {"value": "2020-01-05", "type": "date"}), [3, None, 43834]),
        "padded": (call("pad", call("slice", call("text", col("id")), 1, 3), 5, "0"), ["00001", None, "00123"]),
        "text": (call("text", col("share")), ["0.1", None, "nan"]),
    }
    steps: Steps = [{"step": "derive", "column": name, "value": value} for name, (value, _) in wanted.items()]
    made = kitchen.run(steps)
    found = {name: made.values(name) for name in wanted}
    expected = {name: values for name, (_, values) in wanted.items()} | {"first": [1, 0, 1234567890123456]}
    assert found == expected


def test_aggregates_are_exact_and_in_the_order_of_their_groups(kitchen: Kitchen) -> None:
    table = pa.table({
        "c0": ["b", "a", "b", None],
        "c1": pa.array([2**53, 1, 2**53, 5], pa.int64()),
        "c2": pa.array([Decimal("0.10"), Decimal("0.20"), None, Decimal("9.00")], pa.decimal128(10, 2)),
    })  # fmt: skip
    known = [Column("k", ColumnType.TEXT, 0), Column("n", ColumnType.INTEGER, 1), Column("d", ColumnType.DECIMAL, 2)]
    values = [
        ("count", None),
        ("sum", "n"),
        ("sum", "d"),
        ("mean", "d"),
        ("max", "n"),
        ("count", "d"),
        ("count_distinct", "n"),
    ]
    step = {"step": "aggregate", "by": ["k"], "values": [
        {"function": name, "into": f"{name} {column}", **({"column": column} if column else {})} for name, column in values
    ]}  # fmt: skip
    made = kitchen.run([step], table, known)
    assert made.values("k") == ["a", "b", None]
    assert made.values("sum n") == ["1", str(2**54), "5"]
    assert made.values("sum d") == ["0.20", "0.10", "9.00"]
    assert made.values("count d") == [1, 1, 1]
    assert made.values("count_distinct n") == [1, 1, 1]
    assert made.values("count None") == [1, 2, 1]
    whole = kitchen.run([{**step, "by": []}], table, known)
    assert (whole.values("count None"), whole.values("sum d")) == ([4], ["9.30"])


def test_a_join_adds_columns_and_tells_what_it_does_not_find(kitchen: Kitchen) -> None:
    here, known = text_table(code=["b", "a", "x", None])
    there, theirs = text_table(id=["a", "b", "c", "c"], name=["A", "B", "C", "C2"])
    step = {"step": "join", "dataset_id": str(OTHER), "on": {"code": "id"}}
    others = {OTHER: (kitchen.put(there), theirs)}
    made = kitchen.run([step], here, known, others=others)
    assert made.values("name") == ["B", "A", None, None]
    assert made.answer["findings"][0]["message"] == "2 of 4 rows find nothing in the joined dataset."
    only = kitchen.run([{**step, "rows": "matching", "columns": {"name": "code name"}}], here, known, others=others)
    assert (only.values("code"), only.values("code name")) == (["b", "a"], ["B", "A"])


def test_a_join_repeats_no_row_unless_that_is_wanted(kitchen: Kitchen) -> None:
    here, known = text_table(code=["c", "a"])
    there, theirs = text_table(id=["a", "c", "c"], name=["A", "C", "C2"])
    step = {"step": "join", "dataset_id": str(OTHER), "on": {"code": "id"}}
    others = {OTHER: (kitchen.put(there), theirs)}
    with pytest.raises(RecipeAmbiguousJoin) as refused:
        kitchen.run([step], here, known, others=others)
    assert refused.value.data["samples"] == [{"value": "c"}]
    made = kitchen.run([{**step, "several": "repeat"}], here, known, others=others)
    assert (made.values("code"), made.values("name")) == (["c", "c", "a"], ["C", "C2", "A"])


def test_every_function_and_step_that_can_be_said_is_compiled() -> None:
    assert set(BY_NAME) == set(get_args(FunctionName))
    assert {*COMPILERS, Join} == set(get_args(AnyStep))


def test_a_sample_is_the_same_each_time_and_keeps_the_order(kitchen: Kitchen) -> None:
    table, known = pa.table({"c0": pa.array(range(5000), pa.int64())}), [Column("n", ColumnType.INTEGER, 0)]
    some = [kitchen.run([{"step": "sample", "rows": 50, "seed": seed}], table, known).values("n") for seed in (1, 1, 2)]
    assert some[0] == some[1] == sorted(some[0])
    assert len(some[0]) == 50
    assert some[0] != some[2]


NAMES = 'There are: id, na"me, amount, share, paid, day, at, at_utc, clock, account and 1 more.'


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"step": "trim", "columns": ["nope"]}, f"there is no column 'nope' here. {NAMES}"),
        ({"step": "trim", "columns": ["id"]}, "column 'id' is integer, and this works on text. Cast it before."),
        ({"step": "rename", "columns": {"id": "day"}}, "there would be two columns 'day'."),
        ({"step": "cast", "column": "id", "to": "date", "format": "1.234,5"}, "'1.234,5' is no way to write date."),
        ({"step": "filter", "where": col("id")}, "a condition is true or false, and this is integer."),
        ({"step": "filter", "where": call("lt", col("id"), col("day"))}, "lt takes values of one type, and these are date and integer."),
        ({"step": "filter", "where": call("lt", col("day"), "soon")}, "'soon' is not a value of type date."),
        ({"step": "filter", "where": call("matches", col('na"me'), "(")}, "'(' is no regular expression."),
        ({"step": "derive", "column": "x", "value": call("pad", col('na"me'), "wide", "0")}, "pad makes texts of at most 1,000 characters."),
        ({"step": "derive", "column": "x", "value": call("pad", col('na"me'), 1e400, "0")}, "pad makes texts of at most 1,000 characters."),
        ({"step": "derive", "column": "x", "value": call("upper", col("id"))}, "upper takes json or text or uuid, and this is integer."),
        ({"step": "derive", "column": "x", "value": call("not", True, True)}, "not takes 1 values, and not 2."),
        ({"step": "derive", "column": "x", "value": call("slice", col('na"me'), col("id"))}, "slice takes its other values as they are written, the same in every row."),
        ({"step": "select", "columns": [column.name for column in COLUMNS], "keep": False}, "no column would be left."),
        ({"step": "aggregate", "by": [], "values": [{"function": "sum", "column": "day", "into": "s"}]}, "sum takes numbers, and 'day' is date."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_its_place(kitchen: Kitchen, step: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeDoesNotFit) as refused:
        kitchen.run([{"step": "sort", "by": [{"column": "id"}]}, step])
    assert refused.value.detail == f"Step 2, {step['step']}: {said}"
    assert refused.value.data["step"] == 2


@pytest.mark.parametrize("text", ["'); drop table s0; --", "\\'", "$$", "{0}", "%s", '"c0"'])
def test_nothing_in_a_step_is_ever_sql(kitchen: Kitchen, text: str) -> None:
    steps: Steps = [
        {"step": "rename", "columns": {"a": text}},
        {"step": "derive", "column": f"{text}2", "value": call("concat", col(text), text)},
        {"step": "filter", "where": call("ne", col(text), text)},
        {"step": "replace", "columns": [text], "find": text, "with": text, "match": "part"},
        {"step": "split", "column": f"{text}2", "by": text, "into": ["x", "y"]},
    ]
    made = kitchen.texts(steps, a=["x", text])
    assert (made.values(text), made.values("x"), made.values("y")) == (["x"], ["x"], [""])


def test_a_large_table_is_written_in_groups_and_told_about(kitchen: Kitchen) -> None:
    table = pa.table({"c0": pa.array(range(150_000), pa.int64())})
    made = kitchen.run(
        [{"step": "sort", "by": [{"column": "n", "descending": True}]}], table, [Column("n", ColumnType.INTEGER, 0)]
    )
    assert made.table["c0"].to_pylist() == list(range(149_999, -1, -1))
    fractions = [each.fraction for each in kitchen.told]
    assert fractions == sorted(fractions)
    assert made.answer["summary"]["rows"] == {"before": 150_000, "after": 150_000}
    assert made.part.profile[0]["max"] == 149_999


def test_problems_are_ours(kitchen: Kitchen) -> None:
    """Whatever a step meets, no error of a library gets out."""
    with pytest.raises(AppError):
        kitchen.texts([{"step": "cast", "column": "a", "to": "decimal"}], a=["9" * 38, "0.1"])
