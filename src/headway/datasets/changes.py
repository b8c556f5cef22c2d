"""Changes of datasets: ordered with a job, prepared by a worker, then applied at once or once somebody has looked.

A change is made for one version of its dataset. It becomes the next one only while the dataset still shows that one:
the row of the dataset is held, compared, and set, in the transaction that ends the job or answers the request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets import queries
from headway.datasets.answers import to_change, to_response
from headway.datasets.errors import ChangeNotFound, ChangeNotPending, DatasetMoved
from headway.datasets.models import DatasetChange, DatasetSource, DatasetVersion
from headway.datasets.objects import DatasetObjects
from headway.datasets.schemas import ChangeResponse, ChangesResponse, DatasetResponse
from headway.kit.clock import Clock
from headway.kit.db import Database

RECIPE = "recipe"
"""The action of a source that is no file: steps, which made a table of those before it."""

PROPOSED_FOR = timedelta(days=7)
LISTED = 50


@dataclass(frozen=True, slots=True)
class Source:
    """One file that a version is made from: where it lies, how it is read, and what is done with it."""

    import_id: UUID
    part: int
    action: str
    options: dict[str, Any]
    original_key: str
    source: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "import_id": str(self.import_id)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Source:
        return cls(**{**value, "import_id": UUID(value["import_id"])})


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asked for. `asked` holds options that are to be others, or key columns."""

    dataset_id: UUID
    job_id: UUID
    import_id: UUID
    action: str
    apply: bool
    asked: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Base:
    """The version that a change begins from."""

    version: DatasetVersion
    sources: list[Source]
    name: str
    """Of the dataset."""

    @property
    def number(self) -> int:
        return self.version.number


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version to be, whose objects are durable. `summary` says what it changes, `is_same` that it changes nothing."""

    rows: int
    rejected_rows: int
    bytes: int
    rows_key: str
    rejects_key: str | None
    columns: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    sources: list[Source]
    summary: dict[str, Any]
    is_same: bool
    profile: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a change. `unused` are objects that nothing names any more once the transaction has ended."""

    state: str
    version: int | None
    unused: set[str]


