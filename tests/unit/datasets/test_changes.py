"""Changes: applied once, only to the version that they were made for, and with nothing left over."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from headway.datasets.changes import Base, Candidate, DatasetChanges, Order, Settled, Source, expire_changes
from headway.datasets.errors import ChangeNotFound, ChangeNotPending, DatasetMoved, DatasetNotFound
from tests.support.clock import FakeClock
from tests.support.datasets_world import OWNER, STRANGER, Datasets

WEEK = 7 * 24 * 3600


async def order(datasets: Datasets, dataset_id: UUID, *, apply: bool = False) -> Order:
    made = Order(dataset_id, uuid4(), uuid4(), "reparse", apply, {"types": {}})
    async with datasets.database.write() as session:
        await datasets.service.changes.order_in(session, OWNER, made)
    return made


async def candidate(datasets: Datasets, base: Base, cells: list[str], *, is_same: bool = False) -> Candidate:
    key, size = await datasets.put_rows(cells)
    return Candidate(
        rows=len(cells), rejected_rows=0, bytes=size, rows_key=key, rejects_key=None, columns=base.version.columns,
        decisions=[], sources=base.sources, summary={"rows": {}}, is_same=is_same,
    )  # fmt: skip


async def settle(datasets: Datasets, made: Order, base: Base, what: Candidate) -> Settled:
    async with datasets.database.write() as session:
        settled = await datasets.service.changes.settle_in(session, OWNER, made, base, what)
    await datasets.service.changes.discard_objects(settled.unused)
    return settled


async def proposed(datasets: Datasets, dataset_id: UUID, cells: list[str], *, apply: bool = False) -> Order:
    made = await order(datasets, dataset_id, apply=apply)
    base = await datasets.service.changes.get_base(OWNER, dataset_id)
    await settle(datasets, made, base, await candidate(datasets, base, cells))
    return made


async def test_a_proposal_changes_nothing_until_it_is_applied_and_then_once(datasets: Datasets) -> None:
    changes = datasets.service.changes
    dataset_id = await datasets.publish(["one"])
    made = await proposed(datasets, dataset_id, ["one", "two"])
    assert (await datasets.service.get_dataset(OWNER, dataset_id)).version == 1
    answers = await asyncio.gather(*(changes.apply(OWNER, dataset_id, made.job_id) for _ in range(5)))
    assert {(answer.version, answer.rows) for answer in answers} == {(2, 2)}
    (first, second) = (await datasets.versions.list_versions(OWNER, dataset_id)).items
    assert (first.number, first.based_on, second.number) == (2, 1, 1)
    with pytest.raises(ChangeNotPending):
        await changes.discard(OWNER, dataset_id, made.job_id)


async def test_of_many_changes_of_one_version_one_is_applied(datasets: Datasets) -> None:
    changes = datasets.service.changes
    dataset_id = await datasets.publish(["one"])
    orders = [await proposed(datasets, dataset_id, [f"new {n}"]) for n in range(4)]
    attempts = (changes.apply(OWNER, dataset_id, each.job_id) for each in orders)
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    assert sorted(isinstance(answer, DatasetMoved) for answer in answers) == [False, True, True, True]
    assert len((await datasets.versions.list_versions(OWNER, dataset_id)).items) == 2
    # A dataset that shows again what a change was made for can take it.
    await datasets.versions.restore(OWNER, dataset_id, 1)
    late = next(each for each, answer in zip(orders, answers, strict=True) if isinstance(answer, DatasetMoved))
    assert (await changes.apply(OWNER, dataset_id, late.job_id)).version == 3


async def test_a_change_that_came_too_late_is_told_and_leaves_the_dataset(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["one"])
    made = await order(datasets, dataset_id, apply=True)
    base = await datasets.service.changes.get_base(OWNER, dataset_id)
    await datasets.add_version(dataset_id, ["somebody else's"])
    with pytest.raises(DatasetMoved):
        await settle(datasets, made, base, await candidate(datasets, base, ["mine"]))
    assert (await datasets.service.get_dataset(OWNER, dataset_id)).version == 2
    assert (await datasets.service.changes.get_change(OWNER, dataset_id, made.job_id)).state == "preparing"


async def test_what_changes_nothing_makes_no_version_and_takes_no_room(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["one"])
    before = await datasets.objects()
    made = await order(datasets, dataset_id, apply=True)
    base = await datasets.service.changes.get_base(OWNER, dataset_id)
    settled = await settle(datasets, made, base, await candidate(datasets, base, ["one"], is_same=True))
    assert (settled.state, settled.version) == ("unchanged", None)
    assert await datasets.objects() == before


async def test_room_is_counted_and_given_back(datasets: Datasets, clock: FakeClock) -> None:
    async def history() -> int:
        async with datasets.database.read() as session:
            return await datasets.service.history_bytes(session, OWNER)

    changes = datasets.service.changes
    dataset_id = await datasets.publish(["one"])
    before = await datasets.objects()
    assert await history() == 0
    discarded = await proposed(datasets, dataset_id, ["a", "b"])
    assert await history() > 0
    await changes.discard(OWNER, dataset_id, discarded.job_id)
    await changes.discard(OWNER, dataset_id, discarded.job_id)
    assert (await history(), await datasets.objects()) == (0, before)
    expired = await proposed(datasets, dataset_id, ["c"])
    assert await expire_changes(datasets.database, clock.now(), dry_run=False) == 0
    clock.advance(WEEK)
    with pytest.raises(ChangeNotPending):
        await changes.apply(OWNER, dataset_id, expired.job_id)
    assert await expire_changes(datasets.database, clock.now(), dry_run=True) == 1
    assert await expire_changes(datasets.database, clock.now(), dry_run=False) == 1
    assert (await changes.get_change(OWNER, dataset_id, expired.job_id)).state == "expired"
    assert await history() == 0
    applied = await proposed(datasets, dataset_id, ["d"], apply=True)
    assert await history() == (await datasets.service.get_dataset(OWNER, dataset_id, 1)).bytes
    assert (await changes.get_change(OWNER, dataset_id, applied.job_id)).state == "applied"


async def test_the_oldest_versions_go_with_what_only_they_need(datasets: Datasets) -> None:
    few = DatasetChanges(datasets.database, datasets.clock, datasets.service._objects, keep=3)
    datasets.service.changes = few
    dataset_id = await datasets.publish(["one"])
    for number in range(2, 7):
        await proposed(datasets, dataset_id, [str(number)], apply=True)
    kept = (await datasets.versions.list_versions(OWNER, dataset_id)).items
    assert [each.number for each in kept] == [6, 5, 4]
    objects = await datasets.objects()
    assert len([key for key in objects if key.startswith("rows/")]) == 3
    # The first version's original is what all of them are made from.
    assert len([key for key in objects if key.startswith("originals/")]) == 1
    await datasets.service.delete(OWNER, dataset_id)
    assert await datasets.objects() == []


async def test_a_file_that_is_in_a_dataset_is_known(datasets: Datasets) -> None:
    dataset_id = await datasets.publish(["one"])
    base = await datasets.service.changes.get_base(OWNER, dataset_id)
    second = Source(uuid4(), 0, "append", {}, "originals/second", {**base.sources[0].source, "sha256": "2" * 64})
    made = await order(datasets, dataset_id, apply=True)
    what = await candidate(datasets, base, ["one", "two"])
    object.__setattr__(what, "sources", [*base.sources, second])
    await settle(datasets, made, base, what)
    async with datasets.database.read() as session:
        is_known_in = datasets.service.changes.is_known_in
        known = {
            (mode, digest): await is_known_in(session, OWNER, dataset_id, mode, digest * 64, lambda _options: True)
            for mode in ("append", "upsert", "replace")
            for digest in "029"
        }
        assert not await is_known_in(session, OWNER, dataset_id, "append", "2" * 64, lambda _options: False)
        assert await datasets.service.find_by_digest(session, OWNER, "0" * 64, lambda _options: True) is None
    assert {pair for pair, is_known in known.items() if is_known} == {
        ("append", "0"), ("append", "2"), ("upsert", "2"),
    }  # fmt: skip


async def test_changes_are_their_owners_only(datasets: Datasets) -> None:
    changes = datasets.service.changes
    dataset_id, other_id = await datasets.publish(["one"]), await datasets.publish(["two"])
    made = await proposed(datasets, dataset_id, ["three"])
    for who, dataset, error in (
        (STRANGER, dataset_id, DatasetNotFound),
        (OWNER, uuid4(), DatasetNotFound),
        (OWNER, other_id, ChangeNotFound),
    ):
        for ask in (changes.get_change, changes.apply, changes.discard):
            with pytest.raises(error):
                await ask(who, dataset, made.job_id)
    with pytest.raises(DatasetNotFound):
        await changes.list_changes(STRANGER, dataset_id)
    assert (await changes.get_change(OWNER, dataset_id, made.job_id)).state == "proposed"
