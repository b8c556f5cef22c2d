"""Whatever dialect, encoding and mix of types a table has: every cell reads back as it was written, every row is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.intake.reading import read_text

ENCODINGS = {
    "utf-8": "é—東🐎",
    "utf-8-sig": "é—東",
    "utf-16": "é東🐎",
    "utf-16-be": "é東",
    "utf-32": "é🐎",
    "cp1252": "é—ß",
    "iso8859-5": "Жщё",
    "cp932": "東京ｱ",
    "gb18030": "北京🐎",
    "big5": "東京",
}
"""Each with characters beyond ASCII that it has."""

KINDS: dict[str, st.SearchStrategy[str]] = {
    "whole numbers": st.integers(-(10**20), 10**20).map(str),
    "codes": st.integers(0, 99_999).map("{:05d}".format),
    "decimals": st.decimals(-(10**6), 10**6, places=2).map(str),
    "decimals of all lengths": st.decimals(0, 100, places=3).map(lambda number: str(number).rstrip("0")),
    "decimal commas": st.integers(0, 10**7).map(lambda number: f"{number // 100:,}.{number % 100:02d}".translate(
        str.maketrans(",.", ".,"))),
    "floats": st.floats(allow_nan=False, allow_infinity=False).map(repr),
    "dates": st.dates().map(str),
    "days of Germany": st.dates().map(lambda day: f"{day:%d.%m.}{day.year:04d}"),
    "days that could be swapped": st.dates().map(lambda day: f"{day:%m/%d/}{day.year:04d}"),
    "moments": st.datetimes().map(str),
    "times": st.times().map(str),
    "truth": st.sampled_from(["TRUE", "FALSE", "true"]),
    "yes and no": st.sampled_from(["yes", "no", "Y"]),
    "ids": st.uuids().map(str),
    "padded numbers": st.integers(-99, 99).map("{:>6}".format),
    "padded words": st.sampled_from(["  a", "b ", " NA ", "   ", "true "]),
    "nothing": st.sampled_from(["", "NA", "NULL", "-", "n/a", "None"]),
}  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A table and how it is written."""

    rows: list[list[str]]
    delimiter: str
    quote: str
    end: str
    encoding: str
    is_quoted: Callable[[int, int], bool]

    def text(self, row: list[str], number: int) -> str:
        return self.delimiter.join(self._cell(cell, number, place) for place, cell in enumerate(row)) + self.end

    def _cell(self, cell: str, row: int, place: int) -> str:
        marks = (self.delimiter, self.quote, "\n", "\r")
        if any(mark in cell for mark in marks) or cell != cell.strip() or self.is_quoted(row, place):
            return self.quote + cell.replace(self.quote, 2 * self.quote) + self.quote
        return cell


@st.composite
def tables(draw: st.DrawFn) -> Written:
    encoding = draw(st.sampled_from(sorted(ENCODINGS)))
    delimiter, quote = draw(st.sampled_from(",;\t|")), draw(st.sampled_from("\"'"))
    text = st.text(st.sampled_from("ab 0.'\"\n" + delimiter + ENCODINGS[encoding]), max_size=6)
    count, width = draw(st.integers(1, 12)), draw(st.integers(2, 4))
    columns = []
    for _ in range(width):
        kind = draw(st.sampled_from([*KINDS.values(), text]))
        # Now and then a value of another kind, or none: types have to give way to them.
        mixed = st.one_of(kind, kind, kind, kind, draw(st.sampled_from([kind, st.just(""), KINDS["nothing"], text])))
        columns.append(draw(st.lists(mixed, min_size=count, max_size=count)))
    quoted = draw(st.sets(st.integers(0, width - 1)))
    return Written(
        [list(row) for row in zip(*columns, strict=True)], delimiter, quote, draw(st.sampled_from(["\n", "\r\n"])),
        encoding, lambda row, place: place in quoted or (row + place) % 5 == 4,
    )  # fmt: skip


@given(table=tables())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_cell_reads_back_as_it_was_written(table: Written) -> None:
    names = [f"column {'abcd'[place]}" for place in range(len(table.rows[0]))]
    text = "".join(table.text(row, number) for number, row in enumerate([names, *table.rows]))
    read = read_text(
        text.encode(table.encoding), delimiter=table.delimiter, quote=table.quote, header=True, encoding=table.encoding
    )
    assert [list(row.values()) for row in read.rows(written=True)] == table.rows
    assert read.part.rejected_rows == 0


GOOD = ["1,x", '2,"y, z"', '3,"say ""so"""', '4,"two\nlines"', "5,", ",6", '"",""']
BAD = ["1,2,3", '1,"x" y', '1,2,"3",4']


@given(
    lines=st.lists(st.sampled_from([*GOOD, *BAD, "", "   "]), max_size=40),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    is_ended=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-16", "cp1252"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_good_rows_and_rejected_ones_are_as_many_as_there_are(
    lines: list[str], end: str, is_ended: bool, encoding: str
) -> None:
    # The first rows say how many columns there are.
    lines = [*["7,w"] * 41, *lines]
    text = end.join(["a,b", *(line.replace("\n", end) for line in lines)]) + (end if is_ended else "")
    read = read_text(
        text.encode(encoding),
        encoding=encoding,
        delimiter=",",
        quote='"',
        header=True,
        skip_lines=0,
        bad_rows_limit=100,
    )
    rows, bad = sum(bool(line.strip()) for line in lines), sum(line in BAD for line in lines)
    assert (read.part.rows, read.part.rejected_rows) == (rows - bad, bad)
    repaired = {name: count for value in read.decided("rows") for name, count in value.items()}
    lines_there_are = lines if is_ended or lines[-1] else lines[:-1]
    assert repaired.get("blank_lines", 0) == sum(not line.strip() for line in lines_there_are)
