"""What a job has said of itself and what it knows, between the thread that works and the one that reports."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

Level = Literal["debug", "info", "warning", "error"]

CHARACTERS_AT_ONCE = 100_000
"""Far below what a server takes at once, whatever the characters are."""

LINES_KEPT = 1000
"""As many as the server keeps of an attempt."""


def short(text: object, most: int = 200) -> str:
    """Return a text that the server takes: characters that can be kept, no more of them than fit, and … for the rest."""
    whole = str(text).replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return whole if len(whole) <= most else whole[: most - 1] + "…"


@dataclass(slots=True)
class State:
    """Shared by two threads. `said` is replaced and never changed, so that a reader needs no lock."""

    said: dict[str, Any] = field(default_factory=dict)
    done: int | None = None
    ending: dict[str, Any] | None = None
    job_id: UUID | None = None
    cancelled: bool = False
    over: str | None = None
    """Why nothing more is reported, if so."""
    tried: threading.Event = field(default_factory=threading.Event)
    """The first request was answered, or the server is away."""
    told: threading.Event = field(default_factory=threading.Event)
    """The end was told, or cannot be."""
    woken: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _lines: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))
    _dropped: int = 0

    def say(self, values: dict[str, Any]) -> None:
        with self._lock:
            self.said = {**self.said, **values}

    def add_line(self, text: str, level: Level) -> None:
        with self._lock:
            self._dropped += len(self._lines) == LINES_KEPT
            self._lines.append({"text": short(text, 20_000), "level": level})

    def first_lines(self, most: int) -> tuple[list[dict[str, str]], int]:
        """Return the oldest lines that are not told yet and fit into a report, and how many older ones were dropped."""
        lines: list[dict[str, str]] = []
        room = CHARACTERS_AT_ONCE
        with self._lock:
            for line in itertools.islice(self._lines, most):
                room -= len(line["text"])
                if room < 0 and lines:
                    break
                lines.append(line)
            return lines, self._dropped

    def forget_lines(self, told: list[dict[str, str]], dropped: int) -> None:
        """Forget lines that were told; those of them that were dropped meanwhile are not missing."""
        known = {id(line) for line in told}
        with self._lock:
            self._dropped -= dropped + len(told)
            while self._lines and id(self._lines[0]) in known:
                self._lines.popleft()
                self._dropped += 1

    @property
    def untold_lines(self) -> int:
        return len(self._lines)

    def snapshot(self) -> dict[str, Any]:
        """Return everything that was said of progress, in the words of the API."""
        return self.said if self.done is None else {**self.said, "done_units": self.done}
