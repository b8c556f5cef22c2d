"""Lines of JSON, each a row. What is wrong with one is no reason to lose the others: it is kept apart with its place."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from headway.datasets.correction import MOST_RAW_BYTES
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
from headway.plurals import counted

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
_COUNT_BYTES = 1024 * 1024
_BLANKS = {"\n": b" \t\r", "\r": b" \t\n"}
"""What is nothing, where a line ends with one of these."""


class BadLines:
    """Takes lines that are no rows; with a policy that fails, or none, the first one is the end."""

    def __init__(self, rejects: RejectsFile | None) -> None:
        self._rejects = rejects
        self._waiting: list[tuple[int, int, int, str, bytes]] = []
        self.count = 0
        self.marks = 0
        """Byte order marks between the rows."""
        self.counted: Callable[[Path], int] | None = None
        """Counts the lines of the file anew, once they were read."""

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
        """Return the file of the lines, if there are any, and the decisions about them. Raises `TooManyBadRows`."""
        marks = [Decision("rows", {"byte_order_marks": self.marks}, self._said_of_marks())] if self.marks else []
        if self._rejects is None or not self.count:
            return None, marks
        self._flush()
        self._rejects.check(rows + self.count)
        groups = [group.to_json([]) for group in self._rejects.groups.values()]
        said = counted(self.count, "line is no row", "lines are no rows")
        return self._rejects.close(), [
            *marks,
            Decision("issues", {"rejected": self.count, "groups": groups}, f"{said}; kept apart."),
        ]

    def _said_of_marks(self) -> str:
        return (
            f"{counted(self.marks, 'byte order mark')} between the rows left out, as of files that were put together."
        )

    def _flush(self) -> None:
        if self._rejects is None or not self._waiting:
            return
        rows, lines, places, codes, raw = zip(*self._waiting, strict=True)
        numbers = [np.array(each, np.int64) for each in (rows, lines, places)]
        self._rejects.add(Rejected(numbers[0], numbers[1], numbers[2], list(codes), list(raw)))
        self._waiting = []


def count_lines(source: Path, encoding: str, line_feed: str) -> int:
    """Return how many lines of a file hold something, counted without a look at what that is.

    What was read and what was rejected must be as many; that is why nothing here is the reader's but the names of the
    encoding and of what ends a line.
    """
    count, is_open = 0, False
    for text in _texts(source, encoding):
        filled = text.replace("\ufeff", "").encode("utf-8", "surrogateescape").translate(None, _BLANKS[line_feed])
        if filled:
            is_end = np.frombuffer(filled, np.uint8) == ord(line_feed)
            # A line begins where something follows an end; the first one may have begun in the block before.
            count += int(np.count_nonzero(is_end[:-1] & ~is_end[1:])) + int(not is_end[0] and not is_open)
            is_open = not is_end[-1]
    return count


def _texts(source: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape" if encoding.startswith("utf-8") else "strict")
    with source.open("rb") as file:
        while block := file.read(_COUNT_BYTES):
            yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def read_lines(window: Window, read: Reader[Cells], bad: BadLines) -> Iterator[Taken[Cells]]:
    """Yield the row of every line that is not blank."""
    while True:
        try:
            row = window.take_line(read)
        except AppError as error:
            bad.take(error, window)
        else:
            if row is None:
                bad.marks = window.marks
                bad.counted = partial(count_lines, encoding=window.encoding, line_feed=window.line_feed or "\n")
                return
            yield row
        window.rows += 1
