"""Turns batches of any size into row groups of one size, bounded in bytes, on their way into the dataset's file."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from headway.intake.rows_file import RowsWriter, rows_per_group

MAX_GROUP_BYTES = 32 * 1024 * 1024
"""A group of rows with very long cells ends early, because it must fit in memory a few times over."""


class RowGroups:
    """A context manager around `RowsWriter`; leaving it without an exception finishes the file."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = RowsWriter(path, schema)
        self._schema = schema
        self._group_rows = rows_per_group(len(schema))
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
            self._writer.close()

    def write(self, batch: pa.RecordBatch) -> None:
        """Take the next rows; write as many groups as are full."""
        while self._rows + batch.num_rows >= self._group_rows:
            room = self._group_rows - self._rows
            self._add(batch.slice(0, room))
            self._flush()
            batch = batch.slice(room)
        if batch.num_rows:
            self._add(batch)
        if self._bytes >= MAX_GROUP_BYTES:
            self._flush()

    def _add(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write(pa.concat_batches(self._waiting))
        self._waiting, self._rows, self._bytes = [], 0, 0
