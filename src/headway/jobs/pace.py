"""How fast a job does its units: a rate of the present stage, smoothed over seconds and not over reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from headway.jobs.models import BackgroundJob

SMOOTHED_SECONDS = 10.0
"""What is older than that hardly counts; in a younger stage the rate is the mean from its beginning."""

LEAST_SECONDS = 1.0
"""A rate that was measured over less is not told."""

UNMEASURED: dict[str, Any] = {"rate": None, "rated_units": None, "rated_at": None, "rated_since": None}


def measure(job: BackgroundJob, report: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return the columns of a job's rate after a report; a mere sign of life says that nothing more was done."""
    is_new = any(report.get(name) not in {None, getattr(job, name)} for name in ("stage", "unit"))
    before = None if is_new else job.rated_units
    done = report.get("done_units", before)
    if done is None:
        return UNMEASURED if is_new else {}
    if before is None or done < before or job.rated_at is None or job.rated_since is None:
        return {"rate": None, "rated_units": done, "rated_at": now, "rated_since": now}
    seconds = (now - job.rated_at).total_seconds()
    window = min(SMOOTHED_SECONDS, (now - job.rated_since).total_seconds())
    if seconds <= 0 or window <= 0:
        return {}
    rate = job.rate or 0.0
    # Between reports nothing is known, so that the weight of a report is the time since the one before.
    rate += (done - before - rate * seconds) / max(window, seconds)
    return {"rate": max(0.0, rate), "rated_units": done, "rated_at": now}


def shown_rate(job: BackgroundJob) -> float | None:
    """Return the units per second that may be told, or None."""
    somebody_works = job.status == "running" or job.lease_owner is not None
    if not somebody_works or job.rate is None or job.rated_at is None or job.rated_since is None:
        return None
    long_enough = (job.rated_at - job.rated_since).total_seconds() >= LEAST_SECONDS
    return round(job.rate, 1) if long_enough else None
