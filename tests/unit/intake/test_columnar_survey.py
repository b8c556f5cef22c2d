"""Every type that Parquet and Arrow know: kept exactly, or as text or JSON with a decision that says so."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from headway.intake.formats import columnar

from .parse_helpers import parse_bytes
from .test_columnar import at, parse, parse_arrow, to_parquet

ONE = uuid.UUID("00010203-0405-4607-8809-0a0b0c0d0e0f")
LONG = Decimal("1." + "1" * 45)
ARROW_ONLY = {"run-end encoded", "span of months", "union", "struct of nothing"}

SURVEY: dict[str, tuple[pa.Array, str, str | None, str]] = {
    "decimal32": (pa.array([Decimal("1.25")], pa.decimal32(5, 2)), "decimal", "1.25", "decimal32(5, 2)"),
    "decimal128": (pa.array([Decimal("1.10")], pa.decimal128(38, 2)), "decimal", "1.10", "decimal128(38, 2)"),
    "decimal256": (pa.array([LONG], pa.decimal256(60, 45)), "text", str(LONG), "more than 38 digits"),
    "uint64": (pa.array([2**64 - 1], pa.uint64()), "big_integer", str(2**64 - 1), "beyond 2^53"),
    "float16": (pa.array([np.float16(0.1)]), "number", "0.0999755859375", "halffloat"),
    "float32": (pa.array([0.1], pa.float32()), "number", "0.10000000149011612", "float"),
    "bool": (pa.array([True]), "boolean", "true", "bool"),
    "null": (pa.nulls(1), "text", None, "null"),
    "date32": (pa.array([dt.date(2024, 2, 29)]), "date", "2024-02-29", "date32"),
    "date64": (pa.array([dt.date(2024, 2, 29)], pa.date64()), "date", "2024-02-29", ""),
    "date beyond the calendar": (pa.array([2**31 - 1], pa.int32()).view(pa.date32()), "text", str(2**31 - 1), "years 1"),
    "time32": (pa.array([3_723_004], pa.time32("ms")), "time", "01:02:03.004", "time32[ms]"),
    "time64": (pa.array([1], pa.time64("us")), "time", "00:00:00.000001", "time64[us]"),
    "time64, fine": (pa.array([1], pa.time64("ns")), "text", "00:00:00.000000001", "finer than microseconds"),
    "timestamp": (pa.array([at("2024-01-02T03:04:05")]), "timestamp", "2024-01-02T03:04:05", "timestamp[us]"),
    "timestamp, fine": (pa.array([1001], pa.timestamp("ns")), "text", "1970-01-01 00:00:00.000001001", "finer than"),
    "timestamp, zone": (pa.array([1], pa.timestamp("ms", "Asia/Tokyo")), "timestamp_tz", "1970-01-01T00:00:00.001Z", ""),
    "timestamp, zone, fine": (pa.array([1], pa.timestamp("ns", "UTC")), "text", "1970-01-01 00:00:00.000000001Z", "fine"),
    "timestamp, year 0": (pa.array([-62_167_219_200_000], pa.timestamp("ms")), "text", "0000-01-01 00:00:00.000", "years 1"),
    "timestamp, year 294247": (pa.array([2**62], pa.timestamp("us")), "text", str(2**62), "units from 1970"),
    "duration": (pa.array([-1500], pa.duration("ms")), "text", "-1.500", "in seconds"),
    "large_string": (pa.array(["é"], pa.large_string()), "text", "é", "large_string"),
    "string_view": (pa.array(["é"], pa.string_view()), "text", "é", "string_view"),
    "string with a control": (pa.array(["a\x01"]), "text", "a\x01", "UTF-8 text"),
    "dictionary": (pa.array([Decimal("1.5")]).dictionary_encode(), "decimal", "1.5", "decimal128(2, 1)"),
    "run-end encoded": (pa.RunEndEncodedArray.from_arrays([1], ["x"]), "text", "x", "string"),
    "binary": (pa.array([b"\xff\x00"]), "text", "ff00", "hex digits"),
    "large_binary": (pa.array(["é".encode()], pa.large_binary()), "text", "é", "UTF-8 text"),
    "fixed binary": (pa.array([ONE.bytes], pa.binary(16)), "text", ONE.hex, "hex digits"),
    "small numbers as bytes": (pa.array([b"\x00\x01"], pa.binary(2)), "text", "0001", "hex digits"),
    "uuid": (pa.array([ONE.bytes], pa.uuid()), "uuid", str(ONE), "UUID"),
    "list": (pa.array([[1, None]]), "json", "[1,null]", "list"),
    "large list": (pa.array([[2**60]], pa.large_list(pa.int64())), "json", f"[{2**60}]", "large_list"),
    "fixed list": (pa.array([[1, 2]], pa.list_(pa.int64(), 2)), "json", "[1,2]", "fixed_size_list"),
    "list view": (pa.array([[1]], pa.list_view(pa.timestamp("ns"))), "json", '["1970-01-01 00:00:00.000000001"]', "view"),
    "struct": (pa.array([{"d": LONG}], pa.struct([("d", pa.decimal256(60, 45))])), "json", f'{{"d":{LONG}}}', "struct"),
    "struct of nothing": (pa.array([{}], pa.struct([])), "json", "{}", "struct"),
    "map": (pa.array([[("k", 2**63 - 1)]], pa.map_(pa.string(), pa.int64())), "json", f'{{"k":{2**63 - 1}}}', "map"),
    "uuid inside": (pa.ListArray.from_arrays([0, 1], pa.array([ONE.bytes], pa.uuid())), "json", f'["{ONE}"]', "list"),
    "span of months": (pa.array([pa.MonthDayNano([1, -2, -1_500_000_000])]), "text", "P1M-2DT-1.5S", "P1M2DT"),
    "union": (pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([7]), pa.array(["x"])]), "json", "7", "union"),
}  # fmt: skip


@pytest.mark.parametrize("case", SURVEY)
def test_every_type_is_kept_exactly_or_said_to_be_otherwise(tmp_path: Path, case: str) -> None:
    array, kind, written, why = SURVEY[case]
    for name, source in (("arrow", parse_arrow), ("parquet", parse)):
        if name == "parquet" and case in ARROW_ONLY:
            continue
        folder = tmp_path / name
        folder.mkdir()
        table = source(folder, pa.table({"a": array}))
        column = table.column("a")
        assert table.types == {"a": kind}
        assert table.printed("a") == [written]
        assert why in column.why
        assert table.decision("column:a").evidence == column.why


def test_the_last_view_of_a_list_is_not_lost(tmp_path: Path) -> None:
    views = pa.array([[1, 2], None, [], [3]], pa.list_view(pa.int64()))
    assert parse_arrow(tmp_path, pa.table({"a": views})).values("a") == ["[1,2]", None, "[]", "[3]"]


def old_moments(folder: Path, columns: dict[str, pa.Array]) -> Any:
    folder.mkdir()
    content = to_parquet(pa.table(columns), use_deprecated_int96_timestamps=True)
    return parse_bytes(columnar.parse_parquet, folder, content, "old.parquet")


def test_moments_of_96_bits_do_not_go_round(tmp_path: Path) -> None:
    far = [at("0001-01-01T00:00:00"), at("9999-12-31T23:59:59.999999"), None]
    table = old_moments(tmp_path / "far", {"a": pa.array(far), "b": pa.array([[moment] for moment in far])})
    assert (table.types["a"], table.values("a")) == ("timestamp", far)
    assert table.values("b") == ['["0001-01-01 00:00:00.000000"]', '["9999-12-31 23:59:59.999999"]', "[null]"]
    fine = old_moments(tmp_path / "fine", {"a": pa.array([1001], pa.timestamp("ns"))})
    assert (fine.types["a"], fine.values("a")) == ("text", ["1970-01-01 00:00:00.000001001"])


def test_digits_that_no_unit_can_hold_beside_far_moments_are_counted(tmp_path: Path) -> None:
    moments = {"far": pa.array([at("9999-12-31T00:00:00")]), "fine": pa.array([1001], pa.timestamp("ns"))}
    table = old_moments(tmp_path / "both", moments)
    assert table.values("far") == [at("9999-12-31T00:00:00")]
    assert table.values("fine") == [at("1970-01-01T00:00:00.000001")]
    assert table.decision("rows").evidence.startswith("1 moment has digits below 1 us, which are not kept")
