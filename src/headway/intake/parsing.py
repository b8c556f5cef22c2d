"""What goes into a parse and what comes out of it: plain values that cross the border of the sandbox as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from headway.datasets.columns import Column


@dataclass(frozen=True, slots=True)
class ParseOptions:
    """What the user decided beforehand. None means: find it out and say how."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    sheet: str | None = None
    sheets: list[str] = field(default_factory=list)
    member: str | None = None
    members: list[str] = field(default_factory=list)
    parts: str | None = None
    unite: bool = False
    json_path: str | None = None
    types: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    quote: str | None = None
    escape: str | None = None
    comment: str | None = None
    skip_lines: int | None = None
    header_rows: int | None = None
    null_tokens: list[str] | None = None
    decimal_mark: str | None = None
    thousands_mark: str | None = None
    date_format: str | None = None
    bad_rows: str = "quarantine"
    bad_rows_limit: float | None = None
    short_rows: str = "fill"
    long_rows: str = "quarantine"
    stray_quotes: str = "quarantine"

    @property
    def named_rows(self) -> int | None:
        """How many rows hold the names of the columns; None means: find it out."""
        return self.header_rows if self.header_rows is not None or self.header is None else int(self.header)


Operation = Literal["parse", "preview", "merge", "compare", "repair"]


@dataclass(frozen=True, slots=True)
class ParseRequest:
    """One file to work on. `source` is a spooled copy, `output_dir` an empty folder for this attempt only.

    `is_derived` says that the source is not the file as it was sent, but was unpacked or cut out of it.
    Whatever is not a plain parse needs `others`, more files by a name, and `arguments`, which are JSON.
    A preview may have no more of the source than some `ranges` (none: all of it), and asks workbooks for so many rows.
    """

    source: Path
    file_name: str
    output_dir: Path
    options: ParseOptions
    max_unpacked_bytes: int
    memory_bytes: int
    operation: Operation = "parse"
    others: dict[str, Path] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    is_derived: bool = False
    ranges: list[list[int]] = field(default_factory=list)
    sample_rows: int | None = None

    @property
    def files(self) -> dict[str, Path]:
        """Return every file that is read, by a name that is unique among them."""
        return {"file": self.source, **self.others}

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "source": str(self.source),
            "output_dir": str(self.output_dir),
            "others": {name: str(path) for name, path in self.others.items()},
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ParseRequest:
        return cls(
            **{
                **value,
                "source": Path(value["source"]),
                "output_dir": Path(value["output_dir"]),
                "options": ParseOptions(**value["options"]),
                "others": {name: Path(path) for name, path in value["others"].items()},
            }
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that was found out about the file, with its evidence and what came second.

    `subject` is one of: format, compression, member, encoding, dialect, header, sheet, rows, column:<name>.
    """

    subject: str
    value: Any
    evidence: str
    runner_up: Any = None


@dataclass(frozen=True, slots=True)
class ParsedPart:
    """One table out of the file: `path` is a Parquet file laid out as `datasets/columns.py` says.

    `profile` says of each column what `ColumnProfile` of `datasets/schemas.py` names. `is_sample` says that the file
    has more rows, which a preview did not ask for.
    """

    name: str
    path: Path
    rows: int
    rejected_rows: int
    columns: list[Column]
    decisions: list[Decision]
    rejects_path: Path | None = None
    profile: list[dict[str, Any]] = field(default_factory=list)
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class ParseResult:
    """What a file turned out to be. `answer` is what else an operation has to say, as JSON."""

    format: str
    parts: list[ParsedPart]
    answer: dict[str, Any] = field(default_factory=dict)

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
            "answer": self.answer,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ParseResult:
        return cls(value["format"], [_part(part) for part in value["parts"]], value.get("answer", {}))


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
