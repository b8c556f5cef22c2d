"""Objects against rows: which objects nothing names any more, and which named objects are lost.

Objects and names are two streams in the order of their keys, so one pass finds both and holds a page of each. What
the pass suspects is looked at once more before anything is done: an object is stored before the row that names it,
and a row can go at any time. So nothing depends on the order in which a store lists.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID

from headway.datasets.upkeep import DatasetUpkeep
from headway.intake.models import Import
from headway.intake.upkeep import IntakeUpkeep
from headway.jobs.artifacts.upkeep import ArtifactUpkeep
from headway.jobs.states import TERMINAL
from headway.jobs.upkeep import JobUpkeep
from headway.kit.tally import Tally
from headway.storage.errors import ObjectMissing
from headway.storage.store import ObjectInfo, ObjectStore

Prefix = Literal["originals", "rows", "artifacts"]
Item = TypeVar("Item")
PAGE = 500
ARRIVING_PREFIX = "uploads"
"""Where the bytes of uploads lie until all of them have come."""

TRIAL_PREFIXES = ("checkup", "doctor")
"""Where `headway doctor` stores what it tries; it removes everything itself, unless it is killed."""

LISTED_LOST = 50
"""Most lost objects that a report names; their number is always told."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What one pass found. `lost` are the first keys of objects that are named and not there."""

    unneeded: Tally
    lost_count: int
    lost: tuple[str, ...]


class Names(Protocol):
    """Who still needs the objects below a prefix."""

    async def needed(self, keys: Collection[str]) -> set[str]:
        """Return the keys that somebody needs, or that are no keys of ours."""

    async def required(self, prefix: Prefix, keys: Collection[str]) -> set[str]:
        """Return those of these keys below a prefix that must be there."""

    def all_required(self, prefix: Prefix) -> AsyncIterator[str]:
        """Yield every key below a prefix that must be there, in order or nearly so."""


class NamedArtifacts:
    """Who still needs a file of a job."""

    def __init__(self, jobs: JobUpkeep, artifacts: ArtifactUpkeep) -> None:
        self._jobs = jobs
        self._artifacts = artifacts

    async def needed(self, keys: Collection[str]) -> set[str]:
        jobs = {key: job_of(key) for key in keys}
        job_ids = {job_id for job_id in jobs.values() if job_id is not None}
        # In this order: what a job that has ended by now wrote is named by the rows that are read after it.
        statuses = await self._jobs.statuses(job_ids)
        named = await self._artifacts.named(job_ids)
        alive = {job_id for job_id, status in statuses.items() if status not in TERMINAL}
        return {key for key, job_id in jobs.items() if job_id is None or job_id in alive or key in named}

    async def required(self, _prefix: Prefix, keys: Collection[str]) -> set[str]:
        job_ids = {job_id for key in keys if (job_id := job_of(key)) is not None}
        return (await self._artifacts.named(job_ids)).intersection(keys)

    def all_required(self, _prefix: Prefix) -> AsyncIterator[str]:
        return self._artifacts.all_named()


class NamedObjects:
    """Who still needs an uploaded file, or rows."""

    def __init__(self, jobs: JobUpkeep, imports: IntakeUpkeep, datasets: DatasetUpkeep) -> None:
        self._jobs = jobs
        self._imports = imports
        self._datasets = datasets

    async def needed(self, keys: Collection[str]) -> set[str]:
        """Return the keys that somebody needs, or that are no keys of imports.

        The order matters: a job that has ended by now named its objects before, in the rows that are read after it.
        """
        jobs = {key: job_of(key) for key in keys}
        job_ids = {job_id for job_id in jobs.values() if job_id is not None}
        statuses = await self._jobs.statuses(job_ids)
        found = await self._imports.imports_of(job_ids)
        kept = set(_texts(await self._jobs.checkpoint_values(job_ids)))
        # Any import that has not completed may be tried again, unless its job was deleted; from then on its datasets
        # need the original, or nobody.
        kept |= {each.original_key for each in found if statuses.get(each.job_id) not in {"completed", None}}
        alive = {job_id for job_id, status in statuses.items() if status not in TERMINAL}
        rest = [key for key, job in jobs.items() if job is not None and job not in alive and key not in kept]
        return set(keys) - await self._not_of_datasets(rest, [each.id for each in found])

    async def _not_of_datasets(self, keys: Collection[str], import_ids: Collection[UUID]) -> set[str]:
        """Return the keys that no dataset needs; what was rejected belongs to the rows beside it."""
        stored = await self._datasets.keys_of(import_ids)
        left = {key: rows_beside(key) for key in keys if not {key, rows_beside(key)} & (stored.rows | stored.originals)}
        if not left:
            return set()
        stored = await self._datasets.naming({*left, *left.values()})
        return {key for key, rows in left.items() if not {key, rows} & (stored.rows | stored.originals)}

    async def required(self, prefix: Prefix, keys: Collection[str]) -> set[str]:
        """Return those of these keys below a prefix that must be there."""
        job_ids = {job for key in keys if (job := job_of(key)) is not None}
        found = set(await self._required(prefix, await self._imports.imports_of(job_ids)))
        # A later version may need the original of an import of which nothing else is left.
        named = await self._datasets.naming(keys)
        return (found | named.rows | named.originals).intersection(keys)

    async def all_required(self, prefix: Prefix) -> AsyncIterator[str]:
        """Yield every key below a prefix that must be there, in order."""
        page = await self._imports.imports_after(None)
        while page:
            for key in await self._required(prefix, page):
                yield key
            page = await self._imports.imports_after(page[-1].job_id)

    async def _required(self, prefix: Prefix, imports: Sequence[Import]) -> list[str]:
        statuses = await self._jobs.statuses([each.job_id for each in imports])
        stored = await self._datasets.keys_of([each.id for each in imports])
        if prefix == "rows":
            return sorted(stored.rows)
        unfinished = {each.original_key for each in imports if statuses.get(each.job_id) not in {"completed", None}}
        return sorted(unfinished | stored.originals)