class DatasetChanges:
    """The changes of all datasets."""

    def __init__(self, database: Database, clock: Clock, objects: DatasetObjects, *, keep: int) -> None:
        self._database = database
        self._clock = clock
        self._objects = objects
        self._keep = keep

    # ----------------------------------------------------------------------- whoever prepares them

    async def order_in(self, session: AsyncSession, owner: str, order: Order) -> None:
        """Note a change in the transaction that accepts its job. Raises `DatasetNotFound`."""
        await queries.get(session, owner, order.dataset_id)
        now = self._clock.now()
        session.add(DatasetChange(**asdict(order), state="preparing", bytes=0, created_at=now))
        await session.flush()

    async def is_known_in(
        self, session: AsyncSession, owner: str, dataset_id: UUID, mode: str, sha256: str, is_alike: queries.IsAlike
    ) -> bool:
        """Say whether a file with this digest, read alike, is in the dataset already, so that it would change nothing.

        What was appended once is in it. What updated or replaced rows counts only as the last to have done so: others
        may have changed them after it. Raises `DatasetNotFound`.
        """
        _, version = await queries.get(session, owner, dataset_id)
        sources = await _sources_of(session, version)
        digests = [
            source.source["sha256"] if source.action != RECIPE and is_alike(source.options) else None
            for source in sources
        ]
        match mode:
            case "append":
                return sha256 in digests
            case "replace":
                return digests == [sha256]
            case _:
                return bool(digests[-1] == sha256)

    async def find_order(self, job_id: UUID) -> Order | None:
        async with self._database.read() as session:
            change = await session.get(DatasetChange, job_id)
        if change is None:
            return None
        names = ("dataset_id", "job_id", "import_id", "action", "apply", "asked")
        return Order(**{name: getattr(change, name) for name in names})

    async def get_base(self, owner: str, dataset_id: UUID, number: int | None = None) -> Base:
        """Return what the dataset shows now, or another version. Raises `DatasetNotFound` if it was deleted meanwhile."""
        async with self._database.read() as session:
            dataset, version = await queries.get(session, owner, dataset_id, number)
            return Base(version, await _sources_of(session, version), dataset.name)

    async def settle_in(
        self, session: AsyncSession, owner: str, order: Order, base: Base, candidate: Candidate
    ) -> Settled:
        """Apply or propose what was prepared, in the transaction that ends its job. Raises `DatasetMoved`."""
        dataset = await queries.lock(session, owner, order.dataset_id)
        change = await session.get_one(DatasetChange, order.job_id)
        if dataset.current_version != base.number:
            raise DatasetMoved(f"It shows version {dataset.current_version:,} now.", version=dataset.current_version)
        now = self._clock.now()
        change.base_version, change.summary = base.number, candidate.summary
        if candidate.is_same:
            change.state, change.decided_at = "unchanged", now
            return Settled("unchanged", None, {key for key in (candidate.rows_key, candidate.rejects_key) if key})
        _keep(change, candidate)
        if order.apply:
            return await self._apply(session, change, now)
        change.state, change.expires_at = "proposed", now + PROPOSED_FOR
        await session.flush()
        return Settled("proposed", None, set())

    async def discard_objects(self, keys: Collection[str]) -> None:
        await self._objects.discard(keys)

    # ----------------------------------------------------------------------- whoever decides on them

    async def list_changes(self, owner: str, dataset_id: UUID) -> ChangesResponse:
        async with self._database.read() as session:
            await queries.get(session, owner, dataset_id)
            found = await queries.list_changes(session, dataset_id, LISTED)
        return ChangesResponse(items=[to_change(change) for change in found])

    async def get_change(self, owner: str, dataset_id: UUID, job_id: UUID) -> ChangeResponse:
        async with self._database.read() as session:
            await queries.get(session, owner, dataset_id)
            return to_change(await _get_change(session, dataset_id, job_id))

    async def apply(self, owner: str, dataset_id: UUID, job_id: UUID) -> DatasetResponse:
        """Make a proposal the version that the dataset shows. Applying it again changes nothing more."""
        settled = None
        async with self._database.write() as session:
            dataset = await queries.lock(session, owner, dataset_id)
            change = await _get_change(session, dataset_id, job_id)
            if change.state != "applied":
                self._refuse_unless_proposed(change)
                if dataset.current_version != change.base_version:
                    raise DatasetMoved(
                        f"It was prepared for version {change.base_version}, and the dataset shows version"
                        f" {dataset.current_version} now.",
                        base_version=change.base_version, version=dataset.current_version,
                    )  # fmt: skip
                settled = await self._apply(session, change, self._clock.now())
        if settled is not None:
            await self._objects.discard(settled.unused)
        async with self._database.read() as session:
            return to_response(*await queries.get(session, owner, dataset_id))

    async def discard(self, owner: str, dataset_id: UUID, job_id: UUID) -> None:
        """Give a proposal up, and the room that it takes. One that was given up stays so."""
        async with self._database.write() as session:
            await queries.lock(session, owner, dataset_id)
            change = await _get_change(session, dataset_id, job_id)
            if change.state in {"discarded", "expired"}:
                return
            self._refuse_unless_proposed(change)
            keys = _give_up(change, "discarded", self._clock.now())
            await session.flush()
            unused = await queries.unused_of(session, keys)
        await self._objects.discard(unused)

    def _refuse_unless_proposed(self, change: DatasetChange) -> None:
        if change.state != "proposed":
            raise ChangeNotPending(f"It is {change.state}.", change_state=change.state)
        if change.expires_at is not None and change.expires_at <= self._clock.now():
            raise ChangeNotPending("It has expired.", change_state="expired")

    # ----------------------------------------------------------------------------------- applying

    async def _apply(self, session: AsyncSession, change: DatasetChange, now: datetime) -> Settled:
        """Make a version of the candidate. The caller holds the dataset's row and has compared."""
        candidate = change.candidate
        assert candidate is not None  # noqa: S101 - whoever calls has just looked at a candidate; this tells mypy
        versions = await queries.list_versions(session, change.dataset_id)
        number = versions[0].number + 1
        sources = [Source.from_json(source) for source in candidate["sources"]]
        session.add(_version(change, candidate, sources, number, now))
        await session.flush()
        session.add_all(rows_of(sources, change.dataset_id, number))
        await queries.set_current(session, change.dataset_id, number, now)
        change.state, change.version, change.decided_at = "applied", number, now
        change.candidate = change.rows_key = change.rejects_key = change.original_key = change.expires_at = None
        change.bytes = 0
        await session.flush()
        return Settled("applied", number, await self._forget_oldest(session, versions, number))

    async def _forget_oldest(self, session: AsyncSession, versions: Sequence[DatasetVersion], current: int) -> set[str]:
        """Delete the versions that are too many now; return the objects that went with them."""
        unused: set[str] = set()
        for version in versions[max(0, self._keep - 1) :]:
            if version.number != current:
                unused |= await queries.delete_version(session, version)
        return unused


