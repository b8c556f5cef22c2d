"""Tables that break rules, and the checking as a child process does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.datasets.columns import Column, ColumnType
from headway.intake.parsing import ParseOptions, ParseProgress, ParseRequest
from headway.validations.checking.child import run

OTHER = UUID(int=7)


@dataclass
class Checked:
    """What was found."""

    answer: dict[str, Any]
    file: str | None
    progress: list[ParseProgress] = field(default_factory=list)

    @property
    def counts(self) -> list[int]:
        return list(self.answer["counts"])

    @property
    def issue(self) -> dict[str, Any]:
        [issue] = self.answer["issues"]
        return dict(issue)


@dataclass
class Checker:
    """Checks tables in a folder."""

    folder: Path

    def check(
        self,
        columns: list[tuple[str, ColumnType, pa.Array]],
        *rules: dict[str, Any],
        other: tuple[ColumnType, pa.Array] | None = None,
        written: dict[str, pa.Array] | None = None,
        group_rows: int = 1000,
        max_bytes: int = 10**8,
    ) -> Checked:
        """Check a table; `other` is the column `id` of a dataset that rules refer to as `OTHER`."""
        kept = written or {}
        known = [Column(name, kind, place, written=name in kept) for place, (name, kind, _) in enumerate(columns)]
        data = {column.physical: array for column, (_, _, array) in zip(known, columns, strict=True)}
        data |= {column.physical_written: kept[column.name] for column in known if column.written}
        source = self.folder / "rows.parquet"
        pq.write_table(pa.table(data), source, row_group_size=group_rows)
        others, references = {}, {}
        if other is not None:
            others = {str(OTHER): self.folder / "other.parquet"}
            pq.write_table(pa.table({"c0": other[1]}), others[str(OTHER)])
            references = {str(place): Column("id", other[0], 0).to_json() for place in range(len(rules))}
        output_dir = self.folder / f"out-{len(list(self.folder.iterdir()))}"
        output_dir.mkdir()
        request = ParseRequest(
            source, "rows", output_dir, ParseOptions(), 10**9, 5 * 10**8, others=others,
            arguments={
                "columns": [column.to_json() for column in known],
                "rules": list(rules),
                "references": references,
                "max_bytes": max_bytes,
            },
        )  # fmt: skip
        told: list[ParseProgress] = []
        result = run(request, told.append)
        file = result.parts[0].path.read_text(encoding="utf-8-sig") if result.parts else None
        return Checked(result.answer, file, told)

    def texts(self, cells: list[str | None], *rules: dict[str, Any], **more: Any) -> Checked:
        """Check one column of text, `a`."""
        return self.check([("a", ColumnType.TEXT, pa.array(cells, pa.string()))], *rules, **more)


@pytest.fixture
def checker(tmp_path: Path) -> Checker:
    return Checker(tmp_path)
