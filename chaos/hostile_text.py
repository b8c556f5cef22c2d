"""Text that is no table, or a table that is no fun: lengths, quotes, line ends, characters, numbers, poison cells."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from chaos.hostile_file import IMPORTS, MIB, HostileFile, Shelf, repeated

ROW = b"1,abc,2024-05-06\n"
HEAD = b"id,name,day\n"
TABLE = HEAD + ROW * 200


def hostile_text(seed: int) -> list[HostileFile]:
    return [
        *_sizes(seed),
        *_quotes(seed),
        *_lines(seed),
        *_encodings(seed),
        *_headers(seed),
        *_cells(seed),
        *_numbers(seed),
    ]


def _sizes(seed: int) -> list[HostileFile]:
    shelf = Shelf("size", seed)
    big = (IMPORTS, "csv.line_too_long", "limit.memory")
    shelf.add("one-field-of-50-mb", "field.csv", lambda: _one_field(b"x"), *big)
    shelf.add("one-quoted-field-of-50-mb", "quoted.csv", lambda: _one_field(b"x\n", b'"'), *big)
    shelf.add("one-field-of-70-mb", "long.csv", lambda: [HEAD, b"1,", *repeated(b"x" * MIB, 70)], "csv.line_too_long")
    shelf.add("one-line-of-50-mb", "line.txt", lambda: repeated(b"lorem ipsum " * 8192, 520), *big, "table.")
    shelf.add("one-line-of-50-mb-of-commas", "commas.csv", lambda: repeated(b"," * MIB, 50), "table.", "csv.")
    wide = ("table.too_many_columns",)
    shelf.add("columns-100000", "wide.csv", lambda: _wide(100_000), *wide)
    shelf.add("columns-100000-in-the-last-row", "late.csv", lambda: [TABLE, b"1," * 99_999, b"1\n"], IMPORTS)
    shelf.add("columns-5001", "edge.csv", lambda: _wide(5_001), *wide)
    shelf.add("columns-5000-rows-1000", "full.csv", lambda: _wide(5_000, 1_000), IMPORTS, "limit.memory", "limit.time")
    shelf.add("rows-of-one-byte-20-million", "thin.csv", lambda: repeated(b"1\n" * MIB, 20), IMPORTS, "limit.time")
    shelf.add("newlines-only-50-mb", "newlines.csv", lambda: repeated(b"\n" * MIB, 50), "format.empty", "format.blank")
    shelf.add(
        "blanks-only-50-mb", "blanks.csv", lambda: repeated(b" \t\r\n" * (MIB // 4), 50), "format.empty", "format.blank"
    )
    shelf.add("zeros-only-50-mb", "zeros.csv", lambda: repeated(bytes(MIB), 50), "format.")
    shelf.add("distinct-text-30-mb", "noise.csv", lambda: _noise(shelf), IMPORTS, "limit.")
    shelf.add("nothing", "nothing.csv", b"", "format.empty", "format.blank")
    shelf.add("one-byte", "one.csv", b"x", IMPORTS, "format.")
    return shelf.files


def _one_field(filling: bytes, quote: bytes = b"") -> Iterator[bytes]:
    yield HEAD + b"1," + quote
    yield from repeated(filling * (MIB // len(filling)), 50)
    yield quote + b",2024-05-06\n" + ROW


def _wide(columns: int, rows: int = 1) -> Iterator[bytes]:
    yield b",".join(b"c%d" % number for number in range(columns)) + b"\n"
    yield from repeated(b",".join([b"1"] * columns) + b"\n", rows)


def _noise(shelf: Shelf) -> Iterator[bytes]:
    random = shelf.random("noise")
    yield HEAD
    for number in range(300_000):
        yield b"%d,%032x,%064x\n" % (number, random.getrandbits(128), random.getrandbits(256))


def _quotes(seed: int) -> list[HostileFile]:
    shelf = Shelf("quote", seed)
    fair = (IMPORTS, "csv.too_many_bad_rows")
    shelf.add("open-at-the-start", "start.csv", b'"' + TABLE, *fair)
    shelf.add("open-in-the-middle", "middle.csv", TABLE + b'7,"abc,2024-05-06\n' + ROW * 200, *fair)
    shelf.add("open-at-the-end", "end.csv", TABLE + b'7,"abc', *fair)
    shelf.add(
        "open-at-the-start-40-mb",
        "open.csv",
        lambda: [b'"', *repeated(ROW * 60_000, 40)],
        *fair,
        "csv.line_too_long",
        "limit.",
    )
    shelf.add("open-in-every-row", "each.csv", HEAD + b'1,"abc,2024-05-06\n' * 1000, *fair, "csv.records_do_not_add_up")
    shelf.add("inside-cells", "inside.csv", HEAD + b'1,a"b"c,2024-05-06\n' * 100, *fair)
    shelf.add("behind-a-closed-one", "behind.csv", TABLE + b'1,"abc"def,2024-05-06\n', *fair)
    shelf.add("quotes-only", "only.csv", b'"' * 9_999, *fair, "format.", "table.")
    shelf.add("quotes-only-even-10-mb", "even.csv", lambda: repeated(b'"' * MIB, 10), *fair, "format.", "table.")
    shelf.add("pairs-of-quotes-in-lines", "pairs.csv", b'""\n' * 5_000, *fair, "format.")
    shelf.add("doubled-for-1-mb", "doubled.csv", [HEAD, b'1,"', b'""' * (MIB // 2), b'",2024-05-06\n'], *fair)
    shelf.add("single-quotes", "single.csv", HEAD + b"1,'a,b',2024-05-06\n" * 50, *fair)
    shelf.add("escaped-by-backslash", "backslash.csv", HEAD + b'1,"a\\"b",2024-05-06\n' * 50, *fair)
    shelf.add("line-ends-in-cells", "inner.csv", HEAD + b'1,"a\r\nb\rc\nd",2024-05-06\n' * 300, IMPORTS)
    return shelf.files


def _lines(seed: int) -> list[HostileFile]:
    shelf = Shelf("line", seed)
    mixed = HEAD + b"1,a,2024-05-06\r\n2,b,2024-05-06\r3,c,2024-05-06\n" * 50
    shelf.add("mixed-ends", "mixed.csv", mixed, IMPORTS)
    shelf.add("cr-only", "mac.csv", TABLE.replace(b"\n", b"\r"), IMPORTS)
    shelf.add("lf-then-cr", "lfcr.csv", TABLE.replace(b"\n", b"\n\r"), IMPORTS, "csv.")
    shelf.add("cr-cr-lf", "crcrlf.csv", TABLE.replace(b"\n", b"\r\r\n"), IMPORTS)
    shelf.add(
        "unicode-separators", "separators.csv", HEAD + "1,a\u2028b\u2029c\x85d,2024-05-06\n".encode() * 50, IMPORTS
    )
    shelf.add("form-feeds", "feeds.csv", TABLE.replace(b"\n", b"\n\x0c"), IMPORTS, "csv.")
    shelf.add("delimiters-only", "delimiters.csv", b",,,\n" * 1000, IMPORTS, "format.empty", "format.blank")
    shelf.add("one-delimiter", "comma.csv", b",", IMPORTS, "format.empty", "format.blank")
    shelf.add("every-delimiter", "all.csv", b"a,b;c\td|e:f^g~h\x01i j\n1,2;3\t4|5:6^7~8\x019 0\n" * 40, IMPORTS)
    shelf.add("header-only", "header.csv", HEAD, IMPORTS, "format.empty", "format.blank")
    shelf.add("header-only-without-end", "header-open.csv", HEAD.strip(), IMPORTS, "format.empty", "format.blank")
    shelf.add("ragged", "ragged.csv", HEAD + b"1\n1,2\n1,2,3\n1,2,3,4\n" * 100, IMPORTS, "csv.too_many_bad_rows")
    rejects = (IMPORTS, "csv.too_many_bad_rows")
    shelf.add("rejects-10000", "rejects.csv", lambda: [HEAD, ROW * 100_000, b"1,2,3,4,5\n" * 10_000], *rejects)
    shelf.add("rejects-300000", "all-bad.csv", lambda: [HEAD, ROW * 1_000, b"1,2\n" * 300_000], *rejects)
    shelf.add("long-rejects", "long-bad.csv", lambda: [TABLE, (b"y," * MIB + b"\n") * 20], *rejects, "limit.memory")
    shelf.add("comments-only", "comments.csv", b"# nothing to see\n# here\n" * 100, IMPORTS, "format.")
    shelf.add("preamble-of-60-lines", "preamble.csv", b"Report of the day\n" * 60 + TABLE, IMPORTS, "csv.")
    shelf.add("sep-line", "sep.csv", b"sep=;\nid;name\n1;a\n2;b\n", IMPORTS)
    shelf.add("sep-line-of-a-quote", "sep-quote.csv", b'sep="\nid"name\n1"a\n', IMPORTS, "csv.", "format.")
    shelf.add("sep-lines-nested-5000", "sep-deep.csv", b"sep=;\n" * 5_000 + b"a;b\n1;2\n", IMPORTS, "csv.", "format.")
    shelf.add("sep-line-of-cr", "sep-cr.csv", b"sep=\r\r\na\rb\r\n1\r2\r\n", IMPORTS, "csv.", "format.")
    return shelf.files


def _encodings(seed: int) -> list[HostileFile]:
    shelf = Shelf("encoding", seed)
    fair = (IMPORTS, "encoding.")
    wide = codecs.BOM_UTF16_LE + TABLE.decode().encode("utf-16-le")
    shelf.add("utf-8-mark-only", "mark.csv", codecs.BOM_UTF8, "format.empty", "format.blank")
    shelf.add("utf-16-mark-only", "mark16.csv", codecs.BOM_UTF16_LE, "format.empty", "format.blank", "encoding.")
    shelf.add("utf-32-mark-only", "mark32.csv", codecs.BOM_UTF32_LE, "format.empty", "format.blank", "encoding.")
    shelf.add("utf-8-mark-thrice", "marks.csv", codecs.BOM_UTF8 * 3 + TABLE, IMPORTS)
    shelf.add("utf-8-marks-inside", "inner-marks.csv", TABLE + codecs.BOM_UTF8 + TABLE, IMPORTS)
    shelf.add("utf-16-odd-length", "odd.csv", wide[:-1], IMPORTS)
    shelf.add("utf-16-lone-surrogate", "lone.csv", wide + b"\x00\xd8,\x00\n\x00", "encoding.")
    shelf.add("utf-16-mark-on-utf-8", "lie16.csv", codecs.BOM_UTF16_LE + TABLE, *fair, "format.", "csv.")
    shelf.add("utf-16-without-mark", "bare16.csv", wide[2:], IMPORTS)
    shelf.add("utf-32", "wide32.csv", TABLE.decode().encode("utf-32"), IMPORTS, "encoding.", "format.")
    shelf.add("utf-7", "seven.csv", "id,name\n1,Grüße\n".encode("utf-7"), IMPORTS)
    shelf.add("utf-8-overlong", "overlong.csv", TABLE + b"1,\xc0\xaf\xe0\x80\xaf,2024-05-06\n", *fair)
    shelf.add("utf-8-surrogates", "cesu.csv", TABLE + b"1,\xed\xa0\xbd\xed\xb8\x80,2024-05-06\n", *fair)
    shelf.add("utf-8-beyond-unicode", "beyond.csv", TABLE + b"1,\xf4\x90\x80\x80,2024-05-06\n", *fair)
    shelf.add("utf-8-cut-inside-a-character", "cut.csv", TABLE + "1,ü".encode()[:-1], *fair)
    shelf.add("every-byte", "bytes.csv", bytes(range(256)) * 40, *fair, "format.")
    shelf.add("high-bytes-only", "high.csv", lambda: _high(shelf), *fair, "format.", "csv.")
    shelf.add("mixed-in-mid-file", "changes.csv", _mixed(), *fair)
    shelf.add("utf-16-behind-utf-8", "tail16.csv", TABLE + TABLE.decode().encode("utf-16-le"), *fair, "format.", "csv.")
    shelf.add("shift-jis", "japan.csv", "番号,名前\n1,東京ソ表\n".encode("shift-jis") * 30, *fair)
    shelf.add("ebcdic", "mainframe.csv", TABLE.decode().encode("cp037"), *fair, "format.", "csv.")
    shelf.add("nul-bytes-in-cells", "nul.csv", HEAD + b"1,a\x00b,2024-05-06\n" * 100, IMPORTS, "format.not_a_table")
    shelf.add("nul-bytes-in-the-header", "nul-head.csv", HEAD.replace(b"n", b"\x00") + ROW, IMPORTS, "format.")
    shelf.add("nul-bytes-behind-the-table", "padded.csv", TABLE + bytes(5_000), IMPORTS, "format.", "csv.")
    return shelf.files


def _high(shelf: Shelf) -> bytes:
    random = shelf.random("high")
    return b"".join(bytes(random.randrange(0x80, 0x100) for _ in range(40)) + b"\n" for _ in range(500))


def _mixed() -> bytes:
    line = "1,Grüße aus Köln,2024-05-06\n"
    return HEAD + line.encode() * 300 + line.encode("cp1252") * 300 + line.encode("cp437") * 3


def _headers(seed: int) -> list[HostileFile]:
    shelf = Shelf("header", seed)
    shelf.add("duplicates", "twice.csv", b"a,a,a_2,a,A\n1,2,3,4,5\n", IMPORTS)
    shelf.add(
        "duplicates-4000", "same.csv", lambda: b",".join([b"a"] * 4_000) + b"\n" + b"x," * 3_999 + b"y\n", IMPORTS
    )
    shelf.add("empty-names", "blank.csv", b",,\nx,y,z\n", IMPORTS)
    shelf.add("blank-names", "spaces.csv", " ,\t,\u00a0,\u200b\nx,y,z,w\n".encode(), IMPORTS)
    shelf.add("name-of-1-mb", "huge.csv", lambda: b"a," + b"n" * MIB + b"\n1,2\n", IMPORTS, "table.")
    shelf.add("names-of-10-kb-1000", "huge-all.csv", _long_names, IMPORTS, "table.", "csv.", "limit.")
    names = b'c0,c0__written,__raw,_row,rowid,select,"""; drop table jobs; --",constructor,__proto__\n'
    shelf.add("names-of-the-inside", "inside.csv", names + b"1.0,2,3,4,5,6,7,8,9\n2.50,2,3,4,5,6,7,8,9\n", IMPORTS)
    shelf.add(
        "names-of-markup", "markup.csv", b"<img src=x onerror=alert(1)>,<script>,{{7*7}},${x}\na,b,c,d\n", IMPORTS
    )
    shelf.add("names-of-line-ends", "ends.csv", b'"a\nb","c\r\nd"\nx,y\n', IMPORTS)
    shelf.add("names-of-nul-and-controls", "controls.csv", b"a\x00b,\x1b[31mred,\x08\x08\nx,y,z\n", IMPORTS, "format.")
    shelf.add("names-that-normalise-alike", "alike.csv", "é,e\u0301,\u212b,Å\nw,x,y,z\n".encode(), IMPORTS)
    return shelf.files


