"""Finds where in a JSON file its rows are: one on each line, in an array, or in an array inside an object."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from headway.intake.errors import JsonPathNotFound
from headway.intake.formats.json_lines import BadLines, read_lines
from headway.intake.formats.json_scan import WHITESPACE, Cells, KeyPath, Reader, Taken, read_items, read_row
from headway.intake.formats.json_transposed import transposed
from headway.intake.formats.json_walk import Wanted, elements
from headway.intake.formats.json_window import BETWEEN_LINES, MARK, SEPARATED, SEPARATOR, Window
from headway.intake.parsing import Decision, ParseOptions
from headway.plurals import counted

OnRead = Callable[[int], None]
"""Called with the number of bytes of the file that have been read."""

MAX_TEXTS = 5_000
"""Of the texts in a list, which may be the names of columns."""

_SHOWN = 10
_NAME_LISTS = ("columns", "header", "headers", "fields", "names", "cols")
_WORTH_NAMING = 2
_BLANKS = {"lines": BETWEEN_LINES, "values": SEPARATED}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the rows are. `kind` is one of: lines, values, array, object, columns.

    Rows that are arrays have `names`, those of the first row where that is no row but the header (`has_header`).
    """

    kind: str
    path: KeyPath
    decisions: list[Decision]
    read: Reader[Cells] = read_row
    names: list[str] | None = None
    has_header: bool = False
    encoding: str | None = None


@dataclass(slots=True)
class _Candidate:
    """An array inside a document, and what its elements are."""

    path: KeyPath
    elements: int = 0
    objects: int = 0
    arrays: int = 0
    chars: int = 0
    width: int = 0
    texts: list[str] = field(default_factory=list)

    def add(self, raw: str) -> None:
        self.elements += 1
        self.objects += raw.startswith("{")
        self.arrays += raw.startswith("[")
        self.chars += len(raw)
        if self.elements == 1 and raw.startswith("["):
            self.width = len(read_items(raw, 0)[0])
        if raw.startswith('"') and len(self.texts) == self.elements - 1 < MAX_TEXTS and len(raw) < MAX_TEXTS:
            self.texts.append(json.loads(raw))

    @property
    def is_of_objects(self) -> bool:
        return self.objects == self.elements

    @property
    def is_of_arrays(self) -> bool:
        return self.arrays == self.elements

    @property
    def what(self) -> str:
        return "objects" if self.is_of_objects else "arrays" if self.is_of_arrays else "values"

    @property
    def name(self) -> str:
        return ".".join(self.path)


def find_layout(source: Path, options: ParseOptions, *, lines: bool, on_read: OnRead) -> Layout:
    """Look at a file and say where its rows are; an object is read to its end, anything else only begun.

    Raises `JsonPathNotFound` where the path that was asked for leads to no list.
    """
    encoding = options.encoding
    with source.open("rb") as file:
        first = Window(file, on_read, encoding).peek()
    if first == SEPARATOR:
        found = Layout("values", (), [_rows("values", "Every value stands behind a record separator.")])
    elif lines:
        found = _lines(first)
    elif first == "[":
        found = _of_array(options)
    elif first == "{":
        found = _of_object(source, options, on_read)
    else:
        found = Layout("values", (), [_rows("values", "Values that are no objects follow one another.")])
    found = replace(found, encoding=encoding)
    return _with_header(source, found, options.header)


def rows(source: Path, layout: Layout, on_read: OnRead, bad: BadLines, spool: Path) -> Iterator[Taken[Cells]]:
    """Yield every row with its text, in the order of the file, the header left out."""
    return islice(_all_rows(source, layout, on_read, bad, spool), int(layout.has_header), None)


