"""Rows that do not fit their table: written to a file with their place and the reason, and counted by kind.

Nothing is kept in memory for each of them, so that millions cost no more than a few.
"""

from __future__ import annotations

import codecs
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from headway.datasets.correction import MOST_RAW_BYTES
from headway.intake.text_errors import BadRow, TooManyBadRows
from headway.intake.text_places import Locate, as_they_are
from headway.plurals import counted

SHOWN_CHARACTERS = 200
ALWAYS_ALLOWED = 10
LIMIT_PERCENT = 5.0
"""Above this share of bad rows something is wrong with the reading, not with the rows."""

BATCH_ROWS = 10_000
BATCH_BYTES = 8 * 1024 * 1024
SAMPLES = 5
MOST_RANGES = 50
MOST_GROUPS = 100
MOST_VALUES = 1_000

TOO_FEW, TOO_MANY = "csv.too_few_cells", "csv.too_many_cells"
UNCLOSED, TAIL = "csv.unclosed_quote", "csv.text_after_quote"
BAD_CHARACTERS, MISMATCH = "csv.bad_characters", "csv.type_mismatch"

REASONS = {
    TOO_FEW: "has fewer cells than the table has columns",
    TOO_MANY: "has more cells than the table has columns",
    UNCLOSED: "has a quotation mark that is never closed",
    TAIL: "has text after a closing quotation mark",
    BAD_CHARACTERS: "has bytes that are no characters in the encoding of the file",
    MISMATCH: "has a value that is not of the type that was asked for",
    "json.malformed": "is not valid JSON",
    "json.truncated": "ends before its JSON does",
    "json.trailing": "has something behind its JSON",
    "json.duplicate_key": "has an object that names the same key twice",
    "json.not_a_number": "has NaN or Infinity, which JSON does not know",
    "json.bad_text": "has text that is not valid Unicode",
    "json.too_deep": "is nested too deeply",
}
"""The closed list of codes of rejected rows, each with the end of a sentence that begins with the row."""

