"""Lines of a job in numbered blocks, of which the oldest are dropped. Pure.

A block is one row. Lines come in small batches, so the newest block is filled before another one is begun, and a job
that says little has one row. Numbers go on over all attempts; a number that no block has is a line that was dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, cast

from headway.jobs.schemas import Level

Source = Literal["worker", "program"]

BLOCK_LINES = 100
BLOCK_BYTES = 25_600
BLOCKS_OF_ATTEMPT = 10
"""So an attempt keeps its last 900 to 1,000 lines, or 256 KB."""

BLOCKS_OF_JOB = 30
LONGEST_LINE = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """One line, as it was said. `source` is who said it: `worker` or `program`."""

    at: datetime
    level: Level
    source: Source
    text: str

    @property
    def size_bytes(self) -> int:
        return len(self.text.encode())

    def to_json(self) -> list[str]:
        return [self.at.isoformat(), self.level, self.source, self.text]

    @classmethod
    def from_json(cls, kept: Sequence[str]) -> Line:
        at, level, source, text = kept
        return cls(datetime.fromisoformat(at), cast("Level", level), cast("Source", source), text)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that were said one after another in one attempt, the first of which has the number `first`."""

    first: int
    attempt: int
    lines: tuple[Line, ...]
    size_bytes: int

    @property
    def after(self) -> int:
        """Return the number of the line that comes next."""
        return self.first + len(self.lines)

    def holds(self, line: Line) -> bool:
        return len(self.lines) < BLOCK_LINES and self.size_bytes + line.size_bytes <= BLOCK_BYTES

    def with_line(self, line: Line) -> Block:
        return replace(self, lines=(*self.lines, line), size_bytes=self.size_bytes + line.size_bytes)


def append(newest: Block | None, attempt: int, lines: Iterable[Line], skipped: int = 0) -> list[Block]:
    """Return the blocks that hold these lines, in order; the first one may be the newest one with more in it.

    `skipped` lines came before them that nobody could keep.
    """
    number = newest.after if newest is not None else 1
    goes_on = newest is not None and newest.attempt == attempt and not skipped
    block = newest if goes_on and newest is not None else Block(number + skipped, attempt, (), 0)
    blocks: list[Block] = []
    for line in lines:
        if not block.holds(line):
            blocks.append(block)
            block = Block(block.after, attempt, (), 0)
        block = block.with_line(line)
    if block.lines:
        blocks.append(block)
    return [each for each in blocks if each is not newest]


def said(text: str) -> list[str]:
    """Return the lines of a text as they are kept: what cannot be seen is shown as �, what is too long is cut."""
    return [_plain(line) for line in text.splitlines()] or [""]


def _plain(line: str) -> str:
    shown = "".join(sign if sign.isprintable() or sign == "\t" else "�" for sign in line)
    if len(shown) <= LONGEST_LINE:
        return shown
    end = f"… (cut; {len(line):,} characters)"
    return shown[: LONGEST_LINE - len(end)] + end
