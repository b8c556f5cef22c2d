"""Rows that do not fit their table: kept with their place and the reason, up to a limit that fails the import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from headway.intake.text_errors import TooManyBadRows

MOST_REJECTS = 100_000
ALWAYS_ALLOWED = 10
BAD_SHARE = 0.05
"""Above this share of bad rows something is wrong with the reading, not with the rows."""

RAW_CHARACTERS = 2_000
SAMPLES = 5

REJECTS_SCHEMA = pa.schema(
    [("record", pa.int64()), ("byte", pa.int64()), ("reason", pa.string()), ("raw", pa.string())]
)


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that was not taken. `record` counts the file's records from 1, header included."""

    record: int
    byte: int | None
    reason: str
    raw: str

    def to_row(self) -> dict[str, Any]:
        return {"record": self.record, "byte": self.byte, "reason": self.reason, "raw": self.raw[:RAW_CHARACTERS]}


def too_many(rejects: Sequence[Reject], rejected: int, rows: int) -> None:
    """Raise `TooManyBadRows` if so many of the rows were rejected that the reading itself must be wrong.

    `rejects` holds the first of them, at most `MOST_REJECTS`.
    """
    allowed = min(MOST_REJECTS - 1, max(ALWAYS_ALLOWED, int(rows * BAD_SHARE)))
    if rejected <= allowed and (rejected < rows or not rejected):
        return
    first = rejects[0]
    raise TooManyBadRows(
        f"{rejected:,} of {rows:,} rows do not fit. The first is row {first.record:,}: it {first.reason}.",
        rows=rows,
        rejected=rejected,
        samples=[{"row": r.record, "reason": r.reason, "raw": r.raw[:200]} for r in rejects[:SAMPLES]],
    )
