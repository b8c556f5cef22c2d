"""How much room everybody takes: a measurement, which reads every import and every version."""

from __future__ import annotations

from dataclasses import dataclass

from headway.datasets.upkeep import datasets_by_owner, select_imports_in_use
from headway.intake import queries
from headway.jobs.artifacts.upkeep import bytes_by_owner
from headway.jobs.upkeep import select_unfinished
from headway.kit.db import Database


@dataclass(frozen=True, slots=True)
class Use:
    """What one owner has: uploaded files that a dataset or an unfinished job needs, datasets, and files of jobs."""

    owner: str
    files: int
    original_bytes: int
    datasets: int
    row_bytes: int
    artifact_bytes: int

    @property
    def bytes(self) -> int:
        return self.original_bytes + self.row_bytes + self.artifact_bytes


async def measure_use(database: Database) -> list[Use]:
    """Return what every owner has, those with the most bytes first."""
    async with database.read() as session:
        datasets = await datasets_by_owner(session)
        rows = await queries.sum_by_owner(session, select_imports_in_use(), select_unfinished())
        files = {row[0]: (row[1], int(row[2])) for row in rows}
        artifacts = await bytes_by_owner(session)
    found = [
        Use(owner, *files.get(owner, (0, 0)), *datasets.get(owner, (0, 0)), artifacts.get(owner, 0))
        for owner in {*files, *datasets, *artifacts}
    ]
    return sorted(found, key=lambda use: use.bytes, reverse=True)
