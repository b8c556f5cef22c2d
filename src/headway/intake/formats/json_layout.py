"""Finds where in a JSON file its rows are: one on each line, in an array, or in an array inside an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from headway.intake.formats.json_scan import Cells, KeyPath, Taken, Window, elements, read_row
from headway.intake.parsing import Decision

OnRead = Callable[[int], None]
"""Called with the number of bytes of the file that have been read."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the rows are. `kind` is one of: lines, values, array, object."""

    kind: str
    path: KeyPath
    decision: Decision


@dataclass(slots=True)
class _Candidate:
    """An array inside a document."""

    path: KeyPath
    elements: int = 0
    objects: int = 0
    chars: int = 0


def find_layout(source: Path, *, lines: bool, on_read: OnRead) -> Layout:
    """Look at a file and say where its rows are; an object is read to its end, anything else only begun."""
    if lines:
        return Layout("lines", (), Decision("rows", "lines", "Every line is a JSON value of its own."))
    with source.open("rb") as file:
        window = Window(file, on_read)
        first = window.peek()
        if first == "[":
            return Layout("array", (), Decision("rows", "array", "The file is one array; its elements are the rows."))
        if first != "{":
            return Layout("values", (), Decision("rows", "values", "The file is a value that is no object."))
        candidates = _survey(window)
        if window.peek() == "{":
            evidence = "Several objects follow one another; each is a row."
            return Layout("values", (), Decision("rows", "values", evidence))
        window.expect_end()
    return _choose(candidates)


def rows(source: Path, layout: Layout, on_read: OnRead) -> Iterator[Taken[Cells]]:
    """Yield every row with its text, in the order of the file."""
    with source.open("rb") as file:
        window = Window(file, on_read)
        if layout.kind == "lines":
            yield from _lines(window)
        elif layout.kind in {"values", "object"}:
            yield from _values(window)
        else:
            for path, row in elements(window, layout.path):
                if path == layout.path:
                    yield row
            window.expect_end()


def _lines(window: Window) -> Iterator[Taken[Cells]]:
    while (row := window.take_line(read_row)) is not None:
        yield row
        window.rows += 1


def _values(window: Window) -> Iterator[Taken[Cells]]:
    while window.peek():
        yield window.take(read_row)
        window.rows += 1


def _survey(window: Window) -> list[_Candidate]:
    """Return all arrays that could hold the rows, in the order of the file."""
    found: dict[KeyPath, _Candidate] = {}
    for path, element in elements(window, None):
        candidate = found.setdefault(path, _Candidate(path))
        candidate.elements += 1
        candidate.objects += element.raw.startswith("{")
        candidate.chars += len(element.raw)
    return [candidate for candidate in found.values() if candidate.objects == candidate.elements]


def _choose(candidates: list[_Candidate]) -> Layout:
    if not candidates:
        return Layout("object", (), Decision("rows", "object", "The file is one object without a list of objects."))
    best, *others = sorted(candidates, key=lambda candidate: -candidate.chars)
    evidence = f"The rows are the {best.objects:,} objects of the list {_name(best.path)}."
    if others:
        evidence += f" It is the largest of {len(candidates)} lists of objects; what lies beside it is not imported."
    else:
        evidence += " What lies beside it in the file is not imported."
    runner_up = _name(others[0].path) if others else None
    return Layout("array", best.path, Decision("rows", _name(best.path), evidence, runner_up))


def _name(path: KeyPath) -> str:
    return ".".join(path)
