"""Small Parquet files in the layout of datasets, for tests that read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headway.datasets.columns import Column, ColumnType

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BIG_INTEGER: pa.decimal128(38, 0),
    ColumnType.DECIMAL: pa.decimal128(20, 3),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIME: pa.time64("us"),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
    ColumnType.TIMESTAMP_TZ: pa.timestamp("us", "UTC"),
    ColumnType.UUID: pa.string(),
    ColumnType.JSON: pa.string(),
}

EVERY_TYPE: dict[ColumnType, list[Any]] = {
    ColumnType.TEXT: ["00123", "", None],
    ColumnType.INTEGER: [1, -2, None],
    ColumnType.BIG_INTEGER: [Decimal(12345678901234567890123456789012345678), Decimal(-1), None],
    ColumnType.DECIMAL: [Decimal("1234.500"), Decimal("-0.001"), None],
    ColumnType.NUMBER: [1.5e-7, float("nan"), None],
    ColumnType.BOOLEAN: [True, False, None],
    ColumnType.DATE: [date(2024, 2, 29), date(1, 1, 1), None],
    ColumnType.TIME: [time(1, 2, 3), time(23, 59, 59, 120000), None],
    ColumnType.TIMESTAMP: [datetime(2024, 1, 2, 3, 4, 5), datetime(2024, 1, 2, 3, 4, 5, 120000), None],  # noqa: DTZ001
    ColumnType.TIMESTAMP_TZ: [datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(1999, 1, 1, tzinfo=UTC), None],
    ColumnType.UUID: ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "", None],
    ColumnType.JSON: ['{"a":[1,12345678901234567890]}', "null", None],
}


def column(name: str, kind: ColumnType, position: int, **more: Any) -> Column:
    return Column(name=name, type=kind, position=position, **more)


def write_rows(
    path: Path,
    columns: list[Column],
    values: list[list[Any]],
    *,
    group: int = 1000,
    written: dict[int, Any] | None = None,
) -> Path:
    arrays = [pa.array(cells, ARROW_TYPES[c.type]) for c, cells in zip(columns, values, strict=True)]
    names = [c.physical for c in columns]
    for position, texts in (written or {}).items():
        arrays.append(pa.array(texts, pa.string()))
        names.append(f"w{position}")
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays, names=names), path, row_group_size=group)
    return path
