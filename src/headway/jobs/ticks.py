"""Reports that only move a job on, each in one statement that commits by itself. Nearly all reports are such.

What was last seen of a job is remembered, and holds for as long as the job has that version, which the statement
demands. Where it has another one, or the report begins a stage, nothing is written: whoever reports looks first then.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from headway.jobs import states
from headway.jobs.models import IS_ACTIVE, BackgroundJob
from headway.jobs.queries import Lease
from headway.jobs.reported import read_report
from headway.jobs.signal import ChangeSignal
from headway.kit.clock import Clock
from headway.kit.db import Database

MOST_REMEMBERED = 4_000
"""Jobs of which the last sight is kept, four kilobytes each. With one job more than that, reports in turn would find none."""

MOVED = (
    "progress", "message", "stage", "done_units", "total_units", "failed_units", "unit",
    "rate", "rated_units", "rated_at", "rated_since", "updated_at",
)  # fmt: skip
"""What a tick sets, always all of it, so that it is one statement that both sides have prepared."""


class Ticks:
    """Writes reports on jobs that this process wrote last."""

    def __init__(self, database: Database, clock: Clock, signal: ChangeSignal) -> None:
        self._database = database
        self._clock = clock
        self._signal = signal
        self._seen: OrderedDict[UUID, BackgroundJob] = OrderedDict()
        self._statement = _statement(database)

    def remember(self, job: BackgroundJob) -> None:
        """Keep what was seen of a job that no session holds any more."""
        self._seen[job.id] = job
        self._seen.move_to_end(job.id)
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)

    def remembered(self, job_id: UUID) -> BackgroundJob | None:
        """Return what was last seen of a job. It may have changed; whether it has, `write` finds out."""
        return self._seen.get(job_id)

    async def write(
        self,
        job_id: UUID,
        progress: int | None,
        message: str | None,
        *,
        lease: Lease | None,
        lease_seconds: float | None,
        **columns: Any,
    ) -> BackgroundJob | None:
        """Write a report, renew the lease, tell of it, and return the job; None, with nothing written, if that takes more."""
        job = self._seen.get(job_id)
        if job is None or (lease is not None and not states.is_held_by(job, lease.attempt, lease.owner)):
            return None
        now, version = self._clock.now(), job.version
        report = read_report(job, progress, message, columns, now)
        if report.begins is not None or report.out_of_bounds is not None:
            return None
        values = {name: report.values.get(name, getattr(job, name)) for name in MOVED}
        # As everywhere: progress does not go back, and neither do moments, whatever the clock does.
        values["progress"] = max(values["progress"], job.progress)
        values["updated_at"] = max(now, job.updated_at)
        if not (written := await self._write(job, values, lease_seconds or job.heartbeat_seconds)):
            self._seen.pop(job_id, None)
            return None
        values |= {"version": version + 1, "lease_expires_at": written[0][0]}
        for name, value in values.items():
            setattr(job, name, value)
        self.remember(job)
        self._signal.changed(job.user_id)
        return job

    async def _write(self, job: BackgroundJob, values: dict[str, Any], seconds: float) -> Sequence[sa.Row[Any]]:
        lease = self._database.moment_value(self._clock, seconds)
        seen = {"job_id": job.id, "seen_version": job.version, "lease_expires_at": lease}
        return await self._database.write_once(
            self._statement, {**seen, **{f"new_{name}": value for name, value in values.items()}}
        )


def _statement(database: Database) -> sa.Executable:
    """Return the statement of all ticks. The version is still the same: so are attempt and lease, and nothing stalled."""
    table = cast("sa.Table", BackgroundJob.__table__)
    unchanged = sa.and_(
        table.c.id == sa.bindparam("job_id"), table.c.version == sa.bindparam("seen_version"), IS_ACTIVE
    )
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in MOVED}
    values |= {"version": table.c.version + 1, "lease_expires_at": database.moment_in("lease_expires_at")}
    return sa.update(table).where(unchanged).values(values).returning(table.c.lease_expires_at)
