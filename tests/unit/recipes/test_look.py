"""A look at a recipe: the same cost for any size, honest about being a sample, with problems and the rows before them."""

from __future__ import annotations

import json

import pyarrow as pa

from headway.datasets.columns import Column, ColumnType
from tests.unit.recipes.conftest import Kitchen

NUMBERS = [Column("n", ColumnType.INTEGER, 0)]


def test_rows_are_from_the_beginning_the_middle_and_the_end(kitchen: Kitchen) -> None:
    table = pa.table({"c0": pa.array(range(50_000), pa.int64())})
    looked = kitchen.look([{"step": "aggregate", "values": [
        {"function": "min", "column": "n", "into": "min"}, {"function": "max", "column": "n", "into": "max"},
    ]}], table, NUMBERS, group=10_000)  # fmt: skip
    assert (looked["rows_read"], looked["rows_total"], looked["rows_after"]) == (1_200, 50_000, 1)
    assert looked["rows"] == [[0, 40_399]]
    assert looked["steps"][0]["rows_before"] == 1_200


def test_each_step_says_what_it_left_and_the_first_misfit_ends_it(kitchen: Kitchen) -> None:
    table = pa.table({"c0": pa.array(range(100), pa.int64())})
    below = {"call": "lt", "args": [{"column": "n"}, {"value": 10}]}
    looked = kitchen.look(
        [{"step": "filter", "where": below}, {"step": "rename", "columns": {"n": "m"}}, {"step": "trim", "columns": ["n"]}],
        table, NUMBERS,
    )  # fmt: skip
    assert [(step["step"], step["rows_after"]) for step in looked["steps"]] == [("filter", 10), ("rename", 10)]
    assert [step["columns"][0]["name"] for step in looked["steps"]] == ["n", "m"]
    assert (looked["problem"]["step"], looked["problem"]["code"]) == (3, "recipe.does_not_fit")
    assert looked["columns"] == [{"name": "m", "type": "integer"}]
    assert looked["rows"] == [[number] for number in range(10)]


def test_a_look_shows_every_type_as_json(kitchen: Kitchen) -> None:
    looked = kitchen.look([])
    assert (looked["rows_read"], looked["steps"], looked["problem"]) == (3, [], None)
    assert json.loads(json.dumps(looked["rows"], allow_nan=False))[0][:4] == [1, "=1+1", "1234.50", 0.1]


def test_an_empty_table_can_be_looked_at(kitchen: Kitchen) -> None:
    table = pa.table({"c0": pa.array([], pa.int64())})
    looked = kitchen.look([{"step": "cast", "column": "n", "to": "text"}], table, NUMBERS)
    assert (looked["rows"], looked["problem"], looked["columns"][0]["type"]) == ([], None, "text")


def test_long_cells_and_many_columns_are_cut_and_said(kitchen: Kitchen) -> None:
    table = pa.table({f"c{place}": ["x" * 600] for place in range(250)})
    columns = [Column(f"n{place}", ColumnType.TEXT, place) for place in range(250)]
    looked = kitchen.look([{"step": "deduplicate"}], table, columns)
    for each in (looked, looked["steps"][0]):
        assert (len(each["columns"]), each["columns_left_out"]) == (200, 50)
    assert looked["rows"][0][0] == "x" * 500 + "…"
