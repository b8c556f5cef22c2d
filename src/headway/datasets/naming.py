"""Names of columns as people send them."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from headway.kit.text import PlainText

LONGEST_NAME = 5_000

ColumnName = Annotated[PlainText, StringConstraints(max_length=LONGEST_NAME)]


def different(names: list[str]) -> list[str]:
    """Return the names. Raises ValueError if one is there twice."""
    if len(set(names)) < len(names):
        raise ValueError("each column can be named once")
    return names
