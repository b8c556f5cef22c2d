"""What is said of columns is true of all their values, whatever they are, and costs little memory."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.datasets.columns import Column, ColumnType
from headway.datasets.schemas import ColumnProfile
from headway.intake import operations, profiling
from headway.intake.parsing import ParsedPart, ParseProgress
from headway.intake.profiling import profiled
from tests.unit.intake.parse_helpers import make_request

TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BIG_INTEGER: pa.decimal128(38, 0),
    ColumnType.DECIMAL: pa.decimal128(18, 2),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIME: pa.time64("us"),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
    ColumnType.TIMESTAMP_TZ: pa.timestamp("us", "UTC"),
    ColumnType.UUID: pa.string(),
    ColumnType.JSON: pa.string(),
}


def described(folder: Path, *columns: tuple[ColumnType, list[Any]]) -> list[ColumnProfile]:
    request = make_request(folder, b"", "table")
    path = request.output_dir / "0.parquet"
    arrays = {f"c{place}": pa.array(values, TYPES[kind]) for place, (kind, values) in enumerate(columns)}
    pq.write_table(pa.table(arrays), path)
    known = [Column(f"column {place}", kind, place) for place, (kind, _) in enumerate(columns)]
    part = ParsedPart("table", path, len(columns[0][1]), 0, known, [])
    return [ColumnProfile.model_validate(each) for each in profiled(request, part, lambda _progress: None)]


def test_numbers_and_their_spans(tmp_path: Path) -> None:
    (found,) = described(tmp_path, (ColumnType.INTEGER, [*range(100), 99, None]))
    assert (found.nulls, found.distinct, found.distinct_is_exact) == (1, 100, True)
    assert (found.min, found.max, found.mean) == (0, 99, (sum(range(100)) + 99) / 101)
    assert found.histogram == [5] * 19 + [6]
    assert [(top.value, top.count) for top in found.top][:2] == [(99, 2), (0, 1)]
    assert (found.length, found.note) == (None, None)


def test_texts_and_their_lengths(tmp_path: Path) -> None:
    (found,) = described(tmp_path, (ColumnType.TEXT, ["é", "", "東京", "é", None, "x" * 300, "x" * 300]))
    assert found.length is not None
    assert (found.length.min, found.length.max, found.length.mean) == (0, 300, (1 + 0 + 2 + 1 + 600) / 6)
    assert [(top.value, top.count, top.cut) for top in found.top] == [
        ("x" * 200, 2, True), ("é", 2, False), ("", 1, False), ("東京", 1, False),
    ]  # fmt: skip
    assert (found.min, found.histogram, found.distinct) == (None, None, 4)


def test_values_are_written_as_rows_write_them(tmp_path: Path) -> None:
    big, cents, days, truth, documents = described(
        tmp_path,
        (ColumnType.BIG_INTEGER, [10**30, 10**30, 1]),
        (ColumnType.DECIMAL, [None, Decimal("1.10"), Decimal("2.50")]),
        (ColumnType.DATE, [date(2024, 1, 31), date(2024, 2, 29), date(2024, 2, 29)]),
        (ColumnType.BOOLEAN, [True, True, False]),
        (ColumnType.JSON, ['{"a": 1}', '{"a": 1}', "[]"]),
    )
    assert (big.min, big.max, big.top[0].value) == ("1", str(10**30), str(10**30))
    assert (cents.min, cents.max, cents.nulls) == ("1.10", "2.50", 1)
    assert (days.min, days.max, days.top[0].value) == ("2024-01-31", "2024-02-29", "2024-02-29")
    assert [(top.value, top.count) for top in truth.top] == [(True, 2), (False, 1)]
    assert documents.top[0].value == '{"a": 1}'


def test_what_is_infinite_is_left_out_and_said(tmp_path: Path) -> None:
    mixed, none = described(
        tmp_path, (ColumnType.NUMBER, [1.0, 3.0, float("inf"), float("nan")]), (ColumnType.NUMBER, [float("nan")] * 4)
    )
    assert (mixed.min, mixed.max, mixed.mean, sum(mixed.histogram or [])) == (1.0, 3.0, 2.0, 2)
    assert (mixed.note or "").startswith("2 values are infinite or no number")
    assert (none.min, none.mean, none.histogram, none.distinct) == (None, None, None, 1)


def test_a_column_of_nothing_and_a_table_of_no_rows(tmp_path: Path) -> None:
    for name, values in (("nothing", [None, None]), ("no rows", [])):
        (tmp_path / name).mkdir()
        for found in described(tmp_path / name, (ColumnType.INTEGER, values), (ColumnType.TEXT, values)):
            assert (found.nulls, found.distinct, found.distinct_is_exact, found.top) == (len(values), 0, True, [])
            assert (found.min, found.histogram) == (None, None)


def test_values_that_are_all_different_have_no_most_frequent_ones(tmp_path: Path) -> None:
    (found,) = described(tmp_path, (ColumnType.TEXT, [f"id {number}" for number in range(500)]))
    assert (found.distinct, found.distinct_is_exact, found.top) == (500, True, [])


def test_very_many_values_are_estimated_and_that_is_said(tmp_path: Path) -> None:
    (found,) = described(tmp_path, (ColumnType.INTEGER, list(range(200_000))))
    assert found.distinct is not None
    assert not found.distinct_is_exact
    assert 0.9 * 200_000 < found.distinct <= 200_000
    assert found.top == []
    assert found.histogram == [10_000] * 20


def test_values_too_long_to_count_are_not_counted_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiling, "MOST_COUNTED_BYTES", 1_000)
    (found,) = described(tmp_path, (ColumnType.TEXT, ["x" * 600, "y" * 600]))
    assert (found.top, found.note) == ([], "Its values are too long to be counted.")


def test_only_the_first_columns_of_a_wide_table_are_described_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiling, "MOST_DETAILED", 2)
    monkeypatch.setattr(profiling, "AT_ONCE", 2)
    found = described(tmp_path, *[(ColumnType.INTEGER, [1, 1, number]) for number in range(2, 7)])
    assert [each.max for each in found] == [2, 3, 4, 5, 6]
    assert [bool(each.top) for each in found] == [True, True, False, False, False]
    assert found[2].note == "Only the first 2 columns are described in full."


@given(values=st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3)), max_size=60))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_counted_is_what_there_is(values: list[int | None]) -> None:
    with TemporaryDirectory() as name:
        (found,) = described(Path(name), (ColumnType.INTEGER, values))
    present = [value for value in values if value is not None]
    counts = Counter(present)
    assert (found.nulls, found.distinct) == (len(values) - len(present), len(counts))
    assert (found.min, found.max) == (min(present, default=None), max(present, default=None))
    wanted = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    assert [(top.value, top.count) for top in found.top] == (wanted if max(counts.values(), default=0) > 1 else [])
    assert found.histogram is None or sum(found.histogram) == len(present)


def test_every_table_that_is_made_is_described_and_progress_never_falls(tmp_path: Path) -> None:
    request = make_request(tmp_path, b"a,b\n1,x\n2,x\n,y\n", "table.csv")
    seen: list[ParseProgress] = []
    (part,) = operations.run(request, seen.append).parts
    first, second = (ColumnProfile.model_validate(each) for each in part.profile)
    assert (first.nulls, first.max, second.top[0].value) == (1, 2, "x")
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)


def test_values_that_recur_in_a_large_file_are_counted_without_an_estimate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the rest of the file holds more than its beginning, middle and end, or what is too long to be counted."""
    few, late = [1, 2, None] * 60, [1] * 30 + list(range(1_000, 1_030)) + [1] * 120
    words = [f"{place % 3}" * 1_000 for place in range(180)]
    columns = {"c0": pa.array(few), "c1": pa.array(late), "c2": pa.array(words), "c3": pa.nulls(180, pa.int64())}
    request = make_request(tmp_path, b"", "table")
    path = request.output_dir / "0.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=3)
    kinds = (ColumnType.INTEGER, ColumnType.INTEGER, ColumnType.TEXT, ColumnType.INTEGER)
    known = [Column(f"column {place}", kind, place) for place, kind in enumerate(kinds)]
    part = ParsedPart("table", path, 180, 0, known, [])
    monkeypatch.setattr(profiling, "SAMPLED_GROUPS", 1_000)
    monkeypatch.setattr(profiling, "MOST_COUNTED_BYTES", 2_000)
    usual = profiled(request, part, lambda _progress: None)
    monkeypatch.setattr(profiling, "SAMPLED_GROUPS", 3)
    assert profiled(request, part, lambda _progress: None) == usual
    assert set(profiling._recurring(path, known)) == {0, 1, 2, 3}
    assert [found["distinct"] for found in usual] == [2, 31, 3, 0]
