"""Rejected rows: in pages, by reason, and as files in which people can correct them."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.datasets.correction import CorrectionLayout
from headway.datasets.rejected import Rejected, Written, take_apart
from headway.intake.rejects import Reject
from headway.storage.errors import ObjectMissing
from tests.support.datasets_world import OWNER, Datasets

SHORT, LONG = "has fewer cells than the table has columns", "has more cells than the table has columns"
REJECTS = [
    *(Reject(number, number * 10, SHORT, f"=cmd|{number}") for number in (3, 4, 5, 9)),
    Reject(12, None, LONG, 'Smith, "John, Jr.",00123,x,y'),
]


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def test_a_page_says_where_and_why_and_groups_all(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["x"], REJECTS, "name,code,note")
    page = await datasets.rejections.list_rejected(OWNER, dataset_id, offset=3, limit=5)
    assert page.total == 5
    assert [(row.id, row.row, row.byte, row.reason) for row in page.items] == [
        ("r9", 9, 90, SHORT),
        ("r12", 12, None, LONG),
    ]
    assert page.items[1].cells == ["Smith", ' "John', ' Jr."', "00123", "x", "y"]
    assert [(group.reason, group.count, group.rows) for group in page.groups] == [
        (SHORT, 4, [[3, 5], [9]]),
        (LONG, 1, [[12]]),
    ]
    assert [row.id for row in page.groups[0].samples] == ["r3", "r4", "r5", "r9"]
    assert (await datasets.rejections.list_rejected(OWNER, dataset_id, offset=99, limit=5)).items == []


async def test_many_groups_and_ranges_stay_a_short_answer(datasets: Datasets) -> None:
    rejects = [Reject(2 * number, None, SHORT, "x") for number in range(1, 2_500)]
    dataset_id = await datasets.publish(["x"], rejects)
    page = await datasets.rejections.list_rejected(OWNER, dataset_id, offset=2_400, limit=1)
    (group,) = page.groups
    assert (group.count, len(group.rows), group.more_ranges) == (2_499, 100, 2_399)
    assert [row.id for row in page.items] == ["r4802"]


async def test_the_files_hold_the_same_rows_as_text(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["x"], REJECTS, "name,code,_errors")
    text = (await whole(await datasets.rejections.open_csv(OWNER, dataset_id))).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    # A name that the table has itself is not taken a second time.
    assert rows[0] == ["_row", "__errors", "name", "code", "_errors", "_more"]
    assert rows[1] == ["r3", f"Row 3 {SHORT}.", "=cmd|3", "", "", ""]
    assert rows[5] == ["r12", f"Row 12 {LONG}.", "Smith", ' "John', ' Jr."', "00123,x,y"]
    book = openpyxl.load_workbook(io.BytesIO(await whole(await datasets.rejections.open_xlsx(OWNER, dataset_id))))
    cells = list(book.active.iter_rows())
    assert [[cell.value or "" for cell in row] for row in cells] == rows
    assert {cell.data_type for cell in chain(*cells) if cell.value} == {"s"}
    assert list((datasets.folder / "cache" / "scratch").glob("*")) == []


async def test_a_row_that_was_cut_says_so(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(
        ["x"], [Reject(2, None, SHORT, "y" * 15_000), Reject(3, None, SHORT, "y", cut=True)]
    )
    page = await datasets.rejections.list_rejected(OWNER, dataset_id, offset=0, limit=5)
    assert [row.cut for row in page.items] == [False, True]
    text = (await whole(await datasets.rejections.open_csv(OWNER, dataset_id))).decode()
    assert [line for line in text.splitlines() if "Only its first 16,000 bytes are here." in line] == [
        f'r3,"Row 3 {SHORT}. Only its first 16,000 bytes are here.",y,'
    ]


def test_rejected_rows_of_an_older_headway_say_it_by_their_length(tmp_path: Path) -> None:
    path = tmp_path / "rejects"
    rows = [{"record": 2, "byte": None, "reason": SHORT, "raw": "é" * length} for length in (7_999, 8_000)]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert [row.cut for row in Rejected(path, [Written(",", ["a"])]).rows()] == [False, True]


async def test_nothing_rejected_is_an_empty_page_and_files_of_headers(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["x"])
    assert (await datasets.rejections.list_rejected(OWNER, dataset_id, offset=0, limit=9)).total == 0
    assert b"_row,_errors,a,_more" in await whole(await datasets.rejections.open_csv(OWNER, dataset_id))
    book = openpyxl.load_workbook(io.BytesIO(await whole(await datasets.rejections.open_xlsx(OWNER, dataset_id))))
    assert [cell.value for cell in book.active[1]] == ["_row", "_errors", "a", "_more"]


async def test_lost_rejected_rows_are_told_before_an_answer_begins(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["x"], REJECTS)
    for key in [key for key in await datasets.objects() if key.endswith(".rejects")]:
        await datasets.store.delete(key)
    for open_file in (datasets.rejections.open_csv, datasets.rejections.open_xlsx):
        with pytest.raises(ObjectMissing):
            await open_file(OWNER, dataset_id)


def test_broken_rows_are_taken_apart_as_well_as_that_can_be() -> None:
    assert take_apart('a,"b, c",', ",") == ["a", "b, c", None]
    assert take_apart('"never closed, x', ",") == ["never closed, x"]
    assert take_apart('"a" b,c', ",") == ["a b", "c"]
    assert take_apart("a,b", None) == ["a,b"]
    assert take_apart("", ",") == []
    layout = CorrectionLayout.of(["_row", "__row", "a"])
    assert layout.header == ["___row", "_errors", "_row", "__row", "a", "_more"]
