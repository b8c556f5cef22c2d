"""Pages of rows: as the file lies, sorted, filtered, searched, and as they were written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headway.datasets import reader as reader_module
from headway.datasets.columns import Column, ColumnType
from headway.datasets.errors import BadFilter, UnknownColumn
from headway.datasets.filters import ask
from headway.datasets.reader import RowsPage, RowsReader
from tests.support.tables import EVERY_TYPE, column, write_rows

ROWS = 2_500


class Table:
    def __init__(self, folder: Path, columns: list[Column], path: Path) -> None:
        self.columns, self.path = columns, path
        self.reader = RowsReader([folder], folder / "scratch")

    def page(self, offset: int = 0, limit: int = 100, **question: Any) -> RowsPage:
        return self.reader.read(self.path, ask(self.columns, offset=offset, limit=limit, **question))

    def values(self, name: str, **question: Any) -> list[Any]:
        return [row[name] for row in self.page(**question).rows]


@pytest.fixture
def numbers(tmp_path: Path) -> Table:
    columns = [column("id", ColumnType.INTEGER, 0), column("group", ColumnType.TEXT, 1)]
    cells = [list(range(ROWS)), [f"g{number % 3}" for number in range(ROWS)]]
    return Table(tmp_path, columns, write_rows(tmp_path / "rows" / "it's.parquet", columns, cells, group=1000))


@pytest.fixture
def mixed(tmp_path: Path) -> Table:
    columns = [column(str(kind), kind, position) for position, kind in enumerate(EVERY_TYPE)]
    return Table(tmp_path, columns, write_rows(tmp_path / "rows" / "m.parquet", columns, list(EVERY_TYPE.values())))


@pytest.mark.parametrize(
    ("offset", "limit", "expected"),
    [
        (0, 3, [0, 1, 2]),
        (999, 2, [999, 1000]),
        (998, 1003, list(range(998, 2001))),
        (2498, 10, [2498, 2499]),
        (2500, 10, []),
        (10**9, 10, []),
        (5, 0, []),
    ],
)
def test_a_page_crosses_row_groups_and_ends_at_the_end(
    numbers: Table, offset: int, limit: int, expected: list[int]
) -> None:
    page = numbers.page(offset, limit)
    assert [row["id"] for row in page.rows] == expected
    assert page.total == ROWS


def test_every_row_is_on_exactly_one_page(numbers: Table) -> None:
    seen = [row["id"] for offset in range(0, ROWS, 777) for row in numbers.page(offset, 777).rows]
    assert seen == list(range(ROWS))


def test_sorting_is_stable_and_pages_do_not_overlap(numbers: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [(row["group"], row["id"]) for row in numbers.page(0, 1000, sort=["-group"]).rows]
    assert whole == sorted(whole, key=lambda pair: (-ord(pair[0][1]), pair[1]))
    monkeypatch.setattr(reader_module, "DEEP_OFFSET", 0)
    deep = [
        (row["group"], row["id"]) for o in range(0, 1000, 250) for row in numbers.page(o, 250, sort=["-group"]).rows
    ]
    assert deep == whole


def test_filters_count_what_fits(numbers: Table) -> None:
    page = numbers.page(0, 2, filters=["group:eq:g1", "id:ge:10"])
    assert [row["id"] for row in page.rows] == [10, 13]
    assert page.total == len([n for n in range(10, ROWS) if n % 3 == 1])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["integer:lt:0"], [-2]),
        (["integer:empty"], [None]),
        (["integer:notempty"], [1, -2]),
        (["text:empty"], [-2, None]),
        (["decimal:eq:1234.5"], [1]),
        (["boolean:eq:TRUE"], [1]),
        (["date:gt:2000-01-01"], [1]),
        (["timestamp_tz:eq:2024-01-02T05:04:05+02:00"], [1]),
        (["time:ge:12:00:00"], [-2]),
        (["text:starts:001"], [1]),
        (["json:contains:234"], [1]),
        (["big_integer:lt:0"], [-2]),
    ],
)
def test_filters_know_their_types(mixed: Table, filters: list[str], expected: list[Any]) -> None:
    assert mixed.values("integer", filters=filters) == expected


@pytest.mark.parametrize(
    "text", ["integer:lt:many", "integer:between:1", "boolean:eq:maybe", "date:eq:03/04/2024", "integer"]
)
def test_a_filter_that_makes_no_sense_is_refused(mixed: Table, text: str) -> None:
    with pytest.raises((BadFilter, UnknownColumn)):
        mixed.page(filters=[text])


@pytest.mark.parametrize("question", [{"sort": ["nope"]}, {"names": ["nope"]}, {"filters": ["nope:eq:1"]}])
def test_an_unknown_column_is_refused(mixed: Table, question: dict[str, Any]) -> None:
    with pytest.raises(UnknownColumn):
        mixed.page(**question)


def test_values_cannot_become_sql(numbers: Table) -> None:
    assert numbers.page(filters=["group:eq:' or 1=1 --"]).total == 0
    assert numbers.page(search="%' or '1'='1").total == 0


def test_search_ignores_case_and_looks_everywhere(mixed: Table) -> None:
    assert mixed.values("integer", search="00123") == [1]
    assert mixed.values("integer", search="TRUE") == [1]


def test_chosen_columns_come_in_the_order_asked(mixed: Table) -> None:
    assert list(mixed.page(names=["text", "integer"]).rows[0]) == ["text", "integer"]


def test_names_with_colons_dashes_and_capitals(tmp_path: Path) -> None:
    columns = [column("a", ColumnType.TEXT, 0), column("A", ColumnType.TEXT, 1), column("a:eq", ColumnType.TEXT, 2)]
    columns.append(column("-a", ColumnType.TEXT, 3))
    table = Table(tmp_path, columns, write_rows(tmp_path / "x.parquet", columns, [["1"], ["2"], ["3"], ["4"]]))
    assert table.page(sort=["-a"], filters=["a:eq:eq:3", "A:eq:2"]).rows == [
        {"a": "1", "A": "2", "a:eq": "3", "-a": "4"}
    ]


def test_written_is_what_stood_in_the_file(tmp_path: Path) -> None:
    columns = [column("n", ColumnType.INTEGER, 0, written=True), column("t", ColumnType.TEXT, 1)]
    path = write_rows(
        tmp_path / "x.parquet", columns, [[1, None, None], ["a", None, ""]], written={0: [None, "NA", None]}
    )
    table = Table(tmp_path, columns, path)
    assert table.page(written=True).rows == [{"n": "1", "t": "a"}, {"n": "NA", "t": ""}, {"n": "", "t": ""}]
    assert table.page().rows[1:] == [{"n": None, "t": None}, {"n": None, "t": ""}]
    assert table.page(search="na", written=True).rows == [{"n": "NA", "t": ""}]


def test_duckdb_reads_nothing_outside_its_folders(numbers: Table, tmp_path: Path) -> None:
    numbers.page(sort=["id"])
    cursor = numbers.reader._cursor()
    for statement in ("select * from read_csv('/etc/passwd')", "set enable_external_access = true", "install httpfs"):
        with pytest.raises(Exception, match=r"(?i)permission|lock|disabled|not allowed|cannot"):
            cursor.execute(statement).fetchall()
    assert tmp_path.exists()
