"""What the columns of a version hold, for its owner and by its number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from headway.datasets.changes import Candidate, Order
from headway.datasets.errors import DatasetNotFound, VersionNotFound
from tests.support.datasets_world import OWNER, STRANGER, Datasets


def one_column(nulls: int) -> list[dict[str, Any]]:
    nothing = dict.fromkeys(("min", "max", "mean", "length", "histogram", "note"))
    return [{**nothing, "nulls": nulls, "distinct": 1, "distinct_is_exact": True, "top": []}]


async def test_a_version_tells_what_its_columns_hold(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["x", "x"], profile=one_column(7))
    found = await datasets.service.get_profile(OWNER, dataset_id)
    assert (found.rows, found.is_known) == (2, True)
    (column,) = found.columns
    assert (column.name, str(column.type), column.nulls, column.distinct) == ("a", "text", 7, 1)


@pytest.mark.parametrize("apply", [True, False])
async def test_a_change_brings_its_own(datasets: Datasets, *, apply: bool) -> None:
    dataset_id = await datasets.publish(["one"], profile=one_column(1))
    changes = datasets.service.changes
    order = Order(dataset_id, uuid4(), uuid4(), "reparse", apply, {})
    key, size = await datasets.put_rows(["one", "two"])
    async with datasets.database.write() as session:
        await changes.order_in(session, OWNER, order)
    base = await changes.get_base(OWNER, dataset_id)
    made = Candidate(2, 0, size, key, None, base.version.columns, [], base.sources, {"rows": {}}, is_same=False)
    async with datasets.database.write() as session:
        await changes.settle_in(session, OWNER, order, base, replace(made, profile=one_column(2)))
    if not apply:
        assert (await datasets.service.get_profile(OWNER, dataset_id)).columns[0].nulls == 1
        await changes.apply(OWNER, dataset_id, order.job_id)
    assert (await datasets.service.get_profile(OWNER, dataset_id)).columns[0].nulls == 2
    assert (await datasets.service.get_profile(OWNER, dataset_id, 1)).columns[0].nulls == 1


async def test_versions_of_an_older_headway_say_that_they_have_none(datasets: Datasets) -> None:
    found = await datasets.service.get_profile(OWNER, await datasets.publish(["x"]))
    assert (found.is_known, found.columns) == (False, [])


async def test_it_is_its_owners_only(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["x"], profile=one_column(0))
    with pytest.raises(DatasetNotFound):
        await datasets.service.get_profile(STRANGER, dataset_id)
    with pytest.raises(VersionNotFound):
        await datasets.service.get_profile(OWNER, dataset_id, 2)
