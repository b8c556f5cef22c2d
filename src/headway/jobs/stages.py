"""The stages that a job declares when it is created: which one it is in, and how much of the whole each one is."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from headway.jobs.models import BackgroundJob

Declared = list[dict[str, Any]]
"""One object for each stage, in order: its `key` and, unless the job tells its percent itself, its `weight`."""

TRUST = 5
"""So many measured jobs count as much as what was declared."""

MOST_PERCENT = 99
"""Percent are for the work; the last one is for its result, once it is committed."""


def place_of(job: BackgroundJob) -> tuple[int | None, int | None]:
    """Return the number of the stage that a job is in, from 1, and how many there are; None for what is not known."""
    keys = [stage["key"] for stage in job.stages or ()]
    number = keys.index(job.stage) + 1 if job.stage in keys else None
    return number, len(keys) or None


def percent_after(job: BackgroundJob, report: Mapping[str, Any]) -> int | None:
    """Return how far a job is after a report, by the weights of its stages; None if they do not tell."""
    stage = report.get("stage", job.stage)
    # What was counted in another stage says nothing of this one.
    counted = {"done_units": job.done_units, "total_units": job.total_units} if stage == job.stage else {}
    done, total = ({**counted, **report}.get(name) for name in ("done_units", "total_units"))
    stages = job.stages or []
    found = next((number for number, one in enumerate(stages) if one["key"] == stage), None)
    if found is None or any("weight" not in one for one in stages):
        return None
    weights = [one["weight"] for one in stages]
    fraction = min(1.0, done / total) if done and total else 0.0
    return int(MOST_PERCENT * (sum(weights[:found]) + fraction * weights[found]) / sum(weights))


def weigh(stages: Declared, seconds_left: Mapping[str, Sequence[float]]) -> Declared:
    """Return the stages with weights that lie between the declared ones and the times that other jobs took.

    `seconds_left` are the seconds from a stage to the end of the job, of each job that was measured.
    """
    measured = min((len(seconds_left.get(stage["key"], ())) for stage in stages), default=0)
    if not measured:
        return stages
    left = [statistics.median(seconds_left[stage["key"]]) for stage in stages] + [0.0]
    took = [max(0.0, here - after) for here, after in itertools.pairwise(left)]
    declared, whole = sum(stage["weight"] for stage in stages), sum(took)
    if whole <= 0:
        return stages
    return [
        {**stage, "weight": (TRUST * stage["weight"] / declared + measured * seconds / whole) / (TRUST + measured)}
        for stage, seconds in zip(stages, took, strict=True)
    ]