def _long_names() -> Iterator[bytes]:
    yield b",".join(b"%d" % number + b"n" * 10_000 for number in range(1_000)) + b"\n"
    yield b",".join([b"x"] * 1_000) + b"\n"


def _cells(seed: int) -> list[HostileFile]:
    shelf = Shelf("cell", seed)
    formulas = b"=1+1|=cmd|' /C calc'!A0|+1|-1+2|@SUM(A1)|\t=1|\r=1|=HYPERLINK(\"http://x\")|%0A=1"
    shelf.add("formulas", "formulas.csv", HEAD + _column(formulas.split(b"|")), IMPORTS)
    markup = [
        b"<script>alert(1)</script>",
        b"<img src=x onerror=alert(1)>",
        b"javascript:alert(1)",
        b"]]><x/>",
        b"&lt;",
    ]
    shelf.add("markup", "markup.csv", HEAD + _column(markup), IMPORTS)
    shelf.add("ansi-escapes", "ansi.csv", HEAD + _column([b"\x1b[2J\x1b]0;owned\x07", b"\x1b[31mred\x1b[0m"]), IMPORTS)
    controls = [bytes([number]) * 2 + b"x" for number in range(1, 32) if number not in (10, 13)]
    shelf.add("control-characters", "controls.csv", HEAD + _column(controls), IMPORTS, "format.not_a_table")
    bidi = ["\u202egnp.exe", "\u2066\u2067\u2068x\u2069", "\ufeffx", "a\u0300" * 500, "👩‍👩‍👧‍👦" * 100, "\U000e0041"]
    shelf.add("direction-overrides", "bidi.csv", HEAD + _column([text.encode() for text in bidi]), IMPORTS)
    sql = [b"'; drop table datasets; --", b"' or 1=1 --", b'"); select 1; --', b"%s%d%n", b"{0.__class__}", b"$(id)"]
    shelf.add("sql-and-formats", "sql.csv", HEAD + _column(sql), IMPORTS)
    paths = [b"../../etc/passwd", b"file:///etc/passwd", b"\\\\host\\share", b"/dev/zero", b"http://169.254.169.254/"]
    shelf.add("paths-and-addresses", "paths.csv", HEAD + _column(paths), IMPORTS)
    bait = b"a" * 50_000 + b"!"
    shelf.add("regex-bait-letters", "bait.csv", HEAD + _column([bait]), IMPORTS)
    shelf.add("regex-bait-numbers", "digits.csv", HEAD + _column([b"1 000," * 9_000, b"1." * 25_000]), IMPORTS, "csv.")
    shelf.add("regex-bait-quotes", "bait-quotes.csv", [HEAD, b'1,"' + b'""a' * 300_000 + b"\n"], IMPORTS, "csv.")
    shelf.add(
        "sql-script", "dump.sql", b"INSERT INTO t VALUES (1, 'a;b');\nDROP TABLE t;\n" * 50, IMPORTS, "format.", "csv."
    )
    missing = [b"NULL", b"null", b"NaN", b"N/A", b"None", b"-", b"\\N", b"#N/A", b"?"]
    shelf.add("words-for-nothing", "missing.csv", HEAD + _column(missing), IMPORTS)
    return shelf.files


