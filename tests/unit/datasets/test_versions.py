"""Versions: what a dataset was stays readable, can be gone back to, and takes no object of another one away."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from headway.datasets.errors import DatasetNotFound, VersionInUse, VersionNotFound
from headway.datasets.filters import ask
from tests.support.datasets_world import OWNER, STRANGER, Datasets


async def shown(datasets: Datasets, dataset_id: UUID, version: int | None = None) -> list[str]:
    columns = await datasets.service.get_columns(OWNER, dataset_id, version)
    page = await datasets.service.read_rows(OWNER, dataset_id, ask(columns, offset=0, limit=10), version)
    return [row["a"] for row in page.rows]


async def test_going_back_and_forth_is_one_pointer_and_loses_nothing(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["one"])
    assert await datasets.add_version(dataset_id, ["one", "two"]) == 2
    assert await shown(datasets, dataset_id) == ["one", "two"]
    assert await shown(datasets, dataset_id, 1) == ["one"]
    before = await datasets.objects()
    back = await datasets.versions.restore(OWNER, dataset_id, 1)
    assert (back.version, back.rows) == (1, 1)
    assert await shown(datasets, dataset_id) == ["one"]
    listed = await datasets.versions.list_versions(OWNER, dataset_id)
    assert [(each.number, each.is_current, each.action, each.based_on) for each in listed.items] == [
        (2, False, "reparse", 1),
        (1, True, "import", None),
    ]
    assert (await datasets.versions.restore(OWNER, dataset_id, 2)).version == 2
    assert await datasets.objects() == before
    # Numbers are never used again, whatever is current.
    await datasets.versions.restore(OWNER, dataset_id, 1)
    assert await datasets.add_version(dataset_id, ["three"]) == 3


async def test_a_deleted_version_takes_what_only_it_needs(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["one"])
    await datasets.add_version(dataset_id, ["two"])
    before = await datasets.objects()
    with pytest.raises(VersionInUse):
        await datasets.versions.delete(OWNER, dataset_id, 2)
    await datasets.versions.delete(OWNER, dataset_id, 1)
    gone = set(before) - set(await datasets.objects())
    assert [key.partition("/")[0] for key in gone] == ["rows"]
    assert await shown(datasets, dataset_id) == ["two"]
    with pytest.raises(VersionNotFound):
        await datasets.versions.restore(OWNER, dataset_id, 1)
    await datasets.service.delete(OWNER, dataset_id)
    assert await datasets.objects() == []


async def test_versions_are_their_owners_only(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["one"])
    await datasets.add_version(dataset_id, ["two"])
    for who, dataset in ((STRANGER, dataset_id), (OWNER, uuid4())):
        for ask_for in (
            datasets.versions.list_versions(who, dataset),
            datasets.versions.restore(who, dataset, 1),
            datasets.versions.delete(who, dataset, 1),
            datasets.service.get_dataset(who, dataset, 9),
            datasets.rejections.list_rejected(who, dataset, offset=0, limit=1),
        ):
            with pytest.raises(DatasetNotFound):
                await ask_for
    with pytest.raises(VersionNotFound):
        await datasets.service.get_dataset(OWNER, dataset_id, 9)
    assert await shown(datasets, dataset_id) == ["two"]
