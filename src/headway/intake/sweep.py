"""The sweep: what kills, power cuts and failures left behind is found, told and removed; what was lost is told loudly.

Several sweeps at once do no harm: whatever one removes may be gone already when another comes to it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from headway.accounts.upkeep import forget_sessions
from headway.audit.log import AuditRetention
from headway.datasets.changes import expire_changes
from headway.datasets.upkeep import DatasetUpkeep
from headway.errors import AppError
from headway.intake.sweep_files import FileSweep, Folders
from headway.intake.sweep_objects import (
    NamedArtifacts,
    NamedObjects,
    Names,
    Prefix,
    compare,
    sweep_arriving,
    sweep_trials,
)
from headway.intake.upkeep import IntakeUpkeep
from headway.jobs.artifacts.upkeep import ArtifactUpkeep
from headway.jobs.counters import CounterCare
from headway.jobs.logs.upkeep import LogRetention
from headway.jobs.retention import JobRetention, KeepJobs
from headway.jobs.upkeep import JobUpkeep
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.tally import Tally
from headway.storage.leftovers import LIFECYCLE_NOTE, folder_of
from headway.storage.store import ObjectStore

log = logging.getLogger(__name__)

OLDER_THAN = timedelta(hours=24)
"""Younger things may belong to somebody who is at work, however slow the network and wrong the clock."""

LONGEST_PARSES = 2
"""A work folder may go once it is older than this many times the longest that a parse may take."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """One kind of left-over. What is `lost` was never removed but is missing; `failure` says why nobody could look."""

    kind: str
    tally: Tally = field(default_factory=Tally)
    lost: tuple[str, ...] = ()
    failure: str | None = None

    @property
    def problem(self) -> str | None:
        """Return a sentence if somebody has to look at it."""
        if self.failure is not None:
            return f"{self.kind} could not be looked at: {self.failure}"
        if not self.lost:
            return None
        more = self.tally.count - len(self.lost)
        return f"{self.kind}: {self.tally.count:,}. {', '.join(self.lost)}" + (f" and {more:,} more." if more else ".")


@dataclass(frozen=True, slots=True)
class Report:
    """What a sweep found and, unless it was a dry run, removed."""

    at: datetime
    leftovers: tuple[Leftover, ...]
    note: str | None

    @property
    def problems(self) -> Iterator[str]:
        """Yield a sentence for every kind that somebody has to look at."""
        yield from (problem for each in self.leftovers if (problem := each.problem) is not None)


class Sweep:
    """Goes through every kind of left-over once."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        clock: Clock,
        folders: Folders,
        keep: KeepJobs,
        keep_audit_days: int,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._folders = folders
        self._retention = JobRetention(database, clock, keep)
        self._logs = LogRetention(database, clock, keep)
        self._audit = AuditRetention(database, clock, keep_audit_days)
        self._jobs = JobUpkeep(database)
        self._counters = CounterCare(database)
        datasets = DatasetUpkeep(database)
        self._imports = IntakeUpkeep(database, clock, self._jobs, datasets)
        self._artifacts = ArtifactUpkeep(database, store, clock)
        files = NamedObjects(self._jobs, self._imports, datasets)
        self._names: dict[Prefix, Names] = {
            "originals": files,
            "rows": files,
            "artifacts": NamedArtifacts(self._jobs, self._artifacts),
        }

    async def run(self, *, dry_run: bool = False, older_than: timedelta | None = None) -> Report:
        """Look at every kind; remove what is older than a day, or than `older_than`. Lost objects are only told.

        A store or folder that fails is told and does not keep the other kinds from being looked at. Errors of the
        database are raised.
        """
        now = self._clock.now()
        parses = timedelta(seconds=LONGEST_PARSES * self._folders.parse_seconds)
        before = now - (OLDER_THAN if older_than is None else older_than)
        files = FileSweep(
            self._jobs,
            self._folders,
            folder_of(self._store),
            before=before,
            spool_before=now - (parses if older_than is None else older_than),
            dry_run=dry_run,
        )
        # Rows before objects: what only a deleted job or a checkpoint named is named by nothing then.
        found = [
            *await self._rows(now, before, dry_run=dry_run),
            *await self.compare_objects(before, dry_run=dry_run),
            await _tried(
                "pieces of ended uploads", lambda: sweep_arriving(self._store, self._imports, before, dry_run=dry_run)
            ),
            await _tried("check-up objects", lambda: sweep_trials(self._store, before, dry_run=dry_run)),
            *[await _tried(kind, look) for kind, look in files.looks().items()],
        ]
        return Report(now, tuple(found), LIFECYCLE_NOTE if folder_of(self._store) is None else None)

    async def run_and_log(self) -> Report:
        """Sweep, and say in the log what was removed and what somebody has to look at."""
        report = await self.run()
        for each in report.leftovers:
            if each.tally.count and each.problem is None:
                log.info("sweep: removed %d %s, %d bytes", each.tally.count, each.kind, each.tally.bytes or 0)
        for problem in report.problems:
            log.error("sweep: %s", problem)
        return report

    async def _rows(self, now: datetime, before: datetime, *, dry_run: bool) -> list[Leftover]:
        """Forget jobs that are past their time, then rows of the database that belong to nothing any more."""
        return [
            Leftover("old completed jobs", await self._retention.forget_completed(dry_run=dry_run)),
            Leftover("old failed or cancelled jobs", await self._retention.forget_failed(dry_run=dry_run)),
            Leftover("old lines of jobs", await self._logs.forget(dry_run=dry_run)),
            Leftover("expired artifacts", await self._artifacts.expire(dry_run=dry_run)),
            Leftover("jobs whose events are old", await self._retention.drop_events(dry_run=dry_run)),
            Leftover("expired changes", Tally(await expire_changes(self._database, now, dry_run=dry_run))),
            Leftover("imports without a job", await self._imports.forget_imports(dry_run=dry_run)),
            Leftover("uploads without a job", await self._imports.forget_uploads(dry_run=dry_run)),
            Leftover("checkpoints", await self._jobs.forget_checkpoints(before, dry_run=dry_run)),
            Leftover("reservations", await self._imports.forget_reservations(dry_run=dry_run)),
            Leftover("idempotency keys", await self._imports.forget_keys(before, dry_run=dry_run)),
            Leftover("wrong counts of jobs", Tally(await self._counters.mend(dry_run=dry_run))),
            Leftover("old audit entries", await self._audit.forget(dry_run=dry_run)),
            Leftover("sessions", await forget_sessions(self._database, now, dry_run=dry_run)),
        ]

    async def compare_objects(self, before: datetime, *, dry_run: bool) -> list[Leftover]:
        """Compare the objects with the rows that name them."""
        found = []
        for prefix, names in self._names.items():
            unneeded, lost = f"{prefix} without a row", f"lost {prefix}"
            try:
                compared = await compare(self._store, names, prefix, before, dry_run=dry_run)
            except AppError as error:
                found.append(Leftover(unneeded, failure=error.detail))
                continue
            found += [Leftover(unneeded, compared.unneeded), Leftover(lost, Tally(compared.lost_count), compared.lost)]
        return found

    async def find_lost(self) -> list[str]:
        """Return a sentence for each kind of object that is named and not there, or could not be looked for."""
        found = await self.compare_objects(self._clock.now() - OLDER_THAN, dry_run=True)
        return [problem for each in found if (problem := each.problem) is not None]


async def _tried(kind: str, look: Callable[[], Awaitable[Tally]]) -> Leftover:
    try:
        return Leftover(kind, await look())
    except AppError as error:
        return Leftover(kind, failure=error.detail)
    except OSError as error:
        return Leftover(kind, failure=str(error))
