"""A table of every type, and recipes as a child process runs them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.datasets.columns import Column, ColumnType
from headway.datasets.printing import json_values
from headway.intake.merging.tables import texts
from headway.intake.parsing import ParsedPart, ParseOptions, ParseProgress, ParseRequest, ParseResult
from headway.recipes.running.child import run
from headway.recipes.steps import read_steps, written_steps
from tests.unit.exports.conftest import COLUMNS, TABLE

Steps = list[dict[str, Any]]


@dataclass
class Made:
    """What a recipe made."""

    part: ParsedPart
    answer: dict[str, Any]

    @property
    def columns(self) -> dict[str, Column]:
        return {column.name: column for column in self.part.columns}

    @property
    def types(self) -> dict[str, str]:
        return {name: str(column.type) for name, column in self.columns.items()}

    @property
    def table(self) -> pa.Table:
        return pq.read_table(self.part.path)

    def values(self, name: str) -> list[Any]:
        column = self.columns[name]
        return json_values(self.table[column.physical].combine_chunks(), column)

    def written(self, name: str) -> list[str | None]:
        batches = self.table.combine_chunks().to_batches()
        return [text for batch in batches for text in texts(batch, self.columns[name]).to_pylist()]


class Kitchen:
    """Runs recipes on tables in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self.told: list[ParseProgress] = []

    def put(self, table: pa.Table, group: int = 100_000) -> Path:
        path = self._folder / f"rows-{next(self._numbers)}.parquet"
        pq.write_table(table, path, row_group_size=group)
        return path

    def run(self, steps: Steps, table: pa.Table = TABLE, known: list[Column] | None = None, **others: Any) -> Made:
        result = self.ask(steps, self.put(table), known or COLUMNS, **others)
        [part] = result.parts
        return Made(part, result.answer)

    def texts(self, steps: Steps, **columns: list[str | None]) -> Made:
        """Run a recipe on columns of text."""
        table, known = text_table(**columns)
        return self.run(steps, table, known)

    def look(
        self, steps: Steps, table: pa.Table = TABLE, known: list[Column] | None = None, **how: Any
    ) -> dict[str, Any]:
        return self.ask(steps, self.put(table, **how), known or COLUMNS, looks=True).answer

    def ask(
        self, steps: Steps, source: Path, known: list[Column], *, looks: bool = False,
        others: dict[UUID, tuple[Path, list[Column]]] | None = None,
    ) -> ParseResult:  # fmt: skip
        output_dir = self._folder / f"out-{next(self._numbers)}"
        output_dir.mkdir()
        joined = others or {}
        request = ParseRequest(
            source, "a table", output_dir, ParseOptions(), 10**9, 5 * 10**8,
            others={str(name): path for name, (path, _) in joined.items()},
            arguments={
                "columns": [column.to_json() for column in known],
                "steps": written_steps(read_steps(steps)),
                "others": {str(name): [each.to_json() for each in columns] for name, (_, columns) in joined.items()},
                "looks": looks,
            },
        )  # fmt: skip
        return run(request, self.told.append)


def text_table(**columns: list[str | None]) -> tuple[pa.Table, list[Column]]:
    arrays = {f"c{place}": pa.array(cells, pa.string()) for place, cells in enumerate(columns.values())}
    return pa.table(arrays), [Column(name, ColumnType.TEXT, place) for place, name in enumerate(columns)]


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    return Kitchen(tmp_path)
