"""Tables out of CSV, merged and compared as a child process would do it, and read back as they were written."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from headway.datasets.filters import ask
from headway.datasets.reader import RowsReader
from headway.intake import operations
from headway.intake.parsing import ParsedPart, ParseOptions, ParseRequest, ParseResult

MIB = 1024 * 1024
Cells = Sequence[Sequence[str | None]]


@dataclass
class Maker:
    """Makes tables in one folder."""

    folder: Path

    def run(self, source: Path, **request: Any) -> ParseResult:
        output_dir = self.folder / uuid4().hex
        output_dir.mkdir()
        options = ParseOptions(**request.pop("options", {}))
        name = request.pop("file_name", "table.csv")
        asked = ParseRequest(source, name, output_dir, options, 1024 * MIB, 512 * MIB, **request)
        return operations.run(asked, lambda _progress: None)

    def parsed(self, content: bytes, file_name: str = "table.csv", **options: Any) -> ParsedPart:
        source = self.folder / f"{uuid4().hex}.source"
        source.write_bytes(content)
        (part,) = self.run(source, options=options, file_name=file_name).parts
        return part

    def table(self, header: str, *rows: str, **options: Any) -> ParsedPart:
        return self.parsed("\n".join([header, *rows, ""]).encode(), header=True, delimiter=",", **options)

    def merged(self, base: ParsedPart, new: ParsedPart, mode: str = "append", *key: str) -> tuple[ParsedPart, Any]:
        others = {"base": base.path}
        for name, part in (("base_rejects", base), ("rejects", new)):
            if part.rejects_path is not None:
                others[name] = part.rejects_path
        arguments = {**both(base, new), "mode": mode, "key": list(key), "source": 1}
        result = self.run(new.path, operation="merge", others=others, arguments=arguments)
        return result.parts[0], result.answer

    def repaired(self, base: ParsedPart, sent: ParsedPart) -> tuple[ParsedPart, Any]:
        files = {"base": base.path, "base_rejects": base.rejects_path}
        others = {name: path for name, path in files.items() if path is not None}
        arguments = {**both(base, sent), "delimiter": ","}
        result = self.run(sent.path, operation="repair", others=others, arguments=arguments)
        return result.parts[0], result.answer["repair"]

    def compared(self, base: ParsedPart, new: ParsedPart) -> Any:
        return self.run(new.path, operation="compare", others={"base": base.path}, arguments=both(base, new)).answer

    def rows(self, part: ParsedPart, values: str = "written") -> list[list[Any]]:
        reader = RowsReader([self.folder], self.folder / "scratch")
        question = ask(part.columns, offset=0, limit=10**6, written=values == "written")
        return [list(row.values()) for row in reader.read(part.path, question).rows]


def both(base: ParsedPart, new: ParsedPart) -> dict[str, Any]:
    return {
        "base_columns": [column.to_json() for column in base.columns],
        "new_columns": [column.to_json() for column in new.columns],
    }


def types(part: ParsedPart) -> dict[str, str]:
    return {column.name: str(column.type) for column in part.columns}


def as_csv(names: Sequence[str], rows: Cells) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([names, *rows])
    return out.getvalue().encode()
