"""How many of something there are, in words: one function for all, so that no sentence says `1 rows`."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """Return `1 row` or `2,000 rows`. `many` is needed where it is more than `one` with an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
