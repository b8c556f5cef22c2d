"""Names that hurt on harmless content, names that lie about the content, and files that are two things at once."""

from __future__ import annotations

import struct
import zlib

from chaos.hostile_archives import gzip_of
from chaos.hostile_columnar import arrow, parquet
from chaos.hostile_file import IMPORTS, Content, HostileFile, Shelf
from chaos.hostile_xlsx import workbook
from chaos.hostile_zip import Container, member

TABLE = b"id,name,day\n" + b"1,abc,2024-05-06\n" * 50
JSON = b'[{"id": 1}, {"id": 2}]'
LINES = b'{"id": 1}\n{"id": 2}\n'

NAMES = {
    "traversal": "../../etc/passwd",
    "traversal-on-windows": "..\\..\\windows\\win.ini",
    "absolute": "/etc/passwd",
    "drive": "C:\\data\\a.csv",
    "share": "\\\\host\\share\\a.csv",
    "nul": "a.csv\x00.exe",
    "line-end": "a\nb.csv",
    "header-injection": 'a.csv"\r\nSet-Cookie: owned=1\r\n\r\n<html>',
    "double-quotes": 'a".csv',
    "quotes-and-semicolons": "a'; filename=\"b.csv\"; x='.csv",
    "backticks": "`id`$(id);|&.csv",
    "of-255-bytes": "n" * 251 + ".csv",
    "of-256-bytes": "n" * 252 + ".csv",
    "of-5000-bytes": "n" * 4_996 + ".csv",
    "of-300-emoji": "🦄" * 300 + ".csv",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈.csv",
    "combining": "e" + "\u0301" * 200 + ".csv",
    "direction-override": "invoice\u202evsc.exe",
    "isolates": "\u2066\u2067a\u2069.csv",
    "invisible": "\u200b\u200d\ufeff",
    "device": "CON",
    "device-with-extension": "NUL.csv",
    "device-port": "COM1.txt",
    "stream": "a.csv::$DATA",
    "dot": ".",
    "dots": "..",
    "dots-many": "......csv",
    "extension-only": ".csv",
    "extension-repeated": "a" + ".csv.gz" * 30,
    "extension-endless": "a." + "c" * 250,
    "empty": "",
    "blank": "   ",
    "tab": "\t",
    "slashes": "////",
    "dash": "-rf",
    "option": "--help.csv",
    "tilde": "~/.ssh/id_rsa",
    "markup": "<img src=x onerror=alert(1)>.csv",
    "template": "{{7*7}}${7*7}<%= 7*7 %>.csv",
    "formula": "=cmd|' /C calc'!A0.csv",
    "percent": "%2e%2e%2f%00%0d%0a.csv",
    "format": "%s%n{0}{name!r}.csv",
    "sql": "'; drop table imports; --.csv",
    "ansi": "\x1b[2J\x1b]0;owned\x07.csv",
    "lone-surrogate": "a\ud800.csv",
    "beyond-the-plane": "\U0010ffff.csv",
    "looks-encoded": "=?utf-8?b?Li4vLi4vYQ==?=.csv",
    "of-the-inside": "original",
}


def hostile_names(seed: int) -> list[HostileFile]:
    return [*_named(seed), *_lies(seed), *_binaries(seed), *_polyglots(seed)]


def _named(seed: int) -> list[HostileFile]:
    shelf = Shelf("name", seed)
    for label, name in NAMES.items():
        # A request without a usable name may be refused before there is a job.
        shelf.add(label, name, TABLE, IMPORTS, "upload.")
    return shelf.files


