"""A job in each of its states, as a person may meet it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.browser.stage import a_job, problem

DATASET = UUID(int=77)


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def every_state() -> dict[str, dict[str, Any]]:
    """Return jobs by the name of their state."""
    rows = {"unit": "rows", "related_dataset_id": DATASET}
    jobs = {
        "failed": {
            "phase": "failed",
            "title": "customers.csv",
            "error": "The file is not a table.",
            "progress": 40,
            "problem": problem(
                "format.not_a_table",
                "This file is not a table",
                "Its first bytes are those of a picture (PNG).",
                "Choose a CSV, Excel, JSON or Parquet file.",
                support_id="5f2a9c0e",
            ),
        },
        "failed, may pass": {
            "phase": "failed",
            "title": "orders 2026.xlsx",
            "error": "The store is away.",
            "progress": 70,
            "problem": problem(
                "storage.unavailable",
                "The object store could not be reached",
                "It did not answer for 15 minutes.",
                "Try again in a few minutes.",
                retryable=True,
                support_id="77aa01",
            ),
        },
        "partial": dict(
            phase="partial",
            title="contacts.csv",
            outcome="partial",
            done_units=99_988,
            total_units=100_000,
            age=54,
            result={"rows": 99_988, "rejected_rows": 12, "datasets": [str(DATASET)]},
            message="99,988 rows; 12 could not be read",
            **rows,
        ),
        "stalled": {"phase": "stalled", "title": "sensor log.ndjson", "progress": 55, "message": "Reading the file"},
        "running": {
            "phase": "running",
            "title": "a very long name of a file that somebody exported twice, final version (3).csv",
            "progress": 43,
            "message": "Writing rows",
            "stage": "store",
            "done_units": 43_120,
            "total_units": 100_000,
            "unit": "rows",
            "rate": 5123.4,
            "stage_index": 3,
            "stage_count": 4,
            "expected_end": {"likely_at": _in(11), "late_at": _in(19)},
        },
        "unknown total": {
            "phase": "running",
            "title": "Nightly sync",
            "job_type": "external",
            "progress": 0,
            "message": None,
            "done_units": 12_400,
            "unit": "rows",
        },
        "slower than usual": {
            "phase": "running",
            "title": "prices.parquet",
            "progress": 60,
            "message": "Reading the file",
            "expected_end": {"likely_at": _in(-4), "late_at": _in(70)},
        },
        "finishing": {
            "phase": "finishing",
            "title": "parts.json",
            "progress": 99,
            "message": "Creating the dataset",
            "stage": "publish",
        },
        "uploading": {
            "phase": "uploading",
            "title": "big.csv",
            "progress": 14,
            "stage": "upload",
            "message": "Uploading",
            "done_units": 18_000_000,
            "total_units": 38_000_000,
            "unit": "bytes",
        },
        "cancelling": {"phase": "cancelling", "title": "wrong file.csv", "progress": 50, "message": "Stopping…"},
        "retrying": {
            "phase": "retrying",
            "title": "stock.csv",
            "attempt": 1,
            "message": "The object store could not be reached. Trying again in 20 s.",
        },
        "queued": {
            "phase": "queued",
            "title": "third.csv",
            "message": "Waiting to be parsed",
            "queue": {"position": 3, "ahead": 2, "expected_start": _in(40)},
        },
        "completed": dict(
            phase="completed",
            title="people.csv",
            outcome="succeeded",
            done_units=100_000,
            age=52,
            message="100,000 rows",
            **rows,
        ),
        "duplicate": dict(
            phase="completed",
            title="people copy.csv",
            outcome="duplicate",
            message="You imported this file before",
            age=3,
            **rows,
        ),
        "completed, of others": {
            "phase": "completed",
            "title": "Report",
            "job_type": "export",
            "message": "14 pages written",
            "age": 7,
        },
        "cancelled": {"phase": "cancelled", "title": "old.csv", "progress": 60, "age": 30},
        "cancelled upload": {
            "phase": "cancelled",
            "title": "too big.csv",
            "progress": 12,
            "stage": "upload",
            "age": 12,
        },
    }
    return {name: a_job(number, **facts) for number, (name, facts) in enumerate(jobs.items(), 1)}
