"""JSON that is deep, long, broken, ambiguous, or no JSON."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from chaos.hostile_file import IMPORTS, MIB, HostileFile, Shelf, repeated

ROW = b'{"id": 1, "name": "abc"}'
ROWS = b"[" + b",\n".join([ROW] * 200) + b"]"
LINES = (ROW + b"\n") * 200


def hostile_json(seed: int) -> list[HostileFile]:
    return [*_deep(seed), *_broken(seed), *_large(seed), *_values(seed), *_lines(seed), *_shapes(seed)]


def _shapes(seed: int) -> list[HostileFile]:
    """Return tables that are written as arrays or as columns, and what only looks like them."""
    shelf = Shelf("json-shape", seed)
    wide = b"[" + b",".join(b'"c%d"' % number for number in range(6_000)) + b"]"
    columns = b"{" + b",".join(b'"c%d":[1,2]' % number for number in range(4_000)) + b"}"
    for encoding in ("utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        shelf.add(f"in-{encoding}", "wide.json", ROWS.decode().encode(encoding), IMPORTS)
    shelf.add("utf-32-cut", "cut.json", ROWS.decode().encode("utf-32-le")[:-2], "json.")
    shelf.add("columns", "columns.json", b'{"a": [1, 2, 3], "b": ["x", null, [1]]}', IMPORTS)
    shelf.add("columns-4000", "many.json", columns, IMPORTS)
    shelf.add("columns-not-equally-long", "ragged.json", b'{"a": [1, 2, 3], "b": [1]}', IMPORTS)
    shelf.add("columns-cut", "cut-columns.json", b'{"a": [1, 2, 3], "b": [1, 2', "json.truncated")
    shelf.add("split-by-a-library", "split.json", b'{"columns":["a","b"],"index":[0],"data":[[1,"x"]]}', IMPORTS)
    shelf.add("arrays-ragged", "ragged-rows.json", b'[["a","b"],[1],[1,2,3],[],null,{"a":1}]', IMPORTS)
    shelf.add("arrays-6000-wide", "wide-rows.json", b"[" + wide + b",[1]]", "table.too_many_columns")
    shelf.add("names-twice", "twice.json", b'[["a","a",""],[1,2,3]]', IMPORTS)
    shelf.add("separators-without-values", "marks.json", b"\x1e\n\x1e\n", "format.", "csv.", "json.", IMPORTS)
    shelf.add("path-of-points", "points.json", b'{"a.b": [{"x": 1}], "a": {"b": [{"x": 2}, {"x": 3}]}}', IMPORTS)
    return shelf.files


def _deep(seed: int) -> list[HostileFile]:
    shelf = Shelf("json-deep", seed)
    deep = ("json.too_deep", "json.malformed", "json.truncated")
    shelf.add("arrays-100000", "arrays.json", b"[" * 100_000 + b"]" * 100_000, "json.too_deep")
    shelf.add("objects-100000", "objects.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "json.too_deep")
    shelf.add("both-100000", "both.json", b'[{"a":' * 100_000 + b"1" + b"}]" * 100_000, "json.too_deep")
    shelf.add("arrays-10-million-open", "open.json", lambda: repeated(b"[" * MIB, 10), *deep, "json.row_too_large")
    shelf.add("four-open-arrays", "four.json", b"[[[[", "json.truncated")
    shelf.add("objects-600", "six.json", b'[{"a":' + b'{"b":' * 600 + b"1" + b"}" * 601 + b"]", "json.too_deep")
    shelf.add("arrays-400", "fair.json", b'[{"a":' + b"[" * 400 + b"]" * 400 + b"}]", IMPORTS)
    shelf.add("brackets-in-texts", "texts.json", b'[{"a": "' + b"[" * 100_000 + b'"}]', IMPORTS)
    shelf.add("in-a-line", "line.ndjson", LINES + b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", IMPORTS)
    shelf.add("closing-only", "closing.json", b"]" * 100_000, "json.", IMPORTS, "format.", "table.")
    return shelf.files


def _broken(seed: int) -> list[HostileFile]:
    shelf = Shelf("json-broken", seed)
    shelf.add("cut-in-the-middle", "cut.json", ROWS[: len(ROWS) // 2], "json.truncated")
    shelf.add("cut-in-a-text", "cut-text.json", b'[{"a": "b', "json.truncated")
    shelf.add("cut-in-an-escape", "cut-escape.json", b'[{"a": "b\\u00', "json.truncated", "json.malformed")
    shelf.add("cut-in-a-number", "cut-number.json", b'[{"a": -', "json.truncated")
    shelf.add("garbage-behind", "behind.json", ROWS + b" and more", "json.trailing")
    shelf.add("bracket-behind", "bracket.json", ROWS + b"]", "json.trailing")
    shelf.add("nul-behind", "nul.json", ROWS + bytes(100), "json.trailing", "format.", IMPORTS)
    shelf.add("documents-joined", "joined.json", ROWS + ROWS, "json.trailing")
    shelf.add("objects-joined", "objects.json", ROW * 100, IMPORTS)
    shelf.add("objects-joined-by-commas", "commas.json", b",".join([ROW] * 100), "json.")
    shelf.add("record-separators", "seq.json", (b"\x1e" + ROW + b"\n") * 100, IMPORTS, "json.", "format.", "csv.")
    shelf.add("comma-behind-the-last", "comma.json", ROWS[:-1] + b",]", "json.malformed")
    shelf.add("single-quotes", "single.json", b"[{'a': 1}]", "json.malformed", IMPORTS, "csv.")
    shelf.add("keys-without-quotes", "bare.json", b"[{a: 1}, {a: 2}]", "json.malformed", IMPORTS, "csv.")
    shelf.add("comments", "comments.json", b"[ /* x */ " + ROW + b"]", "json.malformed", IMPORTS)
    shelf.add("line-end-in-a-text", "raw.json", b'[{"a": "b\nc"}]', "json.malformed")
    shelf.add("javascript-around", "padded.json", b"callback(" + ROWS + b");", "json.", "csv.", "format.", IMPORTS)
    shelf.add("guard-before", "guard.json", b")]}',\n" + ROWS, "json.", "csv.", "format.", IMPORTS)
    shelf.add("mark-before", "mark.json", codecs.BOM_UTF8 + ROWS, IMPORTS)
    shelf.add("mark-twice", "marks.json", codecs.BOM_UTF8 * 2 + ROWS, "json.", IMPORTS, "format.")
    shelf.add("utf-16", "wide.json", ROWS.decode().encode("utf-16"), IMPORTS, "json.", "encoding.")
    shelf.add("utf-16-without-mark", "bare-wide.json", ROWS.decode().encode("utf-16-le"), IMPORTS, "json.", "format.")
    shelf.add("not-utf-8", "latin.json", '[{"a": "Köln"}]'.encode("latin-1"), "json.bad_text", IMPORTS)
    shelf.add("every-control", "controls.json", b'[{"a": "' + bytes(range(1, 32)) + b'"}]', "json.", "format.")
    return shelf.files


def _large(seed: int) -> list[HostileFile]:
    shelf = Shelf("json-large", seed)
    row = ("json.row_too_large", "limit.memory")
    text = b"x" * MIB
    shelf.add("text-of-50-mb", "text.json", lambda: [b'[{"a": "', *repeated(text, 50), b'"}]'], IMPORTS, *row)
    shelf.add(
        "text-without-end-50-mb", "endless.json", lambda: [b'[{"a": "', *repeated(text, 50)], "json.truncated", *row
    )
    shelf.add("key-of-50-mb", "key.json", lambda: [b'[{"', *repeated(text, 50), b'": 1}]'], *row, "table.", IMPORTS)
    shelf.add("escapes-of-12-mb", "escapes.json", lambda: [b'[{"a": "', b"\\u0041" * 2 * MIB, b'"}]'], IMPORTS, *row)
    shelf.add("keys-1-million", "keys.json", lambda: [b"[{", _keys(1_000_000), b"}]"], "table.too_many_columns", *row)
    shelf.add(
        "keys-1-million-alone", "object.json", lambda: [b"{", _keys(1_000_000), b"}"], "table.too_many_columns", *row
    )
    shelf.add("keys-100000-over-rows", "rows.json", lambda: _spread(100_000), "table.too_many_columns")
    shelf.add("keys-4000-over-rows", "sparse.ndjson", lambda: _sparse(4_000, 20), IMPORTS, "limit.")
    shelf.add("array-of-5-million-numbers", "numbers.json", lambda: [b"[0", b",1" * 5_000_000, b"]"], IMPORTS, "limit.")
    shelf.add("row-of-5-million-numbers", "row.json", lambda: [b'[{"a":[0', b",1" * 5_000_000, b"]}]"], IMPORTS, *row)
    shelf.add("empty-objects-5-million", "empty.ndjson", lambda: repeated(b"{}\n" * 50_000, 100), IMPORTS, "limit.")
    shelf.add("arrays-of-objects-10000", "lists.json", lambda: _lists(10_000), IMPORTS, "table.", "json.", "limit.")
    shelf.add("blanks-of-50-mb", "blanks.json", lambda: [b"[", *repeated(b" " * MIB, 50), ROW, b"]"], IMPORTS, "json.")
    shelf.add("line-of-10-mb", "long.ndjson", lambda: [LINES, b'{"a": "', text * 10, b'"}\n', LINES], IMPORTS, *row)
    shelf.add(
        "line-of-40-mb", "longer.ndjson", lambda: [LINES, b'{"a": "', *repeated(text, 40), b'"}\n'], IMPORTS, *row
    )
    shelf.add(
        "line-of-garbage-40-mb", "garbage.ndjson", lambda: [LINES, b"{", *repeated(text, 40)], "json.", "limit.memory"
    )
    return shelf.files


def _keys(count: int) -> bytes:
    return b",".join(b'"k%d":1' % number for number in range(count))


def _spread(count: int) -> Iterator[bytes]:
    yield b"["
    yield b",".join(b'{"k%d": 1}' % number for number in range(count))
    yield b"]"


def _sparse(keys: int, times: int) -> Iterator[bytes]:
    for number in range(keys * times):
        yield b'{"k%d": %d}\n' % (number % keys, number)


def _lists(count: int) -> Iterator[bytes]:
    yield b"{"
    yield b",".join(b'"l%d": [{"a": %d}]' % (number, number) for number in range(count))
    yield b"}"


def _values(seed: int) -> list[HostileFile]:
    shelf = Shelf("json-value", seed)

    def add(label: str, content: str, *may: str) -> None:
        shelf.add(label, f"{label}.json", content.encode("utf-8", "surrogatepass"), *may)

    add("key-twice", '[{"a": 1, "a": 2}]', "json.duplicate_key")
    add("key-twice-inside", '[{"a": {"b": 1, "b": 2}}]', "json.duplicate_key")
    add("key-twice-by-escape", '[{"a": 1, "\\u0061": 2}]', "json.duplicate_key")
    add("not-a-number", '[{"a": NaN}]', "json.not_a_number", "json.malformed")
    add("infinity", '[{"a": Infinity}, {"a": -Infinity}]', "json.not_a_number", "json.malformed")
    add("huge-exponents", '[{"a": 1e400}, {"a": -1e308}, {"a": 1e999999999}, {"a": 1e-999999999}]', IMPORTS)
    add("huge-integers", f'[{{"a": {"9" * 5_000}}}, {{"a": {2**63}}}, {{"a": -{2**64}}}]', IMPORTS)
    add("decimals-of-5000-digits", f'[{{"a": 0.{"3" * 5_000}}}]', IMPORTS)
    add("numbers-badly-written", '[{"a": 01}]', "json.malformed")
    add("numbers-as-hex", '[{"a": 0x1F}]', "json.malformed")
    add("plus-sign", '[{"a": +1}]', "json.malformed")
    add("negative-zero", '[{"a": -0}, {"a": -0.0}, {"a": 0}]', IMPORTS)
    add("lone-surrogate-escape", '[{"a": "\\ud800"}]', "json.bad_text", IMPORTS)
    add("lone-surrogate-escape-in-a-key", '[{"\\udfff": 1}]', "json.bad_text")
    add("lone-surrogate-bytes", '[{"a": "\ud800"}]', "json.bad_text")
    add("surrogates-swapped", '[{"a": "\\ude00\\ud83d"}]', "json.bad_text", IMPORTS)
    add("nul-escape", '[{"a": "x\\u0000y", "b\\u0000": 1}]', IMPORTS, "json.bad_text")
    add("mixed-types", '[{"a": 1}, {"a": "1"}, {"a": [1]}, {"a": {"b": 1}}, {"a": null}, {"a": true}]', IMPORTS)
    add("rows-of-every-kind", '[1, "a", null, [1], {"a": 1}, true]', IMPORTS)
    add("prototype-keys", '[{"__proto__": {"x": 1}, "constructor": 1, "toString": 2, "": 3, " ": 4}]', IMPORTS)
    add("keys-of-the-inside", '[{"c0": 1.50, "c0__written": 2, "__raw": 3, "value": 4}, 5]', IMPORTS)
    add("keys-of-markup", '[{"<script>alert(1)</script>": "<img src=x onerror=alert(1)>", "a\\nb": 1}]', IMPORTS)
    add("keys-alike", '[{"é": 1, "e\u0301": 2, "A": 3, "a": 4}]', IMPORTS)
    for label, scalar in {"null": "null", "number": "1", "text": '"x"', "true": "true"}.items():
        add(f"only-{label}", scalar, IMPORTS, "format.", "json.")
    add("only-an-empty-array", "[]", "format.empty", "format.blank")
    add("only-an-empty-object", "{}", "format.empty", "format.blank", IMPORTS)
    add("only-nulls", "[null, null, null]", IMPORTS, "format.empty", "format.blank")
    add("only-empty-rows", "[{}, {}, {}]", IMPORTS, "format.empty", "format.blank")
    return shelf.files


def _lines(seed: int) -> list[HostileFile]:
    shelf = Shelf("json-lines", seed)
    broken = ("json.malformed", "json.truncated", "json.trailing", "csv.too_many_bad_rows")
    shelf.add("not-utf-8-in-one", "bytes.ndjson", LINES + b'{"id": 2, "name": "\xff\xfe"}\n' + LINES, IMPORTS)
    shelf.add("every-line-broken", "all.ndjson", b'{"id": 1,}\n' * 300, "csv.too_many_bad_rows")
    shelf.add("broken-in-the-middle", "middle.ndjson", LINES + b'{"id": 2, "na\n' + LINES, *broken, IMPORTS)
    shelf.add("broken-at-the-end", "end.ndjson", LINES + b'{"id": 2, "na', *broken, IMPORTS)
    shelf.add(
        "text-in-the-middle", "text.ndjson", LINES + b"Traceback (most recent call last):\n" + LINES, *broken, IMPORTS
    )
    shelf.add("two-on-a-line", "two.ndjson", LINES + ROW + ROW + b"\n", *broken, IMPORTS)
    shelf.add("split-over-lines", "split.ndjson", ROW.replace(b",", b",\n") * 5, *broken, IMPORTS)
    shelf.add("blank-lines", "blank.ndjson", LINES.replace(b"\n", b"\n\n \r\n\t\n"), IMPORTS)
    shelf.add("cr-only", "cr.ndjson", LINES.replace(b"\n", b"\r"), IMPORTS, *broken)
    shelf.add("separators-of-unicode", "line.ndjson", LINES + '{"id": 1, "name": "a\u2028b\x85"}\n'.encode(), IMPORTS)
    shelf.add("arrays", "arrays.ndjson", b"[1, 2]\n[3]\n[]\n" * 20, IMPORTS)
    shelf.add("mark-in-every-line", "marks.ndjson", (codecs.BOM_UTF8 + ROW + b"\n") * 20, *broken, IMPORTS)
    return shelf.files