REJECTS_SCHEMA = pa.schema(
    [
        ("record", pa.int64()),
        ("byte", pa.int64()),
        ("reason", pa.string()),
        ("raw", pa.string()),
        ("row", pa.int64()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("code", pa.string()),
        ("value", pa.string()),
        ("cut", pa.bool_()),
    ]
)
"""`record` counts the records of the file from 1, header included, and `row` the data rows, good and rejected ones.
`line` and `byte` are places in the file as it was sent, the byte null where it cannot be told. `column` and `value` are
what is to blame, if one cell is. `cut` says that the row goes on behind the `MOST_RAW_BYTES` of it in `raw`."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that was not taken, as a row of the file of rejected rows."""

    record: int
    byte: int | None
    reason: str
    raw: str
    row: int | None = None
    line: int | None = None
    column: str | None = None
    code: str | None = None
    value: str | None = None
    cut: bool = False

    def to_row(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in REJECTS_SCHEMA.names}


@dataclass(frozen=True, slots=True)
class Rejected:
    """Some rejected rows in file order. `byte` is a place in the text as it was read, or what `locate` made of it.

    `raw` has one byte more than is kept of a row that goes on.
    """

    row: Numbers
    line: Numbers
    byte: Numbers
    codes: list[str]
    raw: list[bytes]
    widths: Numbers | None = None
    columns: list[str | None] | None = None
    values: list[str | None] | None = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def counts(self) -> Numbers:
        """Return how many cells each row has, 0 where that is not to blame."""
        return np.zeros(len(self), np.int64) if self.widths is None else self.widths

    @classmethod
    def merge(cls, parts: list[Rejected]) -> Rejected:
        """Return several piles as one, in file order."""
        rows = np.concatenate([part.row for part in parts])
        order = np.argsort(rows, kind="stable")

        def merged(name: str, default: Any) -> list[Any]:
            flat = [item for part in parts for item in (getattr(part, name) or [default] * len(part))]
            return [flat[place] for place in order.tolist()]

        return cls(
            row=rows[order],
            line=np.concatenate([part.line for part in parts])[order],
            byte=np.concatenate([part.byte for part in parts])[order],
            codes=merged("codes", ""),
            raw=merged("raw", b""),
            widths=np.concatenate([part.counts for part in parts])[order],
            columns=merged("columns", None),
            values=merged("values", None),
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """What to do with rows that do not fit: keep them apart up to a share of all, or fail at the first one."""

    fails: bool = False
    limit_percent: float = LIMIT_PERCENT


@dataclass(slots=True)
class IssueGroup:
    """All rejected rows of one code and column."""

    code: str
    column: str | None
    count: int = 0
    ranges: list[list[int]] = field(default_factory=list)
    more_ranges: bool = False
    samples: list[dict[str, Any]] = field(default_factory=list)
    widths: Counter[int] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    fixed: Counter[str] = field(default_factory=Counter)

    def add(self, rows: Numbers, samples: list[dict[str, Any]]) -> None:
        """Take rows in rising order. `samples` describes the first of them."""
        self.count += len(rows)
        self.samples += samples[: SAMPLES - len(self.samples)]
        breaks = np.flatnonzero(np.diff(rows) != 1)
        starts, stops = rows[np.append(0, breaks + 1)], rows[np.append(breaks, len(rows) - 1)]
        for start, stop in zip(starts[: MOST_RANGES + 1].tolist(), stops.tolist(), strict=False):
            if self.ranges and self.ranges[-1][-1] == start - 1 and not self.more_ranges:
                self.ranges[-1] = [self.ranges[-1][0], stop]
            elif len(self.ranges) < MOST_RANGES:
                self.ranges.append([start] if start == stop else [start, stop])
            else:
                self.more_ranges = True
                break

    def to_json(self, suggestions: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "code": self.code,
            "column": self.column,
            "count": self.count,
            "reason": REASONS[self.code],
            "rows": self.ranges,
            "more_rows": self.more_ranges,
            "samples": self.samples,
            "suggestions": suggestions,
        }


class RejectsFile:
    """Takes rejected rows in file order and writes them; `close` returns the file, or None if there were none."""

    def __init__(self, path: Path, policy: Policy, *, header_rows: int = 0, locate: Locate = as_they_are) -> None:
        self._path = path
        self._locate = locate
        self._policy = policy
        self._header_rows = header_rows
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[Rejected] = []
        self._waiting_bytes = 0
        self.count = 0
        self.groups: dict[tuple[str, str | None], IssueGroup] = {}

    def add(self, rejected: Rejected) -> None:
        if not len(rejected):
            return
        rejected = replace(rejected, byte=self._locate(rejected.byte))
        if self._policy.fails:
            raise self._bad_row(rejected)
        self.count += len(rejected)
        self._group(rejected)
        self._waiting.append(rejected)
        self._waiting_bytes += sum(map(len, rejected.raw))
        if sum(map(len, self._waiting)) >= BATCH_ROWS or self._waiting_bytes >= BATCH_BYTES:
            self._flush()

    def close(self) -> Path | None:
        self._flush()
        if self._writer is None:
            return None
        self._writer.close()
        return self._path

    def check(self, rows: int) -> None:
        """Raise `TooManyBadRows` if more were rejected than the policy allows, of `rows` in all."""
        allowed = max(ALWAYS_ALLOWED, int(rows * self._policy.limit_percent / 100))
        if self.count <= allowed and (self.count < rows or not self.count):
            return
        first = min((group.samples[0] for group in self.groups.values()), key=lambda sample: int(sample["row"]))
        raise TooManyBadRows(
            f"{self.count:,} of {counted(rows, 'row')} {'does' if self.count == 1 else 'do'} not fit."
            f" The first is row {first['record']:,} (line {first['line']:,}): it {first['reason']}.",
            rows=rows,
            rejected=self.count,
            samples=[sample for group in self.groups.values() for sample in group.samples][:SAMPLES],
            issues=[group.to_json([]) for group in list(self.groups.values())[:MOST_GROUPS]],
        )

    def _bad_row(self, rejected: Rejected) -> BadRow:
        sample = self._sample(rejected, 0)
        place = f"Row {sample['record']:,} (line {sample['line']:,})"
        facts = {name: value for name, value in sample.items() if name not in {"code", "reason"}}
        return BadRow(f"{place} {sample['reason']}: {sample['raw']}", reason_code=sample["code"], **facts)

    def _group(self, rejected: Rejected) -> None:
        keys = list(zip(rejected.codes, rejected.columns or [None] * len(rejected), strict=True))
        for key in dict.fromkeys(keys):
            places = [place for place, other in enumerate(keys) if other == key]
            if key not in self.groups and len(self.groups) >= MOST_GROUPS:
                continue
            group = self.groups.setdefault(key, IssueGroup(*key))
            group.add(rejected.row[places], [self._sample(rejected, place) for place in places[:SAMPLES]])
            if rejected.widths is not None:
                group.widths.update(rejected.widths[places].tolist())
            if rejected.values is not None and len(group.values) < MOST_VALUES:
                group.values.update(value for place in places if (value := rejected.values[place]) is not None)

    def _sample(self, rejected: Rejected, place: int) -> dict[str, Any]:
        row = self._row(rejected, place)
        shown = {name: row[name] for name in ("record", "row", "line", "byte", "column", "code", "reason")}
        value = row["value"]
        return {**shown, "raw": row["raw"][:SHOWN_CHARACTERS], "value": value and value[:SHOWN_CHARACTERS]}

    def _row(self, rejected: Rejected, place: int) -> dict[str, Any]:
        row, byte = int(rejected.row[place]), int(rejected.byte[place])
        code = rejected.codes[place]
        return Reject(
            record=row + self._header_rows,
            byte=byte if byte >= 0 else None,
            reason=REASONS[code],
            raw=_text(rejected.raw[place]),
            row=row,
            line=int(rejected.line[place]),
            column=rejected.columns[place] if rejected.columns else None,
            code=code,
            value=rejected.values[place] if rejected.values else None,
            cut=len(rejected.raw[place]) > MOST_RAW_BYTES,
        ).to_row()

    def _flush(self) -> None:
        if not self._waiting:
            return
        self._writer = self._writer or pq.ParquetWriter(self._path, REJECTS_SCHEMA, compression="zstd")
        for rejected in self._waiting:
            self._writer.write_batch(self._batch(rejected))
        self._waiting, self._waiting_bytes = [], 0

    def _batch(self, rejected: Rejected) -> pa.RecordBatch:
        nothing = [None] * len(rejected)
        columns = {
            "record": rejected.row + self._header_rows,
            "byte": pa.array(rejected.byte, mask=rejected.byte < 0),
            "reason": [REASONS[code] for code in rejected.codes],
            "raw": _texts(rejected.raw),
            "row": rejected.row,
            "line": rejected.line,
            "column": rejected.columns or nothing,
            "code": rejected.codes,
            "value": rejected.values or nothing,
            "cut": [len(raw) > MOST_RAW_BYTES for raw in rejected.raw],
        }
        return pa.RecordBatch.from_pydict(columns, REJECTS_SCHEMA)


def _texts(raw: list[bytes]) -> pa.Array:
    """Return what is kept of some rows."""
    if max(map(len, raw)) <= MOST_RAW_BYTES:
        try:
            return pa.array(raw, pa.binary()).cast(pa.string())
        except pa.ArrowInvalid:
            # Some bytes are no characters; each row is looked at by itself then.
            pass
    return pa.array([_text(each) for each in raw], pa.string())


def _text(raw: bytes) -> str:
    """Return what is kept of a row. Where it is cut, that is between two characters."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    return decoder.decode(raw[:MOST_RAW_BYTES], final=len(raw) <= MOST_RAW_BYTES)
