"""The versions of a dataset: which there are, back to an earlier one, and away with what nobody wants to go back to."""

from __future__ import annotations

from uuid import UUID

from headway.datasets import queries
from headway.datasets.answers import to_response, to_version
from headway.datasets.errors import VersionInUse
from headway.datasets.objects import DatasetObjects
from headway.datasets.schemas import DatasetResponse, VersionsResponse
from headway.kit.clock import Clock
from headway.kit.db import Database


class DatasetVersions:
    """Versions never change, so going back is one pointer, and costs what going forward again costs."""

    def __init__(self, database: Database, clock: Clock, objects: DatasetObjects, *, keep: int) -> None:
        self._database = database
        self._clock = clock
        self._objects = objects
        self._keep = keep

    async def list_versions(self, owner: str, dataset_id: UUID) -> VersionsResponse:
        async with self._database.read() as session:
            dataset, _ = await queries.get(session, owner, dataset_id)
            found = await queries.list_versions(session, dataset_id)
        items = [to_version(version, current=dataset.current_version) for version in found]
        return VersionsResponse(items=items, keeps=self._keep)

    async def restore(self, owner: str, dataset_id: UUID, number: int) -> DatasetResponse:
        """Make a version the current one. Later ones stay, so that this can be taken back too."""
        async with self._database.write() as session:
            await queries.lock(session, owner, dataset_id)
            await queries.get(session, owner, dataset_id, number)
            await queries.set_current(session, dataset_id, number, self._clock.now())
        async with self._database.read() as session:
            return to_response(*await queries.get(session, owner, dataset_id))

    async def delete(self, owner: str, dataset_id: UUID, number: int) -> None:
        """Delete a version that is not the current one, with the objects that only it names."""
        async with self._database.write() as session:
            dataset = await queries.lock(session, owner, dataset_id)
            _, version = await queries.get(session, owner, dataset_id, number)
            if number == dataset.current_version:
                raise VersionInUse(f"Version {number:,} is what the dataset shows.", version=number)
            unused = await queries.delete_version(session, version)
        await self._objects.discard(unused)
