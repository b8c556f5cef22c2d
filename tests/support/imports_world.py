"""Imports in every state, made by the services themselves on a real database and store; no worker runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from headway.datasets.cache import RowsCache
from headway.datasets.changes import Candidate, Source
from headway.datasets.service import DatasetService, PublishRequest
from headway.datasets.upkeep import DatasetUpkeep
from headway.intake.identity import original_key
from headway.intake.quota import IntakeLimits
from headway.intake.schemas import ImportOptions
from headway.intake.service import FileIntakeService
from headway.intake.sweep import Leftover, Report, Sweep
from headway.intake.sweep_files import Folders
from headway.intake.upkeep import IntakeUpkeep
from headway.jobs.deliveries import Deliveries
from headway.jobs.retention import KeepJobs
from headway.jobs.service import JobMonitoringService, Lease
from headway.jobs.upkeep import JobUpkeep
from headway.kit.db import Database
from headway.storage.errors import StoreUnavailable
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

OWNER = "ann"
DAY = 24 * 3600
PROBLEM = StoreUnavailable().problem()


class World:
    """Services on one database and one store, and short words for what tests do with them."""

    def __init__(self, database: Database, store: ObjectStore, clock: FakeClock, folder: Path) -> None:
        # Files and objects carry the machine's time.
        clock.advance((datetime.now(UTC) - clock.now()).total_seconds() + 60)
        self.database, self.store, self.clock = database, store, clock
        self.folders = Folders(folder / "data", folder / "data" / "spool", folder / "data" / "cache", 3600)
        signal, submitter = RecordingSignal(), RecordingSubmitter()
        self.submitter = submitter
        self.jobs = JobMonitoringService(database, clock, signal)
        self.deliveries = Deliveries(database, clock, signal, submitter)
        self.datasets = DatasetService(database, store, clock, RowsCache(self.folders.cache_dir, store, 10**9))
        limits = IntakeLimits(10**6, 10**9, 0)
        self.intake = FileIntakeService(database, store, clock, self.jobs, self.datasets, submitter, limits)
        self.imports = IntakeUpkeep(database, clock, JobUpkeep(database), DatasetUpkeep(database))
        self.sweep = Sweep(database, store, clock, self.folders, KeepJobs(completed_days=30, failed_days=90), 365)

    # ----------------------------------------------------------- what users and workers do

    async def upload(self, idempotency_key: str | None = None, **options: Any) -> UUID:
        """Have a file accepted; its job waits for a worker."""
        chosen = ImportOptions(**options)

        async def content() -> AsyncIterator[bytes]:
            yield b"a,b\n" + uuid4().hex.encode()

        return (
            await self.intake.upload_file(
                OWNER, "a.csv", content(), options=lambda: chosen, idempotency_key=idempotency_key
            )
        ).id

    async def attempt(self, job_id: UUID, *, checkpoint: bool = True) -> Lease:
        """Do the work of one attempt up to its publishing: rows and rejected rows are stored."""
        lease = await self.jobs.claim(job_id, "worker", seconds=30)
        assert lease is not None
        keys = rows_keys(lease)
        for key in keys:
            await self.put(key)
        if checkpoint:
            value = {"parts": [{"rows_key": keys[0], "rejects_key": keys[1]}]}
            await self.jobs.save_checkpoint(lease, "parse", value)
        return lease

    async def publish(self, lease: Lease) -> UUID:
        """Make a dataset of what an attempt stored, and complete its job."""
        (record,) = await self.imports.imports_of([lease.job_id])
        request = PublishRequest(
            owner=OWNER, import_id=record.id, part=0, job_id=lease.job_id, name="a", rows=1, rejected_rows=1, bytes=1,
            rows_key=rows_keys(lease)[0], rejects_key=rows_keys(lease)[1], original_key=record.original_key, source={"sha256": record.sha256, "file_name": record.file_name, "format": "delimited", "bytes": 1},
            columns=[], decisions=[], options=record.options,
        )  # fmt: skip
        async with self.database.write() as session:
            dataset_id = await self.datasets.publish(session, request)
            await self.jobs.finish_in(session, lease, outcome="partial", related_dataset_id=dataset_id)
        return dataset_id

    async def propose(self, lease: Lease, dataset_id: UUID) -> None:
        """Prepare a change of what an attempt stored, to be applied later, and complete its job."""
        changes = self.datasets.changes
        order, base = await changes.find_order(lease.job_id), await changes.get_base(OWNER, dataset_id)
        assert order is not None
        rows, rejects = rows_keys(lease)
        (record,) = await self.imports.imports_of([lease.job_id])
        own = Source(record.id, 0, "append", {}, record.original_key, base.sources[0].source)
        candidate = Candidate(2, 1, 10, rows, rejects, [], [], [*base.sources, own], {}, is_same=False)
        async with self.database.write() as session:
            await changes.settle_in(session, OWNER, order, base, candidate)
            await self.jobs.finish_in(session, lease, outcome="partial", related_dataset_id=dataset_id)

    async def published(self) -> tuple[UUID, list[str]]:
        """Import a file to its end; return the dataset and the keys that belong to it."""
        lease = await self.attempt(await self.upload())
        return await self.publish(lease), sorted([original_key(lease.job_id), *rows_keys(lease)])

    async def fail(self, lease: Lease) -> None:
        await self.jobs.fail(lease, PROBLEM)

    # ------------------------------------------------------------------- objects

    async def put(self, key: str, data: bytes = b"12345") -> str:
        writer = await self.store.open_writer(key)
        await writer.write(data)
        await writer.commit()
        return key

    async def objects(self) -> list[str]:
        return sorted([found.key async for found in self.store.list("")])

    # --------------------------------------------------------------------- sweep

    def a_day_later(self) -> None:
        self.clock.advance(DAY + 60)

    async def swept(self, *, dry_run: bool = False) -> dict[str, Leftover]:
        """Sweep; return what there was to report, by kind."""
        return found_by(await self.sweep.run(dry_run=dry_run))


def found_by(report: Report) -> dict[str, Leftover]:
    """Return what there was, without the folders that a local store's objects leave when they are removed."""
    return {
        each.kind: each
        for each in report.leftovers
        if each.kind != "empty folders" and (each.tally.count or each.problem is not None)
    }


def rows_keys(lease: Lease) -> list[str]:
    """Return the keys of the rows and of the rejected rows of an attempt."""
    return [f"rows/{lease.job_id}/{lease.attempt}/0.{ending}" for ending in ("parquet", "rejects")]