def _lies(seed: int) -> list[HostileFile]:
    shelf = Shelf("lie", seed)
    contents: dict[str, tuple[Content, str]] = {
        "csv": (TABLE, "xlsx xls parquet json ndjson gz arrow zip exe png"),
        "xlsx": (workbook(), "csv json parquet xls zip gz docx"),
        "parquet": (parquet(), "json csv xlsx arrow"),
        "arrow": (arrow(), "csv parquet"),
        "json": (JSON, "csv xlsx parquet ndjson"),
        "ndjson": (LINES, "csv json parquet"),
        "csv.gz": (gzip_of(TABLE), "csv xlsx parquet"),
        "parquet.gz": (gzip_of(parquet()), "csv.gz json"),
        "xlsx.gz": (gzip_of(workbook()), "csv.gz xlsx"),
    }
    for kind, (content, extensions) in contents.items():
        for extension in extensions.split():
            shelf.add(f"{kind}-called-{extension}".replace(".", "-"), f"lie.{extension}", content, IMPORTS)
    return shelf.files


def _binaries(seed: int) -> list[HostileFile]:
    shelf = Shelf("binary", seed)
    random = shelf.random("bytes")
    unsupported, no_table = ("format.",), ("format.not_a_table", "format.")
    elf = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHL", 2, 62, 1) + random.randbytes(4_000)
    shelf.add("elf-called-csv", "program.csv", elf, *unsupported)
    shelf.add(
        "windows-program-called-csv",
        "setup.csv",
        b"MZ\x90" + bytes(57) + b"\x80\0\0\0" + random.randbytes(4_000),
        *no_table,
    )
    shelf.add("png-called-csv", "picture.csv", _png(), *unsupported)
    shelf.add("jpeg-called-csv", "photo.csv", b"\xff\xd8\xff\xe0" + random.randbytes(9_000), *unsupported)
    shelf.add("pdf-called-csv", "paper.csv", b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n" * 50, *unsupported)
    shelf.add("random-called-csv", "random.csv", random.randbytes(100_000), *no_table)
    shelf.add(
        "random-of-16-bytes", "short.csv", bytes([200, 3, 0, 255, 1, 2, 250, 9, 0, 1, 2, 3, 4, 5, 6, 7]), *no_table
    )
    shelf.add(
        "random-behind-a-table", "half.csv", TABLE * 60 + random.randbytes(100_000), *no_table, "encoding.", "csv."
    )
    shelf.add("sqlite-called-csv", "base.csv", b"SQLite format 3\0" + bytes(4_080), *unsupported)
    shelf.add("zstd-called-csv", "packed.csv", b"\x28\xb5\x2f\xfd" + random.randbytes(500), *unsupported)
    shelf.add("xz-called-csv", "xz.csv", b"\xfd7zXZ\x00" + random.randbytes(500), *unsupported)
    shelf.add("bzip2-called-csv", "bz.csv", b"BZh91AY&SY" + random.randbytes(500), *unsupported)
    shelf.add("7-zip-called-csv", "seven.csv", b"7z\xbc\xaf\x27\x1c" + random.randbytes(500), *unsupported)
    shelf.add("rar-called-csv", "rar.csv", b"Rar!\x1a\x07\x01\x00" + random.randbytes(500), *unsupported)
    shelf.add("compress-called-csv", "old.Z", b"\x1f\x9d\x90" + random.randbytes(5_000), *no_table)
    shelf.add("zlib-called-csv", "zlib.csv", zlib.compress(TABLE * 50), *no_table, "encoding.")
    shelf.add("tar-called-csv", "tape.csv", _tar(), *no_table)
    shelf.add(
        "pickle-called-csv",
        "pickle.csv",
        b"\x80\x04\x95" + bytes(7) + b"cposix\nsystem\n\x8c\x02id\x85R." * 9,
        *no_table,
        "csv.",
    )
    shelf.add("java-class-called-csv", "Main.csv", b"\xca\xfe\xba\xbe\0\0\0\x34" + random.randbytes(3_000), *no_table)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
    shelf.add("svg-called-csv", "drawing.csv", svg, *unsupported)
    shelf.add("svg-behind-a-comment", "hidden.csv", b"<!-- x -->\n" + svg, *unsupported)
    html = b"<!DOCTYPE html><html><script>alert(1)</script><table><tr><td>1</td></tr></table></html>"
    shelf.add("html-called-csv", "page.csv", html, *unsupported)
    shelf.add("html-behind-blanks", "blank.csv", b"\xef\xbb\xbf\n\n\t " + html, *unsupported)
    shelf.add("html-of-an-error-page", "error.csv", b"<h1>502 Bad Gateway</h1>\n<p>nginx</p>\n", IMPORTS, *unsupported)
    shelf.add("xml-called-csv", "feed.csv", b'<?xml version="1.0"?><rows><row a="1"/></rows>', *unsupported)
    shelf.add("xml-bomb-called-xml", "bomb.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', *unsupported)
    shelf.add("rtf-called-csv", "letter.csv", b"{\\rtf1\\ansi hello}", *unsupported)
    shelf.add("script-called-csv", "run.csv", b"#!/bin/sh\nrm -rf / --no-preserve-root\n", IMPORTS, "format.")
    shelf.add(
        "mail-called-csv", "mail.csv", b"From: a@b.c\nSubject: x\n\nbody, and more\n" * 20, IMPORTS, "csv.", "format."
    )
    return shelf.files


def _png() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))

    size = struct.pack(">2L5B", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def _tar() -> bytes:
    header = b"../../etc/passwd".ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % len(TABLE)
    return (
        (header + b"\0" * 100).ljust(257, b"\0")
        + b"ustar\x0000"
        + bytes(248)
        + TABLE.ljust(2_048, b"\0")
        + bytes(1_024)
    )


def _polyglots(seed: int) -> list[HostileFile]:
    shelf = Shelf("polyglot", seed)
    archive = Container([member("a.csv", TABLE)], before=TABLE, counts_junk=True).to_bytes()
    text = (IMPORTS, "format.", "csv.", "encoding.")
    shelf.add("csv-and-zip", "both.csv", archive, *text)
    shelf.add("csv-and-workbook", "both.xlsx", TABLE + workbook(), *text)
    shelf.add("pdf-and-zip", "both.pdf", b"%PDF-1.4\n" + archive, "format.")
    shelf.add("picture-and-zip", "both.png", _png() + archive, "format.")
    shelf.add("gzip-and-parquet", "both.parquet", gzip_of(TABLE) + parquet(), "archive.")
    shelf.add("parquet-and-zip", "packed.parquet", parquet() + archive, "parquet.unreadable", "format.")
    shelf.add("zip-and-parquet", "zip.parquet", archive[len(TABLE) :] + parquet(), "archive.", IMPORTS)
    shelf.add("html-and-csv", "page.csv", b"<!--,-->\n" + TABLE, "format.", IMPORTS)
    shelf.add("csv-and-html", "table.csv", TABLE + b"<script>alert(1)</script>,x,y\n", IMPORTS)
    shelf.add("json-and-csv", "rows.csv", b'{"a",1\n{"b",2\n' * 20, *text, "json.")
    shelf.add("csv-that-begins-like-json", "list.csv", b"[1],[2],[3]\n" * 20, *text, "json.")
    shelf.add("csv-that-begins-like-parquet", "PAR1.csv", b"PAR1,PAR2\n1,2\n", IMPORTS)
    shelf.add(
        "csv-that-begins-and-ends-like-parquet", "PAR1PAR1.csv", b"PAR1,PAR2\n1,PAR1", IMPORTS, "parquet.unreadable"
    )
    shelf.add("csv-that-begins-like-zip", "PK.csv", b"PK,name\n1,a\n2,b\n", IMPORTS)
    shelf.add("csv-that-begins-like-a-program", "MZ.csv", b"MZ,name\n1,a\n2,b\n", IMPORTS)
    shelf.add("csv-that-begins-like-bzip2", "BZh.csv", b"BZh9,name\n1,a\n2,b\n", IMPORTS)
    shelf.add("csv-that-begins-like-a-sound", "ID3.csv", b"ID3,name\n1,a\n2,b\n", IMPORTS)
    shelf.add(
        "arrow-and-parquet", "both.arrow", arrow() + parquet(), "arrow.unreadable", "parquet.unreadable", "format."
    )
    shelf.add(
        "parquet-in-a-workbook", "inside.xlsx", workbook(extra=[member("x.parquet", parquet())]), IMPORTS, "sheet."
    )
    return shelf.files