async def compare(store: ObjectStore, names: Names, prefix: Prefix, before: datetime, *, dry_run: bool) -> Compared:
    """Remove the objects below a prefix that are from before a moment and that nobody needs; find the lost ones."""
    unneeded, lost_count, lost = Tally(), 0, list[str]()
    suspects = _unmatched(store.list(prefix), names.all_required(prefix))
    async for page in _pages(suspects):
        objects = {found.key: found for found, _ in page if found is not None and found.modified_at < before}
        for key in sorted(objects.keys() - await names.needed(objects.keys())) if objects else ():
            if not dry_run:
                await store.delete(key)
            unneeded = unneeded.plus(objects[key].size_bytes, objects[key].modified_at)
        missing = [key for _, key in page if key is not None and not await _exists(store, key)]
        if missing:
            missing = sorted(await names.required(prefix, missing))
        lost_count += len(missing)
        lost += missing[: LISTED_LOST - len(lost)]
    return Compared(unneeded, lost_count, tuple(lost))


async def sweep_arriving(store: ObjectStore, imports: IntakeUpkeep, before: datetime, *, dry_run: bool) -> Tally:
    """Remove what is left from before a moment of uploads that have ended."""
    total = Tally()
    async for page in _pages(store.list(ARRIVING_PREFIX)):
        old = {found: job_of(found.key) for found in page if found.modified_at < before}
        receiving = await imports.receiving({job_id for job_id in old.values() if job_id is not None})
        for found in (each for each, job_id in old.items() if job_id not in receiving):
            if not dry_run:
                await store.delete(found.key)
            total = total.plus(found.size_bytes, found.modified_at)
    return total


async def sweep_trials(store: ObjectStore, before: datetime, *, dry_run: bool) -> Tally:
    """Remove what check-ups of the store left from before a moment; nothing ever names it."""
    total = Tally()
    for prefix in TRIAL_PREFIXES:
        async for found in store.list(prefix):
            if found.modified_at < before:
                if not dry_run:
                    await store.delete(found.key)
                total = total.plus(found.size_bytes, found.modified_at)
    return total


async def _unmatched(
    objects: AsyncIterator[ObjectInfo], names: AsyncIterator[str]
) -> AsyncIterator[tuple[ObjectInfo | None, str | None]]:
    """Yield each object that no name stands beside, and each name beside which no object stands."""
    found, name = await anext(objects, None), await anext(names, None)
    while found is not None or name is not None:
        if found is not None and (name is None or found.key < name):
            yield found, None
            found = await anext(objects, None)
        elif name is not None and (found is None or name < found.key):
            yield None, name
            name = await anext(names, None)
        else:
            found, name = await anext(objects, None), await anext(names, None)


async def _pages(items: AsyncIterator[Item]) -> AsyncIterator[list[Item]]:
    page: list[Item] = []
    async for item in items:
        page.append(item)
        if len(page) == PAGE:
            yield page
            page = []
    yield page


async def _exists(store: ObjectStore, key: str) -> bool:
    try:
        await store.stat(key)
    except ObjectMissing:
        return False
    return True


def job_of(key: str) -> UUID | None:
    """Return the job that an object was stored for; None for what is not ours."""
    try:
        return UUID(key.split("/")[1])
    except (IndexError, ValueError):
        return None


def rows_beside(key: str) -> str:
    """Return the key of the rows that were stored together with an object of the same name."""
    return f"{key.rpartition('.')[0]}.parquet"


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value: whichever of them are keys are named by it."""
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            for each in value.values():
                yield from _texts(each)
