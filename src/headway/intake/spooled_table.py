"""A text table whose cells do not lie in a file as text: they are kept beside it until the types are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import ipc

from headway.intake.exact_types import TypeWishes
from headway.intake.rejects import Policy, RejectsFile
from headway.intake.text_reader import Chunk, Places
from headway.intake.text_table import TableWriter, WrittenTable


class TextTableWriter:
    """Takes batches of string columns in file order; null is an empty cell, "" an explicitly quoted empty one."""

    def __init__(self, names: list[str], path: Path) -> None:
        self._names = names
        self._path = path
        self._spool = path.with_suffix(".text")
        self._schema = pa.schema([(f"c{position}", pa.string()) for position in range(len(names))])
        self._sink = pa.OSFile(str(self._spool), "wb")
        self._writer = ipc.new_file(self._sink, self._schema, options=ipc.IpcWriteOptions(compression="lz4"))

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows. The batch has the table's columns in order, all of type string."""
        self._writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=self._schema))

    def finish(
        self, wishes: TypeWishes | dict[str, str] | None = None, on_rows: Callable[[float], None] | None = None
    ) -> WrittenTable:
        """Decide the types, write the typed file, and remove the spool. `on_rows` hears the fraction done."""
        self._writer.close()
        self._sink.close()
        wishes = wishes if isinstance(wishes, TypeWishes) else TypeWishes(types=wishes or {})
        source = _Spool(self._spool)
        count = source.batches

        def heard(chunk: Chunk, rows: int) -> None:
            if on_rows is not None:
                on_rows(min(1.0, chunk.read_bytes / max(1, count)))

        try:
            table = TableWriter(self._names, self._path, source, wishes, lambda: _no_rejects(self._path), on_read=heard)
            return table.write()
        finally:
            self._spool.unlink(missing_ok=True)


def _no_rejects(path: Path) -> RejectsFile:
    return RejectsFile(path.with_suffix(".none"), Policy())


class _Spool:
    """The rows of a spool. `read_bytes` of its chunks counts batches."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with pa.OSFile(str(path), "rb") as file, ipc.open_file(file) as reader:
            self.batches = reader.num_record_batches

    def chunks(self) -> Iterator[Chunk]:
        # Read and not mapped: mapped pages count as memory of this process, whose limit is watched.
        with pa.OSFile(str(self._path), "rb") as file, ipc.open_file(file) as reader:
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                yield Chunk(batch, None, np.zeros(batch.num_rows, np.int64), [], number + 1)

    def raw(self, places: Places) -> list[bytes]:
        return []
