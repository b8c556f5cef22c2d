"""Parses a file as the sandbox would and reads every cell back, typed and as written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from headway.datasets.filters import ask
from headway.datasets.reader import RowsReader
from headway.intake.formats import delimited
from headway.intake.parsing import ParsedPart, ParseOptions, ParseRequest


@dataclass
class Read:
    part: ParsedPart
    folder: Path

    def rows(self, *, written: bool = False) -> list[dict[str, Any]]:
        reader = RowsReader([self.folder], self.folder)
        found: list[dict[str, Any]] = []
        while True:
            question = ask(self.part.columns, offset=len(found), limit=1000, written=written)
            page = reader.read(self.part.path, question)
            found += page.rows
            if len(found) >= page.total:
                return found

    def cells(self, name: str, *, written: bool = False) -> list[Any]:
        return [row[name] for row in self.rows(written=written)]

    @property
    def types(self) -> dict[str, str]:
        return {column.name: str(column.type) for column in self.part.columns}

    def why(self, name: str) -> str:
        return next(column.why for column in self.part.columns if column.name == name)

    def decided(self, subject: str) -> list[Any]:
        return [decision.value for decision in self.part.decisions if decision.subject == subject]


def read_text(data: bytes | str, name: str = "t.csv", **options: Any) -> Read:
    folder = Path(mkdtemp(prefix="headway-test-"))
    source = folder / "original"
    source.write_bytes(data.encode() if isinstance(data, str) else data)
    (folder / "out").mkdir()
    request = ParseRequest(source, name, folder / "out", ParseOptions(**options), 10**12, 512 * 2**20)
    return Read(delimited.parse(request, source, lambda _progress: None), folder)
