"""The print of a typed value is exact, has no exponents where people write none, and is the same everywhere."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.datasets.columns import ColumnType
from headway.datasets.printing import canonical, json_document, json_values
from tests.support.tables import ARROW_TYPES, EVERY_TYPE, column

PRINTED = {
    ColumnType.TEXT: ["00123", ""],
    ColumnType.INTEGER: ["1", "-2"],
    ColumnType.BIG_INTEGER: ["12345678901234567890123456789012345678", "-1"],
    ColumnType.DECIMAL: ["1234.500", "-0.001"],
    ColumnType.NUMBER: ["1.5e-7", "nan"],
    ColumnType.BOOLEAN: ["true", "false"],
    ColumnType.DATE: ["2024-02-29", "0001-01-01"],
    ColumnType.TIME: ["01:02:03", "23:59:59.12"],
    ColumnType.TIMESTAMP: ["2024-01-02T03:04:05", "2024-01-02T03:04:05.12"],
    ColumnType.TIMESTAMP_TZ: ["2024-01-02T03:04:05Z", "1999-01-01T00:00:00Z"],
    ColumnType.UUID: ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", ""],
    ColumnType.JSON: ['{"a":[1,12345678901234567890]}', "null"],
}


@pytest.mark.parametrize("kind", list(ColumnType))
def test_each_type_prints_its_own_way(kind: ColumnType) -> None:
    array = pa.array(EVERY_TYPE[kind], ARROW_TYPES[kind])
    assert canonical(array, column("x", kind, 0)).to_pylist() == [*PRINTED[kind], None]


def test_a_columns_habit_is_part_of_its_print() -> None:
    flags = pa.array([True, False, None])
    assert canonical(flags, column("x", ColumnType.BOOLEAN, 0, format="TRUE/FALSE")).to_pylist() == [
        "TRUE", "FALSE", None,
    ]  # fmt: skip
    moments = pa.array(EVERY_TYPE[ColumnType.TIMESTAMP], ARROW_TYPES[ColumnType.TIMESTAMP])
    blank = column("x", ColumnType.TIMESTAMP, 0, format="YYYY-MM-DD HH:MM:SS")
    assert canonical(moments, blank).to_pylist()[0] == "2024-01-02 03:04:05"
    assert json_values(moments, blank)[0] == "2024-01-02T03:04:05"


@given(values=st.lists(st.decimals(-(10**15), 10**15, places=9, allow_nan=False), max_size=20), skip=st.integers(0, 3))
def test_decimals_print_all_digits_also_from_the_middle_of_an_array(values: list[Decimal], skip: int) -> None:
    array = pa.array(values, pa.decimal128(38, 9)).slice(skip)
    expected = [f"{value:.9f}" if value else "0.000000000" for value in values[skip:]]
    assert canonical(array, column("x", ColumnType.DECIMAL, 0)).to_pylist() == expected


def test_json_answers_hold_no_number_that_a_reader_would_bend() -> None:
    def values(kind: ColumnType) -> list[object]:
        return json_values(pa.array(EVERY_TYPE[kind], ARROW_TYPES[kind]), column("x", kind, 0))

    assert values(ColumnType.NUMBER) == [1.5e-7, "NaN", None]
    assert values(ColumnType.BIG_INTEGER)[0] == "12345678901234567890123456789012345678"
    assert values(ColumnType.DECIMAL)[0] == "1234.500"
    assert values(ColumnType.JSON) == [{"a": [1, "12345678901234567890"]}, None, None]
    assert json_document("[9007199254740992, 9007199254740993, 1e999]") == [
        9007199254740992, "9007199254740993", "1e999",
    ]  # fmt: skip
