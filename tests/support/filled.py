"""Everything that Headway keeps for people, filled with some of each: users, jobs in every state, datasets, objects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from headway.accounts.service import AccountService
from headway.audit.log import By
from headway.backup.rows import TABLES
from headway.datasets.cache import RowsCache
from headway.datasets.changes import Candidate, Order
from headway.datasets.columns import Column, ColumnType
from headway.datasets.service import DatasetService, PublishRequest
from headway.intake import queries as intake_queries
from headway.intake.models import UploadPiece
from headway.intake.quota import IntakeLimits
from headway.intake.schemas import ImportOptions
from headway.intake.service import FileIntakeService
from headway.intake.tus import Announced
from headway.intake.uploads.service import UploadService
from headway.jobs.artifacts.service import ArtifactRules, ArtifactService
from headway.jobs.deliveries import Deliveries
from headway.jobs.models import EndedJobs
from headway.jobs.operating import JobOperations
from headway.jobs.schemas import ReportProgress
from headway.jobs.service import JobMonitoringService, Lease
from headway.kit.actor import Actor
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.operator.measurements import Measurements
from headway.recipes.schemas import SaveRecipe
from headway.recipes.service import RecipeService
from headway.rules.schemas import RuleSetBody
from headway.rules.service import RuleSetService
from headway.storage.store import ObjectStore
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

SECRET = "q8Yw2LrT0vNf6XkZ1sHd9GbJ4mPc7AeU3iOy5WtR"
PASSWORD = "correct-horse-battery"
ROWS = b"PAR1 not really, and nobody parses it here"


@dataclass
class Headway:
    """The services of one product, on any database and store."""

    database: Database
    store: ObjectStore
    clock: Clock
    data_dir: Path
    submitter: RecordingSubmitter = field(default_factory=RecordingSubmitter)

    def __post_init__(self) -> None:
        self.jobs = JobMonitoringService(self.database, self.clock, RecordingSignal())
        cache = RowsCache(self.data_dir / "cache", self.store, 10**9)
        self.datasets = DatasetService(self.database, self.store, self.clock, cache)
        limits = IntakeLimits(10**6, 10**7, 0)
        self.intake = FileIntakeService(
            self.database, self.store, self.clock, self.jobs, self.datasets, self.submitter, limits
        )
        self.rule_sets = RuleSetService(self.database, self.clock)
        self.recipes = RecipeService(self.database, self.clock)
        self.accounts = AccountService(
            self.database,
            self.clock,
            jwt_secret=SECRET,
            token_lifetime_seconds=3600,
            session_lifetime_seconds=86400,
        )

    async def add_user(self, email: str, role: Any = "user") -> str:
        """Add somebody who is signed in and has a program; return the owner that their rows carry."""
        user = await self.accounts.add_user(email, PASSWORD, role)
        await self.accounts.open_session(user)
        await self.accounts.api_tokens.create(Actor(str(user.id)), f"program of {email}", ["jobs:read", "jobs:write"])
        return str(user.id)

    async def upload(self, owner: str, name: str, **more: Any) -> UUID:
        """Have a file accepted; return its job, which waits."""
        return (await self.intake.upload_file(owner, name, bytes_of(f"{owner} {name}".encode()), **more)).id

    async def claim(self, job_id: UUID) -> Lease:
        lease = await self.jobs.claim(job_id, "a worker", seconds=30)
        assert lease is not None
        return lease

    async def publish(self, owner: str, job_id: UUID) -> UUID:
        """Run a waiting job to its dataset, as a worker would; return the dataset."""
        lease = await self.claim(job_id)
        await self.jobs.update_progress(job_id, 45, lease=lease, stage="parse")
        key = f"rows/{job_id}/{lease.attempt}/0.parquet"
        await self.put(key, ROWS + owner.encode())
        await self.jobs.save_checkpoint(lease, "parse", {"parts": [{"rows_key": key, "rejects_key": None}]})
        async with self.database.write() as session:
            record = await intake_queries.get_import(session, job_id)
            column = Column(name="a", type=ColumnType.TEXT, position=0, why="ü, 😀 and \u2028")
            source = {"file_name": record.file_name, "format": "csv", "sha256": record.sha256, "bytes": 1}
            dataset_id = await self.datasets.publish(
                session,
                PublishRequest(
                    owner, record.id, 0, job_id, record.file_name, 1, 0, 9, key, record.original_key, source, [column], []
                ),
            )  # fmt: skip
            await self.jobs.finish_in(session, lease, outcome="succeeded", related_dataset_id=dataset_id)
        return dataset_id

    async def change(self, owner: str, dataset_id: UUID, job_id: UUID, *, apply: bool) -> None:
        """Change a dataset, or leave that to be decided on."""
        changes, order = self.datasets.changes, Order(dataset_id, job_id, uuid4(), "reparse", apply, {})
        base, key = await changes.get_base(owner, dataset_id), f"rows/{job_id}/9/{int(apply)}.parquet"
        await self.put(key, ROWS)
        candidate = Candidate(1, 0, 9, key, None, base.version.columns, [], base.sources, {"rows": {}}, is_same=False)
        async with self.database.write() as session:
            await changes.order_in(session, owner, order)
            await changes.settle_in(session, owner, order, base, candidate)

    async def put(self, key: str, content: bytes) -> None:
        writer = await self.store.open_writer(key)
        await writer.write(content)
        await writer.commit()

    async def begin_upload(self, owner: str) -> UUID:
        """Leave an upload as a killed API does: its job waits for bytes that will not come."""
        lease = await self.intake._begin(owner, "half.csv", 100, f"key of {owner}")
        return lease.job_id

    async def pause_upload(self, owner: str) -> UUID:
        """Leave a resumable upload in the middle, with what a store of pieces remembers and holds of it."""
        uploads = UploadService(
            self.database, self.store, self.clock, self.jobs, self.intake, self.accounts.may_sign_in
        )
        job_id = (await uploads.create(owner, Announced(100, file_name="paused.csv"))).job_id
        await uploads.append(owner, job_id, 0, bytes_of(f"half of {owner}".encode()))
        await self.jobs.uploads.pause(self.intake.leases.on(job_id))
        piece = f"uploads/{job_id}/0-1"
        await self.put(piece, b"piece")
        async with self.database.write() as session:
            # A folder has no pieces, and has a row in every table here all the same.
            await session.merge(UploadPiece(job_id=job_id, start_bytes=0, size_bytes=5, name=piece))
        return job_id

    async def leave_file(self, owner: str, job_id: UUID, name: str = "files.txt") -> None:
        """Have a program attach a file to a job that it runs."""
        kept = ArtifactService(
            self.database, self.store, self.clock, self.jobs, self.intake.quota, ArtifactRules(10**6, 14)
        )
        await kept.receive(owner, job_id, name, "text/plain", bytes_of(f"a file of {owner}".encode()), rows=1)

    async def fill(self, owner: str) -> dict[str, UUID]:
        """Give somebody one job of each sort; return them by name."""
        again = ImportOptions(duplicate="import")
        jobs = {name: await self.upload(owner, f"{name}.csv", options=lambda: again) for name in ("done", "failed")}
        dataset_id = await self.publish(owner, jobs["done"])
        for name, apply in (("done", True), ("failed", False)):
            await self.change(owner, dataset_id, jobs[name], apply=apply)
        await self.jobs.fail(await self.claim(jobs["failed"]), {"detail": "no", "code": "parse.empty"})
        jobs["running"] = await self.upload(owner, "running.csv", idempotency_key="once")
        await self.claim(jobs["running"])
        jobs["waiting"] = await self.upload(owner, "waiting.csv")
        jobs["uploading"] = await self.begin_upload(owner)
        jobs["paused"] = await self.pause_upload(owner)
        jobs["reported"] = (await self.jobs.create_job(owner, "external", metadata={"n": 1.5, "big": 2**60})).id
        await self.jobs.start_job(jobs["reported"])
        await self.jobs.report(jobs["reported"], owner, ReportProgress(log=["a line"]))
        await self.leave_file(owner, jobs["reported"])
        rules = {"name": f"rules of {owner}", "rules": [{"rule": "required", "column": "a"}]}
        await self.rule_sets.create(owner, RuleSetBody.model_validate(rules))
        recipe = {"name": f"recipe of {owner}", "steps": [{"step": "select", "columns": ["a"]}]}
        await self.recipes.save(owner, SaveRecipe.model_validate(recipe))
        await self.operate("an operator")
        return jobs

    async def operate(self, operator: str) -> None:
        """Do what operators do, and keep what is measured for them."""
        deliveries = Deliveries(self.database, self.clock, RecordingSignal(), self.submitter)
        operations = JobOperations(self.database, self.clock, RecordingSignal(), deliveries)
        await operations.pause("bulk", "moving house", By(operator, "127.0.0.1"))
        await Measurements(self.database, self.clock).measure_storage()
        async with self.database.write() as session:
            await session.merge(EndedJobs(minute=29_000_000, status="failed", count=3))

    async def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return every row of every table."""
        found = {}
        async with self.database.read() as session:
            for table in TABLES:
                statement = sa.select(table).order_by(*table.primary_key.columns)
                found[table.name] = [dict(row) for row in (await session.execute(statement)).mappings()]
        return found

    async def objects(self) -> dict[str, bytes]:
        """Return every object of the store."""
        return {
            info.key: b"".join([chunk async for chunk in self.store.read(info.key)])
            async for info in self.store.list("")
        }


async def bytes_of(data: bytes) -> AsyncIterator[bytes]:
    yield data


def arrived(objects: dict[str, bytes]) -> dict[str, bytes]:
    """Return what belongs into a backup: not what is still on its way."""
    return {key: content for key, content in objects.items() if not key.startswith("uploads/")}
