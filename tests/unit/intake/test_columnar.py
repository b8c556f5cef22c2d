"""Parquet and Arrow keep their types where ours hold every value; else text, with the reason."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.intake.errors import (
    ArrowUnreadable,
    FormatEmpty,
    ParquetEncrypted,
    ParquetUnreadable,
    UnpackedSizeLimit,
)
from headway.intake.formats import columnar
from headway.intake.text_errors import TooManyColumns, TypeDoesNotFit

from .parse_helpers import Parsed, parse_bytes

UTC = dt.UTC


def at(text: str) -> dt.datetime:
    """Return a moment without a zone, as files have them."""
    return dt.datetime.fromisoformat(text)


def to_parquet(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return bytes(sink.getvalue().to_pybytes())


def to_arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def parse(folder: Path, table: pa.Table, **options: Any) -> Parsed:
    return parse_bytes(columnar.parse_parquet, folder, to_parquet(table), "table.parquet", **options)


def parse_arrow(folder: Path, table: pa.Table, **options: Any) -> Parsed:
    return parse_bytes(columnar.parse_arrow, folder, to_arrow(table), "table.arrow", **options)


def to_stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=400)
    return bytes(sink.getvalue().to_pybytes())


def parse_stream(folder: Path, table: pa.Table, **options: Any) -> Parsed:
    return parse_bytes(columnar.parse_arrow, folder, to_stream(table), "table.arrows", **options)


KEPT: dict[str, tuple[pa.Array, str, Any]] = {
    "int8": (pa.array([1], pa.int8()), "integer", 1),
    "uint32": (pa.array([2**32 - 1], pa.uint32()), "integer", 2**32 - 1),
    "int64": (pa.array([2**53]), "integer", 2**53),
    "int64 beyond floats": (pa.array([2**53 + 1]), "big_integer", Decimal(2**53 + 1)),
    "int64 below floats": (pa.array([-(2**53) - 1]), "big_integer", Decimal(-(2**53) - 1)),
    "uint64": (pa.array([2**64 - 1], pa.uint64()), "big_integer", Decimal(2**64 - 1)),
    "decimal": (pa.array([Decimal("1.50")], pa.decimal128(10, 2)), "decimal", Decimal("1.50")),
    "decimal without fraction": (pa.array([Decimal(7)], pa.decimal128(10, 0)), "big_integer", Decimal(7)),
    "wide decimal": (pa.array([Decimal("1.5")], pa.decimal256(50, 2)), "decimal", Decimal("1.50")),
    "too wide decimal": (pa.array([Decimal("9" * 45 + ".25")], pa.decimal256(50, 2)), "text", "9" * 45 + ".25"),
    "float": (pa.array([0.1]), "number", 0.1),
    "float32": (pa.array([0.5], pa.float32()), "number", 0.5),
    "infinity": (pa.array([float("-inf")]), "number", float("-inf")),
    "bool": (pa.array([True]), "boolean", True),
    "date": (pa.array([dt.date(2024, 1, 2)]), "date", dt.date(2024, 1, 2)),
    "date64": (pa.array([dt.date(2024, 1, 2)], pa.date64()), "date", dt.date(2024, 1, 2)),
    "time": (pa.array([dt.time(1, 2, 3)], pa.time32("s")), "time", dt.time(1, 2, 3)),
    "time in nanoseconds": (pa.array([1], pa.time64("ns")), "text", "00:00:00.000000001"),
    "timestamp": (pa.array([at("2024-01-02T03:04:05.000006")]), "timestamp", at("2024-01-02T03:04:05.000006")),
    "timestamp in seconds": (pa.array([0], pa.timestamp("s")), "timestamp", at("1970-01-01T00:00:00")),
    "even nanoseconds": (pa.array([1000], pa.timestamp("ns")), "timestamp", at("1970-01-01T00:00:00.000001")),
    "odd nanoseconds": (pa.array([1001], pa.timestamp("ns")), "text", "1970-01-01 00:00:00.000001001"),
    "zone": (
        pa.array([0], pa.timestamp("us", "Europe/Berlin")),
        "timestamp_tz",
        dt.datetime(1970, 1, 1, tzinfo=UTC),
    ),
    "zone, odd": (pa.array([1], pa.timestamp("ns", "Asia/Tokyo")), "text", "1970-01-01 00:00:00.000000001Z"),
    "duration": (pa.array([dt.timedelta(hours=26, microseconds=5)]), "text", "93600.000005"),
    "string": (pa.array(["é"]), "text", "é"),
    "dictionary": (pa.array(["x"]).dictionary_encode(), "text", "x"),
    "dictionary of numbers": (pa.array([5]).dictionary_encode(), "integer", 5),
    "bytes that are text": (pa.array(["é".encode()]), "text", "é"),
    "bytes that are not": (pa.array([b"\xff\x00"]), "text", "ff00"),
    "null": (pa.nulls(1), "text", None),
    "uuid": (pa.array([uuid.UUID(int=5).bytes], pa.uuid()), "uuid", str(uuid.UUID(int=5))),
}


@pytest.mark.parametrize("source", [parse, parse_arrow, parse_stream])
@pytest.mark.parametrize("case", KEPT)
def test_a_type_is_kept_where_it_holds_every_value(tmp_path: Path, case: str, source: Any) -> None:
    array, expected, value = KEPT[case]
    table = source(tmp_path, pa.table({"a": array}))
    assert table.types == {"a": expected}
    assert table.values("a") == [value]
    assert table.column("a").why


def test_a_moment_beyond_microseconds_is_kept_as_text(tmp_path: Path) -> None:
    table = parse_arrow(tmp_path, pa.table({"a": pa.array([2**60, None], pa.timestamp("s"))}))
    assert table.types == {"a": "text"}
    assert table.column("a").nulls == 1


def test_nested_values_become_json_text_with_every_digit(tmp_path: Path) -> None:
    value = {"d": Decimal("1.10"), "t": at("2024-01-01T00:00:00"), "f": float("nan"), "b": b"\xff", "l": [1, None]}
    table = parse(tmp_path, pa.table({"a": pa.array([value, None]), "l": pa.array([[1, 2], None])}))
    assert table.types == {"a": "json", "l": "json"}
    assert '"d":1.10' in table.values("a")[0]
    assert json.loads(table.values("a")[0])["f"] == "NaN"
    assert json.loads(table.values("a")[0])["t"].startswith("2024-01-01 00:00:00")
    assert json.loads(table.values("a")[0])["b"] == "ff"
    assert table.values("l") == ["[1,2]", None]


def test_maps_and_moments_inside(tmp_path: Path) -> None:
    table = parse(
        tmp_path,
        pa.table(
            {
                "m": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
                "n": pa.array([[(1, 2)]], pa.map_(pa.int64(), pa.int64())),
                "t": pa.array([[1]], pa.list_(pa.timestamp("ns"))),
            }
        ),
    )
    assert table.values("m") == ['{"k":1}']
    assert table.values("n") == ["[[1,2]]"]
    assert table.values("t") == ['["1970-01-01 00:00:00.000000001"]']


def test_one_late_value_counts_for_the_whole_column(tmp_path: Path) -> None:
    ids = pa.array([*range(100_000), 2**60])
    table = parse(tmp_path, pa.table({"id": ids, "other": ids.cast(pa.string())}))
    assert table.types["id"] == "big_integer"
    assert table.values("id")[-1] == Decimal(2**60)
    assert table.values("id")[5] == Decimal(5)
    assert len(table.values("other")) == table.part.rows == 100_001


def test_rows_stay_in_order_over_row_groups(tmp_path: Path) -> None:
    table = parse_bytes(
        columnar.parse_parquet,
        tmp_path,
        to_parquet(pa.table({"a": pa.array(range(150_000))}), row_group_size=7_001),
    )
    assert table.values("a") == list(range(150_000))
    groups = pq.read_metadata(table.part.path)
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [61_440, 61_440, 27_120]


def test_names_are_unique_and_never_blank(tmp_path: Path) -> None:
    table = parse(tmp_path, pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "a", ""]))
    assert list(table.types) == ["a", "a_2", "column_3"]
    assert [table.values(name) for name in table.types] == [[1], [2], [3]]


def test_nulls_are_counted(tmp_path: Path) -> None:
    assert parse(tmp_path, pa.table({"a": pa.array([1, None, None])})).column("a").nulls == 2


def test_a_table_without_rows(tmp_path: Path) -> None:
    table = parse(tmp_path, pa.table({"a": pa.array([], pa.int64())}))
    assert (table.part.rows, table.types) == (0, {"a": "integer"})


def test_types_that_were_asked_for(tmp_path: Path) -> None:
    asked = {"a": "text", "b": "big_integer"}
    table = parse(tmp_path, pa.table({"a": pa.array([2**60]), "b": pa.array([1])}), types=asked)
    assert table.types == asked
    assert table.values("a") == [str(2**60)]


def test_a_type_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeDoesNotFit):
        parse(tmp_path, pa.table({"a": pa.array([1])}), types={"a": "date"})


def test_text_that_is_not_utf8_is_kept_as_digits(tmp_path: Path) -> None:
    bad = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"\xff\xfe"]).buffers())
    assert parse(tmp_path, pa.table({"a": bad})).values("a") == ["6f6b", "fffe"]


@pytest.mark.parametrize("spoil", [lambda c: c[: len(c) // 2], lambda c: c[:4] + b"\0" * 50 + c[-4:], lambda c: c[:8]])
def test_a_damaged_parquet_file_is_named(tmp_path: Path, spoil: Any) -> None:
    content = spoil(to_parquet(pa.table({"a": pa.array(range(1000))})))
    with pytest.raises(ParquetUnreadable):
        parse_bytes(columnar.parse_parquet, tmp_path, content)


def test_a_page_that_fails_its_checksum_is_noticed(tmp_path: Path) -> None:
    content = bytearray(
        to_parquet(pa.table({"a": pa.array(range(1000))}), compression="none", write_page_checksum=True)
    )
    content[200] ^= 1
    with pytest.raises(ParquetUnreadable):
        parse_bytes(columnar.parse_parquet, tmp_path, bytes(content))


@pytest.mark.parametrize("spoil", [lambda c: c[: len(c) // 2], lambda c: c[:8] + b"\0" * 50])
def test_a_damaged_arrow_file_is_named(tmp_path: Path, spoil: Any) -> None:
    content = spoil(to_arrow(pa.table({"a": pa.array(range(1000))})))
    with pytest.raises(ArrowUnreadable):
        parse_bytes(columnar.parse_arrow, tmp_path, content)


STREAM = to_stream(pa.table({"a": pa.array(range(1000))}))


@pytest.mark.parametrize("length", [4, 40, len(STREAM) // 2, len(STREAM) - 30])
def test_an_arrow_stream_that_stops_is_named(tmp_path: Path, length: int) -> None:
    with pytest.raises(ArrowUnreadable):
        parse_bytes(columnar.parse_arrow, tmp_path, STREAM[:length])


@pytest.mark.parametrize(
    ("content", "words"),
    [(STREAM, None), (STREAM[:-8], "no mark of its end"), (STREAM + b"and more", "8 bytes behind the end")],
)
def test_an_arrow_stream_says_whether_it_is_whole(tmp_path: Path, content: bytes, words: str | None) -> None:
    table = parse_bytes(columnar.parse_arrow, tmp_path, content)
    assert table.values("a") == list(range(1000))
    said = [decision.evidence for decision in table.part.decisions if decision.subject == "rows"]
    assert len(said) == (words is not None)
    assert words is None or words in said[0]
    fractions = [progress.fraction for progress in table.progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_arrow_offsets_that_point_outside_are_noticed(tmp_path: Path) -> None:
    content = to_arrow(pa.table({"a": pa.array(["first", "second", "third"])}))
    offsets = b"".join(number.to_bytes(4, "little") for number in (0, 5, 11, 16))
    assert content.count(offsets) == 1
    spoilt = content.replace(offsets, offsets[:8] + (2**30).to_bytes(4, "little") + offsets[12:])
    with pytest.raises(ArrowUnreadable):
        parse_bytes(columnar.parse_arrow, tmp_path, spoilt)


def test_an_encrypted_footer_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParquetEncrypted):
        parse_bytes(columnar.parse_parquet, tmp_path, b"PARE" + b"\0" * 64 + (40).to_bytes(4, "little") + b"PARE")


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    table = pa.table({"a": pa.array(range(1_000_000))})
    with pytest.raises(UnpackedSizeLimit):
        parse(tmp_path, table, max_unpacked_bytes=1_000_000)


def test_a_dictionary_that_unfolds_to_too_much_is_refused(tmp_path: Path) -> None:
    table = pa.table({"a": pa.array(["x" * 2_000] * 50_000).dictionary_encode()})
    assert len(to_parquet(table)) < 100_000
    with pytest.raises(UnpackedSizeLimit):
        parse(tmp_path, table, max_unpacked_bytes=50_000_000)


def test_no_columns_and_too_many(tmp_path: Path) -> None:
    with pytest.raises(FormatEmpty):
        parse_arrow(tmp_path, pa.table({}))
    (tmp_path / "wide").mkdir()
    with pytest.raises(TooManyColumns):
        parse_arrow(tmp_path / "wide", pa.table({f"c{i}": pa.array([1]) for i in range(5001)}))
