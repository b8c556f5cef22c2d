"""What a file is, by its content; what it is called is a hint."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from headway.errors import AppError
from headway.intake.detection import HEAD_BYTES, detect, inner_name, recognise
from headway.intake.errors import FormatEmpty, FormatUnsupported, NotATable, SheetPasswordProtected

JUNK = random.Random(4).randbytes(4096)
FLAT = (
    '<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' office:mimetype="application/vnd.oasis.opendocument.spreadsheet"/>'
)


def zipped(*members: str, text: str = "x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member in members:
            archive.writestr(member, text)
    return buffer.getvalue()


def ole(*streams: str) -> bytes:
    names = b"".join(stream.encode("utf-16-le").ljust(64, b"\0") for stream in streams)
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + names


def detect_in(folder: Path, content: bytes, name: str = "file", wanted: str | None = None) -> str:
    path = folder / "file"
    path.write_bytes(content)
    return detect(path, name, wanted).format


KNOWN = {
    "csv": (b"a,b\n1,2\n", "delimited"),
    "csv that begins like a picture": (b"GIF,PNG\n1,2\n", "delimited"),
    "csv that begins like a sound": (b"ID3,name\n1,2\n", "delimited"),
    "csv that begins like parquet": (b"PAR1,PAR2\n1,2\n", "delimited"),
    "csv with names in brackets": (b"[id],[name]\n1,2\n", "delimited"),
    "csv with a NUL": (b"a,b\nx\x00y,1\nz,2\n", "delimited"),
    "utf-16 with a mark": (codecs.BOM_UTF16_LE + "id,name\n1,é\n".encode("utf-16-le"), "delimited"),
    "utf-16 without a mark": ("id,name\n1,abc\n".encode("utf-16-be"), "delimited"),
    "cp1252": ("id,name\n1,café “x” €5\n".encode("cp1252"), "delimited"),
    "json array": (b' [{"a":1},\n{"a":2}]', "json"),
    "json array of numbers": (b"[1, 2]", "json"),
    "json object": (b'{\n "a": 1\n}', "json"),
    "json in utf-16": ('[{"a":1}]'.encode("utf-16"), "json"),
    "json with a mark": (codecs.BOM_UTF8 + b'[{"a":1}]', "json"),
    "ndjson": (b'{"a":1}\n{"a":2}\n', "ndjson"),
    "ndjson with a bad second line": (b'{"a":1}\n{"a":\n', "ndjson"),
    "parquet": (b"PAR1" + JUNK + b"PAR1", "parquet"),
    "parquet without its end": (b"PAR1" + JUNK, "parquet"),
    "arrow": (b"ARROW1\x00\x00" + JUNK, "arrow"),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
    "xlsx without its end": (zipped("[Content_Types].xml", "xl/workbook.xml")[:60] + b"xl/", "xlsx"),
    "xlsx in small letters and backslashes": (zipped("[content_types].xml", "XL\\Workbook.xml"), "xlsx"),
    "xlsb": (zipped("[Content_Types].xml", "xl/workbook.bin"), "xlsb"),
    "ods": (zipped("mimetype", "content.xml", text="application/vnd.oasis.opendocument.spreadsheet"), "ods"),
    "ods that is not compressed": (zipped("mimetype", "content.xml", text=FLAT), "ods"),
    "fods": (FLAT.encode(), "fods"),
    "fods in utf-16": (FLAT.encode("utf-16"), "fods"),
    "xls": (ole("Workbook"), "xls"),
    "xls before its container": (b"\x09\x04\x06\x00\x00\x00\x10\x00\x00\x00", "xls"),
}


@pytest.mark.parametrize("case", KNOWN)
def test_a_format_is_found_by_content(tmp_path: Path, case: str) -> None:
    content, expected = KNOWN[case]
    assert detect_in(tmp_path, content) == expected


FOREIGN = {
    "lzma": (b"]\x00\x00\x80\x00" + b"\xff" * 8 + JUNK, "lzma"),
    "tar": (b"a.csv".ljust(257, b"\0") + b"ustar\x0000" + JUNK, "tar"),
    "split zip": (b"PK\x07\x08PK\x03\x04" + JUNK, "split"),
    "sqlite": (b"SQLite format 3\x00" + JUNK, "SQLite"),
    "dbase": (b"\x03\x0b\x02\x0a" + b"\x08\0\0\0\xa1\1\x8a\0" + bytes(20) + JUNK, "dBASE"),
    "notes of macos": (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X" + JUNK, "macOS"),
    "pdf": (b"%PDF-1.7\n", "PDF"),
    "png": (b"\x89PNG\r\n\x1a\n" + JUNK, "PNG"),
    "jpeg": (b"\xff\xd8\xff\xe0" + JUNK, "JPEG"),
    "gif": (b"GIF89a" + JUNK, "GIF"),
    "html": (b"\n<!DOCTYPE html><html><table><tr><td>1</td></tr></table></html>", "HTML"),
    "xml": (b'<?xml version="1.0"?><a/>', "XML"),
    "rtf": (b"{\\rtf1 text}", "rich text"),
    "docx": (zipped("word/document.xml"), "Word"),
    "odt": (zipped("mimetype", "content.xml", text="application/vnd.oasis.opendocument.text"), "OpenDocument text"),
    "numbers": (zipped("Index/Document.iwa", "Index/Tables/Tile.iwa"), "Numbers"),
    "access": (b"\x00\x01\x00\x00Standard ACE DB\x00" + JUNK, "Access"),
    "e-mail": (b"From: a@b.c\nTo: d@e.f\nSubject: table\n\nHello", "e-mail"),
    "spss": (b"$FL2@(#) IBM SPSS" + JUNK, "SPSS"),
    "stata": (b"<stata_dta><header>" + JUNK, "Stata"),
    "sas": (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf" + JUNK, "SAS"),
    "avro": (b"Obj\x01" + JUNK, "Avro"),
    "orc": (b"ORC\x08" + JUNK, "ORC"),
    "excel 2003": (
        b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook><Table></Table></Workbook>',
        "Excel 2003",
    ),
    "excel 2003 without its mark": (
        b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table>',
        "Excel 2003",
    ),
    "excel's web page": (
        b'<html xmlns:x="urn:schemas-microsoft-com:office:spreadsheet"><table><tr><td>1</td></tr></table></html>',
        "HTML",
    ),
    "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "doc": (ole("WordDocument"), "Word"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_what_cannot_be_imported_is_called_by_its_name(tmp_path: Path, case: str) -> None:
    content, name = FOREIGN[case]
    with pytest.raises(FormatUnsupported, match=name):
        detect_in(tmp_path, content, "table.csv")


@pytest.mark.parametrize("content", [zipped("a.csv", "b.csv"), zipped("a.csv")[:40]], ids=["whole", "damaged"])
def test_an_archive_is_told_from_what_is_packed_like_one(tmp_path: Path, content: bytes) -> None:
    assert detect_in(tmp_path, content) == "zip"
    found = recognise(content, "table.zip")
    assert (found.format, found.compression) == (None, "zip")


@pytest.mark.parametrize("content", [b"", b" \r\n\t\n", codecs.BOM_UTF8, b"\x00" * 5000, b"\n" * 3_000_000])
def test_nothing_is_empty(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FormatEmpty):
        detect_in(tmp_path, content, "table.csv")


@pytest.mark.parametrize("content", [JUNK, b"a,b\n1,2\n" * 20_000 + JUNK * 40 + b"a,b\n1,2\n" * 20_000])
def test_junk_is_not_a_table(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotATable):
        detect_in(tmp_path, content, "table.csv")


def test_junk_is_called_what_its_name_says(tmp_path: Path) -> None:
    for name, said in (("a.csv", "named like a table"), ("a.bin", "no format known here")):
        with pytest.raises(NotATable, match=said):
            detect_in(tmp_path, JUNK, name)


def test_an_encrypted_workbook_is_told_from_an_old_one(tmp_path: Path) -> None:
    with pytest.raises(SheetPasswordProtected):
        detect_in(tmp_path, ole("EncryptionInfo", "EncryptedPackage"), "table.xlsx")


def test_a_name_that_says_something_else_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b'[{"a":1}]')
    (decision,) = detect(path, "table.csv").decisions
    assert decision.value == "json"
    assert decision.runner_up == "delimited"
    assert ".csv" in decision.evidence


@pytest.mark.parametrize(("name", "content"), [("a.csv", b"a\n"), ("a.tsv", b"a\n"), ("a", b"a\n"), ("a.jsonl", b"[]")])
def test_a_name_that_fits_is_not_noted(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert detect(path, name).decisions[0].runner_up is None


def test_the_name_decides_between_one_line_of_json_and_lines_of_it(tmp_path: Path) -> None:
    assert detect_in(tmp_path, b'{"a":1}', "a.json") == "json"
    assert detect_in(tmp_path, b'{"a":1}', "a.ndjson") == "ndjson"
    assert detect_in(tmp_path, b"{broken", "a.json") == "json"


@pytest.mark.parametrize("text", [b"5", b'"x"', b"null\n", b'var x = [{"a": 1}];', b'ok([{"a": 1}]);', b")]}',\n[1]"])
def test_the_name_decides_what_one_value_and_wrapped_json_are_meant_as(tmp_path: Path, text: bytes) -> None:
    assert detect_in(tmp_path, text, "a.json") == "json"
    assert detect_in(tmp_path, text, "a.csv") == "delimited"


def test_a_table_that_is_named_like_json_is_one(tmp_path: Path) -> None:
    assert detect_in(tmp_path, b"a,b\n1,2\n", "a.json") == "delimited"


def test_a_text_format_that_was_asked_for_is_taken(tmp_path: Path) -> None:
    assert detect_in(tmp_path, b'[{"a":1}]', wanted="delimited") == "delimited"
    assert detect_in(tmp_path, b'{"a":1}', wanted="ndjson") == "ndjson"


def test_a_format_that_was_asked_for_and_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatUnsupported, match="as xlsx, but its content is delimited"):
        detect_in(tmp_path, b"a,b\n", wanted="xlsx")


@pytest.mark.parametrize("case", KNOWN)
def test_the_first_block_says_the_same(case: str) -> None:
    content, expected = KNOWN[case]
    if "without its end" not in case and "backslashes" not in case:
        assert recognise(content[:4096], f"a.{expected}" if expected.startswith("xls") else "file").format == expected


@pytest.mark.parametrize("case", FOREIGN)
def test_the_first_block_names_no_format_for_what_is_foreign(case: str) -> None:
    assert recognise(FOREIGN[case][0][:4096], "table.csv").format is None


@pytest.mark.parametrize(
    ("pack", "suffix", "name"),
    [(gzip.compress, "gz", "gzip"), (bz2.compress, "bz2", "bzip2"), (lzma.compress, "xz", "xz")],
)
def test_the_first_block_of_a_compressed_file_says_what_its_name_says(
    pack: Callable[[bytes], bytes], suffix: str, name: str
) -> None:
    found = recognise(pack(b"a,b\n"), f"flights.CSV.{suffix}")
    assert (found.format, found.compression) == ("delimited", name)


@pytest.mark.parametrize("seed", range(30))
def test_the_first_block_never_raises(seed: int) -> None:
    dice = random.Random(seed)
    starts = [content for content, _ in (*KNOWN.values(), *FOREIGN.values())]
    for _ in range(50):
        head = dice.choice(starts)[: dice.randrange(64)] + os.urandom(dice.randrange(64))
        try:
            recognise(head, dice.choice(["", "a.csv", "a.json", "a.xlsx.gz"]))
        except AppError as error:
            pytest.fail(f"{head!r} raised {error}")


def test_the_inner_name() -> None:
    assert inner_name("a/flights.csv.gz") == "flights.csv"
    assert inner_name("flights.csv.ZST") == "flights.csv"
    assert inner_name("flights.csv") == "flights.csv"
    assert HEAD_BYTES >= 4096
