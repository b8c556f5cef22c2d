"""How many jobs there are, of all owners together: what whoever runs Headway watches. It names nobody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs import queries
from headway.jobs.models import ACTIVE_STATUSES
from headway.jobs.transitions import EXTERNAL
from headway.kit.clock import Clock

RECENT = timedelta(minutes=15)
"""How long an ended job is counted as one that has ended lately."""

TYPES = ("import", "export", "validation", "processing", "external")
OTHER = "other"
"""What every type of job is called that we do not know: callers name their own as they like, without end."""


@dataclass(frozen=True, slots=True)
class Census:
    """Numbers of jobs: live ones by (type, status), those that ended lately by (type, status, problem code or "")."""

    live: Counter[tuple[str, str]]
    ended: Counter[tuple[str, str, str]]
    oldest_wait_seconds: float
    """How long the first of the accepted jobs has waited for a worker; 0 if none waits."""


async def take_census(session: AsyncSession, clock: Clock) -> Census:
    """Count. The cost is that of the live jobs and of what ended lately; not of the history."""
    now = clock.now()
    live: Counter[tuple[str, str]] = Counter({(kind, status): 0 for kind in TYPES for status in ACTIVE_STATUSES})
    ended: Counter[tuple[str, str, str]] = Counter()
    longest = 0.0
    for kind, status, count, waiting_since in await queries.count_live(session, EXTERNAL):
        live[_known(kind), status] += count
        if waiting_since is not None:
            longest = max(longest, (now - waiting_since).total_seconds())
    for kind, status, code, count in await queries.count_ended_since(session, now - RECENT):
        ended[_known(kind), status, code or ""] += count
    return Census(live, ended, longest)


def _known(kind: str) -> str:
    return kind if kind in TYPES else OTHER
