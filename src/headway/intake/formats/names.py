"""Names for columns: unique, in file order, never blank."""

from __future__ import annotations

from collections.abc import Sequence

from headway.intake.text_errors import NamesTooLong

MAX_NAME_CHARACTERS = 10_000
MAX_NAMES_CHARACTERS = 2_000_000
"""Every answer about a dataset carries its names; longer ones are no names but values in the header row."""


def unique_names(names: Sequence[str | None]) -> list[str]:
    """Return one name for each column: `column_3` for a blank one, `price_2` for the second `price`.

    A name that stands in the file is never taken away from its own column. Raises `NamesTooLong`.
    """
    given = [name if name and name.strip() else "" for name in names]
    _refuse_long(given)
    kept = set(given)
    taken: set[str] = set()
    tried: dict[str, int] = {}
    unique = []
    for number, name in enumerate(given, start=1):
        base = name or f"column_{number}"
        candidate, again = base, tried.get(base, 1)
        while candidate in taken or (candidate in kept and candidate != name):
            again += 1
            candidate = f"{base}_{again}"
        tried[base] = again
        taken.add(candidate)
        unique.append(candidate)
    return unique


def _refuse_long(names: list[str]) -> None:
    longest = max(map(len, names), default=0)
    if longest > MAX_NAME_CHARACTERS:
        raise NamesTooLong(f"One of the names has {longest:,} characters; {MAX_NAME_CHARACTERS:,} are possible.")
    together = sum(map(len, names))
    if together > MAX_NAMES_CHARACTERS:
        raise NamesTooLong(f"All names together have {together:,} characters; {MAX_NAMES_CHARACTERS:,} are possible.")
