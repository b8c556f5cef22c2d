"""The shared texts of a workbook, kept in two flat buffers: a Python string for each would cost several times as much."""

from __future__ import annotations

from array import array
from functools import lru_cache

from headway.intake.errors import MemoryLimit, SheetUnreadable

KEPT = 65_536
"""Of the texts that were asked for last; columns of a few words ask for the same ones again and again."""


class SharedTexts:
    """Texts by their number."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._ends = array("Q")
        self._bytes = bytearray()
        self.get = lru_cache(maxsize=KEPT)(self._get)

    def add(self, text: str) -> None:
        self._bytes += text.encode("utf-8", "replace")
        self._ends.append(len(self._bytes))
        if len(self._bytes) + 8 * len(self._ends) > self._max_bytes:
            raise MemoryLimit("The texts of the workbook together take more memory than one file may use.")

    def _get(self, number: str | int) -> str:
        place = int(number)
        if not 0 <= place < len(self._ends):
            raise SheetUnreadable(f"A cell refers to text {place:,} of the workbook, which has {len(self._ends):,}.")
        start = self._ends[place - 1] if place else 0
        return self._bytes[start : self._ends[place]].decode()
