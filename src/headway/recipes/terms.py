"""Words that steps and expressions are made of. They are data: nothing in them ever becomes SQL as it stands."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from headway.datasets.naming import ColumnName
from headway.kit.text import PlainText

MOST_STEPS = 50
MOST_NAMED = 2_000
"""Columns that one step names."""

MOST_COLUMNS = 5_000
"""Columns that a table has after any step."""

LONGEST_TEXT = 10_000

Name = Annotated[ColumnName, StringConstraints(min_length=1)]
"""The name of a column."""

Text = Annotated[PlainText, StringConstraints(max_length=LONGEST_TEXT)]
Pattern = Annotated[PlainText, StringConstraints(min_length=1, max_length=1_000)]
"""A regular expression as RE2 reads it, whose time is linear in what it searches."""

TypeName = Literal[
    "text", "integer", "decimal", "number", "boolean", "date", "time", "timestamp", "timestamp_tz", "uuid"
]  # fmt: skip
"""What a column can be made."""


class Closed(BaseModel):
    """A member that is not known is refused, so that a slip of the pen does not pass for a wish."""

    model_config = ConfigDict(extra="forbid")
