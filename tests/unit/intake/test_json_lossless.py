"""Whatever JSON is written, however it is written: the values go out exactly as they came in."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.intake.merging.tables import texts
from headway.intake.pipeline import parse
from tests.unit.intake.parse_helpers import Parsed, make_request

# Not what a library would print, but whatever the grammar allows.
digits = st.integers(0, 10**30).map(str)
signs = st.sampled_from(["", "-"])
fractions = st.one_of(st.just(""), st.from_regex(r"\.[0-9]{1,25}", fullmatch=True))
exponents = st.one_of(st.just(""), st.from_regex(r"[eE][+-]?[0-9]{1,3}", fullmatch=True))
numbers = st.tuples(signs, digits, fractions, exponents).map("".join)
letters = st.one_of(
    st.characters(exclude_categories=["Cs", "Cc"]).map(lambda c: {'"': '\\"', "\\": "\\\\"}.get(c, c)),
    st.integers(0, 0xD7FF).map(lambda code: f"\\u{code:04x}"),
    st.sampled_from(["\\n", "\\/", "\\ud83d\\uDE00", "\\b", "\\t"]),
)
strings = st.lists(letters, max_size=12).map(lambda parts: '"' + "".join(parts) + '"')
blanks = st.sampled_from(["", " ", "\t", "  "])
scalars = st.one_of(numbers, strings, st.sampled_from(["true", "false", "null"]))


def _list(items: list[str], blank: str) -> str:
    return "[" + f",{blank}".join(items) + blank + "]"


def _object(members: dict[str, str], blank: str) -> str:
    # Two spellings may be the same key; the first one stays.
    own = {json.loads(key): (key, value) for key, value in reversed(members.items())}
    return "{" + f"{blank},".join(f"{key}{blank}:{value}" for key, value in own.values()) + "}"


def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(_list, st.lists(inner, max_size=4), blanks),
        st.builds(_object, st.dictionaries(strings, inner, max_size=4), blanks),
    )


values = st.recursive(scalars, containers, max_leaves=12)
keys = st.one_of(st.sampled_from(['"a"', '"b"', '"c"']), strings)
objects = st.builds(_object, st.dictionaries(keys, st.one_of(scalars, values), min_size=1, max_size=5), blanks)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-32-le"])


def read(text: str, name: str, encoding: str = "utf-8") -> tuple[Parsed, list[dict[str, Any]]]:
    """Parse a text; return the table, and the cells of each row as they are written, those of JSON as they read."""
    with tempfile.TemporaryDirectory() as folder:
        request = make_request(Path(folder), text.encode(encoding), name)
        (part,) = parse(request, lambda _progress: None).parts
        table = Parsed(part, [])
        batches = pq.read_table(part.path).combine_chunks().to_batches()
        rows: list[dict[str, Any]] = [{"raw": raw} for raw in table.raw()]
        start = 0
        for batch in batches:
            for column in part.columns:
                for place, cell in enumerate(texts(batch, column).to_pylist()):
                    rows[start + place][column.name] = (column.type.value, cell)
            start += batch.num_rows
        return table, rows


def _expected(kind: str, token: str) -> str | None:
    if token == "null":
        return None
    return str(json.loads(token)) if kind == "text" else token


@settings(max_examples=60, deadline=None)
@given(st.lists(objects, min_size=1, max_size=8), st.sampled_from(["array", "inside", "lines", "sequence"]), encodings)
def test_values_go_out_as_they_came_in(rows: list[str], layout: str, encoding: str) -> None:
    text = {
        "array": "[" + " ,\n".join(rows) + "]",
        "inside": '{"rows":[' + ",".join(rows) + "]}",
        "lines": "\n\n".join(rows) + "\n",
        "sequence": "".join(f"\x1e{row}\n" for row in rows),
    }[layout]
    _, found = read(text, "rows.ndjson" if layout == "lines" else "rows.json", encoding)
    assert [row["raw"] for row in found] == rows
    for source, row in zip(rows, found, strict=True):
        for key, token in _members(source):
            if key.strip():
                kind, cell = row[key]
                assert cell == _expected(kind, token), (key, kind)


def _members(source: str) -> list[tuple[str, str]]:
    """Return the members of an object with their texts, found by the library that the product does not use for it."""
    decoder = json.JSONDecoder()
    found, at = [], 1
    while source[at:].lstrip(" \t,")[:1] == '"':
        at = source.index('"', at)
        key, at = decoder.raw_decode(source, at)
        at = source.index(":", at) + 1
        _, end = decoder.raw_decode(source, at)
        found.append((key, source[at:end]))
        at = end
    return found


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.data())
def test_tables_of_arrays_and_columns_go_out_as_they_came_in(width: int, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(values, min_size=width, max_size=width), max_size=6))
    # Lists of nothing but objects would be rows themselves.
    rows.insert(0, ["0"] * width)
    _, found = read(_list([_list(row, "") for row in rows], "\n"), "rows.json")
    texts_of_rows = [_list(row, "") for row in rows]
    assert [row["raw"] for row in found] in (texts_of_rows, texts_of_rows[1:])
    names = [f"k{place}" for place in range(width + 1)]
    columns = [*zip(*rows, strict=True), tuple("1" for _ in rows)]
    members = ",".join(f'"{name}":{_list(list(column), "")}' for name, column in zip(names, columns, strict=True))
    _, found = read("{" + members + "}", "columns.json")
    assert [[row[name] for name in names] for row in found] == [
        [(row[name][0], _expected(row[name][0], token)) for name, token in zip(names, tokens, strict=True)]
        for row, tokens in zip(found, zip(*columns, strict=True), strict=True)
    ]