def _all_rows(source: Path, layout: Layout, on_read: OnRead, bad: BadLines, spool: Path) -> Iterator[Taken[Cells]]:
    if layout.kind == "columns":
        yield from transposed(source, layout.encoding, on_read, spool)
        return
    with source.open("rb") as file:
        window = Window(file, on_read, layout.encoding, _BLANKS.get(layout.kind, WHITESPACE))
        if layout.kind == "lines":
            yield from read_lines(window, layout.read, bad)
        elif layout.kind in {"values", "object"}:
            yield from _values(window)
            bad.marks = window.marks
        else:
            for path, row in elements(window, Wanted(layout.path, layout.read)):
                if path == layout.path:
                    yield row
            window.expect_end()


def _values(window: Window) -> Iterator[Taken[Cells]]:
    while window.peek():
        yield window.take(read_row)
        window.rows += 1


def _rows(value: str, evidence: str, runner_up: str | None = None) -> Decision:
    return Decision("rows", value, evidence, runner_up)


def _lines(first: str) -> Layout:
    said = _rows("lines", "Every line is a JSON value of its own.")
    return Layout("lines", (), [said], read_items if first == "[" else read_row)


def _of_array(options: ParseOptions) -> Layout:
    if options.json_path:
        raise JsonPathNotFound("The document is one list, which has no keys; its elements are the rows.", paths=[""])
    return Layout("array", (), [_rows("array", "The file is one array; its elements are the rows.")], read_items)


# ------------------------------------------------------------------------------------------- inside of an object


def _of_object(source: Path, options: ParseOptions, on_read: OnRead) -> Layout:
    with source.open("rb") as file:
        window = Window(file, on_read, options.encoding)
        candidates, outer = _survey(window)
        if window.peek() in {"{", SEPARATOR, MARK}:
            return Layout("values", (), [_rows("values", "Several objects follow one another; each is a row.")])
        window.expect_end()
    if options.json_path is not None:
        return _asked_for(options.json_path, candidates)
    return _chosen(candidates, outer)


def _survey(window: Window) -> tuple[list[_Candidate], list[str]]:
    """Return all arrays with something in them, in the order of the file, and how each outermost value begins."""
    found: dict[KeyPath, _Candidate] = {}
    outer: list[str] = []

    def heard(path: KeyPath, begin: str) -> None:
        if len(path) == 1:
            outer.append(begin)

    for path, element in elements(window, None, heard):
        found.setdefault(path, _Candidate(path)).add(element.raw)
    return list(found.values()), outer


def _asked_for(wanted: str, candidates: list[_Candidate]) -> Layout:
    if not wanted:
        return Layout("object", (), [_rows("object", "You chose the whole document as the one row.")])
    chosen = next((candidate for candidate in candidates if candidate.name == wanted), None)
    if chosen is None:
        names = [candidate.name for candidate in candidates]
        listed = ", ".join(names[:_SHOWN]) or "none"
        raise JsonPathNotFound(f"There is no list at {wanted!r}. The lists are: {listed}.", paths=names[:100])
    others = [candidate.name for candidate in candidates if candidate is not chosen]
    said = _rows(wanted, f"You chose this list of {chosen.elements:,} {chosen.what}.", others[0] if others else None)
    return _at(chosen, candidates, said)


def _chosen(candidates: list[_Candidate], outer: list[str]) -> Layout:
    """Return the layout for the largest list of rows: objects, else arrays with names, else columns, else arrays."""
    by_size = sorted(candidates, key=lambda candidate: -candidate.chars)
    objects = [candidate for candidate in by_size if candidate.is_of_objects]
    arrays = [candidate for candidate in by_size if candidate.is_of_arrays]
    named = [candidate for candidate in arrays if _names_beside(candidate, candidates)]
    rows = sorted([*named, *objects], key=lambda candidate: -candidate.chars)
    if not rows and _are_columns(candidates, outer):
        count = candidates[0].elements
        evidence = (
            f"The file is one object of {counted(len(outer), 'list')} of {counted(count, 'value')}; each is a column."
        )
        return Layout("columns", (), [_rows("columns", evidence, "object")])
    if not rows and not arrays:
        said = "The file is one object without a list of objects."
        return Layout("object", (), [_rows("object", said, by_size[0].name if by_size else None)])
    largest = (rows or arrays)[0]
    return _at(largest, candidates, _explained(largest, [*objects, *arrays]))


