"""A table of every type, and the writers as a child process calls them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.datasets.columns import Column, ColumnType
from headway.exports.schemas import ExportRequest
from headway.exports.writing.child import run
from headway.intake.parsing import ParseOptions, ParseProgress, ParseRequest

T, at = ColumnType, datetime.fromisoformat
COLUMNS = [
    Column("id", T.INTEGER, 0),
    Column('na"me', T.TEXT, 1),
    Column("amount", T.DECIMAL, 2, written=True, format="1.234,5"),
    Column("share", T.NUMBER, 3),
    Column("paid", T.BOOLEAN, 4, format="TRUE/FALSE"),
    Column("day", T.DATE, 5, format="DD.MM.YYYY"),
    Column("at", T.TIMESTAMP, 6),
    Column("at_utc", T.TIMESTAMP_TZ, 7),
    Column("clock", T.TIME, 8),
    Column("account", T.BIG_INTEGER, 9),
    Column("more", T.JSON, 10),
]
TABLE = pa.table({
    "c0": [1, None, 1_234_567_890_123_456],
    "c1": ["=1+1", None, ""],
    "c2": pa.array([Decimal("1234.50"), None, Decimal("-0.05")], pa.decimal128(10, 2)),
    "w2": ["1.234,5", None, None],
    "c3": [0.1, None, float("nan")],
    "c4": [True, None, False],
    "c5": [date(2020, 1, 2), None, date(1899, 12, 31)],
    "c6": pa.array([at("2020-01-02T03:04:05"), None, at("2020-01-01T00:00:00.000001")], pa.timestamp("us")),
    "c7": pa.array([at("2020-01-02T03:04:05Z"), None, None], pa.timestamp("us", "UTC")),
    "c8": pa.array([time(1, 2, 3), None, time(23, 59, 59, 999_999)], pa.time64("us")),
    "c9": pa.array([Decimal(10**20), None, Decimal(5)], pa.decimal128(38, 0)),
    "c10": ['{"a":\n [1, 2]}', None, '"x"'],
})  # fmt: skip


@dataclass
class Exported:
    """What a writer made."""

    path: Path
    rows: int
    told: dict[str, Any]
    progress: list[ParseProgress] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")


@dataclass
class Writers:
    """Writes tables into files in a folder."""

    folder: Path

    def export(
        self, table: pa.Table = TABLE, known: list[Column] | None = None, max_bytes: int = 10**8, **wanted: Any
    ) -> Exported:
        source = self.folder / "rows.parquet"
        pq.write_table(table, source, row_group_size=100_000)
        output_dir = self.folder / f"out-{len(list(self.folder.iterdir()))}"
        output_dir.mkdir()
        request = ParseRequest(
            source, "a table", output_dir, ParseOptions(), 10**9, 5 * 10**8,
            arguments={
                "columns": [column.to_json() for column in known or COLUMNS],
                "request": ExportRequest(**wanted).model_dump(mode="json"),
                "max_bytes": max_bytes,
            },
        )  # fmt: skip
        told: list[ParseProgress] = []
        result = run(request, told.append)
        [part] = result.parts
        return Exported(part.path, part.rows, result.answer, told)

    def texts(self, cells: list[str | None], **wanted: Any) -> Exported:
        """Export one column of text."""
        table = pa.table({"c0": pa.array(cells, pa.string())})
        return self.export(table, [Column("a", ColumnType.TEXT, 0)], **wanted)


@pytest.fixture
def writers(tmp_path: Path) -> Writers:
    return Writers(tmp_path)
