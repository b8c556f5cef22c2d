"""Lines of JSON, each a row. What is wrong with one is no reason to lose the others: it is kept apart with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from headway.datasets.rejected import MOST_RAW_BYTES
from headway.errors import AppError
from headway.intake.errors import (
    JsonBadText,
    JsonDuplicateKey,
    JsonMalformed,
    JsonNotANumber,
    JsonTooDeep,
    JsonTrailing,
    JsonTruncated,
)
from headway.intake.formats.json_scan import Cells, Reader, Taken
from headway.intake.formats.json_window import Window
from headway.intake.parsing import Decision
from headway.intake.rejects import Policy, Rejected, RejectsFile

_OF_ONE_LINE = (
    JsonBadText,
    JsonDuplicateKey,
    JsonMalformed,
    JsonNotANumber,
    JsonTooDeep,
    JsonTrailing,
    JsonTruncated,
)
_BATCH = 1_000


class BadLines:
    """Takes lines that are no rows; with a policy that fails, or none, the first one is the end."""

    def __init__(self, rejects: RejectsFile | None) -> None:
        self._rejects = rejects
        self._waiting: list[tuple[int, int, int, str, bytes]] = []
        self.count = 0

    @classmethod
    def none(cls) -> BadLines:
        """Return what takes nothing, for formats of which a part cannot be left out."""
        return cls(None)

    @classmethod
    def into(cls, path: Path, policy: Policy) -> BadLines:
        return cls(None if policy.fails else RejectsFile(path, policy))

    def take(self, error: AppError, window: Window) -> None:
        """Go past the next line of the window and keep it. Raises the error where nothing may be kept."""
        if self._rejects is None or not isinstance(error, _OF_ONE_LINE):
            raise error
        raw, line, byte = window.skip_line()
        self.count += 1
        kept = raw[: MOST_RAW_BYTES + 1].encode("utf-8", "surrogateescape")[: MOST_RAW_BYTES + 1]
        self._waiting.append((window.rows + 1, line, byte, error.code, kept))
        if len(self._waiting) >= _BATCH:
            self._flush()

    def close(self, rows: int) -> tuple[Path | None, list[Decision]]:
        """Return the file of the lines, if there are any, and the decision about them. Raises `TooManyBadRows`."""
        if self._rejects is None or not self.count:
            return None, []
        self._flush()
        self._rejects.check(rows + self.count)
        groups = [group.to_json([]) for group in self._rejects.groups.values()]
        said = f"{self.count:,} lines are no rows" if self.count > 1 else "One line is no row"
        return self._rejects.close(), [
            Decision("issues", {"rejected": self.count, "groups": groups}, f"{said}, and were kept apart.")
        ]

    def _flush(self) -> None:
        if self._rejects is None or not self._waiting:
            return
        rows, lines, places, codes, raw = zip(*self._waiting, strict=True)
        numbers = [np.array(each, np.int64) for each in (rows, lines, places)]
        self._rejects.add(Rejected(numbers[0], numbers[1], numbers[2], list(codes), list(raw)))
        self._waiting = []


def read_lines(window: Window, read: Reader[Cells], bad: BadLines) -> Iterator[Taken[Cells]]:
    """Yield the row of every line that is not blank."""
    while True:
        try:
            row = window.take_line(read)
        except AppError as error:
            bad.take(error, window)
        else:
            if row is None:
                return
            yield row
        window.rows += 1
