"""One line for each test that parses something: bytes in, table out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from headway.datasets.columns import Column
from headway.datasets.printing import canonical
from headway.intake.parsing import ParsedPart, ParseOptions, ParseProgress, ParseRequest, ParseResult, Report

MIB = 1024 * 1024

Parser = Callable[[ParseRequest, Path, Report], ParsedPart | list[ParsedPart]]


def make_request(folder: Path, content: bytes, file_name: str, **options: Any) -> ParseRequest:
    """Write the content to a file and return the request to parse it; limits may be given among the options."""
    source, output_dir = folder / "source", folder / "out"
    source.write_bytes(content)
    output_dir.mkdir()
    max_unpacked = options.pop("max_unpacked_bytes", 1024 * MIB)
    memory = options.pop("memory_bytes", 512 * MIB)
    return ParseRequest(source, file_name, output_dir, ParseOptions(**options), max_unpacked, memory)


@dataclass(frozen=True)
class Parsed:
    """A finished part, its file read back, and the progress on the way."""

    part: ParsedPart
    progress: list[ParseProgress]

    @property
    def types(self) -> dict[str, str]:
        return {column.name: column.type.value for column in self.part.columns}

    def column(self, name: str) -> Column:
        return next(column for column in self.part.columns if column.name == name)

    def values(self, name: str) -> list[Any]:
        return self._read(self.column(name).physical)

    def written(self, name: str) -> list[Any]:
        return self._read(self.column(name).physical_written)

    def printed(self, name: str) -> list[str | None]:
        """Return the values as every export writes them."""
        column = self.column(name)
        stored = pq.read_table(self.part.path, columns=[column.physical]).column(0)
        return list(canonical(stored.combine_chunks(), column).to_pylist())

    def raw(self) -> list[Any]:
        return self._read("raw")

    def decision(self, subject: str) -> Any:
        return next(decision for decision in self.part.decisions if decision.subject == subject)

    def physical_names(self) -> list[str]:
        return list(pq.read_schema(self.part.path).names)

    def _read(self, physical: str) -> list[Any]:
        return list(pq.read_table(self.part.path, columns=[physical]).column(0).to_pylist())


def parse_bytes(parser: Parser, folder: Path, content: bytes, file_name: str = "table", **options: Any) -> Parsed:
    request = make_request(folder, content, file_name, **options)
    progress: list[ParseProgress] = []
    parsed = parser(request, request.source, progress.append)
    (part,) = parsed if isinstance(parsed, list) else [parsed]
    return Parsed(part, progress)


def parse_file(
    parser: Callable[[ParseRequest, Report], ParseResult], folder: Path, content: bytes, file_name: str, **options: Any
) -> tuple[str, Parsed]:
    """Run a whole pipeline; return the format and the only part."""
    progress: list[ParseProgress] = []
    result = parser(make_request(folder, content, file_name, **options), progress.append)
    (part,) = result.parts
    return result.format, Parsed(part, progress)
