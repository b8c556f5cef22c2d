"""Previews: a sample of any size tells what the whole file would be read as, and keeps nothing."""

from __future__ import annotations

import gzip
import io
import json
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
from headway.intake.errors import PreviewNeedsWhole
from headway.intake.previews import HEAD_BYTES, Previews
from headway.intake.schemas import PreviewRequest, PreviewResponse, ReadingOptions
from headway.intake.upload_errors import UploadInterrupted
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
