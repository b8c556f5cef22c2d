"""JSON and NDJSON: every row keeps its text, every value its digits; what is broken says where."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headway.errors import AppError
from headway.intake.errors import (
    FormatEmpty,
    JsonBadText,
    JsonDuplicateKey,
    JsonMalformed,
    JsonNotANumber,
    JsonRowTooLarge,
    JsonTooDeep,
    JsonTrailing,
    JsonTruncated,
)
from headway.intake.formats import json_rows, json_window
from headway.intake.text_errors import EncodingUnknown, TooManyColumns, TypeDoesNotFit

from .parse_helpers import Parsed, parse_bytes


def parse(folder: Path, text: str | bytes, **options: Any) -> Parsed:
    content = text if isinstance(text, bytes) else text.encode()
    return parse_bytes(json_rows.parse, folder, content, "table.json", **options)


def parse_lines(folder: Path, text: str | bytes, **options: Any) -> Parsed:
    content = text if isinstance(text, bytes) else text.encode()
    return parse_bytes(json_rows.parse_lines, folder, content, "table.ndjson", **options)


# ------------------------------------------------------------------------------------------------------- layout


def test_an_array_of_objects(tmp_path: Path) -> None:
    table = parse(tmp_path, '[{"id": 1, "t": "x"},\n {"id": 2, "t": "y"}]')
    assert table.types == {"id": "integer", "t": "text"}
    assert table.values("id") == [1, 2]
    assert table.raw() == ['{"id": 1, "t": "x"}', '{"id": 2, "t": "y"}']
    assert table.part.rows == 2
    assert table.physical_names() == ["c0", "c1", "raw"]


def test_lines(tmp_path: Path) -> None:
    table = parse_lines(tmp_path, '{"a":1}\r\n\n  {"a":2}  \n{"a":3}')
    assert table.values("a") == [1, 2, 3]
    assert table.raw() == ['{"a":1}', '{"a":2}', '{"a":3}']


def test_objects_one_after_another(tmp_path: Path) -> None:
    assert parse(tmp_path, '{\n"a":1\n}\n{\n"a":2\n}\n').values("a") == [1, 2]


def test_the_largest_list_inside_an_object_is_found_and_told(tmp_path: Path) -> None:
    table = parse(tmp_path, '{"meta":{"n":2},"few":[{"x":1}],"page":{"data":[{"id":1},{"id":2}]},"tags":["a","b"]}')
    assert table.values("id") == [1, 2]
    assert table.part.name == "data"
    decision = table.decision("rows")
    assert (decision.value, decision.runner_up) == ("page.data", "few")
    assert "not imported" in decision.evidence


def test_one_object_without_a_list_is_one_row(tmp_path: Path) -> None:
    table = parse(tmp_path, '{"a":[1,2],"b":"x"}')
    assert table.part.rows == 1
    assert table.values("a") == ["[1,2]"]


def test_rows_that_are_no_objects(tmp_path: Path) -> None:
    table = parse(tmp_path, "[1, 2, null]")
    assert table.values("value") == [1, 2, None]
    assert table.raw() == ["1", "2", "null"]


def test_rows_that_are_no_objects_beside_a_key_called_value(tmp_path: Path) -> None:
    table = parse(tmp_path, '[{"value": 5}, 7]')
    assert table.values("value") == [5, None]
    assert table.values("value_of_row") == [None, 7]


@pytest.mark.parametrize("text", ["[]", "{}", "[{}, {}]", '{"data": []}'])
def test_a_list_of_nothing(tmp_path: Path, text: str) -> None:
    if "data" not in text:
        with pytest.raises(FormatEmpty):
            parse(tmp_path, text)
    else:
        assert parse(tmp_path, text).values("data") == ["[]"]


ENCODINGS = ["utf-8", "utf-8-sig"] + [f"utf-{bits}{order}" for bits in (16, 32) for order in ("", "-le", "-be")]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings_with_a_mark_and_without(tmp_path: Path, encoding: str) -> None:
    table = parse(tmp_path, '[{"é":"東京"}]'.encode(encoding))
    assert table.values("é") == ["東京"]
    assert table.raw() == ['{"é":"東京"}']


def test_an_encoding_that_was_named(tmp_path: Path) -> None:
    assert parse(tmp_path, '[{"a":"Köln"}]'.encode("latin-1"), encoding="latin-1").values("a") == ["Köln"]
    (tmp_path / "other").mkdir()
    with pytest.raises(EncodingUnknown):
        parse(tmp_path / "other", "[1]", encoding="zip")


def test_values_behind_record_separators(tmp_path: Path) -> None:
    assert parse(tmp_path, '\x1e{"a":1}\n\x1e{"a":2}\n').raw() == ['{"a":1}', '{"a":2}']


# -------------------------------------------------------------------------------------------------------- types


def test_a_json_text_stays_text(tmp_path: Path) -> None:
    table = parse(tmp_path, '[{"n":"00123","d":"2024-01-02","e":"a\\n\\"b\\" \\u00e9 \\ud83d\\ude00 \\\\"}]')
    assert set(table.types.values()) == {"text"}
    assert table.values("n") == ["00123"]
    assert table.values("e") == ['a\n"b" é 😀 \\']


def test_numbers_keep_all_their_digits(tmp_path: Path) -> None:
    row = '{"big":12345678901234567890123,"dec":0.1234567890123456789,"safe":9007199254740992,"over":9007199254740993}'
    table = parse(tmp_path, f"[{row}]")
    assert table.types == {"big": "big_integer", "dec": "decimal", "safe": "integer", "over": "big_integer"}
    assert table.values("big") == [Decimal(12345678901234567890123)]
    assert table.values("dec") == [Decimal("0.1234567890123456789")]
    assert table.raw() == [row]


def test_a_number_that_prints_otherwise_keeps_its_written_form(tmp_path: Path) -> None:
    table = parse(tmp_path, '[{"a":1.5,"b":-0,"c":1e5},{"a":2.25,"b":1,"c":2.5},{"a":3,"b":2,"c":7}]')
    assert table.types == {"a": "decimal", "b": "integer", "c": "number"}
    assert table.values("a") == [Decimal("1.50"), Decimal("2.25"), Decimal("3.00")]
    assert table.written("a") == ["1.5", None, "3"]
    assert table.written("b") == ["-0", None, None]
    assert table.values("c") == [100000.0, 2.5, 7.0]
    assert table.written("c")[0] == "1e5"


@pytest.mark.parametrize("number", ["1e400", "1." + "1" * 50, "9" * 5000])
def test_a_number_beyond_every_type_stays_json(tmp_path: Path, number: str) -> None:
    table = parse(tmp_path, f'[{{"n":{number}}}]')
    assert table.types == {"n": "json"}
    assert table.values("n") == [number]


def test_booleans_nested_and_mixed_values(tmp_path: Path) -> None:
    table = parse_lines(tmp_path, '{"a":1,"b":true,"c":[1, {"k":null}]}\n{"a":"x","b":false,"c":{}}\n{"a":{"k": 1}}\n')
    assert table.types == {"a": "json", "b": "boolean", "c": "json"}
    assert table.values("a") == ["1", '"x"', '{"k": 1}']
    assert table.values("b") == [True, False, None]
    assert table.values("c") == ['[1, {"k":null}]', "{}", None]


def test_missing_and_null_are_told_apart_by_the_row(tmp_path: Path) -> None:
    table = parse(tmp_path, '[{"a":1,"b":null},{"a":2}]')
    assert table.values("b") == [None, None]
    assert table.column("b").nulls == 2
    assert table.raw() == ['{"a":1,"b":null}', '{"a":2}']


def test_a_key_and_a_type_that_come_late_count_for_the_whole_column(tmp_path: Path) -> None:
    lines = "".join(f'{{"a":{i}}}\n' for i in range(40_000)) + '{"a":"text","new":"late"}\n'
    table = parse_lines(tmp_path, lines)
    assert table.types == {"a": "json", "new": "text"}
    assert table.values("new")[-1] == "late"
    assert table.column("new").nulls == 40_000
    assert table.values("a")[-2:] == ["39999", '"text"']


def test_names_are_never_blank(tmp_path: Path) -> None:
    assert list(parse(tmp_path, '[{"":1,"a.b":2," ":3,"column_1":4}]').types) == [
        "column_1_2",
        "a.b",
        "column_3",
        "column_1",
    ]


def test_types_that_were_asked_for(tmp_path: Path) -> None:
    asked = {"a": "text", "b": "decimal", "c": "json", "d": "number"}
    table = parse(tmp_path, '[{"a":1,"b":2,"c":3,"d":4},{"a":"x","b":2.5,"c":3,"d":4}]', types=asked)
    assert table.types == asked
    assert table.values("a") == ["1", "x"]
    assert table.values("c") == ["3", "3"]


def test_a_type_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeDoesNotFit):
        parse(tmp_path, '[{"a":"1"}]', types={"a": "integer"})


# ------------------------------------------------------------------------------------------------------- faults

FAULTS: dict[str, tuple[str | bytes, type[AppError], int]] = {
    "duplicate key": ('[{"a":1},\n{"a":1,"a":2}]', JsonDuplicateKey, 2),
    "duplicate key deeper": ('[{"b":[{"a":1,"a":2}]}]', JsonDuplicateKey, 1),
    "duplicate key outside": ('{"d":[{"a":1}],\n"d":[{"a":1}]}', JsonDuplicateKey, 2),
    "NaN": ('[{"a":NaN}]', JsonNotANumber, 1),
    "Infinity": ('[{"a":[-Infinity]}]', JsonNotANumber, 1),
    "garbage behind": ('[{"a":1}]\ngarbage', JsonTrailing, 2),
    "truncated array": ('[{"a":1},\n{"a":', JsonTruncated, 2),
    "truncated text": ('[{"a":1},\n{"a":"x', JsonTruncated, 2),
    "truncated literal": ('[{"a":1},\n{"a":tru', JsonTruncated, 2),
    "truncated between": ('[{"a":1}\n', JsonTruncated, 2),
    "no comma": ('[{"a":1}\n{"a":2}]', JsonMalformed, 2),
    "trailing comma": ('[{"a":1},\n]', JsonMalformed, 2),
    "trailing comma in an object": ('[{"a":1,}]', JsonMalformed, 1),
    "leading zero": ('[{"a":01}]', JsonMalformed, 1),
    "plus": ('[{"a":+1}]', JsonMalformed, 1),
    "single quotes": ("[{'a':1}]", JsonMalformed, 1),
    "no quotes": ("[{a:1}]", JsonMalformed, 1),
    "control character": ('[{"a":"x\ny"}]', JsonMalformed, 1),
    "lone surrogate": ('[{"a":1},\n{"a":"\\ud800"}]', JsonBadText, 2),
    "lone surrogate in a key": ('[{"\\udc00":1}]', JsonBadText, 1),
    "not UTF-8": (b'[{"a":"\xff"}]', JsonBadText, 1),
    "deep": ("[" * 100_000 + "]" * 100_000, JsonTooDeep, 1),
    "deep value": ('[{"a":1},\n{"a":' + "[" * 501 + "]" * 501 + "}]", JsonTooDeep, 2),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_says_where(tmp_path: Path, case: str) -> None:
    text, expected, line = FAULTS[case]
    with pytest.raises(AppError) as caught:
        parse(tmp_path, text)
    assert type(caught.value) is expected
    assert caught.value.data["line"] == line


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('[{"a":1},\n  {"b" 2}]', (2, 8), "A colon is expected"),
        ('[{"a":1},\n{"b":2},]', (2, 9), "No comma may stand before a closing bracket"),
        ('[{"a":1,\n}]', (2, 1), "No comma may stand before a closing bracket"),
        ("[{'a':1}]", (1, 3), "double quotes only"),
        ("[{a:1}]", (1, 3), "A key in double quotes"),
        ('[ // all\n{"a":1}]', (1, 3), "no comments"),
        ('[{"a":True}]', (1, 7), "true, false and null"),
        ('[{"a":+1}]', (1, 7), "numbers like"),
        ('[{"a":01}]', (1, 8), "numbers like"),
        ('[{"a":.5}]', (1, 7), "numbers like"),
        ('[{"a":"x\ty"}]', (1, 9), "has to be escaped"),
        (b'[{"a":1},\n{"b":"\xff"}]', (2, 7), "The byte FF is not UTF-8"),
    ],
)
@pytest.mark.parametrize("block", [1, 5, 1 << 20])
def test_a_fault_says_its_column_and_what_is_meant(
    tmp_path: Path, text: str | bytes, place: tuple[int, int], words: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_window, "_BLOCK", block)
    with pytest.raises(AppError, match=words) as caught:
        parse(tmp_path, text)
    assert (caught.value.data["line"], caught.value.data["column"]) == place
    assert f"line {place[0]}, column {place[1]}" in caught.value.detail


LINE_FAULTS: dict[str, tuple[str, type[AppError], int]] = {
    "broken line": ('{"a":1}\n{"a":2\n{"a":3}\n', JsonMalformed, 2),
    "last line stops": ('{"a":1}\n\n{"a":2', JsonTruncated, 3),
    "two on a line": ('{"a":1}\n{"a":2} {"a":3}\n', JsonTrailing, 2),
    "duplicate key": ('{"a":1}\n{"a":1,"a":2}\n', JsonDuplicateKey, 2),
    "NaN": ('{"a":NaN}\n', JsonNotANumber, 1),
}


@pytest.mark.parametrize("case", LINE_FAULTS)
def test_a_fault_in_lines_says_which_where_none_may_be_left_out(tmp_path: Path, case: str) -> None:
    text, expected, line = LINE_FAULTS[case]
    with pytest.raises(AppError) as caught:
        parse_lines(tmp_path, text, bad_rows="fail")
    assert type(caught.value) is expected
    assert caught.value.data["line"] == line


def test_a_nesting_below_the_limit_is_kept(tmp_path: Path) -> None:
    deep = "[" * 400 + "]" * 400
    assert parse(tmp_path, f'[{{"a":{deep}}}]').values("a") == [deep]


@pytest.mark.parametrize("text", ['[{"a":"' + "x" * 5000 + '"}]', '[{"a":1},{"a":' + "1" * 5000])
def test_a_row_has_a_limit(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_window, "MAX_ROW_CHARS", 1000)
    monkeypatch.setattr(json_window, "_BLOCK", 256)
    with pytest.raises(JsonRowTooLarge):
        parse(tmp_path, text)
    (tmp_path / "lines").mkdir()
    with pytest.raises(JsonRowTooLarge):
        parse_lines(tmp_path / "lines", '{"a":"' + "x" * 5000)


def test_keys_have_a_limit(tmp_path: Path) -> None:
    with pytest.raises(TooManyColumns):
        parse_lines(tmp_path, "".join(f'{{"k{i}":1}}\n' for i in range(5001)))


# --------------------------------------------------------------------------------------------------- boundaries


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("layout", ["array", "inside", "values", "lines"])
def test_where_the_blocks_end_makes_no_difference(
    tmp_path: Path, block: int, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"id": 10 + i, "t": 'é "q" \\ \n 😀' * (i % 3), "f": i / 4, "n": {"k": [None, True, False, {"x": -1.5e3}]}}
        for i in range(20)
    ]
    texts = [json.dumps(row, ensure_ascii=i % 2 == 0) for i, row in enumerate(rows)]
    whole = {
        "array": "[" + " ,\n".join(texts) + " ] ",
        "inside": '{"m": {"k": 1}, "d": [' + ",".join(texts) + '], "e": null}',
        "values": "\n\n".join(texts),
        "lines": "\n".join(texts),
    }[layout]
    monkeypatch.setattr(json_window, "_BLOCK", block)
    table = parse_lines(tmp_path, whole) if layout == "lines" else parse(tmp_path, whole)
    assert table.raw() == texts
    assert table.values("id") == [row["id"] for row in rows]
    assert table.values("t") == [row["t"] for row in rows]
    assert [json.loads(value) for value in table.values("n")] == [row["n"] for row in rows]


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    table = parse(tmp_path, '{"data":[' + ",".join(f'{{"a":{i}}}' for i in range(200_000)) + "]}")
    fractions = [progress.fraction for progress in table.progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(fractions) > 5


def test_an_encoding_that_was_named_and_is_another_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(JsonBadText, match="not UTF-16"):
        parse(tmp_path, '[{"a": 1}]', encoding="utf-16")
