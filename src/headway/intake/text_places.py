"""Where a row that was read from the UTF-8 copy of a text begins in the file as it was sent.

A line end is one in every encoding, so the beginning of a record is found by counting them: it follows the same one in
both files. Where they are not as many in both, the place is not known, and said to be so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from headway.intake.text_rules import CR, LF, Flags, Positions

BLOCK = 1024 * 1024
UNKNOWN = -1

Locate: TypeAlias = Callable[[Positions], Positions]
"""Takes rising places of the copy, each time higher ones; returns those of the file, `UNKNOWN` where it cannot tell."""


def as_they_are(places: Positions) -> Positions:
    """The text is the file itself."""
    return places


def nowhere(places: Positions) -> Positions:
    """The text is no part of the file that a person could go to: it was packed, or is a sample."""
    return np.full(len(places), UNKNOWN, np.int64)


@dataclass(frozen=True)
class Copied:
    """The file as it was sent, in units of its encoding, and its copy. `start` is the length of its byte order mark."""

    sent: Path
    copy: Path
    unit: np.dtype[Any]
    start: int

    @cached_property
    def _is_in_step(self) -> bool:
        return _Lines(self.sent, self.unit, self.start).count() == _Lines(self.copy, np.dtype("u1"), 0).count()

    def locate(self) -> Locate:
        """Return the question for one pass over the copy."""
        copy, sent = _Lines(self.copy, np.dtype("u1"), 0), _Lines(self.sent, self.unit, self.start)

        def found(places: Positions) -> Positions:
            if not self._is_in_step:
                return nowhere(places)
            numbers, is_begin = copy.numbers(places)
            return np.where(is_begin, sent.begins(numbers), UNKNOWN)

        return found


class _Lines:
    """The places behind the line ends of a file, gone through once and forwards, a block in memory at a time."""

    def __init__(self, path: Path, unit: np.dtype[Any], start: int) -> None:
        self._path = path
        self._unit = unit
        self._until = start
        self._before = 0
        self._places: Positions = np.array([start], np.int64)

    def count(self) -> int:
        while self._next():
            pass
        return self._before + len(self._places)

    def numbers(self, places: Positions) -> tuple[Positions, Flags]:
        """Return in which line each place is, from 0, and whether that line begins there. Places rise."""
        found, is_begin, done = np.empty(len(places), np.int64), np.empty(len(places), np.bool_), 0
        while True:
            stop = max(done, int(np.searchsorted(places, self._until, "right")))
            line = np.searchsorted(self._places, places[done:stop], "right") - 1
            found[done:stop] = self._before + line
            is_begin[done:stop] = (line >= 0) & (np.append(self._places, UNKNOWN)[line] == places[done:stop])
            done = stop
            if done == len(places) or not self._next():
                return found, is_begin

    def begins(self, numbers: Positions) -> Positions:
        """Return where lines begin, by their number from 0. Numbers rise."""
        found, done = np.empty(len(numbers), np.int64), 0
        while True:
            stop = max(done, int(np.searchsorted(numbers, self._before + len(self._places))))
            found[done:stop] = self._places[numbers[done:stop] - self._before]
            done = stop
            if done == len(numbers) or not self._next():
                return found

    def _next(self) -> bool:
        """Go to the next block; False at the end of the file."""
        with self._path.open("rb") as file:
            file.seek(self._until)
            block = file.read(BLOCK)
        units = np.frombuffer(block[: len(block) - len(block) % self._unit.itemsize], self._unit)
        if not len(units):
            return False
        ends = np.flatnonzero((units == LF) | (units == CR)) + 1
        self._before += len(self._places)
        self._places = self._until + ends * self._unit.itemsize
        self._until += len(units) * self._unit.itemsize
        return True