def _explained(best: _Candidate, all_lists: list[_Candidate]) -> Decision:
    rest = sorted((other for other in all_lists if other is not best), key=lambda candidate: -candidate.chars)
    evidence = f"The rows are the {best.elements:,} {best.what} of the list {best.name}."
    if not rest:
        return _rows(best.name, f"{evidence} What lies beside it in the file is not imported.")
    named = ", ".join(f"{candidate.name} ({candidate.elements:,} {candidate.what})" for candidate in rest[:_SHOWN])
    more = f" and {len(rest) - _SHOWN:,} more" if len(rest) > _SHOWN else ""
    evidence += f" It is the largest of {len(rest) + 1} lists; what lies beside it is not imported: {named}{more}."
    return _rows(best.name, evidence, rest[0].name)


def _are_columns(candidates: list[_Candidate], outer: list[str]) -> bool:
    """Say whether every member of the document is a list, and all of them are equally long."""
    return (
        len(outer) == len(candidates) >= _WORTH_NAMING
        and all(len(candidate.path) == 1 for candidate in candidates)
        and len({candidate.elements for candidate in candidates}) == 1
    )


def _at(chosen: _Candidate, candidates: list[_Candidate], said: Decision) -> Layout:
    decisions, names = [said], _names_beside(chosen, candidates)
    if names is not None:
        place = ".".join((*chosen.path[:-1], _names_list(chosen, candidates) or ""))
        decisions.append(Decision("header", True, f"The names of the columns stand in the list {place}."))
    read = read_items if chosen.arrays else read_row
    return Layout("array", chosen.path, decisions, read, names)


def _names_beside(chosen: _Candidate, candidates: list[_Candidate]) -> list[str] | None:
    """Return the texts of a list beside the rows, if they are as many as each row has values."""
    key = _names_list(chosen, candidates)
    return next((other.texts for other in candidates if other.path == (*chosen.path[:-1], key)), None) if key else None


def _names_list(chosen: _Candidate, candidates: list[_Candidate]) -> str | None:
    if not chosen.is_of_arrays:
        return None
    beside = {other.path[-1]: other for other in candidates if other.path[:-1] == chosen.path[:-1]}
    for key, other in beside.items():
        if key.lower() in _NAME_LISTS and len(other.texts) == other.elements == chosen.width:
            return key
    return None


# ------------------------------------------------------------------------------------------------------- header


def _with_header(source: Path, layout: Layout, wanted: bool | None) -> Layout:
    """Say whether the first of the rows that are arrays holds the names of the columns."""
    if layout.read is not read_items or layout.names is not None or layout.kind == "columns":
        return layout
    first = [row.value for row in islice(_all_rows(source, layout, lambda _read: None, BadLines.none(), source), 2)]
    if not first or not all(isinstance(key, int) for key, _ in first[0]) or not first[0]:
        return layout
    names = _texts(first[0])
    fits = names is not None and len(first) == 2 and len(set(names)) == len(names) and all(map(str.strip, names))
    has_header = fits if wanted is None else wanted and bool(names)
    said = "You decided so." if wanted is not None else _why(has_header=has_header)
    decision = Decision("header", has_header, said, runner_up=not has_header if fits or names else None)
    decisions = [*layout.decisions, decision]
    return replace(layout, names=names if has_header else None, has_header=has_header, decisions=decisions)


def _why(*, has_header: bool) -> str:
    if has_header:
        return "The first row holds texts only, each another one: they name the columns."
    return "The first row does not hold a text of its own for each column."


def _texts(cells: Cells) -> list[str] | None:
    """Return the texts of a row that holds nothing else."""
    if not all(token.startswith('"') for _, token in cells):
        return None
    return [json.loads(token) for _, token in cells]
