"""What all kinds of workbooks have in common: sheets with names, and rows of cells that are text already."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from headway.intake.errors import SheetEmpty, SheetNotATable, SheetNotFound
from headway.intake.formats.workbook_cells import CellTexts
from headway.intake.formats.workbook_rows import CellBlock, Row, gathered
from headway.intake.parsing import Decision, ParseOptions
from headway.intake.text_errors import TooManyTables

MAX_SHEETS = 200
"""So many datasets may come of one file."""

OnShare = Callable[[float], None]
"""Called with the share of the sheet that has been read, in 0..1."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One tab of a workbook. `place` is where its reader finds it, `kind` says what it holds if not cells."""

    name: str
    place: str
    hidden: bool = False
    kind: str = "cells"


@dataclass(slots=True)
class Notes:
    """What a reader met that a person should know about; counted anew by each pass over the sheet."""

    uncalculated: int = 0
    errors: int = 0
    merged: int = 0
    hidden_rows: int = 0
    texts: CellTexts = field(default_factory=CellTexts)


class Workbook(ABC):
    """An open workbook. Both ways to stream a sheet give the same, and may be gone again from its beginning."""

    sheets: list[Sheet]

    @abstractmethod
    def rows(self, sheet: Sheet, notes: Notes, on_share: OnShare) -> Iterator[Row]:
        """Yield the rows of a sheet that hold something."""

    def blocks(self, sheet: Sheet, notes: Notes, on_share: OnShare) -> Iterator[CellBlock]:
        """Yield the rows of a sheet that hold something, many at once."""
        return gathered(self.rows(sheet, notes, on_share))


@dataclass(frozen=True, slots=True)
class Choice:
    """The sheets to import, and how the decision about each of them reads."""

    sheets: list[Sheet]
    evidence: str
    others: list[str]

    def decision(self, sheet: Sheet) -> Decision:
        return Decision("sheet", sheet.name, self.evidence, runner_up=self.others or None)


def choose(workbook: Workbook, options: ParseOptions, holds: Callable[[Sheet], bool]) -> Choice:
    """Return the sheets that were asked for, or the first visible one that holds something.

    Raises `SheetNotFound`, `SheetEmpty`, `SheetNotATable` or `TooManyTables`.
    """
    tables = [sheet for sheet in workbook.sheets if sheet.kind == "cells"]
    if not tables:
        raise SheetNotATable(_nothing_but(workbook.sheets), sheets=[sheet.name for sheet in workbook.sheets][:100])
    wanted = options.sheets or ([options.sheet] if options.sheet is not None else [])
    chosen = _named(tables, wanted) if wanted else [sheet for sheet in tables if not sheet.hidden]
    every = bool(wanted) or options.parts == "all"
    filled = [sheet for sheet in _until_first(chosen, holds, every=every) if holds(sheet)]
    _refuse_empty(filled, chosen, wanted, tables)
    if len(filled) > MAX_SHEETS:
        raise TooManyTables(f"{len(filled):,} sheets hold something; one import makes at most {MAX_SHEETS} datasets.")
    return Choice(filled, _evidence(workbook.sheets, filled, wanted, every=every), _others(workbook.sheets, filled))


def _until_first(sheets: list[Sheet], holds: Callable[[Sheet], bool], *, every: bool) -> list[Sheet]:
    return sheets if every else next(([sheet] for sheet in sheets if holds(sheet)), [])


def _named(tables: list[Sheet], wanted: list[str]) -> list[Sheet]:
    """Return the sheets of these names; a name that nobody has in this spelling may differ in its case."""
    by_name = {sheet.name.strip().casefold(): sheet for sheet in reversed(tables)}
    by_name |= {sheet.name: sheet for sheet in reversed(tables)}
    found = {name: by_name.get(name) or by_name.get(name.strip().casefold()) for name in wanted}
    missing = [name for name, sheet in found.items() if sheet is None]
    if missing:
        names = [sheet.name for sheet in tables]
        listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
        raise SheetNotFound(f"There is no sheet {missing[0]!r}. The sheets are: {listed}.", sheets=names[:100])
    return list(dict.fromkeys(sheet for sheet in found.values() if sheet is not None))


def _refuse_empty(filled: list[Sheet], chosen: list[Sheet], wanted: list[str], tables: list[Sheet]) -> None:
    names = [sheet.name for sheet in tables][:100]
    if wanted and len(filled) < len(chosen):
        empty = next(sheet for sheet in chosen if sheet not in filled)
        raise SheetEmpty(f"The sheet {empty.name!r} holds nothing.", sheets=names)
    if not filled:
        raise SheetEmpty("No visible sheet holds anything.", sheets=names)


def _nothing_but(sheets: list[Sheet]) -> str:
    kinds = sorted({sheet.kind for sheet in sheets})
    return f"It holds nothing but {' and '.join(kinds)}." if kinds else "It has no sheet at all."


def _evidence(sheets: list[Sheet], filled: list[Sheet], wanted: list[str], *, every: bool) -> str:
    if wanted:
        said = "You chose this sheet." if len(filled) == 1 else f"You chose {len(filled)} sheets."
    elif every:
        said = f"You asked for all sheets; {len(filled)} that are visible hold something."
    else:
        said = "It is the first visible sheet that holds something."
    others = _others(sheets, filled)
    return f"{said} Not imported: {', '.join(others)}." if others else said


def _others(sheets: list[Sheet], filled: list[Sheet]) -> list[str]:
    return [_described(sheet) for sheet in sheets if sheet not in filled][:MAX_SHEETS]


def _described(sheet: Sheet) -> str:
    marks = [*(["hidden"] if sheet.hidden else []), *([sheet.kind] if sheet.kind != "cells" else [])]
    return f"{sheet.name} ({', '.join(marks)})" if marks else sheet.name
