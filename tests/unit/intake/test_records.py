"""The independent count of records: as many as were written, wherever the blocks are cut."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import NamedTemporaryFile
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.intake import records
from headway.intake.records import count_records, longest_line
from headway.intake.text_reader import Table
from headway.intake.text_rules import Rules


def counted(data: bytes, block: int = records.BLOCK, rules: Rules | None = None) -> int | None:
    with NamedTemporaryFile() as file, mock.patch.object(records, "BLOCK", block):
        Path(file.name).write_bytes(data)
        return count_records(Table(Path(file.name), rules or Rules(), 2))


@given(
    rows=st.lists(st.lists(st.text('ab,"\n\r', max_size=6), min_size=2, max_size=3), max_size=6),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
    block=st.integers(1, 9),
)
def test_as_many_records_as_were_written(rows: list[list[str]], end: str, last: bool, block: int) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    text = out.getvalue() if last else out.getvalue().removesuffix(end)
    assert counted(text.encode(), block) == len(rows)


@given(
    lines=st.lists(st.text("ab", max_size=4), max_size=8),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.integers(1, 9),
)
def test_blank_lines_count_and_no_line_longer_than_allowed_passes(lines: list[str], end: str, block: int) -> None:
    data = "".join(line + end for line in lines).encode()
    assert counted(data, block) == len(lines)
    longest = max(map(len, lines), default=0)
    with NamedTemporaryFile() as file, mock.patch.object(records, "BLOCK", block):
        Path(file.name).write_bytes(data)
        assert longest_line(Path(file.name), longest + block)[0] <= longest + block


def test_a_line_over_many_blocks_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BLOCK", 8)
    (tmp_path / "text").write_bytes(b"a\n" * 20 + b"x" * 100)
    length, number = longest_line(tmp_path / "text", 50)
    assert (length > 50, number) == (True, 21)


@pytest.mark.parametrize("text", [b"a,b\nc", b"a\rb\r", b"a\r\nb\r\n", b'"a\nb"\nc\n', b"a\r\nb\nc\r"])
def test_what_is_plain_is_counted(text: bytes) -> None:
    assert counted(text) == {b"a\r\nb\nc\r": 3}.get(text, 2)


@pytest.mark.parametrize("text", [b'a,"b\nc\n', b'5" disk,"x" y\n', b'"ab"c\n'])
def test_where_parity_cannot_tell_nothing_is_said(text: bytes) -> None:
    assert counted(text, 4) is None
    assert counted(text, 4, Rules(quote=None)) == text.count(b"\n")
