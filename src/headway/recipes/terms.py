"""Words that steps and expressions are made of. They are data: nothing in them ever becomes SQL as it stands."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

MOST_STEPS = 50
MOST_NAMED = 2_000
"""Columns that one step names."""

MOST_COLUMNS = 5_000
"""Columns that a table has after any step."""

LONGEST_NAME = 5_000
LONGEST_TEXT = 10_000

NO_NUL = r"^[^\x00]*$"

Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=NO_NUL)]
"""The name of a column."""

Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=NO_NUL)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=NO_NUL)]
"""A regular expression as RE2 reads it, whose time is linear in what it searches."""

TypeName = Literal[
    "text", "integer", "decimal", "number", "boolean", "date", "time", "timestamp", "timestamp_tz", "uuid"
]  # fmt: skip
"""What a column can be made."""


class Closed(BaseModel):
    """A member that is not known is refused, so that a slip of the pen does not pass for a wish."""

    model_config = ConfigDict(extra="forbid")
