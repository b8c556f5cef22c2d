"""How many jobs there are, without counting them: triggers keep `job_counts`, in the transaction of each change.

So it is exact whoever changes jobs, and asking costs what an owner's types cost, not their jobs. Should it be wrong
all the same (triggers that somebody switched off, a table emptied by hand), the sweep finds and mends the difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs import counter_queries
from headway.jobs.filters import JobFilter, told_apart
from headway.jobs.schemas import HistoryCounts, TypeCount
from headway.kit.db import Database

STATES_OF: dict[str, frozenset[str]] = {
    "running": frozenset({"pending", "running"}),
    "pending": frozenset({"pending"}),
    "paused": frozenset({"paused"}),
    "completed": frozenset({"completed", "partial"}),
    "partial": frozenset({"partial"}),
    "failed": frozenset({"failed"}),
    "cancelled": frozenset({"cancelled"}),
}
"""What each word of `filters.STATUS_WORDS` counts."""

MOST_TYPES = 100
"""Types that one answer lists: callers name their own, without end."""


async def count_own(session: AsyncSession, owner: str, where: JobFilter) -> HistoryCounts:
    """Return how many jobs of an owner each filter shows beside the other one. Raise `UnknownFilter`."""
    states, job_type = _states_of(where.statuses), where.job_type
    by_state: Counter[str] = Counter()
    by_type: Counter[str] = Counter()
    total = matching = 0
    for kind, state, count in await counter_queries.list_counts(session, owner):
        is_type, is_state = job_type in {None, kind}, state in states
        total += count
        matching += count * (is_type and is_state)
        by_state[state] += count * is_type
        by_type[kind] += count * is_state
    most = sorted((-count, kind) for kind, count in by_type.items() if count)[: MOST_TYPES + 1]
    types = [TypeCount(job_type=kind, count=-count) for count, kind in most]
    return HistoryCounts(
        total=total,
        matching=matching,
        status={word: sum(by_state[state] for state in found) for word, found in STATES_OF.items()},
        job_types=types[:MOST_TYPES],
        more_job_types=len(types) > MOST_TYPES,
    )


async def count_all(session: AsyncSession) -> dict[str, int]:
    """Return how many jobs of all owners there are, by word of their status."""
    counts: Counter[str] = Counter()
    for _, state, count in await counter_queries.total_counts(session):
        counts[state] += count
    return {word: sum(counts[state] for state in found) for word, found in STATES_OF.items()}


def _states_of(words: Iterable[str]) -> frozenset[str]:
    wanted, unwanted = told_apart(words)
    states = frozenset[str]().union(*(STATES_OF[word] for word in wanted or STATES_OF))
    return states.difference(*(STATES_OF[word] for word in unwanted))


class CounterCare:
    """Keeps the counters true and small. It acts for the system, for no owner."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count_wrong(self) -> int:
        """Return how many counts differ from what there is. It reads every job."""
        async with self._database.read() as session:
            return len(await counter_queries.list_differences(session))

    async def mend(self, *, dry_run: bool) -> int:
        """Put right what differs from what there is, and return how many counts that were.

        Nobody is kept from changing jobs meanwhile: each change moves both sides, so a difference stays what it is.
        """
        wrong = await self.count_wrong()
        if dry_run:
            return wrong
        async with self._database.write() as session:
            if wrong:
                # Alone among those who mend, and so compared once more: two would both add what is missing.
                await counter_queries.hold_counters(session)
                differences = await counter_queries.list_differences(session)
                await counter_queries.add(session, differences)
                wrong = len(differences)
            await counter_queries.join_slots(session)
        return wrong
