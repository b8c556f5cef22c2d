"""Reads values from JSON text: where each ends, and the members of a row with the text of their values."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, Generic, TypeVar

from headway.intake.text_errors import TooManyColumns

MAX_KEYS = 5_000

WHITESPACE = re.compile(r"[ \t\r\n]*")
_PLAIN_MEMBER = re.compile(
    r"""[ \t\r\n]*"([^"\\\x00-\x1f]*)"[ \t\r\n]*:[ \t\r\n]*"""
    r"""("[^"\\\x00-\x1f]*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)"""
    r"""[ \t\r\n]*([,}])"""
)
"""Most members by far: no backslash, no nesting, and what follows. One match is four times as fast as five steps."""

_PLAIN_ITEM = re.compile(
    r"""[ \t\r\n]*("[^"\\\x00-\x1f]*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)"""
    r"""[ \t\r\n]*([,\]])"""
)
"""The same for the items of a row that is an array."""

Value = TypeVar("Value")
KeyPath = tuple[str, ...]
Key = str | int | None
Cells = list[tuple[Key, str]]
"""The members of a row: key and the text of its value. The items of a row that is an array have their places as keys,
from 0. The key None stands for a row that is one value."""

Reader = Callable[[str, int], tuple[Value, int]]
"""Reads a value that starts at a position; returns it and the position behind it."""


class RepeatedKeyError(Exception):
    """An object has two members of the same name."""


class NoNumberError(Exception):
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
        raise RepeatedKeyError(next(key for key, times in Counter(keys).items() if times > 1))


def _refuse_constant(name: str) -> None:
    raise NoNumberError(name)


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
    at = skip(text, start + 1)
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
            key, token, mark, at = _read_member(text, skip(text, at))
        cells.append((key, token))
    _refuse_too_many(cells)
    _refuse_repeated_keys(cells)
    return cells, at


def read_items(text: str, start: int) -> tuple[Cells, int]:
    """Read one row of a table of arrays: its items with the text of their values; what is no array like any row."""
    if text[start : start + 1] != "[":
        return read_row(text, start)
    cells: Cells = []
    at = skip(text, start + 1)
    if text[at : at + 1] == "]":
        return cells, at + 1
    mark = ","
    while mark == ",":
        if match := _PLAIN_ITEM.match(text, at):
            token, mark = match.groups()
            at = match.end()
        else:
            _refuse_too_many(cells)
            begin = skip(text, at)
            _, end = read_value(text, begin)
            at = skip(text, end)
            token, mark = text[begin:end], text[at : at + 1]
            if mark not in {",", "]"}:
                raise JSONDecodeError("Expecting ',' or ']'", text, at)
            at += 1
        cells.append((len(cells), token))
    _refuse_too_many(cells)
    return cells, at


def _read_member(text: str, at: int) -> tuple[str, str, str, int]:
    """Read any member: its key, its token, the mark behind it, and the position behind that."""
    key, begin = read_key(text, at)
    _, end = read_value(text, begin)
    at = skip(text, end)
    mark = text[at : at + 1]
    if mark not in {",", "}"}:
        raise JSONDecodeError("Expecting ',' or '}'", text, at)
    return key, text[begin:end], mark, at + 1


def read_key(text: str, at: int) -> tuple[str, int]:
    """Return the key that starts here and the position of its value."""
    if text[at : at + 1] != '"':
        raise JSONDecodeError("Expecting a key in double quotes", text, at)
    key, at = read_value(text, at)
    return key, skip(text, _expect(text, skip(text, at), ":"))


def skip(text: str, at: int, blank: re.Pattern[str] = WHITESPACE) -> int:
    match = blank.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise JSONDecodeError(f"Expecting {mark!r}", text, at)
    return at + 1


def _refuse_too_many(cells: Cells) -> None:
    if len(cells) > MAX_KEYS:
        raise TooManyColumns(f"A row has more than {MAX_KEYS:,} values.", max_columns=MAX_KEYS)


def _refuse_repeated_keys(cells: Cells) -> None:
    if len({key for key, _ in cells}) != len(cells):
        keys = [key for key, _ in cells]
        raise RepeatedKeyError(next(key for key, times in Counter(keys).items() if times > 1))
