"""Datasets with as many versions as a test wants, on a real database and store; nothing was parsed for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from headway.datasets import queries
from headway.datasets.cache import RowsCache
from headway.datasets.columns import Column, ColumnType
from headway.datasets.models import DatasetVersion
from headway.datasets.rejections import DatasetRejections
from headway.datasets.service import DatasetService, PublishRequest
from headway.intake.rejects import REJECTS_SCHEMA, Reject
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.storage.store import ObjectStore

OWNER, STRANGER = "ann", "ben"
COMMA = {"subject": "dialect", "value": {"delimiter": ","}, "evidence": "all rows agree", "runner_up": "semicolon"}


@dataclass
class Datasets:
    """The services of datasets, and short words for what tests do with them."""

    database: Database
    store: ObjectStore
    clock: Clock
    folder: Path

    def __post_init__(self) -> None:
        cache = RowsCache(self.folder / "cache", self.store, 10**9)
        self.service = DatasetService(self.database, self.store, self.clock, cache)
        self.versions = self.service.versions
        self.rejections = DatasetRejections(self.database, cache)

    async def publish(
        self,
        cells: list[str],
        rejects: list[Reject] | None = None,
        names: str = "a",
        profile: list[dict[str, Any]] | None = None,
    ) -> UUID:
        """Make a dataset whose first column holds these texts; the others, one for each name, are empty."""
        key = f"rows/{uuid4()}/1/0"
        request = PublishRequest(
            owner=OWNER, import_id=uuid4(), part=0, job_id=uuid4(), name="a table", rows=len(cells),
            rejected_rows=len(rejects or []), bytes=await self._put_rows(cells, len(names.split(",")), f"{key}.parquet"),
            rows_key=f"{key}.parquet", rejects_key=await self._put_rejects(rejects, f"{key}.rejects"),
            original_key=await self._put(b"original", f"originals/{uuid4()}"),
            source={"file_name": "a.csv", "format": "delimited", "sha256": "0" * 64, "bytes": 8},
            columns=[Column(name, ColumnType.TEXT, position) for position, name in enumerate(names.split(","))],
            decisions=[COMMA], profile=profile,
        )  # fmt: skip
        async with self.database.write() as session:
            return await self.service.publish(session, request)

    async def add_version(self, dataset_id: UUID, cells: list[str]) -> int:
        """Make one version more, of the same original, and the current one."""
        key = f"rows/{uuid4()}/1/0.parquet"
        size = await self._put_rows(cells, 1, key)
        async with self.database.write() as session:
            _, before = await queries.get(session, OWNER, dataset_id)
            number = max(each.number for each in await queries.list_versions(session, dataset_id)) + 1
            values: dict[str, Any] = {
                column.name: getattr(before, column.name)
                for column in before.__table__.columns
                if column.name != "profile"
            }
            values |= {"number": number, "import_id": uuid4(), "rows": len(cells), "bytes": size, "rows_key": key}
            values |= {"rejected_rows": 0, "rejects_key": None, "action": "reparse", "based_on": before.number}
            session.add(DatasetVersion(**values))
            await queries.set_current(session, dataset_id, number, self.clock.now())
        return number

    async def put_rows(self, cells: list[str]) -> tuple[str, int]:
        """Store the rows of a version to be; return their key and size."""
        key = f"rows/{uuid4()}/1/0.parquet"
        return key, await self._put_rows(cells, 1, key)

    async def objects(self) -> list[str]:
        return sorted([found.key async for found in self.store.list("")])

    async def _put_rows(self, cells: list[str], width: int, key: str) -> int:
        path = self.folder / f"{uuid4()}.parquet"
        empty = [None] * len(cells)
        columns = {
            f"c{position}": pa.array(cells if position == 0 else empty, pa.string()) for position in range(width)
        }
        pq.write_table(pa.table(columns), path)
        return await self.store.put_file(path, key)

    async def _put_rejects(self, rejects: list[Reject] | None, key: str) -> str | None:
        if not rejects:
            return None
        path = self.folder / f"{uuid4()}.rejects"
        pq.write_table(pa.Table.from_pylist([reject.to_row() for reject in rejects], schema=REJECTS_SCHEMA), path)
        await self.store.put_file(path, key)
        return key

    async def _put(self, content: bytes, key: str) -> str:
        writer = await self.store.open_writer(key)
        await writer.write(content)
        await writer.commit()
        return key
