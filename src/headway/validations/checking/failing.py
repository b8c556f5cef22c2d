"""The file of failing rows: CSV as written, safe for spreadsheet programs, with the row and the rules that it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import Column, ColumnType
from headway.exports.writing.delimited import write_csv
from headway.exports.writing.output import Output
from headway.exports.writing.rows import Rows
from headway.intake.parsing import ParseProgress
from headway.validations.checking.conditions import Check
from headway.validations.checking.findings import MOST_LISTED, Numbers
from headway.validations.checking.rows import rows_at
from headway.validations.checking.scanning import Scan

AS_CSV = {"delimiter": ",", "encoding": "utf-8", "bom": True, "formulas": "escape", "unencodable": "fail"}


def write_failing(
    scan: Scan, checks: list[Check], source: Path, columns: list[Column], output: Output
) -> dict[str, int]:
    """Write the first failing rows; return how many, and how many cells got an apostrophe before a formula."""
    wanted = scan.marks.first(MOST_LISTED)
    shown = [*_own(columns), *columns]
    physical = [name for column in columns for name in column.in_file]
    schema = pa.schema([(column.physical, pa.string()) for column in shown[:2]])
    broken = [(check, scan.found[check.number].rows) for check in checks if scan.found[check.number].count]
    pieces = _pieces(source, wanted, physical, shown[:2], broken)
    rows = Rows(shown, True, schema, len(wanted), pieces, _silent)
    told = write_csv(rows, output, AS_CSV)
    return {"rows": rows.done, "escaped_cells": told["escaped_cells"]}


def _own(columns: list[Column]) -> list[Column]:
    """Return columns of ours, under names and at positions that no other one has."""
    free = max((column.position for column in columns), default=-1) + 1
    taken, own = {column.name for column in columns}, list[Column]()
    for place, name in enumerate(("_row", "_rules")):
        while name in taken:
            name = f"_{name}"  # noqa: PLW2901 - until nobody has it
        own.append(Column(name, ColumnType.TEXT, free + place))
    return own


def _pieces(
    source: Path, wanted: Numbers, physical: list[str], own: list[Column], broken: list[tuple[Check, Numbers]]
) -> Iterator[pa.RecordBatch]:
    for numbers, batch in rows_at(source, wanted, physical):
        rules = _rules(numbers, broken)
        people = pa.array(numbers + 1).cast(pa.string())
        arrays = [people, rules, *batch.columns]
        yield pa.RecordBatch.from_arrays(arrays, names=[*(column.physical for column in own), *physical])


def _rules(numbers: Numbers, broken: list[tuple[Check, Numbers]]) -> pa.Array:
    """Return of each row which rules it breaks: `2 range amount; 5 unique id`."""
    said = [
        pc.if_else(pa.array(np.isin(numbers, rows)), _name(check), pa.scalar(None, pa.string()))
        for check, rows in broken
    ]
    return pc.binary_join_element_wise(*said, "; ", null_handling="skip")


def _name(check: Check) -> str:
    return f"{check.number + 1} {check.rule.rule} {' '.join(column.name for column in check.columns)}"


def _silent(_progress: ParseProgress) -> None:
    """Nobody waits for the file: it is written in a moment."""
