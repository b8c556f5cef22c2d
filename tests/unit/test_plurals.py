"""One row is not `1 rows`."""

from __future__ import annotations

import pytest

from headway.plurals import counted


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (0, ("row",), "0 rows"),
        (1, ("row",), "1 row"),
        (2000, ("row",), "2,000 rows"),
        (1, ("row is", "rows are"), "1 row is"),
        (3, ("row is", "rows are"), "3 rows are"),
    ],
)
def test_what_is_counted_is_one_or_many(count: int, words: tuple[str, ...], said: str) -> None:
    assert counted(count, *words) == said
