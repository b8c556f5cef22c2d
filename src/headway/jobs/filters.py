"""Which of an owner's jobs a list shows, as the words of a query become conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from headway.jobs.errors import UnknownFilter
from headway.jobs.models import ENDED_BADLY, IS_ACTIVE, IS_PAUSED, BackgroundJob

_COMPLETED = BackgroundJob.status == "completed"
STATUS_WORDS: dict[str, ColumnElement[bool]] = {
    "running": sa.and_(IS_ACTIVE, sa.not_(IS_PAUSED)),
    "pending": sa.and_(BackgroundJob.status == "pending", sa.not_(IS_PAUSED)),
    "paused": IS_PAUSED,
    "completed": _COMPLETED,
    "partial": sa.and_(_COMPLETED, sa.func.coalesce(BackgroundJob.outcome, "") == "partial"),
    "failed": BackgroundJob.status == "failed",
    "cancelled": BackgroundJob.status == "cancelled",
}
"""What each word means. Here as everywhere else a waiting job counts as running, since it goes on by itself; a paused
upload does not, since it waits for its person."""


NAMES = frozenset({"status", "job_type", "dataset_id", "q", "created_from", "created_to"})
PAGING = frozenset({"limit", "cursor"})


COUNTED = frozenset({"status", "job_type"})


def refuse_unknown(names: Iterable[str]) -> None:
    """Raise `UnknownFilter` for a name that is no filter: left aside, it would show more than was asked for."""
    unknown = sorted(set(names) - NAMES - PAGING)
    if unknown:
        raise UnknownFilter(f"There is no filter {unknown[0]!r}.", allowed=sorted(NAMES))


def refuse_uncounted(names: Iterable[str]) -> None:
    """Raise `UnknownFilter` for a filter by which nobody counts: left aside, it would count more than was asked for."""
    unknown = sorted(set(names) - COUNTED)
    if unknown:
        raise UnknownFilter(f"Jobs are not counted by {unknown[0]!r}.", allowed=sorted(COUNTED))


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What a job must be like; what is left out does not matter.

    `statuses` are words of `STATUS_WORDS`; `!` before one excludes. `text` is looked for in titles, whatever the case
    of its letters (on SQLite: of those from A to Z). `since` counts, `until` does not.
    """

    statuses: tuple[str, ...] = ()
    job_type: str | None = None
    dataset_id: UUID | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def worded(
        cls,
        status: str | None,
        job_type: str | None,
        dataset_id: UUID | None,
        q: str | None,
        created_from: datetime | None,
        created_to: datetime | None,
    ) -> JobFilter:
        """Return the filter that a request describes; its `status` lists words between commas."""
        statuses = tuple(word for word in (status or "").split(",") if word)
        return cls(statuses, job_type, dataset_id, q, created_from, created_to)

    @property
    def is_counted(self) -> bool:
        """Say whether the counters know how many jobs fit."""
        return (self.dataset_id, self.text or None, self.since, self.until) == (None,) * 4

    @property
    def wants_live(self) -> bool:
        """Say whether only jobs can fit that have not ended; of those an owner has few."""
        wanted, _unwanted = told_apart(self.statuses)
        return bool(wanted) and set(wanted) <= {"running", "pending", "paused"}

    def sought(self) -> list[ColumnElement[bool]]:
        """Return what must hold and an index leads to. Raise `UnknownFilter` for a word that no status has."""
        wanted, _unwanted = told_apart(self.statuses)
        found: list[ColumnElement[bool]] = [IS_ACTIVE] if self.wants_live else []
        if wanted and set(wanted) <= {"failed", "cancelled", "partial"}:
            found.append(ENDED_BADLY)
        if self.since is not None:
            found.append(BackgroundJob.created_at >= self.since)
        if self.until is not None:
            found.append(BackgroundJob.created_at < self.until)
        return found

    def looked_at(self) -> list[ColumnElement[bool]]:
        """Return what must hold besides, and each job has to be looked at for. Raise `UnknownFilter`, as above."""
        wanted, unwanted = told_apart(self.statuses)
        found: list[ColumnElement[bool]] = [sa.or_(*(STATUS_WORDS[word] for word in wanted))] if wanted else []
        found += [sa.not_(STATUS_WORDS[word]) for word in unwanted]
        if self.job_type is not None:
            found.append(BackgroundJob.job_type == self.job_type)
        if self.text:
            found.append(BackgroundJob.title.icontains(self.text, autoescape=True))
        return found


def told_apart(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the words of statuses that are wanted, and those that are not. Raise `UnknownFilter` for any other word."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for word in words:
        name = word.removeprefix("!")
        if name not in STATUS_WORDS:
            raise UnknownFilter(f"There is no status {name!r}.", allowed=sorted(STATUS_WORDS))
        (wanted if name == word else unwanted).append(name)
    return wanted, unwanted
