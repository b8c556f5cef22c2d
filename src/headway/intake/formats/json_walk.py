"""Walks a JSON document and hands out the elements of its arrays, whatever its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from headway.intake.formats.json_scan import Cells, KeyPath, Reader, Taken, read_key, read_row, read_value
from headway.intake.formats.json_window import Window

OUTER_LEVELS = 8
"""So many objects deep may the array of rows lie in a document."""

Heard = Callable[[KeyPath, str], None]
"""Called for every member of an object that is walked through, with the first character of its value."""

Found = tuple[KeyPath, Taken[Any]]
"""An element of an array, and where that lies."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The array whose elements are rows, and how these are read."""

    path: KeyPath
    read: Reader[Cells] = read_row


def _unheard(_path: KeyPath, _begin: str) -> None:
    return


def elements(window: Window, wanted: Wanted | None, heard: Heard = _unheard) -> Iterator[Found]:
    """Walk a document; yield every element of every array that is reachable through objects.

    Elements of the array that is `wanted` are read as rows, all others are only checked. `heard` is told of the members
    of the objects on the way.
    """
    if window.peek() == "[":
        yield from _array(window, (), wanted, heard)
    else:
        yield from _object(window, (), wanted, heard)


def _array(window: Window, path: KeyPath, wanted: Wanted | None, heard: Heard) -> Iterator[Found]:
    window.take_mark("[")
    window.rows = 0
    if window.peek() == "]":
        window.take_mark("]")
        return
    read = wanted.read if wanted is not None and path == wanted.path else read_value
    while True:
        yield path, window.take(read)
        window.rows += 1
        if window.take_mark(",]") == "]":
            return


def _object(window: Window, path: KeyPath, wanted: Wanted | None, heard: Heard) -> Iterator[Found]:
    window.take_mark("{")
    if window.peek() == "}":
        window.take_mark("}")
        return
    keys: set[str] = set()
    while True:
        key = window.take(read_key).value
        if key in keys:
            raise window.repeated_key(key)
        keys.add(key)
        yield from _member(window, (*path, key), wanted, heard)
        if window.take_mark(",}") == "}":
            return


def _member(window: Window, path: KeyPath, wanted: Wanted | None, heard: Heard) -> Iterator[Found]:
    following = window.peek()
    heard(path, following)
    if following == "[":
        yield from _array(window, path, wanted, heard)
    elif following == "{" and len(path) < OUTER_LEVELS:
        yield from _object(window, path, wanted, heard)
    else:
        window.take(read_value)