async def expire_changes(database: Database, now: datetime, *, dry_run: bool) -> int:
    """Give up the proposals that nobody applied in time; return how many. Their objects are left for the sweep."""
    async with database.write() as session:
        expired = await queries.list_expired_changes(session, now)
        for change in () if dry_run else expired:
            _give_up(change, "expired", now)
    return len(expired)


def _keep(change: DatasetChange, candidate: Candidate) -> None:
    change.candidate = {
        "rows": candidate.rows,
        "rejected_rows": candidate.rejected_rows,
        "columns": candidate.columns,
        "decisions": candidate.decisions,
        "profile": candidate.profile,
        "sources": [source.to_json() for source in candidate.sources],
    }
    change.rows_key, change.rejects_key, change.bytes = candidate.rows_key, candidate.rejects_key, candidate.bytes
    change.original_key = candidate.sources[-1].original_key


def _give_up(change: DatasetChange, state: str, now: datetime) -> set[str]:
    """Let go of a candidate; return the keys that it named."""
    unused = {key for key in (change.rows_key, change.rejects_key, change.original_key) if key is not None}
    change.state, change.decided_at, change.bytes = state, now, 0
    change.candidate = change.rows_key = change.rejects_key = change.original_key = None
    return unused


def _version(
    change: DatasetChange, candidate: dict[str, Any], sources: list[Source], number: int, now: datetime
) -> DatasetVersion:
    first = sources[0]
    return DatasetVersion(
        dataset_id=change.dataset_id,
        number=number,
        import_id=change.import_id,
        part=0,
        job_id=change.job_id,
        rows=candidate["rows"],
        rejected_rows=candidate["rejected_rows"],
        bytes=change.bytes,
        rows_key=change.rows_key,
        rejects_key=change.rejects_key,
        original_key=first.original_key,
        sha256=digest_of(sources),
        source=first.source,
        columns=candidate["columns"],
        decisions=candidate["decisions"],
        profile=candidate.get("profile"),
        action=change.action,
        based_on=change.base_version,
        options=first.options if len(sources) == 1 else None,
        created_at=now,
    )


def digest_of(sources: list[Source]) -> str:
    """Return the digest of the only file, or one that no single file has."""
    digests = [str(source.source["sha256"]) for source in sources]
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def rows_of(sources: list[Source], dataset_id: UUID, number: int) -> list[DatasetSource]:
    return [
        DatasetSource(
            dataset_id=dataset_id, version=number, position=position, import_id=each.import_id, part=each.part,
            action=each.action, options=each.options, original_key=each.original_key, source=each.source,
        )
        for position, each in enumerate(sources)
    ]  # fmt: skip


async def _sources_of(session: AsyncSession, version: DatasetVersion) -> list[Source]:
    """Return the files of a version; one without any of its own is made from the file that it names."""
    found = await queries.list_sources(session, version.dataset_id, version.number)
    if not found:
        own = (version.import_id, version.part, "import", version.options or {}, version.original_key, version.source)
        return [Source(*own)]
    return [
        Source(each.import_id, each.part, each.action, each.options, each.original_key, each.source) for each in found
    ]


async def _get_change(session: AsyncSession, dataset_id: UUID, job_id: UUID) -> DatasetChange:
    change = await session.get(DatasetChange, job_id)
    if change is None or change.dataset_id != dataset_id:
        raise ChangeNotFound
    return change
