"""Regular expressions of people, as RE2 reads them: in time that is linear in what they search."""

from __future__ import annotations

from functools import cache

import duckdb


def why_no_pattern(pattern: str) -> str | None:
    """Return what the engine says of a pattern that it cannot use, or None. To compile one can take seconds."""
    written = pattern.replace("'", "''")
    with _engine().cursor() as ours:
        try:
            # A constant, so that it is compiled as it will be, and not once for each row.
            ours.execute(f"select regexp_full_match('', '{written}')").fetchall()
        except duckdb.Error as error:
            return str(error).splitlines()[0].removeprefix("Invalid Input Error: ")
    return None


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """Return a database of our own: the usual one of the library is everybody's, and may read files."""
    return duckdb.connect(config={"threads": 1, "enable_external_access": False})
