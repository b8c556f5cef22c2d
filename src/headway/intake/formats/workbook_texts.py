"""The shared texts of a workbook, kept in two flat buffers: a Python string for each would cost several times as much."""

from __future__ import annotations

from array import array
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from headway.intake.errors import MemoryLimit, SheetUnreadable

KEPT = 65_536
"""Of the texts that were asked for last; columns of a few words ask for the same ones again and again."""


class SharedTexts:
    """Texts by their number."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._ends = array("q", [0])
        self._bytes = bytearray()
        self.get = lru_cache(maxsize=KEPT)(self._get)

    def add(self, text: str) -> None:
        self._bytes += text.encode("utf-8", "replace")
        self._ends.append(len(self._bytes))
        if len(self._bytes) + 8 * len(self._ends) > self._max_bytes:
            raise MemoryLimit("The texts of the workbook together take more memory than one file may use.")

    def _get(self, number: str | int) -> str:
        place = int(number)
        if not 0 <= place < len(self):
            raise SheetUnreadable(f"A cell refers to text {place:,} of the workbook, which has {len(self):,}.")
        return self._bytes[self._ends[place] : self._ends[place + 1]].decode()

    def __len__(self) -> int:
        return len(self._ends) - 1

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """How long each text is, in bytes. No text may be added any more."""
        ends = np.frombuffer(self._ends, np.int64)
        return ends[1:] - ends[:-1]

    def take(self, numbers: npt.NDArray[np.int64]) -> pa.StringArray:
        """Return the texts of these numbers, all of which are there. No text may be added any more."""
        return pc.cast(self._array.take(pa.array(numbers)), pa.string())

    @cached_property
    def _array(self) -> pa.LargeStringArray:
        return pa.LargeStringArray.from_buffers(len(self), pa.py_buffer(self._ends), pa.py_buffer(self._bytes))
