"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Begins at a fixed moment; `advance` moves it, also backwards."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._elapsed += max(0.0, seconds)

    def jump(self, seconds: float) -> None:
        """Set the wall clock, as an administrator or a time server would; no time passes."""
        self._now += timedelta(seconds=seconds)
