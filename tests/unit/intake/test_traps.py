"""Files that broke other readers, or made them lose rows without a word: here nothing is lost, and memory has a bound.

What takes much memory elsewhere is read in the sandbox, whose limit is the assertion.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow.parquet as pq
import pytest

from headway.intake import pipeline
from headway.intake.formats import delimited
from headway.intake.parsing import ParsedPart
from headway.intake.rejects import TAIL, UNCLOSED
from headway.intake.sandbox import Sandbox
from headway.intake.text_errors import RecordsDoNotAddUp, TooManyColumns
from headway.intake.text_reader import Chunk, Tally
from tests.unit.intake.parse_helpers import make_request, parse_file
from tests.unit.intake.reading import read_text

MIB = 1024 * 1024
MILLION = 1_000_000


async def in_sandbox(folder: Path, data: bytes, memory_bytes: int, **options: Any) -> ParsedPart:
    """Parse in a child process that is ended when it holds more than that."""
    rooms = folder / "rooms"
    rooms.mkdir()
    sandbox = Sandbox(memory_bytes=memory_bytes, wall_seconds=110, rooms=rooms, ahead=False)
    await sandbox.start()
    request = make_request(folder, data, "table.csv", memory_bytes=memory_bytes, **options)
    try:
        (part,) = (await sandbox.parse(request, lambda _progress: None, asyncio.Event())).parts
    finally:
        await sandbox.close()
    return part


# ---------------------------------------------------------------------------------------------------- bounded memory


async def test_two_million_rejected_rows_between_good_ones_take_bounded_memory(tmp_path: Path) -> None:
    data = b"a,b\n" + b"1,2\n" * 300_000 + b"3,4,5\n" * (2 * MILLION) + b"1,2\n" * 300_000
    part = await in_sandbox(tmp_path, data, 384 * MIB, bad_rows_limit=90)
    assert (part.rows, part.rejected_rows) == (600_000, 2 * MILLION)
    assert part.rejects_path is not None
    assert pq.read_metadata(part.rejects_path).num_rows == 2 * MILLION


async def test_one_field_of_50_mb_is_a_cell(tmp_path: Path) -> None:
    part = await in_sandbox(tmp_path, b"a,b\n1,x\n2," + b"y" * (50 * MIB) + b"\n3,z\n", 512 * MIB)
    (column,) = pq.read_table(part.path, columns=["c1"]).columns
    assert [len(text.as_py()) for text in column] == [1, 50 * MIB, 1]


@pytest.mark.parametrize("columns", [100_000, 1_000_000])
def test_very_many_columns_are_refused_and_not_taken_for_one(columns: int) -> None:
    with pytest.raises(TooManyColumns):
        read_text(b",".join([b"1"] * columns) + b"\n" + (b"2," * (columns - 1) + b"3\n") * 5)


def test_a_first_line_longer_than_a_sample_does_not_hide_the_delimiter() -> None:
    names, cells = ",".join(f"{'n' * 60}{number}" for number in range(4_000)), ",".join(["1"] * 4_000)
    read = read_text(f"{names}\n{cells}\n{cells}\n")
    assert (len(read.part.columns), read.part.rows, read.part.rejected_rows) == (4_000, 2, 0)


# ------------------------------------------------------------------------------------------------------------- types


def test_a_type_that_changes_after_a_million_rows_changes_for_all_of_them() -> None:
    read = read_text(b"n,d,m\n" + b"1,2024-01-02,3\n" * MILLION + b"x,13.01.2024,4\n")
    assert read.types == {"n": "text", "d": "text", "m": "integer"}
    table = pq.read_table(read.part.path)
    assert (table.num_rows, table["c0"][0].as_py(), table["c0"][-1].as_py()) == (MILLION + 1, "1", "x")
    assert (table["c1"][0].as_py(), table["c1"][-1].as_py()) == ("2024-01-02", "13.01.2024")


@pytest.mark.parametrize("value", [2**63 - 1, 2**63, 2**64, 2**64 + 1, 10**37, -(2**63), -(2**64)])
def test_whole_numbers_of_any_size_keep_their_digits(value: int, tmp_path: Path) -> None:
    read = read_text(f"n,name\n{value},a\n7,b\n")
    assert (read.types["n"], read.cells("n"), read.cells("n", written=True)[0]) == (
        "big_integer", [str(value), "7"], str(value),
    )  # fmt: skip
    format_, parsed = parse_file(pipeline.parse, tmp_path, f'[{{"n":{value}}},{{"n":7}}]'.encode(), "a.json")
    assert (format_, parsed.types["n"]) == ("json", "big_integer")
    assert [int(number) for number in parsed.values("n")] == [value, 7]


@pytest.mark.parametrize("text", ["1" * 39, "1." + "2" * 39, "9" * 30 + "." + "9" * 30, "0." + "0" * 40 + "1"])
def test_numbers_of_more_than_38_digits_stay_as_they_are_written(text: str) -> None:
    read = read_text(f"n,name\n{text},a\n1.5,b\n")
    assert (read.types["n"], read.cells("n")) == ("text", [text, "1.5"])


# ----------------------------------------------------------------------------------------------- lines, quotes, bytes


def test_line_ends_of_every_kind_end_rows() -> None:
    read = read_text(b"a,b\r\n1,x\n2,y\r3,z\r\n" + b"4,v\r5,w\n" * 1000)
    assert (read.part.rows, read.part.rejected_rows) == (2003, 0)
    assert read.cells("a")[:4] == [1, 2, 3, 4]
    assert set(read.cells("b")) == {"x", "y", "z", "v", "w"}


@pytest.mark.parametrize(
    ("bad", "code"), [('2,"open\n', UNCLOSED), ('2,"x" tail\n', TAIL), ('"2" ,"y"\n', TAIL)]
)  # fmt: skip
def test_a_quote_that_breaks_the_rules_costs_its_own_row(bad: str, code: str) -> None:
    good = '1,"x, y"\n3,"say ""hi"""\n'
    read = read_text(f"a,b\n{good * 400}{bad}{good * 400}")
    assert (read.part.rows, read.part.rejected_rows) == (1600, 1)
    assert read.part.rejects_path is not None
    (reject,) = pq.read_table(read.part.rejects_path).to_pylist()
    assert (reject["code"], reject["raw"], reject["row"]) == (code, bad.rstrip("\n"), 801)


