"""Reads JSON text piece by piece and hands out every row exactly as it was written, whatever the file's size.

A window of text slides over the file. A value is read from the window; where the window ends in its middle,
the window grows, up to the limit for one row.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, BinaryIO, Generic, TypeVar

from headway.errors import AppError
from headway.intake.errors import (
    JsonBadText,
    JsonDuplicateKey,
    JsonMalformed,
    JsonNotANumber,
    JsonRowTooLarge,
    JsonTooDeep,
    JsonTrailing,
    JsonTruncated,
)
from headway.intake.text_errors import TooManyColumns

MAX_ROW_CHARS = 16 * 1024 * 1024
"""Of one row. Python may need four bytes for each, and a row exists a few times while it is read."""

MAX_KEYS = 5_000
MAX_NESTING = 500
_BLOCK = 1024 * 1024
_OUTER_LEVELS = 8
"""So many objects deep may the array of rows lie in a document."""

_WHITESPACE = re.compile(r"[ \t\r\n]*")
_PLAIN_MEMBER = re.compile(
    r"""[ \t\r\n]*"([^"\\\x00-\x1f]*)"[ \t\r\n]*:[ \t\r\n]*"""
    r"""("[^"\\\x00-\x1f]*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)"""
    r"""[ \t\r\n]*([,}])"""
)
"""Most members by far: no backslash, no nesting, and what follows. One match is four times as fast as five steps."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

Value = TypeVar("Value")
KeyPath = tuple[str, ...]
Cells = list[tuple[str | None, str]]
"""The members of a row: key and the text of its value. The key None stands for a row that is no object."""

Reader = Callable[[str, int], tuple[Value, int]]
"""Reads a value that starts at a position; returns it and the position behind it."""


class _RepeatedKeyError(Exception):
    """An object has two members of the same name."""


class _NoNumberError(Exception):
    """NaN, Infinity or -Infinity stands where JSON wants a value."""


@dataclass(frozen=True, slots=True)
class Taken(Generic[Value]):
    """A value, and the text that it was read from."""

    value: Value
    raw: str


# ------------------------------------------------------------------------------------------------------ values


def _forget_pairs(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) != len({key for key, _ in pairs}):
        keys = [key for key, _ in pairs]
        raise _RepeatedKeyError(next(key for key, times in Counter(keys).items() if times > 1))


def _refuse_constant(name: str) -> None:
    raise _NoNumberError(name)


_decoder = json.JSONDecoder(
    object_pairs_hook=_forget_pairs, parse_float=str, parse_int=str, parse_constant=_refuse_constant
)
"""Checks the text and throws the values away: numbers stay text, because a float would lose digits."""

read_value: Reader[Any] = _decoder.raw_decode


def read_row(text: str, start: int) -> tuple[Cells, int]:
    """Read one row: the members of an object with the text of their values, or one cell of anything else."""
    if text[start : start + 1] != "{":
        _, end = read_value(text, start)
        return [(None, text[start:end])], end
    cells: Cells = []
    at = _skip(text, start + 1)
    if text[at : at + 1] == "}":
        return cells, at + 1
    mark = ","
    while mark == ",":
        if match := _PLAIN_MEMBER.match(text, at):
            key, token, mark = match.groups()
            at = match.end()
        else:
            # Asked where plain members end, so that it costs nothing; the caller would fetch ever more text.
            _refuse_too_many(cells)
            key, token, mark, at = _read_member(text, _skip(text, at))
        cells.append((key, token))
    _refuse_too_many(cells)
    _refuse_repeated_keys(cells)
    return cells, at


def _read_member(text: str, at: int) -> tuple[str, str, str, int]:
    """Read any member: its key, its token, the mark behind it, and the position behind that."""
    key, begin = _read_key(text, at)
    _, end = read_value(text, begin)
    at = _skip(text, end)
    mark = text[at : at + 1]
    if mark not in {",", "}"}:
        raise JSONDecodeError("Expecting ',' or '}'", text, at)
    return key, text[begin:end], mark, at + 1


def _read_key(text: str, at: int) -> tuple[str, int]:
    """Return the key that starts here and the position of its value."""
    if text[at : at + 1] != '"':
        raise JSONDecodeError("Expecting a key in double quotes", text, at)
    key, at = read_value(text, at)
    return key, _skip(text, _expect(text, _skip(text, at), ":"))


def _skip(text: str, at: int) -> int:
    match = _WHITESPACE.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise JSONDecodeError(f"Expecting {mark!r}", text, at)
    return at + 1


def _refuse_too_many(cells: Cells) -> None:
    if len(cells) > MAX_KEYS:
        raise TooManyColumns(f"A row has more than {MAX_KEYS:,} keys.", max_columns=MAX_KEYS)


def _refuse_repeated_keys(cells: Cells) -> None:
    if len({key for key, _ in cells}) != len(cells):
        keys = [key for key, _ in cells]
        raise _RepeatedKeyError(next(key for key, times in Counter(keys).items() if times > 1))


# ------------------------------------------------------------------------------------------------------ window


class Window:
    """The part of a JSON text that is in memory, and where in the file it lies."""

    def __init__(self, file: BinaryIO, report: Callable[[int], None]) -> None:
        self._file = file
        self._report = report
        start = file.read(_BLOCK)
        self._decoder = codecs.getincrementaldecoder(_encoding(start))()
        self._text = ""
        self._at = 0
        self._begin_line = 1
        self._counted_to = 0
        self._ended = False
        self.rows = 0
        self._add(start)

    def peek(self) -> str:
        """Return the next character that is not white space, without taking it; empty at the end of the file."""
        while True:
            self._at = _skip(self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def take(self, read: Reader[Value]) -> Taken[Value]:
        """Take one value. The reader is called again with more text until it has seen what follows the value."""
        self._begin()
        failed_at = -1
        while True:
            try:
                value, end = self._read(read, self._text, self._at)
                if end < len(self._text) or self._ended:
                    return self._taken(value, end)
            except JSONDecodeError as error:
                offset = error.pos - self._at
                if self._ended or (offset == failed_at and not _is_at_end(error)):
                    raise self._malformed(error, truncated=_is_at_end(error)) from None
                failed_at = offset
            self._fill_further()

    def take_mark(self, marks: str) -> str:
        """Take one character that must be one of these."""
        mark = self._begin()
        if not mark:
            raise self._fault(JsonTruncated, "The file ends before the JSON does.")
        if mark not in marks:
            raise self._fault(JsonMalformed, f"Expecting {' or '.join(repr(one) for one in marks)}, not {mark!r}.")
        self._at += 1
        return mark

    def take_line(self, read: Reader[Value]) -> Taken[Value] | None:
        """Take the value that fills the next line that is not blank; None at the end of the file."""
        if not self._begin():
            return None
        while (end := self._text.find("\n", self._at)) < 0 and not self._ended:
            self._fill_further()
        line = self._text[self._at : end if end >= 0 else None].rstrip(" \t\r")
        try:
            value, stop = self._read(read, line, 0)
        except JSONDecodeError as error:
            raise self._malformed(error, truncated=end < 0 and _is_at_end(error)) from None
        if stop != len(line):
            raise self._fault(JsonTrailing, "Something follows after the value.")
        return self._taken(value, self._at + len(line))

    def repeated_key(self, key: str) -> AppError:
        return self._fault(JsonDuplicateKey, f"The key {_quoted(key)} stands twice in one object.")

    def expect_end(self) -> None:
        if self._begin():
            line = self._begin_line
            raise JsonTrailing(f"In line {line:,}, something follows after the end of the JSON.", line=line)

    # ----------------------------------------------------------------------------------------------------- text

    def _begin(self) -> str:
        """Stand on the next character, and remember its line for what may have to be said about it."""
        following = self.peek()
        self._count_lines()
        return following

    def _count_lines(self) -> None:
        """Count only what is new; counting from the start of the window for each row would be quadratic."""
        self._begin_line += self._text.count("\n", self._counted_to, self._at)
        self._counted_to = self._at

    def _taken(self, value: Value, end: int) -> Taken[Value]:
        raw = self._text[self._at : end]
        self._check(raw)
        self._at = end
        return Taken(value, raw)

    def _fill_further(self) -> None:
        if len(self._text) - self._at > MAX_ROW_CHARS:
            raise self._fault(JsonRowTooLarge, f"It is longer than {MAX_ROW_CHARS:,} characters.")
        self._fill()

    def _fill(self) -> bool:
        """Drop what was taken and add the next block, a larger one for a larger value. False at the end."""
        if self._ended:
            return False
        self._count_lines()
        self._text, self._at, self._counted_to = self._text[self._at :], 0, 0
        self._add(self._file.read(max(_BLOCK, len(self._text))))
        return True

    def _add(self, block: bytes) -> None:
        self._ended = not block
        try:
            self._text += self._decoder.decode(block, final=self._ended)
        except UnicodeDecodeError:
            line = self._begin_line + self._text.count("\n")
            raise JsonBadText(f"There are bytes after line {line:,} that are not UTF-8.", line=line) from None
        self._report(self._file.tell())

    # --------------------------------------------------------------------------------------------------- faults

    def _read(self, read: Reader[Value], text: str, at: int) -> tuple[Value, int]:
        try:
            return read(text, at)
        except _RepeatedKeyError as error:
            raise self.repeated_key(str(error)) from None
        except _NoNumberError as error:
            raise self._fault(JsonNotANumber, f"{error} is not JSON.") from None
        except RecursionError:
            raise self._fault(JsonTooDeep, f"There are more than {MAX_NESTING} levels.") from None

    def _check(self, raw: str) -> None:
        if raw.count("[") + raw.count("{") > MAX_NESTING and _nesting(raw) > MAX_NESTING:
            raise self._fault(JsonTooDeep, f"There are more than {MAX_NESTING} levels.")
        if _SURROGATE.search(raw) and _has_lone_surrogate(raw):
            raise self._fault(JsonBadText, "It holds one half of a character (a lone surrogate).")

    def _malformed(self, error: JSONDecodeError, *, truncated: bool) -> AppError:
        if truncated:
            return self._fault(JsonTruncated, "The file ends before the JSON does.")
        rest = error.doc[error.pos : error.pos + 20]
        found = _quoted(rest) if rest else "the end of the line"
        return self._fault(JsonMalformed, f"{error.msg}, found {found}.")

    def _fault(self, kind: type[AppError], detail: str) -> AppError:
        """Return the error with its place: the row, and the line where its value begins."""
        row = self.rows + 1
        return kind(f"Row {row:,}, which starts in line {self._begin_line:,}: {detail}", row=row, line=self._begin_line)


def _encoding(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"


def _is_at_end(error: JSONDecodeError) -> bool:
    """Tell a text that stops in the middle from one that goes wrong."""
    rest = error.doc[error.pos :]
    return not rest.strip() or error.msg.startswith("Unterminated string") or rest.strip() in _BEGINNINGS


_BEGINNINGS = {word[:length] for word in ("true", "false", "null") for length in range(1, len(word))} | {"-"}


def _quoted(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)


def _nesting(raw: str) -> int:
    """Return how deep the brackets go. Only called for what is valid, and for very few rows."""
    deepest = level = 0
    for mark in re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', raw):
        if mark[0] != '"':
            level += 1 if mark in "[{" else -1
            deepest = max(deepest, level)
    return deepest


def _has_lone_surrogate(raw: str) -> bool:
    try:
        json.dumps(json.loads(raw), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


# --------------------------------------------------------------------------------------------------- documents


def elements(window: Window, wanted: KeyPath | None) -> Iterator[tuple[KeyPath, Taken[Any]]]:
    """Walk a document; yield every element of every array that is reachable through objects.

    Elements of the array at `wanted` are read as rows, all others are only checked.
    """
    if window.peek() == "[":
        yield from _array(window, (), wanted)
    else:
        yield from _object(window, (), wanted)


def _array(window: Window, path: KeyPath, wanted: KeyPath | None) -> Iterator[tuple[KeyPath, Taken[Any]]]:
    window.take_mark("[")
    window.rows = 0
    if window.peek() == "]":
        window.take_mark("]")
        return
    while True:
        yield path, window.take(read_row if path == wanted else read_value)
        window.rows += 1
        if window.take_mark(",]") == "]":
            return


def _object(window: Window, path: KeyPath, wanted: KeyPath | None) -> Iterator[tuple[KeyPath, Taken[Any]]]:
    window.take_mark("{")
    if window.peek() == "}":
        window.take_mark("}")
        return
    keys: set[str] = set()
    while True:
        key = window.take(_read_key).value
        if key in keys:
            raise window.repeated_key(key)
        keys.add(key)
        yield from _member(window, (*path, key), wanted)
        if window.take_mark(",}") == "}":
            return


def _member(window: Window, path: KeyPath, wanted: KeyPath | None) -> Iterator[tuple[KeyPath, Taken[Any]]]:
    following = window.peek()
    if following == "[":
        yield from _array(window, path, wanted)
    elif following == "{" and len(path) < _OUTER_LEVELS:
        yield from _object(window, path, wanted)
    else:
        window.take(read_value)
