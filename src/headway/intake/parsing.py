"""What goes into a parse and what comes out of it: plain values that cross the border of the sandbox as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from headway.datasets.columns import Column


@dataclass(frozen=True, slots=True)
class ParseOptions:
    """What the user decided beforehand. None means: find it out and say how."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    sheet: str | None = None
    types: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParseRequest:
    """One file to parse. `source` is a spooled copy, `output_dir` an empty folder for this attempt only."""

    source: Path
    file_name: str
    output_dir: Path
    options: ParseOptions
    max_unpacked_bytes: int
    memory_bytes: int

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "source": str(self.source), "output_dir": str(self.output_dir)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ParseRequest:
        return cls(
            **{
                **value,
                "source": Path(value["source"]),
                "output_dir": Path(value["output_dir"]),
                "options": ParseOptions(**value["options"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that was found out about the file, with its evidence and what came second.

    `subject` is one of: format, compression, encoding, dialect, header, sheet, rows, column:<name>.
    """

    subject: str
    value: Any
    evidence: str
    runner_up: Any = None


@dataclass(frozen=True, slots=True)
class ParsedPart:
    """One table out of the file: `path` is a Parquet file laid out as `datasets/columns.py` says."""

    name: str
    path: Path
    rows: int
    rejected_rows: int
    columns: list[Column]
    decisions: list[Decision]
    rejects_path: Path | None = None


@dataclass(frozen=True, slots=True)
class ParseResult:
    """What a file turned out to be."""

    format: str
    parts: list[ParsedPart]

    def to_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "parts": [
                {
                    **asdict(part),
                    "path": str(part.path),
                    "rejects_path": str(part.rejects_path) if part.rejects_path else None,
                }
                for part in self.parts
            ],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ParseResult:
        return cls(format=value["format"], parts=[_part(part) for part in value["parts"]])


def _part(value: dict[str, Any]) -> ParsedPart:
    return ParsedPart(
        **{
            **value,
            "path": Path(value["path"]),
            "rejects_path": Path(value["rejects_path"]) if value["rejects_path"] else None,
            "columns": [Column.from_json(column) for column in value["columns"]],
            "decisions": [Decision(**decision) for decision in value["decisions"]],
        }
    )


@dataclass(frozen=True, slots=True)
class ParseProgress:
    """How far a parse is: `fraction` of the work in 0..1, never falling, and the rows read so far."""

    fraction: float
    rows: int
    message: str


Report = Callable[[ParseProgress], None]
"""Called by parsers at most about ten times a second; the sandbox sends it on."""
