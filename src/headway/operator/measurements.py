"""Keeps the newest result of what takes long to find out: how much room everybody takes, what the last sweep did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from headway.intake.sweep import Report
from headway.intake.usage import measure_use
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.operator.models import Measurement

STORAGE, SWEEP = "storage", "sweep"
STORAGE_SECONDS = 3600.0
FIRST_STORAGE_SECONDS = 15.0
LARGEST = 20
"""Owners who are named."""


@dataclass(frozen=True, slots=True)
class Measured:
    at: datetime
    value: dict[str, Any]


class Measurements:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, name: str) -> Measured | None:
        async with self._database.read() as session:
            found = await session.get(Measurement, name)
        return None if found is None else Measured(found.measured_at, found.value)

    async def save(self, name: str, value: dict[str, Any]) -> None:
        """Keep a result in the place of the one before."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        newest = {"measured_at": self._clock.now(), "value": value}
        statement = insert(Measurement).values(name=name, **newest)
        async with self._database.write() as session:
            await session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=newest))

    async def measure_storage(self) -> None:
        """Measure how much room everybody takes, unless another worker has done so within the hour."""
        known = await self.find(STORAGE)
        if known is not None and self._clock.now() - known.at < timedelta(seconds=STORAGE_SECONDS * 0.9):
            return
        used = await measure_use(self._database)
        sums = {
            name: sum(getattr(use, name) for use in used)
            for name in ("files", "original_bytes", "datasets", "row_bytes", "artifact_bytes")
        }
        await self.save(STORAGE, {**sums, "owners": len(used), "largest": [asdict(use) for use in used[:LARGEST]]})

    async def save_sweep(self, report: Report, actor: str) -> None:
        """Keep what a sweep did, for whoever asks later."""
        removed = [
            {"kind": each.kind, "count": each.tally.count, "bytes": each.tally.bytes}
            for each in report.leftovers
            if each.tally.count and each.problem is None
        ]
        await self.save(SWEEP, {"by": actor, "removed": removed, "problems": list(report.problems)})
