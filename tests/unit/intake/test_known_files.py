"""A file that was imported before leads to its dataset, unless other tables of it or another reading are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headway.intake.schemas import ImportOptions
from headway.jobs.schemas import JobResponse
from headway.kit.db import Database
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.filled import bytes_of
from tests.support.imports_world import OWNER, World


async def upload(world: World, options: dict[str, Any]) -> JobResponse:
    return await world.intake.upload_file(
        OWNER, "a.csv", bytes_of(b"a,b\n1,2\n"), options=lambda: ImportOptions(**options)
    )


@pytest.mark.parametrize(
    ("known", "asked", "is_duplicate"),
    [
        ({}, {"sheet": "March"}, False),
        ({"sheet": "March"}, {}, False),
        ({"sheet": "March"}, {"sheet": "April"}, False),
        ({"sheet": "March"}, {"sheets": ["March"], "name": "spring"}, True),
        ({"parts": "all"}, {}, False),
        ({"parts": "first"}, {}, True),
        ({}, {"delimiter": ";"}, False),
        ({"types": {"a": "integer"}}, {"types": {"a": "text"}}, False),
        # What was put right once is better than finding it out again.
        ({"delimiter": ";", "encoding": "cp1252"}, {"delimiter": ";"}, True),
    ],
)
async def test_other_tables_of_a_known_file_and_other_readings_are_no_duplicates(
    database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path,
    known: dict[str, Any], asked: dict[str, Any], is_duplicate: bool,
) -> None:  # fmt: skip
    world = World(database, store, clock, tmp_path)
    dataset_id = await world.publish(await world.attempt((await upload(world, known)).id))
    job = await upload(world, asked)
    assert (job.outcome, job.related_dataset_id) == (("duplicate", dataset_id) if is_duplicate else (None, None))
