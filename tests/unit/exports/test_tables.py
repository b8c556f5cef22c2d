"""XLSX and Parquet: as other programs read them."""

from __future__ import annotations

import io
from datetime import time
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from headway.datasets.columns import Column, ColumnType
from headway.exports.writing import workbook
from headway.exports.writing.workbook_cells import LONGEST_CELL
from tests.unit.exports.conftest import COLUMNS, TABLE, Writers, at


def opened(path: Path) -> Any:
    return openpyxl.load_workbook(io.BytesIO(path.read_bytes()))


def by_calamine(path: Path, sheet: int = 0) -> list[list[Any]]:
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_index(sheet).to_python()


def test_a_workbook_has_types_where_it_can_hold_them(writers: Writers) -> None:
    made = writers.export(format="xlsx")
    header, first, empty, last = opened(made.path).active.iter_rows(values_only=True)
    assert header == tuple(column.name for column in COLUMNS)
    assert first == (
        1, "=1+1", 1234.5, 0.1, True, at("2020-01-02"), at("2020-01-02T03:04:05"), "2020-01-02T03:04:05Z",
        time(1, 2, 3), "100000000000000000000", '{"a":\n [1, 2]}',
    )  # fmt: skip
    assert empty == (None,) * 11
    # 16 digits, a day before the calendar of workbooks, and a microsecond are kept as text.
    assert last[:7] == (
        "1234567890123456", "", -0.05, "nan", False, "1899-12-31", "2020-01-01T00:00:00.000001"
    )  # fmt: skip
    assert last[8:] == ("23:59:59.999999", 5, '"x"')
    assert "cut_cells" not in {name for name, count in made.told.items() if count}


def test_text_is_never_a_formula(writers: Writers) -> None:
    sheet = opened(writers.texts(["=1+1", "+1", "@a", "{=1}"], format="xlsx").path).active
    assert [(cell.data_type, cell.value) for (cell,) in sheet.iter_rows(min_row=2)] == [
        ("s", "=1+1"), ("s", "+1"), ("s", "@a"), ("s", "{=1}"),
    ]  # fmt: skip


def test_written_cells_are_all_text(writers: Writers) -> None:
    first = by_calamine(writers.export(format="xlsx", values="written").path)[1]
    assert first[:6] == ["1", "=1+1", "1.234,5", "0.1", "TRUE", "02.01.2020"]


def test_any_character_comes_back(writers: Writers) -> None:
    cells = ["<a&b>", " blank ", "_x0041_", "_x0041_x0042_", "_x005F_", "\x01\x0b", "\r\n", "😀", "]]>"]
    rows = by_calamine(writers.texts(cells, format="xlsx").path)
    assert [row[0] for row in rows[1:]] == cells


def test_the_next_sheet_goes_on(writers: Writers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "SHEET_ROWS", 1001)
    table = pa.table({"c0": pa.array(range(2500))})
    made = writers.export(table, [Column("n", ColumnType.INTEGER, 0)], format="xlsx")
    sheets = [[row[0] for row in by_calamine(made.path, number)] for number in range(3)]
    assert [sheet[0] for sheet in sheets] == ["n"] * 3
    assert [len(sheet) - 1 for sheet in sheets] == [1000, 1000, 500]
    assert [number for sheet in sheets for number in sheet[1:]] == list(range(2500))
    assert (made.told["sheets"], made.rows) == (3, 2500)
    assert opened(made.path).sheetnames == ["Sheet1", "Sheet2", "Sheet3"]


def test_a_full_sheet_has_no_empty_one_behind_it(writers: Writers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "SHEET_ROWS", 3)
    made = writers.texts(["a", "b"], format="xlsx")
    assert opened(made.path).sheetnames == ["Sheet1"]
    assert opened(writers.texts([], format="xlsx").path).sheetnames == ["Sheet1"]


def test_a_cell_that_is_too_long_is_cut_and_told(writers: Writers) -> None:
    longest, longer, wide = "x" * LONGEST_CELL, "y" * (LONGEST_CELL + 1), "😀" * LONGEST_CELL
    made = writers.texts([longest, longer, "é" * LONGEST_CELL, wide, None], format="xlsx")
    cells = [row[0] for row in by_calamine(made.path)[1:]]
    assert cells[:2] == [longest, "y" * (LONGEST_CELL - 1) + "…"]
    assert cells[2] == "é" * LONGEST_CELL
    assert cells[3] == "😀" * ((LONGEST_CELL - 1) // 2) + "…"
    assert made.told["cut_cells"] == 2


def test_parquet_has_the_types_under_their_names(writers: Writers) -> None:
    table = pq.read_table(writers.export(format="parquet").path)
    assert table.column_names == [column.name for column in COLUMNS]
    for column in COLUMNS:
        kept, given = table.column(column.name), TABLE.column(column.physical)
        # As text, for NaN is like nothing, not even itself.
        assert (kept.type, str(kept.to_pylist())) == (given.type, str(given.to_pylist())), column.name
    written = pq.read_table(writers.export(format="parquet", values="written").path)
    assert set(written.schema.types) == {pa.string()}
    assert written.column("amount").to_pylist() == ["1.234,5", None, "-0,05"]


def test_parquet_has_groups_of_the_usual_size(writers: Writers) -> None:
    table = pa.table({"c0": pa.array(range(150_000))})
    made = writers.export(table, [Column("n", ColumnType.INTEGER, 0)], format="parquet")
    with pq.ParquetFile(made.path) as file:
        groups = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
    assert sum(groups) == 150_000
    assert min(groups[:-1]) >= 60_000
