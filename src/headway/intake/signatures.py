"""Files that cannot be imported, told by their first bytes or members and called by their names.

Everything here is a look at what people upload by mistake; what they meant is in `detection`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Collection
from pathlib import PurePath

from headway.errors import AppError
from headway.intake.errors import (
    FormatArchive,
    FormatAvro,
    FormatDatabase,
    FormatDocument,
    FormatEmail,
    FormatHtml,
    FormatIwork,
    FormatMedia,
    FormatOrc,
    FormatPdf,
    FormatPicture,
    FormatProgram,
    FormatScience,
    FormatSpreadsheetXml,
    FormatStatistics,
    FormatUnsupported,
)

Refusal = tuple[type[AppError], str]
"""The error, and what the file is."""

_BINARY: tuple[tuple[re.Pattern[bytes], type[AppError], str], ...] = tuple(
    (re.compile(magic, re.DOTALL), error, name)
    for magic, error, name in (
        (rb"\]\x00\x00..(\xff{8}|.{5}\x00{3})", FormatArchive, "a file compressed with lzma"),
        (rb"PK\x07\x08PK|PK00PK", FormatArchive, "a part of a zip archive that was split"),
        (rb".{257}ustar", FormatArchive, "a tar archive"),
        (rb"7z\xbc\xaf\x27\x1c", FormatArchive, "a 7-Zip archive"),
        (rb"Rar!\x1a\x07", FormatArchive, "a RAR archive"),
        (rb"MSCF\x00\x00\x00\x00", FormatArchive, "a cabinet archive"),
        (rb"\x1f\x9d", FormatArchive, "a file compressed with compress (.Z)"),
        (rb"\x04\x22\x4d\x18", FormatArchive, "a file compressed with LZ4"),
        (rb"\xff\x06\x00\x00sNaPpY", FormatArchive, "a file compressed with Snappy"),
        (rb"SQLite format 3\x00", FormatDatabase, "a SQLite database"),
        (rb"\x00\x01\x00\x00Standard (Jet|ACE) DB\x00", FormatDatabase, "an Access database"),
        (rb".{8}DUCK[\x00-\xff]\x00\x00\x00", FormatDatabase, "a DuckDB database"),
        (rb"[\x03\x30\x31\x83\x8b\xf5].[\x01-\x0c][\x01-\x1f].{8}\x00{16}", FormatDatabase, "a dBASE table"),
        (rb"PGDMP", FormatDatabase, "a PostgreSQL dump"),
        (rb"%PDF-", FormatPdf, "a PDF document"),
        (rb"\x89PNG\r\n\x1a\n", FormatPicture, "a PNG picture"),
        (rb"\xff\xd8\xff", FormatPicture, "a JPEG picture"),
        (rb"GIF8[79]a", FormatPicture, "a GIF picture"),
        (rb"BM.{4}\x00\x00\x00\x00.{3}\x00.{3}\x00", FormatPicture, "a BMP picture"),
        (rb"II\*\x00|MM\x00\*", FormatPicture, "a TIFF picture"),
        (rb"RIFF.{4}WEBP", FormatPicture, "a WebP picture"),
        (rb"8BPS\x00\x01", FormatPicture, "a Photoshop picture"),
        (rb"\x00\x00\x01\x00[\x01-\x20]\x00.{3}\x00[\x00\x01]\x00", FormatPicture, "an icon"),
        (rb".{4}ftyp(heic|heix|mif1|avif)", FormatPicture, "a picture from a camera"),
        (rb"RIFF.{4}(WAVE|AVI )", FormatMedia, "a sound or a film"),
        (rb"ID3[\x02-\x04]\x00", FormatMedia, "a sound"),
        (rb"OggS\x00|fLaC\x00", FormatMedia, "a sound"),
        (rb"\x1a\x45\xdf\xa3", FormatMedia, "a film"),
        (rb".{4}ftyp[a-zA-Z0-9 ]{4}\x00", FormatMedia, "a film or a sound"),
        (rb"\{\\rtf", FormatDocument, "a rich text document"),
        (rb"%!PS-", FormatDocument, "a PostScript document"),
        (rb"\x7fELF|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe", FormatProgram, "a program"),
        (rb"MZ.{58,62}\x00\x00", FormatProgram, "a program"),
        (rb"Obj\x01", FormatAvro, "an Avro file"),
        (rb"ORC[\x00-\x1f\x80-\xff]", FormatOrc, "an ORC file"),
        (rb"FEA1\x00", FormatScience, "a Feather file of version 1"),
        (rb"\x89HDF\r\n\x1a\n", FormatScience, "an HDF5 file"),
        (rb"CDF[\x01\x02\x05]\x00", FormatScience, "a NetCDF file"),
        (rb"\x93NUMPY", FormatScience, "a NumPy file"),
        (rb"MATLAB 5\.0 MAT-file", FormatScience, "a MATLAB file"),
        (rb"\x80[\x02-\x05](?:\x95.{6}\x00\x00|[c}\]])", FormatProgram, "a Python pickle, which is a program"),
        (rb"\$FL[23]@\(#\)|ASCII SPSS PORT FILE", FormatStatistics, "an SPSS file"),
        (rb"<stata_dta>|[\x69-\x73][\x01\x02]\x01\x00", FormatStatistics, "a Stata file"),
        (rb"\x00{12}\xc2\xea\x81\x60\xb3\x14\x11\xcf|HEADER RECORD\*{7}", FormatStatistics, "a SAS file"),
        (rb"RD[AX][23]\n|X\n\x00\x00\x00[\x02\x03]", FormatStatistics, "an R file"),
        (rb"\x00\x00[\x02\x1a]\x00[\x04-\x06]\x04|\x00\x00\x1a\x00", FormatUnsupported, "an old Lotus 1-2-3 workbook"),
        (rb"ID;P", FormatUnsupported, "a SYLK spreadsheet"),
        (
            rb"\x00\x05\x16[\x00\x07]\x00\x02\x00\x00",
            FormatUnsupported,
            "what macOS notes about another file, which has the same name without ._ before it",
        ),
        (rb"BEGIN:V(CARD|CALENDAR)", FormatUnsupported, "a list of contacts or dates (vCard, iCalendar)"),
    )
)
"""Signatures of files that are often uploaded by mistake, and what to call them."""

_MARKUP = re.compile(rb"<(\?xml|!doctype|html|head|body|table|svg|!--|[a-z][\w:.-]*\s[^>]*xmlns)", re.IGNORECASE)
_HTML = re.compile(rb"<(!doctype html|html|head|body|table|meta|script|div|style)[\s>]", re.IGNORECASE)
_SPREADSHEET_XML = re.compile(
    rb"<\?mso-application\s+progid\s*=\s*[\"']Excel\.Sheet[\"']|[\"']urn:schemas-microsoft-com:office:spreadsheet[\"']"
)
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_HEADERS = re.compile(
    rb"^(From|To|Date|Subject|Message-ID|MIME-Version|Received|Return-Path|Content-Type):", re.MULTILINE | re.IGNORECASE
)
_MAIL_HEADERS = 3
_FIRST_LINE_OF_MAIL = re.compile(rb"From \S+@\S+ |[A-Za-z][A-Za-z-]{1,40}: \S")

_OLE_STREAMS: tuple[tuple[str, type[AppError], str], ...] = (
    ("WordDocument", FormatDocument, "a Word document"),
    ("PowerPoint Document", FormatDocument, "a PowerPoint presentation"),
    ("VisioDocument", FormatDocument, "a Visio drawing"),
    ("HwpSummaryInformation", FormatDocument, "a Hangul document"),
    ("__properties_version1.0", FormatEmail, "an Outlook message"),
)

_ZIP_MEMBERS: tuple[tuple[str, type[AppError], str], ...] = (
    ("word/document.xml", FormatDocument, "a Word document"),
    ("ppt/presentation.xml", FormatDocument, "a PowerPoint presentation"),
    ("visio/document.xml", FormatDocument, "a Visio drawing"),
    ("androidmanifest.xml", FormatProgram, "an Android app"),
)

_MIMETYPES: tuple[tuple[str, type[AppError], str], ...] = (
    ("opendocument.text", FormatDocument, "an OpenDocument text"),
    ("opendocument.presentation", FormatDocument, "an OpenDocument presentation"),
    ("opendocument.graphics", FormatDocument, "an OpenDocument drawing"),
    ("epub", FormatDocument, "an electronic book"),
)

_IWORK = {".numbers": "a Numbers workbook", ".pages": "a Pages document", ".key": "a Keynote presentation"}


def foreign(head: bytes) -> Refusal | None:
    """Return what the file is if its first block says that it cannot be imported."""
    for magic, error, name in _BINARY:
        if magic.match(head):
            return error, name
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    return _foreign_markup(text) or (_email(text) if _FIRST_LINE_OF_MAIL.match(text) else None)


def _foreign_markup(text: bytes) -> Refusal | None:
    if not _MARKUP.match(text):
        return None
    if _SVG.match(text) or (text.startswith(b"<?xml") and _SVG.search(text[:4096])):
        return FormatPicture, "an SVG picture"
    # Its tables are called like those of a web page.
    if _SPREADSHEET_XML.search(text[:4096]) and not _HTML.match(text):
        return FormatSpreadsheetXml, "a workbook of Excel 2003 in XML"
    if _HTML.match(text) or _HTML.search(text[:4096]):
        return FormatHtml, "a web page (HTML)"
    return FormatUnsupported, "an XML document"


def _email(text: bytes) -> Refusal | None:
    top = text[:8192].partition(b"\n\n")[0].partition(b"\r\n\r\n")[0]
    found = {match.lower() for match in _HEADERS.findall(top)}
    return (FormatEmail, "an e-mail") if len(found) >= _MAIL_HEADERS else None


def foreign_ole(mentions: Callable[[bytes], bool]) -> Refusal | None:
    """Return what an old Office file is if it is no workbook. `mentions` says whether the file holds some bytes."""
    for stream, error, name in _OLE_STREAMS:
        if mentions(stream.encode("utf-16-le")):
            return error, name
    return None


def foreign_zip(names: Collection[str], mimetype: str, file_name: str) -> Refusal | None:
    """Return what a zip container is if it is neither a workbook nor an archive of files. Names are in lower case."""
    for member, error, name in _ZIP_MEMBERS:
        if member in names:
            return error, name
    for part, error, name in _MIMETYPES:
        if part in mimetype:
            return error, name
    if any(name.startswith("index/") and name.endswith(".iwa") for name in names) or "index.zip" in names:
        return FormatIwork, _IWORK.get(PurePath(file_name).suffix.lower(), "a Numbers, Pages or Keynote document")
    if "meta-inf/manifest.mf" in names and any(name.endswith(".class") for name in names):
        return FormatProgram, "a Java program"
    return None