def _column(cells: list[bytes]) -> bytes:
    """Return rows under `HEAD`, each with one of these as its name, quoted."""
    return b"".join(b'%d,"%b",2024-05-06\n' % (at, cell.replace(b'"', b'""')) for at, cell in enumerate(cells))


def _numbers(seed: int) -> list[HostileFile]:
    shelf = Shelf("number", seed)

    def add(label: str, *cells: bytes) -> None:
        shelf.add(label, f"{label}.csv", lambda: b"n,m\n" + b"".join(b"%b,x\n" % cell for cell in cells), IMPORTS)

    add("huge-exponents", b"1e308", b"1e400", b"-1e999999999", b"1e-400")
    add("digits-5000", b"9" * 5_000, b"-" + b"1" * 5_000, b"0." + b"3" * 5_000)
    add("digits-1-mb", b"7" * MIB)
    add("around-64-bits", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"-0")
    add("around-38-digits", b"9" * 38, b"9" * 39, b"1." + b"9" * 37)
    add("scales-that-do-not-fit-together", b"9" * 30 + b".1", b"0." + b"1" * 30)
    add("words", b"inf", b"-Infinity", b"nan", b"1e", b"0x1F", b"1_000", b"0b1", b"1d", b"1f")
    add("other-digits", "\u0661\u0662\u0663".encode(), "\uff11\uff12".encode(), "\u00b2".encode(), "\u2212 1".encode())
    add("leading-zeros", b"007", b"00", b"-01", b"+1", b"0123456789")
    days = (b"2024-02-30", b"0000-00-00", b"9999-12-31", b"10000-01-01", b"-0044-03-15", b"2024-13-01")
    add("dates-out-of-range", *days)
    times = (b"2024-01-01T25:00:00", b"2024-01-01T23:59:60Z", b"2024-01-01T00:00:00+99:99", b"1e9999-01-01")
    add("times-out-of-range", *times)
    add(
        "times-of-nanoseconds",
        b"2024-01-01T00:00:00.123456789Z",
        b"0001-01-01T00:00:00Z",
        b"9999-12-31T23:59:59.999999",
    )
    return shelf.files
