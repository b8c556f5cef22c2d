"""Text that is put together from whole Arrow arrays, and never cell by cell in Python."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from headway.datasets.columns import Column
from headway.datasets.printing import canonical
from headway.intake.merging.tables import texts

CONTROL = r"[\x00-\x1f]"
"""Characters that most notations want written otherwise; a batch without any is spared the search for each."""


def cells(batch: pa.RecordBatch, column: Column, *, written: bool) -> pa.Array:
    """Return the text of each cell: as it was written, or as every program reads its type. Null stays null."""
    if written:
        return texts(batch, column)
    return canonical(batch.column(column.physical), Column(column.name, column.type, column.position))


def joined(parts: Sequence[pa.Array | str]) -> pa.Array:
    """Return the parts of each row as one text. None of them may be missing."""
    return pc.binary_join_element_wise(*parts, "")


def data_of(array: pa.Array) -> memoryview:
    """Return the texts of an array one after another, as they lie in memory."""
    ends = pa.Array.from_buffers(pa.int32(), len(array) + 1, [None, array.buffers()[1]], offset=array.offset)
    data = array.buffers()[2]
    return memoryview(b"") if data is None else memoryview(data)[ends[0].as_py() : ends[len(array)].as_py()]


def has(array: pa.Array, pattern: str) -> bool:
    """Say whether a pattern is found in any text."""
    return bool(pc.any(pc.match_substring_regex(array, pattern)).as_py())


def count(mask: pa.Array) -> int:
    return int(pc.sum(mask).as_py() or 0)
