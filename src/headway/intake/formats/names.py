"""Names for columns: unique, in file order, never blank."""

from __future__ import annotations

from collections.abc import Sequence


def unique_names(names: Sequence[str | None]) -> list[str]:
    """Return one name for each column: `column_3` for a blank one, `price_2` for the second `price`.

    A name that stands in the file is never taken away from its own column.
    """
    given = [name if name and name.strip() else "" for name in names]
    kept = set(given)
    taken: set[str] = set()
    unique = []
    for number, name in enumerate(given, start=1):
        base = name or f"column_{number}"
        candidate, again = base, 1
        while candidate in taken or (candidate in kept and candidate != name):
            again += 1
            candidate = f"{base}_{again}"
        taken.add(candidate)
        unique.append(candidate)
    return unique
