"""What kind of file this is, found in its content; the extension is a hint only.

`recognise` looks at the first block while the upload still runs and never refuses. `detect` looks at the
whole stored file inside the sandbox and raises what a person can act on.
"""

from __future__ import annotations

import codecs
import re
import struct
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from headway.errors import AppError
from headway.intake.codecs import PACKED_SUFFIXES, codec_of
from headway.intake.encoding_wide import wide_by_start, wide_encoding
from headway.intake.errors import FormatBlank, FormatEmpty, FormatUnsupported, NotATable, SheetPasswordProtected
from headway.intake.json_signs import json_format
from headway.intake.parsing import Decision
from headway.intake.signatures import Refusal, foreign, foreign_ole, foreign_zip

HEAD_BYTES = 64 * 1024
_BLOCK = 1024 * 1024
_BLANK = b" \t\r\n\x0b\x0c\x00"

JUNK_SHARE = 0.3
DOUBTFUL_SHARE = 0.02
"""Of control characters: above the first no text at all, above the second none unless it is valid UTF-8."""

UTF16_NUL_SHARE = 0.4
UTF16_OTHER_SHARE = 0.05
"""Of NULs among the even (or odd) bytes of UTF-16 text in a Latin script, and among the others."""

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""Byte order marks; the UTF-32 one begins like the UTF-16 one."""

_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a\x1b"))

TEXT_FORMATS = frozenset({"delimited", "json", "ndjson"})

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ARROW = b"ARROW1\x00\x00"
_ARROW_STREAM = re.compile(rb"\xff{4}...\x00[\x04-\x40]\x00\x00\x00", re.DOTALL)
"""A message, the length of its description, below 16 MB, and the place where that begins."""

_PARQUET = (b"PAR1", b"PARE")
"""Both ends of a Parquet file; the second where its footer is encrypted."""

_BIFF = re.compile(rb"\x09[\x00\x02\x04][\x04\x06]\x00|\x09\x08[\x08\x10]\x00\x00[\x05\x06]")
"""The first record of a workbook that is older than its container."""

_FLAT_ODS = b"urn:oasis:names:tc:opendocument:xmlns:office:1.0"

ARCHIVE = "zip"
"""What is no table itself, but may hold some."""

_EXTENSIONS: dict[str, tuple[str, ...]] = {
    "delimited": (".csv", ".tsv", ".psv", ".txt", ".tab", ".dat"),
    "json": (".json", ".geojson"),
    "ndjson": (".ndjson", ".jsonl", ".json"),
    "xlsx": (".xlsx", ".xlsm", ".xltx", ".xltm"),
    "xlsb": (".xlsb",),
    "xls": (".xls", ".xlt"),
    "ods": (".ods", ".ots"),
    "fods": (".fods",),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".feather", ".ipc", ".arrows"),
}

_TEXT_SUFFIXES = frozenset({".txt", ".dat"})


@dataclass(frozen=True, slots=True)
class Recognition:
    """What the first block says. `format` is None where it says nothing yet or nothing that we can import."""

    format: str | None
    compression: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Detected:
    """What a whole, unpacked file is."""

    format: str
    decisions: list[Decision] = field(default_factory=list)


def recognise(head: bytes, file_name: str) -> Recognition:
    """Say what the first block of a file looks like. Never raises; the parse decides."""
    if found := _recognise_container(head, file_name):
        return found
    if _is_flat_ods(head):
        return Recognition("fods", None, "flat OpenDocument spreadsheet")
    if refusal := foreign(_as_utf8(head)):
        return Recognition(None, None, f"looks like {refusal[1]}, which cannot be imported")
    if not head.strip(_BLANK):
        return Recognition(None, None, "nothing but blanks so far")
    if _is_junk(head):
        return Recognition(None, None, "not text")
    return Recognition(_text_format(head, file_name), None, "text")


def _recognise_container(head: bytes, file_name: str) -> Recognition | None:
    if codec := codec_of(head):
        return Recognition(_by_extension(inner_name(file_name)), codec.name, f"compressed with {codec.name}")
    if head.startswith(_PARQUET) and _is_junk(head):
        return Recognition("parquet", None, "Parquet")
    if head.startswith(_ARROW) or _ARROW_STREAM.match(head):
        return Recognition("arrow", None, "Arrow")
    if head.startswith(_ZIP):
        workbook = _zip_format_by_head(head, file_name)
        return Recognition(workbook, None if workbook else "zip", "zip container")
    if head.startswith(_OLE) or _BIFF.match(head):
        named = _by_extension(file_name)
        return Recognition("xls" if named in {"xls", None} else None, None, "old Office document, or an encrypted one")
    return None


def detect(source: Path, file_name: str, wanted: str | None = None) -> Detected:
    """Return the format of an unpacked file, with the decisions about it.

    Raises `FormatEmpty`, `FormatUnsupported`, `NotATable` or `SheetPasswordProtected`.
    """
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if _is_blank(source):
        raise FormatBlank("Every byte of it is a blank or a mark.") if head else FormatEmpty("The file holds nothing.")
    found, evidence = _container_format(source, head, file_name)
    if found is None:
        found, evidence = _plain_format(source, head, file_name, wanted), "The content reads as text."
    if wanted is not None and found not in {wanted, ARCHIVE}:
        raise FormatUnsupported(f"You asked to read the file as {wanted}, but its content is {found}.")
    return Detected(found, _decisions(found, evidence, file_name))


# ------------------------------------------------------------------------------------ containers and binaries


def _container_format(source: Path, head: bytes, file_name: str) -> tuple[str | None, str]:
    if _is_flat_ods(head):
        return "fods", "The file is an OpenDocument spreadsheet in one piece of XML."
    if refusal := foreign(_as_utf8(head)):
        raise _refused(refusal)
    if head.startswith(_PARQUET) and (_tail(source) in _PARQUET or _is_junk(head)):
        return "parquet", "The file starts with the Parquet signature PAR1."
    if head.startswith(_ARROW):
        return "arrow", "The file starts with the Arrow signature ARROW1."
    if _ARROW_STREAM.match(head):
        return "arrow", "The file starts like a stream of Arrow messages."
    if head.startswith(_ZIP):
        found = _zip_format(source, file_name)
        parts = "files" if found == ARCHIVE else "the parts of a workbook"
        return found, f"The file is a zip container with {parts}."
    if head.startswith(_OLE):
        return _ole_format(source), "The file has the signature of an old Excel workbook."
    if _BIFF.match(head):
        return "xls", "The file begins with the first record of a very old Excel workbook."
    return None, ""


def _refused(refusal: Refusal) -> AppError:
    error, name = refusal
    return error(f"The file is {name}.")


def _is_flat_ods(head: bytes) -> bool:
    text = _as_utf8(head).lstrip()
    # A zipped one holds the same words, where parts of it are not compressed.
    return text.startswith(b"<") and _FLAT_ODS in text[:8192] and b"opendocument.spreadsheet" in text


def _zip_format(source: Path, file_name: str) -> str:
    try:
        with zipfile.ZipFile(source) as archive:
            names = {name.replace("\\", "/").lower() for name in archive.namelist()}
            mimetype = _mimetype(archive)
    # All of these are what `zipfile` raises for damaged archives.
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError, struct.error):
        if _mentions(source, b"xl/"):
            # A workbook whose end is missing: the reader of workbooks says so in better words.
            return "xlsx"
        # The reader of archives says what is wrong with this one.
        return ARCHIVE
    if workbook := _workbook_of(names, mimetype):
        return workbook
    if refusal := foreign_zip(names, mimetype, file_name):
        raise _refused(refusal)
    return ARCHIVE


def _workbook_of(names: Collection[str], mimetype: str) -> str | None:
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "xl/workbook.xml" in names or ("[content_types].xml" in names and any("workbook.xml" in name for name in names)):
        return "xlsx"
    if "content.xml" in names and ("opendocument.spreadsheet" in mimetype or not mimetype):
        return "ods"
    return None


def _mimetype(archive: zipfile.ZipFile) -> str:
    """Return what an OpenDocument container says that it is; it is the first and uncompressed member."""
    try:
        with archive.open("mimetype") as file:
            return file.read(200).decode("ascii", "replace")
    except (KeyError, RuntimeError, zipfile.BadZipFile, zlib.error, EOFError):
        return ""


def _ole_format(source: Path) -> str:
    if _mentions(source, "EncryptedPackage".encode("utf-16-le")):
        raise SheetPasswordProtected("The workbook is encrypted, so nothing in it can be read without its password.")
    if refusal := foreign_ole(lambda needle: _mentions(source, needle)):
        raise _refused(refusal)
    if not any(_mentions(source, name.encode("utf-16-le")) for name in ("Workbook", "Book", "WORKBOOK", "BOOK")):
        raise FormatUnsupported("The file is an old Office file, but no workbook.")
    return "xls"


def _mentions(source: Path, needle: bytes) -> bool:
    """Search a file for some bytes, a block at a time."""
    tail = b""
    with source.open("rb") as file:
        while block := file.read(_BLOCK):
            if needle in tail + block:
                return True
            tail = block[-len(needle) :]
    return False


def _zip_format_by_head(head: bytes, file_name: str) -> str | None:
    named = _by_extension(file_name)
    if b"xl/" in head:
        return "xlsb" if b"xl/workbook.bin" in head or named == "xlsb" else "xlsx"
    if b"opendocument.spreadsheet" in head[:256]:
        return "ods"
    return named if b"[Content_Types].xml" in head and named in {"xlsx", "xlsb"} else None


# ----------------------------------------------------------------------------------------------------- text


def _plain_format(source: Path, head: bytes, file_name: str, wanted: str | None) -> str:
    if _is_junk(head) or _is_junk(_middle(source)):
        but = (
            "is named like a table, but its bytes"
            if _by_extension(file_name)
            else "is in no format known here; its bytes"
        )
        raise NotATable(f"{PurePath(file_name).name} {but} are not text.")
    if wanted in TEXT_FORMATS:
        return wanted
    return _text_format(head, file_name)


def _text_format(head: bytes, file_name: str) -> str:
    return json_format(_as_utf8(head), _by_extension(file_name)) or "delimited"


def _as_utf8(head: bytes) -> bytes:
    for mark, name in _WIDE_MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(name, "ignore").encode()
    if wide := wide_by_start(head):
        return head.decode(wide, "ignore").encode("utf-8", "ignore")
    return head.removeprefix(codecs.BOM_UTF8)


def _is_blank(source: Path) -> bool:
    with source.open("rb") as file:
        block = file.read(_BLOCK)
        mark = next((mark for mark in _MARKS if block.startswith(mark)), b"")
        block = block[len(mark) :]
        while block:
            if block.strip(_BLANK):
                return False
            block = file.read(_BLOCK)
    return True


def _tail(source: Path) -> bytes:
    with source.open("rb") as file:
        file.seek(-4, 2)
        return file.read(4)


def _middle(source: Path) -> bytes:
    size = source.stat().st_size
    if size < 2 * HEAD_BYTES:
        return b""
    with source.open("rb") as file:
        # Where characters take four bytes, one of them begins here.
        file.seek(size // 8 * 4)
        return file.read(HEAD_BYTES)


def _is_junk(block: bytes) -> bool:
    """Tell bytes that are no text in any encoding by their control characters.

    Text has next to none, a few stray NULs aside; random bytes have one in ten and are not UTF-8. UTF-16 has
    a NUL in every other byte, and only there.
    """
    if not block or _is_utf16(block) or _is_wide(block):
        return False
    controls = len(block) - len(block.translate(None, _CONTROLS))
    share = controls / len(block)
    return share > JUNK_SHARE or (share > DOUBTFUL_SHARE and not _is_utf8(block))


def _is_utf8(block: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(block)
    except UnicodeDecodeError:
        return False
    return True


def _is_wide(block: bytes) -> bool:
    """Tell text in UTF-16 or UTF-32 without a mark, also where it is as short as one value."""
    if wide_encoding(block) is not None:
        return True
    name = wide_by_start(block)
    if name is None:
        return False
    text = block.decode(name, "ignore").encode("utf-8", "ignore")
    return len(text) - len(text.translate(None, _CONTROLS)) <= DOUBTFUL_SHARE * len(text)


def _is_utf16(block: bytes) -> bool:
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    pairs = max(1, len(block) // 2)
    even, odd = block[::2].count(0) / pairs, block[1::2].count(0) / pairs
    return max(even, odd) > UTF16_NUL_SHARE and min(even, odd) < UTF16_OTHER_SHARE


# -------------------------------------------------------------------------------------------------- decisions


def _decisions(found: str, evidence: str, file_name: str) -> list[Decision]:
    named = _by_extension(file_name)
    suffix = PurePath(file_name).suffix.lower()
    if named is not None and suffix not in _EXTENSIONS.get(found, ()):
        evidence += f" The name ends in {suffix}, which is not what the content says; the content decides."
    return [Decision("format", found, evidence, runner_up=named if named != found else None)]


def _by_extension(file_name: str) -> str | None:
    suffix = PurePath(file_name).suffix.lower()
    return next((found for found, suffixes in _EXTENSIONS.items() if suffix in suffixes), None)


def is_named_table(file_name: str) -> bool:
    """Say whether a file is named like a table, and not like a text that may be anything."""
    name = inner_name(file_name)
    return _by_extension(name) is not None and PurePath(name).suffix.lower() not in _TEXT_SUFFIXES


def inner_name(file_name: str) -> str:
    """Return the name of what is inside a compressed file: `flights.csv` for `flights.csv.gz`."""
    path = PurePath(file_name)
    return path.stem if path.suffix.lower() in PACKED_SUFFIXES else path.name
