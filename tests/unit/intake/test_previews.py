"""Previews: a sample of any size tells what the whole file would be read as, and keeps nothing."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.datasets.cache import RowsCache
from headway.datasets.errors import DatasetNotFound
from headway.datasets.service import DatasetService
from headway.errors import AppError
from headway.intake.preview_errors import PreviewNeedsWhole
from headway.intake.previews import HEAD_BYTES, Previews
from headway.intake.schemas import (
    PreviewRequest,
    PreviewResponse,
    ReadingOptions,
    SentRanges,
    read_options,
    read_ranges,
)
from headway.intake.text_errors import MarksAlike
from headway.intake.upload_errors import ImportOptionsInvalid, UploadInterrupted, UploadMalformed
from headway.jobs.errors import JobNotFound
from headway.kit.db import Database
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.datasets_world import OWNER, STRANGER
from tests.support.filled import Headway


@pytest.fixture
async def previews(database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Previews]:
    datasets = DatasetService(database, store, clock, RowsCache(tmp_path / "cache", store, 10**9))
    made = Previews(database, store, datasets, tmp_path / "previews", isolation="process")
    yield made
    await made.close()
    assert list((tmp_path / "previews").glob("preview-*")) == []


async def sent(previews: Previews, name: str, data: bytes, **options: Any) -> PreviewResponse:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 64 * 1024):
            yield data[start : start + 64 * 1024]
            if start > HEAD_BYTES + 10**6:
                raise UploadInterrupted("more was read than is needed")

    return await previews.of_sent(name, chunks(), ReadingOptions(**options))


def a_table(rows: int) -> bytes:
    return b"id,name\n" + b"".join(b'%d,"Ann %d,\nsecond line"\n' % (n, n) for n in range(rows))


def workbook() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["code", "n"])
    book.active.append(["007", 5])
    book.save(out)
    return out.getvalue()


def parquet(rows: int) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(rows)), "s": ["x"] * rows}), out)
    return out.getvalue()


async def test_every_format_is_looked_at_by_its_beginning(previews: Previews) -> None:
    rows = [{"id": n, "nested": {"text": 'a ] } \\" {' + "x" * 50}} for n in range(30_000)]
    for name, data, is_sample in (
        ("small.csv", b"id,name\n1,Ann\n2,Bob\n", False),
        ("big.csv", a_table(200_000), True),
        ("wide.csv", "id,näme\n".encode("utf-16") + "1,ü\n2,y\n".encode("utf-16-le") * 400_000, True),
        ("big.csv.gz", gzip.compress(a_table(200_000)), True),
        ("big.json", json.dumps(rows).encode(), True),
        ("inside.json", json.dumps({"meta": [1], "items": rows}).encode(), True),
        ("big.ndjson", b"\n".join(json.dumps(row).encode() for row in rows), True),
        ("table.xlsx", workbook(), False),
        ("table.parquet", parquet(5_000), True),
    ):
        seen = await sent(previews, name, data)
        assert seen.is_sample == is_sample, name
        assert ("whole file decides" in seen.message) == is_sample
        assert seen.rejected_rows == 0, name
        assert str(seen.columns[0].type) == ("text" if name == "table.xlsx" else "integer"), name
        assert len(seen.rows) == len(seen.written) == min(100, seen.rows_read)
        assert seen.rows_read > 1_000 or not is_sample or name == "table.parquet"


async def test_options_are_tried_out_and_what_is_wrong_is_a_problem(previews: Previews) -> None:
    seen = await sent(previews, "t.csv", b"a;b\n1;NA\n2;5\nbad;6;7\n", types={"a": "text"})
    assert (seen.rows[0], seen.written[0]) == ({"a": "1", "b": None}, {"a": "1", "b": "NA"})
    assert [(row.row, row.raw) for row in seen.rejected] == [(4, "bad;6;7")]
    assert next(each.instead for each in seen.decisions if each.subject == "header") == {"header": False}
    for name, data, code in (("e.csv", b"", "format.empty"), ("p.pdf", b"%PDF-1.7 x", "format.pdf")):
        with pytest.raises(AppError) as wrong:
            await sent(previews, name, data)
        assert wrong.value.code == code
    with pytest.raises(PreviewNeedsWhole):
        await sent(previews, "cut.parquet", parquet(600_000))
    with pytest.raises(MarksAlike):
        await sent(previews, "t.csv", b"a|b\n1|2\n", delimiter="|", quote="|")


async def test_stored_files_are_looked_at_in_blocks_and_by_their_owner_only(
    previews: Previews, database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path
) -> None:
    product = Headway(database, store, clock, tmp_path / "product")
    data = b"id,v\n" + b"".join(b"%d,%s\n" % (n, b"x" if n == 250_000 else b"5") for n in range(500_000))

    async def content() -> AsyncIterator[bytes]:
        yield data

    product.intake._limits = type(product.intake._limits)(10**9, 10**9, 0)
    job = await product.intake.upload_file(OWNER, "stored.csv", content())
    seen = await previews.of_stored(OWNER, PreviewRequest(job_id=job.id, options=ReadingOptions(types={"id": "text"})))
    assert (seen.bytes, seen.is_sample, str(seen.columns[0].type)) == (len(data), True, "text")
    # Some lines of the middle are in the sample, which is far beyond the first block.
    assert seen.rows_read > 130_000
    for who, body, error in (
        (STRANGER, PreviewRequest(job_id=job.id), JobNotFound),
        (OWNER, PreviewRequest(job_id=uuid4()), JobNotFound),
        (OWNER, PreviewRequest(dataset_id=uuid4()), DatasetNotFound),
    ):
        with pytest.raises(error):
            await previews.of_stored(who, body)


async def test_of_an_archive_the_chosen_member_is_looked_at(previews: Previews) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large.csv", a_table(40_000))
        archive.writestr("small.csv.gz", gzip.compress(b"x,y\n1,2\n"))
    seen = await sent(previews, "t.zip", out.getvalue())
    assert (seen.format, seen.is_sample, [column.name for column in seen.columns]) == (
        "delimited",
        True,
        ["id", "name"],
    )
    chosen = next(decision for decision in seen.decisions if decision.subject == "member")
    assert (chosen.value, chosen.runner_up) == ("large.csv", ["small.csv.gz (delimited)"])
    seen = await sent(previews, "t.zip", out.getvalue(), member="small.csv.gz")
    assert (seen.is_sample, seen.rows) == (False, [{"x": 1, "y": 2}])


# ------------------------------------------------------------------------------------------------------ tables


def three_sheets() -> bytes:
    """A workbook of more than a preview takes as it is: a small sheet, a hidden one, and one of random numbers."""
    rng, book, out = random.Random(7), openpyxl.Workbook(write_only=True), io.BytesIO()
    for name, rows in (("prices", 3), ("notes", 2), ("orders", 12_000)):
        sheet = book.create_sheet(name)
        sheet.append(["id", "word", "value"])
        for number in range(rows):
            sheet.append([number, f"{name} {number}", rng.random()])
    book["notes"].sheet_state = "hidden"
    book.save(out)
    return out.getvalue()


def ranges_of(data: bytes, most: int) -> SentRanges:
    """The end of an archive, all of its small files, and the beginning of those that have more bytes than `most`."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        ends = sorted(
            [each.header_offset, each.header_offset + min(100 + each.compress_size, most)]
            for each in archive.infolist()
        )
    ends.append([archive.start_dir, len(data)])
    ranges = [ends[0]]
    for start, end in ends[1:]:
        if start <= ranges[-1][1]:
            ranges[-1][1] = max(ranges[-1][1], end)
        else:
            ranges.append([start, end])
    return SentRanges(ranges, len(data))


