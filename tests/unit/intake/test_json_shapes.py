"""JSON in the shapes that programs write tables in, and lines of it of which some are bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from headway.intake.errors import JsonPathNotFound
from headway.intake.formats import json_lines, json_window
from headway.intake.formats.json_window import Window
from headway.intake.text_errors import RecordsDoNotAddUp, TooManyBadRows
from tests.unit.intake.test_detection import detect_in
from tests.unit.intake.test_json_rows import parse, parse_lines

# ------------------------------------------------------------------------------- tables of arrays, and of columns


@pytest.mark.parametrize(
    ("text", "names", "raw"),
    [
        ('[["id","t"],[1,"x"],[2]]', ["id", "t"], ['[1,"x"]', "[2]"]),
        ('[["id","t"],["1","x"]]', ["id", "t"], ['["1","x"]']),
        ("[[1,2],[3,4]]", ["column_1", "column_2"], ["[1,2]", "[3,4]"]),
        ('[["a","a"],[1,2]]', ["column_1", "column_2"], ['["a","a"]', "[1,2]"]),
        ('{"columns":["id","t"],"index":[0,1],"data":[[1,"x"],[2,"y"]]}', ["id", "t"], ['[1,"x"]', '[2,"y"]']),
        ('{"n":1,"rows":[[1,[2,{"x":3}]],[null,[ ]]]}', ["column_1", "column_2"], ['[1,[2,{"x":3}]]', "[null,[ ]]"]),
    ],
)
def test_rows_that_are_arrays(tmp_path: Path, text: str, names: list[str], raw: list[str]) -> None:
    table = parse(tmp_path, text)
    assert list(table.types) == names
    assert table.raw() == raw
    assert table.decision("header").value is (names[0] != "column_1")


def test_the_header_of_arrays_is_a_choice(tmp_path: Path) -> None:
    table = parse(tmp_path, '[["a","b"],["c","d"]]', header=False)
    assert (table.values("column_1"), table.decision("header").value) == (["a", "c"], False)


def test_lines_that_are_arrays(tmp_path: Path) -> None:
    table = parse_lines(tmp_path, '["id","t"]\n[1,"x"]\n')
    assert (table.types, table.raw()) == ({"id": "integer", "t": "text"}, ['[1,"x"]'])


def test_an_object_of_columns(tmp_path: Path) -> None:
    count = 3_000
    columns = {"id": list(range(count)), "b": [[number] for number in range(count)], "é": ["x"] * count}
    table = parse(tmp_path, json.dumps(columns, ensure_ascii=False).replace("1500,", "1500.0,", 1))
    assert table.types == {"id": "decimal", "b": "json", "é": "text"}
    assert table.raw()[1500] == '{"id":1500.0,"b":[1500],"é":"x"}'
    assert table.part.rows == count
    assert (table.decision("rows").value, table.decision("rows").runner_up) == ("columns", "object")


@pytest.mark.parametrize("text", ['{"a":[1,2],"b":[3]}', '{"a":[1,2],"b":5}', '{"a":[1,2]}', '{"a":[1],"b":{"c":[2]}}'])
def test_what_is_no_object_of_columns_is_one_row(tmp_path: Path, text: str) -> None:
    assert parse(tmp_path, text).raw() == [text]


def test_the_path_to_the_rows_is_a_choice(tmp_path: Path) -> None:
    text = '{"few":[{"x":1}],"page":{"data":[{"id":1},{"id":2}]},"tags":["a","b","c"]}'
    decision = parse(tmp_path, text).decision("rows")
    assert "few (1 objects)" in decision.evidence
    for path, raw in {"few": ['{"x":1}'], "tags": ['"a"', '"b"', '"c"'], "": [text]}.items():
        folder = tmp_path / f"path-{path}"
        folder.mkdir()
        assert parse(folder, text, json_path=path).raw() == raw
    (tmp_path / "none").mkdir()
    with pytest.raises(JsonPathNotFound, match=r"The lists are: few, page\.data, tags") as caught:
        parse(tmp_path / "none", text, json_path="page")
    assert caught.value.data["paths"] == ["few", "page.data", "tags"]


# ----------------------------------------------------------------------------------------------- lines that are bad

BAD_LINES: dict[str, tuple[bytes, str]] = {
    "broken": (b'{"a":', "json.malformed"),
    "trailing": (b'{"a":1} x', "json.trailing"),
    "twice": (b'{"a":1,"a":2}', "json.duplicate_key"),
    "NaN": (b'{"a":NaN}', "json.not_a_number"),
    "half": (b'{"a":"\\ud800"}', "json.bad_text"),
    "bytes": (b'{"a":"\xe9\xff"}', "json.bad_text"),
    "bytes between": (b'{"a"\xff:1}', "json.malformed"),
    "deep": (b"[" * 5000 + b"]" * 5000, "json.too_deep"),
}


@pytest.mark.parametrize("block", [7, 1 << 20])
def test_bad_lines_are_kept_apart_with_their_place(tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_window, "_BLOCK", block)
    good = [b'{"a":%d}' % number for number in range(300)]
    lines = list(good)
    for at, (bad, _code) in enumerate(BAD_LINES.values()):
        lines.insert(20 * (at + 1), bad)
    lines.insert(5, b"  ")
    text = b"\n".join(lines)
    table = parse_lines(tmp_path, text)
    assert [raw.encode() for raw in table.raw()] == good
    assert (table.part.rows, table.part.rejected_rows) == (300, len(BAD_LINES))
    rejected = pq.read_table(table.part.rejects_path).to_pylist()
    assert [row["code"] for row in rejected] == [code for _, code in BAD_LINES.values()]
    for row, (bad, _code) in zip(rejected, BAD_LINES.values(), strict=True):
        assert lines[row["line"] - 1] == bad
        assert text[row["byte"] :].startswith(bad)
        assert row["raw"].startswith(bad[:5].decode("utf-8", "backslashreplace"))
    assert table.decision("issues").value["rejected"] == len(BAD_LINES)


@pytest.mark.parametrize("block", [7, 1 << 20])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"], ids=["return", "feed", "both"])
def test_lines_may_end_in_any_way_and_begin_with_a_mark(
    tmp_path: Path, end: str, encoding: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_window, "_BLOCK", block)
    monkeypatch.setattr(json_lines, "_COUNT_BYTES", block)
    lines = [f'\ufeff{{"n":{number},"t":"é"}}' for number in range(300)]
    lines[100:101] = ["  ", "\ufeff", "broken", lines[100]]
    content = end.join(lines).removeprefix("\ufeff") + end
    assert detect_in(tmp_path, content.encode(encoding), "rows.jsonl") == "ndjson"
    table = parse_lines(tmp_path, content.encode(encoding))
    assert table.raw() == [line.lstrip("\ufeff") for line in lines if line.startswith("\ufeff{")]
    assert (table.part.rows, table.part.rejected_rows) == (300, 1)
    assert [row["line"] for row in pq.read_table(table.part.rejects_path).to_pylist()] == [103]
    assert {"byte_order_marks": 300} in [each.value for each in table.part.decisions]


def test_a_line_that_got_lost_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Window.take_line

    def forgetful(window: Window, read: Any) -> Any:
        if window.rows == 50:
            whole(window, read)
        return whole(window, read)

    monkeypatch.setattr(Window, "take_line", forgetful)
    with pytest.raises(RecordsDoNotAddUp, match="100 lines were counted, 99 rows were read"):
        parse_lines(tmp_path, "".join(f'{{"n":{number}}}\n' for number in range(100)))


def test_a_last_line_that_stops_is_kept_apart(tmp_path: Path) -> None:
    table = parse_lines(tmp_path, '{"a":1}\n{"a":2')
    assert (table.part.rows, table.part.rejected_rows) == (1, 1)


def test_too_many_bad_lines_are_no_table(tmp_path: Path) -> None:
    with pytest.raises(TooManyBadRows, match=r"The first is row 1 \(line 2\): it is not valid JSON"):
        parse_lines(tmp_path, "\n" + "broken\n" * 20 + '{"a":1}\n')
