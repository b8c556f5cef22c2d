"""The whole parse of one file, in this process and in the sandbox."""

from __future__ import annotations

import asyncio
import gzip
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.errors import AppError
from headway.intake import archives
from headway.intake.errors import (
    ArchiveBomb,
    ArchiveTruncated,
    FormatEmpty,
    FormatUnsupported,
    JsonTruncated,
)
from headway.intake.parsing import ParseProgress
from headway.intake.pipeline import PARSERS, parse
from headway.intake.sandbox import Sandbox
from headway.intake.schemas import ImportOptions
from headway.intake.text_errors import TooManyColumns
from tests.unit.intake.packing import PACK, SUFFIXES

from .parse_helpers import MIB, make_request, parse_file


def workbook(width: int = 0) -> bytes:
    wb = openpyxl.Workbook()
    wb.active.append(["id", "price", *(f"c{number}" for number in range(width))])
    wb.active.append([1, 2.5])
    buffer = io.BytesIO()
    wb.save(buffer)
    return buffer.getvalue()


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": [1], "price": [Decimal("2.5")]}), sink)
    return bytes(sink.getvalue().to_pybytes())


def arrow() -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"id": [1], "price": [Decimal("2.5")]})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


FILES = {
    "table.csv": (b"id,price\n1,2.5\n", "delimited"),
    "table.json": (b'[{"id":1,"price":2.5}]', "json"),
    "table.ndjson": (b'{"id":1,"price":2.5}\n', "ndjson"),
    "table.xlsx": (workbook(), "xlsx"),
    "table.parquet": (parquet(), "parquet"),
    "table.arrow": (arrow(), "arrow"),
}


@pytest.mark.parametrize("packed", [None, *PACK])
@pytest.mark.parametrize("name", FILES)
def test_every_format_becomes_the_same_table(tmp_path: Path, name: str, packed: str | None) -> None:
    content, expected = FILES[name]
    if packed is not None:
        content, name = PACK[packed](content), name + SUFFIXES[packed]
    found, table = parse_file(parse, tmp_path, content, name)
    assert found == expected
    assert table.types == {"id": "integer", "price": "decimal"}
    assert (table.values("id"), table.values("price")) == ([1], [Decimal("2.5")])
    assert table.part.rows == 1
    assert table.decision("format").value == expected
    assert [d.value for d in table.part.decisions if d.subject == "compression"] == ([packed] if packed else [])
    fractions = [progress.fraction for progress in table.progress]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)


def test_the_source_is_left_as_it_was(tmp_path: Path) -> None:
    parse_file(parse, tmp_path, gzip.compress(b"a\n1\n"), "a.csv.gz")
    assert gzip.decompress((tmp_path / "source").read_bytes()) == b"a\n1\n"


def test_the_formats_are_those_that_options_may_name() -> None:
    assert all(ImportOptions(format=name).format == name for name in PARSERS)


REFUSED: dict[str, tuple[bytes, type[AppError]]] = {
    "empty.csv": (b"", FormatEmpty),
    "empty.csv.gz": (gzip.compress(b" \n"), FormatEmpty),
    "page.csv": (b"<html><body></body></html>", FormatUnsupported),
    "truncated.csv.gz": (gzip.compress(b"a,b\n1,2\n" * 1000)[:-20], ArchiveTruncated),
    "wide.xlsx": (workbook(5_000), TooManyColumns),
    "stops.json": (b'[{"a":1},', JsonTruncated),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_with_its_reason(tmp_path: Path, name: str) -> None:
    content, expected = REFUSED[name]
    with pytest.raises(expected) as caught:
        parse_file(parse, tmp_path, content, name)
    assert caught.value.user_action
    assert caught.value.detail != caught.value.code


def test_a_gzip_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "RATIO_COUNTS_FROM_BYTES", MIB)
    with pytest.raises(ArchiveBomb):
        parse_file(parse, tmp_path, gzip.compress(b"1,2\n" * (8 * MIB)), "bomb.csv.gz")


async def test_all_formats_parse_inside_the_sandbox(tmp_path: Path) -> None:
    sandbox = Sandbox(memory_bytes=512 * MIB, wall_seconds=60)
    await sandbox.start()
    try:
        for name, (content, expected) in FILES.items():
            (tmp_path / name).mkdir()
            seen: list[ParseProgress] = []
            request = make_request(tmp_path / name, content, name)
            result = await sandbox.parse(request, seen.append, asyncio.Event())
            assert result.format == expected
            assert result.parts[0].rows == 1
            assert seen[-1].fraction > 0
    finally:
        await sandbox.close()


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refusal_crosses_the_border_of_the_sandbox(tmp_path: Path, name: str) -> None:
    content, expected = REFUSED[name]
    sandbox = Sandbox(memory_bytes=512 * MIB, wall_seconds=60, ahead=False)
    await sandbox.start()
    try:
        with pytest.raises(expected):
            await sandbox.parse(make_request(tmp_path, content, name), lambda _progress: None, asyncio.Event())
    finally:
        await sandbox.close()


def test_options_reach_the_parser(tmp_path: Path) -> None:
    options: dict[str, Any] = {"format": "ndjson", "types": {"a": "text"}}
    _, table = parse_file(parse, tmp_path, b'{"a":1}', "table.txt", **options)
    assert table.types == {"a": "text"}
