"""Whose turn it is when a place at a worker becomes free."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence

REMEMBERED_OWNERS = 10_000
"""More than have jobs waiting at once; whoever is forgotten counts as new and goes first among equals."""


class Turns:
    """The owner with the fewest running jobs goes first, and among equals the one whose last turn is longest ago.

    So somebody's first job starts before the next one of anybody who has a job running, however many wait.
    """

    def __init__(self, user_concurrency: int) -> None:
        self._user_concurrency = user_concurrency
        self._number = itertools.count(1)
        self._last_turns: dict[str, int] = {}
        self._offered: tuple[str, int] | None = None

    def next(self, waiting: Collection[str], running: Mapping[str, int]) -> Sequence[str]:
        """Return the one owner whose turn it is; none if each of them has as many running as one may."""
        able = [owner for owner in waiting if running.get(owner, 0) < self._user_concurrency]
        able.sort(key=lambda owner: (running.get(owner, 0), self._last_turns.get(owner, 0)))
        # Whoever let the last turn pass cannot start now, and must not keep everybody else waiting.
        if len(able) > 1 and self._offered == (able[0], running.get(able[0], 0)):
            able = able[1:]
        for owner in able[:1]:
            self._remember(owner)
            self._offered = (owner, running.get(owner, 0))
        return able[:1]

    def _remember(self, owner: str) -> None:
        self._last_turns.pop(owner, None)
        self._last_turns[owner] = next(self._number)
        if len(self._last_turns) > REMEMBERED_OWNERS:
            del self._last_turns[next(iter(self._last_turns))]
