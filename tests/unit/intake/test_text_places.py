"""The place of a rejected row is one in the file as it was sent, whatever it is encoded in."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from headway.intake import pipeline
from headway.intake.parsing import ParseOptions, ParseRequest
from headway.intake.text_places import UNKNOWN, Copied
from tests.unit.intake.reading import Read, read_text

LATIN, JAPANESE, CHINESE = "Zürich, schön", "東京都, 新宿区", "北京市, 中国"
FILES = {
    "utf-8 with a mark": (codecs.BOM_UTF8, "utf-8", LATIN),
    "utf-16 with a mark": (codecs.BOM_UTF16_LE, "utf-16-le", "🐎 " + LATIN),
    "utf-16, big end first": (codecs.BOM_UTF16_BE, "utf-16-be", LATIN),
    "utf-16 without a mark": (b"", "utf-16-le", LATIN),
    "utf-32": (codecs.BOM_UTF32_LE, "utf-32-le", LATIN),
    "windows": (b"", "cp1252", LATIN),
    "shift-jis": (b"", "shift_jis", JAPANESE),
    "gb18030": (b"", "gb18030", CHINESE),
    "iso-2022": (b"", "iso2022_jp", JAPANESE),
}


def rejects(read: Read) -> list[dict[str, Any]]:
    assert read.part.rejects_path is not None
    return pq.read_table(read.part.rejects_path).to_pylist()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_byte_of_a_rejected_row_leads_to_it(name: str, end: str) -> None:
    mark, encoding, place = FILES[name]
    good = f'1,"{place}{end}{place}",x{end}' * 60
    bad = [f"2,{place},y,too,many" for _ in range(3)]
    text = f"id,place,note{end}{good}{bad[0]}{end}{good}{bad[1]}{end}{bad[2]}{end}"
    data = mark + text.encode(encoding)
    found = rejects(read_text(data, encoding=None if mark else encoding))
    assert len(found) == 3
    for row in found:
        assert data[row["byte"] :].startswith(f"2,{place}".encode(encoding))
    assert len({row["byte"] for row in found}) == 3


def test_places_are_right_beyond_the_first_block() -> None:
    good = "1,Zürich,x\n" * 200_000
    data = f"a,b,c\n{good}2,é,y,z\n{good}3,ü,y,z\n".encode("cp1252")
    found = rejects(read_text(data, encoding="cp1252"))
    assert [row["byte"] for row in found] == [data.index(b"2,\xe9"), data.index(b"3,\xfc")]


def test_places_in_a_text_of_two_encodings_are_right() -> None:
    lines = ["1,Zürich\n".encode(), "2,Zürich\n".encode("cp1252")] * 50
    data = b"id,place\n" + b"".join(lines) + "3,ü,z\n".encode()
    (row,) = rejects(read_text(data))
    assert row["byte"] == len(data) - len("3,ü,z\n".encode())


def test_no_place_is_told_where_none_is_known(tmp_path: Path) -> None:
    text = "a,b\n" + "1,x\n" * 50 + "2,x,y\n"
    # Line ends of other bytes than in ASCII lead nowhere.
    (row,) = rejects(read_text(text.encode("cp037"), encoding="cp037", delimiter=","))
    assert (row["byte"], row["line"]) == (None, 52)
    source, folder = tmp_path / "packed", tmp_path / "out"
    source.write_bytes(gzip.compress(text.encode()))
    folder.mkdir()
    request = ParseRequest(source, "a.csv.gz", folder, ParseOptions(), 10**9, 512 * 2**20)
    (part,) = pipeline.parse(request, lambda _progress: None).parts
    assert part.rejects_path is not None
    (packed,) = pq.read_table(part.rejects_path).to_pylist()
    assert (packed["byte"], packed["line"]) == (None, 52)


def test_files_whose_lines_differ_in_number_are_not_compared(tmp_path: Path) -> None:
    sent, copy = tmp_path / "sent", tmp_path / "copy"
    sent.write_bytes(b"a\nb\nc")
    copy.write_bytes(b"a\nbc\n\n")
    assert Copied(sent, copy, np.dtype("u1"), 0).locate()(np.array([2])).tolist() == [UNKNOWN]
    copy.write_bytes(b"\xc3\xa4\nb\nc")
    # The middle of a line is the beginning of none.
    assert Copied(sent, copy, np.dtype("u1"), 0).locate()(np.array([0, 3, 4])).tolist() == [0, 2, UNKNOWN]


def test_a_row_that_is_cut_says_so_and_is_cut_between_characters() -> None:
    whole, longer = "x," * 7_998 + "é,z", "x," * 7_999 + "xé" + ",z" * 9
    assert len(whole.encode()) == 16_000
    read = read_text("a,b\n" + "1,x\n" * 50 + f"{whole}\n{longer}\n")
    assert [(row["raw"], row["cut"]) for row in rejects(read)] == [(whole, False), ("x," * 7_999 + "x", True)]
