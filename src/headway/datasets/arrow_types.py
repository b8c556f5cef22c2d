"""What values of each type are in Arrow. A decimal is as wide as its values; what is kept as text is text."""

from __future__ import annotations

import pyarrow as pa

from headway.datasets.columns import ColumnType

WIDEST_DECIMAL = 38

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BIG_INTEGER: pa.decimal128(WIDEST_DECIMAL, 0),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIME: pa.time64("us"),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
    ColumnType.TIMESTAMP_TZ: pa.timestamp("us", "UTC"),
}
