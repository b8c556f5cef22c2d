"""The independent count agrees with a plain reader on any text, however its blocks are cut."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import NamedTemporaryFile
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from headway.intake import records
from headway.intake.records import RecordCount, count_records, longest_line

CELL = st.text(st.sampled_from(list('ab",\n\r ')), max_size=5)


def counted(data: bytes, block: int = 4) -> RecordCount:
    with NamedTemporaryFile() as file, mock.patch.object(records, "BLOCK", block):
        Path(file.name).write_bytes(data)
        return count_records(Path(file.name), ",", too_long=10**9, columns=2)


@given(
    rows=st.lists(st.lists(CELL, min_size=2, max_size=3), max_size=6),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
    block=st.integers(1, 9),
)
def test_as_many_records_as_were_written(rows: list[list[str]], end: str, last: bool, block: int) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    text = out.getvalue() if last else out.getvalue().removesuffix(end)
    found = counted(text.encode(), block)
    assert found.records == len(rows)
    assert (found.blank, found.clean_quotes, found.open_at_end) == (0, True, False)
    assert found.even_line_ends


@given(
    lines=st.lists(st.text("ab", max_size=4), max_size=8),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.integers(1, 9),
)
def test_lines_blank_ones_and_the_longest(lines: list[str], end: str, block: int) -> None:
    data = "".join(line + end for line in lines).encode()
    found = counted(data, block)
    assert (found.records, found.blank) == (len(lines), lines.count(""))
    assert found.longest == max(map(len, lines), default=0)
    with NamedTemporaryFile() as file, mock.patch.object(records, "BLOCK", block):
        Path(file.name).write_bytes(data)
        assert longest_line(Path(file.name), 10**9)[0] == max(map(len, lines), default=0)


def test_what_is_uneven_is_said() -> None:
    assert not counted(b"a\r\nb\nc\r\n").even_line_ends
    assert counted(b'a,"b\nc\n').open_at_end
    assert not counted(b'5" disk,"x" y\n').clean_quotes
    assert not counted(b'"ab"c\n', block=4).clean_quotes
