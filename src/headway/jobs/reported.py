"""What a report changes of a job, by what was known of it before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headway.jobs import pace, stages
from headway.jobs.models import BackgroundJob


@dataclass(frozen=True, slots=True)
class Reported:
    """The columns that a report changes, with a percent within its bounds.

    `begins` is the stage that it begins; `out_of_bounds` a percent that no job has, if that was not noted yet.
    """

    values: dict[str, Any]
    begins: str | None
    out_of_bounds: int | None


def read_report(
    before: BackgroundJob, progress: int | None, message: str | None, columns: dict[str, Any], now: datetime
) -> Reported:
    """Return what a report changes. `columns` may be stage and units; without a percent, they tell it if they can."""
    values = {key: value for key, value in columns.items() if value is not None}
    values |= pace.measure(before, values, now)
    if progress is None and values.keys() & {"stage", "done_units", "total_units"}:
        progress = stages.percent_after(before, values)
    if progress is not None:
        values["progress"] = min(100, max(0, progress))
    if message is not None:
        values["message"] = message
    stage = values.get("stage")
    is_noted = before.clamped_attempt == before.attempt or values.get("progress") == progress
    return Reported(values, stage if stage != before.stage else None, None if is_noted else progress)