def test_rows_that_break_the_rules_of_quoting_are_as_many_rows() -> None:
    data = "a,b\n" + '1,"x, y"\n' * 100_000 + '2,"x" y\n' * 100_000
    read = read_text(data, bad_rows_limit=90)
    assert (read.part.rows, read.part.rejected_rows) == (100_000, 100_000)
    (issues,) = read.decided("issues")
    assert issues["groups"][0]["rows"] == [[100_001, 200_000]]


def test_nul_bytes_are_characters() -> None:
    read = read_text(b"a,b\n1,x\x00y\n\x00,\x00\x00\n3,\x00z\n")
    assert read.cells("b", written=True) == ["x\x00y", "\x00\x00", "\x00z"]
    assert read.cells("a", written=True) == ["1", "\x00", "3"]


# ------------------------------------------------------------------------------------------------- the records add up


def _lose_a_row(tally: Tally) -> None:
    tally.rows -= 1


def _count_a_row_twice(tally: Tally) -> None:
    tally.rows += 1


@pytest.mark.parametrize("break_it", [_lose_a_row, _count_a_row_twice])
def test_a_reader_that_loses_rows_fails_the_import(break_it: Callable[[Tally], None]) -> None:
    chunks = delimited.TextReader.chunks

    def broken(reader: delimited.TextReader) -> Iterator[Chunk]:
        yield from chunks(reader)
        break_it(reader.tally)

    with mock.patch.object(delimited.TextReader, "chunks", broken), pytest.raises(RecordsDoNotAddUp):
        read_text("a,b\n1,2\n3,4\n")


def test_another_number_of_records_than_the_independent_count_fails_the_import() -> None:
    with mock.patch.object(delimited, "count_records", return_value=3), pytest.raises(RecordsDoNotAddUp):
        read_text("a,b\n1,2\n3,4\n")