async def in_ranges(previews: Previews, name: str, data: bytes, sent: SentRanges, **options: Any) -> PreviewResponse:
    async def chunks() -> AsyncIterator[bytes]:
        body = b"".join(data[start:end] for start, end in sent.ranges)
        for start in range(0, len(body), 50_000):
            yield body[start : start + 50_000]

    return await previews.of_ranges(name, chunks(), ReadingOptions(**options), sent)


async def test_of_a_large_workbook_its_end_and_the_beginning_of_each_sheet_are_enough(previews: Previews) -> None:
    data = three_sheets()
    sent_ranges = ranges_of(data, 60_000)
    assert sent_ranges.bytes < len(data) / 2
    assert len(sent_ranges.ranges) > 1
    seen = await in_ranges(previews, "t.xlsx", data, sent_ranges)
    assert (seen.rows_read, seen.is_sample, seen.bytes) == (3, False, len(data))
    assert [(each.name, each.note, each.is_shown) for each in seen.tables] == [
        ("prices", None, True),
        ("notes", "hidden", False),
        ("orders", None, False),
    ]
    seen = await in_ranges(previews, "t.xlsx", data, sent_ranges, sheet="orders")
    whole = await in_ranges(previews, "t.xlsx", data, SentRanges([[0, len(data)]], len(data)), sheet="orders")
    assert (seen.is_sample, whole.is_sample, whole.rows_read) == (True, True, 4_999)
    assert 100 < seen.rows_read < whole.rows_read, "it ends where what was sent ends"
    assert seen.rows == whole.rows


