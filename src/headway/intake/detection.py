"""What kind of file this is, found in its content; the extension is a hint only.

`recognise` looks at the first block while the upload still runs and never refuses. `detect` looks at the
whole stored file inside the sandbox and raises what a person can act on.
"""

from __future__ import annotations

import codecs
import json
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from headway.intake.errors import FormatEmpty, FormatUnsupported, NotATable, SheetPasswordProtected
from headway.intake.parsing import Decision

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

_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a\x1b"))

TEXT_FORMATS = frozenset({"delimited", "json", "ndjson"})

_GZIP = b"\x1f\x8b"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ARROW = b"ARROW1\x00\x00"
_PARQUET = (b"PAR1", b"PARE")
"""Both ends of a Parquet file; the second where its footer is encrypted."""

_FOREIGN: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(magic, re.DOTALL), name)
    for magic, name in (
        (rb"\x28\xb5\x2f\xfd", "a file compressed with zstd; unpack it, or compress it with gzip"),
        (rb"BZh[1-9]1AY&SY", "a file compressed with bzip2; unpack it, or compress it with gzip"),
        (rb"\xfd7zXZ\x00", "a file compressed with xz; unpack it, or compress it with gzip"),
        (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it and upload the files inside one by one"),
        (rb"Rar!\x1a\x07", "a RAR archive; unpack it and upload the files inside one by one"),
        (rb"SQLite format 3\x00", "a SQLite database"),
        (rb"%PDF-", "a PDF document"),
        (rb"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (rb"\xff\xd8\xff", "a JPEG picture"),
        (rb"GIF8[79]a", "a GIF picture"),
        (rb"RIFF.{4}(WAVE|AVI |WEBP)", "a sound, film or picture"),
        (rb"ID3[\x02-\x04]\x00", "a sound"),
        (rb".{4}ftyp[a-zA-Z0-9 ]{4}\x00", "a film or a sound"),
        (rb"\{\\rtf", "a rich text document"),
        (rb"\x7fELF", "a program"),
        (rb"MZ.{58,62}\x00\x00", "a program"),
        (rb"Obj\x01", "an Avro file"),
        (rb"FEA1\x00", "a Feather file of version 1"),
        (rb"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (rb"\$FL[23]@\(#\)", "an SPSS file"),
        (rb"<stata_dta>", "a Stata file"),
    )
)
"""Signatures of files that are often uploaded by mistake, and what to call them."""

_OLE_STREAMS: tuple[tuple[str, str], ...] = (
    ("WordDocument", "a Word document"),
    ("PowerPoint Document", "a PowerPoint presentation"),
    ("__properties_version1.0", "an Outlook message"),
)

_EXTENSIONS: dict[str, tuple[str, ...]] = {
    "delimited": (".csv", ".tsv", ".psv", ".txt", ".tab", ".dat"),
    "json": (".json", ".geojson"),
    "ndjson": (".ndjson", ".jsonl", ".json"),
    "xlsx": (".xlsx", ".xlsm"),
    "xls": (".xls",),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".feather", ".ipc"),
}

_MARKUP = re.compile(rb"<(\?xml|!doctype|html|head|body|table|svg|!--)", re.IGNORECASE)
_JSON_START = re.compile(rb'\{\s*("|\}|$)|\[\s*([\[{"\]]|-?\d|true\b|false\b|null\b|$)')
_BRACKETS = (b"{", b"[")


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
    if foreign := _foreign(head):
        return Recognition(None, None, f"looks like {foreign}, which cannot be imported")
    if not head.strip(_BLANK):
        return Recognition(None, None, "nothing but blanks so far")
    if _is_junk(head):
        return Recognition(None, None, "not text")
    return Recognition(_text_format(head, file_name), None, "text")


def _recognise_container(head: bytes, file_name: str) -> Recognition | None:
    if head.startswith(_GZIP):
        return Recognition(_by_extension(inner_name(file_name)), "gzip", "compressed with gzip")
    if head.startswith(_PARQUET) and _is_junk(head):
        return Recognition("parquet", None, "Parquet")
    if head.startswith(_ARROW):
        return Recognition("arrow", None, "Arrow")
    if head.startswith(_ZIP):
        return Recognition("xlsx" if _looks_like_workbook(head, file_name) else None, None, "zip container")
    if head.startswith(_OLE):
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
        raise FormatEmpty("The file holds nothing." if not head else "The file holds nothing but blanks.")
    found, evidence = _container_format(source, head)
    if found is None:
        found, evidence = _plain_format(source, head, file_name, wanted), "The content reads as text."
    if wanted is not None and wanted != found:
        raise FormatUnsupported(f"You asked to read the file as {wanted}, but its content is {found}.")
    return Detected(found, _decisions(found, evidence, file_name))


def looks_compressed(head: bytes) -> bool:
    """Say whether these are the first bytes of something that is compressed as a whole."""
    return head.startswith(_GZIP)


# ------------------------------------------------------------------------------------ containers and binaries


def _container_format(source: Path, head: bytes) -> tuple[str | None, str]:
    if foreign := _foreign(head):
        raise FormatUnsupported(f"The file is {foreign}.")
    if head.startswith(_PARQUET) and (_tail(source) in _PARQUET or _is_junk(head)):
        return "parquet", "The file starts with the Parquet signature PAR1."
    if head.startswith(_ARROW):
        return "arrow", "The file starts with the Arrow signature ARROW1."
    if head.startswith(_ZIP):
        return _zip_format(source), "The file is a zip container with the parts of an Excel workbook."
    if head.startswith(_OLE):
        return _ole_format(source), "The file has the signature of an old Excel workbook."
    return None, ""


def _foreign(head: bytes) -> str | None:
    for magic, name in _FOREIGN:
        if magic.match(head):
            return name
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if match := _MARKUP.match(text):
        return "an XML document" if match[1].lower() in {b"?xml", b"svg"} else "a web page (HTML)"
    return None


def _zip_format(source: Path) -> str:
    try:
        with zipfile.ZipFile(source) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        if _mentions(source, b"xl/"):
            # A workbook whose end is missing: the reader of workbooks says so in better words.
            return "xlsx"
        raise FormatUnsupported("The file is a zip archive that is damaged or incomplete.") from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    raise FormatUnsupported(f"The file is {_zip_name(names)}.", members=sorted(names)[:10])


def _zip_name(names: set[str]) -> str:
    if "xl/workbook.bin" in names:
        return "a binary workbook (XLSB); save it as XLSX"
    if "word/document.xml" in names:
        return "a Word document"
    if "ppt/presentation.xml" in names:
        return "a PowerPoint presentation"
    if "mimetype" in names and "content.xml" in names:
        return "an OpenDocument file; save it as XLSX or CSV"
    return f"a zip archive with {len(names)} members; unpack it and upload the files inside one by one"


def _ole_format(source: Path) -> str:
    if _mentions(source, "EncryptedPackage".encode("utf-16-le")):
        raise SheetPasswordProtected("The workbook is encrypted, so nothing in it can be read without its password.")
    for stream, name in _OLE_STREAMS:
        if _mentions(source, stream.encode("utf-16-le")):
            raise FormatUnsupported(f"The file is {name}.")
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


def _looks_like_workbook(head: bytes, file_name: str) -> bool:
    if b"xl/" in head:
        return b"xl/workbook.bin" not in head
    return b"[Content_Types].xml" in head and _by_extension(file_name) == "xlsx"


# ----------------------------------------------------------------------------------------------------- text


def _plain_format(source: Path, head: bytes, file_name: str, wanted: str | None) -> str:
    if _is_junk(head) or _is_junk(_middle(source)):
        raise NotATable(f"{PurePath(file_name).name} is named like a table, but its bytes are not text.")
    if wanted in TEXT_FORMATS:
        return wanted
    return _text_format(head, file_name)


def _text_format(head: bytes, file_name: str) -> str:
    text = _as_utf8(head).lstrip()
    named = _by_extension(file_name)
    if not _JSON_START.match(text[:1024]) and not (named in {"json", "ndjson"} and text.startswith(_BRACKETS)):
        return "delimited"
    return "ndjson" if named == "ndjson" or _first_line_is_a_value(text) else "json"


def _as_utf8(head: bytes) -> bytes:
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            return head[2:].decode(name, "ignore").encode()
    return head.removeprefix(codecs.BOM_UTF8)


def _first_line_is_a_value(text: bytes) -> bool:
    """Tell JSON by lines: the first line is a whole value, and something follows on another line."""
    first, _, rest = text.partition(b"\n")
    if not rest.strip():
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


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
        file.seek(size // 2)
        return file.read(HEAD_BYTES)


def _is_junk(block: bytes) -> bool:
    """Tell bytes that are no text in any encoding by their control characters.

    Text has next to none, a few stray NULs aside; random bytes have one in ten and are not UTF-8. UTF-16 has
    a NUL in every other byte, and only there.
    """
    if not block or _is_utf16(block):
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
    if named is not None and suffix not in _EXTENSIONS[found]:
        evidence += f" The name ends in {suffix}, which is not what the content says; the content decides."
    return [Decision("format", found, evidence, runner_up=named if named != found else None)]


def _by_extension(file_name: str) -> str | None:
    suffix = PurePath(file_name).suffix.lower()
    return next((found for found, suffixes in _EXTENSIONS.items() if suffix in suffixes), None)


def inner_name(file_name: str) -> str:
    """Return the name of what is inside a gzip file: `flights.csv` for `flights.csv.gz`."""
    path = PurePath(file_name)
    return path.stem if path.suffix.lower() in {".gz", ".gzip"} else path.name
