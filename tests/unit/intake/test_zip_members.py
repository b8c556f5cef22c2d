"""Zip archives: which of their files become datasets, how that is said, and what is refused."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.errors import AppError
from headway.intake import archives, zip_archive
from headway.intake.archive_tables import parse
from headway.intake.errors import (
    ArchiveBomb,
    ArchiveCorrupt,
    ArchiveEncrypted,
    ArchiveMethod,
    ArchiveNested,
    ArchiveNoTable,
    ArchiveTablesDiffer,
    ArchiveTooManyMembers,
    ArchiveTruncated,
    MemberNotFound,
    UnpackedSizeLimit,
)
from headway.intake.parsing import Decision, ParsedPart, ParseResult
from tests.unit.intake.parse_helpers import make_request

A = b"id,name\n1,ada\n2,bob\n"
B = b"id,name\n3,cy\n"


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def run(folder: Path, content: bytes, name: str = "pack.zip", **options: Any) -> ParseResult:
    return parse(make_request(folder, content, name, **options), lambda _progress: None)


def rows(part: ParsedPart) -> list[dict[str, Any]]:
    names = [column.name for column in part.columns]
    table = pq.read_table(part.path, columns=[column.physical for column in part.columns])
    found: list[dict[str, Any]] = pa.table(table.columns, names).to_pylist()
    return found


def said(part: ParsedPart, subject: str) -> Decision:
    return next(decision for decision in part.decisions if decision.subject == subject)


# ------------------------------------------------------------------------------------------------------ choosing


def test_the_only_table_is_the_dataset(tmp_path: Path) -> None:
    result = run(tmp_path, zipped({"docs/": b"", "a.csv": A, "logo.png": b"\x89PNG\r\n\x1a\n", ".hidden.csv": A}))
    (part,) = result.parts
    assert result.format == "delimited"
    assert (part.name, part.rows) == ("a", 2)
    assert said(part, "compression").value == "zip"
    assert "1 folder, 1 hidden file." in said(part, "compression").evidence
    assert said(part, "member").value == "a.csv"
    assert "only table" in said(part, "member").evidence
    assert "logo.png (looks like a PNG picture" in said(part, "member").evidence


def test_the_largest_table_is_the_dataset_and_notes_are_none(tmp_path: Path) -> None:
    content = zipped({"README.txt": b"about it, and more\n" * 99, "small.csv": B, "large.csv": A * 3})
    (part,) = run(tmp_path, content).parts
    assert said(part, "member").value == "large.csv"
    assert said(part, "member").runner_up == ["README.txt (delimited)", "small.csv (delimited)"]
    assert "largest of 3 tables" in said(part, "member").evidence


@pytest.mark.parametrize("wanted", ["in/b.csv", "IN/B.CSV", "b.csv"])
def test_a_member_is_chosen_by_its_name(tmp_path: Path, wanted: str) -> None:
    (part,) = run(tmp_path, zipped({"a.csv": A * 5, "in/b.csv": B}), member=wanted).parts
    assert rows(part) == [{"id": 3, "name": "cy"}]


def test_members_become_a_dataset_each_in_the_order_asked_for(tmp_path: Path) -> None:
    content = zipped({"2020/a.csv": A, "2021/a.csv": B, "c.json": b'[{"x":1}]'})
    parts = run(tmp_path, content, members=["2021/a.csv", "c.json"]).parts
    assert [(part.name, part.rows) for part in parts] == [("2021/a", 1), ("c", 1)]
    assert [said(part, "member").value for part in parts] == ["2021/a.csv", "c.json"]


def test_all_tables_become_a_dataset_each(tmp_path: Path) -> None:
    content = zipped({"a.csv": A, "picture.gif": b"GIF89a", "b.csv.gz": gzip.compress(B), "c.ndjson": b'{"x":1}\n'})
    parts = run(tmp_path, content, parts="all").parts
    assert [(part.name, part.rows) for part in parts] == [("a", 2), ("b.csv", 1), ("c", 1)]
    assert len({part.path for part in parts}) == 3


def test_a_name_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(MemberNotFound, match=r"no file 'c.csv'.*a.csv, b.csv") as caught:
        run(tmp_path, zipped({"a.csv": A, "b.csv": B}), member="c.csv")
    assert caught.value.data["members"] == ["a.csv", "b.csv"]


def test_what_is_wrong_with_a_member_names_it(tmp_path: Path) -> None:
    with pytest.raises(AppError, match=r"In bad.json: ") as caught:
        run(tmp_path, zipped({"bad.json": b'[{"a":1},', "a.csv": B}), parts="all")
    assert caught.value.code == "json.truncated"
    assert caught.value.data["member"] == "bad.json"


def test_no_table_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(
        ArchiveNoTable, match=r"It holds 2 files, none of which is a table: a.png \(looks like a PNG picture"
    ):
        run(tmp_path, zipped({"a.png": b"\x89PNG\r\n\x1a\n", "b.pdf": b"%PDF-1.4"}))


def test_an_archive_of_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArchiveNoTable, match=r"no file in it.* It has 1 empty file, 1 folder"):
        run(tmp_path, zipped({"a/": b"", "empty.csv": b""}))


# ------------------------------------------------------------------------------------------------------- uniting


def test_united_tables_say_where_each_row_is_from(tmp_path: Path) -> None:
    content = zipped({"jan.csv": A, "feb.csv": B})
    (part,) = run(tmp_path, content, unite=True).parts
    assert part.name == "pack"
    assert rows(part) == [
        {"id": 1, "name": "ada", "_source_file": "jan"},
        {"id": 2, "name": "bob", "_source_file": "jan"},
        {"id": 3, "name": "cy", "_source_file": "feb"},
    ]
    assert part.rows == 3
    assert "All of them have the same columns." in part.decisions[1].evidence


def test_columns_and_types_that_differ_are_said_and_nothing_is_lost(tmp_path: Path) -> None:
    content = zipped({"a.csv": b"id,price\n1,2.50\n2,3\n", "b.csv": b"price,id,note\n7,n/x,hi\n", "c.csv": b"id\n5\n"})
    (part,) = run(tmp_path, content, unite=True).parts
    assert [(column.name, column.type.value, column.nulls) for column in part.columns] == [
        ("id", "text", 0), ("price", "decimal", 1), ("note", "text", 3), ("_source_file", "text", 0)
    ]  # fmt: skip
    assert [row["id"] for row in rows(part)] == ["1", "2", "n/x", "5"]
    written = pq.read_table(part.path).column("w1").to_pylist()
    assert written == [None, "3", "7", None]
    evidence = next(d.evidence for d in part.decisions if d.subject == "member")
    assert "price (not in c), note (not in a and 1 more)" in evidence
    assert "integer and text" in part.columns[0].why


def test_rejected_rows_say_their_file(tmp_path: Path) -> None:
    many = b"id,name\n" + b"".join(b"%d,x\n" % number for number in range(100))
    content = zipped({"a.csv": many + b"1,2,3\n", "b.csv": many + b"4,5,6\n"})
    (part,) = run(tmp_path, content, unite=True).parts
    assert (part.rows, part.rejected_rows) == (200, 2)
    rejected = pq.read_table(part.rejects_path).to_pylist()
    assert [row["raw"] for row in rejected] == ["1,2,3", "4,5,6"]
    assert [row["reason"].partition(":")[0] for row in rejected] == ["In a", "In b"]
    assert rejected[0]["record"] < rejected[1]["record"]


def test_tables_without_a_common_column_are_not_united(tmp_path: Path) -> None:
    with pytest.raises(ArchiveTablesDiffer, match=r"b has no column in common with a"):
        run(tmp_path, zipped({"a.csv": A, "b.csv": b"x,y\n1,2\n"}), unite=True)


def test_a_column_that_is_called_like_ours_keeps_its_name(tmp_path: Path) -> None:
    content = zipped({"a.csv": b"_source_file\nx\ny\n", "b.csv": b"_source_file\nz\n"})
    (part,) = run(tmp_path, content, unite=True).parts
    assert [column.name for column in part.columns] == ["_source_file", "_source_file_2"]
    assert [list(row.values()) for row in rows(part)] == [["x", "a"], ["y", "a"], ["z", "b"]]


# --------------------------------------------------------------------------------------------------------- names


NAMES: dict[str, tuple[bytes, int, bytes, str]] = {
    "UTF-8 that says so": ("größe.csv".encode(), 0x800, b"", "größe.csv"),
    "UTF-8 that does not say so": ("größe.csv".encode(), 0, b"", "größe.csv"),
    "cp437": ("größe.csv".encode("cp437"), 0, b"", "größe.csv"),
    "a field for the name": (
        b"gr__e.csv", 0,
        struct.pack("<HHBL", 0x7075, 5 + len("größe.csv".encode()), 1, zlib.crc32(b"gr__e.csv")) + "größe.csv".encode(),
        "größe.csv",
    ),
    "a way out": (b"../../etc/x.csv", 0, b"", "etc/x.csv"),
    "absolute": (b"/etc/x.csv", 0, b"", "etc/x.csv"),
    "a drive": (b"C:\\data\\x.csv", 0, b"", "data/x.csv"),
    "nothing but dots": (b"../..", 0, b"", "unnamed"),
    "nothing": (b"", 0, b"", "unnamed"),
    "marks of direction": ("a\u202ecsv.exe".encode(), 0x800, b"", "acsv.exe"),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMES)
def test_names_are_labels(tmp_path: Path, case: str) -> None:
    raw, flag, extra, expected = NAMES[case]
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, flag, 0, 0, 0, zlib.crc32(A), len(A), len(A), len(raw), 0)
    head = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, flag, 0, 0, 0, zlib.crc32(A), len(A), len(A),
                       len(raw), len(extra), 0, 0, 0, 0, 0)  # fmt: skip
    body, central = local + raw + A, head + raw + extra
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(body), 0)
    (part,) = run(tmp_path, body + central + end).parts
    assert said(part, "member").value == expected
    assert {path.parent for path in tmp_path.rglob("*.parquet")} == {tmp_path / "out"}


def test_the_same_name_twice_can_be_chosen(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", A)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.csv", B)
    (part,) = run(tmp_path, buffer.getvalue(), member="a.csv (2)").parts
    assert part.rows == 1


# ----------------------------------------------------------------------------------------------- what is refused


def _flagged(content: bytes) -> bytes:
    """Return the archive with every member marked as encrypted."""
    local, central = content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02")
    changed = bytearray(content)
    changed[local + 6] |= 1
    changed[central + 8] |= 1
    return bytes(changed)


def _of_method(content: bytes, method: int) -> bytes:
    local, central = content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02")
    changed = bytearray(content)
    changed[local + 8], changed[central + 10] = method, method
    return bytes(changed)


def _overlapping() -> bytes:
    """Two entries of the list, one member."""
    content = zipped({"a.csv": A * 1000})
    central, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry = content[central:end]
    other = entry.replace(b"a.csv", b"b.csv")
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(entry), central, 0)
    return content[:central] + entry + other + tail


WHOLE = zipped({"a.csv": A * 50})
REFUSED: dict[str, tuple[bytes, type[AppError]]] = {
    "encrypted": (_flagged(WHOLE), ArchiveEncrypted),
    "packed in another way": (_of_method(WHOLE, 9), ArchiveMethod),
    "cut": (WHOLE[:-30], ArchiveTruncated),
    "its list damaged": (WHOLE.replace(b"PK\x01\x02", b"PK\x09\x09"), ArchiveCorrupt),
    "its content damaged": (WHOLE[:45] + b"\xff\xff" + WHOLE[47:], ArchiveCorrupt),
    "overlapping": (_overlapping(), ArchiveBomb),
    "an archive in it": (zipped({"inner.zip": WHOLE}), ArchiveNested),
    "compressed twice": (zipped({"a.csv.gz": gzip.compress(gzip.compress(A))}), ArchiveNested),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_has_its_code(tmp_path: Path, case: str) -> None:
    content, expected = REFUSED[case]
    with pytest.raises(expected) as caught:
        run(tmp_path, content)
    assert caught.value.user_action
    assert str(tmp_path) not in caught.value.detail


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archive, "MAX_MEMBERS", 2)
    with pytest.raises(ArchiveTooManyMembers, match="3 files"):
        run(tmp_path, zipped({"a": A, "b": A, "c": A}))


@pytest.mark.parametrize(("limit", "expected"), [(1 << 40, ArchiveBomb), (1 << 20, UnpackedSizeLimit)])
def test_a_bomb_is_stopped_whatever_it_says_of_itself(
    tmp_path: Path, limit: int, expected: type[AppError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "RATIO_COUNTS_FROM_BYTES", 1 << 20)
    monkeypatch.setattr(zip_archive, "MAX_RATIO", 200)
    monkeypatch.setattr("headway.intake.archive_tables.MAX_RATIO", 200)
    with pytest.raises(expected):
        run(tmp_path, zipped({"a.csv": b"1,2\n" * (2 << 20)}), max_unpacked_bytes=limit)


@pytest.mark.parametrize(
    "make",
    [lambda: zipped({"a.csv": A}, zipfile.ZIP_STORED), lambda: zipped({"a.csv": A}, zipfile.ZIP_BZIP2),
     lambda: zipped({"a.csv": A}, zipfile.ZIP_LZMA), lambda: _streamed(force_zip64=False),
     lambda: _streamed(force_zip64=True), lambda: gzip.compress(zipped({"a.csv": A}))],
    ids=["stored", "bzip2", "lzma", "sizes behind the content", "zip64", "compressed again"],
)  # fmt: skip
def test_every_usual_way_to_pack_is_read(tmp_path: Path, make: Callable[[], bytes]) -> None:
    (part,) = run(tmp_path, make()).parts
    assert rows(part) == [{"id": 1, "name": "ada"}, {"id": 2, "name": "bob"}]


def _streamed(*, force_zip64: bool) -> bytes:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.content += bytes(data)
            return len(data)

    pipe = Pipe()
    with (
        zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.csv", "w", force_zip64=force_zip64) as file,
    ):
        file.write(A)
    return pipe.content


def test_progress_rises_through_all_members(tmp_path: Path) -> None:
    shares: list[float] = []
    request = make_request(tmp_path, zipped({"a.csv": A * 99, "b.csv": A, "c.csv": A * 9}), "pack.zip", unite=True)
    parse(request, lambda progress: shares.append(progress.fraction))
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