async def test_of_a_large_archive_every_table_is_listed_and_looked_at(previews: Previews) -> None:
    out, rng = io.BytesIO(), random.Random(3)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("march.csv", "april.csv"):
            lines = (f"{number},{rng.random()}" for number in range(60_000))
            archive.writestr(name, "id,value\n" + "\n".join(lines))
        archive.writestr("read me.png", b"\x89PNG\r\n\x1a\n" + rng.randbytes(2_000))
    data = out.getvalue()
    sent_ranges = ranges_of(data, 80_000)
    assert sent_ranges.bytes < len(data) / 3
    seen = await in_ranges(previews, "t.zip", data, sent_ranges, member="april.csv")
    assert [(each.name, each.is_table, each.is_shown) for each in seen.tables] == [
        ("march.csv", True, False),
        ("april.csv", True, True),
        ("read me.png", False, False),
    ]
    assert (seen.is_sample, [column.name for column in seen.columns]) == (True, ["id", "value"])


async def test_a_hole_is_never_read_as_content(previews: Previews) -> None:
    data = three_sheets()
    with pytest.raises(PreviewNeedsWhole):
        await in_ranges(previews, "t.xlsx", data, ranges_of(data, 200))
    table = a_table(20_000)
    with pytest.raises(PreviewNeedsWhole):
        await in_ranges(previews, "t.csv", table, SentRanges([[0, 1000], [5000, 6000]], len(table)))


async def test_other_bytes_than_were_announced_are_refused(previews: Previews) -> None:
    for length in (9, 11):
        with pytest.raises(UploadMalformed):
            await previews.of_ranges(
                "t.csv", _bytes(b"x" * length), ReadingOptions(), SentRanges([[0, 4], [6, 12]], 20)
            )
    with pytest.raises(PreviewNeedsWhole, match="67,108,864 are looked at"):
        await previews.of_ranges("t.csv", _bytes(b"x"), ReadingOptions(), SentRanges([[0, 10**9]], 10**9))
    assert read_ranges("0-3,6-11", 20) == SentRanges([[0, 4], [6, 12]], 20)
    for text, size in (("0-3,4-11", 20), ("5-3", 20), ("0-20", 20), ("0-3", None)):
        with pytest.raises(ImportOptionsInvalid):
            read_ranges(text, size)


async def _bytes(data: bytes) -> AsyncIterator[bytes]:
    yield data


@pytest.mark.parametrize(
    ("options", "pointer", "said"),
    [
        ({"quote": "\u201c"}, "/options/quote", "of ASCII"),
        ({"escape": "\n"}, "/options/escape", "a line break ends a row"),
        ({"delimiter": "\n"}, "/options/delimiter", "a line break ends a row"),
    ],
)
def test_marks_that_no_table_can_be_read_with_are_refused_by_their_names(
    options: dict[str, str], pointer: str, said: str
) -> None:
    with pytest.raises(ImportOptionsInvalid, match=said) as wrong:
        read_options(json.dumps(options))
    assert [fault["pointer"] for fault in wrong.value.data["errors"]] == [pointer]
